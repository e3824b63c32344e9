"""The processes that train one model together.

Each takes its share of every batch. Each holds the whole model, or with `accelerate launch
--use_fsdp` a part of every weight.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from torch import Tensor

from epoque.bench.torch import distributed as team

if TYPE_CHECKING:
    from .objective import Objective

__all__ = ["Team", "whole"]


class Team(team.Team):
    """This process among those that train together.

    Attributes:
        sharded: whether each process holds only a part of every weight.
    """

    def __init__(self, device: str) -> None:
        """Join; see `bench.team.Team`."""
        super().__init__(device)
        self.sharded = self.world > 1 and os.environ.get("ACCELERATE_USE_FSDP") == "true"

    def prepare(self, objective: "Objective") -> Any:
        """Return an objective on this device, wrapped or sharded where there are many processes.

        Its parameters may be others afterwards: an optimiser is to be built later.
        """
        if not self.sharded:
            return self.accelerator.prepare(objective)
        from torch.distributed.fsdp import fully_shard

        objective.to(self.device)
        for block in objective.model.blocks:
            fully_shard(block)
        return fully_shard(objective)

    def together(self, wrapped: Any, last: bool) -> AbstractContextManager[Any]:
        """Return where a part of a batch is computed; gradients are exchanged in the last one."""
        if self.sharded:
            wrapped.set_requires_gradient_sync(last)
        if last or self.sharded or self.world == 1:
            return nullcontext()
        context: AbstractContextManager[Any] = self.accelerator.no_sync(wrapped)
        return context


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor that may be spread over the processes as one; all must ask together."""
    gather = getattr(tensor, "full_tensor", None)
    return tensor if gather is None else gather()
