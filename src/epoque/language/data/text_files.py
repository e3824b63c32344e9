"""Reading texts from files, piece by piece: no file is ever held in memory whole."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from epoque.bench.errors import DataError, did_you_mean
from epoque.bench.files.input_files import open_regular, visible_files
from epoque.bench.limits import MAX_JSON_BYTES

from .text_lines import REMEDY, find_cut, split_lines, utf8_chunks

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

__all__ = [
    "SUFFIXES",
    "Piece",
    "Undecodable",
    "estimate_size",
    "find_files",
    "is_blank",
    "join_wrapped_lines",
    "read_pieces",
]

Undecodable = Literal["stop", "replace"]

ROWS = (".jsonl", ".ndjson", ".json")
SUFFIXES = (".txt", ".text", ".tokens", ".md", *ROWS, ".parquet")
"""What is read in a folder; a file that is named itself is text unless it ends otherwise."""

_OTHERS = (".csv", ".tsv", ".gz", ".bz2", ".xz", ".zst", ".zip")
"""Tables and archives, which are not what one would learn from if they were read as text."""

LONGEST = 2**20
"""Bytes after which a line of text is cut, at a space where there is one."""

_PARQUET_ROWS = 256

_COMMAS = " A path with a comma in it stands in double quotes."
_ROW_A_LINE = "one object a line is read"
_ARRAY = 'a JSON array is not read, but JSON lines are: one {"text": …} a line, without brackets.'


class Piece(NamedTuple):
    """A line of a text file, or a row of a table.

    Attributes:
        text: without its line end.
        starts_document: whether a document begins here: at the start of a text file, after a blank
            line, at each row.
        is_row: whether it is a row of a table and no line of a text.
    """

    text: str
    starts_document: bool
    is_row: bool = False


def find_files(paths: tuple[str, ...]) -> tuple[Path, ...]:
    """Return files, and for a folder all files in it that can be read, in order of their names.

    Hidden and backup files in a folder are passed over
    (`epoque.bench.files.input_files.is_hidden`): they are copies, and what is held out of a text
    must not come back into it.

    Raises:
        DataError: if a path does not exist, is no regular file or of a kind that is not read, or a
            folder holds no file that is.
    """
    hint = _COMMAS if len(paths) > 1 else ""
    return tuple(file for path in paths for file in _files(Path(path).expanduser(), hint))


def _files(path: Path, hint: str) -> list[Path]:
    if path.is_dir():
        return _files_in(path)
    if not os.path.lexists(path):
        raise DataError(f"There is no file or folder {path}.{hint}")
    open_regular(path).close()  # which refuses what is no file, or may not be read
    if path.suffix.lower() in _OTHERS:
        kinds = "text, JSON lines (.jsonl, .ndjson, .json) and Parquet are read"
        raise DataError(f"{path} cannot be used: {kinds}, {path.suffix} is not; convert it.")
    return [path]


def _files_in(folder: Path) -> list[Path]:
    files = [file for file in visible_files(folder) if file.suffix.lower() in SUFFIXES]
    if not files:
        kinds = f"no {', '.join(SUFFIXES)} (hidden and backup files are passed over)"
        raise DataError(f"The folder {folder} holds no text: {kinds}.")
    return files


def estimate_size(path: Path, column: str) -> int:
    """Return about how many bytes of text a file holds.

    Raises:
        DataError: if it is no Parquet file though it is named so, or has no such column.
    """
    if path.suffix.lower() != ".parquet":
        return path.stat().st_size
    with _open_parquet(path, column) as file:
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
        return sum(c.total_uncompressed_size for c in chunks if c.path_in_schema == column)


def read_pieces(path: Path, column: str, undecodable: Undecodable) -> Iterator[Piece]:
    """Yield what a file holds.

    Args:
        path: a text file, or by the end of its name JSON lines or Parquet.
        column: in JSON lines and Parquet, where the text is.
        undecodable: what becomes of bytes that are not UTF-8, or of a file with its byte-order
            mark not UTF-16 or UTF-32: `stop` raises, `replace` puts the sign U+FFFD.

    Raises:
        DataError: naming the file, and the byte, line or column that cannot be read.
    """
    try:
        if path.suffix.lower() == ".parquet":
            yield from _parquet_rows(path, column, undecodable)
        elif path.suffix.lower() in ROWS:
            yield from _json_rows(path, column, undecodable)
        else:
            yield from _text_lines(path, undecodable)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from error


def _text_lines(path: Path, undecodable: Undecodable) -> Iterator[Piece]:
    starts_document = True
    for line in _decode_lines(path, undecodable, LONGEST, find_cut):
        blank = is_blank(line)
        yield Piece(line, starts_document and not blank)
        starts_document = blank


def _json_rows(path: Path, column: str, undecodable: Undecodable) -> Iterator[Piece]:
    def refuse(_: bytes) -> int:
        raise DataError(f"{path} has a line of more than {MAX_JSON_BYTES:,} bytes; {_ROW_A_LINE}.")

    has_rows = False
    for number, line in enumerate(_decode_lines(path, undecodable, MAX_JSON_BYTES, refuse), 1):
        if not has_rows and line.lstrip().startswith("["):
            raise DataError(f"{path} cannot be used: {_ARRAY}")
        if not is_blank(line):
            has_rows = True
            text = _parse_row(path, number, line, column)
            yield _make_piece(
                text.encode(errors="surrogatepass"), f"{path}, line {number}", undecodable
            )


def _parse_row(path: Path, number: int, line: str, column: str) -> str:
    """Return the text in one row of a JSON-lines file."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number}: no JSON, {error}; {_ROW_A_LINE}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{path}, line {number}: no JSON object with a field {column!r}.")
    if column not in row:
        raise DataError(f"{path}, line {number}: {_no_column(column, row)}")
    if not isinstance(row[column], str | None):
        raise DataError(f"{path}, line {number}: {column!r} holds no text: {row[column]!r:.60}.")
    return row[column] or ""


def _no_column(column: str, columns: "dict[str, object] | list[str]") -> str:
    near = did_you_mean(column, columns)
    listed = ", ".join(map(repr, list(columns)[:20])) or "none"
    return f"there is no column {column!r}; there are {listed} (set text_column).{near}"


def _make_piece(text: bytes, place: str, undecodable: Undecodable) -> Piece:
    """Return a row of a table, in which nothing should be that is not UTF-8, but may be."""
    try:
        decoded = text.decode(errors="strict" if undecodable == "stop" else "replace")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{place} is not UTF-8: byte {text[error.start]:#04x} at offset {error.start:,} of its "
            f"text. {REMEDY}"
        ) from None
    return Piece(decoded.rstrip("\r\n"), starts_document=True, is_row=True)


def _decode_lines(
    path: Path, undecodable: Undecodable, longest: int, cut_at: Callable[[bytes], int]
) -> Iterator[str]:
    """Yield the lines of a file without their ends; the arguments are those of `split_lines`."""
    errors = "strict" if undecodable == "stop" else "replace"
    with open_regular(path) as file:
        data, offset = utf8_chunks(path, file, errors)
        for line in split_lines(data, longest, cut_at):
            try:
                text = line.decode(errors=errors)
            except UnicodeDecodeError as error:
                place = f"byte {line[error.start]:#04x} at offset {offset + error.start:,}"
                raise DataError(f"{path} is not UTF-8: {place}. {REMEDY}") from None
            offset += len(line)
            yield text.removesuffix("\n").removesuffix("\r")


def _parquet_rows(path: Path, column: str, undecodable: Undecodable) -> Iterator[Piece]:
    import pyarrow as pa

    rows_read = 0
    with _open_parquet(path, column) as file:
        try:
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=[column]):
                texts = batch.column(0).cast(pa.large_string()).cast(pa.large_binary())
                for row, text in enumerate(texts.to_pylist(), rows_read + 1):
                    yield _make_piece(text or b"", f"{path}, row {row}", undecodable)
                rows_read += len(texts)
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{path} is damaged after row {rows_read}: {_first_line(error)}"
            ) from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _open_parquet(path: Path, column: str) -> "ParquetFile":
    """Return a Parquet file whose column holds text."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path, memory_map=True)
    except pa.ArrowInvalid as error:
        raise DataError(f"{path} is no whole Parquet file: {_first_line(error)}") from None
    names = file.schema_arrow.names
    if column not in names:
        raise DataError(f"{path}: {_no_column(column, names)}")
    kind = file.schema_arrow.field(column).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{path}: column {column!r} holds no text but {kind}.")
    return file


def join_wrapped_lines(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield a text that is wrapped at a fixed width with each paragraph in one line.

    A blank line ends a paragraph and stays; rows of a table stay as they are. What is longer than
    a line may be (`LONGEST`, in letters) comes in parts.
    """
    lines: list[str] = []
    starts_document, length = False, 0
    for piece in pieces:
        is_wrapped = not piece.is_row and not is_blank(piece.text)
        if lines and (not is_wrapped or piece.starts_document or length > LONGEST):
            yield Piece(" ".join(lines), starts_document)
            lines = []
        if not is_wrapped:
            yield piece
            continue
        if not lines:
            starts_document, length = piece.starts_document, 0
        lines.append(piece.text.strip() if lines else piece.text.rstrip())
        length += len(piece.text)
    if lines:
        yield Piece(" ".join(lines), starts_document)


def is_blank(text: str) -> bool:
    """Tell whether a text has nothing but white space."""
    return not text or text.isspace()
