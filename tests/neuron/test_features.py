"""Derived inputs: what a network is given of points of the plane besides their two coordinates."""

from pathlib import Path

import numpy as np
import pytest

from epoque.api import run
from epoque.bench.errors import ConfigError
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.decision_boundary import load_mlp_boundary
from epoque.neuron.features import derive_features
from epoque.neuron.lab import LAB
from epoque.neuron.mlp.gradient_check import check_gradient

CIRCLE = {
    "model": "mlp", "data": "circle", "samples": 60, "hidden_layers": (), "optimizer": "adam",
    "learning_rate": 0.1, "init": "zeros", "iterations": 150,
}  # fmt: skip
SQUARES = ("x1_squared", "x2_squared")


def test_they_are_computed_of_both_inputs_in_the_order_of_their_names() -> None:
    x = np.array([[2.0, -3.0], [0.5, 1.0]])
    names = ("sin_x2", "x1_x2", "x2_squared", "sin_x1", "x1_squared")
    wanted = [np.sin(x[:, 1]), [-6.0, 0.5], [9.0, 1.0], np.sin(x[:, 0]), [4.0, 0.25]]
    assert np.array_equal(derive_features(names, x), np.column_stack([x, *wanted]))
    assert derive_features((), x) is x


def test_one_neuron_that_is_given_squares_encloses_a_circle(tmp_path: Path) -> None:
    plain = run("neuron/circle-mlp", runs=tmp_path, figures=False, **CIRCLE)
    curved = run("neuron/circle-mlp", runs=tmp_path, figures=True, features=SQUARES, **CIRCLE)
    assert plain.results["accuracy"] < 0.8
    assert curved.results["accuracy"] == curved.results["test_accuracy"] == 1.0
    assert curved.results["hidden_lines"] is None
    boundary = load_mlp_boundary(curved, 150)
    data = load(curved.config)
    assert boundary.lines == ()
    assert boundary.is_correct(data).all()
    assert (curved.path / "figures" / "regions.svg").is_file()
    points = {"features": [(), SQUARES], "seed": [0, 0]}
    base = NeuronConfig.parse(CIRCLE)
    swept = LAB.sweep(base, points)
    assert swept is not None
    ends = [one.results["final_loss"] for one in (plain, curved)]
    assert swept["final_loss"] == pytest.approx(ends, rel=1e-9)


def test_the_gradient_goes_through_them_and_the_live_engine_says_that_it_has_none() -> None:
    config = NeuronConfig.parse({**CIRCLE, "features": "x1_x2,sin_x1", "hidden_layers": "3"})
    assert check_gradient(config) < 1e-7
    assert config.weight_shapes()["w1"] == (4, 3)
    assert LAB.live_engine(config) == "The live engine does not compute derived inputs."
    with pytest.raises(ConfigError, match=r"engine: .*derived inputs"):
        config.replace(engine="wasm")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({**CIRCLE, "features": "x1_x2,x1_x2"}, "features: x1_x2,x1_x2 names x1_x2 twice."),
        ({**CIRCLE, "features": "x3"}, "features: x3 is not allowed"),
        ({"model": "mlp", "features": "x1_x2"}, "x1_x2 would be ignored with data truth_table"),
        ({"data": "circle", "features": "x1_x2"}, "x1_x2 would be ignored with model perceptron"),
    ],
)
def test_what_cannot_be_is_said(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NeuronConfig.parse(settings)
