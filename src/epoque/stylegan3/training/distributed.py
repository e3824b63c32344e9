"""The processes that train one pair of networks together.

Each has whole networks of its own and computes its microbatches of every batch; the gradients are
summed.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from epoque.bench.torch.distributed import DistributedContext

__all__ = ["DistributedContext", "all_reduce_sum_"]


@torch.no_grad()
def all_reduce_sum_(distributed: DistributedContext, tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its sum over all processes, in place.

    All in one exchange: the many small tensors of a network would each wait for the network's
    latency.

    Args:
        distributed: the processes.
        tensors: on their device, of equal shapes in every process.
    """
    if distributed.world_size == 1 or not tensors:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    torch.distributed.all_reduce(flat)
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))
