"""One neuron: a weighted sum, a sigmoid, and a correction after each pattern (or after all).

With the bias input −1 first, y = −w0 + x1·w1 + … + xF·wF and o = 1 / (1 + exp(−y)). The default
rule corrects after each pattern by

    w ← w + learning_rate · input · (d − o),

the online gradient of the cross-entropy: there is no derivative of the sigmoid in it.

Everything is computed in float64. JAX's switch for it is thrown around each call of the compiled
program and not for the whole process: other labs train in float32 beside this one.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from epoque.bench import stopping
from epoque.bench.errors import DamagedRunError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, rows_of_columns
from epoque.bench.seeds import numpy_rng

from ..config import NeuronConfig
from ..data import Dataset

__all__ = [
    "MEASURES",
    "Given",
    "Kernel",
    "Seen",
    "first_weights",
    "one_pass",
    "train",
    "weighted_sum",
]

Floats = NDArray[np.float64]
Weights = Any
"""In a program: one scalar a weight, w0 first; above `NARROW` weights one array [F+1]."""

NARROW = 16
"""Up to as many weights are scalars of their own in a program."""
WRITTEN_OUT = 8
"""Up to as many patterns are written out; more would take longer to compile than they save."""
BLOCK_WORK = 12_000
"""Products of weights and patterns in one call of the program: 1000 iterations of a gate."""
BLOCK = 1000
"""Most iterations in one call."""
MEASURES = ("error", "error_max", "error_mean", "error_rms", "cross_entropy")
"""The metrics of a pass besides the weights, in their order."""
MAX_ROWS = 10_000
MAX_CELLS = 1_000_000
"""weights.csv holds at most so many rows and numbers (see `history_stride`)."""


class Kernel(NamedTuple):
    """What the compiled program depends on; everything else is an argument of it.

    Attributes:
        rule: `delta`, `squared_error` or `step`.
        update: `online` or `batch`.
        inputs: F.
        patterns: the patterns [N][F] of a small truth table, written into the program, so that
            a 0 costs nothing and a 1 no product; else None.
    """

    rule: str
    update: str
    inputs: int
    patterns: tuple[tuple[float, ...], ...] | None

    @classmethod
    def of(cls, config: NeuronConfig, dataset: Dataset) -> "Kernel":
        """Return the kernel of a config and its points."""
        points, inputs = dataset.x.shape
        written_out = config.data == "truth_table" and points <= WRITTEN_OUT
        patterns = tuple(map(tuple, dataset.x.tolist())) if written_out else None
        return cls(config.rule, config.update, inputs, patterns)


class Given(NamedTuple):
    """What a neuron is given: numbers that the compiled program takes as arguments.

    Attributes:
        x: inputs [N, F]; not looked at where the kernel has its patterns.
        d: desired outputs [N].
        rate: the learning rate. A batch update adds the corrections of all patterns, so that a
            small rate does the same to both.
    """

    x: Any
    d: Any
    rate: Any


class Seen(NamedTuple):
    """What a pass met: each pattern as it was presented, before its own correction.

    Attributes:
        y: the weighted sums, an array [N] or, where the patterns are written out, N scalars.
        error: d − o, likewise.
    """

    y: Any
    error: Any

    def extremes(self) -> tuple[Any, Any]:
        """Return |d − o| of the last pattern, and the largest."""
        if isinstance(self.error, tuple):
            sizes = [abs(error) for error in self.error]
            return sizes[-1], reduce(jnp.maximum, sizes)
        return abs(self.error[-1]), abs(self.error).max()

    def stacked(self) -> "Seen":
        """Return both as arrays [N]."""
        return Seen(*(jnp.stack(v) if isinstance(v, tuple) else v for v in self))

    def measures(self, d: Any) -> dict[str, Any]:
        """Return the metrics of the pass.

        The cross-entropy is −log of the probability that sigmoid(y) gives to d, for the rule
        `step` as well.
        """
        last, largest = self.extremes()
        y, error = self.stacked()
        return {
            "error": last,
            "error_max": largest,
            "error_mean": _mean(abs(error)),
            "error_rms": jnp.sqrt(_mean(error * error)),
            "cross_entropy": _mean(jnp.logaddexp(0.0, (1.0 - 2.0 * d) * y)),
        }


def _mean(values: Any) -> Any:
    """Return the mean of [N]; few are added in their order, so that any program rounds alike."""
    few = len(values) <= WRITTEN_OUT
    return (sum(values[1:], values[0]) if few else values.sum()) / len(values)


def weighted_sum(w: Weights, x: Any) -> Any:
    """Return y = −w0 + Σ xi·wi of one pattern.

    Args:
        w: the weights.
        x: the inputs [F], numbers known to the program or one of its arguments.
    """
    if not isinstance(w, tuple):
        return jnp.dot(x, w[1:]) - w[0]
    y = -w[0]
    for i in range(len(w) - 1):
        y = _plus(y, x[i], w[i + 1])
    return y


def _plus(a: Any, x: Any, b: Any) -> Any:
    """Return a + x·b, without a product where the program knows that x is 0 or 1."""
    if isinstance(x, float) and x in (0.0, 1.0):
        return a + b if x else a
    return a + x * b


def _corrected(w: Weights, x: Any, step: Any) -> Weights:
    """Return w + step · (−1, x)."""
    if not isinstance(w, tuple):
        return w + step * jnp.concatenate([-jnp.ones(1), x])
    return (w[0] - step, *(_plus(w[i + 1], x[i], step) for i in range(len(w) - 1)))


def _response(rule: str, y: Any) -> tuple[Any, Any]:
    """Return a neuron's output for its sum, and what its rule multiplies the error by.

    `delta`: the gradient of the cross-entropy. `squared_error`: the gradient of ½ (d − o)², with
    the sigmoid's derivative o·(1 − o) (Widrow & Hoff 1960 behind a sigmoid). `step`: Rosenblatt
    1958, an output of 0 or 1.
    """
    if rule == "step":
        return jnp.where(y > 0, 1.0, 0.0), 1.0
    o = 1.0 / (1.0 + jnp.exp(-y))
    return o, (o * (1.0 - o) if rule == "squared_error" else 1.0)


def one_pass(kernel: Kernel, w: Weights, given: Given) -> tuple[Weights, Seen]:
    """Present all patterns once, in their order, and correct the weights.

    Returns:
        The weights after, and what was met.
    """
    batch = kernel.update == "batch"

    def present(carry: Any, pattern: Any) -> tuple[Any, Seen]:
        w, summed = carry
        x, d = pattern
        y = weighted_sum(w, x)
        o, slope = _response(kernel.rule, y)
        error = d - o
        if batch:
            summed = _corrected(summed, x, given.rate * error * slope)
        else:
            w = _corrected(w, x, given.rate * error * slope)
        return (w, summed), Seen(y, error)

    carry = w, jax.tree.map(jnp.zeros_like, w) if batch else None
    if kernel.patterns is None:
        (w, summed), seen = jax.lax.scan(present, carry, (given.x, given.d))
    else:
        met = []
        for i, pattern in enumerate(kernel.patterns):
            carry, seen = present(carry, (pattern, given.d[i]))
            met.append(seen)
        (w, summed), seen = carry, Seen(*zip(*met, strict=True))
    return (jax.tree.map(jnp.add, w, summed) if batch else w), seen


def parted(w: Any) -> Weights:
    """Return an array [F+1] as a program's weights."""
    return tuple(w) if w.shape[0] <= NARROW else w


@partial(jax.jit, static_argnames=("kernel", "length"))
def _block(kernel: Kernel, length: int, w: Any, given: Given) -> tuple[Any, Any]:
    """Return `length` iterations: the metrics by name, each [length], and the weights after each.

    The weights are all that an iteration needs of those before it, and the loop's body is the same
    machine code wherever it starts: so a resumed run computes the same bits.
    """

    def iterate(w: Weights, _: None) -> tuple[Weights, Any]:
        w, seen = one_pass(kernel, w, given)
        return w, (w, seen.stacked())

    _, (w, seen) = jax.lax.scan(iterate, parted(w), length=length)
    w = jnp.stack(w, axis=1) if isinstance(w, tuple) else w
    return jax.vmap(partial(Seen.measures, d=given.d))(seen), w


def first_weights(config: NeuronConfig, inputs: int) -> Floats:
    """Return the initial weights [F+1] (seed purpose "initial weights")."""
    unit = unit_draw(config.init, config.seed, inputs)
    return placed(config.init, unit, config.init_low, config.init_high, config.init_scale)


@lru_cache(maxsize=10_000)  # a sweep asks for the same seeds at each of its learning rates
def unit_draw(init: str, seed: int, inputs: int) -> Floats:
    """Return the random part of the initial weights [F+1], before its range or spread; read only.

    `uniform` and `normal` draw w0 like the others. Glorot & Bengio 2010 (eq. 12, 16) and He et al.
    2015 (eq. 10), for F inputs and one output, start it at 0.
    """
    rng = numpy_rng(seed, "initial weights")
    drawn = rng.standard_normal if init.endswith("normal") else rng.random
    if init in ("uniform", "normal"):
        return drawn(inputs + 1)
    if init == "zeros":
        return np.zeros(inputs + 1)
    variance = 2 / (inputs + 1) if init.startswith("glorot") else 2 / inputs
    drawn_w = drawn(inputs) if init.endswith("normal") else np.sqrt(3) * (2 * drawn(inputs) - 1)
    return np.concatenate([[0.0], np.sqrt(variance) * drawn_w])


def placed(init: str, unit: Floats, low: Any, high: Any, scale: Any) -> Floats:
    """Return initial weights from their random part: any shapes that broadcast."""
    if init == "uniform":
        return np.asarray(low + (high - low) * unit)
    return np.array(scale * unit if init == "normal" else unit)  # never the cached one itself


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
    points, inputs = dataset.x.shape
    stride = history_stride(config.iterations, inputs + 1)
    step, history = _start(config, inputs, stride, resume)
    w = history[-1] if resume is None else np.asarray(resume.arrays["w"])
    length = max(1, min(BLOCK, BLOCK_WORK // (points * (inputs + 1))))
    program = partial(_block, Kernel.of(config, dataset), length)
    given = Given(dataset.x, dataset.d, config.learning_rate)
    while step < config.iterations:
        with jax.enable_x64(True):
            block = program(w, given)
            measures, after = jax.device_get(block)
        after = after[: config.iterations - step]
        metrics = {name: measures[name][: len(after)] for name in MEASURES}
        metrics |= {f"w{i}": column for i, column in enumerate(after.T)}
        finite = _finite_rows(metrics)
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
            raise DivergenceError(_first_not_finite(metrics, finite), step + 1)
    yield Artifact("weights.csv", _csv(history, stride, config.iterations))


def _start(
    config: NeuronConfig, inputs: int, stride: int, resume: Checkpoint | None
) -> tuple[int, list[Floats]]:
    """Return the iterations done and the rows of weights.csv so far."""
    if resume is None:
        return 0, [first_weights(config, inputs)]
    rows = 1 + resume.step // stride
    rows += resume.step == config.iterations and resume.step % stride > 0
    shapes = {"w": (inputs + 1,), "history": (rows, inputs + 1)}
    for name, shape in shapes.items():
        if name not in resume.arrays or resume.arrays[name].shape != shape:
            raise DamagedRunError(f"The checkpoint at step {resume.step} has no whole {name!r}.")
    return resume.step, list(resume.arrays["history"])


def _finite_rows(metrics: Mapping[str, Floats]) -> int:
    """Return how many rows there are before the first that is not finite."""
    columns = np.stack(list(metrics.values()))
    bad = np.flatnonzero(~np.isfinite(columns).all(axis=0))
    return int(bad[0]) if len(bad) else columns.shape[1]


def _first_not_finite(metrics: Mapping[str, Floats], row: int) -> str:
    weights_first = sorted(metrics, key=lambda name: not name.startswith("w"))
    return next(name for name in weights_first if not np.isfinite(metrics[name][row]))


def _csv(history: list[Floats], stride: int, iterations: int) -> bytes:
    """Return weights.csv: shortest digits that read back to the same float64."""
    steps = [*range(0, iterations, stride), iterations]
    header = ",".join(["iteration", *(f"w{i}" for i in range(len(history[0])))])
    rows = (f"{s},{','.join(map(repr, w.tolist()))}" for s, w in zip(steps, history, strict=True))
    return "\n".join([header, *rows, ""]).encode()
