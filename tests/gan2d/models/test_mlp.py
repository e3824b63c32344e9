"""Architectures, first weights, normalisations."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.bench.seeds import jax_key
from epoque.gan2d.models import initializers
from epoque.gan2d.models import mlp as networks
from epoque.gan2d.models.mlp import Architecture

KEY = jax_key(0, "generator")


def spec(**changes: Any) -> Architecture:
    given = {"sizes": (2, 6, 5, 1), "activation": "relu", "output": "linear", "init": "torch"}
    return Architecture(**(given | changes))


def start(wanted: Architecture) -> tuple[Any, Any]:
    params = initializers.init_params(KEY, wanted)
    return params, initializers.init_statistics(KEY, wanted, params)


@pytest.mark.parametrize(
    ("init", "layer", "sd"),
    [
        ("ganlab", 0, 2**-0.5),
        ("ganlab", 1, 400**-0.5),
        ("lecun_normal", 0, 1.0),
        ("lecun_normal", 1, 400**-0.5),
        ("he_normal", 1, (2 / 400) ** 0.5),
        ("he_uniform", 1, (2 / 400) ** 0.5),
        ("glorot_normal", 1, (2 / 700) ** 0.5),
        ("glorot_uniform", 1, (2 / 700) ** 0.5),
        ("torch", 1, (1 / 1200) ** 0.5),
    ],
)
def test_first_weights_have_the_spread_of_their_source(init: str, layer: int, sd: float) -> None:
    wanted = spec(sizes=(1, 400, 300, 2), init=init)
    layers = initializers.init_params(KEY, wanted)
    weights = np.asarray(layers[layer]["w"])
    assert weights.std() == pytest.approx(sd, rel=5 / weights.size**0.5)
    assert abs(weights.mean()) < 5 * sd / weights.size**0.5
    assert (np.asarray(layers[1]["b"]) == 0).all() != (init == "torch")


@pytest.mark.parametrize("sizes", [(3, 8), (8, 3)])
def test_orthogonal_weights_are_orthogonal(sizes: tuple[int, int]) -> None:
    wanted = spec(sizes=sizes, init="orthogonal")
    w = np.asarray(initializers.init_params(KEY, wanted)[0]["w"])
    gram = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, np.eye(3), atol=1e-5)


@pytest.mark.parametrize("init", ["torch", "orthogonal"])
def test_the_first_arrays_have_the_shapes_they_should(init: str) -> None:
    wanted = spec(norm="batch", spectral_norm=True, init=init)
    params, statistics = start(wanted)
    assert [{n: a.shape for n, a in layer.items()} for layer in params] == networks.param_shapes(
        wanted
    )
    shapes = [{n: a.shape for n, a in layer.items()} for layer in statistics]
    assert shapes == networks.statistic_shapes(wanted)
    assert all(a.dtype == np.float32 for a in jax.tree.leaves((params, statistics)))


@pytest.mark.parametrize("init", ["ganlab", "torch", "orthogonal", "zeros"])
def test_first_weights_of_many_keys_are_those_of_each(init: str) -> None:
    wanted = spec(init=init, spectral_norm=True)
    keys = jax.random.split(KEY, 3)
    params = initializers.init_params(keys, wanted)
    statistics = initializers.init_statistics(keys, wanted, params)
    for number, key in enumerate(keys):
        together = jax.tree.map(lambda leaf, number=number: leaf[number], params)
        alone = initializers.init_params(key, wanted)
        jax.tree.map(np.testing.assert_array_equal, alone, together)
        settled = initializers.init_statistics(key, wanted, together)
        for one, many in zip(jax.tree.leaves(settled), jax.tree.leaves(statistics), strict=True):
            np.testing.assert_allclose(one, many[number], atol=1e-6)


def test_no_hidden_layer_is_a_linear_map() -> None:
    wanted = spec(sizes=(3, 2))
    params, statistics = start(wanted)
    x = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    y, _ = networks.apply(params, statistics, x, wanted)
    np.testing.assert_allclose(y, params[0]["w"] @ x + params[0]["b"][:, None], atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid"])
def test_activations_are_those_of_torch(activation: str) -> None:
    torch = pytest.importorskip("torch", reason="torch has the same activations")
    x = np.linspace(-4, 4, 41, dtype=np.float32)
    peer = getattr(torch.nn.functional, activation)
    extra = {"negative_slope": 0.2} if activation == "leaky_relu" else {}
    np.testing.assert_allclose(
        networks._activate(jnp.asarray(x), activation), peer(torch.tensor(x), **extra), atol=1e-6
    )


def test_running_statistics_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch", reason="torch has the same batch normalisation")
    wanted = spec(sizes=(2, 6, 1), activation="tanh", norm="batch")
    params, statistics = start(wanted)
    layer, norm = torch.nn.Linear(2, 6), torch.nn.BatchNorm1d(6)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.asarray(params[0]["w"])))
        layer.bias.copy_(torch.tensor(np.asarray(params[0]["b"])))
    rng = np.random.default_rng(1)
    for _ in range(5):
        x = rng.normal(0.5, 2.0, size=(10, 2)).astype(np.float32)
        norm(layer(torch.tensor(x)))
        _, seen = networks.apply(params, statistics, x.T, wanted, training=True)
        statistics = networks.update_statistics(statistics, params, seen)
    known = statistics[0]
    np.testing.assert_allclose(known["mean"], norm.running_mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(known["variance"], norm.running_var, rtol=1e-4)
    norm.eval()
    x = rng.normal(size=(1, 2)).astype(np.float32)
    told = torch.tanh(norm(layer(torch.tensor(x)))).detach().numpy()
    y, seen = networks.apply(params, statistics, x.T, wanted)
    np.testing.assert_allclose(y, params[1]["w"] @ told.T + params[1]["b"][:, None], atol=1e-5)
    assert seen == [{}, {}]


def test_spectral_normalisation_makes_every_layer_a_contraction() -> None:
    wanted = spec(spectral_norm=True, init="he_normal")
    params, statistics = start(wanted)
    for layer, running in zip(params, statistics, strict=True):
        value = networks._largest_singular_value(layer["w"], running["u"])
        assert float(value) == pytest.approx(np.linalg.svd(layer["w"])[1][0], rel=1e-3)
    points = jax.random.normal(KEY, (2, 200)) * 3
    y, _ = networks.apply(params, statistics, points, wanted)
    steps = np.abs(np.diff(y[0])) / np.linalg.norm(np.diff(points, axis=1), axis=0)
    assert steps.max() <= 1.001
