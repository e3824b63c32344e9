"""Making a sweep: every point of a grid is measured, in one program or run by run."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from math import ceil, prod
from pathlib import Path
from typing import Any

from .. import stopping
from ..errors import EpoqueError, UsageError
from ..files.atomic import write_json
from ..files.parquet_table import is_intact
from ..lab import C, Lab, lab_of
from ..progress import Notify, Progress, no_progress
from .blocks import Blocks, find_missing
from .data_files import send
from .execution import Execution
from .grid import Axis, count_points, expand_grid, find_extremes
from .jobs import Job, raise_error
from .run_points import (
    block_task,
    find_damaged_runs,
    measure_runs,
    measure_together,
    to_block,
)
from .study import announce, check_points, make_metadata
from .study_writer import OpenStudy, create_study, lock_study, sign_study
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
    execution: Execution | None = None,
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
        execution: how the points are measured; by default on this machine.
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
    how = execution or Execution()
    metadata |= how.metadata(base, axes)
    with how.hold():
        how.check(lab, base, axes, count_points(axes))
        sweep: Sweep[C] = Sweep(create_study(root, "sweep", recipe, base.seed, metadata))
        return _measure(sweep, how, progress, figures, None)


def resume_sweep(
    sweep: Sweep[C],
    *,
    execution: Execution | None = None,
    progress: Progress | None = None,
    figures: bool = True,
    notify: Notify | None = None,
) -> Sweep[C]:
    """Go on with an interrupted sweep; it ends with the table of one that was never stopped.

    Points whose runs failed are tried again. What was lost or is another sweep's is measured again.

    Args:
        sweep: the sweep.
        execution: see `run_sweep`, as the next two.
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
    how = execution or Execution()
    with how.hold():
        how.check_again(sweep, lambda: count_points(sweep.parsed_axes))
        return _measure(sweep, how, progress, figures, notify)


def _measure(
    sweep: Sweep[C], how: Execution, progress: Progress | None, figures: bool, notify: Notify | None
) -> Sweep[C]:
    """Measure what is missing, with an executor that was asked."""
    with lock_study(sweep, notify, how) as opened:
        if not is_intact(sweep.path / "table.parquet"):
            send(sweep.path, sweep.metadata.get("shipped", {}))
            _run_points(sweep, opened, how, progress or no_progress)
            opened.parts.concatenate(sweep.path / "table.parquet", _unit(Sweep(sweep.path)))
        if figures:
            _save_figures(Sweep(sweep.path))
        opened.parts.remove()
    return Sweep(sweep.path)


def _unit(sweep: Sweep) -> int:
    """Return how many rows belong together in the table's file."""
    return int(sweep.metadata["part_points"]) if sweep.metadata["engine"] == "compiled" else 1


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


def _run_points(sweep: Sweep, opened: OpenStudy, how: Execution, progress: Progress) -> None:
    if sweep.metadata["engine"] == "compiled":
        if _run_compiled(sweep, opened, how, progress):
            sign_study(sweep, lab_of(sweep).device(sweep.config))
            return
        metadata = {**sweep.metadata, "engine": "processes"}
        opened.parts.restart(metadata)
        write_json(sweep.path / "sweep.json", metadata)
    _run_each(Sweep(sweep.path), opened, how, progress)


def _run_compiled(sweep: Sweep, opened: OpenStudy, how: Execution, progress: Progress) -> bool:
    """Measure part by part inside a compiled program; return whether the lab can."""
    parts, losses = opened.parts, opened.losses
    axes = sweep.parsed_axes
    points, length = count_points(axes), int(sweep.metadata["part_points"])
    todo = [start for start in range(0, points, length) if start not in parts.rows]
    common = block_task(sweep, sweep.score), length
    jobs = (
        Job(start, measure_together, (expand_grid(axes, start, start + length),), common)
        for start in todo
    )
    measured = sum(parts.rows.values())
    with (
        stopping.defer_stop(),
        how.hold_open(compiled=True) as executor,
        closing(executor.run(jobs)) as outcomes,
    ):
        for outcome in outcomes:
            raise_error(outcome)
            if outcome.value is None:
                return False
            losses.add(outcome)
            opened.save(outcome.key, outcome.value)
            measured += outcome.value.rows
            progress(measured, points, *losses.words())
            stopping.raise_if_stop_requested()
    return True


def _run_each(sweep: Sweep, opened: OpenStudy, how: Execution, progress: Progress) -> None:
    """Measure each point by a run of its own, except those whose runs are finished."""
    parts, losses = opened.parts, opened.losses
    axes, count = sweep.parsed_axes, count_points(sweep.parsed_axes)
    parts.drop(parts.failed | set(_find_damaged_parts(sweep, parts)))
    task = block_task(sweep, sweep.score, how.keep_runs(sweep.metadata, count))
    blocks = Blocks(
        measure_runs,
        (task,),
        lambda start, stop: expand_grid(axes, start, stop),
        lab_of(sweep).needs(sweep.config),
        how.deadline,
    )
    measured, failed, reason = sum(parts.rows.values()), 0, ""
    progress(measured, count)
    missing = list(find_missing(count, parts.rows))
    with how.hold_open(compiled=False) as executor:
        for (start, _), outcome in blocks.measure(executor, missing, losses):
            block = to_block(_point(axes, start), outcome, tells_host=task.tells_host)
            opened.save(start, block)
            measured, failed = measured + block.rows, failed + block.failed
            reason = reason or block.reason
            progress(measured, count, *losses.words())
    if failed == count:
        raise EpoqueError(f"All {count} runs failed, the first with: {reason}")


def _point(axes: Sequence[Axis], number: int) -> dict[str, Any]:
    return {field: values[0] for field, values in expand_grid(axes, number, number + 1).items()}


def _find_damaged_parts(sweep: Sweep, parts: TableParts) -> Iterator[int]:
    """Yield the first points of the parts of which some run is not what was saved."""
    places = sorted(parts.rows)
    for number in find_damaged_runs(sweep):
        index = bisect_right(places, number) - 1
        if index >= 0 and number < places[index] + parts.rows[places[index]]:
            yield places[index]


def _save_figures(sweep: Sweep) -> None:
    from ..figures.sweep_figures import sweep_figures
    from ..runs.execute import save_figures

    with suppress(UsageError):  # no run reached a score: the table says so, nothing can be drawn
        save_figures(sweep.path / "figures", sweep_figures(sweep))
