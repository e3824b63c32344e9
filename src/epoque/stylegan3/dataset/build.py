"""Making a set of images in the official format: a zip, or a folder.

Pictures are numbered in their source's order: 00000/img00000000.png, a folder for every thousand,
PNG without compression, dataset.json at the end. The same source gives the same bytes.
"""

import os
import shutil
import zipfile
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from epoque.bench.errors import ConfigError, DataError, UsageError
from epoque.bench.files.atomic import draft_path, explain_write_errors
from epoque.bench.files.drafts import remove_abandoned
from epoque.bench.limits import MAX_ZIP_ENTRIES
from epoque.bench.progress import Progress, no_progress

from .labels import FILE, Label, check_alike, encode_labels, unused_classes
from .preprocess import (
    CropOptions,
    PictureError,
    crop_and_scale,
    decode,
    encode_png,
    parse_background,
)
from .sources import DatasetSource, SourceImage

__all__ = ["BuildOptions", "BuildReport", "Progress", "build_dataset", "file_name", "open_writer"]

SMALLEST, LARGEST = 4, 8192


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What is done with each picture.

    Attributes:
        shape: how it is brought to size.
        background: a colour's name or #rrggbb, seen through transparent pixels.
        channels: 1 makes all grey, 3 all colour; None keeps what the first one is.
        limit: how many pictures to take; None for all.
        skip_bad: whether to pass over pictures that cannot be used, instead of stopping.
    """

    shape: CropOptions = field(default_factory=CropOptions)
    background: str = "white"
    channels: int | None = None
    limit: int | None = None
    skip_bad: bool = False


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What was made.

    Attributes:
        path: the zip or folder.
        count: pictures in it.
        skipped: pictures that could not be used, each with the reason.
        resolution: pixels of a side.
        channels: 3 for colour, 1 for grey.
        has_labels: whether it has labels.
        remarks: sentences on what was left out, and what is unusual about the labels.
    """

    path: Path
    count: int
    skipped: tuple[str, ...]
    resolution: int
    channels: int
    has_labels: bool
    remarks: tuple[str, ...] = ()


class _PreparedImage(NamedTuple):
    """A picture that is ready, or the reason why it is not."""

    name: str
    label: Label | None
    png: bytes = b""
    size: tuple[int, int] = (0, 0)
    mode: str = ""
    bad: str = ""


def build_dataset(
    source: DatasetSource,
    path: Path,
    rules: BuildOptions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Make a set of images, whole or not at all.

    Args:
        source: where the pictures come from.
        path: the new zip, if it ends in .zip, else folder.
        rules: what is done with each picture.
        progress: told how far it is.

    Raises:
        UsageError: if the path is taken, or a rule is wrong.
        DataError: if a picture cannot be used, named, or if pictures are of different sizes.
        RunWriteError: if the system refuses.
    """
    rules = rules or BuildOptions()
    _check_options(rules)
    whole = min(source.count, rules.limit or source.count)
    if path.suffix.lower() == ".zip" and whole >= MAX_ZIP_ENTRIES:
        message = f"{path}: a zip of {whole:,} pictures could not be read"
        raise UsageError(f"{message}; name a folder, without .zip.")
    job = _Preparation(rules, progress or no_progress, whole)
    with open_writer(path) as out:
        for number, image in enumerate(job.pictures(source)):
            name = file_name(number)
            out.put(name, image.png)
            job.rows.append((name, image.label))
            if image.label is not None:
                job.labels.append((image.name, image.label))
        if not job.rows:
            raise DataError(f"None of the {whole} pictures can be used: {job.skipped[0]}.")
        check_alike(job.labels, FILE)
        out.put(FILE, encode_labels(job.rows, source.label_names))
    has_labels = all(label is not None for _, label in job.rows)
    channels = 3 if job.mode == "RGB" else 1
    remarks = (*source.remarks, *unused_classes(_count_classes(job.rows, source.label_names)))
    return BuildReport(
        path, len(job.rows), tuple(job.skipped), job.size[0], channels, has_labels, remarks
    )


def _count_classes(
    rows: list[tuple[str, Label | None]], names: Sequence[str]
) -> NDArray[np.int64] | None:
    """Return the pictures of each class, or None where labels are no classes."""
    classes = [label for _, label in rows if isinstance(label, int)]
    whole = len(classes) == len(rows)
    return np.bincount(classes, minlength=len(names)) if whole else None


def file_name(number: int) -> str:
    """Return the name of a picture in a set, with the folder for its thousand."""
    return f"{number // 1000:05d}/img{number:08d}.png"


def _check_options(rules: BuildOptions) -> None:
    parse_background(rules.background)
    if rules.channels not in (None, 1, 3):
        raise ConfigError.of("channels", f"{rules.channels} is not allowed; it takes 1 or 3.")
    if rules.limit is not None and rules.limit < 1:
        raise ConfigError.of("limit", f"{rules.limit} is not allowed; it takes 1 or more.")
    size, transform = rules.shape.size, rules.shape.transform
    if size is None:
        if transform in ("stretch", "center-crop-wide"):
            raise UsageError(f"--transform {transform} needs a --resolution.")
        return
    refusal = f"--resolution: {size[0]}x{size[1]} is not allowed;"
    if not all(SMALLEST <= side <= LARGEST for side in size):
        raise UsageError(f"{refusal} it takes {SMALLEST} to {LARGEST}.")
    if transform == "center-crop-wide":
        if size[0] <= size[1]:
            raise UsageError(f"{refusal} center-crop-wide needs more width than height.")
    elif size[0] != size[1]:
        raise UsageError(f"{refusal} networks make squares (or use --transform center-crop-wide).")
    if not _is_power(size[0]):
        raise UsageError(f"{refusal} the side must be a power of two.")


def _is_power(side: int) -> bool:
    return side >= SMALLEST and side & (side - 1) == 0


class _Preparation:
    """One making: pictures are prepared by several threads and come out in order."""

    def __init__(self, rules: BuildOptions, progress: Progress, whole: int) -> None:
        self.rows: list[tuple[str, Label | None]] = []
        self.labels: list[tuple[str, Label]] = []
        self.skipped: list[str] = []
        self.size = (0, 0)
        self.mode = ""
        self._first = ""
        self._rules = rules
        self._background = parse_background(rules.background)
        self._progress = progress
        self._whole = whole

    def pictures(self, source: DatasetSource) -> Iterator[_PreparedImage]:
        """Yield the pictures that can be used."""
        items = islice(source.items(), self._whole)
        for number, image in enumerate(self._prepare(items)):
            bad = image.bad or self._describe_mismatch(image)
            if not bad:
                yield image
            elif self._rules.skip_bad:
                self.skipped.append(bad)
            else:
                raise DataError(f"{bad}; --skip-bad passes over such pictures.")
            self._progress(number + 1, self._whole)

    def _prepare(self, items: Iterator[SourceImage]) -> Iterator[_PreparedImage]:
        threads = os.cpu_count() or 1
        waiting: deque[Future[_PreparedImage]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for item in items:
                    waiting.append(pool.submit(self._one, item))
                    if len(waiting) > 4 * threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _one(self, item: SourceImage) -> _PreparedImage:
        """Prepare one picture; in a thread."""
        try:
            image = crop_and_scale(decode(item.read(), self._background), self._rules.shape)
            self._check_side(image)
        except (PictureError, DataError) as error:
            reason = str(error).rstrip(".")
            whole = reason if isinstance(error, DataError) else f"{item.name} {reason}"
            return _PreparedImage(item.name, item.label, bad=whole)
        if self._rules.channels:
            image = image.convert("L" if self._rules.channels == 1 else "RGB")
        return _PreparedImage(item.name, item.label, encode_png(image), image.size, image.mode)

    def _check_side(self, image: Image) -> None:
        if not _is_power(image.width) or image.width != image.height:
            message = f"is {image.width}×{image.height}; the side must be a power of two"
            raise PictureError(f"{message} (--resolution sets it)")

    def _describe_mismatch(self, image: _PreparedImage) -> str:
        """Return how a picture differs from the first that can be used, "" if it does not."""
        if not self._first:
            self._first, self.size, self.mode = image.name, image.size, image.mode
        if image.size != self.size:
            size, first = _format_size(image.size), _format_size(self.size)
            message = f"{image.name} is {size}, {self._first} before it {first}"
            return f"{message}; --resolution makes all of one size"
        if image.mode != self.mode:
            message = f"{image.name} is {_COLORS[image.mode]}, {self._first} {_COLORS[self.mode]}"
            return f"{message}; --channels 3 makes all colour, --channels 1 all grey"
        return ""


_COLORS = {"L": "grey", "RGB": "in colour"}


def _format_size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


# Writing


class Writer(ABC):
    """Takes files for a new zip or folder."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write a file."""


@contextmanager
def open_writer(path: Path) -> Iterator[Writer]:
    """Give what writes a new zip or folder; it appears when the block ends without an error.

    Args:
        path: a zip, if it ends in .zip, else a folder; it must not exist yet.

    Raises:
        UsageError: if it exists.
        RunWriteError: if the system refuses.
    """
    if path.exists():
        raise UsageError(f"{path} is there already; give another name, or delete it.")
    temporary = draft_path(path)
    with explain_write_errors(path):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent, path.name)
        try:
            if path.suffix.lower() == ".zip":
                with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as file:
                    yield _ZipWriter(file)
            else:
                temporary.mkdir()
                yield _FolderWriter(temporary)
            temporary.replace(path)
        finally:
            if temporary.is_dir():
                shutil.rmtree(temporary, ignore_errors=True)
            temporary.unlink(missing_ok=True)


class _ZipWriter(Writer):
    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def put(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name)  # of 1980: the same files make the same zip
        entry.external_attr = 0o644 << 16
        self._file.writestr(entry, data)


class _FolderWriter(Writer):
    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> None:
        file = self._path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
