"""The numbers of a finished run, out of its folder alone; no training engine is imported."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError

from .config import NeuronConfig
from .data import Dataset, load_run, pattern_names
from .separability import compute_mistake_bound, decide_separability, to_json

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["ON_THE_LINE", "evaluate", "is_on_right_side"]

Floats = NDArray[np.float64]

ON_THE_LINE = 1e-12
"""A sum that is smaller than this share of its terms' sizes is 0 but for rounding."""
TERMS_AT_ONCE = 2**20
"""Most products of weights and inputs at once: 8 MiB."""
FINALS = ("error", "error_max", "error_mean", "error_rms", "cross_entropy")


def evaluate(run: "Run[NeuronConfig]") -> Mapping[str, Any]:
    """Return the numbers of a finished run, saved as results.json.

    For both models: `final_error` and the other error measures, `peak_error`, `peak_iteration`,
    `accuracy`, `converged_at` (the first iteration from which the weights, as they stand after it,
    have every pattern on its right side for good; else null; a point on the line is on neither
    side, see `is_on_right_side`), `y` and `outputs` of a truth table (pattern to sum and to
    output), and whether one line could do it: `separable`, `separating_line`,
    `separating_margin`, `certificate` (see `epoque.neuron.separability`).

    For the perceptron: `mean_error` over the iterations, `initial_weights`, `final_weights`, each
    as `w0`, `w1`, …, `w0_over_w1`; for rule step `mistakes` (corrections made) and `mistake_bound`
    (null where no line parts the classes, or the update is batch). For the MLP see
    `epoque.neuron.mlp.evaluate`.

    Of scaled inputs the weights are those of the scaled ones, and `scaling` has their `shift` and
    `size` (see `epoque.neuron.scaling`); lines and certificates are in the units of the file.

    Raises:
        DamagedRunError: if the run lacks what is needed.
    """
    config, dataset = run.config, load_run(run)
    if config.model == "mlp":
        from .mlp.evaluate import evaluate as evaluate_mlp

        numbers = evaluate_mlp(run, dataset)
    else:
        numbers = _evaluate_perceptron(run, config, dataset)
    unscaled = dataset.in_original_units
    numbers = {**numbers, **to_json(decide_separability(unscaled.x, unscaled.d), unscaled.x)}
    if dataset.scaling is None:
        return numbers
    scaling = {"shift": dataset.scaling.shift.tolist(), "size": dataset.scaling.size.tolist()}
    return {**numbers, "scaling": scaling}


def _evaluate_perceptron(
    run: "Run[NeuronConfig]", config: NeuronConfig, dataset: Dataset
) -> dict[str, Any]:
    inputs = dataset.x.shape[1]
    try:
        columns = {str(name): run.metrics[name].to_numpy(float) for name in run.metrics}
        numbers = _measure_curves(columns)
        history = np.stack([columns[f"w{i}"] for i in range(inputs + 1)], axis=1)
        w = history[-1]
    except (KeyError, IndexError, TypeError, ValueError):
        raise DamagedRunError(f"{run.path / 'metrics.jsonl'} is not a perceptron's.") from None
    first = _load_initial_weights(run, inputs)
    y = compute_weighted_sums(w, dataset.x)
    numbers |= {"initial_weights": first.tolist(), "final_weights": w.tolist()}
    numbers |= {f"w{i}": value for i, value in enumerate(w.tolist())}
    numbers["w0_over_w1"] = float(w[0] / w[1]) if w[1] else None
    numbers["accuracy"] = float(is_on_right_side(config.rule, w, dataset.x, dataset.d).mean())
    numbers["converged_at"] = _find_convergence(config.rule, history, dataset)
    if len(dataset.d_test):
        is_right = is_on_right_side(config.rule, w, dataset.x_test, dataset.d_test)
        numbers["test_accuracy"] = float(is_right.mean())
    if config.data == "truth_table":
        names = pattern_names(inputs)
        numbers["y"] = dict(zip(names, y.tolist(), strict=True))
        numbers["outputs"] = dict(zip(names, compute_outputs(config, y).tolist(), strict=True))
    if config.rule == "step":
        numbers["mistakes"] = round(float(columns["error_mean"].sum() * len(dataset.d)))
        x, d, rate = dataset.x, dataset.d, config.learning_rate
        online = config.update == "online"
        numbers["mistake_bound"] = compute_mistake_bound(x, d, first, rate) if online else None
    return numbers


def _measure_curves(columns: Mapping[str, Floats]) -> dict[str, Any]:
    error = columns["error"]
    return {
        **{f"final_{name}": float(columns[name][-1]) for name in FINALS},
        "peak_error": float(error.max()),
        "peak_iteration": int(error.argmax()) + 1,
        "mean_error": float(error.mean()),
    }


def _find_convergence(rule: str, history: Floats, dataset: Dataset) -> int | None:
    """Return the first iteration from which every point stays on its right side, else None.

    Args:
        rule: the learning rule.
        history: the weights after each iteration, [T, F + 1].
        dataset: the points.
    """
    rows = max(1, TERMS_AT_ONCE // dataset.x.size)
    for end in range(len(history), 0, -rows):
        start = max(0, end - rows)
        right = is_on_right_side(rule, history[start:end, None], dataset.x, dataset.d).all(axis=1)
        if not right.all():
            since = start + int(np.flatnonzero(~right)[-1]) + 2
            return since if since <= len(history) else None
    return 1


def _load_initial_weights(run: "Run[NeuronConfig]", inputs: int) -> Floats:
    """Return the first row of weights.csv."""
    try:
        row = run.artifact("weights.csv").decode().splitlines()[1].split(",")[1:]
        w = np.array(row, float)
    except (IndexError, ValueError):
        raise DamagedRunError(f"{run.path / 'weights.csv'} is damaged.") from None
    if w.shape != (inputs + 1,):
        raise DamagedRunError(f"{run.path / 'weights.csv'} has not {inputs + 1} weights a row.")
    return w


def compute_weighted_sums(w: Floats, x: Floats) -> Floats:
    """Return y = −w0 + Σ xi·wi of each pattern [N], added in that order as training does."""
    y = np.full(len(x), -w[0])
    with np.errstate(over="ignore", invalid="ignore"):  # inputs of a user's may be 1e308
        for column, weight in zip(x.T, w[1:], strict=True):
            y += column * weight
    return y


def compute_outputs(config: NeuronConfig, y: Floats) -> Floats:
    if config.rule == "step":
        return (y > 0).astype(float)
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * y))


def is_on_right_side(rule: str, w: Floats, x: Floats, d: Floats) -> NDArray[np.bool_]:
    """Return for each point whether the neuron has it on the right side of its line.

    A step says 0 on the line. A sigmoid says one half there, which is neither; and what its sum is
    off 0 by less than its terms are rounded by is on the line.

    Args:
        rule: the learning rule.
        w: weights [.., F + 1].
        x: points [N, F].
        d: what is desired of each, [N].

    Returns:
        [.., N], the leading axes as in `w`.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # inputs of a user's may be 1e308
        terms = w[..., 1:] * x
        y = terms.sum(axis=-1) - w[..., 0]
        if rule == "step":
            return np.asarray((y > 0) == (d == 1))
        size = np.abs(terms).sum(axis=-1) + np.abs(w[..., 0])
        return np.asarray((2 * d - 1) * y > ON_THE_LINE * size)
