"""The files of a zip or folder: sorted, read in any order, from any process."""

import os
import stat
import threading
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from epoque.bench.errors import DataError

__all__ = ["Files", "Folder", "Zip", "open_files"]

LARGEST = 512 * 2**20
"""Bytes of the largest file that is read."""


class Files(ABC):
    """Named files. Picklable; in another process it opens the source anew.

    Attributes:
        path: of the zip or folder.
        names: of all its files, sorted, with slashes.
    """

    path: Path
    names: tuple[str, ...]

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a file's content; threads may read at the same time.

        Raises:
            DataError: if it cannot be read.
        """

    @abstractmethod
    def stamp(self, name: str) -> str:
        """Return what changes when a file's content does, without reading it.

        Raises:
            DataError: if it is not there.
        """

    def __contains__(self, name: str) -> bool:
        return name in self._set

    @cached_property
    def _set(self) -> frozenset[str]:
        return frozenset(self.names)


def open_files(path: Path) -> Files:
    """Open a zip or a folder.

    Raises:
        DataError: if it is neither, cannot be read, or holds a file whose name leads elsewhere.
    """
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist.")
    return Zip(path)


class Folder(Files):
    """The files of a folder and of the folders in it; hidden ones are passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = []
        for root, folders, files in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside = Path(root).relative_to(path)
            found += [(inside / name).as_posix() for name in files if not name.startswith(".")]
        self.names = tuple(sorted(found))

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        file = self.path / name
        try:
            if file.stat().st_size > LARGEST:
                raise DataError(f"{file} is too large for a picture.")
            return file.read_bytes()
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None

    def stamp(self, name: str) -> str:
        """Return a file's size and time of change."""
        file = self.path / name
        try:
            found = file.stat()
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
        return f"{found.st_size} {found.st_mtime_ns}"


class Zip(Files):
    """The files of a zip; hidden ones, and what macOS adds, are passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        entries = [entry for entry in self._zip().infolist() if not entry.is_dir()]
        for entry in entries:
            self._check(entry)
        names = [entry.filename for entry in entries]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise DataError(f"{path} is refused: it holds {twice[0]} twice.")
        self.names = tuple(sorted(name for name in names if not _hidden(name)))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "names": self.names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._opened = None

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        try:
            with self._lock:  # one file position for all threads
                return self._zip().read(name)
        except Exception as error:  # of zipfile, the system, zlib, lzma, bz2
            raise DataError(f"{self.path}: {name} is damaged ({_first_line(error)}).") from None

    def stamp(self, name: str) -> str:
        """Return a file's size and the CRC of its content."""
        with self._lock:
            entry = self._zip().getinfo(name)
        return f"{entry.file_size} {entry.CRC}"

    def close(self) -> None:
        """Close the zip; the next reading opens it again."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None

    def __del__(self) -> None:
        if "_opened" in self.__dict__:
            self.close()

    def _zip(self) -> zipfile.ZipFile:
        """Return the zip as this process has opened it: a forked one must not share the file."""
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                self._opened = os.getpid(), zipfile.ZipFile(self.path)
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
                told = f"{self.path} cannot be read as a zip: {_first_line(error)}."
                raise DataError(told) from None
        return self._opened[1]

    def _check(self, entry: zipfile.ZipInfo) -> None:
        """Refuse an entry that is not what a set of images needs."""
        name = entry.filename
        if not _is_inside(entry.orig_filename):
            raise DataError(f"{self.path} is refused: the name {name!r} leads out of it.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DataError(f"{self.path} is refused: {name} is a link.")
        if entry.flag_bits & 1:
            raise DataError(f"{self.path} cannot be read: {name} is encrypted.")
        if entry.file_size > LARGEST:
            raise DataError(f"{self.path} is refused: {name} is {entry.file_size:,} bytes large.")


def _is_inside(name: str) -> bool:
    """Tell whether a name stays in the folder it is in, on any system."""
    parts = PurePosixPath(name).parts
    odd = "\\" in name or ":" in name or "\0" in name
    return bool(parts) and not odd and not name.startswith("/") and ".." not in parts


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _first_line(error: Exception) -> str:
    told = getattr(error, "strerror", None) or str(error)
    return (str(told).splitlines() or [type(error).__name__])[0].rstrip(".")
