"""Labels of images: dataset.json, whole numbers, words or vectors."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError, did_you_mean
from epoque.bench.files.input_files import open_regular
from epoque.bench.files.json_text import parse_json
from epoque.bench.limits import MAX_CLASSES, MAX_JSON_BYTES

from .files import Files, Folder

__all__ = [
    "FILE",
    "Label",
    "LabelTable",
    "Labels",
    "build_table",
    "check_alike",
    "encode_labels",
    "is_label",
    "read_labels",
    "spare_labels",
    "unused_classes",
]

FILE = "dataset.json"

Label = int | list[float]
"""A class, 0 and up, or a vector."""

EXAMPLE = '{"labels": [["00.png", 0], ["01.png", 1]]}'
NEAR = 1000
"""Names among which similar ones are looked for."""


class Labels(dict[str, Label]):
    """The labels of a set of images by the images' names.

    Attributes:
        names: of the classes or of the vectors' entries, if they are told.
    """

    def __init__(self, values: Mapping[str, Label], names: Sequence[str] = ()) -> None:
        super().__init__(values)
        self.names = tuple(names)

    def of(self, name: str, where: str, pictures: Sequence[str]) -> Label:
        """Return the label of a picture.

        Args:
            name: of the picture.
            where: the set, for an error.
            pictures: the names of all.

        Raises:
            DataError: naming what may be meant, if it has none.
        """
        if name not in self:
            raise DataError(f"{where}: {FILE} has no label for {name}{self._near(name, pictures)}")
        return self[name]

    def _near(self, name: str, pictures: Sequence[str]) -> str:
        """Return which label without a picture may be meant, as the end of a sentence."""
        spare = sorted(self.keys() - set(pictures))
        stem, file = name.rpartition(".")[0], name.rpartition("/")[2]
        for other in spare:
            if other.rpartition(".")[0] == stem:
                return f"; it has one for {other}, which ends otherwise."
        for other in spare:
            if other.rpartition("/")[2] == file:
                return f"; it has one for {other}, in another folder."
        return f".{did_you_mean(name, spare[:NEAR])}"


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The labels of numbered images; a class stays a number until a network needs it as a vector.

    Attributes:
        size: numbers of a label as a network takes it; 0 of images without labels.
        values: classes, int64 [N], or vectors, float32 [N, size].
    """

    size: int
    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def classes(self) -> NDArray[np.int64] | None:
        """The class of each image, or None where labels are vectors or none."""
        return self.values if self.values.ndim == 1 else None

    def counts(self) -> NDArray[np.int64] | None:
        """Return the images of each class, [size], or None where labels are no classes."""
        classes = self.classes
        return None if classes is None else np.bincount(classes, minlength=self.size)

    def select(self, rows: NDArray[Any]) -> Self:
        """Return the labels of some of the images."""
        return type(self)(self.size, self.values[rows])

    def vectors(self, rows: NDArray[Any] | slice = slice(None)) -> NDArray[np.float32]:
        """Return the labels of some images as a network takes them, [n, size].

        A class has a 1 at its place.
        """
        labels = self.values[rows]
        if labels.ndim == 2:
            return np.array(labels, np.float32)
        whole = np.zeros((len(labels), self.size), np.float32)
        whole[np.arange(len(labels)), labels] = 1
        return whole


def read_labels(files: Files) -> Labels | None:
    """Return the labels of a zip or folder, or None if it has none.

    They stand in dataset.json, or in that of the one folder that has all the pictures, as in a zip
    of a whole folder. Words become classes in the order of `label_names`, or else of the alphabet.

    Raises:
        DataError: if its dataset.json is damaged, or if it has several.
    """
    if (place := _find_table(files)) is None:
        return None
    where = f"{files.path}: {place}{FILE}"
    content = parse_json(files.read(f"{place}{FILE}", MAX_JSON_BYTES), where)
    rows = content.get("labels") if isinstance(content, dict) else content
    if not isinstance(content, dict) or not isinstance(rows, list | None):
        raise DataError(f'{where} has no list of "labels"; it must be JSON such as {EXAMPLE}.')
    if not rows:
        return None
    names = content.get("label_names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        names = []
    pairs = _parse_pairs(rows, where)
    if any(isinstance(label, str) for label in pairs.values()):
        pairs, names = _classes_from_words(pairs, names, where)
    if len(names) > MAX_CLASSES:
        raise DataError(f"{where} names {len(names):,} labels; at most {MAX_CLASSES:,} are read.")
    return Labels({_find_label(name, place, files): label for name, label in pairs.items()}, names)


def _find_table(files: Files) -> str | None:
    """Return the folder of dataset.json, with a slash at its end; "" for the topmost one."""
    if FILE in files:
        return ""
    if isinstance(files, Folder) and os.path.lexists(files.path / FILE):
        open_regular(files.path / FILE).close()  # a FIFO, say, is no reason to forget labels
    folders = [name.removesuffix(FILE) for name in files.names if name.endswith(f"/{FILE}")]
    if len(folders) > 1:
        message = f"{folders[0]}{FILE} and {folders[1]}{FILE}"
        raise DataError(f"{files.path} holds several sets ({message}); give one of the folders.")
    near = [name for name in files.names if name.rpartition("/")[2].lower() == FILE]
    if near and not folders:
        raise DataError(f"{files.path}: {near[0]} is not read as labels; call it {FILE}.")
    return folders[0] if folders else None


def _find_label(name: str, place: str, files: Files) -> str:
    """Return the name in a zip or folder of what dataset.json calls by a name."""
    plain = str(PurePosixPath(name.replace("\\", "/")))
    return plain if plain in files and place + plain not in files else place + plain


def _parse_pairs(rows: list[Any], where: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for row in rows:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str):
            raise DataError(f"{where}: {_shorten(row)} is no name with a label{_hint(row)}.")
        name, label = row
        if not is_label(label):
            raise DataError(f"{where}: the label of {name} is {_shorten(label)}; {_rule(label)}.")
        if pairs.setdefault(name, label) != label:
            message = f"{_shorten(pairs[name])} and {_shorten(label)}"
            raise DataError(f"{where}: {name} has two labels, {message}.")
    return pairs


def _hint(row: object) -> str:
    if isinstance(row, list) and len(row) > 2 and isinstance(row[0], str):
        return f"; several numbers are a list: {_shorten([row[0], row[1:]])}"
    return '; it must be such as ["00.png", 0]'


def _rule(label: object) -> str:
    """Tell what a label must be, in the place of one that is not allowed."""
    most = f"0 to {MAX_CLASSES - 1:,}"
    if isinstance(label, list):
        return f"a vector has 1 to {MAX_CLASSES:,} finite numbers"
    if isinstance(label, str):
        return "a class is a number without quotes, or a word"
    return f"it must be a class, {most} or a word, or a list of finite numbers"


def _shorten(value: object) -> str:
    """Return a value as JSON writes it, cut short."""
    try:
        whole = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "a deeply nested list"
    return whole if len(whole) <= 60 else f"{whole[:59]}…"


def is_label(value: object) -> bool:
    """Tell whether a value is a class, a word for one, or a vector."""
    if type(value) is int:
        return 0 <= value < MAX_CLASSES
    if type(value) is str:
        return bool(value) and not _is_number(value)
    if not isinstance(value, list) or not 0 < len(value) <= MAX_CLASSES:
        return False
    return all(type(part) in (int, float) and abs(part) <= _FARTHEST for part in value)


_FARTHEST = float(np.finfo(np.float32).max)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _classes_from_words(
    pairs: dict[str, Any], names: list[str], where: str
) -> tuple[dict[str, Any], list[str]]:
    """Return classes for words, and the classes' names."""
    words = names or sorted({word for word in pairs.values() if isinstance(word, str)})
    places = {word: place for place, word in enumerate(words)}
    for name, label in pairs.items():
        if not isinstance(label, str):
            raise DataError(f"{where}: some labels are words, that of {name} is {_shorten(label)}.")
        if label not in places:
            raise DataError(f"{where}: the label of {name} is {label}, none of its label_names.")
    return {name: places[label] for name, label in pairs.items()}, words


def build_table(labels: Labels | None, names: Sequence[str], where: str) -> LabelTable:
    """Return the labels of images.

    Args:
        labels: of a set; None for none.
        names: of the images.
        where: the set, for an error.

    Returns:
        Of classes the size is the largest one plus 1, or the number of their names if that is
        larger; of vectors their length.

    Raises:
        DataError: if an image has none, or if they are of different kinds.
    """
    if labels is None:
        return LabelTable(0, np.zeros((len(names), 0), np.float32))
    values = [labels.of(name, where, names) for name in names]
    kind = check_alike(zip(names, values, strict=True), where)
    if values and kind == 0:
        classes = np.array(values, np.int64)
        return LabelTable(max(int(classes.max()) + 1, len(labels.names)), classes)
    return LabelTable(kind, np.array(values, np.float32))


def check_alike(rows: Iterable[tuple[str, Label]], where: str) -> int:
    """Check that labels are all classes, or all vectors of one length.

    Args:
        rows: images and their labels.
        where: the set, for an error.

    Returns:
        The length of the vectors; 0 of classes, and where there are no labels.

    Raises:
        DataError: naming the first that is unlike those before it.
    """
    first, kind = "", 0
    for name, label in rows:
        size = len(label) if isinstance(label, list) else 0
        if first and size != kind:
            message = f"that of {first} is {_kind(kind)}, that of {name} {_kind(size)}"
            raise DataError(f"{where}: labels of several kinds or lengths: {message}.")
        first, kind = first or name, size
    return kind


def _kind(size: int) -> str:
    return f"a vector of {size:,}" if size else "a class"


def spare_labels(labels: Labels | None, names: Sequence[str]) -> list[str]:
    """Tell of labels whose pictures are not there."""
    file_names = set(names)
    extra = sorted(name for name in labels or () if name not in file_names)
    if not extra:
        return []
    return [f"{FILE} labels {extra[0]}, which is not there ({len(extra):,} such)."]


def unused_classes(counts: NDArray[np.int64] | None) -> list[str]:
    """Tell of classes without a picture, of the pictures of each class."""
    if counts is None or (counts > 0).all():
        return []
    empty = np.flatnonzero(counts == 0).tolist()
    message = "classes are counted from 0" if empty == [0] else f"{len(empty):,} such"
    return [f"No picture has class {empty[0]} of 0 to {len(counts) - 1} ({message})."]


def encode_labels(rows: Sequence[tuple[str, Label | None]], names: Sequence[str] = ()) -> bytes:
    """Return dataset.json for images and their labels; without a label for all it has none."""
    whole = bool(rows) and all(label is not None for _, label in rows)
    content: dict[str, Any] = {"labels": [list(row) for row in rows] if whole else None}
    if whole and names:
        content["label_names"] = list(names)
    return json.dumps(content, ensure_ascii=False).encode()
