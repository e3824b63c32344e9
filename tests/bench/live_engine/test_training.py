"""A training on the live engine, whatever the lab."""

import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from epoque.bench.live_engine import EngineTraining
from epoque.gan2d.config import Gan2dConfig

pytest.importorskip("wasmtime")

SIZES = {"batch_size": 12, "noise_dims": 3}


@pytest.fixture
def training() -> EngineTraining:
    return EngineTraining("gan2d", Gan2dConfig(**SIZES).flatten())


@pytest.fixture
def data() -> dict[str, Any]:
    """What engine.json says of the 2-D GAN."""
    text = files("epoque.bench.live_engine").joinpath("engine.json").read_text("utf-8")
    return dict(json.loads(text)["labs"]["gan2d"])


def test_a_snapshot_has_the_arrays_of_the_manifest(
    training: EngineTraining, data: dict[str, Any]
) -> None:
    arrays = training.snapshot()
    shapes = {each["name"]: tuple(each["shape"]) for each in data["snapshot"]}
    assert {name: array.shape for name, array in arrays.items()} == shapes
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}


def test_a_phase_has_the_arrays_of_the_manifest(
    training: EngineTraining, data: dict[str, Any]
) -> None:
    for number, expected in enumerate(data["phases"]):
        phase = training.phase()
        assert phase is not None
        assert (phase.number, phase.name) == (number, expected["name"])
        fixed = {a["name"]: a["shape"] for a in expected["arrays"] if "{layer}" not in a["name"]}
        for name in fixed.keys() & phase.arrays.keys():
            shape = tuple(SIZES.get(size, size) for size in fixed[name])
            assert phase.arrays[name].shape == shape
        optional = {"real", "real_logits"} if number >= 5 else set()  # of pairs: relativistic
        assert fixed.keys() - phase.arrays.keys() == optional & fixed.keys()


def test_arrays_are_copies(training: EngineTraining) -> None:
    before = training.snapshot()["d"].copy()
    first = training.snapshot()["d"]
    training.advance(10)
    np.testing.assert_array_equal(first, before)
    assert not np.array_equal(training.snapshot()["d"], before)


def test_two_trainings_know_nothing_of_each_other(training: EngineTraining) -> None:
    other = EngineTraining("gan2d", Gan2dConfig(seed=9).flatten())
    before = training.digest()
    other.advance(20)
    assert training.digest() == before
    assert training.step == 0


def test_what_is_missing_or_unknown_is_an_error() -> None:
    values = Gan2dConfig().flatten()
    with pytest.raises(KeyError):
        EngineTraining("stylegan3", values)
    del values["loss"]
    with pytest.raises(KeyError, match="loss"):
        EngineTraining("gan2d", values)
