"""Making a search: Optuna proposes settings batch by batch, and each batch is measured."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import EpoqueError, UsageError, did_you_mean
from ..files.atomic import write_json
from ..files.parquet_table import (
    add_first_column,
    decode_table,
    encode_table,
    is_intact,
    read_table,
)
from ..lab import C, Lab, lab_of
from ..limits import MAX_SWEEP_POINTS
from ..progress import Notify, Progress, no_progress
from ..stopping import defer_stop
from .blocks import Blocks
from .columns import Columns
from .data_files import send
from .execution import Execution
from .executor import Executor
from .grid import Axis, to_cell
from .jobs import BATCH_SIZE, Job, raise_error
from .optuna_trials import OptunaTrials, require_optuna
from .run_points import block_task, measure_runs, measure_together, to_block
from .search import Search, compute_quantiles
from .study import announce, check_points, make_metadata
from .study_writer import OpenStudy, create_study, lock_study
from .table_blocks import TableBlock
from .table_parts import TableParts

__all__ = ["SAMPLERS", "check_trials", "resume_search", "run_search"]

SAMPLERS = ("tpe", "random")
DIRECTIONS = ("minimize", "maximize")


def run_search(
    lab: Lab[C],
    recipe: str,
    base: C,
    axes: Sequence[Axis],
    root: str | Path = "runs",
    *,
    trials: int = 50,
    sampler: str = "tpe",
    objective: str | None = None,
    direction: str = "minimize",
    trial_batch: int = BATCH_SIZE,
    execution: Execution | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Search[C]:
    """Look for the settings within the axes that make a result smallest, or largest.

    A range is searched between its ends (how many values it has matters to sweeps only), a list
    by its values. An axis `seed` is not searched: each trial is the median over all its seeds.

    Args:
        lab: the lab.
        recipe: the recipe's name.
        base: the config that every trial starts from; its seed is also the search's.
        axes: the fields and where to look (see `epoque.bench.sweeps.grid.parse_axes`).
        root: the folder of runs.
        trials: how many settings are tried, 1 to `MAX_SWEEP_POINTS`; times the seeds, too.
        sampler: `tpe` (tree-structured Parzen estimator: Bergstra et al., "Algorithms for
            hyper-parameter optimization", 2011) or `random`.
        objective: the result to look at; by default the lab's score.
        direction: `minimize` or `maximize`.
        trial_batch: how many are proposed together, at least 1: those of a batch are measured side
            by side, and all later ones depend on it.
        execution: how the trials are measured; by default on this machine.
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
    _check(axes, trials, sampler, direction, trial_batch)
    check_points(lab, base, axes)
    announce(lab, base, (), notify)
    metadata = make_metadata(lab, recipe, base, axes) | {
        "engine": "compiled",
        "sampler": sampler,
        "trials": trials,
        "objective": objective or lab.score,
        "direction": direction,
        "trial_batch": trial_batch,
    }
    how = execution or Execution()
    metadata |= how.metadata(base, axes)
    with how.hold():
        how.check(lab, base, axes, trials * _count_seeds(axes))
        search: Search[C] = Search(create_study(root, "search", recipe, base.seed, metadata))
        return _measure(search, how, progress, figures, None)


def resume_search(
    search: Search[C],
    *,
    execution: Execution | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Search[C]:
    """Go on with an interrupted search; it ends with the table of one that was never stopped.

    What was lost or is another search's is measured again.

    Args:
        search: the search.
        execution: see `run_search`, as the next two.
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
    how = execution or Execution()
    with how.hold():
        how.check_again(search, lambda: int(search.metadata["trials"]) * len(_seeds(search)))
        return _measure(search, how, progress, figures, notify)


def _measure(
    search: Search[C],
    how: Execution,
    progress: Progress | None,
    figures: bool,
    notify: Notify | None,
) -> Search[C]:
    """Measure what is missing, with an executor that was asked."""
    with lock_study(search, notify, how) as opened:
        if not is_intact(search.path / "table.parquet"):
            send(search.path, search.metadata.get("shipped", {}))
            measuring = _Measuring(opened, how)
            try:
                _run_trials(search, measuring, progress or no_progress)
            finally:
                measuring.close()
            unit = search.trial_batch * len(_seeds(search))
            opened.parts.concatenate(search.path / "table.parquet", unit)
        _save_best_trial(Search(search.path))
        if figures:
            _save_figures(Search(search.path))
        opened.parts.remove()
    return Search(search.path)


def _check(
    axes: Sequence[Axis], trials: int, sampler: str, direction: str, trial_batch: int
) -> None:
    for name, value, allowed in (
        ("sampler", sampler, SAMPLERS),
        ("direction", direction, DIRECTIONS),
    ):
        if value not in allowed:
            near = did_you_mean(value, allowed)
            raise UsageError(
                f"{name}: {value} is not allowed; it takes {' or '.join(allowed)}.{near}"
            )
    check_trials({"trials": trials, "trial_batch": trial_batch})
    _check_size(trials, axes)
    if all(axis.field == "seed" for axis in axes):
        raise UsageError("A search needs an axis besides the seed, which is not searched.")


def check_trials(counts: Mapping[str, int]) -> None:
    """Refuse counts of trials, name to number, that are none or more than a sweep may have.

    Raises:
        UsageError: naming the first.
    """
    for name, count in counts.items():
        if not 1 <= count <= MAX_SWEEP_POINTS:
            rule = f"it takes a whole number from 1 to {MAX_SWEEP_POINTS:,}"
            raise UsageError(f"{name}: {count} is not allowed; {rule}.")


def _count_seeds(axes: Sequence[Axis]) -> int:
    return next((len(axis.values) for axis in axes if axis.field == "seed"), 1)


def _check_size(trials: int, axes: Sequence[Axis]) -> None:
    seeds = _count_seeds(axes)
    if trials * seeds > MAX_SWEEP_POINTS:
        counts = f"{trials:,} trials × {seeds:,} seeds make {trials * seeds:,} trainings"
        raise UsageError(f"{counts}; at most {MAX_SWEEP_POINTS:,} are allowed.")


class _Measuring:
    """What measures the batches of a search, and where their parts are written.

    An executor is opened when the first batch needs it, and serves all.
    """

    def __init__(self, opened: OpenStudy, how: Execution) -> None:
        self.opened, self.parts, self.losses = opened, opened.parts, opened.losses
        self.how = how
        self._open: dict[bool, Executor] = {}

    def executor(self, *, compiled: bool) -> Executor:
        """Return what measures a batch."""
        if compiled not in self._open:
            self._open[compiled] = self.how.open(compiled=compiled)
        return self._open[compiled]

    def close(self) -> None:
        """Leave no process behind."""
        for executor in self._open.values():
            executor.cancel()


def _run_trials(search: Search, measuring: _Measuring, progress: Progress) -> None:
    """Ask for trials, measure them and tell what they reached, a batch at a time."""
    metadata, parts = search.metadata, measuring.parts
    optuna_trials = OptunaTrials(
        search.path / "journal.log",
        [axis for axis in search.parsed_axes if axis.field != "seed"],
        metadata["sampler"],
        metadata["direction"],
        search.config.seed,
    )
    trials, size = int(metadata["trials"]), search.trial_batch
    for first in range(0, trials, size):
        points = {n: optuna_trials.ask(n) for n in range(first, min(first + size, trials))}
        place = first * len(_seeds(search))
        # Runs of their own are stopped at once: each saves its checkpoint by itself.
        compiled = search.metadata["engine"] == "compiled"
        if not _has_results(parts, place, points):
            with defer_stop() if compiled else nullcontext():
                measuring.opened.save(place, _run_batch(search, measuring, points))
        for trial, runs in read_table(parts.paths[place]).groupby("trial"):
            median, _, _ = compute_quantiles(runs, search.objective, search.worst_value)
            optuna_trials.tell(int(trial), median)
        progress(first + len(points), trials, *measuring.losses.words())


def _has_results(parts: TableParts, place: int, points: Mapping[int, Mapping[str, object]]) -> bool:
    """Return whether a batch was measured before, with these very settings."""
    if place not in parts.rows:
        return False
    table = read_table(parts.paths[place]).drop_duplicates("trial").set_index("trial")
    rows = [{field: to_cell(value) for field, value in point.items()} for point in points.values()]
    return bool(table[list(rows[0])].to_dict("records") == rows)


def _seeds(search: Search) -> Sequence[Any]:
    axes = {axis.field: axis.values for axis in search.parsed_axes}
    return axes.get("seed", (search.config.seed,))


def _run_batch(
    search: Search, measuring: _Measuring, points: Mapping[int, Mapping[str, object]]
) -> TableBlock:
    """Return the settings and results of a batch, a row for each trial and seed."""
    seeds = _seeds(search)
    runs = [{**settings, "seed": seed} for settings in points.values() for seed in seeds]
    first = min(points) * len(seeds)
    table = None
    if search.metadata["engine"] == "compiled":
        table = _run_compiled(search, measuring, runs)
        if table is None:
            metadata = {**search.metadata, "engine": "processes"}
            measuring.parts.restart(metadata)
            write_json(search.path / "search.json", metadata)
    if table is None:
        table = _run_each(Search(search.path), measuring, first, runs)
    trials = [(first + index) // len(seeds) for index in range(len(runs))]
    return TableBlock(add_first_column(table, "trial", trials), len(runs))


def _run_compiled(
    search: Search, measuring: _Measuring, runs: Sequence[Mapping[str, Any]]
) -> bytes | None:
    """Measure runs inside a compiled program, where the lab can; all batches are equally long."""
    length = search.trial_batch * len(_seeds(search))
    arguments = block_task(search, ""), length, _to_columns(runs)
    executor = measuring.executor(compiled=True)
    (outcome,) = executor.run([Job(0, measure_together, arguments)])
    raise_error(outcome)
    measuring.losses.add(outcome)
    return None if outcome.value is None else bytes(outcome.value.parquet)


def _run_each(
    search: Search, measuring: _Measuring, first: int, runs: Sequence[Mapping[str, Any]]
) -> bytes:
    """Measure each run as one of its own."""
    total = int(search.metadata["trials"]) * len(_seeds(search))
    blocks = Blocks(
        measure_runs,
        (block_task(search, "", measuring.how.keep_runs(search.metadata, total)),),
        lambda start, stop: _to_columns(runs[start - first : stop - first]),
        lab_of(search).needs(search.config),
        measuring.how.deadline,
    )
    rows: dict[int, Mapping[str, Any]] = {}
    executor, span = measuring.executor(compiled=False), (first, first + len(runs))
    for (start, stop), outcome in blocks.measure(executor, [span], measuring.losses):
        block = to_block(runs[start - first], outcome, tells_host=blocks.common[0].tells_host)
        table = decode_table(block.parquet)
        for index in range(stop - start):
            results = {name: values[index] for name, values in table.items()}
            settings = {n: to_cell(v) for n, v in runs[start - first + index].items()}
            rows[start + index] = results | settings
    return encode_table(_to_columns([rows[number] for number in sorted(rows)]))


def _to_columns(rows: Sequence[Mapping[str, object]]) -> Columns:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _save_best_trial(search: Search) -> None:
    best = search.rank_trials().to_dict("records")[0]
    median, low, high = (best[f"{search.objective}_{n}"] for n in ("median", "low", "high"))
    if not isfinite(median):
        problem = f"No trial of {search.id} reached a finite {search.objective}"
        table = search.table
        reasons = table["reason"].dropna().tolist() if "reason" in table else []
        reason = f"; the first run that failed says: {reasons[0]}" if reasons else "."
        raise EpoqueError(problem + reason)
    fields = [axis.field for axis in search.parsed_axes if axis.field != "seed"]
    config = search.config.at_point({field: best[field] for field in fields})
    content = {"trial": best["trial"], "config": config.model_dump(mode="json")}
    content |= {"median": median, "low": _finite_or_none(low), "high": _finite_or_none(high)}
    write_json(search.path / "best.json", content)


def _finite_or_none(number: float) -> float | None:
    return number if isfinite(number) else None


def _save_figures(search: Search) -> None:
    from ..figures.search_figures import search_figures
    from ..runs.execute import save_figures

    save_figures(search.path / "figures", search_figures(search))
