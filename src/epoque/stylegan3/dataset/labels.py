"""Labels of images: dataset.json, whole numbers or vectors."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError

from .files import Files

__all__ = ["FILE", "Label", "Labels", "as_json", "as_vectors", "read_labels"]

FILE = "dataset.json"

Label = int | list[float]
"""A class, 0 and up, or a vector."""

CLASSES = 100_000


class Labels(dict[str, Label]):
    """The labels of a set of images by the images' names.

    Attributes:
        names: of the classes or of the vectors' entries, if they are told.
    """

    def __init__(self, values: Mapping[str, Label], names: Sequence[str] = ()) -> None:
        super().__init__(values)
        self.names = tuple(names)


def read_labels(files: Files) -> Labels | None:
    """Return the labels of a zip or folder, or None if it has none.

    Raises:
        DataError: if its dataset.json is damaged.
    """
    if FILE not in files:
        return None
    where = f"{files.path}: {FILE}"
    try:
        told = json.loads(files.read(FILE))
    except (ValueError, RecursionError):
        raise DataError(f"{where} is damaged: it is no JSON.") from None
    if not isinstance(told, dict) or not isinstance(told.get("labels", None), list | None):
        raise DataError(f'{where} is damaged: it is no object with a list "labels".')
    if not told.get("labels"):
        return None
    names = told.get("label_names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        names = ()
    return Labels(_pairs(told["labels"], where), names)


def _pairs(told: list[Any], where: str) -> dict[str, Label]:
    found: dict[str, Label] = {}
    for row in told:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str):
            raise DataError(f"{where} is damaged: {row!r:.60} is no name with a label.")
        if not _is_label(row[1]):
            rule = "a class from 0, or a list of finite numbers"
            raise DataError(f"{where}: the label of {row[0]} is {row[1]!r:.60}; it must be {rule}.")
        found[row[0].replace("\\", "/")] = row[1]
    return found


def _is_label(value: Any) -> bool:
    if type(value) is int:
        return 0 <= value < CLASSES
    if not isinstance(value, list) or not value:
        return False
    return all(type(part) in (int, float) and math.isfinite(part) for part in value)


def as_vectors(labels: Labels | None, names: Sequence[str], where: str) -> NDArray[np.float32]:
    """Return the labels of images as vectors, classes with a 1 at their place.

    Args:
        labels: of a set; None for none.
        names: of the images.
        where: the set, for an error.

    Returns:
        [N, label_dim]; label_dim is 0 without labels, the largest class plus 1, or the length of
        the vectors.

    Raises:
        DataError: if an image has none, or if they are of different kinds.
    """
    if labels is None:
        return np.zeros((len(names), 0), np.float32)
    if missing := next((name for name in names if name not in labels), None):
        raise DataError(f"{where}: {FILE} has no label for {missing}.")
    values = [labels[name] for name in names]
    kinds = {len(value) if isinstance(value, list) else 0 for value in values}
    if len(kinds) > 1:
        raise DataError(f"{where}: {FILE} has labels of several kinds or lengths.")
    if kinds == {0}:
        classes = np.array(values, np.int64)
        count = max(int(classes.max()) + 1, len(labels.names))
        return np.eye(count, dtype=np.float32)[classes]
    return np.array(values, np.float32)


def as_json(rows: Sequence[tuple[str, Label | None]], names: Sequence[str] = ()) -> bytes:
    """Return dataset.json for images and their labels; without a label for all it has none."""
    whole = bool(rows) and all(label is not None for _, label in rows)
    told: dict[str, Any] = {"labels": [list(row) for row in rows] if whole else None}
    if whole and names:
        told["label_names"] = list(names)
    return json.dumps(told, ensure_ascii=False).encode()
