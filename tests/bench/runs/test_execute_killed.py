"""A process killed at any moment leaves a readable run, and resuming it loses nothing."""

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import line_lab
import pytest
from children import child, finish
from waiting import PATIENCE, wait_for

from epoque.bench.errors import RunLockedError
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.lock_owner import OWNER
from epoque.bench.runs.run import Run, Runs

SETTINGS = {"iterations": 1500, "checkpoint_every": 40, "seed": 3}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was never stopped."""
    root = tmp_path_factory.mktemp("reference")
    finish(line_lab.train_here, str(root), SETTINGS, True)
    (run,) = Runs(root)
    assert run.status.state == "finished"
    return run


def check_readable(run: Run, reference: Run) -> None:
    """Whatever moment the process died at: all that a reader may ask for is there and right."""
    assert run.status.state in ("interrupted", "finished")
    assert run.config == reference.config
    assert run.environment["seed"] == SETTINGS["seed"]
    steps = [row["step"] for row in run.metric_rows()]
    assert steps == list(range(1, len(steps) + 1))
    assert run.metrics.equals(reference.metrics.head(len(steps))) or not steps
    if run.checkpoint_steps:
        last = run.checkpoint()
        assert last.step <= len(steps)
        same = reference.checkpoint(last.step)
        assert last.state == same.state
        assert all((last.arrays[k] == same.arrays[k]).all() for k in same.arrays)
    assert Runs(run.path.parent).table()["state"].isin(["interrupted", "finished"]).all()


def kill_until_finished(run: Run, reference: Run, chance: random.Random) -> int:
    """Train a run, killing it at random moments until it gets through; return the kills.

    Patience grows with each kill: on a busy machine a run may be slower than the reference was.
    """
    for kills in itertools.count():
        process = child(line_lab.resume_here, str(run.path), True)
        process.join(chance.uniform(0.0, reference.status.seconds * 1.1**kills))
        process.kill()
        process.join()
        check_readable(Run(run.path), reference)  # a fresh reader: nothing cached
        if Run(run.path).is_complete:  # not where it died between its manifest and its status
            return kills
    raise AssertionError


def test_killed_at_random_moments(tmp_path: Path, reference: Run) -> None:
    wanted = int(os.environ.get("EPOQUE_TEST_KILLS", "25"))
    chance = random.Random()
    kills = 0
    while kills < wanted:
        run = start(line_lab.LAB, reference.config, "line/fit", tmp_path)
        kills += kill_until_finished(run, reference, chance)
        assert line_lab.content(run.path) == line_lab.content(reference.path)
        left = [path.name for path in run.path.rglob(".*.tmp")]
        assert [name for name in left if OWNER not in name] == []  # the mark beats to the end


def test_killed_while_runs_are_created(tmp_path: Path) -> None:
    """A run folder appears whole or not at all."""
    chance = random.Random(0)
    for _ in range(15):
        before = len(Runs(tmp_path).ids())
        process = child(line_lab.create_without_end, str(tmp_path))
        wait_for(lambda before=before: len(Runs(tmp_path).ids()) > before)  # type: ignore[misc]
        process.join(chance.uniform(0.0, 0.1))
        process.kill()
        process.join()
    runs = list(Runs(tmp_path))
    assert runs
    for run in runs:
        assert run.status.reason == "not started"
        assert run.config == line_lab.LineConfig()
        assert run.metrics.empty


def test_stopped_by_control_c(tmp_path: Path, reference: Run) -> None:
    run = start(line_lab.LAB, reference.config.replace(pause=0.001), "line/fit", tmp_path)
    process = child(line_lab.resume_here, str(run.path))
    wait_for(lambda: bool(run.checkpoint_steps))
    assert process.pid
    os.kill(process.pid, signal.SIGINT)
    process.join(PATIENCE)
    assert run.status.state == "interrupted"
    assert run.status.reason == "stopped by Ctrl-C (SIGINT)"
    finish(line_lab.resume_here, str(run.path), True)
    assert train(run) == train(reference)


def train(run: Run) -> dict[str, bytes]:
    """Return what must be the same bytes for two runs whose configs differ in `pause` only."""
    told = ("config.json", "manifest.json")  # the checkpoints' JSON, too, tells the config
    files = line_lab.content(run.path).items()
    return {k: v for k, v in files if k not in told and not k.endswith("0.json")}


@contextmanager
def suppress_lock_errors() -> Iterator[list[str]]:
    told: list[str] = []
    try:
        yield told
    except RunLockedError as error:
        told.append(str(error))


def test_two_processes_on_one_run(tmp_path: Path, reference: Run) -> None:
    # Paused so that it outlasts, on any machine, the wait for its lock.
    run = start(line_lab.LAB, reference.config.replace(pause=0.002), "line/fit", tmp_path)
    process = child(line_lab.resume_here, str(run.path), True)
    wait_for(lambda: bool(run.checkpoint_steps))
    refused: list[str] = []
    while process.is_alive():
        with suppress_lock_errors() as told, lock_record(run.path):
            pass
        refused += told
    assert refused
    assert set(refused) == {f"Another process is writing {run.path}."}
    assert process.exitcode == 0
    assert train(run) == train(reference)


def test_many_processes_start_on_one_run_together(tmp_path: Path, reference: Run) -> None:
    run = start(line_lab.LAB, reference.config.replace(pause=0.002), "line/fit", tmp_path)
    processes = [child(line_lab.resume_here, str(run.path), True) for _ in range(4)]
    for process in processes:
        process.join(PATIENCE)
    codes = sorted(process.exitcode or 0 for process in processes)
    assert codes[0] == 0
    assert set(codes[1:]) <= {1, 3}, codes  # refused, or so late that it was finished
    assert Run(run.path).results == reference.results


def test_readers_do_not_disturb_the_writer(started: Callable[..., Run]) -> None:
    """Looking whether a run is locked holds its lock for a moment; a writer waits that long."""
    run = started(iterations=1)
    watcher = child(line_lab.look_without_end, str(run.path))
    time.sleep(0.2)
    try:
        for _ in range(20):
            with lock_record(run.path):
                pass
        execute(run, draw=False)
        assert watcher.is_alive()
    finally:
        watcher.kill()
    assert run.status.state == "finished"


def test_the_lock_goes_with_the_process(started: Callable[..., Run]) -> None:
    run = started(iterations=10**6, checkpoint_every=100)
    process = child(line_lab.resume_here, str(run.path))
    wait_for(lambda: run.status.state == "running")
    assert run.is_locked()
    process.kill()
    process.join()
    assert not run.is_locked()
    assert run.status.state == "interrupted"
    assert run.status.reason == "its process ended"


def test_the_seconds_of_all_resumptions_are_counted(started: Callable[..., Run]) -> None:
    run = started(iterations=60, checkpoint_every=10, pause=0.005)

    class Stop:
        def log(self, event: object) -> None:
            if getattr(event, "step", 0) == 30:
                raise KeyboardInterrupt

        def close(self, state: str, reason: str = "") -> None:
            assert (state, reason) == ("interrupted", "stopped by the user")

    with pytest.raises(KeyboardInterrupt):
        execute(run, [lambda _: Stop()], draw=False)
    before = run.status
    assert before.state == "interrupted"
    resume(run, draw=False)
    assert run.status.seconds >= before.seconds + 0.1
    assert run.status.started == before.started
