"""Convolutions of 3 × 3 with a quarter of the multiplications, on the CPU.

Winograd's minimal filtering as Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural
Networks", put it, F(4 × 4, 3 × 3): a tile of 6 × 6 samples becomes as many others, of which each,
over all channels, is multiplied with the transformed weights in one matrix product, and 6 × 6
sums become 4 × 4 results. That is a polynomial multiplied at the points 0, 1, −1, 2, −2 and ∞.
Rounding errors are a few times those of the plain convolution.
"""

# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False

import numpy as np
import torch
from numba import njit
from torch import Tensor

from .threads import share

__all__ = ["convolved"]

_OPTIONS = {"cache": True, "nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}

_TILES = 512
"""Tiles whose transforms lie in memory at a time."""

_WEIGHTS = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    dtype=torch.float64,
)
_BOTH = torch.kron(_WEIGHTS, _WEIGHTS).float()
"""[36, 9] of both directions."""


@njit(**_OPTIONS)
def _enter(x, padding, row, rows, across, out, first, last):
    """Transform the tiles of some rows of tiles, [36, I, rows · across], of some channels."""
    height, width = x.shape[1], x.shape[2]
    length = 4 * across + 2
    lines = np.zeros((6, length + 8), np.float32)
    mixed = np.zeros((6, length + 8), np.float32)
    begin, end = padding, min(length, padding + width)
    for channel in range(first, last):
        for tile_row in range(rows):
            for k in range(6):
                y = (row + tile_row) * 4 + k - padding
                if y < 0 or y >= height:
                    for c in range(length):
                        lines[k, c] = 0
                else:
                    for c in range(end - begin):
                        lines[k, begin + c] = x[channel, y, c]
            for c in range(length):
                a, b, d = lines[0, c], lines[1, c], lines[2, c]
                e, f, g = lines[3, c], lines[4, c], lines[5, c]
                even, odd = f - 4 * d, e - 4 * b
                near, far = f - d, 2 * (e - b)
                mixed[0, c] = 4 * a - 5 * d + f
                mixed[1, c] = even + odd
                mixed[2, c] = even - odd
                mixed[3, c] = near + far
                mixed[4, c] = near - far
                mixed[5, c] = 4 * b - 5 * e + g
            at = tile_row * across
            for k in range(6):
                for t in range(across):
                    c = 4 * t
                    a, b, d = mixed[k, c], mixed[k, c + 1], mixed[k, c + 2]
                    e, f, g = mixed[k, c + 3], mixed[k, c + 4], mixed[k, c + 5]
                    even, odd = f - 4 * d, e - 4 * b
                    near, far = f - d, 2 * (e - b)
                    out[6 * k, channel, at + t] = 4 * a - 5 * d + f
                    out[6 * k + 1, channel, at + t] = even + odd
                    out[6 * k + 2, channel, at + t] = even - odd
                    out[6 * k + 3, channel, at + t] = near + far
                    out[6 * k + 4, channel, at + t] = near - far
                    out[6 * k + 5, channel, at + t] = 4 * b - 5 * e + g


@njit(**_OPTIONS)
def _leave(sums, row, rows, across, out, first, last):
    """Transform sums [36, O, rows · across] to the rows of some channels of the result."""
    height, width = out.shape[1], out.shape[2]
    mixed = np.zeros((6, 4 * across), np.float32)
    done = np.zeros((4, 4 * across), np.float32)
    for channel in range(first, last):
        for tile_row in range(rows):
            at = tile_row * across
            for k in range(6):
                for t in range(across):
                    a = sums[6 * k, channel, at + t]
                    b, d = sums[6 * k + 1, channel, at + t], sums[6 * k + 2, channel, at + t]
                    e, f = sums[6 * k + 3, channel, at + t], sums[6 * k + 4, channel, at + t]
                    near, far = b + d, e + f
                    apart, beyond = b - d, e - f
                    mixed[k, 4 * t] = a + near + far
                    mixed[k, 4 * t + 1] = apart + 2 * beyond
                    mixed[k, 4 * t + 2] = near + 4 * far
                    mixed[k, 4 * t + 3] = apart + 8 * beyond + sums[6 * k + 5, channel, at + t]
            for c in range(4 * across):
                b, d, e, f = mixed[1, c], mixed[2, c], mixed[3, c], mixed[4, c]
                near, far = b + d, e + f
                apart, beyond = b - d, e - f
                done[0, c] = mixed[0, c] + near + far
                done[1, c] = apart + 2 * beyond
                done[2, c] = near + 4 * far
                done[3, c] = apart + 8 * beyond + mixed[5, c]
            top = (row + tile_row) * 4
            for k in range(min(4, height - top)):
                for c in range(width):
                    out[channel, top + k, c] = done[k, c]


def convolved(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """Convolve [N, I, H, W] with [O, I, 3, 3] as `torch.nn.functional.conv2d` does."""
    outputs, inputs = weight.shape[:2]
    out = x.new_empty(len(x), outputs, x.shape[2] + 2 * padding - 2, x.shape[3] + 2 * padding - 2)
    weights = (_BOTH @ weight.reshape(-1, 9).T).reshape(36, outputs, inputs)
    down, across = -(-out.shape[2] // 4), -(-out.shape[3] // 4)
    each = max(1, _TILES // across)
    entered = x.new_empty(36, inputs, min(each, down) * across)
    sums = x.new_empty(36, outputs, min(each, down) * across)
    for image, result in zip(x.contiguous().numpy(), out.numpy(), strict=True):
        for row in range(0, down, each):
            rows = min(each, down - row)
            tiles, summed = entered[..., : rows * across], sums[..., : rows * across]
            share(
                lambda a, b: _enter(image, padding, row, rows, across, tiles.numpy(), a, b),
                inputs, 1,
            )
            torch.bmm(weights, tiles, out=summed)
            share(lambda a, b: _leave(summed.numpy(), row, rows, across, result, a, b), outputs, 1)
    return out
