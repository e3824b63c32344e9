"""The points that the live engine gives for measures are those that an evaluation draws."""

import numpy as np
import pytest

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data import noise
from epoque.gan2d.data.distributions import make_sampler
from epoque.gan2d.live_engine import begin_training
from epoque.gan2d.models import mlp
from epoque.gan2d.seeds import Purpose
from epoque.gan2d.training.hyperparameters import StaticConfig
from epoque.gan2d.training.rng import fold_in_words, make_key, purpose_words, split_words

pytest.importorskip("wasmtime")

COUNT = 1000


@pytest.mark.parametrize(
    ("data", "kind", "dims"),
    [("ring", "uniform", 2), ("grid", "normal", 5), ("moons", "gaussian", 1)],
)
def test_samples_are_those_of_an_evaluation(data: str, kind: str, dims: int) -> None:
    config = Gan2dConfig(data=data, noise=kind, noise_dims=dims, seed=11)
    training = begin_training(config)
    training.advance(20)
    samples = training.samples(COUNT)
    words = split_words(fold_in_words(purpose_words(config.seed, Purpose.EVALUATION), 20), 2)
    real = make_sampler(config)(make_key(words[0]), COUNT)
    np.testing.assert_allclose(samples["real"], real, atol=2e-6)
    z = noise.sample(make_key(words[1]), COUNT, kind, dims)
    architecture = StaticConfig.from_config(config, None).generator_architecture
    weights = training.weights()
    layers = [
        {name: weights[f"average.{i}.{name}"] for name in ("w", "b")}
        for i in range(len(config.generator.layers) + 1)
    ]
    fake = mlp.apply(layers, [{} for _ in layers], z.T, architecture)[0].T
    np.testing.assert_allclose(samples["fake"], fake, atol=1e-5)


def test_samples_change_nothing() -> None:
    training = begin_training(Gan2dConfig())
    training.advance(3)
    before, snapshot = training.digest(), training.snapshot()
    assert training.samples(64)["fake"].shape == (64, 2)
    assert training.samples(2048)["real"].shape == (2048, 2)
    assert training.digest() == before
    after = training.snapshot()
    assert all(np.array_equal(snapshot[name], after[name]) for name in snapshot)
