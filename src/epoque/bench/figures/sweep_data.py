"""A sweep's table, ready to draw: its axes, their places, and the summary at each point."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from ..i18n import translator
from ..sweeps.aggregate import aggregate_runs
from .number_format import format_number
from .ticks import format_axis, is_log_spaced

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axis import Axis

__all__ = ["Floats", "SweepData", "is_numeric", "is_wide"]

Floats = NDArray[np.float64]

SEED = "seed"
MAX_CURVES = 5  # as many as there are colours
MAX_STRIPS = 8
LOG_FROM = 100.0  # times between the least and the greatest score


class SweepData:
    """One sweep's table, ready to draw.

    Attributes:
        table: one row a run.
        score: the column that is drawn.
        language: "en" or "fr".
        values: field to its values, ascending where they are numbers.
        varying_fields: the fields of several values, the seed left out.
        is_proportion: whether the score is 0 or 1 in each run, and aggregated as a proportion.
    """

    def __init__(
        self,
        table: "pd.DataFrame",
        axes: Mapping[str, Sequence[Any]],
        score: str,
        labels: Mapping[str, str],
        language: str,
        *,
        words: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.table, self.score, self.language, self.labels = table, score, language, labels
        self._words = words or {}
        self.values = {
            field: sorted(values) if is_numeric(values) else list(values)
            for field, values in axes.items()
        }
        self.varying_fields = [
            f for f, values in self.values.items() if f != SEED and len(values) > 1
        ]
        self.translate = translator(language)
        scores = table[score].dropna()
        zeros_and_ones = bool(len(scores) and scores.isin((0, 1)).all())
        self.is_proportion = table[score].dtype.kind == "b" or zeros_and_ones

    @property
    def fits_strip_plot(self) -> bool:
        """Whether a dot for each run has room and says more than a summary."""
        points = prod(len(self.values[field]) for field in self.varying_fields)
        if self.is_proportion or len(self.table) <= points:
            return False
        return 0 < len(self.varying_fields) <= 2 and points <= MAX_STRIPS

    @property
    def series_field(self) -> str | None:
        """The axis of two that takes so few values that each is a curve of its own, or none."""
        few = [f for f in self.varying_fields if len(self.values[f]) <= MAX_CURVES]
        many = [f for f in self.varying_fields if len(self.values[f]) > MAX_CURVES]
        numeric = [f for f in many if is_numeric(self.values[f])]
        return few[0] if len(self.varying_fields) == 2 and few and numeric else None

    def label(self, field: str) -> str:
        """Return a learner's name for a setting or a result."""
        plain = field.replace("_", " ")
        plain = plain[0].upper() + plain[1:] if plain[1:2].isalpha() else plain  # w0 stays w0
        return self.labels.get(field) or self.translate(plain)

    def format_value(self, field: str, value: object) -> str:
        """Return a value of an axis as text, in a learner's words where the setting has such."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return format_number(value, self.language)
        if (word := self._words.get(field, {}).get(str(value))) is not None:
            return word
        parts = str(value).split(",")
        return "-".join(parts) if all(map(str.isdecimal, parts)) else str(value)  # 10-10 neurons

    def aggregate(self, *fields: str) -> tuple[NDArray[np.int64], dict[str, Floats]]:
        """Return, by place along the fields, how many runs there are, and their aggregates.

        Returns:
            Counts, and `median`, `low`, `high`, each with as many dimensions as fields.
        """
        aggregates = aggregate_runs(self.table, fields, [self.score], proportion=self.is_proportion)
        indices = tuple(
            aggregates[f].map({v: i for i, v in enumerate(self.values[f])}).to_numpy()
            for f in fields
        )
        shape = tuple(len(self.values[f]) for f in fields)
        runs = np.zeros(shape, int)
        runs[indices] = aggregates["runs"]
        cubes = {name: np.full(shape, np.nan) for name in ("median", "low", "high")}
        for name, cube in cubes.items():
            cube[indices] = aggregates[f"{self.score}_{name}"].astype(float)
        return runs, cubes

    def subtitle(self, runs: NDArray[np.int64], *, interval: bool) -> str:
        """Return how many runs stand behind each median."""
        count = int(runs.max())
        if count == 1:
            return self.translate("one run per point")
        text = self.translate("median and 95 % interval of {count} runs per point")
        if self.is_proportion:
            text = self.translate("share of {count} runs per point")
        elif not interval:
            text = self.translate("median of {count} runs per point")
        return text.format(count=format_number(count, self.language))

    def scores(self, point: Mapping[str, object]) -> Floats:
        """Return the score of each run at some values of the axes."""
        mask = np.ones(len(self.table), bool)
        for field, value in point.items():
            mask &= (self.table[field] == value).to_numpy()
        scores: Floats = self.table.loc[mask, self.score].to_numpy(float)
        return scores

    def set_up_axis(self, axis: "Axis", field: str) -> Floats:
        """Set up an axis for a field's values and return where each of them stands."""
        values, axes = self.values[field], axis.axes
        set_limits = axes.set_xlim if axis is axes.xaxis else axes.set_ylim
        axis.set_label_text(self.label(field))
        if not is_numeric(values):
            return self.set_up_categories(axis, field)
        places = np.asarray(values, float)
        log = is_log_spaced(values)
        (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log" if log else "linear")
        set_limits(places[0], places[-1])
        whole = all(isinstance(value, int | np.integer) for value in values)
        format_axis(axis, self.language, whole=whole)
        return places

    def set_up_categories(self, axis: "Axis", field: str) -> Floats:
        """Give each of a field's values a place of its own, 0, 1, …, with its name."""
        values, axes = self.values[field], axis.axes
        names, places = (
            [self.format_value(field, value) for value in values],
            np.arange(len(values), dtype=float),
        )
        axis.set_label_text(self.label(field))
        axis.set_major_locator(FixedLocator(places.tolist()))
        axis.set_major_formatter(FuncFormatter(lambda x, _: names[round(x)]))
        axis.set_tick_params(length=0)
        set_limits = axes.set_xlim if axis is axes.xaxis else axes.set_ylim
        set_limits(-0.5, len(values) - 0.5)
        return places

    def format_score(self, median: float) -> str:
        """Return a median, or a proportion in percent."""
        if self.is_proportion:
            return f"{format_number(100 * median, self.language, decimals=0)}\u202f%"
        return format_number(median, self.language, digits=3)


def is_numeric(values: Sequence[object]) -> bool:
    """Return whether all values are numbers; true and false are none."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def is_wide(scores: Floats) -> bool:
    """Return whether scores are positive and span orders of magnitude."""
    finite = scores[np.isfinite(scores)]
    return bool(finite.min() > 0 and finite.max() > LOG_FROM * finite.min())
