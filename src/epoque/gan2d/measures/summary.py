"""What is told of a whole training, from what was measured on its way."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONVERGED", "converged_at", "summary"]

CONVERGED = 0.03
"""The sliced Wasserstein distance, in widths of the square, below which a training has converged.

Two samples of one distribution are about 0.005 apart; a generator that has lost a fifth of a ring
or one of eight modes is well above the limit.
"""


def summary(
    steps: NDArray[Any], values: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[np.float64]]:
    """Return the results of a training, or of many at once.

    Args:
        steps: the steps of the evaluations, ascending, [T].
        values: each measure there, name to [..., T]; NaN where a training had diverged.

    Returns:
        `final_<name>`: each measure's last value [...]; and, from `js` and `sliced_w1`: `best_js`,
        `best_sliced_w1`, the least values; `best_step`, when the latter was; `converged_at`, from
        when on it stayed below `CONVERGED`. NaN where there is none.
    """
    found = {f"final_{name}": np.asarray(v, np.float64)[..., -1] for name, v in values.items()}
    distance = np.asarray(values["sliced_w1"], np.float64)
    found["best_js"] = _least(values["js"])
    found["best_sliced_w1"] = _least(distance)
    best = np.where(np.isnan(distance), np.inf, distance).argmin(axis=-1)
    found["best_step"] = np.where(np.isnan(distance).all(axis=-1), np.nan, steps[best])
    found["converged_at"] = converged_at(steps, distance, CONVERGED)
    return found


def _least(values: NDArray[Any]) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: NaN is the answer
        return np.asarray(np.nanmin(np.asarray(values, np.float64), axis=-1))


def converged_at(steps: NDArray[Any], values: NDArray[Any], limit: float) -> NDArray[np.float64]:
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
