"""Training one neuron: the events of a run (the rule itself is in `rule`).

Everything is computed in float64. JAX's switch for it is thrown around each call of the compiled
program and not for the whole process: other labs train in float32 beside this one.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench import stopping
from epoque.bench.errors import DamagedRunError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, rows_of_columns

from ..config import NeuronConfig
from ..data import Dataset
from .epoch import MEASURES, EpochResponses, ProgramInputs, StaticConfig, run_epoch, unroll
from .initialization import init_weights

__all__ = ["run_block", "train"]

Floats = NDArray[np.float64]

BLOCK_WORK = 12_000
"""Products of weights and patterns in one call of the program: 1000 iterations of a gate."""
BLOCK = 1000
"""Most iterations in one call."""
MAX_ROWS = 10_000
MAX_CELLS = 1_000_000
"""weights.csv holds at most so many rows and numbers (see `history_stride`)."""


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
        return w, (w, EpochResponses(*responses.stacked()))

    start = unroll(w)
    _, (history, responses) = jax.lax.scan(iterate, start, length=length)
    weights = jnp.stack(jax.tree.leaves(history), axis=1) if start is not w else history
    return jax.vmap(partial(EpochResponses.measures, d=inputs.d))(responses), weights


def history_stride(iterations: int, weights: int) -> int:
    """Return how many iterations lie between two rows of weights.csv.

    It is 1 up to 10,000 iterations. Longer runs keep at most 10,000 rows (and 1,000,000 numbers,
    for many weights), evenly spaced, and always the first and the last: the rows travel in every
    checkpoint. metrics.jsonl has each iteration in any case.
    """
    rows = max(min(MAX_ROWS, MAX_CELLS // weights), 100)
    return -(-iterations // rows)


def train(
    config: NeuronConfig, dataset: Dataset, resume: Checkpoint | None = None
) -> Iterator[Event]:
    """Yield a `Metrics` an iteration, checkpoints, and weights.csv at the end.

    A checkpoint holds `w` [F+1] and `history` [R, F+1], the rows of weights.csv so far.

    Raises:
        DivergenceError: before anything of the first iteration that is not finite is yielded.
        DamagedRunError: if `resume` is no checkpoint of such a run.
    """
    points, size = len(dataset.d), dataset.x.shape[1] + 1
    stride = history_stride(config.iterations, size)
    step, history = _start(config, size, stride, resume)
    w = history[-1] if resume is None else np.asarray(resume.arrays["w"])
    length = max(1, min(BLOCK, BLOCK_WORK // (points * size)))
    program = partial(run_block, StaticConfig.of(config, dataset), length)
    arrays = (dataset.x, dataset.d, np.float64(config.learning_rate))
    inputs = ProgramInputs(*cast("tuple[Array, ...]", arrays))
    while step < config.iterations:
        with jax.enable_x64(True):
            measures, after = jax.device_get(program(w, inputs))
        after = after[: config.iterations - step]
        metrics = {name: measures[name][: len(after)] for name in MEASURES}
        metrics |= {f"w{i}": column for i, column in enumerate(after.T)}
        finite = _count_finite_rows(metrics)
        for values, w in zip(rows_of_columns(metrics)[:finite], after, strict=False):
            step += 1
            if step % stride == 0 or step == config.iterations:
                history.append(w)
            yield Metrics(step, values)
            due = step % config.checkpoint_every == 0 or step == config.iterations
            if due or stopping.is_stop_requested():
                yield Checkpoint(step, {"w": w, "history": np.stack(history)}, scheduled=due)
                stopping.raise_if_stop_requested()
        if finite < len(after):
            raise DivergenceError(_name_first_not_finite(metrics, finite), step + 1)
    yield Artifact("weights.csv", _csv(history, stride, config.iterations))


def _start(
    config: NeuronConfig, size: int, stride: int, resume: Checkpoint | None
) -> tuple[int, list[Floats]]:
    """Return the iterations done and the rows of weights.csv so far."""
    if resume is None:
        return 0, [init_weights(config, size - 1)]
    rows = 1 + resume.step // stride
    rows += resume.step == config.iterations and resume.step % stride > 0
    shapes = {"w": (size,), "history": (rows, size)}
    for name, shape in shapes.items():
        if name not in resume.arrays or resume.arrays[name].shape != shape:
            raise DamagedRunError(f"The checkpoint at step {resume.step} has no whole {name!r}.")
    return resume.step, list(resume.arrays["history"])


def _count_finite_rows(metrics: Mapping[str, Floats]) -> int:
    """Return how many rows there are before the first that is not finite."""
    columns = np.stack(list(metrics.values()))
    bad = np.flatnonzero(~np.isfinite(columns).all(axis=0))
    return int(bad[0]) if len(bad) else columns.shape[1]


def _name_first_not_finite(metrics: Mapping[str, Floats], row: int) -> str:
    weights_first = sorted(metrics, key=lambda name: not name.startswith("w"))
    return next(name for name in weights_first if not np.isfinite(metrics[name][row]))


def _csv(history: list[Floats], stride: int, iterations: int) -> bytes:
    """Return weights.csv: shortest digits that read back to the same float64."""
    steps = [*range(0, iterations, stride), iterations]
    header = ",".join(["iteration", *(f"w{i}" for i in range(len(history[0])))])
    rows = (f"{s},{','.join(map(repr, w.tolist()))}" for s, w in zip(steps, history, strict=True))
    return "\n".join([header, *rows, ""]).encode()
