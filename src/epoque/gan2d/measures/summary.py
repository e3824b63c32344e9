"""The results of a whole training, from what was measured on its way."""

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLLAPSED", "CONVERGED", "LATE", "STEADY", "converged_at", "summarize", "swing"]

CONVERGED = 0.03
"""The sliced Wasserstein distance, in widths of the square, below which a training has converged.

Two samples of one distribution are about 0.005 apart; a generator that has lost a fifth of a ring
or one of eight modes is well above the limit.
"""
COLLAPSED = 0.1
"""The `spread` below which a generator has collapsed to one output, almost."""
LATE = ("js", "sliced_w1", "spread", "accuracy_real", "accuracy_fake", "saturated", "grad_norm_g")
"""What is also averaged over the evaluations of the second half of a training."""
STEADY = ("js", "sliced_w1")
"""What is looked at for how steady it is there."""


def summarize(
    steps: NDArray[np.integer], values: Mapping[str, NDArray[np.floating]]
) -> dict[str, NDArray[np.float64]]:
    """Return the results of a training, or of many at once.

    Args:
        steps: the steps of the evaluations, ascending, [T].
        values: each measure there, name to [..., T]; NaN where a training had diverged.

    Returns:
        `final_<name>`: each measure's last value [...]; `late_<name>` of `LATE`: the mean over
        the evaluations after half of the steps; `swing_<name>` of `STEADY`: how unsteady it was
        there (see `swing`). From `js` and `sliced_w1`: `best_js`, `best_sliced_w1`, the least
        values; `best_step`, when the latter was; `converged_at`, from when on it stayed below
        `CONVERGED`. From `spread`: `collapsed`, 1 for a generator that ends below `COLLAPSED`,
        else 0. NaN where there is none; what is not measured is left out.
    """
    results = {f"final_{name}": np.asarray(v, np.float64)[..., -1] for name, v in values.items()}
    late = np.asarray(steps) * 2 > steps[-1]
    second_half = {name: np.asarray(v, np.float64)[..., late] for name, v in values.items()}
    results |= {f"late_{n}": second_half[n].mean(axis=-1) for n in LATE if n in values}
    results |= {f"swing_{n}": swing(second_half[n]) for n in STEADY}
    if "spread" in values:
        spread = results["final_spread"]
        results["collapsed"] = np.where(np.isnan(spread), np.nan, spread < COLLAPSED)
    distance = np.asarray(values["sliced_w1"], np.float64)
    results["best_js"] = _least(values["js"])
    results["best_sliced_w1"] = _least(distance)
    best = np.where(np.isnan(distance), np.inf, distance).argmin(axis=-1)
    results["best_step"] = np.where(np.isnan(distance).all(axis=-1), np.nan, steps[best])
    results["converged_at"] = converged_at(steps, distance, CONVERGED)
    return results


def _least(values: NDArray[np.floating]) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: NaN is the answer
        return np.asarray(np.nanmin(np.asarray(values, np.float64), axis=-1))


def swing(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how much a measure swings from one evaluation to the next, its trend left out.

    It is √(½ · mean squared successive difference), which estimates the standard deviation as if
    nothing drifted (von Neumann et al. 1941, "The mean square successive difference").

    Args:
        values: [..., T].

    Returns:
        [...], NaN for fewer than two values.
    """
    if values.shape[-1] < 2:
        return np.full(values.shape[:-1], np.nan)
    return np.asarray(np.sqrt((np.diff(values, axis=-1) ** 2).mean(axis=-1) / 2))


def converged_at(
    steps: NDArray[np.integer], values: NDArray[np.floating], limit: float
) -> NDArray[np.float64]:
    """Return from which measured step on a distance stays below a limit.

    Args:
        steps: the steps at which it was measured, ascending, [T].
        values: the distance there, [..., T]; NaN counts as above.
        limit: the limit.

    Returns:
        Steps [...], NaN where the last value is not below the limit.
    """
    above = ~(np.asarray(values) < limit)
    after = above.shape[-1] - above[..., ::-1].argmax(axis=-1)
    first = np.where(above.any(axis=-1), after, 0)
    padded = np.append(np.asarray(steps, np.float64), np.nan)
    return np.asarray(padded[first])
