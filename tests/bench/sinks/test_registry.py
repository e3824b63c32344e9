"""The sinks that need no extra, and the names of all of them."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import line_lab
import pytest
from rich.console import Console

from epoque.bench.errors import MissingExtraError, RunWriteError, UnknownNameError
from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute
from epoque.bench.runs.run import Run
from epoque.bench.sinks import ShowsProgress
from epoque.bench.sinks.console import ConsoleSink, _metrics_line
from epoque.bench.sinks.json_lines import JsonLinesSink
from epoque.bench.sinks.registry import make_sinks, sink_names

Make = Callable[..., Run]


def test_sinks_by_name() -> None:
    assert make_sinks([]) == []
    assert make_sinks(["console", "json", "console"]) == [ConsoleSink, JsonLinesSink]
    with pytest.raises(UnknownNameError, match=r"no sink 'tensorbord'\. Did you mean tensorboard"):
        make_sinks(["tensorbord"])
    assert set(sink_names()) == {"console", "json", "tensorboard", "mlflow", "trackio", "wandb"}


@pytest.mark.parametrize("name", ["mlflow", "tensorboard", "trackio", "wandb"])
def test_a_missing_extra_is_one_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epoque.bench.plugins._is_installed", lambda package: False)
    with pytest.raises(MissingExtraError) as caught:
        make_sinks([name])
    assert str(caught.value) == f"The sink {name} needs an extra: pip install 'epoque[{name}]'"


# Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(width: int = 80) -> tuple[Terminal, Console]:
    stream = Terminal()
    size = {"width": width, "height": 20}
    return stream, Console(file=stream, force_terminal=True, force_interactive=True, **size)


def screen(written: str) -> list[str]:
    """Return the lines a terminal would show: rich moves up and writes over its last lines."""
    plain = re.sub(r"\x1b\[[0-9;]*[mhl]|\x1b\[\?25[hl]", "", written)
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[\d*A|\x1b\[2K|\r|\n)", plain):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part and part != "\r":
            lines[row] += part
    return [line.rstrip() for line in lines if line.strip()]


def test_progress_on_a_terminal(started: Make) -> None:
    stream, console = on_terminal()
    run = started(iterations=400, pause=0.001)
    execute(run, [lambda r: ConsoleSink(r, console)], draw=False)
    bar, metrics = screen(stream.getvalue())
    assert re.fullmatch(r"line/fit ━+ 400/400 [\d,]+ it/s 00:00", bar), bar
    assert len(bar) <= 80
    last = run.metrics.iloc[-1]
    assert metrics.split()[:2] == ["error", f"{last['error']:#.4g}"]
    assert metrics.split()[2:4] == ["w0", f"{last['w0']:#.4g}"]


def test_the_end_is_near_where_only_the_share_is_known(
    started: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(iterations=400)
    monkeypatch.setattr(
        line_lab.LAB,
        "measure_progress",
        lambda _config, step, metrics: (metrics["seconds"] / 20, 1.0) if metrics else (step, None),
    )
    for steps, shown in ((90, r"90 \(45 %\) [\d.,]+ it/s \d\d:\d\d"), (1, r"1 \(0 %\) .*")):
        stream, console = on_terminal()
        sink = ConsoleSink(run, console)
        for step in range(1, steps + 1):
            sink._display._due = 0  # type: ignore[union-attr]
            sink.log(Metrics(step, {"seconds": step / 10}))
            time.sleep(0.001)
        sink.close("interrupted")
        assert re.fullmatch(f"line/fit [━╺╸]+ {shown}", screen(stream.getvalue())[0])


def test_what_comes_after_the_training_has_a_line_while_it_lasts(started: Make) -> None:
    stream, console = on_terminal()
    sink = ConsoleSink(started(iterations=8), console)
    assert isinstance(sink, ShowsProgress)
    sink.log(Metrics(8, {"loss": 1.0}))
    for done, total, what in ((0, None, "reading"), (1, 4, "measuring"), (2, 4, "measuring")):
        sink.progress(done, total, what)
        sink._display._live.refresh()  # type: ignore[union-attr]
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).splitlines()
    assert any(re.fullmatch(r" *measuring +[━╺╸]+ 50 % .*", line) for line in lines), lines
    assert not any("it/s" in line for line in lines if "measuring" in line)
    sink.close("finished")
    assert not any("measuring" in line for line in screen(stream.getvalue()))
    ConsoleSink(started(), Console(file=io.StringIO())).progress(1, 2, "measuring")


def test_the_metrics_do_not_move() -> None:
    """Each keeps its column, whatever its sign and size."""
    places = set()
    for value in (0.1, -123456.0, 1e-9, float("nan"), -1.5e-300):
        line = _metrics_line(Metrics(1, {"error": value, "w0": value, "w1": value}), 80).plain
        places.add((line.index("error"), line.index("w0"), line.index("w1")))
    assert len(places) == 1


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(started: Make, width: int) -> None:
    stream, console = on_terminal(width)
    sink = ConsoleSink(started(), console)
    sink.log(Metrics(1, {f"a_metric_{n}": 1 / 3 for n in range(30)}))
    sink.close("finished")
    assert all(len(line) <= width for line in screen(stream.getvalue()))


def test_a_resumed_run_starts_in_the_middle(started: Make) -> None:
    """The steps of earlier are no speed of now."""
    stream, console = on_terminal()
    sink = ConsoleSink(started(iterations=100_000), console)
    for step in range(90_000, 90_020):
        sink._display._due = 0  # type: ignore[union-attr]
        sink.log(Metrics(step, {"error": 1.0}))
        time.sleep(0.01)
    sink.close("interrupted")
    bar = screen(stream.getvalue())[0]
    assert "90,019/100,000" in bar
    speed = re.search(r"([\d.]+) it/s", bar)
    assert speed
    assert float(speed[1]) <= 100


def test_few_refreshes(started: Make) -> None:
    stream, console = on_terminal()
    run = started(iterations=600, pause=0.001)
    execute(run, [lambda r: ConsoleSink(r, console)], draw=False)
    frames = stream.getvalue().count("\x1b[2K") / 2
    assert frames <= 4 + 10 * run.status.seconds


def test_one_line_where_there_is_no_terminal(started: Make) -> None:
    stream = io.StringIO()
    run = started(iterations=1500)
    execute(run, [lambda r: ConsoleSink(r, Console(file=stream))], draw=False)
    assert re.fullmatch(r"line/fit: finished at iteration 1,500, \d+\.\d s\n", stream.getvalue())


def test_standard_output_is_for_results(started: Make, capsys: pytest.CaptureFixture[str]) -> None:
    execute(started(iterations=5), [ConsoleSink], draw=False)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("line/fit: finished")


# JSON lines


def test_json_lines(started: Make, capsys: pytest.CaptureFixture[str]) -> None:
    run = started(iterations=60, checkpoint_every=40)
    execute(run, [JsonLinesSink], draw=False)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == {
        "event": "run", "id": run.id, "path": str(run.path), "lab": "line", "recipe": "line/fit",
    }  # fmt: skip
    metrics = [line for line in lines if line["event"] == "metrics"]
    assert [line["step"] for line in metrics] == list(range(1, 61))
    assert metrics[6]["error"] == run.metrics["error"][7]
    assert [line for line in lines if line["event"] == "checkpoint"] == [
        {"event": "checkpoint", "step": 40}, {"event": "checkpoint", "step": 60},
    ]  # fmt: skip
    assert {"event": "snapshot", "step": 50} in lines
    size = len(run.artifact("weights.csv"))
    assert lines[-2] == {"event": "artifact", "name": "weights.csv", "bytes": size}
    assert lines[-1] == {"event": "status", "state": "finished", "reason": ""}


def test_an_undefined_number_is_null(started: Make) -> None:
    stream = io.StringIO()
    sink = JsonLinesSink(started(), stream)
    sink.log(Metrics(1, {"error": float("nan"), "w0": float("-inf"), "w1": 2.0}))
    assert json.loads(stream.getvalue().splitlines()[1]) == {
        "event": "metrics", "step": 1, "error": None, "w0": None, "w1": 2.0,
    }  # fmt: skip


def test_how_a_failed_run_ends(started: Make) -> None:
    stream = io.StringIO()
    sink = JsonLinesSink(started(), stream)
    sink.close("failed", "Training diverged: «é».")
    last = json.loads(stream.getvalue().splitlines()[-1])
    assert last == {"event": "status", "state": "failed", "reason": "Training diverged: «é»."}
    assert stream.getvalue().isascii()


PRINTING = """
import sys, line_lab
from pathlib import Path
from epoque.bench.errors import EpoqueError
from epoque.bench.runs.execute import execute, start
from epoque.bench.sinks.json_lines import JsonLinesSink
line_lab.children_find_the_lab()
run = start(line_lab.LAB, line_lab.LineConfig(iterations=3000), "line/fit", Path(sys.argv[1]))
try:
    execute(run, [JsonLinesSink], draw=False)
except EpoqueError as error:
    sys.exit(str(error))
"""


def printing(root: Path, stdout: int) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "PYTHONPATH": str(Path(line_lab.__file__).parent)}
    command = [sys.executable, "-c", PRINTING, str(root)]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, env=env)


def test_a_reader_that_goes_away_ends_the_printing_not_the_run(tmp_path: Path) -> None:
    with printing(tmp_path, subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        errors = process.stderr.read()
    assert errors == b""
    assert process.returncode == 0
    run = Run(Path(first["path"]))
    assert run.status.state == "finished"
    assert len(run.metrics) == 3000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_standard_output_on_a_full_disk(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full, printing(tmp_path, full.fileno()) as process:
        assert process.stderr
        errors = process.stderr.read().decode()
    assert errors.startswith("Cannot write standard output: the disk is full.")
    assert errors.count("\n") == 1
    assert process.returncode == 1


def test_a_full_disk_is_told_once(started: Make) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(RunWriteError, match="the disk is full"):
        JsonLinesSink(started(), Full())
