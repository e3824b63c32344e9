"""Inputs that a network is given besides x1 and x2, computed from them.

As in TensorFlow Playground (Smilkov et al. 2017, arXiv:1708.03788): with x1² and x2² one neuron
encloses a circle, with x1·x2 it solves exclusive or, since a line in the space of its inputs is a
curve in the plane.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator

if TYPE_CHECKING:  # the settings are read where there is no NumPy, as when the client is built
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Features", "derive_features"]

Feature = Literal["x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2"]


def _check_distinct(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    twice = [name for place, name in enumerate(features) if name in features[:place]]
    if twice:
        raise ValueError(f"names {twice[0]} twice.")
    return features


Features = Annotated[tuple[Feature, ...], AfterValidator(_check_distinct)]


def derive_features(features: Sequence[str], x: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return what a network is given of points [N, F]: their inputs, then those derived from two.

    Args:
        features: names of derived inputs; none for points that have not two inputs.
        x: the points.

    Returns:
        [N, F + the number of names], the columns in the order of the names.
    """
    import numpy as np

    if not features:
        return x
    x1, x2 = x.T
    columns = {
        "x1_squared": x1 * x1,
        "x2_squared": x2 * x2,
        "x1_x2": x1 * x2,
        "sin_x1": np.sin(x1),
        "sin_x2": np.sin(x2),
    }
    return np.column_stack([x, *(columns[name] for name in features)])
