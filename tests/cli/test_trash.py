"""`epoque runs delete`, `restore` and `empty-trash`, and what other commands see of the trash."""

import json
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.runs.execute import start
from epoque.bench.runs.lock import lock_record
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB as NEURON

Call = Callable[[str], Any]
Refused = Callable[[str], str]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the one that all tests share may lie what others, killed meanwhile, left behind."""
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(tmp_path: Path) -> str:
    """The id of a run in `./runs`."""
    return start(NEURON, NeuronConfig(iterations=2), "neuron/and", tmp_path / "runs").id


def test_delete_restore_and_empty(call: Call, run: str, tmp_path: Path) -> None:
    path = tmp_path / "runs" / run
    assert call(f"runs delete {run} --yes").code == 0
    assert not path.exists()
    told = call("runs restore").out
    assert run in told
    assert "deleted" in told
    assert json.loads(call("runs restore --json").out)[0]["id"] == run
    assert call(f"runs restore {run}").out == f"runs/{run}\n"
    assert path.exists()
    assert call("runs restore").out == "The trash of runs is empty.\n"
    call(f"runs delete {run} --yes")
    assert call("runs empty-trash --yes").out == "1 deleted for good.\n"
    assert call("runs empty-trash").out == "The trash of runs is empty.\n"
    assert not (tmp_path / "runs" / ".trash").exists()


def test_commands_do_not_see_the_trash(
    call: Call, refused: Refused, run: str, tmp_path: Path
) -> None:
    other = start(NEURON, NeuronConfig(iterations=3), "neuron/or", tmp_path / "runs").id
    call(f"runs delete {run} --yes")
    assert run not in call("runs list").out
    assert [one["id"] for one in json.loads(call("runs list --json").out)] == [other]
    assert run not in call("runs verify").out
    for command in (f"runs show {run}", f"runs compare {run} {other}", f"resume {run}"):
        assert refused(command).startswith("There is no"), command
    assert json.loads(call("runs show last --json").out)["id"] == other
    assert json.loads(call("runs clean --json").out) == []


def test_a_name_that_is_taken(call: Call, refused: Refused, run: str, tmp_path: Path) -> None:
    call(f"runs delete {run} --yes")
    (tmp_path / "runs" / run).mkdir()
    assert "There is a folder" in refused(f"runs restore {run}")
    assert call(f"runs restore {run} --as older").out == "runs/older\n"
    assert (tmp_path / "runs" / "older" / "config.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("runs restore nothing", "There is no run in the trash named 'nothing'."),
        ("runs restore a b --as c", "--as: c is not allowed; it names one run, not several."),
        ("runs restore a --as ../b", "--as: '../b' is not allowed"),
        ("runs restore a --as last", "--as: last is not allowed"),
        ("runs delete", "`epoque runs delete` takes one run or more."),
        ("runs empty-trash --runs nowhere", "--runs: there is no folder nowhere."),
        ("runs restore x --runs nowhere", "--runs: there is no folder nowhere."),
    ],
)
def test_wrong_usage(refused: Refused, run: str, words: str, message: str) -> None:
    assert refused(words).startswith(message)


def test_a_run_that_is_written_is_refused(call: Call, run: str, tmp_path: Path) -> None:
    with lock_record(tmp_path / "runs" / run):
        done = call(f"runs delete {run} --yes")
    assert (done.code, done.err) == (1, f"epoque: {run} is being written; nothing was deleted.\n")


class Terminal(StringIO):
    """Somebody who types an answer."""

    def isatty(self) -> bool:
        return True


def test_deleting_asks(
    call: Call, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert call(f"runs delete {run}").out == f"Move {run} to the trash? [y/N] "
    assert (tmp_path / "runs" / run).exists()
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    call(f"runs delete {run}")
    assert not (tmp_path / "runs" / run).exists()
    monkeypatch.setattr(sys, "stdin", Terminal("\n"))
    assert call("runs empty-trash").out == f"Delete {run} for good? [y/N] "
    assert (tmp_path / "runs" / ".trash").exists()
    monkeypatch.setattr(sys, "stdin", Terminal("oui\n"))
    call("runs empty-trash")
    assert not (tmp_path / "runs" / ".trash").exists()


def test_nobody_can_answer(refused: Refused, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO())
    assert "add --yes" in refused(f"runs delete {run}")


def test_the_list_takes_filters_and_an_order(call: Call, refused: Refused, tmp_path: Path) -> None:
    runs = [
        start(
            NEURON, NeuronConfig(iterations=k, seed=3 - k), f"neuron/{name}", tmp_path / "runs"
        ).id
        for k, name in enumerate(("and", "or", "xor"), 1)
    ]

    def listed(words: str) -> list[str]:
        return [one["id"] for one in json.loads(call(f"runs list --json {words}").out)]

    assert listed("") == runs
    assert listed("--where 'iterations<3'") == runs[:2]
    assert listed("--where 'recipe~or iterations>=3'") == [runs[2]]
    assert listed("--where xor") == [runs[2]]
    assert listed("--sort seed") == runs[::-1]
    assert listed("--sort seed --descending --limit 1") == [runs[0]]
    assert call("runs list --where seed=99").out == "No run in runs is like that.\n"
    assert "Did you mean iterations" in refused("runs list --where iteration=1")
    assert "a quote is not closed" in refused("runs list --where '\"'")
    assert "There is no column of runs 'x'" in refused("runs list --sort x")
    assert refused("runs list --descending").startswith("--descending needs --sort")
