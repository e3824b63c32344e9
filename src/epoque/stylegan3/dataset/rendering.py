"""Drawing portraits in several processes, which are told their numbers and answer with PNG files.

The processes are programs of their own (`python -m epoque.stylegan3.dataset.rendering`): a script
that draws needs no `if __name__ == "__main__":`, as multiprocessing would ask for.
"""

import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue

from epoque.bench.errors import EpoqueError
from epoque.bench.system.processes import count_cores

__all__ = ["render_portraits"]

CHUNK = 32
"""Portraits that a process draws at a time."""


def render_portraits(
    count: int, size: int, seed: int, workers: int | None = None
) -> Iterator[bytes]:
    """Yield the PNG files of the portraits 0, 1, … of a seed, in order.

    Args:
        count: how many.
        size: pixels of a side.
        seed: chooses them.
        workers: processes; by default as many as cores. One draws in this process.

    Raises:
        EpoqueError: if a process ends before it is done.
    """
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    some = min(workers or count_cores(), len(chunks))
    if some == 1:
        for numbers in chunks:
            yield from _render_files(size, seed, numbers)
        return
    idle: SimpleQueue[_RenderProcess] = SimpleQueue()
    drawers = [_RenderProcess(size, seed) for _ in range(some)]
    for drawer in drawers:
        idle.put(drawer)

    def draw(numbers: range) -> list[bytes]:
        drawer = idle.get()
        try:
            return drawer.draw(numbers)
        finally:
            idle.put(drawer)

    pool = ThreadPoolExecutor(some)
    try:
        for files in pool.map(draw, chunks):
            yield from files
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for drawer in drawers:
            drawer.end()
        pool.shutdown()


class _RenderProcess:
    """A process that draws."""

    def __init__(self, size: int, seed: int) -> None:
        command = [sys.executable, "-m", __name__, str(size), str(seed)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def draw(self, numbers: range) -> list[bytes]:
        """Return the files of some portraits."""
        try:
            self._to.write(f"{numbers.start} {numbers.stop}\n".encode())
            self._to.flush()
            return [self._file() for _ in numbers]
        except (OSError, ValueError, EOFError, struct.error):
            raise EpoqueError(
                f"A process that draws portraits ended{self._read_stderr()}"
            ) from None

    def _file(self) -> bytes:
        (size,) = struct.unpack("<I", self._from.read(4))
        data = self._from.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def _read_stderr(self) -> str:
        """Return what it said at its end."""
        self._process.kill()
        stderr = self._process.stderr.read() if self._process.stderr else b""
        lines = stderr.decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f": {last.strip()}" if last else " early."

    def end(self) -> None:
        """End it now."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from, self._process.stderr):
            with suppress(OSError):  # what was to be written cannot be, nor need it
                if pipe is not None:
                    pipe.close()


def _render_files(size: int, seed: int, numbers: range) -> list[bytes]:
    from .drawing import render_png
    from .portraits import sample_portrait
    from .preprocess import encode_png

    return [encode_png(render_png(sample_portrait(seed, number), size)) for number in numbers]


def _main(size: int, seed: int) -> None:
    """Draw what standard input asks for until it ends."""
    for line in sys.stdin:
        start, stop = map(int, line.split())
        for data in _render_files(size, seed, range(start, stop)):
            sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        _main(int(sys.argv[1]), int(sys.argv[2]))
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
