"""Making a search: Optuna proposes settings batch by batch, and each batch is measured."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from math import isfinite
from pathlib import Path

from ..errors import EpoqueError, UsageError, did_you_mean
from ..files.atomic import write_json
from ..files.parquet_table import is_intact, read_table
from ..lab import C, Lab, lab_of
from ..progress import Notify, Progress, no_progress
from ..stopping import defer_stop
from .columns import Columns
from .executor import Executor, open_executor
from .grid import Axis, to_cell
from .optuna_trials import OptunaTrials, require_optuna
from .run_points import run_compiled, run_in_executor
from .search import Search, compute_quantiles
from .study import announce, check_points, make_metadata
from .study_writer import create_study, lock_study
from .table_parts import TableParts

__all__ = ["SAMPLERS", "resume_search", "run_search"]

SAMPLERS = ("tpe", "random")
DIRECTIONS = ("minimize", "maximize")
BATCH_SIZE = 5  # trials proposed together: TPE learns after each batch


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
    executor: Executor | None = None,
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
    metadata = make_metadata(lab, recipe, base, axes) | {
        "engine": "compiled",
        "sampler": sampler,
        "trials": trials,
        "objective": objective or lab.score,
        "direction": direction,
    }

    search: Search[C] = Search(create_study(root, "search", recipe, base.seed, metadata))
    return resume_search(search, executor=executor, progress=progress, figures=figures)


def resume_search(
    search: Search[C],
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Search[C]:
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
    with lock_study(search, notify) as parts:
        if not is_intact(search.path / "table.parquet"):
            with open_executor(executor, 1 if lab_of(search).uses_all_cores else None) as pool:
                _run_trials(search, parts, pool, progress or no_progress)
            parts.concatenate(search.path / "table.parquet")
        _save_best_trial(Search(search.path))
        if figures:
            _save_figures(Search(search.path))
        parts.remove()
    return Search(search.path)


def _check(axes: Sequence[Axis], trials: int, sampler: str, direction: str) -> None:
    for name, value, allowed in (
        ("sampler", sampler, SAMPLERS),
        ("direction", direction, DIRECTIONS),
    ):
        if value not in allowed:
            near = did_you_mean(value, allowed)
            raise UsageError(
                f"{name}: {value} is not allowed; it takes {' or '.join(allowed)}.{near}"
            )
    if trials < 1:
        raise UsageError(f"trials: {trials} is not allowed; it takes a whole number at least 1.")
    if all(axis.field == "seed" for axis in axes):
        raise UsageError("A search needs an axis besides the seed, which is not searched.")


def _run_trials(search: Search, parts: TableParts, executor: Executor, progress: Progress) -> None:
    """Ask for trials, measure them and tell what they reached, a batch at a time."""
    metadata = search.metadata
    optuna_trials = OptunaTrials(
        search.path / "journal.log",
        [axis for axis in search.parsed_axes if axis.field != "seed"],
        metadata["sampler"],
        metadata["direction"],
        search.config.seed,
    )
    trials = int(metadata["trials"])
    for batch, first in enumerate(range(0, trials, BATCH_SIZE)):
        points = {n: optuna_trials.ask(n) for n in range(first, min(first + BATCH_SIZE, trials))}
        # Runs of their own are stopped at once: each saves its checkpoint by itself.
        compiled = search.metadata["engine"] == "compiled"
        if not _has_results(parts, batch, points):
            with defer_stop() if compiled else nullcontext():
                parts.write(batch, _run_batch(search, parts, executor, points))
        for trial, runs in read_table(parts.paths[batch]).groupby("trial"):
            median, _, _ = compute_quantiles(runs, search.objective, search.worst_value)
            optuna_trials.tell(int(trial), median)
        progress(first + len(points), trials)


def _has_results(parts: TableParts, batch: int, points: Mapping[int, Mapping[str, object]]) -> bool:
    """Return whether a batch was measured before, with these very settings."""
    if batch not in parts.paths:
        return False
    table = read_table(parts.paths[batch]).drop_duplicates("trial").set_index("trial")
    rows = [{field: to_cell(value) for field, value in point.items()} for point in points.values()]
    return bool(table[list(rows[0])].to_dict("records") == rows)


def _run_batch(
    search: Search,
    parts: TableParts,
    executor: Executor,
    points: Mapping[int, Mapping[str, object]],
) -> Columns:
    """Return the settings and results of a batch, a row for each trial and seed."""
    axes = {axis.field: axis.values for axis in search.parsed_axes}
    seeds = axes.get("seed", (search.config.seed,))
    runs = {
        trial * len(seeds) + index: {**settings, "seed": seed}
        for trial, settings in points.items()
        for index, seed in enumerate(seeds)
    }
    columns = None
    if search.metadata["engine"] == "compiled":
        grid = _to_columns(list(runs.values()))
        columns = run_compiled(lab_of(search), search.config, grid, BATCH_SIZE * len(seeds))
        if columns is None:
            metadata = {**search.metadata, "engine": "processes"}
            parts.restart(metadata)
            write_json(search.path / "search.json", metadata)
    if columns is None:
        rows = dict(run_in_executor(search, executor, runs))
        columns = _to_columns([rows[number] for number in runs])
    return {"trial": [number // len(seeds) for number in runs], **columns}


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
    config = search.config.replace(**{field: best[field] for field in fields})
    content = {"trial": best["trial"], "config": config.model_dump(mode="json")}
    content |= {"median": median, "low": _finite_or_none(low), "high": _finite_or_none(high)}
    write_json(search.path / "best.json", content)


def _finite_or_none(number: float) -> float | None:
    return number if isfinite(number) else None


def _save_figures(search: Search) -> None:
    from ..figures.search_figures import search_figures
    from ..runs.execute import save_figures

    save_figures(search.path / "figures", search_figures(search))
