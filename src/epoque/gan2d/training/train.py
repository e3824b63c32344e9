"""The training of one pair of networks, as events pulled one at a time, with changes on the way."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from epoque.bench import stopping
from epoque.bench.errors import DataError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot

from ..changes import Change, read_changes, write_changes
from ..config import Gan2dConfig
from ..data import distributions
from ..data.user_points import UserPoints, load_points, make_artifact
from ..network_config import OptimizerName
from . import engine, evaluation, snapshots
from .checkpoint import flatten_state, restore_state
from .engine import BLOCK, METRICS, TrainState
from .hyperparameters import Hyperparameters, StaticConfig
from .steps import G_METRICS, NetworkState

__all__ = ["CHANGES", "Training", "train"]

Rows = NDArray[np.float32]
CHANGES = "changes.txt"
"""The artifact that holds the changes made so far, as the setting `changes` takes them."""


def train(config: Gan2dConfig, resume: Checkpoint | None = None) -> "Training":
    """Return a training, an iterator of events.

    `Metrics` every `log_every` iterations and at the end: `loss_d`, `accuracy_real`,
    `accuracy_fake`, `grad_norm_d`, `saturated`, `loss_g`, `grad_norm_g` of the last step of each
    network (absent for one that takes no steps); every `evaluate_every` iterations and at the end
    also the measures of `evaluation.evaluate_state`. `Snapshot`s every `snapshot_every` iterations,
    at 0 and at the end (`snapshots.compute_snapshot`). The user's points are the artifact
    `data.csv`.

    Args:
        config: what to train.
        resume: a checkpoint of the same config to go on from.
    """
    return Training(config, resume)


class Training(Iterator[Event]):
    """A training that may be changed while it runs.

    Iterating raises `DivergenceError` where an iteration would make a number infinite or NaN (what
    came before it is yielded first), `DataError` if the user's points cannot be used or changed
    since the checkpoint, and `DamagedRunError` if the checkpoint is of other networks.

    Attributes:
        config: the settings as they are now.
        step: iterations done.
    """

    def __init__(self, config: Gan2dConfig, resume: Checkpoint | None = None) -> None:
        self._applied = read_changes(str(resume.state["changes"])) if resume else []
        applied = list(map(str, self._applied))
        self._planned = [c for c in read_changes(config.changes) if str(c) not in applied]
        self._requested: list[Mapping[str, Any]] = []
        self.step = resume.step if resume else 0
        self.config = config.replace(changes="")
        for change in self._applied:
            self.config = self.config.changed(change.values)
        self._events = self._run(resume)

    def __next__(self) -> Event:
        return next(self._events)

    def change(self, **values: Any) -> None:
        """Change settings from the next iteration on; the run records it.

        The changes become the artifact `changes.txt` and part of the checkpoints, so that resuming
        repeats them, and so does a new run with them as its setting `changes`.

        Args:
            values: setting (one of `config.LIVE`) to value.

        Raises:
            ConfigError: if a value is not allowed or the setting cannot change during a run; the
                training goes on as it was.
        """
        future = self.config
        for earlier in self._requested:
            future = future.changed(earlier)
        future.changed(values)  # raises what is wrong before anything is changed
        self._requested.append(values)

    def _run(self, resume: Checkpoint | None) -> Iterator[Event]:
        points = load_points(self.config)
        copy = make_artifact(points) if points else None
        digest = sha256(copy.data).hexdigest() if copy else ""
        if resume is not None and resume.state["data_sha256"] != digest:
            raise DataError("The points are not what they were when the run began.")
        program, observer = _Program(self.config, points), _Observer(self.config, points)
        if copy:
            yield copy
        if resume is None:
            state = engine.init_state(program.static, program.hyper)
            yield observer.snapshot(program, state, 0)
        else:
            state = jax.device_put(restore_state(self.config, resume))
            if self._applied:
                yield self._changes_artifact()
        while self.step < self.config.iterations:
            if changes := self._take_due_changes():
                state = self._apply(changes, state)
                program = _Program(self.config, points)
                yield self._checkpoint(state, digest)
                yield self._changes_artifact()  # after it: no file tells of a change that was lost
            rows, state, non_finite = program.advance(state, self.step, self._next_stop())
            first, self.step = self.step + 1, self.step + len(rows)
            evaluate = not non_finite and self._is_time(self.config.evaluate_every)
            measures = observer.measures(program, state, self.step) if evaluate else {}
            yield from self._metrics(program.name_metrics(rows), first, measures)
            if non_finite:
                raise DivergenceError(non_finite, self.step + 1)
            if self._is_time(self.config.snapshot_every):
                yield observer.snapshot(program, state, self.step)
            due = self._is_time(self.config.checkpoint_every)
            if due or stopping.is_stop_requested():
                yield replace(self._checkpoint(state, digest), scheduled=due)
                stopping.raise_if_stop_requested()

    def _changes_artifact(self) -> Artifact:
        return Artifact(CHANGES, f"{write_changes(self._applied)}\n".encode())

    def _is_time(self, every: int, step: int | None = None) -> bool:
        step = self.step if step is None else step
        return step % every == 0 or step == self.config.iterations

    def _next_stop(self) -> int:
        """Return the next iteration after which something is due."""
        config, step = self.config, self.step
        paces = (BLOCK, config.snapshot_every, config.evaluate_every, config.checkpoint_every)
        planned = [change.step for change in self._planned if change.step > step]
        return min(config.iterations, *(step - step % pace + pace for pace in paces), *planned)

    def _take_due_changes(self) -> list[Change]:
        """Take the changes that are to be made now: the planned ones, then the requested ones."""
        due = [change for change in self._planned if change.step == self.step]
        self._planned = [change for change in self._planned if change.step > self.step]
        due += [Change.of(self.step, values) for values in self._requested]
        self._requested.clear()
        return due

    def _apply(self, changes: list[Change], state: TrainState) -> TrainState:
        """Make changes; an optimiser that is replaced leaves no state to the next."""
        before = self.config
        for change in changes:
            self.config = self.config.changed(change.values)
        self._applied += changes
        if self.config.generator.optimizer.name != before.generator.optimizer.name:
            state = state._replace(
                g=_reset_optimizer(state.g, self.config.generator.optimizer.name)
            )
        if self.config.discriminator.optimizer.name != before.discriminator.optimizer.name:
            state = state._replace(
                d=_reset_optimizer(state.d, self.config.discriminator.optimizer.name)
            )
        return state

    def _checkpoint(self, state: TrainState, digest: str) -> Checkpoint:
        extra = {"changes": write_changes(self._applied), "data_sha256": digest}
        return Checkpoint(self.step, flatten_state(state), extra)

    def _metrics(
        self, rows: list[Mapping[str, float]], first: int, measures: Mapping[str, float]
    ) -> Iterator[Metrics]:
        """Yield the metrics of the iterations from `first` on, measures with the last one's."""
        for step, row in enumerate(rows, first):
            extra = measures if step == self.step else {}
            if extra or self._is_time(self.config.log_every, step):
                yield Metrics(step, {**row, **extra})


class _Program:
    """The compiled program with the settings as they are now."""

    def __init__(self, config: Gan2dConfig, points: UserPoints | None) -> None:
        self.static = StaticConfig.from_config(config, points)
        self.hyper = jax.device_put(Hyperparameters.from_config(config))
        steps = {True: config.g_steps, False: config.d_steps}
        trained = [steps[name in G_METRICS] > 0 for name in METRICS]
        self._columns = {name: i for i, name in enumerate(METRICS) if trained[i]}

    def name_metrics(self, rows: Rows) -> list[Mapping[str, float]]:
        """Return the metrics of the networks that take steps, from rows [n, 7]."""
        columns = rows[:, list(self._columns.values())].tolist()
        return [dict(zip(self._columns, row, strict=True)) for row in columns]

    def advance(self, state: TrainState, step: int, stop: int) -> tuple[Rows, TrainState, str]:
        """Do the iterations from `step` to `stop`, as far as every number stays finite.

        Returns:
            The metrics [iterations done, 7], the state, and what is not finite in the iteration
            after them, "" where all went well.
        """
        count = stop - step
        after, rows, finite = self._advance(state, step, count)
        finite_rows = np.isfinite(rows[:, list(self._columns.values())]).all(axis=1)
        first_bad = count if finite_rows.all() else int(finite_rows.argmin())
        if finite and first_bad == count:
            return rows, after, ""
        good, bad = (
            0,
            min(count, first_bad + 1),
        )  # after `good` iterations all is well, after `bad` not
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._advance(state, step, middle)[2] else (good, middle)
        return rows[:good], state, "a loss" if good == first_bad else "a weight"

    def _advance(self, state: TrainState, step: int, count: int) -> tuple[TrainState, Rows, bool]:
        """Do `count` iterations; only the metrics leave the device."""
        span = np.int32(step), np.int32(count)
        after, rows = engine.run_iterations(self.static, self.hyper, state, *span)
        return after, np.asarray(rows)[:count], bool(engine.is_finite(after))


class _Observer:
    """What draws and measures a training, with the same points all along."""

    def __init__(self, config: Gan2dConfig, points: UserPoints | None) -> None:
        self._modes = distributions.find_mixture(config)
        self._fixed = jax.device_put(snapshots.prepare(config, points))
        self._seed = np.uint32(config.seed)

    def snapshot(self, program: _Program, state: TrainState, step: int) -> Snapshot:
        arrays = evaluation.snapshot_state(program.static, self._fixed, state)
        return Snapshot(step, jax.device_get(arrays))

    def measures(self, program: _Program, state: TrainState, step: int) -> dict[str, float]:
        measures = evaluation.evaluate_state(program.static, self._modes, self._seed, step, state)
        return {name: float(value) for name, value in measures.items()}


def _reset_optimizer(network: NetworkState, optimizer: OptimizerName) -> NetworkState:
    return network._replace(opt_state=engine.init_opt_state(optimizer, network.params))
