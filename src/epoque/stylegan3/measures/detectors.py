"""What stands for an image in a measure: the portrait features, and patches of all scales."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import patches
from .features import card, portrait_net

__all__ = ["PatchDetector", "PortraitDetector"]


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
        images = levels.to(self.device).float() / 127.5 - 1
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
