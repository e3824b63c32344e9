"""What a program of the perceptron takes, whether JAX or NumPy computes it; JAX is not imported."""

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ..config import NeuronConfig

if TYPE_CHECKING:
    from jax import Array

    from ..data import Dataset

__all__ = [
    "MAX_PATTERN_COLUMNS",
    "MAX_UNROLLED_PATTERNS",
    "Lanes",
    "ProgramInputs",
    "StaticConfig",
    "lane_axes",
]

MAX_PATTERN_COLUMNS = 3
"""Truth tables of up to so many inputs have a column y_00… for each pattern in a sweep."""

MAX_UNROLLED_PATTERNS = 8
"""Up to as many patterns are written out; more would take longer to compile than they save."""


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
    def of(cls, config: NeuronConfig, dataset: "Dataset") -> "StaticConfig":
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

    x: "Array"
    d: "Array"
    learning_rate: "Array"


class Lanes(NamedTuple):
    """Runs that one program can take, L of them.

    Attributes:
        static: the program.
        w: initial weights [L, F+1].
        inputs: x [N, F], or [L, N, F] where each run has its own; d [N] or [L, N]; rates [L].
    """

    static: StaticConfig
    w: NDArray[np.float64]
    inputs: ProgramInputs

    def select(self, members: NDArray[np.int64]) -> "Lanes":
        """Return some of the runs."""
        axes = lane_axes(self.inputs)
        parts = [
            a if axis is None else a[members] for a, axis in zip(self.inputs, axes, strict=True)
        ]
        return Lanes(self.static, self.w[members], ProgramInputs(*parts))


def lane_axes(inputs: ProgramInputs) -> ProgramInputs:
    """Return the axis of the runs, None where they share the array."""
    axes = (0 if inputs.x.ndim == 3 else None, 0 if inputs.d.ndim == 2 else None, 0)
    return ProgramInputs(*cast("tuple[Array, ...]", axes))
