"""The numbers of a finished run of the multi-layer perceptron, out of its folder alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.run import Run

from ..config import NeuronConfig
from ..data import Dataset, pattern_names
from ..scaling import Scaling
from .network import Params, logits, outputs, params_from_arrays

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate", "hidden_lines", "load_final_params"]

Floats = NDArray[np.float64]


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
    params = load_final_params(run)
    numbers = _measure_curves(run, metrics) | {
        "parameters": sum(array.size for layer in params for array in layer.values()),
        "hidden_lines": hidden_lines(_unscale(params, dataset.scaling)),
    }
    if config.data == "truth_table":
        names = pattern_names(dataset.x.shape[1])
        z = logits(params, dataset.x, config.activation).tolist()
        o = outputs(params, dataset.x, config.activation).tolist()
        numbers |= {"y": dict(zip(names, z, strict=True))}
        numbers |= {"outputs": dict(zip(names, o, strict=True))}
    return numbers


def _measure_curves(run: Run[NeuronConfig], metrics: "pd.DataFrame") -> dict[str, Any]:
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
            "converged_at": _find_convergence(error_max),
        }
    except (KeyError, IndexError, TypeError, ValueError):
        raise DamagedRunError(f"{run.path / 'metrics.jsonl'} is not an MLP's.") from None


def _find_convergence(error_max: Floats) -> int | None:
    """Return the first iteration from which `error_max` stays below ½, counted from 1."""
    wrong = np.flatnonzero(~(error_max < 0.5))
    first = int(wrong[-1]) + 2 if wrong.size else 1
    return first if first <= len(error_max) else None


def load_final_params(run: Run[NeuronConfig]) -> Params[Floats]:
    """Return the layers of the run's last checkpoint.

    Raises:
        DamagedRunError: if they are not the network's that the config describes.
    """
    config, arrays = run.config, run.checkpoint().arrays
    try:
        return params_from_arrays(arrays, len(config.hidden_layers) + 1)
    except KeyError as error:
        raise DamagedRunError(f"The last checkpoint of {run.path} has no array {error}.") from None


def _unscale(params: Params[Floats], scaling: Scaling | None) -> Params[Floats]:
    """Return a network for the inputs in their own units."""
    if scaling is None:
        return params
    first, *others = params
    w, b = scaling.unscale_weights(first["w"], first["b"])
    return [{"w": w, "b": b}, *others]


def hidden_lines(params: Params[Floats]) -> list[list[float]] | None:
    """Return the line that each hidden neuron draws: [a, b, c] for a·x1 + b·x2 + c = 0.

    None unless there are two inputs and one hidden layer.
    """
    first = params[0]
    if len(params) != 2 or len(first["w"]) != 2:
        return None
    lines: list[list[float]] = np.vstack([first["w"], first["b"]]).T.tolist()
    return lines
