"""Many pictures as one."""

from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

__all__ = ["grid_of"]


def grid_of(images: NDArray[np.uint8], columns: int | None = None) -> NDArray[np.uint8]:
    """Return images side by side, row by row; what is left over at the end is white.

    Args:
        images: [N, H, W, C], at least one; C is 3, or 1 for grey.
        columns: how many stand in a row; None makes twice as many as rows, about.

    Returns:
        [rows·H, columns·W, 3], or without the 3 for grey.
    """
    count, height, width, channels = images.shape
    columns = columns or ceil(sqrt(2 * count))
    rows = ceil(count / columns)
    filled = np.full((rows * columns, height, width, channels), 255, np.uint8)
    filled[:count] = images
    grid = filled.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    flat: NDArray[np.uint8] = grid.reshape(rows * height, columns * width, channels)
    return flat if channels == 3 else flat[:, :, 0]
