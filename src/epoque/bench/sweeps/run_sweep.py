"""Making a sweep: every point of a grid is measured, in one program or run by run."""

from collections.abc import Sequence
from contextlib import closing, suppress
from math import ceil, prod
from pathlib import Path
from typing import Any

from .. import stopping
from ..errors import EpoqueError, UsageError
from ..files.atomic import write_json
from ..files.parquet_table import is_intact, read_table
from ..lab import C, Lab, lab_of
from ..progress import Notify, Progress, no_progress
from .columns import Columns
from .executor import Executor, open_executor
from .grid import Axis, count_points, expand_grid, find_extremes
from .run_points import is_run_intact, run_compiled, run_in_executor, run_in_threads
from .study import announce, check_points, make_metadata
from .study_writer import create_study, lock_study, sign_study
from .sweep import Sweep
from .table_parts import TableParts

__all__ = ["choose_part_size", "resume_sweep", "run_sweep"]

STEPS_PER_PART = 1_000_000  # iterations over all points: well under a second of a small network
PART_SIZE_LIMITS = (128, 20_000)


def run_sweep(
    lab: Lab[C],
    recipe: str,
    base: C,
    axes: Sequence[Axis],
    root: str | Path = "runs",
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Sweep[C]:
    """Measure every point of a grid: in one compiled program where the lab can, else run by run.

    Args:
        lab: the lab.
        recipe: the recipe's name.
        base: the config that every point starts from.
        axes: the fields and their values (see `epoque.bench.sweeps.grid.parse_axes`).
        root: the folder of runs.
        executor: what runs the points that are runs of their own; by default local processes.
        progress: is told how far it is.
        figures: whether to draw the figures at the end.
        notify: receives what will be done and what is odd about the data, once all that the axes
            name is known to be there.

    Raises:
        RunWriteError: if the folder cannot be written; what was measured is kept.
        EpoqueError: what stopped it; its status then says "failed" and why.
        KeyboardInterrupt: passed on; its status then says "interrupted".
    """
    check_points(lab, base, axes)
    announce(lab, base, axes, notify)
    metadata = make_metadata(lab, recipe, base, axes) | {
        "engine": "compiled",
        "points": count_points(axes),
        "part_points": choose_part_size(lab, base, axes),
        "score": lab.score,
    }

    sweep: Sweep[C] = Sweep(create_study(root, "sweep", recipe, base.seed, metadata))
    return resume_sweep(sweep, executor=executor, progress=progress, figures=figures)


def resume_sweep(
    sweep: Sweep[C],
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Sweep[C]:
    """Go on with an interrupted sweep; it ends with the table of one that was never stopped.

    Points whose runs failed are tried again. What was lost or is another sweep's is measured again.

    Args:
        sweep: the sweep.
        executor: see `run_sweep`, as the next two.
        progress: likewise.
        figures: likewise.
        notify: receives what is not used of what is there, and why.

    Raises:
        UsageError: if it is already finished.
        RunLockedError: if another process is writing it.
        DamagedRunError: if sweep.json is not what it was measured with.
        EpoqueError: what stopped it again.
    """
    if sweep.is_complete:
        raise UsageError(f"{sweep.id} is already finished; there is nothing to resume.")
    with lock_study(sweep, notify) as parts:
        if not is_intact(sweep.path / "table.parquet"):
            _run_points(sweep, parts, executor, progress or no_progress)
            parts.concatenate(sweep.path / "table.parquet")
        if figures:
            _save_figures(Sweep(sweep.path))
        parts.remove()
    return Sweep(sweep.path)


def choose_part_size(lab: Lab[C], base: C, axes: Sequence[Axis]) -> int:
    """Return how many points are measured and saved together by a compiled sweep.

    Enough to keep the compiled program busy, few enough to show progress and to lose little when
    killed. All parts are equally long, so that one program serves all, and where that wastes
    little a part is a whole number of blocks of the last axes.
    """
    copies = [base.copy_unchecked(a.field, v) for a in axes for v in find_extremes(a)]
    steps = [lab.measure_progress(copy, 0, {})[1] for copy in copies]
    low, high = PART_SIZE_LIMITS
    most = max(step or STEPS_PER_PART for step in steps)
    limit = min(max(STEPS_PER_PART // int(most), low), high)
    lengths, points = [len(axis.values) for axis in axes], count_points(axes)
    if points <= limit:
        return points
    blocks = [prod(lengths[place + 1 :]) for place in range(len(lengths))]
    whole = max(
        block * count
        for block, length in zip(blocks, lengths, strict=True)
        for count in range(1, length + 1)
        if length % count == 0 and block * count <= limit
    )
    return whole if 4 * whole >= limit else ceil(points / ceil(points / limit))


def _run_points(
    sweep: Sweep, parts: TableParts, executor: Executor | None, progress: Progress
) -> None:
    if sweep.metadata["engine"] == "compiled":
        if _run_compiled(sweep, parts, progress):
            sign_study(sweep, lab_of(sweep).device(sweep.config))
            return
        metadata = {**sweep.metadata, "engine": "processes"}
        parts.restart(metadata)
        write_json(sweep.path / "sweep.json", metadata)
    with open_executor(executor, 1 if lab_of(sweep).uses_all_cores else None) as pool:
        _run_in_executor(sweep, parts, pool, progress)


def _run_compiled(sweep: Sweep, parts: TableParts, progress: Progress) -> bool:
    """Measure part by part inside a compiled program; return whether the lab can."""
    axes = sweep.parsed_axes
    points, length = count_points(axes), int(sweep.metadata["part_points"])
    starts = dict(enumerate(range(0, points, length)))
    todo = {index: starts[index] for index in starts if index not in parts.paths}

    def run_part(start: int) -> Columns | None:
        return run_compiled(
            lab_of(sweep), sweep.config, expand_grid(axes, start, start + length), length
        )

    measured = points - sum(min(length, points - start) for start in todo.values())
    with stopping.defer_stop(), closing(run_in_threads(run_part, todo)) as results:
        for index, columns in results:
            if columns is None:
                return False
            _check_score(sweep, [name for name in columns if name not in sweep.axes_text])
            parts.write(index, columns)
            measured += min(length, points - starts[index])
            progress(measured, points)
            stopping.raise_if_stop_requested()
    return True


def _run_in_executor(
    sweep: Sweep, parts: TableParts, executor: Executor, progress: Progress
) -> None:
    """Measure each point by a run of its own, except those whose runs are finished."""
    axes, count = sweep.parsed_axes, count_points(sweep.parsed_axes)
    runs = sweep.path / "runs"
    complete = {
        n for n, path in parts.paths.items() if _is_finished(path) and is_run_intact(runs, n)
    }
    points = {index: _point(axes, index) for index in range(count) if index not in complete}
    reasons: list[str] = []
    progress(len(complete), count)
    for index, row in run_in_executor(sweep, executor, points):
        if row["state"] == "finished":
            _check_score(sweep, [name for name in row if name not in (*points[index], *_STATE)])
        parts.write(index, {name: [value] for name, value in row.items()})
        complete.add(index)
        reasons += [row["reason"]] if row["reason"] else []
        progress(len(complete), count)
    if len(reasons) == count:
        raise EpoqueError(f"All {count} runs failed, the first with: {reasons[0]}")


_STATE = ("state", "reason")
"""The columns that say how a run ended."""


def _check_score(sweep: Sweep, results: Sequence[str]) -> None:
    """Check that a run measured what the sweep is about, before the others are trained.

    Raises:
        UsageError: if it did not, with what it measured.
    """
    if sweep.score not in results:
        raise UsageError(
            f"A run of {sweep.recipe} has no result {sweep.score!r}, which the lab "
            f"{sweep.lab_name} names as its score; it has {', '.join(results) or 'none'}. "
            "`Lab.score` names the result that a sweep looks at."
        )


def _is_finished(path: Path) -> bool:
    return bool((read_table(path)["state"] == "finished").all())


def _point(axes: Sequence[Axis], index: int) -> dict[str, Any]:
    return {field: values[0] for field, values in expand_grid(axes, index, index + 1).items()}


def _save_figures(sweep: Sweep) -> None:
    from ..figures.sweep_figures import sweep_figures
    from ..runs.execute import save_figures

    with suppress(UsageError):  # no run reached a score: the table says so, nothing can be drawn
        save_figures(sweep.path / "figures", sweep_figures(sweep))
