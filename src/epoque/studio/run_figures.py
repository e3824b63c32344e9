"""The figures of runs, drawn in a process of their own, in any language and theme, and kept."""

import asyncio
import json
import sys
from collections import OrderedDict
from pathlib import Path

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.index_stamps import stamp_files, stamp_folder
from epoque.bench.runs.run import Run

__all__ = ["FigureCache"]

AT_ONCE = 2
"""Processes that draw side by side; the rest waits."""
DRAW_SECONDS = 120.0
CACHE_BYTES = 64 << 20


class FigureCache:
    """Figures that were drawn, and what draws the others."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._turns: asyncio.Semaphore | None = None

    async def draw(self, run: Run, name: str, kind: str, language: str, theme: str) -> bytes:
        """Return a figure, of the kind `svg` or `png`.

        Raises:
            DamagedRunError: if it cannot be drawn.
        """
        stamps = (stamp_folder(run.path), stamp_files(run.path), _size(run.path / "metrics.jsonl"))
        key = (str(run.path), *stamps, name, kind, language, theme)
        if (data := self._kept.get(key)) is None:
            if self._turns is None:  # made in the loop that waits on it
                self._turns = asyncio.Semaphore(AT_ONCE)
            async with self._turns:
                data = self._kept.get(key) or await _draw(
                    {"path": str(run.path), "name": name, "kind": kind, "language": language,
                     "theme": theme}
                )  # fmt: skip
            self._keep(key, data)
        self._kept.move_to_end(key)
        return data

    def _keep(self, key: tuple[str, ...], data: bytes) -> None:
        self._kept[key] = data
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > CACHE_BYTES:
            self._kept.popitem(last=False)


async def _draw(order: dict[str, str]) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "epoque.studio.draw_figure", stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdin.write(json.dumps(order).encode() + b"\n")
        data, told = await asyncio.wait_for(
            asyncio.gather(process.stdout.read(), process.stderr.read()), DRAW_SECONDS
        )
        code = await process.wait()
    except TimeoutError:
        told, code, data = b"it took too long.", 1, b""
    finally:
        if process.returncode is None:
            process.kill()
        process.stdin.close()
    if code != 0 or not data:
        reason = told.decode(errors="replace").strip().splitlines()
        sentence = reason[-1] if reason else "the process that draws ended."
        raise DamagedRunError(f"The figure {order['name']!r} is not there: {sentence}")
    return data


def _size(path: Path) -> str:
    try:
        return str(path.stat().st_size)
    except OSError:
        return ""
