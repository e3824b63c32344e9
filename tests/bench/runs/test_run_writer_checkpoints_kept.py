"""Labs with large checkpoints keep the last ones: never fewer, and none that is cut short."""

from collections.abc import Callable

import line_lab
import pytest

from epoque.bench.errors import RunWriteError, UnknownNameError
from epoque.bench.events import Event, Metrics
from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run

Make = Callable[..., Run]
SETTINGS = {"iterations": 400, "checkpoint_every": 50, "seed": 3}


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lab keep two."""
    monkeypatch.setattr(line_lab.LineLab, "max_checkpoints", 2)


class At:
    """A sink that does something at one step."""

    def __init__(self, step: int, action: Callable[[], None]) -> None:
        self._step, self._action = step, action

    def log(self, event: Event) -> None:
        if isinstance(event, Metrics) and event.step == self._step:
            self._action()

    def close(self, state: str, reason: str = "") -> None:
        pass


def stop() -> None:
    raise KeyboardInterrupt


def files_of(run: Run) -> set[str]:
    return {path.name for path in (run.path / "checkpoints").iterdir()}


def test_all_are_kept_unless_the_lab_says_otherwise(trained: Make) -> None:
    assert trained(**SETTINGS).checkpoint_steps == list(range(50, 401, 50))


@pytest.mark.usefixtures("two")
def test_the_last_ones_are_kept(trained: Make) -> None:
    run = trained(**SETTINGS)
    assert run.checkpoint_steps == [350, 400]
    assert len(files_of(run)) == 4
    assert run.checkpoint(350).step == 350
    with pytest.raises(UnknownNameError) as caught:
        run.checkpoint(50)
    told = f"There is no checkpoint of {run.id} at '50'. A run of line keeps the last 2: 350, 400."
    assert str(caught.value) == told


@pytest.mark.usefixtures("two")
def test_old_ones_go_only_when_the_new_one_is_there(trained: Make, started: Make) -> None:
    reference = trained(**SETTINGS)
    run = started(**SETTINGS)
    obstacle = run.path / "checkpoints" / "step-0000000250.safetensors"
    with pytest.raises(RunWriteError):
        execute(run, [lambda _: At(230, obstacle.mkdir)], draw=False)
    assert run.checkpoint_steps == [150, 200]
    assert [run.checkpoint(step).step for step in (150, 200)] == [150, 200]
    obstacle.rmdir()
    resume(Run(run.path), draw=False)
    assert line_lab.content(run.path) == line_lab.content(reference.path)


@pytest.mark.usefixtures("two")
def test_a_damaged_end_is_made_again_and_takes_no_place(trained: Make, started: Make) -> None:
    reference = trained(**SETTINGS)
    run = started(**SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        execute(run, [lambda _: At(230, stop)], draw=False)
    assert run.checkpoint_steps == [150, 200]
    last = run.path / "checkpoints" / "step-0000000200.safetensors"
    last.write_bytes(last.read_bytes()[:-8])
    later = run.path / "checkpoints" / "step-0000000999"  # as of a clock that ran otherwise
    for ending in (".json", ".safetensors"):
        later.with_suffix(ending).write_bytes(b"{}")
    resume(Run(run.path), draw=False)
    assert line_lab.content(run.path) == line_lab.content(reference.path)
