"""Which head of a model is shown: the one whose map says most."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_busiest_head"]


def find_busiest_head(weights: NDArray[np.floating]) -> tuple[int, int]:
    """Return the layer and head that look most at tokens other than themselves and the first.

    Many heads rest on the first token or on the token itself; such maps show little.

    Args:
        weights: of attention, [layer, head, T, T].
    """
    rest = weights.copy()
    rest[..., 0] = 0
    own = np.arange(weights.shape[-1])
    rest[..., own, own] = 0
    layer, head = np.unravel_index(int(rest.sum((-2, -1)).argmax()), weights.shape[:2])
    return int(layer), int(head)
