"""When a checkpoint is due: never more than some minutes of work may be lost."""

import time

from .. import stopping
from .distributed import DistributedContext

__all__ = ["CheckpointTimer"]


class CheckpointTimer:
    """Tells after each step whether a checkpoint is due; all processes are told alike.

    Checkpoints at fixed steps alone would lose hours where steps are slow. What a run computes does
    not depend on when its checkpoints are taken.
    """

    SECONDS = 600.0

    def __init__(self, distributed: DistributedContext, seconds: float | None = None) -> None:
        """Begin to count the time.

        Args:
            distributed: the processes.
            seconds: after which a checkpoint is due; by default `SECONDS`.
        """
        self._distributed, self._last, self._stops = distributed, time.monotonic(), False
        self._seconds = self.SECONDS if seconds is None else seconds

    def is_due(self, now: bool) -> bool:
        """Whether a checkpoint is to be taken; also where a signal asked one process to stop.

        Args:
            now: whether it is anyway, as fixed steps and the end want it.
        """
        waited = time.monotonic() - self._last if self._distributed.is_main else 0.0
        waited, requests = self._distributed.all_reduce_sum(
            [waited, float(stopping.is_stop_requested())]
        )
        self._stops = requests > 0
        due = now or self._stops or waited >= self._seconds
        if due:
            self._last = time.monotonic()
        return due

    def raise_if_stop_requested(self) -> None:
        """End the training if a signal asked any process to; call it after a checkpoint.

        Raises:
            Interrupt: in all processes together.
        """
        if self._stops:
            # The main one has saved it then; a launcher ends all as soon as one has ended.
            self._distributed.all_reduce_sum([0.0])
            stopping.raise_if_stop_requested()
            if self._distributed.world_size > 1:  # another process was asked
                raise stopping.Interrupt
