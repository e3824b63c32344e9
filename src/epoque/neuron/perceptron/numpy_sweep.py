"""Many neurons on a small truth table, as NumPy arrays over the runs: nothing is compiled.

The arithmetic is that of `rule` and `epoch`, number by number in the same order, on arrays [L] of L
runs; where a pattern has a 0 there is no sum, and nothing is allocated in the loop.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..data import pattern_names
from ..evaluate import ON_THE_LINE
from .program import MAX_PATTERN_COLUMNS, Lanes

__all__ = ["run_numpy"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def run_numpy(lanes: Lanes, stops: Integers) -> Iterator[dict[str, Floats]]:
    """Yield the results of all lanes after each of the ascending numbers of iterations.

    Args:
        lanes: L runs on one small truth table, or each on its own of the same length.
        stops: numbers of iterations.

    Yields:
        Name to [L] numbers; NaN for a run that diverged.
    """
    runs, first = _Runs(lanes), 1
    for stop in stops.tolist():
        with np.errstate(all="ignore"):  # what diverges is told as NaN
            for iteration in range(first, stop + 1):
                runs.iterate(iteration)
            yield runs.measure(stop)
        first = stop + 1


class _Runs:
    """L runs, and what is remembered of their iterations so far instead of their histories."""

    def __init__(self, lanes: Lanes) -> None:
        static, count = lanes.static, len(lanes.w)
        assert static.patterns is not None
        self._rule, self._is_batch = static.rule, static.update == "batch"
        self._inputs = static.inputs
        self._ones = [[i for i, x in enumerate(row, 1) if x] for row in static.patterns]
        self._rate = np.ascontiguousarray(lanes.inputs.learning_rate)
        desired = np.asarray(lanes.inputs.d)
        self._d: Sequence[float | Floats] = (
            desired.tolist() if desired.ndim == 1 else [column.copy() for column in desired.T]
        )
        self._w = np.ascontiguousarray(lanes.w.T)  # [F+1, L]
        self._w_min, self._w_max = np.full_like(self._w, np.inf), np.full_like(self._w, -np.inf)
        self._correction = np.empty_like(self._w)
        # Of each pattern, as it is presented: −y, and d − o.
        self._sums, self._errors = np.empty((2, len(self._ones), count))
        self._last_wrong, self._peak_iteration, self._error_sum = np.zeros((3, count))
        self._peak_error = np.full(count, -1.0)
        self._scratch, self._other, self._least, self._size = np.empty((4, count))
        self._sizes = np.empty_like(self._w)
        # Lists, since a row of an array costs as much as a short sum.
        self._rows, self._corrections = list(self._w), list(self._correction)
        self._patterns = list(zip(self._ones, self._d, self._sums, self._errors, strict=True))

    def iterate(self, iteration: int) -> None:
        """Present all patterns once, correct the weights, and remember what came of it."""
        self._present_all()
        np.minimum(self._w_min, self._w, out=self._w_min)
        np.maximum(self._w_max, self._w, out=self._w_max)
        error = np.abs(self._errors[-1], out=self._scratch)
        self._error_sum += error
        is_peak = error > self._peak_error
        if is_peak.any():
            self._peak_error[is_peak] = error[is_peak]
            self._peak_iteration[is_peak] = iteration
        is_wrong = self._find_wrong()
        if is_wrong is not None:
            self._last_wrong[is_wrong] = iteration

    def _present_all(self) -> None:
        """Correct the weights after each pattern, or once a pass."""
        total = self._rows
        if self._is_batch:
            total = self._corrections
            self._correction.fill(0.0)
        step = self._scratch
        for ones, d, s, error in self._patterns:
            self._sum(ones, s)
            if self._rule == "step":
                np.subtract(d, np.less(s, 0.0, out=step), out=error)
            else:
                o = np.exp(s, out=step)
                o += 1.0
                np.divide(1.0, o, out=o)
                np.subtract(d, o, out=error)
            if self._rule == "squared_error":
                slope = np.subtract(1.0, o, out=self._other)
                slope *= o
            np.multiply(self._rate, error, out=step)
            if self._rule == "squared_error":
                step *= slope
            total[0] -= step
            for i in ones:
                total[i] += step
        if self._is_batch:
            self._w += self._correction

    def _sum(self, ones: Sequence[int], out: Floats) -> None:
        """Write −y = w0 − Σ wi over the inputs that are 1: as y, it rounds to the same number."""
        rows = self._rows
        if not ones:
            np.copyto(out, rows[0])
            return
        np.subtract(rows[0], rows[ones[0]], out=out)
        for i in ones[1:]:
            out -= rows[i]

    def _find_wrong(self) -> NDArray[np.bool_] | None:
        """Return which runs have a pattern on the wrong side, [L]; None if none has.

        Almost always the least of the sums tells, be it how far off the line or on which side.
        """
        if self._rule == "step":
            wrong = ~self._are_right()
            return wrong if wrong.any() else None
        least = self._least
        for place, (ones, d) in enumerate(zip(self._ones, self._d, strict=True)):
            s = self._other if place else least
            self._sum(ones, s)
            if not isinstance(d, float) or d:
                np.multiply(s, 1.0 - 2.0 * d, out=s)
            if place:
                np.minimum(least, s, out=least)
        sizes = np.abs(self._w, out=self._sizes)
        limit = np.add.reduce(sizes, axis=0, out=self._size)  # at least that of any pattern
        limit *= ON_THE_LINE
        wrong = ~(least > limit)
        if not wrong.any():
            return None
        doubtful = np.flatnonzero(wrong & (least > 0))
        if len(doubtful):
            wrong[doubtful] = ~self._are_right()[doubtful]
        return wrong

    def _are_right(self) -> NDArray[np.bool_]:
        """Return which runs have all patterns on their right sides, [L]."""
        return np.asarray(np.logical_and.reduce(self._right_sides()))

    def _right_sides(self) -> list[NDArray[np.bool_]]:
        """Return of each pattern which runs have it on its right side, [L].

        See `evaluate.is_on_right_side`.
        """
        right, s, sizes = [], self._other, abs(self._w)
        for ones, d in zip(self._ones, self._d, strict=True):
            self._sum(ones, s)
            if self._rule == "step":
                right.append(np.asarray((s < 0) == (d == 1)))
            else:
                size = sum((sizes[i] for i in ones), sizes[0])
                right.append(s * (1.0 - 2.0 * d) > ON_THE_LINE * size)
        return right

    def measure(self, stop: int) -> dict[str, Floats]:
        """Return the results after `stop` iterations."""
        w, count = self._w, len(self._ones)
        sizes = abs(self._errors)
        signs = [1.0 - 2.0 * d for d in self._d]
        pairs = zip(self._sums, signs, strict=True)
        entropies = [np.logaddexp(0.0, -s * sign) for s, sign in pairs]
        results = {
            "final_error": sizes[-1].copy(),
            "final_error_max": sizes.max(axis=0),
            "final_error_mean": sum(sizes[1:], sizes[0]) / count,
            "final_error_rms": np.sqrt(sum(sizes[1:] ** 2, sizes[0] ** 2) / count),
            "final_cross_entropy": sum(entropies[1:], entropies[0]) / count,
            "peak_error": self._peak_error.copy(),
            "peak_iteration": self._peak_iteration.copy(),
            "mean_error": self._error_sum / stop,
        }
        for suffix, weights in (("", w), ("_min", self._w_min), ("_max", self._w_max)):
            results |= {f"w{i}{suffix}": column.copy() for i, column in enumerate(weights)}
        if self._inputs <= MAX_PATTERN_COLUMNS:
            for name, ones in zip(pattern_names(self._inputs), self._ones, strict=True):
                self._sum(ones, s := np.empty_like(w[0]))
                results[f"y_{name}"] = 0.0 - s
        results["accuracy"] = np.mean(self._right_sides(), axis=0)
        has_converged = self._last_wrong < stop
        results["converged_at"] = np.where(has_converged, self._last_wrong + 1, np.nan)
        finite = np.isfinite([results[n] for n in results if n != "converged_at"]).all(axis=0)
        # In the order of the compiled program's results.
        return {name: np.where(finite, results[name], np.nan) for name in sorted(results)}
