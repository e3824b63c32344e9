"""Zips that others made: nothing is unpacked beyond what its kind needs.

A zip's directory tells how large everything in it is. What it tells is checked before anything is
unpacked, and no more is unpacked than it told.
"""

import os
import stat
import zipfile
from collections import Counter
from pathlib import PurePosixPath
from typing import BinaryIO

from ..errors import DataError, first_line
from ..limits import MAX_ZIP_ENTRIES, MAX_ZIP_RATIO, MAX_ZIP_UNCHECKED_BYTES

__all__ = ["open_zip", "read_entry"]

_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_END, _WIDE_END = b"PK\x05\x06", b"PK\x06\x06"
_END_BYTES, _COMMENT_BYTES = 22, 2**16
_WIDE_BYTES = 76
"""Of the end of a large zip's directory, and of what says where it is."""
_ENTRY_BYTES = 128
"""Of an entry in the directory, on the average; a name has half of them."""


def open_zip(file: BinaryIO, where: str) -> zipfile.ZipFile:
    """Open a zip, and check what it says of itself.

    Args:
        file: it, open for reading; the zip goes on reading from it.
        where: its path, for an error.

    Raises:
        DataError: if it is none, has too many entries, one of a name twice, or one that leads out
            of it, is a link, is encrypted, or is far larger than what it was packed from could be.
    """
    _check_directory(file, where)
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # of zipfile, the system, and struct
        raise DataError(f"{where} cannot be read as a zip: {first_line(error)}.") from None
    entries = archive.infolist()
    if len(entries) > MAX_ZIP_ENTRIES:
        raise _too_many(where)
    for entry in entries:
        _check_entry(entry, where)
    if twice := [name for name, count in Counter(archive.namelist()).items() if count > 1]:
        raise DataError(f"{where} is refused: it holds {twice[0]} twice.")
    return archive


def read_entry(archive: zipfile.ZipFile, name: str, where: str, most: int) -> bytes:
    """Return the content of a file in a zip.

    Args:
        archive: of `open_zip`.
        name: of the file.
        where: the zip's path, for an error.
        most: how many bytes the file may have.

    Raises:
        DataError: if it is larger, damaged, or not there.
    """
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise DataError(f"{where}: {name} is missing in it.") from None
    if entry.file_size > most:
        size = f"{entry.file_size:,} bytes; at most {most:,} are read"
        raise DataError(f"{where}: {name} has {size}.")
    try:
        with archive.open(entry) as file:
            # One reading of all would first unpack all there is, whatever the directory told.
            return file.read(entry.file_size)
    except Exception as error:  # of zipfile, the system, zlib
        raise DataError(f"{where}: {name} is damaged ({first_line(error)}).") from None


def _check_directory(file: BinaryIO, where: str) -> None:
    """Refuse a zip of too many entries before its directory is read."""
    whole = file.seek(0, os.SEEK_END)
    file.seek(max(0, whole - _END_BYTES - _COMMENT_BYTES - _WIDE_BYTES))
    end = file.read()
    file.seek(0)
    if (at := end.rfind(_END)) < 0:
        return
    count, size = _number(end, at + 10, 2), _number(end, at + 12, 4)
    if 0xFFFF in (count, size >> 16) and (wide := end.rfind(_WIDE_END, 0, at)) >= 0:
        count, size = _number(end, wide + 32, 8), _number(end, wide + 40, 8)
    if count > MAX_ZIP_ENTRIES or size > MAX_ZIP_ENTRIES * _ENTRY_BYTES:
        raise _too_many(where)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _too_many(where: str) -> DataError:
    return DataError(f"{where} is refused: it has more than {MAX_ZIP_ENTRIES:,} entries.")


def _check_entry(entry: zipfile.ZipInfo, where: str) -> None:
    name = entry.filename
    if not _is_inside(entry.orig_filename):
        raise DataError(f"{where} is refused: the name {name!r} leads out of it.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise DataError(f"{where} is refused: {name} is a link.")
    if entry.flag_bits & 1:
        raise DataError(f"{where} cannot be read: {name} is encrypted.")
    if entry.compress_type not in _PACKED:
        raise DataError(f"{where} cannot be read: {name} is not packed with deflate, as usual.")
    most = max(MAX_ZIP_UNCHECKED_BYTES, MAX_ZIP_RATIO * entry.compress_size)
    if entry.file_size > most:
        sizes = f"{entry.compress_size:,} bytes that are said to hold {entry.file_size:,}"
        raise DataError(f"{where} is refused: {name} is {sizes}.")


def _is_inside(name: str) -> bool:
    """Tell whether a name stays in the folder it is in, on any system."""
    parts = PurePosixPath(name).parts
    odd = "\\" in name or ":" in name or "\0" in name
    return bool(parts) and not odd and not name.startswith("/") and ".." not in parts
