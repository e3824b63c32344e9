from typing import get_args

import jax
import numpy as np
import pytest

from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.mlp import gradient_check

LOSSES = get_args(NeuronConfig.model_fields["loss"].annotation)
ACTIVATIONS = get_args(NeuronConfig.model_fields["activation"].annotation)

SPIRAL = NeuronConfig(
    model="mlp",
    data="spiral",
    samples=40,
    noise=0.1,
    hidden_layers=(4, 3),
    init="glorot_normal",
    l1=0.02,
    l2=0.3,
)


@pytest.fixture(scope="module")
def errors():
    return gradient_check.check_all_gradients(SPIRAL)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_finite_differences(errors, loss, activation):
    assert errors.pop((loss, activation)) < 1e-8


def test_relus_that_start_on_their_kink_are_moved_off_it():
    config = NeuronConfig(model="mlp", truth_table="xor", init="zeros", activation="relu")
    assert gradient_check.check_gradient(config) < 1e-8


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g: [g[0], {**g[1], "b": -g[1]["b"]}, g[2]],
        lambda g: [{**g[0], "w": 1.01 * g[0]["w"]}, *g[1:]],
        lambda g: [*g[:2], {**g[2], "w": g[2]["w"] - 0.3}],
    ],
    ids=["sign", "scale", "shift"],
)
def test_a_wrong_gradient_is_found(monkeypatch, wrong):
    right = gradient_check._gradient
    monkeypatch.setattr(gradient_check, "_gradient", lambda *args: wrong(right(*args)))
    assert gradient_check.check_gradient(SPIRAL) > 1e-4


def test_large_networks_are_checked_at_a_sample_of_weights():
    config = SPIRAL.replace(hidden_layers=(64, 64), samples=10, activation="tanh")
    places = gradient_check._choose_places(config, "w2", 64 * 64)
    assert len(set(places.tolist())) == gradient_check.MOST_WEIGHTS
    assert gradient_check.check_gradient(config, load(config)) < 1e-8


def test_float64_is_not_left_switched_on():
    gradient_check.check_gradient(SPIRAL)
    assert jax.numpy.ones(1).dtype == np.float32
