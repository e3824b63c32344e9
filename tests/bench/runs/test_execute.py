"""Running: events pulled one at a time, sinks told in order, and a status for every end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import line_lab
import numpy as np
import pytest
from children import script

from epoque.bench.errors import DivergenceError, EpoqueError, RunError, UsageError
from epoque.bench.events import Checkpoint, Event, Metrics
from epoque.bench.figures.plot import color
from epoque.bench.progress import Progress
from epoque.bench.runs.execute import execute, join_resumed_training, join_training, resume
from epoque.bench.runs.run import Run, Runs

Make = Callable[..., Run]


class Recorder:
    """A sink that keeps all it is told, and may raise."""

    def __init__(self, run: Run, raises: BaseException | None = None, at: int = 0) -> None:
        self.run, self._raises, self._at = run, raises, at
        self.events: list[Event] = []
        self.closed: list[tuple[str, str]] = []

    def log(self, event: Event) -> None:
        self.events.append(event)
        if self._raises and getattr(event, "step", None) == self._at:
            raise self._raises

    def close(self, state: str, reason: str = "") -> None:
        self.closed.append((state, reason))
        if self._raises and not self._at:
            raise self._raises


def recorder(made: list[Recorder], **kwargs: Any) -> Callable[[Run], Recorder]:
    def factory(run: Run) -> Recorder:
        made.append(Recorder(run, **kwargs))
        return made[-1]

    return factory


def test_every_sink_gets_every_event_in_order(trained: Make) -> None:
    made: list[Recorder] = []
    run = trained(recorder(made), recorder(made), iterations=120, checkpoint_every=50)
    expected = list(line_lab.LAB.train(run.config))  # type: ignore[arg-type]
    for sink in made:
        assert [type(e) for e in sink.events] == [type(e) for e in expected]
        assert [e for e in sink.events if isinstance(e, Metrics)] == [
            e for e in expected if isinstance(e, Metrics)
        ]
        assert sink.closed == [("finished", "")]


def test_the_notice_is_told_before_the_training(started: Make) -> None:
    told: list[str] = []
    run = started(iterations=120, checkpoint_every=50, note="slow")
    made: list[Recorder] = []
    stop = recorder(made, raises=KeyboardInterrupt(), at=70)
    with pytest.raises(KeyboardInterrupt):
        execute(run, (stop,), draw=False, notify=told.append)
    resume(Run(run.path), draw=False, notify=lambda notice: told.append(notice))
    assert told == ["slow: 120 iterations remain", "slow: 70 iterations remain"]
    execute(started(iterations=5), draw=False, notify=told.append)
    assert len(told) == 2  # a lab without one has nothing to say


def test_what_a_training_reads_is_made_before_the_notice_and_shown(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def prepare(config: Any, resume: Any, progress: Progress) -> str:
        progress(1, 2, "soup")
        if config.note == "no":
            raise UsageError("There is no soup.")
        return f"{config.note}: 200 iterations remain"

    @contextmanager
    def open_progress() -> Iterator[Any]:
        told.append("opened")
        yield lambda *now: told.append(now)
        told.append("closed")

    monkeypatch.setattr(line_lab.LAB, "prepare", prepare)
    run = execute(started(note="slow"), draw=False, notify=told.append, open_progress=open_progress)
    assert told == ["opened", (1, 2, "soup"), "closed", "slow: 200 iterations remain"]
    assert run.status.state == "finished"
    failed = started(note="no")
    with pytest.raises(UsageError):
        execute(failed, draw=False, notify=told.append, open_progress=open_progress)
    assert (failed.status.state, failed.status.reason) == ("failed", "There is no soup.")


def test_who_assists_sees_the_same_training_and_writes_nothing(started: Make) -> None:
    run = started(iterations=120, checkpoint_every=50)
    before = line_lab.content(run.path)
    steps: list[int] = []

    class Watched(line_lab.LineLab):
        def train(self, config: Any, resume: Checkpoint | None = None) -> Iterator[Event]:
            for event in super().train(config, resume):
                steps.append(getattr(event, "step", 0))
                yield event

    join_training(Watched(), run.config, prepared=True)
    assert max(steps) == 120
    join_resumed_training(run)
    assert line_lab.content(run.path) == before
    execute(run, draw=False)
    with pytest.raises(UsageError, match="already finished"):
        join_resumed_training(Run(run.path))


def test_the_training_is_pulled(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is handled by all sinks before the next one is asked for."""
    made: list[Recorder] = []

    def train(config: Any, resume: Any = None) -> Iterator[Event]:
        for step in range(1, 6):
            yield Metrics(step, {"error": 1.0})
            assert len(made[0].events) == step

    monkeypatch.setattr(line_lab.LAB, "train", train)
    execute(started(), [recorder(made)], draw=False)


def test_the_last_metrics_count_without_a_last_checkpoint(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [Metrics(1, {"error": 1.0}), Metrics(2, {"error": 0.5})]
    monkeypatch.setattr(line_lab.LAB, "train", lambda config, resume=None: iter(events))
    assert execute(started(), draw=False).results["final_error"] == 0.5


def test_divergence_keeps_what_was_measured(started: Make) -> None:
    run = started(learning_rate=50.0, iterations=500, checkpoint_every=5)
    with pytest.raises(DivergenceError) as caught:
        execute(run, draw=False)
    step = caught.value.step
    assert f"the error is not finite at iteration {step}." in str(caught.value)
    assert (run.status.state, run.status.reason) == ("failed", str(caught.value))
    assert run.metrics.index.tolist() == list(range(1, step))
    assert run.checkpoint().step == (step - 1) // 5 * 5


def test_control_c(started: Make) -> None:
    made: list[Recorder] = []
    run = started(iterations=100, checkpoint_every=10)
    with pytest.raises(KeyboardInterrupt):
        execute(run, [recorder(made, raises=KeyboardInterrupt(), at=35)], draw=False)
    assert made[0].closed == [("interrupted", "stopped by the user")]
    assert run.status.state == "interrupted"
    assert run.checkpoint_steps == [10, 20, 30]
    resume(run, draw=False)
    assert run.status.state == "finished"


@pytest.mark.parametrize("error", [RunError("The sink broke."), ZeroDivisionError("oh")])
def test_a_sink_that_raises_fails_the_run(started: Make, error: Exception) -> None:
    made: list[Recorder] = []
    run = started(iterations=100)
    with pytest.raises(type(error)):
        execute(run, [recorder(made), recorder(made, raises=error, at=35)], draw=False)
    reason = str(error) if isinstance(error, EpoqueError) else "ZeroDivisionError: oh"
    assert [sink.closed for sink in made] == [[("failed", reason)]] * 2
    assert (run.status.state, run.status.reason) == ("failed", reason)
    assert len(run.metrics) == 35


def test_a_sink_that_cannot_be_made(started: Make) -> None:
    made: list[Recorder] = []
    run = started(iterations=100)

    def broken(run: Run) -> Recorder:
        raise RunError("No server answers.")

    with pytest.raises(RunError):
        execute(run, [recorder(made), broken], draw=False)
    assert made[0].closed == [("failed", "No server answers.")]
    assert made[0].events == []
    assert (run.status.state, run.status.reason) == ("failed", "No server answers.")
    assert resume(run, draw=False).status.state == "finished"


def test_a_sink_that_fails_to_close_loses_no_run(started: Make) -> None:
    made: list[Recorder] = []
    run = started(iterations=30)
    factories = [recorder(made), recorder(made, raises=ZeroDivisionError("oh")), recorder(made)]
    with pytest.raises(ZeroDivisionError):
        execute(run, factories, draw=False)
    assert [sink.closed for sink in made] == [[("finished", "")]] * 3
    assert run.status.state == "finished"


def test_an_error_of_the_evaluation(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(run: Run, progress: Progress) -> dict[str, Any]:
        raise ZeroDivisionError("oh")

    run = started(iterations=30)
    with monkeypatch.context() as patch:
        patch.setattr(line_lab.LAB, "evaluate", evaluate)
        with pytest.raises(ZeroDivisionError):
            execute(run, draw=False)
    assert (run.status.state, run.status.reason) == ("failed", "ZeroDivisionError: oh")
    assert len(run.metrics) == 30
    assert resume(run, draw=False).results["final_error"] > 0


def test_a_finished_run_is_not_resumed(trained: Make) -> None:
    run = trained(iterations=5)
    with pytest.raises(UsageError, match="is already finished; there is nothing to resume"):
        resume(run)


def test_the_training_gets_the_checkpoint(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(iterations=100, checkpoint_every=10)
    with pytest.raises(KeyboardInterrupt):
        execute(run, [recorder([], raises=KeyboardInterrupt(), at=35)], draw=False)
    got: list[Checkpoint | None] = []
    train = line_lab.LAB.train

    def spy(config: Any, resume: Checkpoint | None = None) -> Iterator[Event]:
        got.append(resume)
        return train(config, resume)

    monkeypatch.setattr(line_lab.LAB, "train", spy)
    resume(run, draw=False)
    assert got[0] is not None
    assert got[0].step == 30


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    code = "import sys, line_lab; line_lab.train_here(sys.argv[1], {'iterations': 150}, True)"
    written = []
    for name in ("first", "second"):
        told = script(code, str(tmp_path / name))
        assert told.returncode == 0, told.stderr
        (run,) = Runs(tmp_path / name)
        written.append(line_lab.content(run.path))
    assert written[0] == written[1]
    assert {"metrics.jsonl", "results.json", "weights.csv", "figures/error.svg",
            "checkpoints/step-0000000150.safetensors"} <= set(written[0])  # fmt: skip


def test_another_seed_writes_other_bytes(trained: Make) -> None:
    first, second = (line_lab.content(trained(seed=s).path)["metrics.jsonl"] for s in (0, 1))
    assert first != second


def test_a_figure_that_cannot_be_drawn_costs_no_results(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = line_lab.LAB.figures

    def figures(run: Run, language: str = "en") -> dict[str, Any]:
        return {"bad": lambda: color("red"), **good(run, language)}

    monkeypatch.setattr(line_lab.LAB, "figures", figures)
    run = started(iterations=5)
    with pytest.raises(EpoqueError, match=r"results are kept, but the figure 'bad' .* no color"):
        execute(run)
    run = Run(run.path)
    assert run.is_complete
    assert run.results["final_error"] > 0
    assert {path.stem for path in (run.path / "figures").iterdir()} == {"error"}


def test_scalars_of_numpy_are_numbers_and_arrays_are_none(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = {"final_error": np.float32(0.5), "ways": [np.int64(3), np.array(True)]}
    monkeypatch.setattr(line_lab.LAB, "evaluate", lambda *_: results)

    def train(config: Any, resume: Checkpoint | None = None) -> Iterator[Event]:
        yield Metrics(1, {"loss": np.float32(0.5), "error": np.zeros(int(config.note) or ())})

    monkeypatch.setattr(line_lab.LAB, "train", train)
    run = execute(started(note="0"), draw=False)
    assert run.results == {"final_error": 0.5, "ways": [3, True]}
    assert list(run.metric_rows()) == [{"step": 1, "loss": 0.5, "error": 0.0}]
    with pytest.raises(UsageError, match=r"metric 'error' is an array of shape \(3,\)"):
        execute(started(note="3"), draw=False)
    results["final_error"] = np.zeros(2)
    with pytest.raises(UsageError, match="result 'final_error' is an array"):
        execute(started(note="0"), draw=False)


def test_the_results_of_a_run_that_diverged_are_said_to_be_none(started: Make) -> None:
    run = started(learning_rate=1e6)
    with pytest.raises(DivergenceError):
        execute(run)
    with pytest.raises(RunError, match="has no results, since it is failed: Training diverged"):
        _ = run.results
