"""What a training sees: the images, and which of them come when.

Which images a step takes follows from the seed and from how many were seen before: nothing needs to
be remembered to go on where a training stopped.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError, RunWriteError
from epoque.bench.files import cache as store
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng
from epoque.bench.system.environment import installed_version

from ..conditioning import Conditioning
from ..config import StyleGan3Config
from ..dataset.avatars import make_avatars
from ..dataset.image_set import ImageSet
from ..images import from_uint8
from .specs import ImageShape

__all__ = ["TrainingImages", "draw_avatars", "load_images"]

KEPT = 2 * 2**30
"""Bytes of images that are kept in memory once they were read."""

LOOKED = 32
"""Pictures that are looked at at a time."""

AVATARS_SEED = 0
"""Of the portraits: the same for all runs, whatever their seed."""


def load_images(config: StyleGan3Config, progress: Progress | None = None) -> "TrainingImages":
    """Open the images of a config; portraits that are not there yet are drawn first.

    Every picture is looked at, once for the same files: a damaged one is told now and not after
    hours.

    Args:
        config: says which.
        progress: receives how far the drawing and the looking are.

    Raises:
        DataError: if one cannot be read, or they are of a size that networks cannot have.
        MissingExtraError: if portraits are to be drawn and the extra `avatars` is not
            installed.
        RunWriteError: if drawn portraits cannot be kept in the cache folder.
    """
    images, path = _open_set(config, _find_set(config, progress))
    _check_each(images, path, progress)
    return images


def check_images(config: StyleGan3Config) -> None:
    """Check that the images of a config can be used, without a look at each.

    Raises:
        DataError: if they cannot.
        MissingExtraError: if portraits are to be drawn and the extra `avatars` is not installed.
    """
    if config.data is not None:
        _open_set(config, Path(config.data))


def _open_set(config: StyleGan3Config, path: Path) -> "tuple[TrainingImages, Path]":
    image_set = ImageSet(
        path, labels=config.cond, mirror=config.mirror, limit=config.max_images, seed=config.seed
    )
    size = image_set.resolution
    if size & (size - 1) or size < 16:
        wrong = f"{path} holds images of {size}×{size} pixels; a power of two from 16 is needed"
        raise DataError(f"{wrong}; `epoque stylegan3 dataset` brings them to that size.")
    if config.cond and not image_set.label_dim:
        raise DataError(f"{path} has no labels; cond needs some.")
    return TrainingImages(image_set, config.seed), path


def _find_set(config: StyleGan3Config, progress: Progress | None) -> Path:
    if config.data is not None:
        return Path(config.data)
    return draw_avatars(config.avatars, config.resolution, progress)


def _check_each(images: "TrainingImages", path: Path, progress: Progress | None) -> None:
    """Look at every picture unless these files were found good before.

    Raises:
        DataError: naming the first that is damaged or unlike the others.
    """
    stat = path.stat()
    files = {"path": str(path.resolve()), "size": stat.st_size, "time": stat.st_mtime_ns}

    def look(_to: Path | None = None) -> None:
        images.check_all(progress)

    try:
        store.build_once("checked", store.cache_key(set=images.fingerprint, **files), look)
    except RunWriteError:  # a cache folder that cannot be written: it is only not remembered
        look()
    except DataError as error:
        wrong = str(error).rstrip(".")
        raise DataError(f"{wrong}; `epoque stylegan3 dataset check {path}` tells all.") from None


def draw_avatars(count: int, size: int, progress: Progress | None = None) -> Path:
    """Return a zip of drawn portraits from the cache folder, drawn now if it is not there yet.

    Args:
        count: how many.
        size: pixels of a side.
        progress: told how many are drawn, and of how many.
    """
    versions = (installed_version(name) or "0" for name in ("epoque", "python-avatars"))
    name = f"avatars-{count}-{size}-{'-'.join(versions)}"

    def make(to: Path) -> None:
        make_avatars(to / f"{name}.zip", count, size, AVATARS_SEED, progress=progress)

    return store.build_once("datasets", name, make) / f"{name}.zip"


class TrainingImages:
    """A set of images in an endless order.

    Attributes:
        name: of the set.
        shape: of each image.
        conditioning: what its labels mean, and how often each is there.
        fingerprint: tells the set from others.
        remarks: sentences on what is unusual about the set.
    """

    def __init__(self, images: ImageSet, seed: int) -> None:
        self.name = images.name
        self.shape = ImageShape(images.resolution, images.channels, images.label_dim)
        self.conditioning = Conditioning.from_labels(images.labels, images.label_names)
        self.remarks = images.remarks
        self._images, self._seed = images, seed
        self.fingerprint = _fingerprint(images)
        single = (images.channels, images.resolution, images.resolution)
        keep = len(images) * int(np.prod(single)) <= KEPT
        self._known = np.zeros(len(images) if keep else 0, bool)
        self._kept = np.empty((len(self._known), *single), np.uint8)

    def __len__(self) -> int:
        return len(self._images)

    def rows(self, images_seen: int, count: int) -> NDArray[np.int64]:
        """Return which images come next after so many; each comes once before any comes again."""
        epochs = range(images_seen // len(self), (images_seen + count - 1) // len(self) + 1)
        order = np.concatenate([_epoch_order(len(self), self._seed, epoch) for epoch in epochs])
        start = images_seen - epochs[0] * len(self)
        return order[start : start + count]

    def sample_rows(self, count: int, rng: torch.Generator) -> NDArray[np.int64]:
        """Return images drawn at random, for their labels."""
        return torch.randint(len(self), (count,), generator=rng).numpy()

    def levels(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return images, [N, C, H, W], 0 to 255.

        Raises:
            DataError: if one is damaged or of another size than the first.
        """
        if not len(self._known):
            return np.stack(_decode(self._images, rows))
        new = rows[~self._known[rows]]
        if len(new):
            self._kept[new] = np.stack(_decode(self._images, new))
            self._known[new] = True
        return self._kept[rows]

    def check_all(self, progress: Progress | None = None) -> None:
        """Read every picture once.

        Args:
            progress: told how many were read, and of how many.

        Raises:
            DataError: naming the first that is damaged or unlike the others.
        """
        whole = len(self._images.names)
        for first in range(0, whole, LOOKED):
            last = min(first + LOOKED, whole)
            self.levels(np.arange(first, last))
            if progress is not None:
                progress(last, whole, "checking pictures")

    def pixels(self, rows: NDArray[np.int64], device: torch.device) -> Tensor:
        """Return images for a network, [N, C, H, W], −1 to 1."""
        return from_uint8(torch.from_numpy(self.levels(rows)).to(device))

    def labels(self, rows: NDArray[np.int64], device: torch.device) -> Tensor:
        """Return the labels of images, [N, labels]."""
        labels = self._images.labels.vectors(rows % len(self._images.labels))
        return torch.from_numpy(labels).to(device)


def _decode(images: ImageSet, rows: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Read images; decoding them lets other threads compute."""
    if images.resolution < 128 or len(rows) < 4:
        return [images.image(int(row)) for row in rows]
    with ThreadPoolExecutor(min(len(rows), os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda row: images.image(int(row)), rows))


@lru_cache(maxsize=4)
def _epoch_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return numpy_rng(seed, f"order of the images in epoch {epoch}").permutation(count)


def _fingerprint(images: ImageSet) -> str:
    """Return a digest of what tells the pictures and labels from others, without reading them."""
    digest = sha256(f"{len(images)} {images.channels}\n".encode())
    for name, stamp in zip(images.names, images.stamps(), strict=True):
        digest.update(f"{name} {stamp}\n".encode(errors="surrogateescape"))
    digest.update(f"{images.label_dim}\n".encode())
    digest.update(np.ascontiguousarray(images.labels.values).tobytes())
    return digest.hexdigest()
