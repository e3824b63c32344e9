"""The files of a run: listed, found by a name that is in the list, and streamed as one zip."""

import os
import stat
import zipfile
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any

from epoque.bench.errors import UnknownNameError
from epoque.bench.files.atomic import draft_owner
from epoque.bench.runs.export import UNSHARED
from epoque.bench.runs.run import Run

__all__ = ["find_file", "iterate_zip", "list_files"]

MOST_FILES = 20_000
BLOCK_BYTES = 1 << 18


def list_files(run: Run) -> dict[str, int]:
    """Return the names of a run's files, relative and with `/`, and their sizes in bytes.

    Links are left out: they may lead out of the folder. So are what processes keep for themselves.
    """
    sizes: dict[str, int] = {}
    for folder, folders, names in os.walk(run.path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name in UNSHARED or draft_owner(path) or len(sizes) >= MOST_FILES:
                continue
            try:
                status = path.lstat()
            except OSError:  # gone meanwhile
                continue
            if stat.S_ISREG(status.st_mode):
                sizes[_spell(path.relative_to(run.path).as_posix())] = status.st_size
    return sizes


def find_file(run: Run, name: str) -> Path:
    """Return the path of a file that `list_files` names.

    Raises:
        UnknownNameError: if it names none such.
    """
    if name not in list_files(run):
        raise UnknownNameError(f"file of {run.id} named", name[:200], ())
    return run.path.joinpath(*name.split("/"))


class _Pipe(RawIOBase):
    """A file that is written into, and taken from piece by piece."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def iterate_zip(run: Run) -> Iterator[bytes]:
    """Yield the bytes of a zip of a run's folder, block by block: it never lies in memory whole.

    Dates are fixed, so that the same run gives the same bytes. A file that goes meanwhile is left
    out.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in list_files(run):
            try:
                file = run.path.joinpath(*name.split("/")).open("rb")
            except OSError:
                continue
            info = zipfile.ZipInfo(f"{run.id}/{name}")
            info.compress_type = zipfile.ZIP_DEFLATED
            with file, archive.open(info, "w", force_zip64=True) as entry:
                while block := file.read(BLOCK_BYTES):
                    entry.write(block)
                    if taken := pipe.take():
                        yield taken
    yield pipe.take()


def _spell(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
