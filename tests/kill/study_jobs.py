"""Sweeps in one program, sweeps of runs, and searches; of the bowl, whose numbers cost nothing.

The processes that measure points are forked as all others here, so that nobody imports anything
anew, and killed at their own operations on files, too.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "bench/sweeps/plugins"))

import optuna  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
from killing import Job, files_in

from epoque.bench import stopping
from epoque.bench.lab import find_lab
from epoque.bench.sweeps import executor
from epoque.bench.sweeps import run_sweep as run_sweep_module
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.executor import LocalExecutor
from epoque.bench.sweeps.grid import Axis, parse_axes
from epoque.bench.sweeps.run_search import resume_search, run_search
from epoque.bench.sweeps.run_sweep import resume_sweep, run_sweep
from epoque.bench.sweeps.search import Searches
from epoque.bench.sweeps.study import Study
from epoque.bench.sweeps.sweep import Sweeps

SEARCH: dict[str, Any] = {"trials": 11, "objective": "final_error"}


def jobs(_root: Path) -> Iterator[Job]:
    """Yield the jobs."""
    run_sweep_module.PART_SIZE_LIMITS = (2, 2)
    executor.start_child = _fork_child  # type: ignore[assignment]
    content = partial(_content, Sweeps)
    axes = ("learning_rate=0.1,0.2,0.3", "seed=0:4")
    yield Job("compiled-sweep", lambda folder: _sweep(folder, axes), content)
    few = ("learning_rate=0.1,0.2", "seed=0:2")
    yield Job("sweep-of-runs", lambda folder: _sweep(folder, few, engine="each"), content)
    yield Job("search", _search, partial(_content, Searches))


def _fork_child(serve: Callable[..., None], *arguments: object) -> tuple[Any, Any]:
    """Start a process as `start_child` does, but forked."""
    context = get_context("fork")
    here, there = context.Pipe()

    def work() -> None:
        here.close()  # so that the pipe ends with the other process
        stopping._trained.clear()  # in the other process; here a signal ends what goes on
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        serve(there, *arguments)

    process = context.Process(target=work, daemon=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    process.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    there.close()
    return process, here


def _parse(axes: tuple[str, ...], settings: dict[str, str]) -> tuple[Any, Any, tuple[Axis, ...]]:
    lab = find_lab("bowl")
    base = lab.config_class.parse({"checkpoint_every": "7", **settings})
    return lab, base, parse_axes(base, axes)


def _sweep(folder: Path, axes: tuple[str, ...], **settings: str) -> None:
    """Do as `epoque sweep` does."""
    lab, base, parsed = _parse(axes, settings)
    told: dict[str, Any] = {"execution": Execution(LocalExecutor(2)), "figures": False}
    if Sweeps(folder).find("bowl/test", _texts_by_field(parsed), config=base):
        return
    begun = Sweeps(folder).find("bowl/test", _texts_by_field(parsed), config=base, finished=False)
    if begun is not None:
        resume_sweep(begun, **told)
    else:
        run_sweep(lab, "bowl/test", base, parsed, folder, **told)


def _search(folder: Path) -> None:
    """Do as `epoque search` does."""
    lab, base, parsed = _parse(("learning_rate=0.01:0.4:log:2", "seed=0:2"), {})
    if Searches(folder).find("bowl/test", _texts_by_field(parsed), config=base):
        return
    begun = Searches(folder).find("bowl/test", _texts_by_field(parsed), config=base, finished=False)
    if begun is not None:
        resume_search(begun, figures=False)
    else:
        run_search(lab, "bowl/test", base, parsed, folder, figures=False, **SEARCH)


def _texts_by_field(axes: tuple[Axis, ...]) -> dict[str, str]:
    return {axis.field: axis.text for axis in axes}


def _content(kind: Callable[[Path], Any], folder: Path) -> dict[str, bytes]:
    """Return the files of the one study in a folder."""
    study: Study
    (study,) = kind(folder)
    assert study.is_complete
    return files_in(study.path, "journal.log")  # Optuna's own, with its times
