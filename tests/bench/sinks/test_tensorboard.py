"""TensorBoard: the event files are read back, record by record, each checked by its CRC."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epoque.bench.runs.execute import execute, resume
from epoque.bench.runs.run import Run
from epoque.bench.sinks import Point
from epoque.bench.sinks.tensorboard import TensorBoardSink

pytest.importorskip("tensorboardX", reason="the extra `tensorboard` is not installed")

Make = Callable[..., Run]


def masked_crc(data: bytes) -> int:
    """Return TFRecord's checksum: CRC-32C (Castagnoli), rotated, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events(path: Path) -> Iterator[Any]:
    from tensorboardX.proto.event_pb2 import Event

    data = path.read_bytes()
    while data:
        length, length_crc = struct.unpack("<QI", data[:12])
        assert masked_crc(data[:8]) == length_crc
        body, (body_crc,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length :][:4])
        assert masked_crc(body) == body_crc
        yield Event.FromString(body)
        data = data[16 + length :]


def scalars(path: Path) -> dict[str, dict[int, float]]:
    """Return tag to step to value."""
    told: dict[str, dict[int, float]] = {}
    for event in events(path):
        for value in event.summary.value:
            if value.HasField("simple_value"):
                told.setdefault(value.tag, {})[event.step] = value.simple_value
    return told


def test_each_point_of_a_sweep_has_a_file_of_its_own(started: Make) -> None:
    """The study is told by anything with a folder: a run has one."""
    study = started()
    sink = TensorBoardSink.for_study(study)
    settings = {"learning_rate": 0.5, "widths": [1, 2]}
    sink.log_point(Point(7, settings, {"error": 0.25, "side": "left"}))
    sink.close("finished")
    (path,) = (study.path / "tensorboard" / "point-0000007").iterdir()
    assert scalars(path) == {"error": {0: 0.25}}
    tags = {value.tag for event in events(path) for value in event.summary.value}
    assert "_hparams_/session_start_info" in tags


def test_the_event_file_has_every_metric(started: Make) -> None:
    run = started(iterations=40)
    execute(run, [TensorBoardSink], draw=False)
    (path,) = (run.path / "tensorboard").iterdir()
    told = scalars(path)
    assert set(told) == {"error", "w0", "w1", "w2"}
    for name, values in told.items():
        assert list(values) == list(range(1, 41))
        assert np.allclose(list(values.values()), run.metrics[name], rtol=1e-6)
    texts = [v for e in events(path) for v in e.summary.value if v.tag.startswith("config")]
    assert b'"iterations": 40' in texts[0].tensor.string_val[0]


def test_a_resumed_run_goes_on_in_a_new_file(started: Make) -> None:
    run = started(iterations=40, checkpoint_every=10)

    class Stop:
        def log(self, event: Any) -> None:
            if getattr(event, "step", 0) == 25:
                raise KeyboardInterrupt

        def close(self, state: str, reason: str = "") -> None: ...

    with pytest.raises(KeyboardInterrupt):
        execute(run, [TensorBoardSink, lambda _: Stop()], draw=False)
    resume(run, [TensorBoardSink], draw=False)
    first, second = sorted((run.path / "tensorboard").iterdir(), key=lambda p: p.suffix)
    assert list(scalars(first)["error"]) == list(range(1, 26))
    assert list(scalars(second)["error"]) == list(range(21, 41))
    starts = [e.step for e in events(second) if e.HasField("session_log")]
    assert starts == [21]  # TensorBoard forgets what the first file said from here on
    both = {**scalars(first)["error"], **scalars(second)["error"]}
    assert np.allclose([both[step] for step in range(1, 41)], run.metrics["error"], rtol=1e-6)


def test_a_run_without_metrics_writes_nothing(started: Make) -> None:
    run = started()
    TensorBoardSink(run).close("failed", "at once")
    assert not (run.path / "tensorboard").exists()
