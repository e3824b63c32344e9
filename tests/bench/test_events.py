import dataclasses

import numpy as np
import pytest

from epoque.bench.events import Artifact, Checkpoint, Metrics, Snapshot, rows_of_columns

EVENTS = [
    Metrics(1, {"error": 0.5}),
    Snapshot(1, {"w": np.zeros(2)}),
    Checkpoint(1, {"w": np.zeros(2)}),
    Artifact("weights.csv", b"w\n"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_events_are_frozen_and_small(event: object) -> None:
    name = dataclasses.fields(event)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, name, 2)
    assert not hasattr(event, "__dict__")


def test_a_checkpoint_without_state_has_none() -> None:
    assert Checkpoint(1, {}).state == {}


def test_columns_become_rows_of_plain_numbers() -> None:
    rows = rows_of_columns({"error": np.array([0.5, 0.25]), "w0": np.array([1, 2])})
    assert rows == [{"error": 0.5, "w0": 1}, {"error": 0.25, "w0": 2}]
    assert type(rows[0]["error"]) is float
    assert rows_of_columns({}) == []
    with pytest.raises(ValueError, match="shorter"):
        rows_of_columns({"a": np.zeros(2), "b": np.zeros(1)})
