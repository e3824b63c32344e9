"""The numbers of a finished run of the multi-layer perceptron, out of its folder alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.run import Run

from ..config import NeuronConfig
from ..data import Dataset, pattern_names
from ..scaling import Scaling
from .network import Weights, depth, logits, outputs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate", "final_weights", "hidden_lines"]


def evaluate(run: Run[NeuronConfig], dataset: Dataset) -> Mapping[str, Any]:
    """Return the numbers of a finished run.

    Args:
        run: with `model` mlp.
        dataset: the points it learned from.

    Returns:
        `final_loss`, `final_error`, `final_error_max`, `final_error_mean`, `final_error_rms`,
        `final_cross_entropy`, `final_test_loss` (null without test points), `peak_error` and
        `peak_iteration` of the error curve, `accuracy`, `test_accuracy` (null likewise), `solved`
        (every training point has |d − o| < 0.5), `converged_at` (the first iteration from which it
        stays so, else null), `parameters` (how many weights and biases); for a truth table `y`
        and `outputs` (pattern to the output neuron's sum z, and to o); for two inputs and one
        hidden layer `hidden_lines` (see there).

    Raises:
        DamagedRunError: if the run lacks what is needed.
    """
    config, metrics = run.config, run.metrics
    weights = final_weights(run)
    numbers = _of_the_curves(run, metrics) | {
        "parameters": sum(weights[n].size for n in weights),
        "hidden_lines": hidden_lines(_as_given(weights, dataset.scaling)),
    }
    if config.data == "truth_table":
        names = pattern_names(dataset.x.shape[1])
        z = logits(weights, dataset.x, config.activation).tolist()
        o = outputs(weights, dataset.x, config.activation).tolist()
        numbers |= {"y": dict(zip(names, z, strict=True))}
        numbers |= {"outputs": dict(zip(names, o, strict=True))}
    return numbers


def _of_the_curves(run: Run[NeuronConfig], metrics: "pd.DataFrame") -> dict[str, Any]:
    try:
        last = {str(name): float(value) for name, value in metrics.iloc[-1].items()}
        error_max, peak = metrics["error_max"].to_numpy(), int(metrics["error"].idxmax())
        finals = ("loss", "error", "error_max", "error_mean", "error_rms", "cross_entropy")
        return {
            **{f"final_{name}": last[name] for name in finals},
            "final_test_loss": last.get("test_loss"),
            "peak_error": float(metrics["error"].max()),
            "peak_iteration": peak,
            "accuracy": last["accuracy"],
            "test_accuracy": last.get("test_accuracy"),
            "solved": bool(error_max[-1] < 0.5),
            "converged_at": _converged_at(error_max),
        }
    except (KeyError, IndexError, TypeError, ValueError):
        raise DamagedRunError(f"{run.path / 'metrics.jsonl'} is not an MLP's.") from None


def _converged_at(error_max: Any) -> int | None:
    """Return the first iteration from which `error_max` stays below ½, counted from 1."""
    wrong = np.flatnonzero(~(error_max < 0.5))
    first = int(wrong[-1]) + 2 if wrong.size else 1
    return first if first <= len(error_max) else None


def final_weights(run: Run[NeuronConfig]) -> Weights:
    """Return the layers' arrays of the run's last checkpoint, by name.

    Raises:
        DamagedRunError: if they are not the network's that the config describes.
    """
    config, arrays = run.config, run.checkpoint().arrays
    layers = range(1, len(config.hidden_layers) + 2)
    try:
        return {name: arrays[name] for i in layers for name in (f"w{i}", f"b{i}")}
    except KeyError as error:
        raise DamagedRunError(f"The last checkpoint of {run.path} has no array {error}.") from None


def _as_given(weights: Weights, scaling: Scaling | None) -> Weights:
    """Return a network for the inputs in their own units."""
    if scaling is None:
        return weights
    w1, b1 = scaling.unscaled(weights["w1"], weights["b1"])
    return {**weights, "w1": w1, "b1": b1}


def hidden_lines(weights: Weights) -> list[list[float]] | None:
    """Return the line that each hidden neuron draws: [a, b, c] for a·x1 + b·x2 + c = 0.

    None unless there are two inputs and one hidden layer.
    """
    if depth(weights) != 2 or len(weights["w1"]) != 2:
        return None
    lines: list[list[float]] = np.vstack([weights["w1"], weights["b1"]]).T.tolist()
    return lines
