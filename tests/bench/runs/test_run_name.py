"""`--name`: the same command makes a run, goes on with it, or says that it is finished."""

import multiprocessing
from pathlib import Path
from typing import Any

import line_lab
import pytest
from children import child
from waiting import PATIENCE

from epoque.bench.errors import ConfigError, NameTakenError, UsageError
from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run, Runs
from epoque.bench.runs.run_name import check_name, find_named_run
from epoque.bench.runs.run_writer import create_run

CONFIG = line_lab.LineConfig(iterations=60, checkpoint_every=20)


def begin(root: Path, config: line_lab.LineConfig = CONFIG) -> Run:
    return start(line_lab.LAB, config, "line/fit", root, "mine")


class Stops:
    def log(self, event: Any) -> None:
        if isinstance(event, Metrics) and event.step == 50:
            raise KeyboardInterrupt

    def close(self, state: str, reason: str = "") -> None: ...


def test_a_named_run_is_made_gone_on_with_and_kept(tmp_path: Path) -> None:
    run = begin(tmp_path)
    assert run.path == tmp_path / "mine"
    with pytest.raises(KeyboardInterrupt):
        execute(run, [lambda _: Stops()], draw=False)
    again = begin(tmp_path)
    assert (again.path, again.status.state) == (run.path, "interrupted")
    done = execute(again, draw=False)
    other = execute(start(line_lab.LAB, CONFIG, "line/fit", tmp_path / "other"), draw=False)
    assert line_lab.content(done.path) == line_lab.content(other.path)
    assert begin(tmp_path).status.state == "finished"
    assert Runs(tmp_path).ids() == ["mine"]


def test_other_settings_are_refused_each_with_both_values(tmp_path: Path) -> None:
    begin(tmp_path)
    with pytest.raises(ConfigError) as refused:
        begin(tmp_path, CONFIG.replace(learning_rate=0.5, layers=(3,)))
    assert [problem.field for problem in refused.value.problems] == ["learning_rate", "layers"]
    rate, layers = refused.value.describe("--{}").splitlines()
    assert rate == (
        "--learning-rate: 0.5 is asked for, but the run of that name has 0.05, and keeps it; "
        "another name makes a new run."
    )
    assert layers.startswith("--layers: (3,) is asked for, but the run of that name has (4, 2)")


def test_what_is_no_run_and_another_labs_run_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").touch()
    with pytest.raises(UsageError, match="mine is there and is no run"):
        begin(tmp_path)
    create_run(tmp_path, "neuron", "neuron/and", CONFIG, "theirs")
    with pytest.raises(UsageError, match="a run of the lab neuron, not of line"):
        find_named_run(line_lab.LAB, CONFIG, tmp_path, "theirs")


@pytest.mark.parametrize("name", ["a", "job-7.b_2", "7", "a" * 100])
def test_names_that_are_taken(name: str) -> None:
    check_name(name)


BAD = [
    "",
    "last",
    ".",
    "..",
    ".a",
    "-a",
    "a/b",
    "a\\b",
    "a b",
    "é",
    "a:b",
    "a\n",
    "a.",
    "_a",
    "../a",
]


@pytest.mark.parametrize("name", [*BAD, "a" * 101])
def test_names_that_are_not(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^name: .* is not allowed"):
        start(line_lab.LAB, CONFIG, "line/fit", tmp_path / "runs", name)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_in_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tmp_path)
    with pytest.raises(NameTakenError):
        create_run(tmp_path, "line", "line/fit", CONFIG, "mine", only=True)
    found = iter([None])  # as if it had not been there when this process looked
    monkeypatch.setattr(
        "epoque.bench.runs.execute.find_named_run",
        lambda *told: next(found, find_named_run(*told)),
    )
    assert begin(tmp_path).path == tmp_path / "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def start_named(root: str, ready: Any) -> None:
    """Make or find a run when all are ready, as the body of a child process."""
    line_lab.children_find_the_lab()
    ready.wait()
    begin(Path(root))


def test_many_processes_that_begin_a_name_together_share_one_run(tmp_path: Path) -> None:
    ready = multiprocessing.get_context("forkserver").Barrier(4)
    processes = [child(start_named, str(tmp_path), ready) for _ in range(4)]
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["last", "LAST", "con", "Aux", "nul.txt", "COM1", "lpt9.a"])
def test_names_that_mean_something_else(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is not allowed; it (means the|is a device)"):
        check_name(name)
    check_name(f"{name}-1" if "." not in name else f"x{name}")


def test_the_name_of_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to("nowhere")
    with pytest.raises(UsageError, match="is there and is no run"):
        begin(tmp_path)
