"""What stands for an image in a measure that needs no file of weights from elsewhere."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..images import from_uint8
from . import patches, shares, sharpness
from .efficientnet import EfficientNetDetector, efficientnet
from .extraction import Detector
from .features import card, portrait_net

__all__ = [
    "AttributeDetector",
    "EdgeDetector",
    "OctaveDetector",
    "PatchDetector",
    "PortraitDetector",
    "build_detectors",
]


@dataclass(frozen=True, slots=True)
class PortraitDetector:
    """The 64 features of the small network that knows portraits.

    Attributes:
        device: where it computes.
    """

    device: str = "cpu"

    @property
    def name(self) -> str:
        """For people."""
        return "portrait features"

    @property
    def key(self) -> Mapping[str, Any]:
        """Which weights."""
        return {"portrait": card()["sha256"]}

    @torch.no_grad()
    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float32]:
        """Return the features, [N, 64]."""
        images = from_uint8(levels.to(self.device))
        return portrait_net(self.device).features(images).cpu().numpy()


@dataclass(frozen=True, slots=True)
class PatchDetector:
    """Small patches at places drawn by chance, at every scale; see `patches`."""

    @property
    def name(self) -> str:
        """For people."""
        return "patches"

    @property
    def key(self) -> Mapping[str, Any]:
        """How they are drawn."""
        return {"patches": [patches.SIDE, patches.EACH, patches.SMALLEST]}

    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float16]:
        """Return the patches of all scales in one row, [N, scales · 32 · 7 · 7 · C]."""
        return patches.extract_patches(levels, numbers)


@dataclass(frozen=True, slots=True)
class OctaveDetector:
    """The power of the luminance in each octave of frequency; see `sharpness`."""

    @property
    def name(self) -> str:
        """For people."""
        return "octaves of the luminance's power spectrum"

    @property
    def key(self) -> Mapping[str, Any]:
        """How they are windowed."""
        return {"octaves": sharpness.BETA}

    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float64]:
        """Return the powers, [N, octaves]."""
        return sharpness.octave_powers(levels)


@dataclass(frozen=True, slots=True)
class EdgeDetector:
    """The mean square of the luminance's Laplacian; see `sharpness`."""

    @property
    def name(self) -> str:
        """For people."""
        return "the luminance's Laplacian"

    @property
    def key(self) -> Mapping[str, Any]:
        """Of what."""
        return {"edges": "laplacian"}

    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float64]:
        """Return the energies, [N, 1]."""
        return sharpness.edge_energies(levels)


@dataclass(frozen=True, slots=True)
class AttributeDetector:
    """The attributes that the small network sees in portraits; see `shares`.

    Attributes:
        device: where it computes.
    """

    device: str = "cpu"

    @property
    def name(self) -> str:
        """For people."""
        return "attributes, as the small network that knows portraits sees them"

    @property
    def key(self) -> Mapping[str, Any]:
        """Which weights."""
        return {"attributes": card()["sha256"]}

    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.uint8]:
        """Return which value of each attribute is seen: 0 or 1, [N, values]."""
        return shares.indicate_attributes(from_uint8(levels.to(self.device)))


def build_detectors(needs: Collection[str], device: str = "cpu") -> dict[str, Detector]:
    """Return the detectors of what measures need, those of `metrics.Metric.needs` that are here.

    Args:
        needs: such as portrait or efficientnet; what another module has is passed over.
        device: where networks compute.

    Raises:
        MissingExtraError: if EfficientNet is needed and its extra is not installed.
    """
    builders: Mapping[str, Callable[[], Detector]] = {
        "portrait": lambda: PortraitDetector(device),
        "patches": PatchDetector,
        "octaves": OctaveDetector,
        "edges": EdgeDetector,
        "attributes": lambda: AttributeDetector(device),
        "efficientnet": lambda: EfficientNetDetector(device),
    }
    if "efficientnet" in needs:
        efficientnet(device)  # what is wrong with it is told before any image is made
    return {need: build() for need, build in builders.items() if need in needs}
