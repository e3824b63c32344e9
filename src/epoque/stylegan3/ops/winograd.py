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

from .jit import bind_compiled, jit_inline, jit_loop
from .lanes import LANES, deinterleave, interleave, make_matrix_product
from .threads import parallel_for

__all__ = ["conv3x3"]

_TILES = 384
"""Tiles whose transforms lie in memory at a time."""

_multiply_input = make_matrix_product(
    np.array(
        [
            [4, 0, -5, 0, 1, 0],
            [0, -4, -4, 1, 1, 0],
            [0, 4, -4, -1, 1, 0],
            [0, -2, -1, 2, 1, 0],
            [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ]
    )
)
_multiply_output = make_matrix_product(
    np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])
)
_multiply_weights = make_matrix_product(
    np.array(
        [
            [1 / 4, 0, 0],
            [-1 / 6, -1 / 6, -1 / 6],
            [-1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6],
            [1 / 24, -1 / 12, 1 / 6],
            [0, 0, 1],
        ]
    )
)


@jit_inline
def _three_lines(begin, step):
    """Return where three lines begin."""
    return begin, begin + step, begin + 2 * step


@jit_inline
def _four_lines(begin, step):
    """Return where four lines begin."""
    return begin, begin + step, begin + 2 * step, begin + 3 * step


@jit_inline
def _six_lines(begin, step):
    """Return where six lines begin."""
    return (*_four_lines(begin, step), begin + 4 * step, begin + 5 * step)


@jit_inline
def _tile_lines(begin, step, beyond):
    """Return where a tile's lines begin: four of its own, and two of the tile beyond."""
    return (*_four_lines(begin, step), begin + beyond, begin + step + beyond)


@jit_inline
def _read_rows(parts, x, padding, row, rows, pitch):
    """Read rows of an image, parted: every fourth row and column from each of 4×4 first ones."""
    height, width = x.shape
    size = (rows + 1) * pitch
    begin, end = (padding + 3) // 4, min(pitch, (width + padding) // 4)
    # Rows and columns are dealt out by their remainder modulo 4: then each of a tile's samples is
    # neighbour to the same sample of the next tile, and all transforms run along whole lines.
    for line in range(4 * rows + 2):
        y, to = 4 * row + line - padding, line % 4 * 4 * size + line // 4 * pitch
        inside = y >= 0 and y < height
        c = begin
        while inside and c + LANES <= end:
            deinterleave(parts, _four_lines(to, size), x[y], (-padding,), c, LANES)
            c += LANES
        # What is left at both edges, sample by sample; beyond the image it is padding.
        for part in range(4):
            for edge in range(pitch - c + begin):
                at = edge if edge < begin else edge - begin + c
                column = 4 * at + part - padding
                is_inside = inside and column >= 0 and column < width
                parts[to + part * size + at] = x[y, column] if is_inside else 0


@jit_loop
def _transform_weights(weight, out, first, last):
    """Transform the weights [O, I, 9] of some of the outputs, [36, O, I]."""
    n, plane = weight.shape[1], out.shape[1] * out.shape[2]
    flat, lines, mixed = out.reshape(-1), np.zeros(9 * n, np.float32), np.zeros(18 * n, np.float32)
    for channel in range(first, last):
        for k in range(9):
            for c in range(n):
                lines[k * n + c] = weight[channel, c, k]
        for column in range(3):
            _multiply_weights(
                mixed, _six_lines(column * n, 3 * n), lines, _three_lines(column * n, 3 * n), n
            )
        for line in range(6):
            goals = _six_lines(6 * line * plane + channel * n, plane)
            _multiply_weights(flat, goals, mixed, _three_lines(3 * line * n, n), n)


@jit_loop
def _transform_input(x, padding, row, rows, pitch, out, first, last):
    """Transform some rows of tiles, [36, I, rows · pitch], of some channels.

    Every fourth row and column of the image lie together: so the samples of neighbouring tiles do.
    After each row's tiles comes one that is none, for the columns that tiles share.
    """
    n, size, plane = rows * pitch, (rows + 1) * pitch, out.shape[1] * out.shape[2]
    flat = out.reshape(-1)
    parts, mixed = np.zeros(16 * size + pitch, np.float32), np.zeros(24 * n + pitch, np.float32)
    for channel in range(first, last):
        _read_rows(parts, x[channel], padding, row, rows, pitch)
        for part in range(4):
            lines = _tile_lines(part * size, 4 * size, pitch)
            _multiply_input(mixed, _six_lines(part * n, 4 * n), parts, lines, n)
        for line in range(6):
            goals = _six_lines(6 * line * plane + channel * n, plane)
            _multiply_input(flat, goals, mixed, _tile_lines(4 * line * n, n, 1), n)


@jit_loop
def _transform_output(sums, row, rows, pitch, out, first, last):
    """Transform sums [36, O, rows · pitch] to the rows of some channels of the result."""
    height, width = out.shape[1], out.shape[2]
    flat, n, plane = sums.reshape(-1), rows * pitch, sums.shape[1] * sums.shape[2]
    mixed, result = np.zeros(24 * n, np.float32), np.zeros(16 * n, np.float32)
    for channel in range(first, last):
        for line in range(6):
            lines = _six_lines(6 * line * plane + channel * n, plane)
            _multiply_output(mixed, _four_lines(4 * line * n, n), flat, lines, n)
        for part in range(4):
            _multiply_output(
                result, _four_lines(part * n, 4 * n), mixed, _six_lines(part * n, 4 * n), n
            )
        for line in range(min(4 * rows, height - 4 * row)):
            goal, begin = out[channel, 4 * row + line], line % 4 * 4 * n + line // 4 * pitch
            c = 0
            while c + LANES <= width // 4:
                interleave(goal, (0,), result, _four_lines(begin, n), c, LANES)
                c += LANES
            for edge in range(4 * c, width):
                goal[edge] = result[begin + edge % 4 * n + edge // 4]


def conv3x3(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """Convolve [N, I, H, W] with [O, I, 3, 3] as `torch.nn.functional.conv2d` does."""
    outputs, inputs = weight.shape[:2]
    out = x.new_empty(len(x), outputs, x.shape[2] + 2 * padding - 2, x.shape[3] + 2 * padding - 2)
    weights = x.new_empty(36, outputs, inputs)
    plain = weight.detach().reshape(outputs, inputs, 9).contiguous()
    parallel_for(bind_compiled(_transform_weights, plain.numpy(), weights.numpy()), outputs, 8)
    down, pitch = -(-out.shape[2] // 4), -(-out.shape[3] // 4) + 1
    # Rows of tiles at a time: the transforms of a large image would not fit in the cache, those of
    # a few tiles would make matrices too small for the product to be fast.
    each = -(-down // -(-down * pitch // _TILES))
    input_buffer, sum_buffer = (
        x.new_empty(36 * count * each * pitch) for count in (inputs, outputs)
    )
    for image, result in zip(x.detach().contiguous().numpy(), out.numpy(), strict=True):
        for row in range(0, down, each):
            rows = min(each, down - row)
            tiles, sums = (
                room[: 36 * count * rows * pitch].view(36, count, -1)
                for room, count in ((input_buffer, inputs), (sum_buffer, outputs))
            )
            parallel_for(
                bind_compiled(_transform_input, image, padding, row, rows, pitch, tiles.numpy()),
                inputs,
                8,
            )
            torch.bmm(weights, tiles, out=sums)
            parallel_for(
                bind_compiled(_transform_output, sums.numpy(), row, rows, pitch, result), outputs, 8
            )
    return out
