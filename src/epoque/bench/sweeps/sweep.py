"""Sweeps: a recipe at every point of a grid, measured into one table.

```
20261122T101500.123-neuron-and-sweep/
  sweep.json         format, lab, recipe, config (the base), axes (as typed), engine, points, …
  environment.json   versions, platform, device, commit
  status.json        running, finished, failed (with the reason) or interrupted; times
  parts/             what is measured so far, while it runs
  table.parquet      one row a point: the axes, then the results
  figures/           PNG and SVG
  runs/              one run a point, where the lab has no compiled sweep
```
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..errors import UnknownNameError, UsageError
from ..files.parquet_table import read_table
from ..runs.record import C_co
from .aggregate import aggregate_runs
from .study import Studies, Study
from .table_parts import TableParts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sweep", "Sweeps"]


class Sweep(Study[C_co]):
    """The folder of a sweep, read only."""

    kind = "sweep"
    metadata_file = "sweep.json"
    metadata_fields = MappingProxyType(
        {"axes": dict, "engine": str, "points": int, "part_points": int, "score": str}
    )

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row a point: the axes, then the results; before it is finished, the rows so far.

        Raises:
            DamagedRunError: if it cannot be read.
        """
        path = self.path / "table.parquet"
        if path.is_file() or self.status.state == "finished":
            self.check(path.name)
            return read_table(path)
        return TableParts(self.path / "parts", self.metadata).read()

    def rows(self, at: Mapping[str, object]) -> "pd.DataFrame":
        """Return the rows of the table where the axes have the values `at`.

        Raises:
            UnknownNameError: if there is no such axis.
            UsageError: if it never has that value.
        """
        table = self.table
        for name, value in at.items():
            if name not in self.axes:
                raise UnknownNameError(f"axis of {self.id} named", name, self.axes)
            if value not in self.axes[name]:
                raise UsageError(f"{self.id} has no {name} {value}.")
            table = table[table[name] == value]
        return table

    def _repr_html_(self) -> str:
        from ..record_cards import sweep_card

        return sweep_card(self)

    @property
    def score(self) -> str:
        """The result that its figures look at, lower being better."""
        return str(self.metadata["score"])

    def aggregate(self, columns: Sequence[str] = ()) -> "pd.DataFrame":
        """Return the median and 95 % interval over the seeds (see `epoque.bench.sweeps.aggregate`).

        Args:
            columns: the results to look at; by default the score.
        """
        return aggregate_runs(self.table, self.axes, columns or [self.score])


class Sweeps(Studies[Sweep]):
    """The sweeps in a folder of runs, oldest first."""

    record_class = Sweep
