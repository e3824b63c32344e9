"""Decision boundaries: what a model makes of the plane of its inputs at one iteration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError

from .config import NeuronConfig
from .data import Dataset
from .features import derive_features
from .mlp.network import Params, logits, params_from_arrays, sigmoid
from .scaling import Scaling

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = [
    "DecisionBoundary",
    "Line",
    "find_best_row",
    "load_mlp_boundary",
    "load_mlp_params",
    "load_weight_history",
    "make_perceptron_boundary",
    "present_patterns",
    "replay_corrections",
]

Floats = NDArray[np.float64]
Line = tuple[float, float, float]
"""a, b, c of the line a·x1 + b·x2 + c = 0."""

MAX_REPLAYED = 2_000_000  # numbers
ON_THE_LINE = 1e-9  # nearer to 0.5 than that, an output takes no side: it is rounding
CLEARLY = 0.01  # XOR's neuron ends with a point on its line, and creeps towards it for long


@dataclass(frozen=True)
class DecisionBoundary:
    """What a model makes of the plane at one iteration.

    Attributes:
        step: iterations done.
        y: points [N, 2] to the output neuron's sum y [N]; the model says 1 where it is positive.
        lines: where a perceptron's y, or the sum of each neuron of an MLP's first layer, is 0;
            of a network with derived inputs none, for there it is no line.
        hard: whether the output is a step (Rosenblatt) instead of a sigmoid of y.
    """

    step: int
    y: Callable[[Floats], Floats]
    lines: tuple[Line, ...]
    hard: bool = False

    def output(self, x: Floats) -> Floats:
        """Return the output o in [0, 1] at the points x [N, 2]."""
        y = self.y(x)
        o: Floats = np.where(y > 0, 1.0, 0.0) if self.hard else sigmoid(y)
        return o

    def is_correct(self, data: Dataset) -> NDArray[np.bool_]:
        """Return which training points are on their side, |d − o| < 0.5, as [N]."""
        return _is_correct(sigmoid(self.y(data.x)), data.d)


def _is_correct(o: Floats, d: Floats, margin: float = ON_THE_LINE) -> NDArray[np.bool_]:
    return np.abs(d - o) < 0.5 - margin


def make_perceptron_boundary(
    config: NeuronConfig, step: int, w: Floats, scaling: Scaling | None = None
) -> DecisionBoundary:
    """Return a perceptron's plane from its weights [3]; w[0] multiplies the input −1.

    With a scaling, the weights are those of scaled inputs, the plane that of the inputs as given.
    """
    if scaling is not None:
        inputs, bias = scaling.unscale_weights(w[1:, None], -w[:1])
        w = np.concatenate([-bias, inputs[:, 0]])
    line = (float(w[1]), float(w[2]), -float(w[0]))
    return DecisionBoundary(step, lambda x: x @ w[1:] - w[0], (line,), config.rule == "step")


def load_mlp_params(
    run: "Run[NeuronConfig]", step: int, scaling: Scaling | None = None
) -> Params[Floats]:
    """Return a network's layers at a snapshot, those of the inputs as given.

    Raises:
        DamagedRunError: if the snapshot cannot be read.
    """
    try:
        params = params_from_arrays(run.snapshot(step), len(run.config.hidden_layers) + 1)
    except KeyError as error:
        raise DamagedRunError(f"{run.path}: the snapshot at step {step} has no {error}.") from None
    if scaling is None:
        return params
    first, *others = params
    w, b = scaling.unscale_weights(first["w"], first["b"])
    return [{"w": w, "b": b}, *others]


def load_mlp_boundary(
    run: "Run[NeuronConfig]", step: int, scaling: Scaling | None = None
) -> DecisionBoundary:
    """Return a network's plane from the weights of a snapshot (see `make_perceptron_boundary`).

    Raises:
        DamagedRunError: if the snapshot cannot be read.
    """
    config, params = run.config, load_mlp_params(run, step, scaling)
    first = params[0]
    is_straight = config.hidden_layers and not config.features
    hidden = np.vstack([first["w"], first["b"]]).T if is_straight else ()
    lines = tuple((float(a), float(b), float(c)) for a, b, c in hidden)

    def y(x: Floats) -> Floats:
        return logits(params, derive_features(config.features, x), config.activation)

    return DecisionBoundary(step, y, lines)


def load_weight_history(run: "Run[NeuronConfig]", inputs: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the steps [T] and a perceptron's weights after each, [T, inputs + 1].

    They begin at step 0 where the run has its `weights.csv`, which holds the initial weights.

    Raises:
        DamagedRunError: if the metrics lack a weight, or `weights.csv` cannot be read.
    """
    metrics = run.metrics
    names = [f"w{i}" for i in range(inputs + 1)]
    missing = [name for name in names if name not in metrics]
    if missing:
        raise DamagedRunError(f"{run.path / 'metrics.jsonl'} has no column {missing[0]!r}.")
    steps, history = metrics.index.to_numpy(), metrics[names].to_numpy(float)
    first = _load_initial_weights(run, inputs)
    return np.concatenate([np.zeros(len(first), int), steps]), np.concatenate([first, history])


def _load_initial_weights(run: "Run[NeuronConfig]", inputs: int) -> Floats:
    """Return the initial weights as [1, inputs + 1], or [0, inputs + 1] where none are kept."""
    if not (run.path / "weights.csv").is_file():
        return np.empty((0, inputs + 1))
    try:
        row = run.artifact("weights.csv").splitlines()[1].split(b",")
        step, *weights = map(float, row)
    except (IndexError, ValueError):
        raise DamagedRunError(f"{run.path / 'weights.csv'} is damaged.") from None
    if step != 0 or len(weights) != inputs + 1:
        raise DamagedRunError(f"{run.path / 'weights.csv'} is damaged: no initial weights.")
    return np.array([weights])


def replay_corrections(config: NeuronConfig, data: Dataset, history: Floats) -> Floats | None:
    """Return the weights after each pattern of each pass but the first row's.

    A run records its weights after each pass. Online, each pattern moves them, so they swing in
    between; each pass is replayed here from where it began.

    Args:
        config: the settings.
        data: the points.
        history: weights after each pass, [T, F + 1].

    Returns:
        Weights [N, T - 1, F + 1]; None where a pass has one correction, where that would be more
        than `MAX_REPLAYED` numbers, or where the output is a step, which rounding could tip over.
    """
    steps = config.update == "batch" or config.rule == "step"
    if steps or len(data.d) * history.size > MAX_REPLAYED:
        return None
    return present_patterns(history[:-1], data, config.learning_rate, config.rule)


def present_patterns(w: Floats, data: Dataset, learning_rate: float, rule: str = "delta") -> Floats:
    """Return the weights after each pattern of one online pass from each of several weights.

    Args:
        w: weights before the pass, [S, F + 1].
        data: N patterns, in their order.
        learning_rate: how far each correction goes.
        rule: `delta` or `squared_error`.

    Returns:
        Weights [N, S, F + 1].
    """
    after = []
    for x, d in zip(np.insert(data.x, 0, -1.0, axis=1), data.d, strict=True):
        o = sigmoid(w @ x)
        slope = o * (1 - o) if rule == "squared_error" else 1.0
        w = w + np.outer(learning_rate * (d - o) * slope, x)
        after.append(w)
    return np.stack(after)


def find_best_row(history: Floats, data: Dataset) -> int:
    """Return the row of the weights that put most points clearly on their side.

    It is the last row if that is one of them, else the one of them with the least mean error. A
    neuron that kept it would be using the pocket algorithm (Gallant 1990, "Perceptron-based
    learning algorithms").

    Args:
        history: weights after each iteration, [T, F + 1].
        data: the points.
    """
    rows = max(1, 10_000_000 // len(data.d))  # keeps the outputs below 80 MB
    counts, errors = np.empty(len(history), int), np.empty(len(history))
    for start in range(0, len(history), rows):
        part = history[start : start + rows]
        o = sigmoid(part[:, 1:] @ data.x.T - part[:, :1])
        counts[start : start + rows] = _is_correct(o, data.d, CLEARLY).sum(axis=1)
        errors[start : start + rows] = np.abs(data.d - o).mean(axis=1)
    if counts[-1] == counts.max():
        return len(counts) - 1
    return int(np.where(counts == counts.max(), errors, np.inf).argmin())
