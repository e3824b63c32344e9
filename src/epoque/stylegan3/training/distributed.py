"""The processes that train one pair of networks together.

Each has whole networks of its own and computes its parts of every batch; the gradients are summed.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from epoque.bench.torch.distributed import DistributedContext

__all__ = ["Team"]


class Team(DistributedContext):
    """This process among those that train together."""

    @torch.no_grad()
    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in place, in one exchange."""
        tensors = list(tensors)
        if self.world_size == 1 or not tensors:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))
