"""A folder that another machine writes: its lock is not seen, but it is not called dead."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import wait_for

from epoque.bench.errors import RunLockedError
from epoque.bench.events import Metrics
from epoque.bench.files.atomic import write_json
from epoque.bench.runs import lock_owner as owner
from epoque.bench.runs.execute import execute
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run

Start = Callable[..., Run]


def owned_by(run: Run, minutes: float, **told: Any) -> Path:
    """Let a run's folder say that a process writes it, heard of so long ago; in a new file."""
    heard = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
    path = run.path / owner.OWNER
    other = {"host": "node-7", "boot": "another", "pid": 4711, "heard": heard}
    write_json(path, other | told)
    status = json.loads((run.path / "status.json").read_text())
    (run.path / "status.json").write_text(json.dumps({**status, "state": "running"}))
    return path


def test_a_run_that_another_machine_writes_is_running_and_not_written(started: Start) -> None:
    run = started(iterations=5)
    told = owned_by(run, 2)
    assert run.is_locked()
    assert run.status.state == "running"
    with pytest.raises(RunLockedError, match=r"process 4711 of node-7, heard of 1[12]\d s ago"):
        execute(run, draw=False)
    assert told.is_file()
    told.unlink()  # as the sentence says
    assert execute(run, draw=False).status.state == "finished"
    assert not told.exists()


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (11, {}),
        (1, {"boot": owner._boot_id()}),
        (1, {"host": owner.host_name()}),
        (1, {"heard": 3}),
    ],
)
def test_a_silent_machine_and_this_one_started_anew_are_dead(
    started: Start, minutes: float, told: dict[str, Any]
) -> None:
    run = started(iterations=5)
    owned_by(run, minutes, **told)
    assert not run.is_locked()
    assert (run.status.state, run.status.reason) == ("interrupted", "its process ended")
    assert execute(run, draw=False).status.state == "finished"


def test_who_writes_says_so_again_and_again(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started()
    monkeypatch.setattr(owner, "BEAT_SECONDS", 0.001)
    with lock_record(run.path):
        path = run.path / owner.OWNER
        first = path.read_text()
        wait_for(lambda: path.read_text() != first, "another sign of life")
        told = json.loads(path.read_text())
        assert (told["host"], told["boot"]) == (owner.host_name(), owner._boot_id())
        path.unlink()
        wait_for(lambda: path.exists() and path.read_text(), "a word in the place of a deleted one")
        assert owner.is_owner(run.path)
        assert json.loads(path.read_text()).keys() == told.keys()
    assert not path.exists()


def test_a_sign_of_life_never_lands_on_the_word_of_who_took_the_run(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is taken at the last moment: the writer has looked, and has not written yet."""
    run = started()
    describe, moments = owner._describe_owner, count()

    def take(token: str) -> bytes:
        if next(moments) == 1:  # the first is the word with which it begins
            owned_by(run, 0)
        return describe(token)

    monkeypatch.setattr(owner, "BEAT_SECONDS", 0.001)
    monkeypatch.setattr(owner, "_describe_owner", take)
    with lock_record(run.path):
        wait_for(lambda: not owner.is_owner(run.path), "that the run is taken")
        with pytest.raises(RunLockedError, match="Another process has taken"):
            owner.check_owner(run.path)
    assert json.loads((run.path / owner.OWNER).read_text())["pid"] == 4711


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_writer_whose_run_was_taken_writes_nothing_more(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(iterations=40, checkpoint_every=10)
    monkeypatch.setattr(owner, "BEAT_SECONDS", 0.001)
    taken: dict[Path, bytes] = {}

    class Other:
        """Takes the run at a step, and leaves time for a sign of life of its writer."""

        def log(self, event: Any) -> None:
            if isinstance(event, Metrics) and event.step == 25:
                owned_by(run, 0)
                taken.update(contents(run.path))
                time.sleep(0.05)

        def close(self, state: str, reason: str = "") -> None:
            assert state == "failed"

    with pytest.raises(RunLockedError, match=r"Another process has taken .*; it writes nothing"):
        execute(run, [lambda _: Other()], draw=False)
    assert contents(run.path) == taken
    assert json.loads((run.path / owner.OWNER).read_text())["pid"] == 4711
    assert run.is_locked()


def test_a_silent_writer_is_listened_to_before_its_run_is_taken(
    started: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(iterations=5)
    told = owned_by(run, 0)
    monkeypatch.setattr(owner, "SILENT_SECONDS", 0.2)
    words, clock = iter(range(3)), count(step=0.05)

    def speak(_: float) -> None:
        """Let the other say a word, as long as it has any."""
        assert told.is_file()
        if (word := next(words, None)) is not None:
            owned_by(run, word / 10_000)

    faked = SimpleNamespace(sleep=speak, monotonic=lambda: next(clock))
    monkeypatch.setattr(owner, "time", faked)
    owner.take_from_silent_owner(run.path)
    assert next(words, None) is None
    assert not told.exists()
    owner.take_from_silent_owner(run.path)  # of nobody
