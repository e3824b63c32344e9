"""Opening files that users name: regular ones only, never more than a limit, no hidden copies.

A FIFO would wait for ever and a device would never end; both are refused before a byte is read.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError, UsageError
from ..i18n import mark

__all__ = [
    "binary_kind",
    "describe_kind",
    "describe_pointer",
    "is_hidden",
    "open_regular",
    "read_regular",
    "read_text",
    "visible_files",
]

_BACKUP_ENDINGS = ("~", ".bak", ".swp", ".orig", ".tmp")
_NEVER_CONTENT = ("__MACOSX", "Thumbs.db", "desktop.ini")
_POINTER = b"version https://git-lfs"
_POINTER_BYTES = 1024
_BINARY = (
    (b"PK\x03\x04", mark("a zip file or an office document (.xlsx, .docx, .ods, .odt, .numbers)")),
    (b"\xd0\xcf\x11\xe0", mark("an old office document (.xls, .doc)")),
    (b"%PDF-", mark("a PDF")),
    (b"{\\rtf", mark("a document in RTF")),
    (b"\x1f\x8b", mark("compressed by gzip")),
    (b"BZh", mark("compressed by bzip2")),
    (b"\xfd7zXZ\x00", mark("compressed by xz")),
    (b"\x28\xb5\x2f\xfd", mark("compressed by zstd")),
    (b"7z\xbc\xaf\x27\x1c", mark("a 7z archive")),
    (b"PAR1", mark("a Parquet file")),
    (b"\x93NUMPY", mark("an array of NumPy (.npy)")),
    (b"\x89HDF", mark("an HDF5 file")),
    (b"SQLite format 3\x00", mark("a database of SQLite")),
    (b"\x89PNG", mark("a PNG picture")),
    (b"\xff\xd8\xff", mark("a JPEG picture")),
    (b"GIF8", mark("a GIF picture")),
)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file, or a link to one, for reading.

    Raises:
        DataError: if there is none, it may not be read, or it is a folder, a FIFO, a socket or a
            device.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _binary())
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise _unreadable(path, error) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise DataError(f"{path} cannot be read: it is {_kind(mode)}, not a file.")
        if pointer := describe_pointer(_start(descriptor)):
            raise DataError(f"{path} {pointer}.")
        return os.fdopen(descriptor, "rb")
    except OSError as error:
        os.close(descriptor)
        raise _unreadable(path, error) from None
    except BaseException:
        os.close(descriptor)
        raise


def _start(descriptor: int) -> bytes:
    """Return the first bytes of a file that has just been opened, where it is a small one."""
    if os.fstat(descriptor).st_size > _POINTER_BYTES:
        return b""
    data = os.read(descriptor, len(_POINTER))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return data


def binary_kind(data: bytes) -> str:
    """Return what a file is that people take for text, by its first bytes; "" of others."""
    return next((kind for mark, kind in _BINARY if data.startswith(mark)), "")


def describe_kind(data: bytes) -> str:
    """Return what a file is that people take for a table, a recipe or JSON; "" of others.

    Beside `binary_kind` it is a web page: what a browser saves of a page that shows a file.
    """
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    page = start.startswith((b"<!doctype html", b"<html"))
    return mark("a web page; save the file itself") if page else binary_kind(data)


def describe_pointer(data: bytes) -> str:
    """Return what to tell of a file that Git LFS has left in another's place, "" of others.

    Args:
        data: the file, or its beginning.
    """
    cure = "fetch it with `git lfs pull`, or download it from its page"
    pointer = len(data) <= _POINTER_BYTES and data.startswith(_POINTER)
    return f"is a pointer of Git LFS, not the file itself; {cure}" if pointer else ""


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: where it is.
        most: how many bytes it may have.

    Raises:
        DataError: if it cannot be opened (see `open_regular`) or has more bytes.
    """
    with open_regular(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            # A buffer as large as what is asked for is made at once; some files have size 0 here.
            data = b"" if size > most else file.read(min(most, size + 2**16) + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
    if max(size, len(data)) > most:
        size = max(size, len(data))
        raise DataError(f"{path} has {size:,} bytes; at most {most:,} are read.")
    return data


def read_text(path: Path, most: int) -> str:
    """Return the text of a regular file in UTF-8, without a byte-order mark.

    Args:
        path: where it is.
        most: how many bytes it may have.

    Raises:
        UsageError: if it is no UTF-8, or cannot be read (see `read_regular`).
    """
    try:
        return read_regular(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no UTF-8 text.") from None


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is a hidden, a backup or a system's own one by its name.

    Such are `.ipynb_checkpoints`, macOS' `._a.txt` and `__MACOSX`, editors' `a.txt~` and `#a.txt#`:
    mostly copies of what stands beside them, which must not be read twice.
    """
    backup = name.lower().endswith(_BACKUP_ENDINGS) or (name[:1] == "#" and name[-1:] == "#")
    return name.startswith(".") or backup or name in _NEVER_CONTENT


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield the regular files in and under a folder, sorted, without hidden ones.

    Raises:
        DataError: if the folder itself cannot be listed, or if a link in it leads to nothing: what
            it stands for would be missing without a word.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from None
    for entry in entries:
        if is_hidden(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from visible_files(Path(entry.path))
        elif _is_file(entry):
            yield Path(entry.path)


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except FileNotFoundError:
        if not entry.is_symlink():
            return False  # deleted just now
        reason = f"it is a link to {os.readlink(entry.path)}, which is not there"
        raise DataError(f"{entry.path} cannot be read: {reason}.") from None
    except OSError as error:
        raise _unreadable(Path(entry.path), error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error)
    return DataError(f"{path} cannot be read: {reason}.")


def _binary() -> int:
    return getattr(os, "O_BINARY", 0)  # Windows would otherwise change line ends


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
