"""A moving average of the weights, which is often better than the last ones."""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["ExponentialMovingAverage"]


class ExponentialMovingAverage:
    """The exponential moving average of a list of tensors.

    The decay grows from 2/11 towards its value, (1 + n) / (10 + n) after n steps at most, so that
    the first weights are soon forgotten.
    """

    def __init__(self, tensors: Iterable[Tensor], decay: float) -> None:
        """Begin with copies.

        Args:
            tensors: what is averaged, read again at each `update`.
            decay: share of the average that is kept each step, 0 to below 1.
        """
        self._weights = list(tensors)
        self._decay = decay
        self.tensors = [tensor.detach().clone() for tensor in self._weights]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the tensors as they are now, after step `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.tensors, self._weights, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the average and the tensors, in place; a second call brings both back."""
        for average, weight in zip(self.tensors, self._weights, strict=True):
            copy = weight.detach().clone()
            weight.copy_(average)
            average.copy_(copy)
