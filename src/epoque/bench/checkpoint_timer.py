"""When a checkpoint is due: never more than some minutes of work may be lost."""

import time

from .team import Team

__all__ = ["CheckpointTimer"]


class CheckpointTimer:
    """Tells after each step whether a checkpoint is due; all processes of a team are told alike.

    Checkpoints at fixed steps alone would lose hours where steps are slow. What a run computes does
    not depend on when its checkpoints are taken.
    """

    SECONDS = 600.0

    def __init__(self, team: Team, seconds: float | None = None) -> None:
        """Begin to count the time.

        Args:
            team: the processes.
            seconds: after which a checkpoint is due; by default `SECONDS`.
        """
        self._team, self._last = team, time.monotonic()
        self._seconds = self.SECONDS if seconds is None else seconds

    def is_due(self, now: bool) -> bool:
        """Whether a checkpoint is to be taken.

        Args:
            now: whether it is anyway, as fixed steps and the end want it.
        """
        waited = time.monotonic() - self._last
        if not now and self._team.agree(waited) < self._seconds:
            return False
        self._last = time.monotonic()
        return True
