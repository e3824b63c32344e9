"""A pass of the rule over all patterns, and what is measured of it."""

from functools import reduce
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
from jax import Array

from ..config import NeuronConfig
from ..data import Dataset
from .rule import Response, correct
from .vectors import UnrolledVector, Vector

__all__ = [
    "MEASURES",
    "EpochResponses",
    "ProgramInputs",
    "StaticConfig",
    "add_bias",
    "run_epoch",
    "unroll",
]

MAX_UNROLLED_WEIGHTS = 16
"""Up to as many weights are scalars of their own in a program."""
MAX_UNROLLED_PATTERNS = 8
"""Up to as many patterns are written out; more would take longer to compile than they save."""
MEASURES = ("error", "error_max", "error_mean", "error_rms", "cross_entropy")
"""The metrics of a pass besides the weights, in their order."""


class StaticConfig(NamedTuple):
    """The static arguments of the compiled program: another one is another program.

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
    def of(cls, config: NeuronConfig, dataset: Dataset) -> "StaticConfig":
        """Return what is static of a config and its points."""
        points, inputs = dataset.x.shape
        is_small = config.data == "truth_table" and points <= MAX_UNROLLED_PATTERNS
        patterns = tuple(map(tuple, dataset.x.tolist())) if is_small else None
        return cls(config.rule, config.update, inputs, patterns)


class ProgramInputs(NamedTuple):
    """The arrays that the compiled program takes as arguments; NumPy's outside it.

    Attributes:
        x: inputs [N, F]; not looked at where the program has its patterns written out.
        d: desired outputs [N].
        learning_rate: a batch update adds the corrections of all patterns, so that a small rate
            does the same to both.
    """

    x: Array
    d: Array
    learning_rate: Array


class EpochResponses(NamedTuple):
    """What a neuron answered to each pattern of a pass, before the pattern's own correction.

    Attributes:
        y: the weighted sums, an array [N] or, where the patterns are written out, N scalars.
        error: d − o, likewise.
    """

    y: Array | tuple[Array, ...]
    error: Array | tuple[Array, ...]

    def extremes(self) -> tuple[Array, Array]:
        """Return |d − o| of the last pattern, and the largest."""
        if isinstance(self.error, tuple):
            sizes = [abs(error) for error in self.error]
            return sizes[-1], reduce(jnp.maximum, sizes)
        return abs(self.error[-1]), abs(self.error).max()

    def stack(self) -> Response:
        """Return both as arrays [N]."""
        return Response(*(jnp.stack(v) if isinstance(v, tuple) else v for v in self))

    def measures(self, d: Array) -> dict[str, Array]:
        """Return the metrics of the pass.

        The cross-entropy is −log of the probability that sigmoid(y) gives to d, for the rule
        `step` as well.
        """
        last, largest = self.extremes()
        y, error = self.stack()
        return {
            "error": last,
            "error_max": largest,
            "error_mean": _mean(abs(error)),
            "error_rms": jnp.sqrt(_mean(error * error)),
            "cross_entropy": _mean(jnp.logaddexp(0.0, (1.0 - 2.0 * d) * y)),
        }


def _mean(values: Array) -> Array:
    """Return the mean of [N]; few are added in their order, so that any program rounds alike."""
    count = len(values)
    if count > MAX_UNROLLED_PATTERNS:
        return values.sum() / count
    total: Array = sum(values[1:], values[0])
    return total / count


def run_epoch(
    static: StaticConfig, w: Vector, inputs: ProgramInputs
) -> tuple[Vector, EpochResponses]:
    """Present all patterns once, in their order, and correct the weights.

    Args:
        static: the rule, and whether it corrects after each pattern or once a pass.
        w: the weights [F+1].
        inputs: the points and the learning rate.

    Returns:
        The weights after, and the responses.
    """
    is_batch = static.update == "batch"

    def present(
        total: Vector, pattern: tuple[Array | tuple[float, ...], Array]
    ) -> tuple[Vector, Response]:
        x, d = pattern
        now = w if is_batch else total
        correction, response = correct(now, add_bias(x, w), d, inputs.learning_rate, static.rule)
        return total + correction, response

    # What goes from pattern to pattern: online the weights, else the sum of the corrections.
    total = jax.tree.map(jnp.zeros_like, w) if is_batch else w
    if static.patterns is None:
        total, response = jax.lax.scan(present, total, (inputs.x, inputs.d))
        responses = EpochResponses(*response)
    else:
        rows = []
        for i, pattern in enumerate(static.patterns):
            total, response = present(total, (pattern, inputs.d[i]))
            rows.append(response)
        responses = EpochResponses(*zip(*rows, strict=True))
    return (w + total if is_batch else total), responses


def add_bias(x: Array | tuple[float, ...], w: Vector) -> Vector:
    """Return a pattern [F] with its bias input −1 first, [F+1], as a vector like the weights."""
    if isinstance(w, UnrolledVector):
        return UnrolledVector((-1.0, *(x[i] for i in range(len(w.components) - 1))))
    return jnp.concatenate([-jnp.ones(1), jnp.asarray(x)])


def unroll(w: Array) -> Array:
    """Return weights [F+1], or of L runs [F+1, L], as a program's: few as an `UnrolledVector`.

    To whoever calls it that is an array: the two have what is needed of either.
    """
    return cast("Array", UnrolledVector(tuple(w))) if w.shape[0] <= MAX_UNROLLED_WEIGHTS else w
