"""VGG-16 for precision and recall, and the perceptual distance LPIPS on it, for path length.

Simonyan and Zisserman 2015; Zhang et al. 2018, "The unreasonable effectiveness of deep features".
"""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .weight_matching import Layer

__all__ = ["INPUT", "LPIPS", "WIDTH", "Vgg", "lpips_weights"]

INPUT, WIDTH = 224, 4096
LPIPS = (64, 128, 256, 512, 512)
"""Channels of the five activations that LPIPS compares."""

_STAGES = (2, 2, 3, 3, 3)


class Vgg(nn.Module):
    """The network; its modules have the names that files of its weights usually have."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for count, channels in zip(_STAGES, LPIPS, strict=True):
            for _ in range(count):
                layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
                before = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        dense = [nn.Linear(512 * 7 * 7, WIDTH), nn.ReLU(), nn.Dropout(), nn.Linear(WIDTH, WIDTH)]
        self.classifier = nn.Sequential(*dense, nn.ReLU())
        options = {"persistent": False}
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("mean", mean.view(3, 1, 1), **options)
        self.register_buffer("std", std.view(3, 1, 1), **options)
        for channels, number in zip(LPIPS, range(5), strict=True):
            self.register_buffer(f"lin{number}", torch.zeros(channels), **options)

    def layers(self) -> list[Layer]:
        """Return the names of its layers' tensors, in order."""
        kinds = (nn.Conv2d, nn.Linear)
        names = [name for name, module in self.named_modules() if isinstance(module, kinds)]
        return [Layer(f"{name}.weight", {"bias": f"{name}.bias"}) for name in names]

    def _normal(self, levels: Tensor) -> Tensor:
        x: Tensor = (levels.float().expand(-1, 3, -1, -1) / 255 - self.mean) / self.std
        return x

    def forward(self, levels: Tensor) -> Tensor:
        """Return the second dense layer, [N, 4096], that precision and recall compare.

        Args:
            levels: [N, 1 or 3, H, W], 0 to 255; resized to 224 pixels.
        """
        size = (INPUT, INPUT)
        x = functional.interpolate(
            self._normal(levels), size, mode="bilinear", antialias=levels.shape[2] > INPUT
        )
        features: Tensor = self.classifier(self.features(x).flatten(1))
        return features

    def perceptual(self, levels: Tensor) -> Tensor:
        """Return rows whose squared distance is the perceptual distance, [N, …].

        Args:
            levels: [N, 1 or 3, H, W], 0 to 255, of the size they have.
        """
        x = self._normal(levels)
        parts: list[Tensor] = []
        for module in self.features:
            if isinstance(module, nn.MaxPool2d):
                weight = getattr(self, f"lin{len(parts)}").clamp(min=0).sqrt()
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
                area = x.shape[2] * x.shape[3]
                parts.append((unit * weight[:, None, None] / area**0.5).flatten(1))
            x = module(x)
        return torch.cat(parts, 1)


def lpips_weights(arrays: Mapping[str, NDArray[Any]]) -> list[Tensor] | None:
    """Return LPIPS's five vectors of weights if a file holds them, recognised by their lengths.

    They are the only vectors that belong to no layer: of 64, 128, 256, 512 and 512 numbers, in this
    order, with a name that tells them from a layer's bias.
    """
    candidates = [
        of for name, of in arrays.items() if "lin" in name.lower() or "lpips" in name.lower()
    ]
    vectors = [of for of in candidates if of.size in LPIPS and max(of.shape) == of.size]
    if tuple(of.size for of in vectors) != LPIPS:
        return None
    return [torch.from_numpy(of.reshape(-1).astype("float32")) for of in vectors]
