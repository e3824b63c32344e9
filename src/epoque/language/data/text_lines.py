"""The lines of a file of text, whatever its line ends and encoding, a chunk of bytes at a time.

Lines end at LF, CR LF or CR. UTF-8 is read with and without its byte-order mark, UTF-16 and UTF-32
with theirs. Without a mark these two are recognised by their zero bytes and refused: read as UTF-8
they would be a text in which every other sign is a NUL.
"""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from epoque.bench.errors import DataError
from epoque.bench.files.input_files import binary_kind

__all__ = ["REMEDY", "find_cut", "split_lines", "utf8_chunks"]

REMEDY = "Convert it, or set undecodable to replace."

_CHUNK = 2**20
_SNIFFED_BYTES = 4096
"""Bytes at the start of a file by which UTF-16 and UTF-32 without a mark are recognised."""
_FEWEST_ZEROS = 1 / 50
"""Share of zero high bytes in UTF-16: spaces and line ends have one, whatever the script."""

_Decode = Callable[[bytes, str, bool], tuple[str, int]]

_MARKS: tuple[tuple[bytes, str, _Decode], ...] = (  # UTF-16's short mark begins UTF-32's
    (codecs.BOM_UTF32_LE, "UTF-32", codecs.utf_32_le_decode),
    (codecs.BOM_UTF32_BE, "UTF-32", codecs.utf_32_be_decode),
    (codecs.BOM_UTF16_LE, "UTF-16", codecs.utf_16_le_decode),
    (codecs.BOM_UTF16_BE, "UTF-16", codecs.utf_16_be_decode),
)


def utf8_chunks(path: Path, file: BinaryIO, errors: str) -> tuple[Iterator[bytes], int]:
    """Return the content of a file in UTF-8, in chunks, and how many bytes its mark has.

    Args:
        path: what to call it in messages.
        file: at its start.
        errors: `strict` or `replace`; of bytes that are no UTF-16 or UTF-32 where it is that. What
            is no UTF-8 is left as it is.

    Raises:
        DataError: at once, if it is a document of another kind, or UTF-16 or UTF-32 without a
            mark; in reading, if it has a mark and is not what that says.
    """
    start = file.read(_SNIFFED_BYTES)
    if kind := binary_kind(start):
        raise DataError(f"{path} is {kind}, no plain text: save it as text in UTF-8.")
    for mark, encoding, decode in _MARKS:
        if start.startswith(mark):
            file.seek(len(mark))
            return _transcode(path, file, encoding, decode, errors), 0
    if name := _detect_encoding(start):
        raise DataError(
            f"{path} is {name} without a byte-order mark; save it as UTF-8, or with the mark."
        )
    mark_length = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
    file.seek(mark_length)
    return iter(lambda: file.read(_CHUNK), b""), mark_length


def split_lines(
    data: Iterator[bytes], longest: int, cut_at: Callable[[bytes], int]
) -> Iterator[bytes]:
    """Yield the lines of a text with their ends.

    Args:
        data: its chunks.
        longest: bytes that a line may have; a longer one comes in parts.
        cut_at: where to end a part, given the first `longest` bytes of what is left.
    """
    rest = b""
    for chunk in data:
        whole = (rest + chunk).splitlines(keepends=True)  # of bytes: at LF, CR LF and CR alone
        # A CR at the end of a chunk may be the first half of a line end.
        rest = b"" if whole[-1].endswith(b"\n") else whole.pop()
        for line in whole:
            yield from _parts(line, longest, cut_at) if len(line) > longest else (line,)
        if len(rest) > longest:
            *parts, rest = _parts(rest, longest, cut_at)
            yield from parts
    if rest:
        yield rest


def find_cut(line: bytes) -> int:
    """Return where to cut a line that is too long: after its last space, else between signs."""
    if space := line.rfind(b" ") + 1:
        return space
    end = len(line)
    while end > len(line) - 4 and line[end - 1] & 0xC0 == 0x80:  # inside a sign of several bytes
        end -= 1
    return end - 1 if line[end - 1] >= 0xC0 else end


def _parts(line: bytes, longest: int, cut_at: Callable[[bytes], int]) -> Iterator[bytes]:
    place = 0
    while len(line) - place > longest:
        end = place + cut_at(line[place : place + longest])
        yield line[place:end]
        place = end
    yield line[place:]


def _transcode(
    path: Path, file: BinaryIO, name: str, decode: _Decode, errors: str
) -> Iterator[bytes]:
    """Yield a file in another encoding as UTF-8."""
    offset, rest, at_end = file.tell(), b"", False
    while not at_end:
        data = file.read(_CHUNK)
        at_end = not data
        rest += data
        try:
            text, used = decode(rest, errors, at_end)
        except UnicodeDecodeError as error:
            place = f"byte {rest[error.start]:#04x} at offset {offset + error.start:,}"
            raise DataError(f"{path} begins as {name} but is not: {place}. {REMEDY}") from None
        offset, rest = offset + used, rest[used:]
        if text:
            yield text.encode()


def _detect_encoding(start: bytes) -> str | None:
    """Return what a text is that has zero bytes as UTF-8 has none, or None."""
    units = max(1, len(start) // 4)
    zeros = [start[at : 4 * units : 4].count(0) / units for at in range(4)]
    if 1 in (min(zeros[:2]), min(zeros[2:])):
        return "UTF-32"
    high, low = sorted(((zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2), reverse=True)
    wide = _can_decode(start, codecs.utf_16_le_decode) or _can_decode(
        start, codecs.utf_16_be_decode
    )
    if high > _FEWEST_ZEROS and wide and (not low or not _can_decode(start, codecs.utf_8_decode)):
        return "UTF-16"
    return None


def _can_decode(start: bytes, decode: _Decode) -> bool:
    try:
        decode(start, "strict", False)
    except UnicodeDecodeError:
        return False
    return True
