"""Where the image is asked for: translated and rotated, before it is made."""

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import UsageError

__all__ = ["transform_matrix"]


def transform_matrix(x: float, y: float, degrees: float) -> NDArray[np.float64]:
    """Return the matrix that the input layer of an alias-free generator takes.

    It maps places in the image to places in the field of Fourier features, hence the inverse of
    what happens to the picture.

    Args:
        x: the shift to the right, in image widths.
        y: the shift down, in image heights.
        degrees: the rotation, counter-clockwise; before the shift.

    Returns:
        [3, 3] in homogeneous coordinates.

    Raises:
        UsageError: if a number is not finite.
    """
    if not np.isfinite([x, y, degrees]).all():
        raise UsageError(f"Shift {x}, {y} and rotation {degrees} must be finite numbers.")
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    view = np.array([[cosine, sine, x], [-sine, cosine, y], [0.0, 0.0, 1.0]])
    return np.linalg.inv(view)
