"""How often each attribute is seen in a set of portraits, beside how often in real ones."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .features import HEADS, portrait_net

__all__ = ["VALUES", "indicate_attributes", "share_deviations"]

VALUES = tuple(f"{name}={value}" for name, values in HEADS.items() for value in values)
"""Every attribute with each of its values, such as `hair=long`."""


@torch.no_grad()
def indicate_attributes(images: Tensor) -> NDArray[np.uint8]:
    """Return which value of each attribute is the likeliest in each image: 0 or 1, [N, values].

    Args:
        images: [N, 1 or 3, S, S], −1 to 1.
    """
    logits = portrait_net(str(images.device))(images)
    parts = []
    for name, values in HEADS.items():
        seen = torch.nn.functional.one_hot(logits[name].argmax(1), len(values))
        parts.append(seen)
    return torch.cat(parts, 1).to(torch.uint8).cpu().numpy()


def share_deviations(seen: NDArray[np.uint8], real: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return by how many points each value is seen more often than in real images, [values].

    Args:
        seen: of the images, [N, values].
        real: of the real ones, [M, values].
    """
    deviations: NDArray[np.float64] = 100 * (seen.mean(0) - real.mean(0))
    return deviations
