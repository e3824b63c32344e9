"""The training of one pair of networks, as events pulled one at a time, with changes on the way."""

from collections.abc import Iterator, Sequence

from epoque.bench.block_live import LiveTraining, Rows
from epoque.bench.events import Checkpoint, Event, Metrics

from ..config import Gan2dConfig
from .live import GanLive, JaxLive

__all__ = ["Training", "open_live", "train"]

SNAPSHOT_PACES = (1, 2, 5, 10, 20, 50)
"""Iterations between snapshots that are chosen from where `snapshot_every` says none."""
FILM_FRAMES = 30
"""Snapshots that a run has at least, where it has as many iterations: a film shows each."""


def train(config: Gan2dConfig, resume: Checkpoint | None = None) -> "Training":
    """Return a training, an iterator of events.

    `Metrics` every `log_every` iterations and at the end: `loss_d`, `accuracy_real`,
    `accuracy_fake`, `grad_norm_d`, `saturated`, `loss_g`, `grad_norm_g` of the last step of each
    network (absent for one that takes no steps); every `evaluate_every` iterations and at the end
    also the measures of `evaluation.evaluate_state`. `Snapshot`s every `snapshot_every` iterations
    (by default 50, or fewer, so that there are 30 of them), at 0 and at the end
    (`snapshots.compute_snapshot`). The user's points are the artifact
    `data.csv`.

    Args:
        config: what to train.
        resume: a checkpoint of the same config to go on from.

    Raises:
        DataError: if the user's points cannot be used or changed since the checkpoint.
        DamagedRunError: if the checkpoint is of other networks.
    """
    return Training(config, resume)


def open_live(config: Gan2dConfig, resume: Checkpoint | None = None) -> GanLive:
    """Return the training under a hand, by the engine that the config asks for; see `train`.

    Raises:
        MissingExtraError: if that is the live engine, and wasmtime is not installed.
        UsageError: if the checkpoint is of another live engine.
    """
    if config.engine == "wasm":
        from .engine_live import WasmLive

        return WasmLive(config, resume)
    return JaxLive(config, resume)


class Training(LiveTraining[Gan2dConfig]):
    """A training that may be changed while it runs (see `epoque.bench.block_live`)."""

    live: GanLive

    def __init__(self, config: Gan2dConfig, resume: Checkpoint | None = None) -> None:
        super().__init__(open_live(config, resume), is_resumed=resume is not None)

    @property
    def _snapshot_every(self) -> int:
        if self.config.snapshot_every is not None:
            return self.config.snapshot_every
        often = [pace for pace in SNAPSHOT_PACES if FILM_FRAMES * pace <= self.config.iterations]
        return max(often, default=1)

    @property
    def _intervals(self) -> Sequence[int]:
        return (self.config.evaluate_every,)

    def _first_events(self) -> Iterator[Event]:
        if copy := self.live.make_points_copy():
            yield copy

    def _tell_metrics(self, rows: Rows) -> Iterator[Metrics]:
        """Yield the metrics every `log_every` iterations, measures with the last one's."""
        evaluate = not self.live.divergence and self.is_due(self.config.evaluate_every)
        measures = self.live.measures() if evaluate else {}
        for step, values in rows:
            extra = measures if step == self.step else {}
            if extra or self.is_due(self.config.log_every, step):
                yield Metrics(step, {**values, **extra})
