"""Training one neuron under a hand (the rule itself is in `rule`).

Everything is computed in float64. JAX's switch for it is thrown around each call of the compiled
program and not for the whole process: other labs train in float32 beside this one.
"""

from collections.abc import Mapping
from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.events import Arrays, Checkpoint, rows_of_columns

from ..config import NeuronConfig
from ..data import Dataset
from ..evaluate import compute_outputs, compute_weighted_sums
from ..live import NeuronLive
from ..weights_csv import WeightHistory
from .epoch import MEASURES, EpochResponses, ProgramInputs, StaticConfig, run_epoch, unroll
from .initialization import init_weights

__all__ = ["PerceptronLive", "run_block"]

Floats = NDArray[np.float64]

BLOCK_WORK = 12_000
"""Products of weights and patterns in one call of the program: 1000 iterations of a gate."""
BLOCK = 1000
"""Most iterations in one call."""


@partial(jax.jit, static_argnames=("static", "length"))
def run_block(
    static: StaticConfig, length: int, w: Array, inputs: ProgramInputs
) -> tuple[dict[str, Array], Array]:
    """Return `length` iterations: the metrics by name, each [length], and the weights after each.

    The weights are all that an iteration needs of those before it, and the loop's body is the same
    machine code wherever it starts: so a resumed run computes the same bits.
    """

    def iterate(w: Array, _: None) -> tuple[Array, tuple[Array, EpochResponses]]:
        w, responses = run_epoch(static, w, inputs)
        return w, (w, EpochResponses(*responses.stack()))

    start = unroll(w)
    _, (history, responses) = jax.lax.scan(iterate, start, length=length)
    weights = jnp.stack(jax.tree.leaves(history), axis=1) if start is not w else history
    return jax.vmap(partial(EpochResponses.measures, d=inputs.d))(responses), weights


class PerceptronLive(NeuronLive):
    """One neuron under a hand, computed by JAX.

    The program does a block of iterations and tells the weights after each: what is not asked for
    yet waits here, and a change of settings forgets it.
    """

    def __init__(
        self,
        config: NeuronConfig,
        resume: Checkpoint | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        super().__init__(config, resume, dataset)
        points, inputs = self.dataset.x.shape
        self.largest = max(1, min(BLOCK, BLOCK_WORK // (points * (inputs + 1))))
        first = init_weights(self.config, inputs)
        self.history = WeightHistory(self.config, first, resume)
        self._w: Floats = first if resume is None else np.asarray(resume.arrays["w"])
        self._ahead: list[tuple[Mapping[str, float], Floats]] = []
        self._bad = ""
        self._use_config(self.config)

    def weights(self) -> dict[str, Floats]:
        """Return the weights."""
        return {"w": self._w}

    def _write_weights(self, arrays: Mapping[str, Floats]) -> None:
        self._w = arrays["w"]
        self._ahead, self._bad = [], ""

    def make_weights_csv(self) -> bytes:
        """Return the weights of many iterations, a line each (see `history_stride`)."""
        return self.history.encode()

    def _answer(self, x: Floats) -> Floats:
        return compute_outputs(self.config, compute_weighted_sums(self._w, x))

    def _use_config(self, before: NeuronConfig) -> None:
        self._ahead, self._bad = [], ""
        static = StaticConfig.of(self.config, self.dataset)
        arrays = (self.dataset.x, self.dataset.d, np.float64(self.config.learning_rate))
        self._inputs = ProgramInputs(*cast("tuple[Array, ...]", arrays))
        self._program = partial(run_block, static, self.largest)

    def _iterate(self, count: int) -> tuple[list[Mapping[str, float]], str]:
        if not self._ahead and not self._bad:
            self._compute_block()
        done = self._ahead[:count]
        del self._ahead[:count]
        for step, (_, w) in enumerate(done, self.step + 1):
            self.history.add(step, w)
            self._w = w
        # Fewer than asked for may also be the end of a block that is all well.
        is_end = len(done) < count and not self._ahead
        return [values for values, _ in done], self._bad if is_end else ""

    def _compute_block(self) -> None:
        with jax.enable_x64(True):
            measures, after = jax.device_get(self._program(self._w, self._inputs))
        metrics = {name: measures[name] for name in MEASURES}
        metrics |= {f"w{i}": column for i, column in enumerate(after.T)}
        finite = _count_finite_rows(metrics)
        rows = rows_of_columns({name: column[:finite] for name, column in metrics.items()})
        self._ahead = list(zip(rows, after, strict=False))
        if finite < len(after):
            self._bad = _name_first_not_finite(metrics, finite)

    def _state_arrays(self) -> Arrays:
        return {"w": self._w, "history": np.stack(self.history.rows)}


def _count_finite_rows(metrics: Mapping[str, Floats]) -> int:
    """Return how many rows there are before the first that is not finite."""
    columns = np.stack(list(metrics.values()))
    bad = np.flatnonzero(~np.isfinite(columns).all(axis=0))
    return int(bad[0]) if len(bad) else columns.shape[1]


def _name_first_not_finite(metrics: Mapping[str, Floats], row: int) -> str:
    weights_first = sorted(metrics, key=lambda name: not name.startswith("w"))
    return next(name for name in weights_first if not np.isfinite(metrics[name][row]))
