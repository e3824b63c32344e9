"""Saying what is seen in an image of a cartoon portrait: hair, glasses, mouth, clothes, …"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .features import HEADS, portrait_net

__all__ = ["AttributePrediction", "predict_attributes"]

BATCH = 64


@dataclass(frozen=True, slots=True)
class AttributePrediction:
    """What an image shows of one attribute.

    Attributes:
        value: the most likely one, such as `short` of `hair` (see `features.HEADS`).
        probability: how likely the network takes it to be, 0 to 1.
    """

    value: str
    probability: float


@torch.no_grad()
def predict_attributes(images: Tensor) -> list[dict[str, AttributePrediction]]:
    """Tell the attributes of portraits, as the small network of the package sees them.

    It knows nothing but cartoon portraits: of another image it tells the nearest portrait's. How
    often it is right is in its card (`features.card()["accuracy"]`), for drawn portraits that it
    was not trained on.

    Args:
        images: [N, 1 or 3, S, S], −1 to 1, of any size and on any device.

    Returns:
        For each image the attribute's name to the reading; `hair colour` is `none` where no hair
        is seen.
    """
    network, predictions = portrait_net(str(images.device)), []
    for part in torch.split(images, BATCH) if len(images) else ():
        best = {name: of.softmax(1).max(1) for name, of in network(part).items()}
        chances = {name: of.values.tolist() for name, of in best.items()}
        places = {name: of.indices.tolist() for name, of in best.items()}
        predictions += [
            {n: AttributePrediction(HEADS[n][places[n][i]], chances[n][i]) for n in HEADS}
            for i in range(len(part))
        ]
    return predictions
