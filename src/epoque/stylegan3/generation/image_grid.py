"""Many pictures as one."""

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_grid", "tile_images"]

Pixels = NDArray[np.uint8]


def make_grid(images: Pixels, columns: int | None = None) -> Pixels:
    """Return images side by side, row by row; what is left over at the end is white.

    Args:
        images: [N, H, W, C], at least one; C is 3, or 1 for grey.
        columns: how many stand in a row; None makes twice as many as rows, about.

    Returns:
        [rows·H, columns·W, 3], or without the 3 for grey.
    """
    grid = tile_images(list(images), columns or ceil(sqrt(2 * len(images))))
    return grid if grid.shape[2] == 3 else grid[:, :, 0]


def tile_images(images: Sequence[Pixels], columns: int, gap: int = 0, paper: int = 255) -> Pixels:
    """Lay images [H, W, C] side by side, row by row; places left over stay empty.

    Args:
        images: all of one size.
        columns: how many stand side by side.
        gap: pixels between them.
        paper: the level of gaps and of empty places.
    """
    rows = -(-len(images) // columns)
    height, width, channels = images[0].shape
    size = rows * (height + gap) - gap, columns * (width + gap) - gap, channels
    sheet = np.full(size, paper, np.uint8)
    for place, image in enumerate(images):
        y, x = place // columns * (height + gap), place % columns * (width + gap)
        sheet[y : y + height, x : x + width] = image
    return sheet
