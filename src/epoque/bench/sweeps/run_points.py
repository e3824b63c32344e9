"""Measuring points of a sweep or a search: together in one program, or each as a run."""

import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import ConfigError, DamagedRunError, RunLockedError, RunWriteError
from ..lab import C, Lab, find_lab
from ..runs.execute import check_result_names, execute
from ..runs.run import Run
from ..runs.run_writer import create_run
from ..system.processes import count_cores
from .columns import Columns
from .executor import Executor, JobResult
from .grid import to_cell
from .study import Study

__all__ = [
    "is_run_intact",
    "run_compiled",
    "run_in_executor",
    "run_in_threads",
    "run_point",
]

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


def run_in_threads(
    run_part: Callable[[int], Columns | None], parts: Mapping[int, int]
) -> Generator[tuple[int, Columns | None], None, None]:
    """Measure parts of a compiled sweep on all cores, and yield each in turn.

    A compiled loop runs in the thread that calls it, so each core needs a thread of its own. The
    first part goes alone: it compiles the program that the others then share.

    Args:
        run_part: measures the part that begins at a point; None if the lab cannot.
        parts: a part's number to the point it begins at.

    Yields:
        The part's number and what was measured; after a None nothing more.
    """
    starts = list(parts.items())
    for index, start in starts[:1]:
        first = run_part(start)
        yield index, first
        if first is None:
            return
    with ThreadPoolExecutor(count_cores()) as pool:
        try:
            futures = {index: pool.submit(run_part, start) for index, start in starts[1:]}
            for index, future in futures.items():
                yield index, future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def run_in_executor(
    study: Study, executor: Executor, points: Mapping[int, Mapping[str, object]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Measure points by a run of its own each, and yield them as they end.

    Args:
        study: the sweep or search; the runs are in its folder `runs`.
        executor: what runs them.
        points: number to settings; the number names the run.

    Yields:
        The number, and a row: the settings as a table holds them, the results, and the `state`
        and `reason` of the run. One that fails does not stop the others.

    Raises:
        RunWriteError: if a run could not be written.
        UsageError: if a result is called like a setting that is swept, and is another number.
    """
    folder, lab, recipe = str(study.path / "runs"), study.lab_name, study.recipe
    for number, point in points.items():
        settings = study.config.replace(**point).flatten()
        executor.submit(number, run_point, folder, _run_name(number), lab, recipe, settings)
    for _ in points:
        result = executor.wait()
        if result.kind == RunWriteError.__name__:
            raise RunWriteError(result.error)
        point = points[result.key]
        results = result.value or {}
        other = [name for name, value in point.items() if results.get(name) != to_cell(value)]
        check_result_names(results, other)
        yield result.key, _to_row(point, result)


def _run_name(number: int) -> str:
    return f"point-{number:07d}"


def is_run_intact(runs: Path, number: int) -> bool:
    """Return whether the run of a point that was measured is whole; or gone, for the space."""
    path = runs / _run_name(number)
    return not path.exists() or not any(Run(path).differences())


def _to_row(point: Mapping[str, object], result: JobResult) -> dict[str, Any]:
    row = {field: to_cell(value) for field, value in point.items()}
    results = result.value or {}
    row |= {name: value for name, value in results.items() if name not in point}
    return row | {"state": "failed" if result.error else "finished", "reason": result.error}


def run_point(
    folder: str, name: str, lab: str, recipe: str, settings: Mapping[str, object]
) -> dict[str, Any]:
    """Train one point as a run of its own and return its numbers; made to be an executor's task.

    Args:
        folder: the folder of runs.
        name: the run's name in it; a run that was begun before goes on from its last checkpoint.
            One of other settings, or that is damaged beyond repair, is removed and made again.
        lab: the lab's name.
        recipe: the recipe's name.
        settings: the point's whole config.

    Raises:
        EpoqueError: what stopped the run; its folder keeps what was measured before.
    """
    config = find_lab(lab).config_class.parse(settings)

    def create_again() -> Run:
        shutil.rmtree(Path(folder) / name, ignore_errors=True)
        # Which point was made first is of no account: the others need not be looked at.
        now = datetime.now(UTC)
        return create_run(Path(folder), lab, recipe, config, name, only=True, moment=now)

    run = Run(Path(folder) / name)
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
        return same and find_lab(lab).config_class.parse(metadata["config"]) == config
    except (ConfigError, DamagedRunError):
        return False


def _train(run: Run) -> dict[str, Any]:
    """Train a run to its end, repair it if it is damaged, and return its numbers."""
    if not run.is_complete:
        run = execute(run, draw=False)
    return {k: v for k, v in run.results.items() if v is None or isinstance(v, int | float | str)}


def _wait_until_free(run: Run) -> None:
    """Wait for the worker of a sweep that was killed: it takes a moment until it notices."""
    deadline = time.monotonic() + LOCK_TIMEOUT
    while run.is_locked():
        if time.monotonic() > deadline:
            raise RunLockedError(f"Another process is writing {run.path}.")
        time.sleep(0.05)
