"""The processes that train one model together, through Accelerate; imports PyTorch.

Started alone there is one. Started by `accelerate launch` or `torchrun` there are many, and the
main one yields the events. How they share a training is its lab's business.
"""

from collections.abc import Sequence

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState

from ..errors import UsageError
from ..events import Checkpoint

__all__ = ["DistributedContext", "check_device"]


def check_device(device: str) -> None:
    """Check that a GPU is there if one is asked for.

    Raises:
        UsageError: if it is not.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "device: cuda is asked for, but PyTorch finds no GPU here; auto uses the processor "
            "instead, and a GPU needs PyTorch built for CUDA (https://pytorch.org)."
        )


class DistributedContext:
    """This process among those that train together.

    Attributes:
        accelerator: Accelerate's.
        rank: its number.
        world_size: how many there are.
        is_main: whether it is the one that yields the events.
        device: what it computes on.
    """

    def __init__(self, device: str) -> None:
        """Join.

        Args:
            device: auto, cpu or cuda.

        Raises:
            UsageError: if a GPU is asked for and there is none.
        """
        check_device(device)
        kind = "cpu" if device == "cpu" or not torch.cuda.is_available() else "cuda"
        _forget_other_device(kind)
        self.accelerator = Accelerator(cpu=kind == "cpu", mixed_precision="no")
        self.rank = self.accelerator.process_index
        self.world_size = self.accelerator.num_processes
        self.is_main = self.accelerator.is_main_process
        self.device: torch.device = self.accelerator.device

    def all_reduce_sum(self, values: Sequence[float]) -> list[float]:
        """Return the sums over all processes."""
        if self.world_size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(total)
        return [float(value) for value in total]

    def broadcast(self, value: float) -> float:
        """Return the main process's value."""
        return self.all_reduce_sum([value if self.is_main else 0.0])[0]

    def check_same_start(self, resume: Checkpoint | None) -> None:
        """Check that all processes begin with the same step.

        Each has read the run's folder by itself, and the main one may have written there meanwhile.
        From different steps they would wait for one another for ever, as each step is a meeting.

        Raises:
            UsageError: if they do not, in all processes.
        """
        mine = resume.step if resume else 0
        of_ranks = [mine if rank == self.rank else 0 for rank in range(self.world_size)]
        steps = sorted({round(step) for step in self.all_reduce_sum(of_ranks)})
        if len(steps) > 1:
            raise UsageError(
                "The processes would go on from different checkpoints, of steps "
                f"{' and '.join(map(str, steps))}; start them again."
            )


def _forget_other_device(kind: str) -> None:
    """Let Accelerate choose its device again, where this process used another one before."""
    state = PartialState._shared_state
    if state and state["num_processes"] == 1 and state["device"].type != kind:
        AcceleratorState._reset_state(reset_partial_state=True)
