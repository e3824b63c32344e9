"""Searches: Optuna proposes where in the ranges of some settings to look next.

```
20261122T101500.123-neuron-xor-mlp-search/
  search.json        format, lab, recipe, config (the base), axes (as typed), sampler, trials, …
  environment.json   versions, platform, device, commit
  status.json        running, finished, failed (with the reason) or interrupted; times
  journal.log        Optuna's own record of the trials
  parts/             what is measured so far, while it runs
  table.parquet      one row a run: the trial, its settings, the seed, then the results
  best.json          the best trial, its settings and what it reached
  figures/           PNG and SVG
  runs/              one run a row, where the lab has no compiled sweep
```

A trial's settings depend on the seed, the trial's number and the batches before, and on nothing
else. So resuming replays the trials, with the results that are in parts/, into a new journal, and
a search that was killed ends with the table of one that was not.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import DamagedRunError, UnknownNameError
from ..files.atomic import parse_json_object
from ..files.parquet_table import read_table
from ..lab import lab_of
from ..runs.record import C_co
from .jobs import BATCH_SIZE
from .study import Studies, Study
from .table_parts import TableParts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Search", "Searches"]


class Search(Study[C_co]):
    """The folder of a search, read only."""

    kind = "search"
    metadata_file = "search.json"
    metadata_fields = MappingProxyType(
        {
            "axes": dict,
            "engine": str,
            "sampler": str,
            "trials": int,
            "objective": str,
            "direction": str,
        }
    )

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row a run: the trial, its settings, the seed, then the results; or those so far."""
        path = self.path / "table.parquet"
        if path.is_file() or self.status.state == "finished":
            self.check(path.name)
            return read_table(path)
        return TableParts(self.path / "parts", self.metadata).read()

    @property
    def is_complete(self) -> bool:
        """Whether it is finished and its table and what is best are whole."""
        try:
            return bool(self.best_trial) and super().is_complete
        except DamagedRunError:
            return False

    def _repr_html_(self) -> str:
        from ..record_cards import search_card

        return search_card(self)

    @property
    def objective(self) -> str:
        """The result that was to become small, or large."""
        return str(self.metadata["objective"])

    @property
    def trial_batch(self) -> int:
        """How many trials are proposed together."""
        return int(self.metadata.get("trial_batch", BATCH_SIZE))

    @property
    def worst_value(self) -> float:
        """What a run that failed counts as: infinity, negative where large is good."""
        return float("-inf" if self.metadata["direction"] == "maximize" else "inf")

    @property
    def command_options(self) -> Sequence[str]:
        """The command's own options, with their values."""
        names = {"trials": "trials", "sampler": "sampler", "score": "objective"}
        if self.metadata["direction"] == "maximize":
            names["direction"] = "direction"
        if self.trial_batch != BATCH_SIZE:
            names["trial-batch"] = "trial_batch"
        options = ((f"--{option}", str(self.metadata[name])) for option, name in names.items())
        return list(chain.from_iterable(options))

    def rank_trials(self) -> "pd.DataFrame":
        """Return one row a trial, the best first.

        Returns:
            `trial`, its settings, `runs` (over how many seeds), and of the objective `…_median`,
            `…_low`, `…_high` over them. A run that failed or whose number is undefined counts as
            the worst, so that settings that mostly diverge are not called good.
        """
        import pandas as pd

        fields = [axis.field for axis in self.parsed_axes if axis.field != "seed"]
        rows = []
        for trial, runs in self.table.groupby("trial"):
            median, low, high = compute_quantiles(runs, self.objective, self.worst_value)
            (settings,) = runs[fields].head(1).to_dict("records")
            row = {"trial": trial, **settings, "runs": len(runs)}
            names = (f"{self.objective}_{name}" for name in ("median", "low", "high"))
            rows.append(row | dict(zip(names, (median, low, high), strict=True)))
        frame = pd.DataFrame(rows)
        by = f"{self.objective}_median"
        return frame.sort_values(
            by, ascending=self.worst_value > 0, kind="stable", ignore_index=True
        )

    @property
    def best_trial(self) -> Mapping[str, Any]:
        """The content of best.json: `trial`, `config`, `median`, `low`, `high`."""
        return parse_json_object(self.path / "best.json", self.read("best.json"))

    @property
    def best_config(self) -> C_co:
        """The config of the best trial; its seed is the base's."""
        config: C_co = lab_of(self).config_class.from_record(self.best_trial["config"])
        return config


class Searches(Studies[Search]):
    """The searches in a folder of runs, oldest first."""

    record_class = Search


def compute_quantiles(
    runs: "pd.DataFrame", objective: str, worst: float
) -> tuple[float, float, float]:
    """Return the median, 2.5 and 97.5 percentiles; an undefined number counts as the worst."""
    import numpy as np
    import pandas as pd

    if objective not in runs and "state" in runs and (runs["state"] == "failed").all():
        return worst, worst, worst  # no run of its batch has results
    if objective not in runs:
        raise UnknownNameError("result named", objective, runs.columns)
    numbers = pd.to_numeric(runs[objective], errors="coerce").fillna(worst)
    with np.errstate(invalid="ignore"):  # between two infinities
        quantiles = np.quantile(numbers, (0.5, 0.025, 0.975))
    median, low, high = np.where(np.isnan(quantiles), worst, quantiles).tolist()
    return median, low, high
