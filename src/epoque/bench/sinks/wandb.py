"""Metrics for Weights & Biases: its service, or with WANDB_MODE=offline files to send later.

WANDB_API_KEY, WANDB_ENTITY, WANDB_PROJECT, WANDB_BASE_URL and WANDB_DIR mean what its own
documentation says; without WANDB_DIR its files stand in the run's folder.
"""

import os
import sys
from contextlib import redirect_stdout

from ..events import Event, Metrics
from ..runs.run import Run
from ..runs.status import State
from .trackers import drop_nan, name_project, run_parameters, start_tracker

__all__ = ["WandbSink"]


class WandbSink:
    """Logs a run under its id to the project `epoque-<lab>`; a resumed run goes on."""

    def __init__(self, run: Run) -> None:
        import wandb

        with start_tracker("wandb"):
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT") or name_project(run),
                id=run.id,
                name=run.id,
                dir=os.environ.get("WANDB_DIR") or run.path,
                config=run_parameters(run),
                resume="allow",
                settings=wandb.Settings(
                    console="off",  # what is printed is the user's
                    disable_code=True,
                    disable_git=True,
                    save_code=False,
                    silent=True,
                    x_disable_machine_info=True,
                    x_disable_meta=True,
                    x_disable_stats=True,
                ),
            )

    def log(self, event: Event) -> None:
        """Hand the metrics of one step to wandb, which sends or keeps them in its own process."""
        if isinstance(event, Metrics):
            self._run.log(drop_nan(event.values), step=event.step)

    def close(self, state: State, reason: str = "") -> None:
        """Wait until what is buffered is sent or stored, and tell how the run ended."""
        with redirect_stdout(sys.stderr):
            self._run.finish(exit_code=0 if state == "finished" else 1)
