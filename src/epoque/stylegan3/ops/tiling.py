"""What the compiled loops are told: how a rate changes, which activation, how planes are cut."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LeakyRelu", "Resampling", "TileGrid"]

Floats = NDArray[np.float32]


class Resampling(NamedTuple):
    """One change of the sampling rate, along y and x.

    Attributes:
        plain: whether nothing changes: one tap that is 1, both rates 1.
        separable: whether the filter is `rows` times `columns`; else it is `square`.
        rows: [Ty] taps to correlate with.
        columns: [Tx].
        square: [Ty, Tx].
        rate_y: the factor along y.
        rate_x: the factor along x.
        pad_y: zeros before the first row, at the higher rate; negative where rows are cut off.
        pad_x: zeros before the first column, likewise.
    """

    plain: bool
    separable: bool
    rows: Floats
    columns: Floats
    square: Floats
    rate_y: int
    rate_x: int
    pad_y: int
    pad_x: int


class LeakyRelu(NamedTuple):
    """A leaky ReLU: its slopes with the gain in them, and the largest magnitude let through."""

    above: np.float32
    below: np.float32
    clamp: np.float32


class TileGrid(NamedTuple):
    """How planes are cut into tiles.

    Attributes:
        size_y: rows of the upsampled plane; beyond them there are zeros.
        size_x: its columns.
        parts_y: M along y.
        parts_x: M along x.
        lines: of a part of the upsampled tile.
        lines_out: of a part of the result's tile.
        length_out: of such a line.
        pitch: how far lines of any part are apart.
        down: tiles of a plane, one below the other.
        across: tiles side by side.
    """

    size_y: int
    size_x: int
    parts_y: int
    parts_x: int
    lines: int
    lines_out: int
    length_out: int
    pitch: int
    down: int
    across: int
