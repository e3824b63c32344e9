"""Signals: a training ends after its step, with a checkpoint, and loses nothing by it."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import line_lab
import pytest
from waiting import PATIENCE

from epoque.bench import stopping
from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.run import Run
from epoque.bench.stopping import Interrupt

STATUS = {"reason": "", "started": "", "seconds": 1.0}
SETTINGS = {"iterations": 120, "checkpoint_every": 40, "seed": 3}
NAMES = {"SIGINT": "Ctrl-C (SIGINT)", "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP"}


class Sends:
    """A sink that sends this process a signal when a step is told, or more than one."""

    def __init__(self, step: int, number: int, times: int = 1) -> None:
        self.step, self.number, self.times = step, number, times
        self.told: list[str] = []

    def __call__(self, run: Run) -> "Sends":
        return self

    def log(self, event: Any) -> None:
        if isinstance(event, Metrics) and event.step == self.step:
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)

    def close(self, state: str, reason: str = "") -> None:
        self.told.append(f"{state}: {reason}")


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    """The files of a run that was never stopped."""
    config = line_lab.LineConfig(**SETTINGS)
    run = execute(start(line_lab.LAB, config, "line/fit", tmp_path / "whole"), draw=False)
    return line_lab.content(run.path)


@pytest.mark.parametrize("name", [name for name in NAMES if hasattr(signal, name)])
@pytest.mark.parametrize("step", [17, 40, 120])
def test_a_signal_ends_a_training_after_its_step(
    name: str, step: int, whole: dict[str, bytes], started: Callable[..., Run]
) -> None:
    run, sends = started(**SETTINGS), Sends(step, getattr(signal, name))
    with pytest.raises(Interrupt) as stopped:
        execute(run, [sends], draw=False)
    assert (stopped.value.signal.name, stopped.value.run) == (name, run.path)
    assert sends.told == [f"interrupted: stopped by {NAMES[name]}"]
    assert (run.status.state, run.status.reason) == ("interrupted", f"stopped by {NAMES[name]}")
    assert run.checkpoint_steps == sorted({*range(40, step, 40), step})
    assert len(run.metrics) == step
    resume(run, draw=False)
    assert line_lab.content(run.path) == whole


def test_a_run_stopped_again_and_again_ends_the_same(
    whole: dict[str, bytes], started: Callable[..., Run]
) -> None:
    run = started(**SETTINGS)
    for step in (7, 8, 39, 41, 79, 80, 119):
        with pytest.raises(Interrupt):
            execute(run, [Sends(step, signal.SIGTERM)], draw=False)
        assert run.checkpoint_steps == [*range(40, step, 40), step]
    execute(run, draw=False)
    assert line_lab.content(run.path) == whole


def test_a_lab_that_keeps_the_last_ones_keeps_them_beside_one_that_a_signal_asked_for(
    whole: dict[str, bytes], started: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_lab.LineLab, "max_checkpoints", 2)
    run = started(**SETTINGS)
    with pytest.raises(Interrupt):
        execute(run, [Sends(100, signal.SIGTERM)], draw=False)
    assert run.checkpoint_steps == [80, 100]
    resume(run, draw=False)
    assert run.checkpoint_steps == [80, 120]
    files = line_lab.content(run.path)
    assert b"step-0000000040" not in files.pop("manifest.json")
    assert all(whole[name] == data for name, data in files.items())


def test_what_a_kill_left_of_a_checkpoint_out_of_schedule_goes_too(
    whole: dict[str, bytes], started: Callable[..., Run]
) -> None:
    run = started(**SETTINGS)
    with pytest.raises(Interrupt):
        execute(run, [Sends(50, signal.SIGTERM)], draw=False)
    run.path.joinpath("checkpoints/step-0000000050.json").unlink()
    resume(run, draw=False)
    assert line_lab.content(run.path) == whole


@pytest.mark.parametrize("endings", [(), (".json",)])
def test_what_a_kill_kept_from_being_removed_goes_when_the_run_goes_on(
    endings: tuple[str, ...], started: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process died with its last checkpoint written, and those before still there."""
    monkeypatch.setattr(line_lab.LineLab, "max_checkpoints", 1)
    run = started(**SETTINGS)
    with pytest.raises(Interrupt):
        execute(run, [Sends(50, signal.SIGTERM)], draw=False)
    folder = run.path / "checkpoints"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    execute(run, draw=False)
    for path, data in before.items():
        if path.suffix not in endings:
            path.write_bytes(data)
    (run.path / "status.json").write_text(json.dumps({**STATUS, "state": "interrupted"}))
    (run.path / "results.json").unlink()
    execute(run, draw=False)
    assert sorted(path.name for path in folder.iterdir()) == [
        "step-0000000120.json",
        "step-0000000120.safetensors",
    ]


def test_a_second_signal_stops_at_once(
    whole: dict[str, bytes], started: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "SECONDS_OF_ONE", 0.0)
    run = started(**SETTINGS)
    with pytest.raises(Interrupt):
        execute(run, [Sends(50, signal.SIGTERM, times=2)], draw=False)
    assert run.status.reason == "stopped by SIGTERM"
    assert run.checkpoint_steps == [40]
    resume(run, draw=False)
    assert line_lab.content(run.path) == whole


def test_a_signal_that_a_launcher_passes_on_is_the_same_one(
    started: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "SECONDS_OF_ONE", 60.0)
    run = started(**SETTINGS)
    with pytest.raises(Interrupt):
        execute(run, [Sends(50, signal.SIGTERM, times=3)], draw=False)
    assert run.checkpoint_steps == [40, 50]


def test_a_step_that_takes_too_long_is_not_waited_for(
    started: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "SECONDS", 0.05)
    waits = Sends(50, signal.SIGTERM)
    log = waits.log

    def slow(event: Any) -> None:
        log(event)
        end = time.monotonic() + PATIENCE
        while stopping.is_stop_requested() and time.monotonic() < end:
            time.sleep(0.001)

    waits.log = slow  # type: ignore[method-assign]
    run = started(**SETTINGS)
    with pytest.raises(Interrupt, match="stopped by SIGTERM"):
        execute(run, [waits], draw=False)
    assert (run.status.state, run.checkpoint_steps) == ("interrupted", [40])


def test_a_signal_that_no_lab_answers_is_answered_at_the_end() -> None:
    def without_a_lab() -> None:
        with stopping.defer_stop():
            os.kill(os.getpid(), signal.SIGHUP)
            while not stopping.is_stop_requested():
                pass

    with pytest.raises(Interrupt, match="SIGHUP"):
        without_a_lab()
    assert not stopping.is_stop_requested()


def test_where_nothing_is_trained_a_signal_stops_at_once() -> None:
    def without_a_training() -> None:
        with stopping.handle_stop_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE)

    with pytest.raises(Interrupt) as stopped:
        without_a_training()
    assert stopped.value.signal == signal.SIGTERM


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in stopping.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_ignored_stays_ignored_and_all_is_restored(handlers: None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    before = [signal.getsignal(number) for number in stopping.SIGNALS]
    with stopping.handle_stop_signals():
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == before


def test_a_training_in_another_thread_leaves_the_handlers_alone(
    whole: dict[str, bytes], started: Callable[..., Run]
) -> None:
    run = started(**SETTINGS)
    thread = threading.Thread(target=lambda: execute(run, draw=False))
    thread.start()
    thread.join()
    assert line_lab.content(run.path) == whole


def test_a_stop_that_is_asked_for_is_of_its_thread_and_its_block_alone() -> None:
    heard: list[bool] = []
    with stopping.request_stop():
        assert stopping.is_stop_requested()
        other = threading.Thread(target=lambda: heard.append(stopping.is_stop_requested()))
        other.start()
        other.join()
    assert heard == [False]
    assert not stopping.is_stop_requested()
