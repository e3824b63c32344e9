"""Early stopping: the best weights so far, and how long nothing was better."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Keeps the best weights, and says when patience is at its end.

    Attributes:
        best_loss: the lowest validation loss so far, infinite before the first.
        best_weights: copies of the weights that had it, by name; empty before the first.
        bad_evaluations: how many evaluations in a row were no better.
    """

    def __init__(self, patience: int) -> None:
        """Begin.

        Args:
            patience: evaluations without a better loss after which it is over; 0 keeps nothing and
                never ends.
        """
        self._patience = patience
        self.best_loss = math.inf
        self.best_weights: dict[str, Tensor] = {}
        self.bad_evaluations = 0

    @property
    def is_over(self) -> bool:
        """Whether patience is at its end."""
        return 0 < self._patience <= self.bad_evaluations

    @torch.no_grad()
    def update(self, loss: float, weights: Mapping[str, Tensor]) -> None:
        """Note the loss of an evaluation and the weights that had it; NaN says nothing."""
        if not self._patience or math.isnan(loss):
            return
        if loss < self.best_loss:
            self.best_loss, self.bad_evaluations = loss, 0
            self.best_weights = {name: weight.clone() for name, weight in weights.items()}
        else:
            self.bad_evaluations += 1
