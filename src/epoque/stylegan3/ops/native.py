"""Compiled loops of the fast path: many planes of float32, filtered without large intermediates.

One program serves all operations: a plane is upsampled, something happens to the upsampled samples,
and they are downsampled. It works tile by tile, so that the upsampled samples, of which there may
be sixteen times as many, never leave the processor's cache.

All filtering is one loop over neighbouring samples: add up some lines of a buffer, each times its
tap. For that, samples that meet the same taps must lie together. So a tile of the upsampled plane
consists of M · M parts (M is a multiple of all factors along an axis): sample (q, r) of part (i, j)
is the tile's sample (M·q + i, M·r + j). Where a plane is upsampled by less than M, what is read of
it comes in parts too, and where it is downsampled by less, the result does. All parts have the
same pitch, and so a whole part counts as one long line.

Numba compiles this file when it is first used and keeps the result. No compiled function uses
more than one thread; `cpu.py` shares the tiles out. What the numbers of a tile are does not depend
on who computes it.
"""

# ruff: noqa: PLR0917  (compiled functions take their arguments by place)
# mypy: disallow-untyped-defs=False, disallow-untyped-calls=False, disallow-untyped-decorators=False

import numpy as np

from .jit import jit_inline, jit_loop

__all__ = [
    "FORWARD",
    "LINEAR",
    "MASKED",
    "activate",
    "filter_tiles",
    "multiply_slope",
]

LINEAR, FORWARD, MASKED = 0, 1, 2
"""What happens to upsampled samples: nothing; the activation; times the activation's slope."""

_SLICE = np.int64(1024)
"""Samples that are summed up completely before the next ones are begun."""


@jit_inline
def _leaky_relu(value, rule):
    """Apply the activation to a number; NaN stays NaN."""
    value *= rule.above if value > 0 else rule.below
    value = rule.clamp if value > rule.clamp else value
    return -rule.clamp if value < -rule.clamp else value


@jit_inline
def _lrelu_slope(value, rule):
    """Return the activation's slope at a number."""
    slope = rule.above if value > 0 else rule.below
    return np.float32(0) if abs(value * slope) > rule.clamp else slope


@jit_inline
def _sum_six_lines(dst, to, src, at, taps, first, n, fresh):
    """Add up six lines, each times its tap."""
    a, b, c = taps[first], taps[first + 1], taps[first + 2]
    d, e, f = taps[first + 3], taps[first + 4], taps[first + 5]
    at0, at1, at2 = np.uintp(at[first]), np.uintp(at[first + 1]), np.uintp(at[first + 2])
    at3, at4, at5 = np.uintp(at[first + 3]), np.uintp(at[first + 4]), np.uintp(at[first + 5])
    # Unsigned places spare Numba's test for negative indices, which keeps LLVM from vector
    # instructions; six lines at a time, and a sum is read and written once for six taps.
    if fresh:
        for x in range(to, to + n):
            low = a * src[at0 + x] + b * src[at1 + x] + c * src[at2 + x]
            dst[x] = low + d * src[at3 + x] + e * src[at4 + x] + f * src[at5 + x]
    else:
        for x in range(to, to + n):
            low = a * src[at0 + x] + b * src[at1 + x] + c * src[at2 + x]
            dst[x] += low + d * src[at3 + x] + e * src[at4 + x] + f * src[at5 + x]


@jit_inline
def _sum_two_lines(dst, to, src, at, taps, first, n, fresh):
    """Add up two lines likewise."""
    a, b = taps[first], taps[first + 1]
    at0, at1 = np.uintp(at[first]), np.uintp(at[first + 1])
    if fresh:
        for x in range(to, to + n):
            dst[x] = a * src[at0 + x] + b * src[at1 + x]
    else:
        for x in range(to, to + n):
            dst[x] += a * src[at0 + x] + b * src[at1 + x]


@jit_inline
def _filter(dst, src, at, taps, count, n, rectified, rule):
    """Set `n` samples to the sum of `count` lines, which begin at `at`, times their taps.

    If asked for, the activation is applied to the sums at once.
    """
    if count == 0:
        for x in range(n):
            dst[x] = 0
    elif count % 2:  # a tap of 0 more: there is a loop for pairs, none for single lines
        at[count], taps[count] = at[count - 1], 0
        count += 1
    # Slice by slice, so that the sums stay in the first-level cache between two groups of taps.
    for begin in range(0, n, _SLICE):
        to, size = np.uintp(begin), np.uintp(min(_SLICE, n - begin))
        done = 0
        while done < count:
            if count - done >= 6:
                _sum_six_lines(dst, to, src, at, taps, done, size, done == 0)
                done += 6
            else:
                _sum_two_lines(dst, to, src, at, taps, done, size, done == 0)
                done += 2
        if rectified:
            for x in range(to, to + size):
                dst[x] = _leaky_relu(dst[x], rule)


@jit_inline
def _load(raw, planes, index, y, x, parts_y, parts_x, lines, pitch, bias):
    """Read a part of a plane in parts, plus the bias; zeros where there is none."""
    height, width = planes.shape[1], planes.shape[2]
    for i in range(parts_y):
        for j in range(parts_x):
            # Columns of this part that lie in the plane; −(a // b) rounds up.
            left = max(0, min(pitch, -((x + j) // parts_x)))
            right = max(left, min(pitch, (width - x - j + parts_x - 1) // parts_x))
            for line in range(lines):
                at = ((i * parts_x + j) * lines + line) * pitch
                row = y + i + parts_y * line
                if row < 0 or row >= height:
                    for r in range(at, at + pitch):
                        raw[r] = 0
                    continue
                for r in range(at, at + left):
                    raw[r] = 0
                for r in range(at + right, at + pitch):
                    raw[r] = 0
                if (
                    parts_x == 1
                ):  # a loop of its own: with a step of 1 it becomes vector instructions
                    for r in range(left, right):
                        raw[at + r] = planes[index, row, x + r] + bias
                else:
                    for r in range(left, right):
                        raw[at + r] = planes[index, row, x + j + r * parts_x] + bias


@jit_inline
def _first_tap(pad, rate, place):
    """Return the first tap of an upsampled sample, and the source sample that it meets."""
    tap = (pad - place) % rate
    return tap, (place + tap - pad) // rate


@jit_inline
def _upsample(dst, planes, index, bias, stage, grid, y, x, raw, half, at, taps, rectified, rule):
    """Make the upsampled tile that begins at (y, x)."""
    if stage.plain:
        y, x = y - stage.pad_y, x - stage.pad_x
        _load(dst, planes, index, y, x, grid.parts_y, grid.parts_x, grid.lines, grid.pitch, bias)
        return
    rate_y, rate_x, pitch = stage.rate_y, stage.rate_x, grid.pitch
    parts_y, parts_x = grid.parts_y // rate_y, grid.parts_x // rate_x
    size_y, size_x = stage.square.shape
    _, low_y = _first_tap(stage.pad_y, rate_y, y)
    _, low_x = _first_tap(stage.pad_x, rate_x, x)
    # Below the tile's own lines, what the filter reaches of the plane beyond them.
    reach = (size_y + rate_y - 1) // rate_y + grid.parts_y // rate_y
    lines = grid.lines + (reach + parts_y - 1) // parts_y
    part = lines * pitch
    _load(raw, planes, index, low_y, low_x, parts_y, parts_x, lines, pitch, bias)
    for j in range(grid.parts_x):
        first_x, place_x = _first_tap(stage.pad_x, rate_x, x + j)
        place_x -= low_x
        if stage.separable:
            # Along x first, on the plane's own lines: there are fewer of them than of the tile's.
            count = 0
            for t in range(first_x, size_x, rate_x):
                place = place_x + count
                at[count] = place % parts_x * part + place // parts_x
                taps[count] = stage.columns[t]
                count += 1
            for i in range(parts_y):
                _filter(
                    half[i * part :], raw[i * parts_x * part :], at, taps, count, part, False, rule
                )
        for i in range(grid.parts_y):
            first_y, place_y = _first_tap(stage.pad_y, rate_y, y + i)
            place_y -= low_y
            count = 0
            for u in range(first_y, size_y, rate_y):
                row = place_y + u // rate_y
                if stage.separable:
                    at[count] = row % parts_y * part + row // parts_y * pitch
                    taps[count] = stage.rows[u]
                    count += 1
                    continue
                for t in range(first_x, size_x, rate_x):
                    place = place_x + t // rate_x
                    at[count] = (row % parts_y * parts_x + place % parts_x) * part
                    at[count] += row // parts_y * pitch + place // parts_x
                    taps[count] = stage.square[u, t]
                    count += 1
            n = grid.lines * pitch
            goal = dst[(i * grid.parts_x + j) * n :]
            source = half if stage.separable else raw
            _filter(goal, source, at, taps, count, n, rectified, rule)


@jit_inline
def _zero_outside(tile, grid, y, x):
    """Zero what lies outside of the upsampled plane."""
    for i in range(grid.parts_y):
        for j in range(grid.parts_x):
            at = (i * grid.parts_x + j) * grid.lines * grid.pitch
            left = max(0, min(grid.pitch, -((x + j) // grid.parts_x)))
            right = max(0, (grid.size_x - x - j + grid.parts_x - 1) // grid.parts_x)
            for line in range(grid.lines):
                row = y + i + line * grid.parts_y
                begin = at + line * grid.pitch
                inside = row >= 0 and row < grid.size_y
                for r in range(begin, begin + (left if inside else grid.pitch)):
                    tile[r] = 0
                for r in range(begin + right, begin + grid.pitch):
                    tile[r] = 0


@jit_inline
def _downsample(out, index, top, left, tile, stage, grid, half, result, at, taps, rule):
    """Filter the upsampled tile and keep what belongs to the result."""
    rate_y, rate_x, pitch = stage.rate_y, stage.rate_x, grid.pitch
    size_y, size_x = stage.square.shape
    part, n = grid.lines * pitch, grid.lines_out * pitch
    if stage.plain:
        for c in range(grid.parts_y):
            for d in range(grid.parts_x):
                part_start = tile[(c * grid.parts_x + d) * part :]
                _store(out, index, top + c, left + d, part_start, 1, 1, grid)
        return
    for c in range(grid.parts_y // rate_y):
        if stage.separable:
            # Along y first: it thins out the lines that are then filtered along x.
            for t in range(size_y):
                row = c * rate_y + t
                at[t] = row % grid.parts_y * grid.parts_x * part + row // grid.parts_y * pitch
                taps[t] = stage.rows[t]
            for j in range(grid.parts_x):
                _filter(half[j * n :], tile[j * part :], at, taps, size_y, n, False, rule)
        for d in range(grid.parts_x // rate_x):
            count = 0
            for u in range(1 if stage.separable else size_y):
                row = c * rate_y + u
                line = row % grid.parts_y * grid.parts_x * part + row // grid.parts_y * pitch
                for t in range(size_x):
                    place = d * rate_x + t
                    at[count] = place // grid.parts_x
                    if stage.separable:
                        at[count] += place % grid.parts_x * n
                        taps[count] = stage.columns[t]
                    else:
                        at[count] += line + place % grid.parts_x * part
                        taps[count] = stage.square[u, t]
                    count += 1
            source = half if stage.separable else tile
            _filter(result, source, at, taps, count, n, False, rule)
            _store(out, index, top + c, left + d, result, rate_y, rate_x, grid)


@jit_inline
def _store(out, index, y, x, result, rate_y, rate_x, grid):
    """Write a part of the result to every so many rows and columns."""
    step_y, step_x = grid.parts_y // rate_y, grid.parts_x // rate_x
    lines = min(grid.lines_out, (out.shape[1] - y + step_y - 1) // step_y)
    length = min(grid.length_out, (out.shape[2] - x + step_x - 1) // step_x)
    for line in range(lines):
        at = line * grid.pitch
        if step_x == 1:
            for r in range(length):
                out[index, y + line * step_y, x + r] = result[at + r]
        else:
            for r in range(length):
                out[index, y + line * step_y, x + r * step_x] = result[at + r]


@jit_loop
def filter_tiles(mode, signal, bias, up, rule, other, up_other, down, grid, out, size, first, last):
    """Compute some tiles of a result.

    Args:
        mode: `LINEAR`: out = down(up(signal)); `FORWARD`: down(rule(up(signal + bias)));
            `MASKED`: down(rule'(up(other + bias)) · up(signal)), where `up_other` is for `other`.
        signal: [P, H, W] planes.
        bias: [P] of each plane.
        up: how `signal` is upsampled.
        rule: the activation.
        other: [P, H', W'] where the slope is taken, if `MASKED`.
        up_other: how `other` is upsampled.
        down: how the result is downsampled.
        grid: how planes are cut into tiles.
        out: [P, H'', W''] the result.
        size: numbers that a tile takes at most at any stage.
        first: the first tile; counted plane by plane, row by row.
        last: the one after the last.
    """
    most = max(up.square.size, up_other.square.size, down.square.size)
    most = max(most, len(up.rows), len(up_other.rows), len(down.rows)) + 2
    at, taps = np.zeros(most, np.int64), np.zeros(most, np.float32)
    raw, half, tile = (
        np.empty(size, np.float32),
        np.empty(size, np.float32),
        np.empty(size, np.float32),
    )
    result, slopes = (
        np.empty(size, np.float32),
        np.empty(size if mode == MASKED else 0, np.float32),
    )
    n = grid.parts_y * grid.parts_x * grid.lines * grid.pitch
    high = grid.lines_out * (grid.parts_y // down.rate_y)
    wide = grid.length_out * (grid.parts_x // down.rate_x)
    for number in range(first, last):
        index, place = number // (grid.down * grid.across), number % (grid.down * grid.across)
        top, left = place // grid.across * high, place % grid.across * wide
        y, x = top * down.rate_y - down.pad_y, left * down.rate_x - down.pad_x
        added = bias[index] if mode == FORWARD else np.float32(0)
        rectified = mode == FORWARD
        _upsample(
            tile, signal, index, added, up, grid, y, x, raw, half, at, taps, rectified, rule
        )  # fmt: skip
        if mode == MASKED:
            _upsample(
                slopes, other, index, bias[index], up_other, grid, y, x, raw, half, at, taps,
                False, rule,
            )  # fmt: skip
            for sample in range(n):
                tile[sample] *= _lrelu_slope(slopes[sample], rule)
        # Beyond the upsampled plane the next filter is to see zeros; there the tile holds what the
        # filter before it reached.
        below, right = y + grid.parts_y * grid.lines, x + grid.parts_x * grid.pitch
        if y < 0 or x < 0 or below > grid.size_y or right > grid.size_x:
            _zero_outside(tile, grid, y, x)
        _downsample(out, index, top, left, tile, down, grid, half, result, at, taps, rule)


@jit_loop
def activate(planes, bias, rule, out, first, last):
    """Add each plane's bias and apply the activation: samples `first` to `last` of [P, S]."""
    size = planes.shape[1]
    for index in range(first // size, (last + size - 1) // size):
        added = bias[index]
        begin, end = max(first - index * size, 0), min(last - index * size, size)
        for x in range(begin, end):
            out[index, x] = _leaky_relu(planes[index, x] + added, rule)


@jit_loop
def multiply_slope(signal, planes, bias, rule, out, first, last):
    """Multiply a signal with the activation's slope at planes plus bias, likewise."""
    size = planes.shape[1]
    for index in range(first // size, (last + size - 1) // size):
        added = bias[index]
        begin, end = max(first - index * size, 0), min(last - index * size, size)
        for x in range(begin, end):
            out[index, x] = signal[index, x] * _lrelu_slope(planes[index, x] + added, rule)
