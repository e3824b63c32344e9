"""Where the images that are measured come from: a network's seeds, or a folder or zip."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from epoque.bench.errors import UsageError
from epoque.bench.files import cache as store

from ..conditioning import Label
from ..dataset.image_set import ImageSet
from ..generation.synthesis import deterministic_mode, label_rngs, sample_labels
from ..images import to_uint8
from ..latents import LAST_SEED, sample_latents
from ..loading import LoadedGenerator
from ..memory import check_memory

__all__ = ["ImageSource", "NetworkImages", "SetImages", "network_digest"]


class ImageSource(Protocol):
    """Numbered images of one size."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def size(self) -> int:
        """Pixels of a side."""

    @property
    def key(self) -> Mapping[str, Any]:
        """JSON that tells the images from any others, whatever their count."""

    def levels(self, numbers: range) -> Tensor:
        """Return images, uint8 [N, C, S, S], 0 to 255."""


@dataclass(frozen=True, slots=True)
class NetworkImages:
    """A network's images of the seeds `first`, `first` + 1, …

    They are made in batches: the last bits of a number may depend on the images beside it, and one
    level of a pixel in a great many.

    Attributes:
        network: the network.
        count: how many images.
        first: the first seed.
        psi: truncation.
        label: the class or another label; what is not told is drawn for each image.
    """

    network: LoadedGenerator
    count: int
    first: int = 0
    psi: float = 1.0
    label: Label | None = None

    def __post_init__(self) -> None:
        if self.first < 0 or self.first + self.count - 1 > LAST_SEED:
            last = self.first + self.count - 1
            raise UsageError(f"Seeds {self.first} to {last} are out of range: 0 to {LAST_SEED}.")
        self.network.generator.labels.parse(self.label)

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.name

    @property
    def size(self) -> int:
        """Pixels of a side."""
        return self.network.generator.spec.img_resolution

    @property
    def key(self) -> Mapping[str, Any]:
        """What the images follow from."""
        key = {"network": network_digest(self.network), "first": self.first, "psi": self.psi}
        label = self.network.generator.labels.key(self.label)
        return {**key, "label": label, "device": self.network.device.type}

    @torch.no_grad()
    def levels(self, numbers: range) -> Tensor:
        """Make images.

        Raises:
            UsageError: if the memory is too small for so many at a time.
        """
        check_memory(self.network.generator, self.network.device, images=len(numbers))
        seeds = [self.first + number for number in numbers]
        generator = self.network.generator
        z = torch.from_numpy(sample_latents(seeds, generator.spec.z_dim)).to(self.network.device)
        labels = sample_labels(generator, self.label, label_rngs(generator, seeds))
        with deterministic_mode():
            images = generator(z, labels, psi=self.psi)
        return torch.from_numpy(to_uint8(images).transpose(0, 3, 1, 2))


class SetImages:
    """The images of a folder or zip.

    Attributes:
        path: of the folder or zip.
        name: of the set.
        count: how many are used.
        size: pixels of a side.
        remarks: sentences on what is left out.
    """

    def __init__(
        self, path: Path, *, limit: int | None = None, mirror: bool = False, seed: int = 0
    ) -> None:
        """Open a set.

        Args:
            path: of the folder or zip.
            limit: how many pictures to use, chosen with the seed; None for all.
            mirror: whether each picture's mirror image is used too.
            seed: chooses them.

        Raises:
            DataError: if it cannot be read.
        """
        self._images = ImageSet(path, labels=False, limit=limit, mirror=mirror, seed=seed)
        self._identity: dict[str, Any] = {"set": content_digest(path), "mirror": mirror}
        if limit is not None:
            self._identity |= {"limit": limit, "seed": seed}
        self.path, self.name, self.remarks = path, self._images.name, self._images.remarks
        self.count, self.size = len(self._images), self._images.resolution

    @property
    def key(self) -> Mapping[str, Any]:
        """The content, and which of it is used."""
        return self._identity

    def levels(self, numbers: range) -> Tensor:
        """Read images.

        Raises:
            DataError: naming a picture that is damaged or of another size.
        """
        return torch.from_numpy(np.stack([self._images.image(i) for i in numbers]))


def content_digest(path: Path) -> str:
    """Return what tells a zip's or folder's content from any other."""
    if path.is_file():
        return store.file_digest(path)
    digested = sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        stat = file.stat()
        line = f"{file.relative_to(path).as_posix()} {stat.st_size} {stat.st_mtime_ns}\n"
        digested.update(line.encode(errors="surrogateescape"))
    return digested.hexdigest()


def network_digest(network: LoadedGenerator) -> str:
    """Return what tells a network from any other: the SHA-256 of its weights."""
    digested = sha256()
    for name, value in network.generator.state_dict().items():
        digested.update(name.encode())
        digested.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digested.hexdigest()
