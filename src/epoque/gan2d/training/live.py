"""The training of one pair of networks under a hand, and what its runs are made of besides."""

from abc import abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from epoque.bench.block_live import BlockLive
from epoque.bench.errors import DataError
from epoque.bench.events import Arrays, Artifact, Checkpoint

from ..config import Gan2dConfig
from ..data import distributions
from ..data.user_points import UserPoints, load_points, make_artifact
from ..network_config import OptimizerName
from . import engine, evaluation, snapshots
from .checkpoint import flatten_state, restore_state
from .engine import BLOCK, METRICS, TrainState
from .hyperparameters import Hyperparameters, StaticConfig
from .steps import G_METRICS, NetworkState

__all__ = ["GanLive", "JaxLive", "trained_metrics"]

Rows = NDArray[np.float32]


def trained_metrics(config: Gan2dConfig) -> list[str]:
    """Return those of `METRICS` that are of a network which takes steps."""
    steps = {True: config.g_steps, False: config.d_steps}
    return [name for name in METRICS if steps[name in G_METRICS] > 0]


class GanLive(BlockLive[Gan2dConfig]):
    """A training of the lab under a hand, whatever computes it.

    Its metrics are `METRICS`, without those of a network that takes no steps; its snapshots are
    those of `epoque.gan2d.training.snapshots`. An optimizer that is replaced leaves no state to the
    next.

    Attributes:
        points: the user's points, where there are any.
    """

    def __init__(self, config: Gan2dConfig, resume: Checkpoint | None) -> None:
        super().__init__(config, resume)
        self.points = load_points(self.config)
        copy = self.make_points_copy()
        self._points_digest = sha256(copy.data).hexdigest() if copy else ""
        if resume is not None and resume.state["data_sha256"] != self._points_digest:
            raise DataError("The points are not what they were when the run began.")

    def make_points_copy(self) -> Artifact | None:
        """Return the file that keeps the user's points with a run, where there are any."""
        return make_artifact(self.points) if self.points else None

    def _state_values(self) -> Mapping[str, Any]:
        return {**super()._state_values(), "data_sha256": self._points_digest}

    @abstractmethod
    def measures(self) -> dict[str, float]:
        """Return the measures of the generator as it stands (`evaluation.evaluate_state`)."""


class JaxLive(GanLive):
    """A training computed by JAX: the reference."""

    largest = BLOCK

    def __init__(self, config: Gan2dConfig, resume: Checkpoint | None = None) -> None:
        super().__init__(config, resume)
        self._program = _Program(self.config, self.points)
        self._observer = _Observer(self.config, self.points)
        if resume is None:
            self._state = engine.init_state(self._program.static, self._program.hyper)
        else:
            self._state = jax.device_put(restore_state(self.config, resume))

    def snapshot(self) -> Arrays:
        """Return what the training looks like now (`epoque.gan2d.training.snapshots`)."""
        return self._observer.snapshot(self._program, self._state)

    def measures(self) -> dict[str, float]:
        """Return the measures of the generator as it stands."""
        return self._observer.measures(self._program, self._state, self.step)

    def _use_config(self, before: Gan2dConfig) -> None:
        g, d = self.config.generator.optimizer.name, self.config.discriminator.optimizer.name
        if g != before.generator.optimizer.name:
            self._state = self._state._replace(g=_reset_optimizer(self._state.g, g))
        if d != before.discriminator.optimizer.name:
            self._state = self._state._replace(d=_reset_optimizer(self._state.d, d))
        self._program = _Program(self.config, self.points)

    def _iterate(self, count: int) -> tuple[list[Mapping[str, float]], str]:
        rows, self._state, non_finite = self._program.advance(self._state, self.step, count)
        names = trained_metrics(self.config)
        table = rows[:, [METRICS.index(name) for name in names]].tolist()
        return [dict(zip(names, row, strict=True)) for row in table], non_finite

    def _state_arrays(self) -> Arrays:
        return flatten_state(self._state)


class _Program:
    """The compiled program with the settings as they are now."""

    def __init__(self, config: Gan2dConfig, points: UserPoints | None) -> None:
        self.static = StaticConfig.from_config(config, points)
        self.hyper = jax.device_put(Hyperparameters.from_config(config))
        self._columns = [METRICS.index(name) for name in trained_metrics(config)]

    def advance(self, state: TrainState, step: int, count: int) -> tuple[Rows, TrainState, str]:
        """Do `count` iterations after `step`, as far as every number stays finite.

        Returns:
            The metrics [iterations done, 7], the state after them, and what is not finite in the
            iteration that follows, "" where all went well.
        """
        after, rows, finite = self._advance(state, step, count)
        finite_rows = np.isfinite(rows[:, self._columns]).all(axis=1)
        first_bad = count if finite_rows.all() else int(finite_rows.argmin())
        if finite and first_bad == count:
            return rows, after, ""
        # After `good` iterations all is well, after `bad` not.
        good, bad = 0, min(count, first_bad + 1)
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if self._advance(state, step, middle)[2] else (good, middle)
        what = "a loss" if good == first_bad else "a weight"
        return rows[:good], self._advance(state, step, good)[0], what

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

    def snapshot(self, program: _Program, state: TrainState) -> dict[str, NDArray[Any]]:
        arrays = evaluation.snapshot_state(program.static, self._fixed, state)
        snapshot: dict[str, NDArray[Any]] = jax.device_get(arrays)
        return snapshot

    def measures(self, program: _Program, state: TrainState, step: int) -> dict[str, float]:
        measures = evaluation.evaluate_state(program.static, self._modes, self._seed, step, state)
        return {name: float(value) for name, value in measures.items()}


def _reset_optimizer(network: NetworkState, optimizer: OptimizerName) -> NetworkState:
    return network._replace(opt_state=engine.init_opt_state(optimizer, network.params))
