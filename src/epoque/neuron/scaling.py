"""Scaling inputs that come in units of their own, so that a sigmoid does not saturate.

Training sees u = (x − shift) / size. The weights that it finds go with u; folded into weights for
x they draw the same line in the units of the file.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scale", "Scaling"]

Floats = NDArray[np.float64]
Scale = Literal["none", "standard", "minmax"]


@dataclass(frozen=True)
class Scaling:
    """What is taken off each input, and what it is then divided by.

    Attributes:
        shift: [F]; the mean (standard), or the least value (minmax), of the training points.
        size: [F], each greater than 0; the standard deviation (of the population, as in
            scikit-learn), or the distance from the least to the greatest value. It is 1 for an
            input that never changes.
    """

    shift: Floats
    size: Floats

    @classmethod
    def of(cls, scale: Scale, x: Floats) -> "Scaling | None":
        """Return the scaling of training inputs [N, F], or None for `none`."""
        if scale == "none":
            return None
        _, power = np.frexp(np.abs(x).max(axis=0))  # halved exactly: squares of 1e300 overflow
        unit = np.ldexp(x, -power)
        if scale == "standard":
            shift, size = unit.mean(axis=0), unit.std(axis=0)
        else:
            shift, size = unit.min(axis=0), np.ptp(unit, axis=0)
        with np.errstate(over="ignore"):  # twice the largest number there is
            size = np.minimum(np.ldexp(size, power), np.finfo(float).max)
        return cls(np.ldexp(shift, power), np.where(np.ptp(unit, axis=0) > 0, size, 1.0))

    def apply(self, x: Floats) -> Floats:
        """Return the scaled inputs [N, F]."""
        _, power = np.frexp(np.maximum(np.abs(self.shift), self.size))
        moved = np.ldexp(x, -power) - np.ldexp(self.shift, -power)
        scaled: Floats = moved / np.ldexp(self.size, -power)
        return scaled

    def unscale_weights(self, w: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Return weights [F, H] and biases [H] that do to x what the given ones do to u."""
        per_unit = w / self.size[:, None]
        return per_unit, b - self.shift @ per_unit
