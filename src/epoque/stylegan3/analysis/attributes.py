"""What is seen in images of portraits, and how far they are from drawn ones."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..images import from_uint8
from ..loading import LoadedGenerator
from ..measures.attributes import predict_attributes
from .reference import load_reference

__all__ = ["agreement", "pass_rate", "read_portraits"]


def read_portraits(
    network: LoadedGenerator, images: NDArray[np.uint8]
) -> list[dict[str, Any] | None]:
    """Read the attributes of images, where the network makes portraits.

    Args:
        network: the network that made them.
        images: [N, H, W, 3].

    Returns:
        For each image `attributes`, a list of (name, value, probability); `certainty`, the mean
        probability; and `distance` to the nearest of some drawn portraits, as a share of what
        19 of 20 drawn portraits keep to theirs. `least_certainty` is what 19 of 20 drawn portraits
        exceed. None of a network that was not trained on drawn portraits: its images would be read
        as portraits, whatever they show.
    """
    if not network.portrait_count:
        return [None] * len(images)
    inputs = from_uint8(torch.from_numpy(images).permute(0, 3, 1, 2))
    return [
        _to_dict(one, distance)
        for one, distance in zip(
            predict_attributes(inputs), load_reference().distances(inputs), strict=True
        )
    ]


def pass_rate(readings: Sequence[dict[str, Any]]) -> float | None:
    """Return the share of images that pass for drawn portraits, or None of no images.

    Args:
        readings: what `read_portraits` tells of portraits.

    Returns:
        The share of those that are read with certainty enough, and no farther from the nearest
        drawn portrait than 19 of 20 are from theirs.
    """
    passed = [
        one["certainty"] >= one["least_certainty"] and one["distance"] <= 1 for one in readings
    ]
    return fmean(passed) if passed else None


def agreement(ones: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> float | None:
    """Return how often an attribute is the same in two networks' images of the same seeds.

    Args:
        ones: what `read_portraits` tells of one network's portraits.
        others: of the other network's, in the same order.

    Returns:
        The share, over all images and attributes, 0 to 1; None of no images.
    """
    same = [
        one[1] == other[1]
        for image, beside in zip(ones, others, strict=False)
        for one, other in zip(image["attributes"], beside["attributes"], strict=True)
    ]
    return fmean(same) if same else None


def _to_dict(readings: dict[str, Any], distance: float) -> dict[str, Any]:
    chances = [one.probability for one in readings.values()]
    return {
        "attributes": [(name, one.value, one.probability) for name, one in readings.items()],
        "certainty": sum(chances) / len(chances),
        "least_certainty": load_reference().certainty,
        "distance": distance,
    }
