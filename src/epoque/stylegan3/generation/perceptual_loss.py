"""How far images look from a target: in the features of a network, beside the pixels.

Pixels that differ much may look alike, as the threads of a cloth do, and the other way round. A
network that knows pictures tells better. The perceptual distance LPIPS (Zhang et al. 2018, "The
unreasonable effectiveness of deep features") compares the activations of VGG-16 at five depths,
each place's brought to length 1; `measures.features`, the package's network of cartoon portraits,
is asked in the same way, all its channels weighing alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from epoque.bench.errors import DataError

from ..measures.features import PortraitNet, card, portrait_net, resize_images

if TYPE_CHECKING:
    from ..measures.official_features import VggFeatures

__all__ = ["PerceptualFeatures", "portrait_features", "vgg_features"]

SMALLEST, LARGEST = 64, 256
"""Pixels of a side that VGG is shown: its fifth depth sees a sixteenth of them."""


@dataclass(frozen=True, slots=True)
class PerceptualFeatures:
    """A network's idea of what images look like.

    Attributes:
        name: tells it from any other, its weights included.
        description: for people.
        rows: turns images [N, C, S, S], about −1 to 1, into [N, D]; the squared distance of two
            rows is how different the images look, 0 to about 1.
    """

    name: str
    description: str
    rows: Callable[[Tensor], Tensor]

    def loss(self, target: Tensor) -> Callable[[Tensor], Tensor]:
        """Return how far images look from a target [1, C, S, S], its features taken once."""
        with torch.no_grad():
            target_features = self.rows(target)
        return lambda images: (self.rows(images) - target_features).square().sum(1).mean()


def portrait_features(device: str) -> PerceptualFeatures:
    """Return what the package's network of cartoon portraits sees.

    Raises:
        DataError: if its file is damaged.
    """
    network = portrait_net(device)
    name, description = (
        f"portraits {card()['sha256']}",
        "the package's network of cartoon portraits",
    )
    return PerceptualFeatures(name, description, lambda images: _unit_activations(network, images))


def vgg_features(vgg: "VggFeatures") -> PerceptualFeatures:
    """Return the perceptual distance LPIPS on a VGG network.

    Images larger than 256 pixels are made as small, in which the paper's weights were found; those
    below 64 are enlarged.

    Raises:
        DataError: if the network came without the weights of the distance.
    """
    if not vgg.lpips:
        message = f"{vgg.file} does not hold the weights of the perceptual distance LPIPS"
        raise DataError(f"{message}; name their file with --lpips.")

    def rows(images: Tensor) -> Tensor:
        return vgg.network.perceptual((_resize_for_vgg(images) + 1) * 127.5)

    return PerceptualFeatures(f"vgg {vgg.digest} {vgg.lpips}", vgg.name, rows)


def _resize_for_vgg(images: Tensor) -> Tensor:
    side = min(max(images.shape[2], SMALLEST), LARGEST)
    if side == images.shape[2]:
        return images
    if side == LARGEST:
        return functional.interpolate(images, (side, side), mode="area")
    return functional.interpolate(images, (side, side), mode="bilinear")


def _unit_activations(network: PortraitNet, images: Tensor) -> Tensor:
    """Return each place's activations after each layer, of length 1, the layers weighing alike."""
    x = resize_images(images)
    parts: list[Tensor] = []
    for module in network.body:
        x = module(x)
        if isinstance(module, nn.ReLU):
            unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
            parts.append((unit / (x.shape[2] * x.shape[3]) ** 0.5).flatten(1))
    rows: Tensor = torch.cat(parts, 1) / len(parts) ** 0.5
    return rows
