"""The bytes of the websocket: the same golden ones as `web/tests/engines/frames.test.ts` reads."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epoque.studio.frames import (
    ArraySpec,
    FrameError,
    Kind,
    Layout,
    Message,
    pack_frame,
    pack_json,
    read_message,
    unpack_arrays,
)

LAYOUT = Layout(
    7,
    (ArraySpec("points", (2, 2)), ArraySpec("scale", ()), ArraySpec("metrics", (None, 3))),
    {"session": "a1", "metrics": ["loss", "accuracy"]},
)
POINTS = np.array([[0.5, -1.0], [2.0, 0.25]], np.float32)
METRICS = np.array([[-1, 0.75, np.nan], [0, 0.5, 1]], np.float32)
FRAME = pack_frame(7, 1200, 345.9, [POINTS, np.float32(3).reshape(()), METRICS])

GOLDEN_FRAME = (
    "5045" "01" "03" "07000000" "b0040000" "59010000"  # header
    "0000003f" "000080bf" "00000040" "0000803e"  # points
    "00004040"  # scale
    "000080bf" "0000403f" "0000c07f" "00000000" "0000003f" "0000803f"  # metrics
)  # fmt: skip
GOLDEN_JSON = "50450101000000000000000000000000" + b'{"do":"pause"}'.hex()


def test_golden_bytes() -> None:
    assert FRAME.hex() == GOLDEN_FRAME
    assert pack_json({"do": "pause"}).hex() == GOLDEN_JSON


def test_the_client_reads_the_same_bytes() -> None:
    path = Path(__file__).parents[2] / "web/tests/engines/frames.test.ts"
    text = "".join(path.read_text(encoding="utf-8").split())
    assert GOLDEN_FRAME in text
    assert GOLDEN_JSON in text


def test_a_frame_comes_back() -> None:
    message = read_message(FRAME)
    assert (message.kind, message.layout, message.step) == (Kind.FRAME, 7, 1200)
    assert message.milliseconds == 345
    arrays = unpack_arrays(LAYOUT, message.body)
    np.testing.assert_array_equal(arrays["points"], POINTS)
    assert arrays["scale"].shape == ()
    np.testing.assert_array_equal(arrays["metrics"], METRICS)


def test_a_layout_tells_names_and_shapes() -> None:
    message = read_message(LAYOUT.pack())
    assert (message.kind, message.layout) == (Kind.LAYOUT, 7)
    assert message.json() == {
        "session": "a1",
        "metrics": ["loss", "accuracy"],
        "layout": 7,
        "arrays": [
            {"name": "points", "shape": [2, 2]},
            {"name": "scale", "shape": []},
            {"name": "metrics", "shape": [None, 3]},
        ],
    }


@pytest.mark.parametrize(
    "data",
    [b"", FRAME[:15], b"xx" + FRAME[2:], FRAME[:2] + b"\x09" + FRAME[3:], FRAME[:3] + b"\x63" * 13],
    ids=["empty", "cut short", "magic", "version", "kind"],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        read_message(data)


@pytest.mark.parametrize("body", [FRAME[16:-1], FRAME[16:-4], FRAME[16:24], FRAME[16:] + b"\0" * 4])
def test_a_frame_of_another_length_is_refused(body: bytes) -> None:
    with pytest.raises(FrameError):
        unpack_arrays(LAYOUT, body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        message = read_message(data)
        unpack_arrays(LAYOUT, message.body)
        json.dumps(message.json())
    except FrameError:
        pass
    else:
        assert isinstance(message, Message)
