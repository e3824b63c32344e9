"""MP4: as many frames as given and the hold, playable, the same bytes each time."""

import sys

import numpy as np
import pytest

from epoque.bench.errors import MissingExtraError, RunWriteError
from epoque.bench.figures.animation import save_mp4


def frames(count=5, height=51, width=60):
    pictures = np.full((count, height, width, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        picture[:, : 10 * (i + 1)] = (0, 85, 165)
    return list(pictures)


def test_every_frame_is_there_and_the_last_is_held(tmp_path):
    av = pytest.importorskip("av", reason="the video extra is not installed")
    save_mp4(frames(), tmp_path / "film", frame_ms=100, hold_ms=500)
    with av.open(str(tmp_path / "film.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (60, 50)
        shown = [
            frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)
        ]
    assert len(shown) == 10
    for i in range(5):
        assert np.abs(shown[i][20, 10 * i + 3] - (0, 85, 165)).max() < 25
    assert np.abs(shown[9] - shown[4]).max() < 12


def test_same_frames_same_bytes(tmp_path):
    pytest.importorskip("av", reason="the video extra is not installed")
    encoded = set()
    for number in range(150):
        # What was freed is handed out again: memory that is read before it is written shows.
        del [np.full(4_000 * (number % 40 + 1), number, np.uint8) for _ in range(50)][:]
        save_mp4(frames(), tmp_path / "film")
        encoded.add((tmp_path / "film.mp4").read_bytes())
    assert len(encoded) == 1


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'epoque\[video\]'"):
        save_mp4(frames(), tmp_path / "film")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_gone_is_one_clear_error(tmp_path):
    pytest.importorskip("av", reason="the video extra is not installed")
    with pytest.raises(RunWriteError, match="the folder does not exist"):
        save_mp4(frames(), tmp_path / "gone" / "film")
