"""Weights & Biases, offline: what it would send is in a file of the run's folder, read back."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.errors import RunError
from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run
from epoque.bench.sinks.wandb import WandbSink

pytest.importorskip("wandb", reason="the extra `wandb` is not installed")

Make = Callable[..., Run]
BLOCK, HEADER, FILE_HEADER = 32_768, 7, 7
"""Of the log format of LevelDB, which wandb writes: sizes in bytes."""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("WANDB_DIR", "WANDB_PROJECT", "WANDB_ENTITY", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


def read_records(path: Path) -> Iterator[Any]:
    """Yield what wandb wrote into a file, as its protocol's `Record`s."""
    from wandb.proto import wandb_internal_pb2

    data, place, parts = path.read_bytes(), FILE_HEADER, b""
    while place + HEADER <= len(data):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        parts += data[place + HEADER : place + HEADER + length]
        place += HEADER + length
        if kind in (1, 4):  # a whole record, or the last part of one
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            yield record
            parts = b""


def read_all(run: Run) -> list[Any]:
    paths = sorted((run.path / "wandb").glob("offline-run-*/run-*.wandb"))
    return [record for path in paths for record in read_records(path)]


def read_errors(records: list[Any]) -> dict[int, float]:
    """Return the metric `error` of each step."""
    errors = {}
    for record in records:
        if record.WhichOneof("record_type") == "history":
            items = {item.key or item.nested_key[0]: item for item in record.history.item}
            if "error" in items:
                step = record.history.step.num
                errors[step] = json.loads(items["error"].value_json)
    return errors


def test_a_run_is_logged_and_a_resumed_one_goes_on(
    started: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    run = started(iterations=60, checkpoint_every=20, seed=4)

    class Stop:
        def log(self, event: Any) -> None:
            if getattr(event, "step", 0) == 50:
                raise KeyboardInterrupt

        def close(self, state: str, reason: str = "") -> None: ...

    with pytest.raises(KeyboardInterrupt):
        execute(run, [WandbSink, lambda _: Stop()], draw=False)
    time.sleep(1.0)  # wandb names its folders by the second
    resume(run, [WandbSink], draw=False)
    records = read_all(run)
    assert read_errors(records) == run.metrics["error"].to_dict()
    runs = [record.run for record in records if record.WhichOneof("record_type") == "run"]
    assert {(one.run_id, one.project) for one in runs} == {(run.id, "epoque-line")}
    config = {update.key: json.loads(update.value_json) for update in runs[0].config.update}
    assert config["seed"] == 4
    exits = [r.exit.exit_code for r in records if r.WhichOneof("record_type") == "exit"]
    assert exits == [1, 0]
    assert capsys.readouterr().out == ""


def test_what_stops_it_is_one_sentence(started: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    def fail(**_: object) -> None:
        raise wandb.errors.CommError("no answer")

    monkeypatch.setattr(wandb, "init", fail)
    with pytest.raises(RunError, match=r"^wandb cannot start: no answer\.$"):
        WandbSink(started(iterations=1))
