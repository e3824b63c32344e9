"""What is wrong with a set of images, all of it."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from epoque.bench.errors import DataError

from .files import Files, open_files
from .labels import FILE, Labels, as_vectors, read_labels
from .pictures import PictureError, decode, is_picture

__all__ = ["Checked", "check"]

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Checked:
    """What a set of images is, and what is wrong with it.

    Attributes:
        count: pictures that can be read.
        resolution: pixels of a side, of most of them; 0 if there are none.
        channels: 3 for colour, 1 for grey.
        label_dim: length of a label; 0 without labels.
        classes: pictures of each class, if the labels are classes.
        bytes: of all files.
        problems: sentences on what keeps it from being used.
        remarks: sentences on what is unusual, but can be used.
    """

    count: int
    resolution: int
    channels: int
    label_dim: int
    classes: tuple[int, ...]
    bytes: int
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    digest: bytes
    size: int
    shape: tuple[int, int, int] | None
    bad: str = ""


def check(path: Path, progress: Callable[[int, int], None] | None = None) -> Checked:
    """Look at every picture and label of a zip or folder.

    Args:
        path: where it is.
        progress: told how many pictures are done, and of how many.

    Raises:
        DataError: if it is no zip or folder, or a zip that plays tricks with paths.
    """
    files = open_files(path)
    names = [name for name in files.names if is_picture(name)]
    seen = list(_looked(files, names, progress or (lambda _done, _whole: None)))
    good = [one for one in seen if one.shape]
    problems = [*_bad(seen), *_shapes(good)]
    if not names:
        problems.append("There are no pictures.")
    vectors, classes, told = _labels(files, names)
    most = Counter(one.shape for one in good).most_common(1)
    channels, _, side = most[0][0] if most and most[0][0] else (0, 0, 0)
    return Checked(
        len(good),
        side,
        channels,
        vectors,
        classes,
        sum(one.size for one in seen),
        tuple(problems + told),
        tuple(_remarks(files, names, good)),
    )


def _looked(
    files: Files, names: list[str], progress: Callable[[int, int], None]
) -> Iterator[_Seen]:
    def look(name: str) -> _Seen:
        try:
            data = files.read(name)
        except DataError as error:
            return _Seen(name, b"", 0, None, str(error).rstrip("."))
        try:
            image = decode(data)
        except PictureError as error:
            return _Seen(name, b"", len(data), None, f"{name} {error}")
        shape = (len(image.getbands()), image.height, image.width)
        return _Seen(name, sha256(image.tobytes()).digest(), len(data), shape)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, one in enumerate(pool.map(look, names)):
            progress(number + 1, len(names))
            yield one


def _bad(seen: list[_Seen]) -> list[str]:
    bad = [one.bad for one in seen if one.bad]
    return [f"{told}." for told in bad[:SHOWN]] + _more(bad, "cannot be read")


def _more(found: list[Any], told: str) -> list[str]:
    return [f"{len(found) - SHOWN} more pictures {told}."] if len(found) > SHOWN else []


def _shapes(good: list[_Seen]) -> list[str]:
    """Tell which pictures are not like most, and whether most are as they should be."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for one in good:
        groups[one.shape].append(one.name)
    if not groups:
        return []
    usual = max(groups, key=lambda shape: len(groups[shape]))
    told = []
    for shape, names in groups.items():
        if shape != usual:
            which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
            told.append(f"Of another size or colour than most: {which} ({_told(shape)}).")
    if usual[1] != usual[2]:
        told.append(f"The pictures are {_told(usual)}, not square.")
    elif usual[1] & (usual[1] - 1):
        told.append(f"The pictures are {_told(usual)}; the side is no power of two.")
    return told


def _told(shape: tuple[int, int, int]) -> str:
    return f"{shape[2]}×{shape[1]} in {'grey' if shape[0] == 1 else 'colour'}"


def _labels(files: Files, names: list[str]) -> tuple[int, tuple[int, ...], list[str]]:
    """Return the labels' length, the pictures of each class, and what is wrong."""
    try:
        labels = read_labels(files)
        vectors = as_vectors(labels, names, str(files.path))
    except DataError as error:
        return 0, (), [str(error)]
    told = []
    if labels and (extra := sorted(set(labels) - set(names))):
        told.append(f"{FILE} labels {extra[0]}, which is not there ({len(extra)} such).")
    classes: tuple[int, ...] = ()
    if labels and all(isinstance(label, int) for label in labels.values()):
        classes = tuple(int(n) for n in vectors.sum(0))
    return int(vectors.shape[1]), classes, told + _constant(labels, vectors, classes)


def _constant(labels: Labels | None, vectors: Any, classes: tuple[int, ...]) -> list[str]:
    """Tell of classes without a picture."""
    if empty := [i for i, n in enumerate(classes) if not n]:
        return [f"No picture has class {empty[0]} ({len(empty)} such of {len(classes)})."]
    if labels and not classes and len(vectors) > 1 and not np.ptp(vectors, 0).any():
        return ["All labels are the same."]
    return []


def _remarks(files: Files, names: list[str], good: list[_Seen]) -> list[str]:
    told = []
    twins = [n for n in Counter(one.digest for one in good).values() if n > 1]
    if twins:
        told.append(f"{sum(twins) - len(twins)} pictures are there several times.")
    others = [name for name in files.names if name not in set(names) and name != FILE]
    if others:
        told.append(f"{len(others)} files are no pictures, such as {others[0]}.")
    return told
