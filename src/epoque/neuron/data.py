"""The points a neuron learns to tell apart: truth tables, four 2-D sets, and a CSV of your own."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DataError
from epoque.bench.files.csv_table import CsvTable, read_csv
from epoque.bench.i18n import environment_language, mark, translator
from epoque.bench.seeds import numpy_rng

from .config import NeuronConfig
from .scaling import Scaling
from .seeds import Purpose

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["CSV_COPY", "Dataset", "load", "load_run", "pattern_names", "remarks"]

Floats = NDArray[np.float64]

RADIUS = 5.0
"""The 2-D sets lie in the square from −5 to 5."""

CSV_COPY = "data.csv"
"""The run's own copy of the CSV it learned from."""

MAX_CSV_INPUTS = 1024

LARGE_INPUT = 20.0
"""From about there on a weight of ordinary size makes the sigmoid 0 or 1 to nine digits."""

LARGE = mark(
    "Inputs up to {largest} saturate the sigmoid, and learning may stand still; "
    "--scale standard gives each mean 0 and deviation 1."
)


@dataclass(frozen=True)
class Dataset:
    """Points and the class each belongs to.

    Attributes:
        x: training inputs, [N, F].
        d: desired outputs, [N], each 0 or 1.
        x_test: inputs kept from training, [M, F]; M is 0 where there is no split.
        d_test: their desired outputs, [M].
        names: the F inputs' names (x1, x2, … or the CSV's header).
        scaling: how x came about where the inputs were scaled.
        raw_x: the training inputs before that, [N, F].
    """

    x: Floats
    d: Floats
    x_test: Floats
    d_test: Floats
    names: tuple[str, ...]
    scaling: Scaling | None = None
    raw_x: Floats | None = None

    @property
    def in_original_units(self) -> "Dataset":
        """The same points in the units that they came in."""
        if self.raw_x is None:
            return self
        return replace(self, x=self.raw_x, scaling=None, raw_x=None)


def load(config: NeuronConfig) -> Dataset:
    """Return the points that `config` asks for.

    Raises:
        DataError: if the CSV cannot be read or used.
    """
    match config.data:
        case "truth_table":
            return _without_test_points(*_truth_table(config.truth_table))
        case "csv":
            assert config.csv is not None  # NeuronConfig.conflicts
            return _scale_inputs(config, _parse_points(read_csv(Path(config.csv))))
        case shape:
            return _sample_points(config, _SHAPES[shape])


def load_run(run: "Run[NeuronConfig]") -> Dataset:
    """Return the points a run learned from, out of its folder alone.

    Raises:
        DataError: if the run's copy of the CSV is missing or damaged.
    """
    config = run.config
    if config.data != "csv":
        return load(config)
    run.check(CSV_COPY)
    return _scale_inputs(config, _parse_points(read_csv(run.path / CSV_COPY)))


def remarks(config: NeuronConfig) -> Iterator[str]:
    """Yield what is odd about the CSV that `config` asks for: how it is read, and large inputs.

    Raises:
        DataError: if it cannot be read or used.
    """
    if config.data != "csv":
        return
    from epoque.bench.figures.number_format import format_number

    table = read_csv(Path(str(config.csv)))
    inputs = _scale_inputs(config, _parse_points(table)).x
    yield from table.remarks()
    language = environment_language()
    _ = translator(language)
    if table.counts_rows:
        text = _("The input {name} only counts the rows: is it meant to be learned from?")
        yield text.format(name=table.header[0])
    largest = float(np.abs(inputs).max())
    if config.scale == "none" and largest > LARGE_INPUT:
        yield _(LARGE).format(largest=format_number(largest, language))


def pattern_names(inputs: int) -> list[str]:
    """Return the patterns of a truth table in counting order: 00, 01, 10, 11."""
    return ["".join(digits) for digits in product("01", repeat=inputs)]


def _scale_inputs(config: NeuronConfig, dataset: Dataset) -> Dataset:
    scaling = Scaling.of(config.scale, dataset.x)
    if scaling is None:
        return dataset
    x = scaling.apply(dataset.x)
    return replace(dataset, x=x, scaling=scaling, raw_x=dataset.x)


def _without_test_points(x: Floats, d: Floats, names: Sequence[str] = ()) -> Dataset:
    """Return a dataset without test points."""
    inputs = x.shape[1]
    names = tuple(names) or tuple(f"x{i}" for i in range(1, inputs + 1))
    return Dataset(x, d, np.empty((0, inputs)), np.empty(0), tuple(names))


def _truth_table(table: str) -> tuple[Floats, Floats]:
    patterns = pattern_names(len(table).bit_length() - 1)
    return np.array([list(p) for p in patterns], float), np.array(list(table), float)


# The 2-D sets of TensorFlow Playground (Smilkov et al. 2017, arXiv:1708.03788), with its numbers.


def _sample_points(config: NeuronConfig, shape: "Shape") -> Dataset:
    """Draw points, shuffle them, and keep a share of them from training."""
    rng = numpy_rng(config.seed, Purpose.DATA)
    x, d = shape(rng, config.samples, config.noise)
    order = rng.permutation(len(d))
    x, d = x[order], d[order]
    cut = min(max(int(len(d) * config.train_share), 1), len(d) - 1)
    return Dataset(x[:cut], d[:cut], x[cut:], d[cut:], ("x1", "x2"))


def _circle(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, Floats]:
    """Class 1 within half the radius, class 0 in the ring from 0.7 of it; noise blurs the label."""
    inner = n // 2
    r = np.concatenate(
        [rng.uniform(0, 0.5 * RADIUS, inner), rng.uniform(0.7 * RADIUS, RADIUS, n - inner)]
    )
    angle = rng.uniform(0, 2 * math.pi, n)
    x = np.stack([r * np.sin(angle), r * np.cos(angle)], axis=1)
    noisy = x + noise * rng.uniform(-RADIUS, RADIUS, (n, 2))
    return x, (np.hypot(*noisy.T) < 0.5 * RADIUS).astype(float)


def _exclusive_or(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, Floats]:
    """Class 1 where both coordinates have the same sign; a gap along the axes; noisy labels."""
    x = rng.uniform(-RADIUS, RADIUS, (n, 2))
    x += np.where(x > 0, 0.3, -0.3)
    noisy = x + noise * rng.uniform(-RADIUS, RADIUS, (n, 2))
    return x, (noisy.prod(axis=1) >= 0).astype(float)


def _gaussian(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, Floats]:
    """Class 1 around (2, 2), class 0 around (−2, −2); noise 0 … 0.5 is a variance of 0.5 … 4."""
    d = (np.arange(n) < n // 2).astype(float)
    center = np.where(d == 1, 2.0, -2.0)[:, None]
    return center + math.sqrt(0.5 + 7 * noise) * rng.standard_normal((n, 2)), d


def _spiral(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, Floats]:
    """Two arms of 1.75 turns out to the radius, half a turn apart, class 1 first."""
    arms = [(n // 2, 0.0, 1.0), (n - n // 2, math.pi, 0.0)]
    fraction = np.concatenate([np.arange(count) / count for count, _, _ in arms])
    start = np.concatenate([np.full(count, angle) for count, angle, _ in arms])
    angle = 1.75 * 2 * math.pi * fraction + start
    x = RADIUS * fraction[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    d = np.concatenate([np.full(count, label) for count, _, label in arms])
    return x + noise * rng.uniform(-1, 1, (n, 2)), d


Shape = Callable[[np.random.Generator, int, float], tuple[Floats, Floats]]
_SHAPES: dict[str, Shape] = {
    "circle": _circle,
    "exclusive_or": _exclusive_or,
    "gaussian": _gaussian,
    "spiral": _spiral,
}


# CSV


def _parse_points(table: CsvTable) -> Dataset:
    """Return the columns of numbers below a header, the last one the class, 0 or 1."""
    if len(table.header) < 2:
        raise table.wrong(table.header_line, "one column; it needs inputs, then the class.")
    if len(table.header) > MAX_CSV_INPUTS + 1:
        inputs = len(table.header) - 1
        raise table.wrong(
            table.header_line, f"{inputs:,} inputs; at most {MAX_CSV_INPUTS:,} are taken."
        )
    values = table.values()
    d = values[:, -1]
    for (line, row), label in zip(table.rows, d.tolist(), strict=True):
        if label not in (0.0, 1.0):
            raise table.wrong(line, f"the class is {row[-1]!r}; it must be 0 or 1.")
    if set(d.tolist()) != {0.0, 1.0}:
        there = f"only class {d[0]:g}" if len(d) else "no rows below its header"
        raise DataError(f"{table.path} has {there}; both classes, 0 and 1, must occur.")
    return _without_test_points(np.ascontiguousarray(values[:, :-1]), d.copy(), table.header[:-1])
