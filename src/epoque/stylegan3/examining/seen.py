"""What is seen in images of portraits, and how far they are from drawn ones."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..measures.attributes import read
from ..opening import Opened
from .reference import reference

__all__ = ["seen"]


def seen(opened: Opened, images: NDArray[np.uint8]) -> list[dict[str, Any] | None]:
    """Read the attributes of images, where the network makes portraits.

    Args:
        opened: the network that made them.
        images: [N, H, W, 3].

    Returns:
        For each image `attributes`, a list of (name, value, probability); `certainty`, the mean
        probability; and `distance` to the nearest of some drawn portraits, as a share of what
        19 of 20 drawn portraits keep to theirs. `least_certainty` is what 19 of 20 drawn portraits
        exceed. None of a network that was not trained on drawn portraits: its images would be read
        as portraits, whatever they show.
    """
    if not opened.portraits:
        return [None] * len(images)
    inputs = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    return [
        _told(one, distance)
        for one, distance in zip(read(inputs), reference().distances(inputs), strict=True)
    ]


def _told(readings: dict[str, Any], distance: float) -> dict[str, Any]:
    chances = [one.probability for one in readings.values()]
    return {
        "attributes": [(name, one.value, one.probability) for name, one in readings.items()],
        "certainty": sum(chances) / len(chances),
        "least_certainty": reference().certainty,
        "distance": distance,
    }
