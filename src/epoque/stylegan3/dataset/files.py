"""The files of a zip or folder: sorted, read in any order, from any process."""

import os
import threading
import zipfile
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from epoque.bench.errors import DataError
from epoque.bench.files.input_files import (
    describe_pointer,
    is_hidden,
    open_regular,
    read_regular,
    visible_files,
)
from epoque.bench.files.zip_file import open_zip, read_entry
from epoque.bench.limits import MAX_IMAGE_BYTES

__all__ = ["Files", "Folder", "Zip", "open_files"]


class Files(ABC):
    """Named files. Picklable; in another process it opens the source anew.

    Attributes:
        path: of the zip or folder.
        names: of all its files but hidden ones, sorted, with slashes.
    """

    path: Path
    names: tuple[str, ...]

    @abstractmethod
    def read(self, name: str, most: int = MAX_IMAGE_BYTES) -> bytes:
        """Return a file's content; threads may read at the same time.

        Args:
            name: of the file.
            most: how many bytes it may have.

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
    return Folder(path) if path.is_dir() else Zip(path)


class Folder(Files):
    """The files of a folder and of the folders in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = tuple(sorted(f.relative_to(path).as_posix() for f in visible_files(path)))

    def read(self, name: str, most: int = MAX_IMAGE_BYTES) -> bytes:
        """Return a file's content."""
        return read_regular(self.path / name, most)

    def stamp(self, name: str) -> str:
        """Return a file's size and time of change."""
        file = self.path / name
        try:
            stat = file.stat()
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
        return f"{stat.st_size} {stat.st_mtime_ns}"


class Zip(Files):
    """The files of a zip."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._opened: tuple[int, BinaryIO, zipfile.ZipFile] | None = None
        names = (entry.filename for entry in self._zip().infolist() if not entry.is_dir())
        self.names = tuple(sorted(n for n in names if not any(map(is_hidden, n.split("/")))))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "names": self.names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._opened = None

    def read(self, name: str, most: int = MAX_IMAGE_BYTES) -> bytes:
        """Return a file's content."""
        with self._lock:  # one file position for all threads
            data = read_entry(self._zip(), name, str(self.path), most)
        if pointer := describe_pointer(data):
            raise DataError(f"{self.path}: {name} {pointer}.")
        return data

    def stamp(self, name: str) -> str:
        """Return a file's size and the CRC of its content."""
        with self._lock:
            entry = self._zip().getinfo(name)
        return f"{entry.file_size} {entry.CRC}"

    def close(self) -> None:
        """Close the zip; the next reading opens it again."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[2].close()
            self._opened[1].close()
        self._opened = None

    def __del__(self) -> None:
        if "_opened" in self.__dict__:
            self.close()

    def _zip(self) -> zipfile.ZipFile:
        """Return the zip as this process has opened it: a forked one must not share the file."""
        if self._opened is None or self._opened[0] != os.getpid():
            file = open_regular(self.path)
            try:
                self._opened = os.getpid(), file, open_zip(file, str(self.path))
            except BaseException:
                file.close()
                raise
        return self._opened[2]
