"""Trainings in the background: each a process of its own, which pages start, watch and stop.

A process says over a pipe that its run is there, or why there is none; from then on it trains, and
whoever looks at the run's folder sees how far it is.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeAlias

from epoque.bench.errors import EpoqueError, RunLockedError, UsageError, first_line
from epoque.bench.lab import find_lab
from epoque.bench.system.child_process import end_with_parent, start_child

__all__ = ["BackgroundRuns", "ResumeJob", "TrainJob", "resume_training", "serve_job", "train_run"]

SECONDS_TO_END = 10.0
"""That a process has which was stopped, before its run counts as being trained."""

Pipe: TypeAlias = "Connection[Any, Any]"


@dataclass(frozen=True, slots=True)
class ResumeJob:
    """A run that is gone on with.

    Attributes:
        path: its folder.
    """

    path: str


@dataclass(frozen=True, slots=True)
class TrainJob:
    """A run that is begun and trained to its end.

    Attributes:
        lab: the lab's name.
        recipe: the recipe that the settings began with.
        values: the whole config, path of a setting to plain value.
        root: the folder of runs.
        name: of the run; None: the time and the recipe.
    """

    lab: str
    recipe: str
    values: dict[str, Any]
    root: str
    name: str | None = None


class BackgroundRuns:
    """Trainings that go on while their pages do something else.

    Args:
        most: how many at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._processes: dict[SpawnProcess, str] = {}

    def __len__(self) -> int:
        """Return how many there are now."""
        self._processes = {one: run for one, run in self._processes.items() if one.is_alive()}
        return len(self._processes)

    def __contains__(self, run_id: str) -> bool:
        """Whether a run is trained here."""
        return any(run == run_id and one.is_alive() for one, run in self._processes.items())

    async def begin(self, work: Callable[..., None], job: object) -> str:
        """Start a process that trains a run; return the run's id as soon as it is there.

        Args:
            work: a function of a module; it receives a pipe for one pair, ("run", its id) or
                ("refused", a sentence), then the job.
            job: what it is to do; plain values.

        Raises:
            UsageError: if there are too many trainings, or the process refuses.
        """
        if len(self) >= self._most:
            raise UsageError(
                f"The studio has {self._most} trainings in the background, as many as it takes "
                "(--max-runs); try again when one has ended."
            )
        process, pipe = await asyncio.to_thread(start_child, work, job)
        self._processes[process] = ""
        try:
            kind, text = await asyncio.to_thread(_hear, pipe)
        except asyncio.CancelledError:
            process.terminate()
            raise
        finally:
            pipe.close()
        if kind == "run":
            self._processes[process] = text
            return text
        raise UsageError(text)

    def stop(self, run_id: str) -> None:
        """End the training of a run: it is saved as it is, and can be gone on with.

        Raises:
            UsageError: if it is not trained here.
        """
        if run_id not in self:
            raise UsageError(f"{run_id} is not trained by this studio; nothing was stopped.")
        for process, run in self._processes.items():
            if run == run_id:
                process.terminate()

    async def close(self, seconds: float) -> None:
        """End them: each is saved as it is, and `epoque resume` goes on with it."""
        processes = [process for process in self._processes if process.is_alive()]
        for process in processes:
            process.terminate()
        end = asyncio.get_running_loop().time() + seconds
        while any(p.is_alive() for p in processes) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        for process in processes:
            process.kill()


def _hear(pipe: Pipe) -> tuple[str, str]:
    try:
        kind, text = pipe.recv()
    except (EOFError, OSError):
        return "refused", "The process of this training ended unexpectedly."
    return str(kind), str(text)


def serve_job(pipe: Pipe, prepare: Callable[[], Any], failure: str) -> None:
    """Prepare a run, say what came of it, and train it: a process's whole life.

    Args:
        pipe: receives ("run", its id) or ("refused", a sentence).
        prepare: returns the run, or raises why there is none.
        failure: what to say of an error that nobody foresaw; `{why}` is what went wrong.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server hears it too, and ends this process
    try:
        run = prepare()
    except EpoqueError as error:
        _say(pipe, "refused", str(error))
        return
    except Exception as error:  # a mistake of the lab's; the page is told, the server goes on
        _say(pipe, "refused", failure.format(why=f"{type(error).__name__}: {first_line(error)}"))
        raise
    _say(pipe, "run", run.id)
    from epoque.bench.runs.execute import execute

    with suppress(EpoqueError, KeyboardInterrupt):  # the run's status says what stopped it
        execute(run)


def _say(pipe: Pipe, kind: str, text: str) -> None:
    with suppress(OSError):
        pipe.send((kind, text))


def resume_training(pipe: Pipe, job: ResumeJob) -> None:
    """Go on with a run; a process's whole life (see `serve_job`)."""

    def prepare() -> Any:
        from epoque.bench.runs.execute import check_resumable
        from epoque.bench.runs.run import Run

        run: Run[Any] = Run.open(job.path)
        _wait_for_end(run)
        if run.is_locked():
            raise RunLockedError(f"{run.id} is being trained already.")
        find_lab(run.lab_name).check_installed()
        check_resumable(run)
        return run

    serve_job(pipe, prepare, "This run could not be gone on with: {why}.")


def _wait_for_end(run: Any) -> None:
    """Wait for a process that has said how its training ended, and is about to end itself."""
    end = time.monotonic() + SECONDS_TO_END
    while run.is_locked() and run.status.state != "running" and time.monotonic() < end:
        time.sleep(0.02)


def train_run(pipe: Pipe, job: TrainJob) -> None:
    """Begin a run and train it; a process's whole life (see `serve_job`)."""

    def prepare() -> Any:
        from epoque.bench.runs.run_writer import create_run

        lab = find_lab(job.lab)
        config = lab.config_class.parse(job.values)
        lab.check(config)
        return create_run(Path(job.root), lab.name, job.recipe, config, job.name)

    serve_job(pipe, prepare, "This training could not be begun: {why}.")
