"""How the processes that train one model together share its weights and gradients.

Each takes its part of every batch. Each holds the whole model (distributed data parallel), or with
`accelerate launch --use_fsdp` a shard of every weight (fully sharded data parallel).
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor

from epoque.bench.torch.distributed import DistributedContext

from .model_with_loss import ModelWithLoss

__all__ = ["gather", "is_sharded", "prepare_model", "shard_like", "sync_gradients"]


def is_sharded(distributed: DistributedContext) -> bool:
    """Return whether each process holds only a shard of every weight."""
    return distributed.world_size > 1 and os.environ.get("ACCELERATE_USE_FSDP") == "true"


def prepare_model(distributed: DistributedContext, model: ModelWithLoss) -> Any:
    """Return a model on this process's device, wrapped or sharded where there are many processes.

    Its parameters may be others afterwards: an optimizer is to be built later.
    """
    if not is_sharded(distributed):
        return distributed.accelerator.prepare(model)
    from torch.distributed.fsdp import fully_shard

    model.to(distributed.device)
    for layer in model.model.layers:
        fully_shard(layer)
    return fully_shard(model)


def sync_gradients(
    distributed: DistributedContext, model: Any, *, last: bool
) -> AbstractContextManager[Any]:
    """Return where a micro-batch is computed; gradients are exchanged after the last one only."""
    sharded = is_sharded(distributed)
    if sharded:
        model.set_requires_gradient_sync(last)
    if last or sharded or distributed.world_size == 1:
        return nullcontext()
    context: AbstractContextManager[Any] = distributed.accelerator.no_sync(model)
    return context


def gather(tensor: Tensor) -> Tensor:
    """Return a tensor that may be sharded over the processes as one; all must ask together."""
    full_tensor = getattr(tensor, "full_tensor", None)
    return tensor if full_tensor is None else full_tensor()


def shard_like(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Return a tensor sharded over the processes as a parameter of the same shape is, if it is."""
    mesh, placements = getattr(parameter, "device_mesh", None), getattr(parameter, "placements", ())
    if mesh is None or tensor.shape != parameter.shape:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(parameter.device), mesh, placements)
