"""Perceptual path length: how much an image changes, to the eye, as its style moves a little.

Karras et al. 2019, section 4.1, as the official code measures it (`ppl2_wend`): in w, at the start
of the path from one random style to another, a step of 10⁻⁴, images of at most 256 pixels, without
the outermost percent of both ends. Here every path has random numbers of its own, and both images
of a StyleGAN2 have the network's own noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from epoque.bench.errors import DataError
from epoque.bench.seeds import numpy_rng

from ..conditioning import Label
from ..generation.synthesis import deterministic_mode, sample_labels
from ..loading import LoadedGenerator
from ..memory import check_memory
from .image_sources import network_digest
from .official_features import VggFeatures

__all__ = ["PathDistance", "PathImages", "trim_outliers"]

STEP = 1e-4
LARGEST = 256  # pixels of a side that the distance is taken at


@dataclass(frozen=True, slots=True)
class PathImages:
    """Pairs of images, at the start of a path and a step further.

    Attributes:
        network: the network.
        count: how many paths.
        seed: of the random styles.
        label: the class or another label; what is not told is drawn for each path.
    """

    network: LoadedGenerator
    count: int
    seed: int = 0
    label: Label | None = None

    def __post_init__(self) -> None:
        self.network.generator.labels.parse(self.label)

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.name

    @property
    def size(self) -> int:
        """Pixels of a side."""
        return min(self.network.generator.spec.img_resolution, LARGEST)

    @property
    def key(self) -> Mapping[str, Any]:
        """What the images follow from."""
        key = {"network": network_digest(self.network), "paths": self.seed, "step": STEP}
        label = self.network.generator.labels.key(self.label)
        return {**key, "label": label, "device": self.network.device.type}

    @torch.no_grad()
    def levels(self, numbers: range) -> Tensor:
        """Make images, float [2 N, C, S, S], 0 to 255: all starts, then all ends."""
        generator, device = self.network.generator, self.network.device
        check_memory(generator, device, images=2 * len(numbers))
        draws = [numpy_rng(self.seed, f"path {number}") for number in numbers]
        ends = np.stack([rng.standard_normal((2, generator.spec.z_dim)) for rng in draws], 1)
        labels = sample_labels(generator, self.label, draws)
        with deterministic_mode():
            here, there = (generator.mapping(torch.from_numpy(z).to(device), labels) for z in ends)
            images = generator.synthesis(torch.cat((here, here.lerp(there, STEP))))
        factor = images.shape[2] // LARGEST
        images = functional.avg_pool2d(images, factor) if factor > 1 else images
        levels: Tensor = (images + 1) * 127.5
        return levels


@dataclass(frozen=True, slots=True)
class PathDistance:
    """The squared perceptual distance of a pair, divided by the step's square.

    Attributes:
        vgg: what it is taken in.
    """

    vgg: VggFeatures

    def __post_init__(self) -> None:
        if not self.vgg.lpips:
            message = f"{self.vgg.file} does not hold the weights of the perceptual distance LPIPS"
            raise DataError(f"{message}; name their file with --lpips.")

    @property
    def name(self) -> str:
        """For people."""
        return f"LPIPS on {self.vgg.name}"

    @property
    def key(self) -> Mapping[str, Any]:
        """Which weights."""
        return {"vgg": self.vgg.digest, "lpips": self.vgg.lpips}

    @torch.no_grad()
    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float64]:
        """Return the distances, [N, 1]."""
        one, other = self.vgg.network.perceptual(levels.to(self.vgg.device)).double().chunk(2)
        apart: NDArray[np.float64] = (one - other).square().sum(1, keepdim=True).cpu().numpy()
        return apart / STEP**2


def trim_outliers(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lengths without those below the first and beyond the 99th percentile."""
    low = np.percentile(lengths, 1, method="lower")
    high = np.percentile(lengths, 99, method="higher")
    return lengths[(lengths >= low) & (lengths <= high)]
