"""How the processes that train one model together share its weights and gradients.

Each takes its part of every batch. Each holds the whole model (distributed data parallel), or with
`accelerate launch --use_fsdp` a shard of every weight (fully sharded data parallel).
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from torch import Tensor

from epoque.bench.torch.distributed import DistributedContext

if TYPE_CHECKING:
    from .model_with_loss import Objective

__all__ = ["gather", "is_sharded", "prepare_model", "sync_gradients"]


def is_sharded(team: DistributedContext) -> bool:
    """Return whether each process holds only a shard of every weight."""
    return team.world_size > 1 and os.environ.get("ACCELERATE_USE_FSDP") == "true"


def prepare_model(team: DistributedContext, model: "Objective") -> Any:
    """Return a model on this process's device, wrapped or sharded where there are many processes.

    Its parameters may be others afterwards: an optimizer is to be built later.
    """
    if not is_sharded(team):
        return team.accelerator.prepare(model)
    from torch.distributed.fsdp import fully_shard

    model.to(team.device)
    for block in model.model.blocks:
        fully_shard(block)
    return fully_shard(model)


def sync_gradients(
    team: DistributedContext, model: Any, *, last: bool
) -> AbstractContextManager[Any]:
    """Return where a micro-batch is computed; gradients are exchanged after the last one only."""
    sharded = is_sharded(team)
    if sharded:
        model.set_requires_gradient_sync(last)
    if last or sharded or team.world_size == 1:
        return nullcontext()
    context: AbstractContextManager[Any] = team.accelerator.no_sync(model)
    return context


def gather(tensor: Tensor) -> Tensor:
    """Return a tensor that may be sharded over the processes as one; all must ask together."""
    full_tensor = getattr(tensor, "full_tensor", None)
    return tensor if full_tensor is None else full_tensor()
