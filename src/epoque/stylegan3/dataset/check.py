"""What is wrong with a set of images, all of it."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from epoque.bench.errors import DataError
from epoque.bench.progress import Progress, no_progress

from .files import Files, open_files
from .labels import Labels, LabelTable, build_table, read_labels, spare_labels, unused_classes
from .preprocess import PictureError, decode, is_picture
from .sources import describe_left_out

__all__ = ["DatasetReport", "check_dataset"]

SHOWN = 3
SMALLEST = 16
"""Pixels of a side of the smallest pictures that are trained on."""


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What a set of images is, and what is wrong with it.

    Attributes:
        count: pictures that can be read.
        width, height: pixels of the sides of most of them; 0 if there are none.
        sizes: how many sizes there are.
        resolution: pixels of a side; 0 if most are not square.
        channels: 3 for colour, 1 for grey.
        label_dim: length of a label; 0 without labels.
        classes: pictures of each class, if the labels are classes.
        bytes: of all files.
        problems: sentences on what keeps it from being used.
        remarks: sentences on what is unusual, but can be used.
    """

    count: int
    width: int
    height: int
    sizes: int
    resolution: int
    channels: int
    label_dim: int
    classes: tuple[int, ...]
    bytes: int
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _FileInfo:
    name: str
    digest: bytes
    size: int
    shape: tuple[int, int, int] | None
    bad: str = ""


def check_dataset(path: Path, progress: Progress | None = None) -> DatasetReport:
    """Look at every picture and label of a zip or folder.

    Args:
        path: where it is.
        progress: told how many pictures are done, and of how many.

    Raises:
        DataError: if it is no zip or folder, or a zip that plays tricks with paths.
    """
    files = open_files(path)
    names = [name for name in files.names if is_picture(name)]
    infos = list(_inspect_files(files, names, progress or no_progress))
    good = [one for one in infos if one.shape]
    problems = [*_describe_bad(infos), *_shapes(good)]
    if not names:
        problems.append("There are no pictures.")
    table, label_problems, odd = _labels(files, names)
    shapes = Counter(one.shape for one in good if one.shape)
    channels, height, width = shapes.most_common(1)[0][0] if shapes else (0, 0, 0)
    counts = table.counts()
    return DatasetReport(
        len(good),
        width,
        height,
        len({shape[1:] for shape in shapes}),
        width if width == height else 0,
        channels,
        table.size,
        () if counts is None else tuple(counts.tolist()),
        sum(one.size for one in infos),
        tuple(problems + label_problems),
        tuple(odd + _remarks(files, good)),
    )


def _inspect_files(files: Files, names: list[str], progress: Progress) -> Iterator[_FileInfo]:
    def look(name: str) -> _FileInfo:
        try:
            data = files.read(name)
        except DataError as error:
            return _FileInfo(name, b"", 0, None, str(error).rstrip("."))
        try:
            image = decode(data)
        except PictureError as error:
            return _FileInfo(name, b"", len(data), None, f"{name} {error}")
        shape = (len(image.getbands()), image.height, image.width)
        return _FileInfo(name, sha256(image.tobytes()).digest(), len(data), shape)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, one in enumerate(pool.map(look, names)):
            progress(number + 1, len(names))
            yield one


def _describe_bad(infos: list[_FileInfo]) -> list[str]:
    bad = [one.bad for one in infos if one.bad]
    return [f"{reason}." for reason in bad[:SHOWN]] + _truncate_list(bad, "cannot be read")


def _truncate_list(items: list[Any], what: str) -> list[str]:
    return [f"{len(items) - SHOWN} more pictures {what}."] if len(items) > SHOWN else []


def _shapes(good: list[_FileInfo]) -> list[str]:
    """Tell which pictures are not like most, and whether most are as they should be."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for one in good:
        groups[one.shape].append(one.name)
    if not groups:
        return []
    usual = max(groups, key=lambda shape: len(groups[shape]))
    problems = []
    for shape, names in groups.items():
        if shape != usual:
            which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
            problems.append(
                f"Of another size or colour than most: {which} ({_format_shape(shape)})."
            )
    if usual[1] != usual[2]:
        problems.append(f"The pictures are {_format_shape(usual)}, not square.")
    elif usual[1] & (usual[1] - 1) or usual[1] < SMALLEST:
        problems.append(
            f"The pictures are {_format_shape(usual)}; the side must be a power of two from 16."
        )
    return problems


def _format_shape(shape: tuple[int, int, int]) -> str:
    return f"{shape[2]}×{shape[1]} in {'grey' if shape[0] == 1 else 'colour'}"


def _labels(files: Files, names: list[str]) -> tuple[LabelTable, list[str], list[str]]:
    """Return the labels, what is wrong with them, and what is unusual."""
    try:
        labels = read_labels(files)
        table = build_table(labels, names, str(files.path))
    except DataError as error:
        return build_table(None, names, ""), [str(error)], []
    return (
        table,
        [],
        [
            *spare_labels(labels, names),
            *unused_classes(table.counts()),
            *_is_constant(labels, table),
        ],
    )


def _is_constant(labels: Labels | None, table: LabelTable) -> list[str]:
    vectors = bool(labels) and table.classes is None and len(table) > 1
    return ["All labels are the same."] if vectors and not np.ptp(table.values, 0).any() else []


def _remarks(files: Files, good: list[_FileInfo]) -> list[str]:
    remarks = []
    twins = [n for n in Counter(one.digest for one in good).values() if n > 1]
    if twins:
        remarks.append(f"{sum(twins) - len(twins)} pictures are there several times.")
    return remarks + describe_left_out(files.names)
