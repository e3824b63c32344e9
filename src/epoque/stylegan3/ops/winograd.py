"""Convolutions of 3 × 3 with a quarter of the multiplications, on the CPU.

Winograd's minimal filtering as Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural
Networks", put it, F(4 × 4, 3 × 3): a tile of 6 × 6 samples becomes as many others, of which each,
over all channels, is multiplied with the transformed weights in one matrix product, and 6 × 6
sums become 4 × 4 results. That is a polynomial multiplied at the points 0, 1, −1, 2, −2 and ∞.
Rounding errors are a few times those of the plain convolution.
"""

# ruff: noqa: PLR0917  (compiled functions take their arguments by place)
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False

import numpy as np
import torch
from torch import Tensor

from .compiling import inner, loop, ready
from .native import add_six
from .threads import share

__all__ = ["convolved"]

_TILES = 384
"""Tiles whose transforms lie in memory at a time."""

_ENTER = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
).ravel()
_LEAVE = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32
).ravel()
_WEIGHTS = np.array(
    [
        [1 / 4, 0, 0, 0, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6, 0, 0, 0],
        [-1 / 6, 1 / 6, -1 / 6, 0, 0, 0],
        [1 / 24, 1 / 12, 1 / 6, 0, 0, 0],
        [1 / 24, -1 / 12, 1 / 6, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
    ],
    np.float32,
).ravel()


@inner
def _sum(dst, src, at, taps, n):
    """Set `n` samples to the sum of six lines, which begin at `at`, times their taps."""
    add_six(dst, np.uintp(0), src, at, taps, 0, np.uintp(n), True)


@inner
def _read(parts, x, padding, row, rows, pitch):
    """Read rows of an image, parted: every fourth row and column from each of 4×4 first ones."""
    height, width = x.shape
    for line in range(4 * rows + 2):
        y = 4 * row + line - padding
        for part in range(4):
            to = (line % 4 * 4 + part) * (rows + 1) * pitch + line // 4 * pitch
            begin = (padding - part + 3) // 4
            end = max(begin, min(pitch, (width + padding - part + 3) // 4))
            if y < 0 or y >= height:
                begin = end = pitch
            for c in range(begin):
                parts[to + c] = 0
            goal, place = np.uintp(to + begin), np.uintp(4 * begin + part - padding)
            for c in range(np.uintp(end - begin)):
                parts[goal + c] = x[y, place + c + c + c + c]
            for c in range(end, pitch):
                parts[to + c] = 0


@loop
def _transformed(weight, out, first, last):
    """Transform the weights [O, I, 9] of some of the outputs, [36, O, I]."""
    n = weight.shape[1]
    lines, mixed = np.zeros(9 * n, np.float32), np.zeros(18 * n, np.float32)
    at = np.zeros(6, np.int64)
    for channel in range(first, last):
        for k in range(9):
            for c in range(n):
                lines[k * n + c] = weight[channel, c, k]
        for column in range(3):
            for k in range(3):
                at[k] = at[k + 3] = (3 * k + column) * n
            for k in range(6):
                _sum(mixed[(3 * k + column) * n :], lines, at, _WEIGHTS[6 * k :], n)
        for line in range(6):
            for k in range(3):
                at[k] = at[k + 3] = (3 * line + k) * n
            for k in range(6):
                _sum(out[6 * line + k, channel], mixed, at, _WEIGHTS[6 * k :], n)


@loop
def _enter(x, padding, row, rows, pitch, out, first, last):
    """Transform some rows of tiles, [36, I, rows · pitch], of some channels.

    Every fourth row and column of the image lie together: so the samples of neighbouring tiles do.
    After each row's tiles comes one that is none, for the columns that tiles share.
    """
    n, size = rows * pitch, (rows + 1) * pitch
    parts, mixed = np.zeros(16 * size + pitch, np.float32), np.zeros(24 * n + pitch, np.float32)
    at = np.zeros(6, np.int64)
    for channel in range(first, last):
        _read(parts, x[channel], padding, row, rows, pitch)
        for part in range(4):
            for k in range(6):
                at[k] = (k % 4 * 4 + part) * size + k // 4 * pitch
            for k in range(6):
                _sum(mixed[(k * 4 + part) * n :], parts, at, _ENTER[6 * k :], n)
        for line in range(6):
            for k in range(6):
                at[k] = (line * 4 + k % 4) * n + k // 4
            for k in range(6):
                _sum(out[6 * line + k, channel], mixed, at, _ENTER[6 * k :], n)


@loop
def _leave(sums, row, rows, pitch, out, first, last):
    """Transform sums [36, O, rows · pitch] to the rows of some channels of the result."""
    height, width = out.shape[1], out.shape[2]
    flat, n, plane = sums.reshape(-1), rows * pitch, sums.shape[1] * sums.shape[2]
    mixed, done, at = np.zeros(24 * n, np.float32), np.zeros(n, np.float32), np.zeros(6, np.int64)
    for channel in range(first, last):
        for line in range(6):
            for k in range(6):
                at[k] = (6 * line + k) * plane + channel * n
            for k in range(4):
                _sum(mixed[(line * 4 + k) * n :], flat, at, _LEAVE[6 * k :], n)
        for line in range(4):
            for part in range(4):
                for k in range(6):
                    at[k] = (k * 4 + part) * n
                _sum(done, mixed, at, _LEAVE[6 * line :], n)
                for y in range(min(rows, (height - line + 3) // 4 - row)):
                    goal, place = out[channel, 4 * (row + y) + line], np.uintp(y * pitch)
                    for c in range(np.uintp((width - part + 3) // 4)):
                        goal[np.uintp(part) + c + c + c + c] = done[place + c]


def convolved(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """Convolve [N, I, H, W] with [O, I, 3, 3] as `torch.nn.functional.conv2d` does."""
    outputs, inputs = weight.shape[:2]
    out = x.new_empty(len(x), outputs, x.shape[2] + 2 * padding - 2, x.shape[3] + 2 * padding - 2)
    weights = x.new_empty(36, outputs, inputs)
    plain = weight.detach().reshape(outputs, inputs, 9).contiguous()
    share(ready(_transformed, plain.numpy(), weights.numpy()), outputs, 8)
    down, pitch = -(-out.shape[2] // 4), -(-out.shape[3] // 4) + 1
    each = -(-down // -(-down * pitch // _TILES))
    entered, summed = (x.new_empty(36 * count * each * pitch) for count in (inputs, outputs))
    for image, result in zip(x.detach().contiguous().numpy(), out.numpy(), strict=True):
        for row in range(0, down, each):
            rows = min(each, down - row)
            tiles, sums = (
                room[: 36 * count * rows * pitch].view(36, count, -1)
                for room, count in ((entered, inputs), (summed, outputs))
            )
            share(ready(_enter, image, padding, row, rows, pitch, tiles.numpy()), inputs, 8)
            torch.bmm(weights, tiles, out=sums)
            share(ready(_leave, sums.numpy(), row, rows, pitch, result), outputs, 8)
    return out
