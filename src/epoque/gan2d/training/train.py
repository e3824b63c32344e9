"""The training of one pair of networks, as events pulled one at a time, with changes on the way."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import jax
import numpy as np

from epoque.bench import stopping
from epoque.bench.errors import DataError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot

from ..changes import Change, read_changes, write_changes
from ..config import Gan2dConfig
from ..data import distributions
from ..data.user_points import UserPoints, load_points, make_artifact
from ..figures import look, snapshots
from ..network_config import Optimizer
from . import engine
from .checkpoint import flatten_state, restore_state
from .engine import BLOCK, METRICS, TrainState
from .hyperparameters import Hyperparameters, StaticConfig
from .steps import NetworkState

__all__ = ["CHANGES", "Training", "train"]

CHANGES = "changes.txt"
"""The artifact that holds the changes made so far, as the setting `changes` takes them."""


def train(config: Gan2dConfig, resume: Checkpoint | None = None) -> "Training":
    """Return a training, an iterator of events.

    `Metrics` every `log_every` iterations and at the end: `loss_d`, `accuracy_real`,
    `accuracy_fake`, `grad_norm_d`, `saturated`, `loss_g`, `grad_norm_g` of the last step of each
    network (absent for one that takes no steps); every `evaluate_every` iterations and at the end
    also the measures of `look.evaluate`. `Snapshot`s every `snapshot_every` iterations, at 0 and
    at the end (`snapshots.take`). The user's points are the artifact `data.csv`.

    Args:
        config: what to train.
        resume: a checkpoint of the same config to go on from.
    """
    return Training(config, resume)


class Training(Iterator[Event]):
    """A training that may be changed while it runs.

    Iterating raises `DivergenceError` where an iteration would make a number infinite or NaN (what
    came before it is told first), `DataError` if the user's points cannot be used or changed since
    the checkpoint, and `DamagedRunError` if the checkpoint is of other networks.

    Attributes:
        config: the settings as they are now.
        step: iterations done.
    """

    def __init__(self, config: Gan2dConfig, resume: Checkpoint | None = None) -> None:
        self._applied = read_changes(str(resume.state["changes"])) if resume else []
        done = list(map(str, self._applied))
        self._planned = [c for c in read_changes(config.changes) if str(c) not in done]
        self._asked: list[Mapping[str, Any]] = []
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
        for asked in self._asked:
            future = future.changed(asked)
        future.changed(values)
        self._asked.append(values)

    def _run(self, resume: Checkpoint | None) -> Iterator[Event]:
        points = load_points(self.config)
        copy = make_artifact(points) if points else None
        digest = sha256(copy.data).hexdigest() if copy else ""
        if resume is not None and resume.state["data_sha256"] != digest:
            raise DataError("The points are not what they were when the run began.")
        program, eyes = _Program(self.config, points), _Eyes(self.config, points)
        if copy:
            yield copy
        if resume is None:
            state = engine.init_state(program.static, program.hyper)
            yield eyes.snapshot(program, state, 0)
        else:
            state = jax.device_put(restore_state(self.config, resume))
            if self._applied:
                yield self._changes()
        while self.step < self.config.iterations:
            if changes := self._due():
                state = self._apply(changes, state)
                program = _Program(self.config, points)
                yield self._checkpoint(state, digest)
                yield self._changes()  # after it: a file that tells of no change that was lost
            rows, state, trouble = program.advance(state, self.step, self._next_stop())
            first, self.step = self.step + 1, self.step + len(rows)
            evaluate = not trouble and self._is_time(self.config.evaluate_every)
            measures = eyes.measures(program, state, self.step) if evaluate else {}
            yield from self._metrics(program.named(rows), first, measures)
            if trouble:
                raise DivergenceError(trouble, self.step + 1)
            if self._is_time(self.config.snapshot_every):
                yield eyes.snapshot(program, state, self.step)
            due = self._is_time(self.config.checkpoint_every)
            if due or stopping.is_stop_requested():
                yield replace(self._checkpoint(state, digest), scheduled=due)
                stopping.raise_if_stop_requested()

    def _changes(self) -> Artifact:
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

    def _due(self) -> list[Change]:
        """Take the changes that are to be made now: the planned ones, then those asked for."""
        due = [change for change in self._planned if change.step == self.step]
        self._planned = [change for change in self._planned if change.step > self.step]
        due += [Change.of(self.step, values) for values in self._asked]
        self._asked.clear()
        return due

    def _apply(self, changes: list[Change], state: TrainState) -> TrainState:
        """Make changes; an optimiser that is replaced leaves no memory to the next."""
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
        told = {"changes": write_changes(self._applied), "data_sha256": digest}
        return Checkpoint(self.step, flatten_state(state), told)

    def _metrics(
        self, rows: list[Mapping[str, float]], first: int, measures: Mapping[str, float]
    ) -> Iterator[Metrics]:
        """Tell the metrics of the iterations from `first` on, measures with the last one's."""
        for step, row in enumerate(rows, first):
            more = measures if step == self.step else {}
            if more or self._is_time(self.config.log_every, step):
                yield Metrics(step, {**row, **more})


class _Program:
    """The compiled program with the settings as they are now."""

    def __init__(self, config: Gan2dConfig, points: UserPoints | None) -> None:
        self.static = StaticConfig.from_config(config, points)
        self.hyper = jax.device_put(Hyperparameters.from_config(config))
        steps = {True: config.g_steps, False: config.d_steps}
        taking = [steps[name.endswith("_g")] > 0 for name in METRICS]
        self._columns = {n: place for place, n in enumerate(METRICS) if taking[place]}

    def named(self, rows: Any) -> list[Mapping[str, float]]:
        """Return the metrics of the networks that take steps, from rows [n, 7]."""
        columns = rows[:, list(self._columns.values())].tolist()
        return [dict(zip(self._columns, row, strict=True)) for row in columns]

    def advance(self, state: TrainState, step: int, stop: int) -> tuple[Any, TrainState, str]:
        """Do the iterations from `step` to `stop`, as far as every number stays finite.

        Returns:
            The metrics [iterations done, 7], the state, and what is not finite in the iteration
            after them, "" where all went well.
        """
        count = stop - step
        after, rows, finite = self._blocks(state, step, count)
        known = np.isfinite(rows[:, list(self._columns.values())]).all(axis=1)
        told = count if known.all() else int(known.argmin())
        if finite and told == count:
            return rows, after, ""
        good, bad = 0, min(count, told + 1)  # after `good` iterations all is well, after `bad` not
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._blocks(state, step, middle)[2] else (good, middle)
        return rows[:good], state, "a loss" if good == told else "a weight"

    def _blocks(self, state: TrainState, step: int, count: int) -> tuple[TrainState, Any, bool]:
        """Do `count` iterations; only the metrics leave the device."""
        span = np.int32(step), np.int32(count)
        after, rows = engine.advance(self.static, self.hyper, state, *span)
        return after, np.asarray(rows)[:count], bool(engine.is_finite(after))


class _Eyes:
    """What looks at a training the same way all along."""

    def __init__(self, config: Gan2dConfig, points: UserPoints | None) -> None:
        self._modes = distributions.find_mixture(config)
        self._fixed = jax.device_put(snapshots.prepare(config, points))
        self._seed = np.uint32(config.seed)

    def snapshot(self, program: _Program, state: TrainState, step: int) -> Snapshot:
        arrays = look.snapshot(program.static, self._fixed, state)
        return Snapshot(step, jax.device_get(arrays))

    def measures(self, program: _Program, state: TrainState, step: int) -> dict[str, float]:
        found = look.evaluate(program.static, self._modes, self._seed, step, state)
        return {name: float(value) for name, value in found.items()}


def _reset_optimizer(network: NetworkState, optimizer: Optimizer) -> NetworkState:
    return network._replace(opt_state=engine.init_opt_state(optimizer, network.params))
