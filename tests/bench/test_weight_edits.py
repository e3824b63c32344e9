"""Weights among changes: how they are told from settings, and what is refused."""

import pytest

from epoque.bench.errors import ConfigError
from epoque.bench.weight_edits import WeightEdit, separate_weights

SHAPES = {"w1": (None, 3), "b1": (3,), "held.w1": (None, 3), "held.b1": (3,)}


def test_weights_are_told_from_settings() -> None:
    values = {"learning_rate": "0.1", "w1.0.2": "-2.5e-3", "held.b1.1": "1", "held.b1.2": False}
    settings, edits = separate_weights(values, SHAPES)
    assert settings == {"learning_rate": "0.1"}
    assert edits == [
        WeightEdit("w1", (0, 2), -0.0025),
        WeightEdit("held.b1", (1,), 1.0),
        WeightEdit("held.b1", (2,), 0.0),
    ]


def test_where_there_are_no_weights_every_path_is_a_setting() -> None:
    assert separate_weights({"w1.0.2": "1"}, {}) == ({"w1.0.2": "1"}, [])


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("w9.0.0", "1", "there are no such weights; this model has w1, b1."),
        ("held.w9.0.0", "1", "there are no such weights; this model has w1, b1."),
        ("w1.0.3", "1", "there is no such weight; w1 has inputs × 3 numbers, counted from 0."),
        ("b1.3", "1", "there is no such weight; b1 has 3 numbers, counted from 0."),
        ("w1.0", "1", "a weight of w1 is written as in w1.0.0."),
        ("w1.0.0", "nan", "nan is not allowed; a weight is a finite number."),
        ("w1.0.0", "1e999", "1e999 is not allowed; a weight is a finite number."),
        ("w1.0.0", "0,5", "0,5 is not allowed; a weight is a finite number."),
        ("held.w1.0.0", "0.5", "0.5 is not allowed; 1 holds a weight, 0 lets it go."),
    ],
)
def test_what_is_wrong_is_one_sentence(path: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        separate_weights({path: value, "b1.0": "1"}, SHAPES)
    assert [(p.field, p.message) for p in refused.value.problems] == [(path, sentence)]


def test_an_engine_that_holds_no_weights_says_so() -> None:
    with pytest.raises(ConfigError, match="this engine holds no weights; the engine wasm does"):
        separate_weights({"held.b1.0": "1"}, {"b1": (3,)})
