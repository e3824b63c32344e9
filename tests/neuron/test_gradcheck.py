from typing import get_args

import jax
import numpy as np
import pytest

from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.mlp import gradient_check as gradcheck

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
    return gradcheck.check_all(SPIRAL)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_finite_differences(errors, loss, activation):
    assert errors.pop((loss, activation)) < 1e-8


def test_relus_that_start_on_their_kink_are_moved_off_it():
    config = NeuronConfig(model="mlp", truth_table="xor", init="zeros", activation="relu")
    assert gradcheck.check(config) < 1e-8


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g: {**g, "b2": -g["b2"]},
        lambda g: {**g, "w1": 1.01 * g["w1"]},
        lambda g: {**g, "w3": g["w3"] - 0.3},
    ],
    ids=["sign", "scale", "shift"],
)
def test_a_wrong_gradient_is_found(monkeypatch, wrong):
    right = gradcheck._gradient
    monkeypatch.setattr(gradcheck, "_gradient", lambda *args: wrong(right(*args)))
    assert gradcheck.check(SPIRAL) > 1e-4


def test_large_networks_are_checked_at_a_sample_of_weights():
    config = SPIRAL.replace(hidden_layers=(64, 64), samples=10, activation="tanh")
    places = gradcheck._places(config, "w2", 64 * 64)
    assert len(set(places.tolist())) == gradcheck.MOST_WEIGHTS
    assert gradcheck.check(config, load(config)) < 1e-8


def test_float64_is_not_left_switched_on():
    gradcheck.check(SPIRAL)
    assert jax.numpy.ones(1).dtype == np.float32
