"""The process that draws a figure: it answers with bytes or a sentence; it ends with its server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from waiting import PATIENCE

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run

COMMAND = [sys.executable, "-m", "epoque.studio.draw_figure"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    lab = find_lab("neuron")
    config = lab.config_class.parse({"iterations": 20})
    root = tmp_path_factory.mktemp("drawn")
    return execute(start(lab, config, "neuron/and", root))


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    pipe = subprocess.PIPE
    started = subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe)
    with started:
        yield started
        started.kill()


def send(process: "subprocess.Popen[bytes]", run: Run, name: str) -> None:
    order: dict[str, Any] = {"path": str(run.path), "name": name, "kind": "png", "language": "fr"}
    assert process.stdin is not None
    process.stdin.write(json.dumps(order | {"theme": "dark"}).encode() + b"\n")
    process.stdin.flush()


def test_a_figure(process: "subprocess.Popen[bytes]", run: Run) -> None:
    send(process, run, next(iter(run.figures)))
    assert process.stdout is not None
    assert process.stdout.read().startswith(b"\x89PNG")
    assert process.wait(PATIENCE) == 0


def test_what_cannot_be_drawn_is_one_sentence(process: "subprocess.Popen[bytes]", run: Run) -> None:
    send(process, run, "nothing")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read() == b""
    told = process.stderr.read().decode()
    assert told.startswith(f"There is no figure of {run.id} named 'nothing'.")
    assert "\n" not in told.strip()
    assert process.wait(PATIENCE) == 1


def test_it_ends_when_its_server_does(process: "subprocess.Popen[bytes]", run: Run) -> None:
    """The order arrived whole, and nobody wants the figure any more."""
    send(process, run, next(iter(run.figures)))
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE) == 2
