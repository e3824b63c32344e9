"""A moving average of the weights, which is often better than the last ones."""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["Average"]


class Average:
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
        self._source = list(tensors)
        self._decay = decay
        self.tensors = [tensor.detach().clone() for tensor in self._source]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the tensors as they are now, after step `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.tensors, self._source, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the average and the tensors, in place; a second call brings both back."""
        for mine, theirs in zip(self.tensors, self._source, strict=True):
            kept = theirs.detach().clone()
            theirs.copy_(mine)
            mine.copy_(kept)
