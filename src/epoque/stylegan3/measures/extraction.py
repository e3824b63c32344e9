"""What stands for each image, computed once and kept in the cache folder.

The features of images lie under a key of what they follow from, the images' content and the
network's weights, in files of a few hundred images: what was interrupted goes on, and a second
measure of the same images takes seconds.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.files import cache as store
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.progress import Progress

from ..npz import read_npz, write_npz
from .image_sources import ImageSource

__all__ = ["Detector", "Progress", "extract_features"]

PART = 480  # images of a file
PATIENCE = 20.0  # seconds of work that an interruption may cost


class Detector(Protocol):
    """What makes the numbers that stand for an image."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def key(self) -> Mapping[str, Any]:
        """JSON that tells it from any other."""

    def __call__(self, levels: Tensor, numbers: range) -> NDArray[Any]:
        """Return what stands for images, [N, D].

        Args:
            levels: uint8 [N, C, S, S], 0 to 255.
            numbers: of the images in their source.
        """


def extract_features(
    source: ImageSource,
    detectors: Sequence[Detector],
    *,
    batch: int = 16,
    progress: Progress | None = None,
) -> list[NDArray[Any]]:
    """Return what stands for a source's images, [count, D] of each detector.

    Each image is made or read once for all detectors, and not at all if all is known.

    Args:
        source: of the images.
        detectors: which.
        batch: images at a time.
        progress: told how many images are done, of how many.
    """
    caches = [_FeatureCache(source, detector) for detector in detectors]
    features: list[list[NDArray[Any]]] = [[] for _ in detectors]
    for first in range(0, source.count, PART):
        rows = range(first, min(first + PART, source.count))
        part = _extract_part(source, caches, rows, batch, progress)
        for parts, more in zip(features, part, strict=True):
            parts.append(more)
    return [np.concatenate(parts) for parts in features]


def _extract_part(
    source: ImageSource,
    caches: list["_FeatureCache"],
    rows: range,
    batch: int,
    progress: Progress | None,
) -> list[NDArray[Any]]:
    """Return the features of some images, computing those that are missing."""
    features = [one.read(rows) for one in caches]
    there = min(0 if of is None else len(of) for of in features)
    start, last_write = there, time.monotonic()
    while start < len(rows):
        start -= start % batch  # a batch is made of the same images as in an uninterrupted run
        numbers = rows[start : start + batch]
        levels = source.levels(numbers)
        for i, one in enumerate(caches):
            before = features[i]
            if before is None or len(before) < start + len(numbers):
                new = one.detector(levels, numbers)
                features[i] = new if before is None else np.concatenate((before[:start], new))
        start += len(numbers)
        if progress is not None:
            progress(rows.start + start, source.count)
        if start == len(rows) or time.monotonic() - last_write > PATIENCE:
            for one, of in zip(caches, features, strict=True):
                one.write(rows, of)
            last_write = time.monotonic()
    if progress is not None and there == len(rows):
        progress(rows.stop, source.count)
    return [of[: len(rows)] for of in features if of is not None]


class _FeatureCache:
    """The files of one detector's features of one source."""

    def __init__(self, source: ImageSource, detector: Detector) -> None:
        self.detector = detector
        key = store.cache_key(images=dict(source.key), features=dict(detector.key))
        self._folder = store.cache_folder() / "features" / key

    def _path(self, rows: range) -> Path:
        return self._folder / f"part-{rows.start // PART:06d}.npz"

    def read(self, rows: range) -> NDArray[Any] | None:
        """Return what is known of the beginning of some images, which may be more than asked."""
        path = self._path(rows)
        if not path.is_file():
            return None
        try:
            return read_npz(path, ("features",), "no features")["features"]
        except DataError:
            return None  # it is made again

    def write(self, rows: range, features: NDArray[Any] | None) -> None:
        """Keep what is known."""
        assert features is not None
        with explain_write_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        write_npz(self._path(rows), {"features": features})
