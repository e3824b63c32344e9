"""The file that keeps a training of a page."""

from pathlib import Path

import numpy as np
import pytest

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Checkpoint
from epoque.studio.session_file import (
    SessionRecord,
    read_header,
    read_session,
    session_path,
    write_session,
)

STATE = {"rng": {"state": 2**120}, "changes": "5:rate=0.1"}
ARRAYS = {"w": np.arange(6.0).reshape(2, 3).T, "n": np.array(7), "bytes": np.zeros(3, np.uint8)}
RECORD = SessionRecord(
    "line", {"rate": 0.5, "layers": [4, 2]}, 12, 34.5, Checkpoint(12, ARRAYS, STATE)
)


def test_it_holds_all_of_a_training(tmp_path: Path) -> None:
    path = session_path(tmp_path, "0a")
    write_session(path, RECORD)
    again = read_session(path)
    assert (again.lab, again.values, again.step, again.milliseconds) == (
        "line", {"rate": 0.5, "layers": [4, 2]}, 12, 34.5,
    )  # fmt: skip
    assert again.checkpoint is not None
    assert (again.checkpoint.step, again.checkpoint.state) == (12, STATE)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(again.checkpoint.arrays[name], array)
        assert again.checkpoint.arrays[name].dtype == array.dtype
    header = read_header(path)
    assert (header.lab, header.step, header.checkpoint) == ("line", 12, None)


def test_one_that_did_not_begin_has_no_checkpoint(tmp_path: Path) -> None:
    path = session_path(tmp_path, "0b")
    write_session(path, SessionRecord("line", {}))
    assert read_session(path) == SessionRecord("line", {})


def test_one_that_is_cut_or_changed_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = session_path(tmp_path, "0c")
    write_session(path, RECORD)
    whole = path.read_bytes()
    line = whole.index(b"\n")
    for wrong in (b"", b"{}", whole[:line], whole[: line // 2], whole[:-1],
                  whole[:-1] + bytes([whole[-1] ^ 1])):  # fmt: skip
        path.write_bytes(wrong)
        with pytest.raises(DamagedRunError, match="damaged"):
            read_session(path)
    with pytest.raises(DamagedRunError):
        read_session(tmp_path / "none.session")
