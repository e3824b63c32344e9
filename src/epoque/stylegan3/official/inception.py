"""The Inception network of FID, KID and IS: Inception-v3 of December 2015, written from its paper.

Szegedy et al. 2016, "Rethinking the Inception architecture", in the form whose weights the measures
use (Heusel et al. 2017): no auxiliary classifier, 1008 classes, the averages that blocks pool with
leave out what is beyond the edge, and the last block pools with maxima. Images are resized to 299
pixels as TensorFlow 1 did it: bilinear, pixel 0 on pixel 0, no smoothing before making smaller.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .weight_matching import Layer

__all__ = ["CLASSES", "INPUT", "WIDTH", "Inception"]

INPUT, WIDTH, CLASSES = 299, 2048, 1008

Pair = tuple[int, int]


class _Conv(nn.Module):
    """A convolution, a normalisation, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | Pair, stride: int = 1, padding: bool = True
    ) -> None:
        super().__init__()
        high, wide = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        pad = (high // 2, wide // 2) if padding else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, (high, wide), stride, pad, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn(self.conv(x))
        return y.relu()


def _average_pool(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _halve(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, 2)


class _A(nn.Module):
    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = _Conv(inputs, 48, 1), _Conv(48, 64, 5)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64, 1), _Conv(64, 96, 3)
        self.branch3x3dbl_3 = _Conv(96, 96, 3)
        self.branch_pool = _Conv(inputs, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, twice, self.branch_pool(_average_pool(x))], 1)


class _B(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = _Conv(inputs, 384, 3, 2, padding=False)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64, 1), _Conv(64, 96, 3)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, 2, padding=False)

    def forward(self, x: Tensor) -> Tensor:
        twice = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), twice, _halve(x)], 1)


class _C(nn.Module):
    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 192, 1)
        self.branch7x7_1 = _Conv(inputs, inner, 1)
        self.branch7x7_2 = _Conv(inner, inner, (1, 7))
        self.branch7x7_3 = _Conv(inner, 192, (7, 1))
        self.branch7x7dbl_1 = _Conv(inputs, inner, 1)
        self.branch7x7dbl_2 = _Conv(inner, inner, (7, 1))
        self.branch7x7dbl_3 = _Conv(inner, inner, (1, 7))
        self.branch7x7dbl_4 = _Conv(inner, inner, (7, 1))
        self.branch7x7dbl_5 = _Conv(inner, 192, (1, 7))
        self.branch_pool = _Conv(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), seven, twice, self.branch_pool(_average_pool(x))], 1)


class _D(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = _Conv(inputs, 192, 1)
        self.branch3x3_2 = _Conv(192, 320, 3, 2, padding=False)
        self.branch7x7x3_1 = _Conv(inputs, 192, 1)
        self.branch7x7x3_2 = _Conv(192, 192, (1, 7))
        self.branch7x7x3_3 = _Conv(192, 192, (7, 1))
        self.branch7x7x3_4 = _Conv(192, 192, 3, 2, padding=False)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        three = self.branch3x3_2(self.branch3x3_1(x))
        return torch.cat([three, self.branch7x7x3_4(seven), _halve(x)], 1)


class _E(nn.Module):
    def __init__(self, inputs: int, *, last: bool) -> None:
        super().__init__()
        self._last = last
        self.branch1x1 = _Conv(inputs, 320, 1)
        self.branch3x3_1 = _Conv(inputs, 384, 1)
        self.branch3x3_2a, self.branch3x3_2b = _Conv(384, 384, (1, 3)), _Conv(384, 384, (3, 1))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 448, 1), _Conv(448, 384, 3)
        self.branch3x3dbl_3a = _Conv(384, 384, (1, 3))
        self.branch3x3dbl_3b = _Conv(384, 384, (3, 1))
        self.branch_pool = _Conv(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        three, twice = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = functional.max_pool2d(x, 3, 1, 1) if self._last else _average_pool(x)
        parts = [
            self.branch1x1(x),
            *(self.branch3x3_2a(three), self.branch3x3_2b(three)),
            *(self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice)),
            self.branch_pool(pooled),
        ]
        return torch.cat(parts, 1)


class Inception(nn.Module):
    """The network; its modules have the names that files of its weights usually have."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, 3, 2, padding=False)
        self.Conv2d_2a_3x3 = _Conv(32, 32, 3, padding=False)
        self.Conv2d_2b_3x3 = _Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = _Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = _Conv(80, 192, 3, padding=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _A(192, 32), _A(256, 64), _A(288, 64)
        self.Mixed_6a, self.Mixed_6b = _B(288), _C(768, 128)
        self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = _C(768, 160), _C(768, 160), _C(768, 192)
        self.Mixed_7a = _D(768)
        self.Mixed_7b, self.Mixed_7c = _E(1280, last=False), _E(2048, last=True)
        self.fc = nn.Linear(WIDTH, CLASSES)

    def layers(self) -> list[Layer]:
        """Return the names of its layers' tensors, in the order of the network."""
        layers = []
        for name, module in self.named_modules():
            if isinstance(module, _Conv):
                roles = {"bias": "bias", "gain": "weight", "mean": "running_mean",
                         "var": "running_var"}  # fmt: skip
                vectors = {role: f"{name}.bn.{own}" for role, own in roles.items()}
                layers.append(Layer(f"{name}.conv.weight", vectors))
        return [*layers, Layer("fc.weight", {"bias": "fc.bias"})]

    def features(self, levels: Tensor) -> Tensor:
        """Return what FID and KID compare, [N, 2048].

        Args:
            levels: [N, 1 or 3, H, W], 0 to 255.
        """
        x = levels.float().expand(-1, 3, -1, -1)
        x = (_resize(x, INPUT) - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = _halve(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_halve(x))))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        x = self.Mixed_7a(self.Mixed_6e(self.Mixed_6d(x)))
        x = self.Mixed_7c(self.Mixed_7b(x))
        features: Tensor = x.mean((2, 3))
        return features

    def forward(self, levels: Tensor) -> Tensor:
        """Return the classes' probabilities, [N, 1008], as IS takes them: without the biases."""
        return functional.linear(self.features(levels), self.fc.weight).softmax(1)


def _resize(x: Tensor, size: int) -> Tensor:
    """Return images of another size, bilinear as in TensorFlow 1."""
    for dim in (2, 3):
        length = x.shape[dim]
        place = torch.arange(size, device=x.device) * (length / size)
        low = place.floor().long()
        share = (place - low).view(-1, *(1,) * (3 - dim))
        high = (low + 1).clamp(max=length - 1)
        x = x.index_select(dim, low) * (1 - share) + x.index_select(dim, high) * share
    return x
