"""Where the pictures of a new set come from: a folder, a zip, Parquet files with image bytes."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal

from epoque.bench.errors import ConfigError, DataError, UsageError
from epoque.bench.files.images import other_pictures
from epoque.bench.files.input_files import open_regular, visible_files
from epoque.bench.limits import MAX_CLASSES, MAX_ZIP_RATIO, MAX_ZIP_UNCHECKED_BYTES

from .files import Files, open_files
from .labels import FILE, Label, Labels, is_label, read_labels, spare_labels
from .preprocess import is_picture

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

__all__ = [
    "Columns",
    "DatasetSource",
    "LabelsFrom",
    "SourceImage",
    "describe_left_out",
    "describe_no_pictures",
    "open_source",
]

LabelsFrom = Literal["file", "folders", "none"]

ROWS = 1
"""Of a Parquet file, that are read at a time: many rows may show one large value, written once."""


@dataclass(frozen=True, slots=True)
class SourceImage:
    """A picture that is yet to be read.

    Attributes:
        name: of the picture in its source.
        read: returns its bytes.
        label: its label, or None.
    """

    name: str
    read: Callable[[], bytes]
    label: Label | None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a Parquet file to read.

    Attributes:
        image: of bytes, or of the Hub's images; "" takes the first such.
        label: of whole numbers or lists; "" takes `label` if there is one.
    """

    image: str = ""
    label: str = ""


class DatasetSource(ABC):
    """Pictures with their labels, in a fixed order.

    Attributes:
        count: how many there are.
        label_names: of the classes or of the labels' entries, if they are known.
        remarks: sentences on what is not taken.
    """

    count: int
    label_names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @abstractmethod
    def items(self) -> Iterator[SourceImage]:
        """Yield the pictures."""


def open_source(
    path: Path,
    labels: LabelsFrom = "file",
    columns: Columns | None = None,
    split: str | None = None,
) -> DatasetSource:
    """Open a folder, zip or Parquet file, or a folder of Parquet files such as the Hub's.

    Args:
        path: where it is.
        labels: of a folder or zip: from its dataset.json, if it has one; a class for each of its
            folders, by their names' order; or none.
        columns: of Parquet files.
        split: which of the Hub's parts of a folder of Parquet files, such as train, or several
            with commas between; it may be left out where there is only one.

    Raises:
        DataError: if it cannot be read or holds no pictures.
        UsageError: if a column or split is asked for that is not there, or none of several splits.
    """
    if tables := _find_tables(path):
        return _Parquet(_select_split(path, tables, split), labels, columns or Columns())
    if split is not None:
        raise ConfigError.of("split", f"{split} is not allowed; {path} holds no Parquet files.")
    files = open_files(path)
    source = _Archive(files, labels)
    if not source.count:
        raise describe_no_pictures(files)
    return source


def describe_no_pictures(files: Files) -> DataError:
    """Return the error of a zip or folder without pictures that can be read."""
    return DataError(
        " ".join([f"{files.path} holds no pictures.", *describe_left_out(files.names)])
    )


def describe_left_out(names: Iterable[str]) -> list[str]:
    """Tell which files are left out: what is no picture, and pictures of kinds that are not read.

    A table of labels that is not called dataset.json is among the former: nobody should find out
    after a training that it was not read.
    """
    names = [name for name in names if not is_picture(name)]
    kinds = other_pictures(names)
    others = [n for n in names if n.rpartition("/")[2] != FILE and not other_pictures([n])]
    counts = ", ".join(f"{count:,} {ending}" for ending, count in kinds.most_common())
    rest = "are left out: their kinds are not read; save them as PNG or JPEG"
    remarks = [f"{kinds.total():,} pictures ({counts}) {rest}."] if kinds else []
    if others:
        one = f"{others[0]} is no picture, and is left out."
        several = f"{len(others):,} files are no pictures, and are left out, such as {others[0]}."
        remarks.append(several if len(others) > 1 else one)
    return remarks


def _find_tables(path: Path) -> list[Path]:
    """Return the Parquet files at or under a path."""
    if not path.is_dir():
        return [path] if path.suffix == ".parquet" else []
    # metadata.parquet tells of pictures that stand beside it as files.
    inside = visible_files(path)
    return [t for t in inside if t.suffix == ".parquet" and t.name != "metadata.parquet"]


def _select_split(path: Path, tables: list[Path], split: str | None) -> list[Path]:
    """Return the Parquet files of the splits that are asked for, in these splits' order."""
    splits: dict[str, list[Path]] = {}
    folder = path if path.is_dir() else path.parent
    for table, name in zip(
        tables, _split_names([t.relative_to(folder) for t in tables]), strict=True
    ):
        splits.setdefault(name, []).append(table)
    if split is None and len(splits) == 1:
        return tables
    split_names = ", ".join(splits)
    if split is None:
        raise UsageError(f"{path} holds several splits: {split_names}; name one with --split.")
    names = [name.strip() for name in split.split(",")]
    for name in names:
        if name not in splits:
            raise ConfigError.of("split", f"{name} is not allowed; {path} holds {split_names}.")
    return [table for name in dict.fromkeys(names) for table in splits[name]]


_NUMBERED = re.compile(r"(.+?)[-_.]\d+(-of-\d+)?(-[0-9a-f]+)?")
"""A file's name on the Hub without its ending, such as train-00000-of-00002-0123abcd."""


def _split_names(tables: Sequence[PurePath]) -> list[str]:
    """Return the split of each Parquet file of a folder, after its name, else after its folder's.

    data/train-00000-of-00002.parquet is of train, default/test/0000.parquet of test; what all have
    in common at the beginning is left out.
    """
    places = []
    for table in tables:
        numbered = _NUMBERED.fullmatch(table.stem)
        own = () if table.stem.isdigit() else (numbered[1] if numbered else table.stem,)
        places.append((*table.parent.parts, *own))
    shared = 0
    while all(len(p) > shared + 1 and p[: shared + 1] == places[0][: shared + 1] for p in places):
        shared += 1
    return ["/".join(place[shared:]) for place in places]


class _Archive(DatasetSource):
    """The pictures of a folder or zip, by name."""

    def __init__(self, files: Files, labels: LabelsFrom) -> None:
        self._files = files
        self._names = [name for name in files.names if is_picture(name)]
        self.count = len(self._names)
        label_values = self._labels(labels)
        self.label_names = label_values.names if label_values else ()
        where = str(files.path)
        self._labels_by_name = (
            {name: label_values.of(name, where, self._names) for name in self._names}
            if label_values
            else {}
        )
        self.remarks = (*describe_left_out(files.names), *spare_labels(label_values, self._names))

    def _labels(self, labels: LabelsFrom) -> Labels | None:
        if labels == "file":
            return read_labels(self._files)
        if labels == "none":
            return None
        above = {name: name.rpartition("/")[0] for name in self._names}
        folders = sorted(set(above.values()))
        if "" in folders:
            outside = next(name for name in self._names if "/" not in name)
            raise DataError(f"{self._files.path}: {outside} is in no folder that could label it.")
        classes: dict[str, Label] = {name: folders.index(above[name]) for name in self._names}
        return Labels(classes, folders)

    def items(self) -> Iterator[SourceImage]:
        """Yield the pictures, sorted by name."""
        for name in self._names:
            yield SourceImage(name, partial(self._files.read, name), self._labels_by_name.get(name))


class _Parquet(DatasetSource):
    """The pictures of Parquet files, as the Hugging Face Hub keeps them."""

    def __init__(self, paths: list[Path], labels: LabelsFrom, columns: Columns) -> None:
        self._files = [(path, _open_parquet(path)) for path in paths]
        self.count = sum(file.metadata.num_rows for _, file in self._files)
        self._image = _find_image_column(*self._files[0], columns.image)
        self._label = "" if labels == "none" else _find_label_column(*self._files[0], columns.label)
        self.label_names = _class_names(self._files[0][1], self._label)
        for path, file in self._files:
            for column in filter(None, (self._image, self._label)):
                if column not in file.schema_arrow.names:
                    raise DataError(f"{path} has no column {column!r}, as {paths[0].name} has.")
                _check_packing(path, file, column)
        if not self.count:
            raise DataError(f"{paths[0]} holds no pictures.")

    def items(self) -> Iterator[SourceImage]:
        """Yield the pictures in the files' order; each is called by its file and row."""
        columns = [column for column in (self._image, self._label) if column]
        for path, file in self._files:
            rows = _read_rows(path, file, columns)
            for number, row in enumerate(rows):
                name = f"{path.name}, row {number}"
                yield SourceImage(
                    name, _make_reader(row[self._image], name), self._add_label(row, name)
                )

    def _add_label(self, row: dict[str, Any], name: str) -> Label | None:
        if not self._label:
            return None
        label = row[self._label]
        if is_label(label) and not isinstance(label, str):
            return label if isinstance(label, int) else [float(x) for x in label]
        message = f"a class from 0 to {MAX_CLASSES - 1:,}, or a list of numbers, is wanted"
        raise DataError(f"{name}: the label is {label!r:.40}; {message}.")


def _open_parquet(path: Path) -> "ParquetFile":
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    open_regular(path).close()
    try:
        return ParquetFile(path)
    except (ArrowException, OSError) as error:
        reason = (str(error).splitlines() or ["it is damaged"])[0].rstrip(".")
        raise DataError(f"{path} cannot be read: {reason}.") from None


def _check_packing(path: Path, file: "ParquetFile", column: str) -> None:
    """Refuse a column that is far larger than what it was packed from could be."""
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        for part in map(group.column, range(group.num_columns)):
            size, packed = part.total_uncompressed_size, part.total_compressed_size
            most = max(MAX_ZIP_UNCHECKED_BYTES, MAX_ZIP_RATIO * packed)
            if part.path_in_schema.split(".")[0] == column and size > most:
                message = f"{packed:,} bytes that are said to hold {size:,}"
                raise DataError(f"{path} is refused: its column {column} is {message}.")


def _read_rows(path: Path, file: "ParquetFile", columns: list[str]) -> Iterator[dict[str, Any]]:
    from pyarrow import ArrowException

    try:
        for batch in file.iter_batches(ROWS, columns=columns):
            yield from batch.to_pylist()
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        reason = (str(error).splitlines() or ["it is damaged"])[0].rstrip(".")
        raise DataError(f"{path} is damaged: {reason}.") from None


def _make_reader(value: Any, name: str) -> Callable[[], bytes]:
    data = value.get("bytes") if isinstance(value, dict) else value

    def read() -> bytes:
        if not isinstance(data, bytes):
            raise DataError(f"{name} holds no picture.")
        return data

    return read


def _find_image_column(path: Path, file: "ParquetFile", column: str) -> str:
    """Return the column of the pictures."""
    from pyarrow import types

    def fits(kind: Any) -> bool:
        inner = [field.name for field in kind] if types.is_struct(kind) else []
        return bool(types.is_binary(kind) or types.is_large_binary(kind) or "bytes" in inner)

    candidates = [field.name for field in file.schema_arrow if fits(field.type)]
    if column and column not in candidates:
        names = ", ".join(candidates) or "none"
        raise UsageError(f"{path} has no column of pictures {column!r}; it has {names}.")
    if not candidates:
        raise DataError(f"{path} has no column of pictures (bytes, or images of the Hub).")
    return column or candidates[0]


def _find_label_column(path: Path, file: "ParquetFile", column: str) -> str:
    """Return the column of the labels, or "" if there is none."""
    names = file.schema_arrow.names
    if column and column not in names:
        raise UsageError(f"{path} has no column {column!r}; it has {', '.join(names)}.")
    return column or ("label" if "label" in names else "")


def _class_names(file: "ParquetFile", column: str) -> tuple[str, ...]:
    """Return the names of a column's classes as the Hub tells them beside the data, if it does."""
    metadata = (file.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    try:
        names = json.loads(metadata)["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    has_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if has_names else ()
