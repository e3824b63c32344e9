"""Architectures, first weights, normalisations."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.bench.seeds import jax_key
from epoque.gan2d.models import initializers as initialisers
from epoque.gan2d.models import mlp as networks
from epoque.gan2d.models.mlp import Spec

KEY = jax_key(0, "generator")


def spec(**changes: Any) -> Spec:
    given = {"sizes": (2, 6, 5, 1), "activation": "relu", "output": "linear", "init": "torch"}
    return Spec(**(given | changes))


def started(wanted: Spec) -> tuple[Any, Any]:
    params = initialisers.init(KEY, wanted)
    return params, initialisers.init_statistics(KEY, wanted, params)


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
    arrays = networks.named(initialisers.init(KEY, wanted), wanted)
    weights = np.asarray(arrays[f"w{layer}"])
    assert weights.std() == pytest.approx(sd, rel=5 / weights.size**0.5)
    assert abs(weights.mean()) < 5 * sd / weights.size**0.5
    assert (np.asarray(arrays["b1"]) == 0).all() != (init == "torch")


@pytest.mark.parametrize("sizes", [(3, 8), (8, 3)])
def test_orthogonal_weights_are_orthogonal(sizes: tuple[int, int]) -> None:
    wanted = spec(sizes=sizes, init="orthogonal")
    w = np.asarray(networks.named(initialisers.init(KEY, wanted), wanted)["w0"])
    gram = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, np.eye(3), atol=1e-5)


def test_cutting_and_joining_are_each_others_inverse() -> None:
    wanted = spec(norm="batch", spectral=True)
    params, statistics = started(wanted)
    arrays = networks.named(params, wanted)
    assert {name: array.shape for name, array in arrays.items()} == networks.shapes(wanted)
    np.testing.assert_array_equal(networks.joined(arrays, wanted), params)
    shapes = networks.statistic_shapes(wanted)
    assert len(statistics) == networks.size(shapes)
    joined = networks.flatten(networks.unflatten(statistics, shapes), shapes)
    np.testing.assert_array_equal(joined, statistics)


def test_arrays_of_other_networks_are_not_joined() -> None:
    arrays = networks.named(started(spec())[0], spec())
    with pytest.raises(ValueError, match="reshape"):
        networks.joined(arrays, spec(sizes=(2, 7, 5, 1)))


@pytest.mark.parametrize("init", ["ganlab", "torch", "orthogonal", "zeros"])
def test_first_weights_of_many_keys_are_those_of_each(init: str) -> None:
    wanted = spec(init=init, spectral=True)
    keys = jax.random.split(KEY, 3)
    params = initialisers.init(keys, wanted)
    statistics = initialisers.init_statistics(keys, wanted, params)
    for key, together, settled in zip(keys, params, statistics, strict=True):
        np.testing.assert_array_equal(initialisers.init(key, wanted), together)
        alone = initialisers.init_statistics(key, wanted, together)
        np.testing.assert_allclose(alone, settled, atol=1e-6)


def test_no_hidden_layer_is_a_linear_map() -> None:
    wanted = spec(sizes=(3, 2))
    params, statistics = started(wanted)
    arrays = networks.named(params, wanted)
    x = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    y, _ = networks.apply(params, statistics, x, wanted)
    np.testing.assert_allclose(y, arrays["w0"] @ x + arrays["b0"][:, None], atol=1e-6)


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
    params, statistics = started(wanted)
    arrays = networks.named(params, wanted)
    layer, norm = torch.nn.Linear(2, 6), torch.nn.BatchNorm1d(6)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.asarray(arrays["w0"])))
        layer.bias.copy_(torch.tensor(np.asarray(arrays["b0"])))
    rng = np.random.default_rng(1)
    for _ in range(5):
        x = rng.normal(0.5, 2.0, size=(10, 2)).astype(np.float32)
        norm(layer(torch.tensor(x)))
        _, seen = networks.apply(params, statistics, x.T, wanted, training=True)
        statistics = networks.learn_statistics(statistics, params, seen, wanted)
    known = networks.unflatten(statistics, networks.statistic_shapes(wanted))
    np.testing.assert_allclose(known["mean0"], norm.running_mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(known["variance0"], norm.running_var, rtol=1e-4)
    norm.eval()
    x = rng.normal(size=(1, 2)).astype(np.float32)
    told = torch.tanh(norm(layer(torch.tensor(x)))).detach().numpy()
    y, seen = networks.apply(params, statistics, x.T, wanted)
    np.testing.assert_allclose(y, arrays["w1"] @ told.T + arrays["b1"][:, None], atol=1e-5)
    assert seen == {}


def test_spectral_normalisation_makes_every_layer_a_contraction() -> None:
    wanted = spec(spectral=True, init="he_normal")
    params, statistics = started(wanted)
    arrays = networks.named(params, wanted)
    known = networks.unflatten(statistics, networks.statistic_shapes(wanted))
    for layer in wanted.layers:
        w = np.asarray(arrays[f"w{layer}"])
        found = networks._largest_singular_value(arrays[f"w{layer}"], known[f"u{layer}"])
        assert float(found) == pytest.approx(np.linalg.svd(w)[1][0], rel=1e-3)
    points = jax.random.normal(KEY, (2, 200)) * 3
    y, _ = networks.apply(params, statistics, points, wanted)
    steps = np.abs(np.diff(y[0])) / np.linalg.norm(np.diff(points, axis=1), axis=0)
    assert steps.max() <= 1.001
