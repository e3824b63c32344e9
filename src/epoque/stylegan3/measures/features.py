"""A small network that knows cartoon portraits: what it sees is what images are compared by.

It was trained, by `train_features` beside it, to tell the attributes of the drawn portraits of
`dataset.portraits`, and nothing else. What it computes on the way, 64 numbers an image, stands for
the image in the portrait distances (`distances`); what it tells at the end is read by `attributes`.
It is not the Inception network: its distances are comparable with one another, never with an FID.
"""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional

from epoque.bench.errors import DataError

from ..dataset.portraits import GROUPS

__all__ = ["HEADS", "SIZE", "STEM", "WIDTH", "PortraitNet", "card", "portrait_net", "resize_images"]

SIZE = 64  # pixels of a side that the network looks at
WIDTH = 64  # numbers that stand for an image
STEM = "portrait-features"
NONE = "none"

_CHANNELS = (32, 48, 72, 96)

HEADS: dict[str, tuple[str, ...]] = {
    group: values if group != "hair colour" else (*values, NONE) for group, values in GROUPS.items()
}
"""The attributes that it tells, and the values of each; hair that is not seen has no colour."""


class PortraitNet(nn.Module):
    """Four convolutions, each on half the side of the one before, and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        before = 12
        for number, channels in enumerate(_CHANNELS):
            stride = 1 if number == 0 else 2
            conv = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
            before = channels
        side = SIZE // 2 ** len(_CHANNELS)
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.dense = nn.Linear(before * side**2, WIDTH, bias=False)
        # Without weights of its own: each of the numbers has a mean of 0 and a variance of 1 over
        # the portraits of the training, so that a distance of 1 means something.
        self.scale = nn.BatchNorm1d(WIDTH, affine=False)
        self.heads = nn.Linear(WIDTH, sum(map(len, HEADS.values())))

    def features(self, images: Tensor) -> Tensor:
        """Return what stands for images, [N, 64].

        Args:
            images: [N, 1 or 3, S, S] of any size, −1 to 1.
        """
        features: Tensor = self.scale(self.dense(self.body(resize_images(images))))
        return features

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the logits of each attribute's values, [N, values], for images as above."""
        logits: Tensor = self.heads(self.features(images).relu())
        parts = torch.split(logits, [len(values) for values in HEADS.values()], 1)
        return dict(zip(HEADS, parts, strict=True))


def resize_images(images: Tensor) -> Tensor:
    """Return images in three colours and of the size that the network looks at."""
    images = images.float()
    if images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    if images.shape[2:] == (SIZE, SIZE):
        return images
    return functional.interpolate(images, (SIZE, SIZE), mode="bilinear", antialias=True)


@dataclass(frozen=True, slots=True)
class _Files:
    weights: bytes
    card: dict[str, Any]


@cache
def _files() -> _Files:
    folder = files("epoque.stylegan3") / "data"
    description: dict[str, Any] = json.loads((folder / f"{STEM}.json").read_bytes())
    data = (folder / f"{STEM}.safetensors").read_bytes()
    if sha256(data).hexdigest() != description["sha256"]:
        raise DataError(f"{STEM}.safetensors in the package is damaged; install it anew.")
    return _Files(data, description)


def card() -> dict[str, Any]:
    """Return what people shall know of the network: data, seed, accuracy on held-out portraits."""
    return dict(_files().card)


@cache
def portrait_net(device: str = "cpu") -> PortraitNet:
    """Return the network of the package, for use and not for training.

    Raises:
        DataError: if its file is damaged.
    """
    network = PortraitNet()
    try:
        network.load_state_dict(load(_files().weights))
    except (SafetensorError, RuntimeError):
        raise DataError(f"{STEM}.safetensors in the package is of another version.") from None
    return network.to(device).eval().requires_grad_(False)
