"""The processes that train one model together, through Accelerate.

Started alone there is one. Started by `accelerate launch` or `torchrun` there are many: each takes
its share of every batch, and the main one tells the events. Each holds the whole model, or with
`accelerate launch --use_fsdp` a part of every weight.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from torch import Tensor

from epoque.bench.errors import UsageError

if TYPE_CHECKING:
    from .objective import Objective

__all__ = ["Team", "whole"]


class Team:
    """This process among those that train together.

    Attributes:
        rank: its number.
        world: how many there are.
        main: whether it is the one that tells the events.
        device: what it computes on.
        sharded: whether each process holds only a part of every weight.
    """

    def __init__(self, device: str) -> None:
        """Join.

        Args:
            device: auto, cpu or cuda.

        Raises:
            UsageError: if a GPU is asked for and there is none.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise UsageError(
                "device: cuda is asked for, but PyTorch finds no GPU here; auto uses the processor "
                "instead, and a GPU needs PyTorch built for CUDA (https://pytorch.org)."
            )
        wanted = "cpu" if device == "cpu" or not torch.cuda.is_available() else "cuda"
        _forget_other_device(wanted)
        self.accelerator = Accelerator(cpu=wanted == "cpu", mixed_precision="no")
        self.rank = self.accelerator.process_index
        self.world = self.accelerator.num_processes
        self.main = self.accelerator.is_main_process
        self.device: torch.device = self.accelerator.device
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

    def sum(self, values: Sequence[float]) -> list[float]:
        """Return the sums over all processes."""
        if self.world == 1:
            return list(values)
        told = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(told)
        return [float(value) for value in told]

    def agree(self, value: float) -> float:
        """Return the main process's value."""
        return self.sum([value if self.main else 0.0])[0]


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor that may be spread over the processes as one; all must ask together."""
    gather = getattr(tensor, "full_tensor", None)
    return tensor if gather is None else gather()


def _forget_other_device(wanted: str) -> None:
    """Let Accelerate choose its device again, where this process used another one before."""
    state = PartialState._shared_state
    if state and state["num_processes"] == 1 and state["device"].type != wanted:
        AcceleratorState._reset_state(reset_partial_state=True)
