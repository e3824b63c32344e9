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
from contextlib import nullcontext
from functools import cached_property
from itertools import chain
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import DamagedRunError, EpoqueError, UnknownNameError, UsageError, did_you_mean
from ..files.atomic import json_object, write_json
from ..lab import Lab, lab_of
from ..progress import Notify, Progress, no_progress
from ..runs.order import next_moment
from ..runs.reader import C_co
from ..runs.record import create_record, stamped
from ..runs.table import is_intact, read_table
from ..stopping import patient
from .columns import Columns
from .executor import Executor, running
from .grid import Axis, cell
from .measure import measure_each, measure_together
from .parts import Parts
from .proposals import Proposals, require_optuna
from .study import Studies, Study, announce, check_points, manifest_of
from .study_folder import work_on

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAMPLERS", "Search", "Searches", "resume_search", "run_search"]

SAMPLERS = ("tpe", "random")
DIRECTIONS = ("minimize", "maximize")
BATCH = 5  # trials proposed together: TPE learns after each batch


class Search(Study[C_co]):
    """The folder of a search, read only."""

    kind = "search"
    told_in = "search.json"
    told = MappingProxyType(
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
        return Parts(self.path / "parts", self.manifest).read()

    @property
    def is_complete(self) -> bool:
        """Whether it is finished and its table and what is best are whole."""
        try:
            return bool(self.best) and super().is_complete
        except DamagedRunError:
            return False

    @property
    def objective(self) -> str:
        """The result that was to become small, or large."""
        return str(self.manifest["objective"])

    @property
    def worst(self) -> float:
        """What a run that failed counts as: infinity, negative where large is good."""
        return float("-inf" if self.manifest["direction"] == "maximize" else "inf")

    @property
    def options(self) -> Sequence[str]:
        """The command's own options, with their values."""
        names = {"trials": "trials", "sampler": "sampler", "score": "objective"}
        if self.manifest["direction"] == "maximize":
            names["direction"] = "direction"
        told = ((f"--{option}", str(self.manifest[name])) for option, name in names.items())
        return list(chain.from_iterable(told))

    def summary(self) -> "pd.DataFrame":
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
            median, low, high = _quantiles(runs, self.objective, self.worst)
            (settings,) = runs[fields].head(1).to_dict("records")
            row = {"trial": trial, **settings, "runs": len(runs)}
            names = (f"{self.objective}_{name}" for name in ("median", "low", "high"))
            rows.append(row | dict(zip(names, (median, low, high), strict=True)))
        frame = pd.DataFrame(rows)
        by = f"{self.objective}_median"
        return frame.sort_values(by, ascending=self.worst > 0, kind="stable", ignore_index=True)

    @property
    def best(self) -> Mapping[str, Any]:
        """The content of best.json: `trial`, `config`, `median`, `low`, `high`."""
        return json_object(self.path / "best.json", self.read("best.json"))

    @property
    def best_config(self) -> Config:
        """The config of the best trial; its seed is the base's."""
        config: Config = lab_of(self).config.parse(self.best["config"])
        return config


class Searches(Studies[Search]):
    """The searches in a folder of runs, oldest first."""

    made_of = Search


def run_search(
    lab: Lab[Any],
    recipe: str,
    base: Config,
    axes: Sequence[Axis],
    root: str | Path = "runs",
    *,
    trials: int = 50,
    sampler: str = "tpe",
    objective: str | None = None,
    direction: str = "minimize",
    executor: Executor | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Search:
    """Look for the settings within the axes that make a result smallest, or largest.

    A range is searched between its ends (how many values it has matters to sweeps only), a list
    by its values. An axis `seed` is not searched: each trial is the median over all its seeds.

    Args:
        lab: the lab.
        recipe: the recipe's name.
        base: the config that every trial starts from; its seed is also the search's.
        axes: the fields and where to look (see `epoque.bench.sweeps.grid.parse_axes`).
        root: the folder of runs.
        trials: how many settings are tried, at least 1.
        sampler: `tpe` (tree-structured Parzen estimator: Bergstra et al., "Algorithms for
            hyper-parameter optimization", 2011) or `random`.
        objective: the result to look at; by default the lab's score.
        direction: `minimize` or `maximize`.
        executor: what runs the points that are runs of their own; by default local processes.
        progress: is told how far it is, in trials.
        figures: whether to draw the figures at the end.
        notify: receives what will be done and what is odd about the data, once all that the axes
            name is known to be there.

    Raises:
        MissingExtraError: if Optuna is not installed.
        UsageError: if an argument is wrong.
        EpoqueError: what stopped it; its status then says "failed" and why.
    """
    require_optuna()
    _check(axes, trials, sampler, direction)
    check_points(lab, base, axes)
    announce(lab, base, (), notify)
    manifest = manifest_of(lab, recipe, base, axes) | {
        "engine": "compiled",
        "sampler": sampler,
        "trials": trials,
        "objective": objective or lab.score,
        "direction": direction,
    }

    def fill(draft: Path) -> None:
        write_json(draft / "search.json", manifest)

    moment = next_moment(Path(root))
    path = create_record(Path(root), stamped(recipe, "-search", moment), base.seed, fill, moment)
    return resume_search(Search(path), executor=executor, progress=progress, figures=figures)


def resume_search(
    search: Search,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Search:
    """Go on with an interrupted search; it ends with the table of one that was never stopped.

    What was lost or is another search's is measured again.

    Args:
        search: the search.
        executor: see `run_search`, as the next two.
        progress: likewise.
        figures: likewise.
        notify: receives what is not used of what is there, and why.

    Raises:
        MissingExtraError: if Optuna is not installed.
        UsageError: if it is already finished.
        RunLockedError: if another process is writing it.
        DamagedRunError: if search.json is not what it was measured with.
        EpoqueError: what stopped it again.
    """
    require_optuna()
    if search.is_complete:
        raise UsageError(f"{search.id} is already finished; there is nothing to resume.")
    with work_on(search, notify) as parts:
        if not is_intact(search.path / "table.parquet"):
            with running(executor, 1 if lab_of(search).fills_machine else None) as using:
                _try_all(search, parts, using, progress or no_progress)
            parts.join(search.path / "table.parquet")
        _save_best(Search(search.path))
        if figures:
            _draw(Search(search.path))
        parts.remove()
    return Search(search.path)


def _check(axes: Sequence[Axis], trials: int, sampler: str, direction: str) -> None:
    for name, value, known in (
        ("sampler", sampler, SAMPLERS),
        ("direction", direction, DIRECTIONS),
    ):
        if value not in known:
            near = did_you_mean(value, known)
            raise UsageError(
                f"{name}: {value} is not allowed; it takes {' or '.join(known)}.{near}"
            )
    if trials < 1:
        raise UsageError(f"trials: {trials} is not allowed; it takes a whole number at least 1.")
    if all(axis.field == "seed" for axis in axes):
        raise UsageError("A search needs an axis besides the seed, which is not searched.")


def _try_all(search: Search, parts: Parts, executor: Executor, progress: Progress) -> None:
    """Ask for trials, measure them and tell what they reached, a batch at a time."""
    manifest = search.manifest
    proposals = Proposals(
        search.path / "journal.log",
        [axis for axis in search.parsed_axes if axis.field != "seed"],
        manifest["sampler"],
        manifest["direction"],
        search.config.seed,
    )
    trials = int(manifest["trials"])
    for batch, first in enumerate(range(0, trials, BATCH)):
        asked = {n: proposals.ask(n) for n in range(first, min(first + BATCH, trials))}
        # Runs of their own are stopped at once: each saves its checkpoint by itself.
        compiled = search.manifest["engine"] == "compiled"
        if not _is_measured(parts, batch, asked):
            with patient() if compiled else nullcontext():
                parts.write(batch, _measure(search, parts, executor, asked))
        for trial, runs in read_table(parts.own[batch]).groupby("trial"):
            proposals.tell(int(trial), _quantiles(runs, search.objective, search.worst)[0])
        progress(first + len(asked), trials)


def _is_measured(parts: Parts, batch: int, asked: Mapping[int, Mapping[str, Any]]) -> bool:
    """Return whether a batch was measured before, with these very settings."""
    if batch not in parts.own:
        return False
    table = read_table(parts.own[batch]).drop_duplicates("trial").set_index("trial")
    wanted = [{field: cell(value) for field, value in point.items()} for point in asked.values()]
    return bool(table[list(wanted[0])].to_dict("records") == wanted)


def _measure(
    search: Search, parts: Parts, executor: Executor, asked: Mapping[int, Mapping[str, Any]]
) -> Columns:
    """Return the settings and results of a batch, a row for each trial and seed."""
    axes = {axis.field: axis.values for axis in search.parsed_axes}
    seeds = axes.get("seed", (search.config.seed,))
    points = {
        trial * len(seeds) + place: {**settings, "seed": seed}
        for trial, settings in asked.items()
        for place, seed in enumerate(seeds)
    }
    columns = None
    if search.manifest["engine"] == "compiled":
        together = _columns(list(points.values()))
        columns = measure_together(lab_of(search), search.config, together, BATCH * len(seeds))
        if columns is None:
            told = {**search.manifest, "engine": "processes"}
            parts.begin_anew(told)
            write_json(search.path / "search.json", told)
    if columns is None:
        rows = dict(measure_each(search, executor, points))
        columns = _columns([rows[number] for number in points])
    return {"trial": [number // len(seeds) for number in points], **columns}


def _columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _quantiles(runs: "pd.DataFrame", objective: str, worst: float) -> tuple[float, float, float]:
    """Return the median, 2.5 and 97.5 percentiles; an undefined number counts as the worst."""
    import numpy as np
    import pandas as pd

    if objective not in runs and "state" in runs and (runs["state"] == "failed").all():
        return worst, worst, worst  # no run of its batch has results
    if objective not in runs:
        known = [str(name) for name in runs.columns]
        raise UnknownNameError("result named", objective, known, f" There are {', '.join(known)}.")
    numbers = pd.to_numeric(runs[objective], errors="coerce").fillna(worst)
    with np.errstate(invalid="ignore"):  # between two infinities
        found = np.quantile(numbers, (0.5, 0.025, 0.975))
    median, low, high = np.where(np.isnan(found), worst, found).tolist()
    return median, low, high


def _save_best(search: Search) -> None:
    best = search.summary().to_dict("records")[0]
    median, low, high = (best[f"{search.objective}_{n}"] for n in ("median", "low", "high"))
    if not isfinite(median):
        nothing = f"No trial of {search.id} reached a finite {search.objective}"
        table = search.table
        reasons = table["reason"].dropna().tolist() if "reason" in table else []
        why = f"; the first run that failed says: {reasons[0]}" if reasons else "."
        raise EpoqueError(nothing + why)
    fields = [axis.field for axis in search.parsed_axes if axis.field != "seed"]
    config = search.config.replace(**{field: best[field] for field in fields})
    told = {"trial": best["trial"], "config": config.model_dump(mode="json")}
    told |= {"median": median, "low": _finite(low), "high": _finite(high)}
    write_json(search.path / "best.json", told)


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _draw(search: Search) -> None:
    from ..figures.search_figures import search_figures
    from ..runs.runner import save_figures

    save_figures(search.path / "figures", search_figures(search))
