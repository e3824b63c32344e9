"""The film of a training, and its images for TensorBoard."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epoque.bench.errors import UsageError
from epoque.bench.events import Snapshot
from epoque.bench.runs.run import Run
from epoque.stylegan3.commands import build_app
from epoque.stylegan3.generation import training_film as module
from epoque.stylegan3.generation.image_grid import make_grid
from epoque.stylegan3.generation.training_film import write_training_film

APP = build_app("")


def pages(path: Path) -> list[np.ndarray]:
    """Return the pictures of a film."""
    with Image.open(path) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")).astype(int))
    return found


def test_each_snapshot_becomes_a_frame(finished_run: Run, tmp_path: Path) -> None:
    write_training_film(finished_run, tmp_path / "new" / "a", kinds=("webp", "gif"), frame_ms=100)
    found = pages(tmp_path / "new" / "a.webp")
    steps = finished_run.snapshot_steps()
    assert len(found) == len(steps) == 4
    for frame, step in zip(found, steps, strict=True):
        images = make_grid(finished_run.snapshot(step)["images"])
        height, width = images.shape[:2]
        left = (frame.shape[1] - width) // 2
        assert left > 0  # the text is wider than these images
        assert np.abs(frame[:height, left : left + width] - images).mean() < 12  # WebP loses some
        assert frame[height:].min() < 160  # a text
        assert frame[height:].max() > 240  # on white
    assert len(pages(tmp_path / "new" / "a.gif")) == 4


def test_a_long_training_is_thinned_out_and_large_images_are_made_smaller(
    finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRAMES", 2)
    write_training_film(finished_run, tmp_path / "a")
    monkeypatch.setattr(module, "WIDEST", 24)
    write_training_film(finished_run, tmp_path / "b", "fr")
    large, small = pages(tmp_path / "a.webp"), pages(tmp_path / "b.webp")
    assert len(large) == len(small) == 2
    assert large[0].shape[0] - small[0].shape[0] == 8  # of 16: half


def test_a_run_without_snapshots_is_refused(finished_run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished_run.path, copy)
    for step in finished_run.snapshot_steps():
        for path in (copy / "snapshots").glob(f"*{step}*"):
            path.unlink()
    with pytest.raises(UsageError, match=r"run: .* has no snapshots yet"):
        write_training_film(Run(copy), tmp_path / "a")


def test_the_command_films_a_run(
    finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = ["film", "--run", finished_run.id, "--runs", str(finished_run.path.parent)]
    APP([*told, "--out", "a.gif"], result_action="return_value")
    assert (tmp_path / "a.gif").is_file()
    for wrong in (["film"], [*told, "--seeds", "1,2"]):
        with pytest.raises(UsageError, match="seeds: "):
            APP(wrong, result_action="return_value")


@pytest.mark.parametrize("channels", [1, 3])
def test_snapshots_are_images_for_tensorboard(
    finished_run: Run, tmp_path: Path, channels: int
) -> None:
    pytest.importorskip("tensorboardX", reason="the extra `tensorboard` is not installed")
    from tensorboardX.proto.event_pb2 import Event

    from epoque.bench.sinks.tensorboard import TensorBoardSink

    copy = tmp_path / "run"
    shutil.copytree(finished_run.path, copy)
    sink = TensorBoardSink(Run(copy))
    images = np.arange(4 * 8 * 8 * channels, dtype=np.uint8).reshape(4, 8, 8, channels)
    sink.log(Snapshot(3, {"images": images, "numbers": np.zeros(3)}))
    sink.close("finished")
    (path,) = (copy / "tensorboard").iterdir()
    data, found = path.read_bytes(), []
    while data:
        length = int.from_bytes(data[:8], "little")
        found.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    shown = [v for event in found for v in event.summary.value if v.HasField("image")]
    assert [value.tag for value in shown] == ["images"]
    assert (shown[0].image.height, shown[0].image.width) == (8, 32)
