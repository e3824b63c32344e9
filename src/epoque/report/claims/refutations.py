"""What would refute a line of a claim, as data beside it, and evidence in which it was measured.

```yaml
refuted_by:
  - {sweep: and, at: {iterations: 400}, set: {final_error: [0.004, 0.016]}}   # two cases
  - {run: neuron/xor, set: {certificate: null}}
```

A list stands for as many cases; of several lists, the first of each make the first case. A test
plants each case in measurements that bear the line out, and sees the verdict turn.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from epoque.bench.evidence import Evidence
from epoque.report.checked_yaml import YamlChecker, YamlPath

from .rules import Refutation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlantedEvidence", "parse_refutations"]


def parse_refutations(
    file: YamlChecker, value: Any, at: YamlPath, declared: Mapping[str, Sequence[str]]
) -> tuple[Refutation, ...]:
    """Return the cases that a line is refuted by.

    Args:
        file: where problems are noted.
        value: what stands in it: one mapping, or a list of them.
        at: where.
        declared: the `runs` and `sweeps` of the claim.
    """
    items = [(at, value)] if isinstance(value, dict) else file.items(value, at)
    return tuple(case for path, item in items for case in _parse(file, item, path, declared))


def _parse(
    file: YamlChecker, value: Any, at: YamlPath, declared: Mapping[str, Sequence[str]]
) -> list[Refutation]:
    keys = file.mapping(value, at, ("set",), ("run", "sweep", "at"))
    kinds = [kind for kind in ("run", "sweep") if kind in keys]
    if len(kinds) != 1:
        file.report(at, "what would refute a line is measured in one run or one sweep.")
        return []
    (kind,) = kinds
    known = declared[f"{kind}s"]
    source = file.name(keys[kind], (*at, kind), f"{kind} of this claim named", known)
    values = file.plain(keys.get("set", {}), (*at, "set"))
    where = file.plain(keys.get("at", {}), (*at, "at"))
    counts = {len(each) for each in values.values() if isinstance(each, list)} or {1}
    if len(counts) > 1:
        file.report((*at, "set"), "its lists are of unlike lengths.")
    if source is None:
        return []
    return [
        Refutation(
            source=source,
            values={n: v[i] if isinstance(v, list) else v for n, v in values.items()},
            at=where,
        )
        for i in range(min(counts))
    ]


class PlantedEvidence:
    """Evidence in which what would refute a line was measured; all else is as it was."""

    def __init__(self, evidence: Evidence, refutation: Refutation) -> None:
        self._evidence, self._refutation = evidence, refutation

    def table(self, name: str, **at: Any) -> "pd.DataFrame":
        """Return a sweep's results; see `Evidence`."""
        table = self._evidence.table(name, **at)
        where = self._refutation.at.items()
        is_there = name == self._refutation.source and where <= at.items()
        return table.assign(**self._refutation.values) if is_there else table

    def results(self, recipe: str) -> Mapping[str, Any]:
        """Return the results of a run; see `Evidence`."""
        results = self._evidence.results(recipe)
        is_there = recipe == self._refutation.source
        return {**results, **self._refutation.values} if is_there else results

    def metrics(self, recipe: str) -> "pd.DataFrame":
        """Return what a run measured on its way; see `Evidence`."""
        metrics = self._evidence.metrics(recipe)
        known = {n: v for n, v in self._refutation.values.items() if n in metrics}
        return metrics.assign(**known) if recipe == self._refutation.source else metrics
