"""Measuring points of a sweep or a search: together in one program, or each as a run."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..config import Config
from ..errors import (
    ConfigError,
    DamagedRunError,
    EpoqueError,
    RunLockedError,
    RunWriteError,
    UsageError,
)
from ..files.atomic import host_name, leave_unsynced, sync_tree
from ..files.parquet_table import encode_table
from ..lab import C, Lab, find_lab
from ..runs.execute import check_result_names, execute
from ..runs.lock_owner import take_from_silent_owner
from ..runs.run import Run
from ..runs.run_writer import create_run
from .columns import Columns
from .data_files import copies_of, replace_columns, replace_paths
from .grid import to_cell
from .jobs import Outcome, raise_error
from .numbered import number_path
from .study import Study
from .table_blocks import TableBlock, block_of_rows

__all__ = [
    "BlockTask",
    "Keep",
    "block_task",
    "find_damaged_runs",
    "measure_runs",
    "measure_together",
    "run_compiled",
    "run_point",
    "to_block",
]

Keep = Literal["all", "failed", "none"]
"""Which runs of its points a study keeps."""

LOCK_TIMEOUT = 30.0


def run_compiled(
    lab: Lab[C], base: C, points: Columns, length: int | None = None
) -> Columns | None:
    """Measure points inside one compiled program, where the lab can.

    Args:
        lab: the lab.
        base: the config that every point starts from.
        points: field to its value at each of n points.
        length: to how many points they are filled up, the last one repeated, so that equally long
            parts need one program; what is measured there is dropped.

    Returns:
        The settings as a table holds them, then the results, each n values; or None.

    Raises:
        UsageError: if a result is called like one of these settings.
    """
    count = len(next(iter(points.values())))
    padding = max((length or 0) - count, 0)
    padded = {field: [*values, *[values[-1]] * padding] for field, values in points.items()}
    results = lab.sweep(base, padded)
    if results is None:
        return None
    check_result_names(dict.fromkeys(results, 0.0), points)
    assert all(len(values) == count + padding for values in results.values()), "one value a point"
    settings = {field: _to_cells(values) for field, values in points.items()}
    return settings | {name: values[:count] for name, values in results.items()}


def _to_cells(values: Sequence[object]) -> Sequence[Any]:
    """Return settings as a table holds them; numbers and texts, the most, as they are."""
    plain = set(map(type, values)) <= {bool, int, float, str}
    return values if plain else [to_cell(value) for value in values]


@dataclass(frozen=True, slots=True)
class BlockTask:
    """What the blocks of a study have in common.

    Attributes:
        folder: of the study's runs, absolute: where points are runs of their own.
        lab: the lab's name.
        recipe: the recipe's name.
        config: the base config, as sweep.json holds it.
        score: a result that each run must have; "" for none.
        keep: which runs stay in the folder once their block is measured.
        copies: of files that settings name, typed path to the absolute one of a copy.
        tells_host: whether each row says which machine measured it.
    """

    folder: str
    lab: str
    recipe: str
    config: Mapping[str, Any]
    score: str
    keep: Keep
    copies: Mapping[str, str] = field(default_factory=dict)
    tells_host: bool = False


def block_task(study: Study, score: str, keep: Keep = "all") -> BlockTask:
    """Return what the blocks of a study have in common (see `BlockTask`)."""
    folder = str((study.path / "runs").absolute())
    metadata = study.metadata
    copies = copies_of(study.path, metadata.get("shipped", {}))
    return BlockTask(
        folder, study.lab_name, study.recipe, dict(metadata["config"]), score, keep, copies,
        bool(metadata.get("host_column", False)),
    )  # fmt: skip


def measure_together(task: BlockTask, length: int, points: Columns) -> TableBlock | None:
    """Measure points inside one compiled program; made to be an executor's task.

    Args:
        task: what is measured.
        length: to how many points they are filled up (see `run_compiled`).
        points: field to its value at each point.

    Returns:
        The rows; or None where the lab cannot.

    Raises:
        UsageError: if a result is called like a setting that is swept, or there is no score.
    """
    lab = find_lab(task.lab)
    base = replace_paths(lab.config_class.from_record(task.config), task.copies)
    copied = replace_columns(lab.config_class, points, task.copies)
    measured = run_compiled(lab, base, {**points, **copied}, length)
    if measured is None:
        return None
    columns = {**measured} | {path: _to_cells(points[path]) for path in copied}
    if task.tells_host:
        columns["host"] = [host_name()] * len(next(iter(columns.values())))
    _check_score(task.recipe, task.lab, task.score, [n for n in columns if n not in points])
    return TableBlock(encode_table(columns), len(next(iter(columns.values()))))


def measure_runs(task: BlockTask, start: int, points: Columns) -> TableBlock:
    """Measure points by a run of its own each; made to be an executor's task.

    A run that fails is a row with the `state` failed and the `reason`, and stops no other. One that
    an earlier attempt finished, or began, is not made again.

    Args:
        task: what is measured.
        start: the number of the first point.
        points: field to its value at each point.

    Returns:
        A row a point: the settings as a table holds them, the results, the state and the reason.

    Raises:
        RunWriteError: if a run could not be written.
        UsageError: if a result is called like a setting that is swept, and is another number; or
            if a run has no score.
    """
    if not Path(task.folder).parent.is_dir():
        raise RunWriteError(
            f"{host_name()} does not see {Path(task.folder).parent}, where the runs go: machines "
            "that measure together need one folder of runs, under one path."
        )
    base = find_lab(task.lab).config_class.from_record(task.config)
    count = len(next(iter(points.values())))
    paths = [number_path(Path(task.folder), POINT, start + offset) for offset in range(count)]
    rows = []
    # A long run waits for the disk at each checkpoint; of short ones all wait at once.
    with leave_unsynced() if count > 1 else nullcontext():
        for offset, path in enumerate(paths):
            point = {field: values[offset] for field, values in points.items()}
            rows.append(_measure_run(task, path, point, base))
    for path, row in zip(paths, rows, strict=True):
        if task.keep == "none" or (task.keep == "failed" and row["state"] == "finished"):
            shutil.rmtree(path, ignore_errors=True)
    if count > 1:
        sync_tree(paths)
    return block_of_rows(rows)


POINT = "point"
"""What the name of a point's run begins with."""


def _measure_run(
    task: BlockTask, path: Path, point: Mapping[str, Any], base: Config
) -> dict[str, Any]:
    """Return the row of a point."""
    results: dict[str, Any] = {}
    error, config = "", replace_paths(base.at_point(point), task.copies)
    try:
        results = run_point(path, task.lab, task.recipe, config)
    except RunWriteError:
        raise
    except EpoqueError as exception:
        error = str(exception)
    except Exception as exception:  # whatever a lab's code raises
        error = f"{type(exception).__name__}: {exception}"
    else:
        other = [name for name, value in point.items() if results.get(name) != to_cell(value)]
        check_result_names(results, other)
        _check_score(task.recipe, task.lab, task.score, [n for n in results if n not in point])
    return _make_row(point, results, error, host_name() if task.tells_host else "")


def _make_row(
    point: Mapping[str, object], results: Mapping[str, Any], error: str, host: str = ""
) -> dict[str, Any]:
    """Return a row of the table: the settings, the results, and how the run ended.

    Args:
        point: settings by path.
        results: those of the run; none if it failed.
        error: why it failed; "" if it did not.
        host: the machine that measured it; "" where that is not told.
    """
    row: dict[str, Any] = {field: to_cell(value) for field, value in point.items()}
    row |= {name: value for name, value in results.items() if name not in point}
    row |= {"state": "failed" if error else "finished", "reason": error}
    return row | {"host": host} if host else row


def to_block(
    point: Mapping[str, object], outcome: Outcome, *, tells_host: bool = False
) -> TableBlock:
    """Return what a job measured; of one that never came to its end, a row that says so.

    Args:
        point: the settings of the first point that it was to measure, by path.
        outcome: of its job.
        tells_host: whether the row says which machine it was lost on.

    Raises:
        EpoqueError: what stopped it otherwise.
    """
    if outcome.is_undecided:
        host = (outcome.host or "?") if tells_host else ""
        return block_of_rows([_make_row(point, {}, outcome.error, host)])
    raise_error(outcome)
    block: TableBlock = outcome.value
    return block


def _check_score(recipe: str, lab: str, score: str, results: Sequence[str]) -> None:
    """Check that a run measured what the sweep is about, before the others are trained.

    Raises:
        UsageError: if it did not, with what it measured.
    """
    if score and score not in results:
        raise UsageError(
            f"A run of {recipe} has no result {score!r}, which the lab {lab} names as its score; "
            f"it has {', '.join(results) or 'none'}. "
            "`Lab.score` names the result that a sweep looks at."
        )


def find_damaged_runs(study: Study) -> Iterator[int]:
    """Yield the numbers of the points whose run is there, and is not what was saved."""
    for path in (study.path / "runs").glob(f"*/{POINT}-*"):
        number = path.name.removeprefix(f"{POINT}-")
        if number.isdecimal() and any(Run(path).differences()):
            yield int(number)


def run_point(path: Path, lab: str, recipe: str, config: Config) -> dict[str, Any]:
    """Train one point as a run of its own and return its numbers.

    Args:
        path: the run's folder; a run that was begun before goes on from its last checkpoint. One of
            other settings, or that is damaged beyond repair, is removed and made again.
        lab: the lab's name.
        recipe: the recipe's name.
        config: the point's.

    Raises:
        EpoqueError: what stopped the run; its folder keeps what was measured before.
    """

    def create_again() -> Run:
        shutil.rmtree(path, ignore_errors=True)
        # Which point was made first is of no account: the others need not be looked at.
        now = datetime.now(UTC)
        return create_run(path.parent, lab, recipe, config, path.name, only=True, moment=now)

    run = Run(path)
    _wait_until_free(run)
    if not _is_run_of(run, lab, recipe, config):
        run = create_again()
    try:
        return _train(run)
    except DamagedRunError:  # nothing of it can be gone on with
        return _train(create_again())


def _is_run_of(run: Run, lab: str, recipe: str, config: Config) -> bool:
    """Return whether a run is there, and of this point."""
    try:
        metadata = run.read_metadata()
        same = (metadata["lab"], metadata["recipe"]) == (lab, recipe)
        return same and find_lab(lab).config_class.from_record(metadata["config"]) == config
    except (ConfigError, DamagedRunError):
        return False


def _train(run: Run) -> dict[str, Any]:
    """Train a run to its end, repair it if it is damaged, and return its numbers."""
    if not run.is_complete:
        run = execute(run, draw=False)
    return {k: v for k, v in run.results.items() if v is None or isinstance(v, int | float | str)}


def _wait_until_free(run: Run) -> None:
    """Wait for the worker of a sweep that was killed: it takes a moment until it notices.

    One on another machine, which may only be cut off, is waited for as long as it gives signs of
    life: it may finish the run. Of a silent one the run is taken.
    """
    take_from_silent_owner(run.path)
    deadline = time.monotonic() + LOCK_TIMEOUT
    while run.is_locked():
        if time.monotonic() > deadline:
            raise RunLockedError(f"Another process is writing {run.path}.")
        time.sleep(0.05)
