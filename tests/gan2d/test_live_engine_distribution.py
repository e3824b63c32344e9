"""Over many seeds the live engine's trainings end where the JAX engine's do."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from epoque.bench.recipes import find_recipe
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.live_engine import begin_training
from epoque.gan2d.measures import SAMPLES
from epoque.gan2d.measures.transport import sliced_w1
from epoque.gan2d.training.sweep import sweep

pytest.importorskip("wasmtime")

SEEDS = 32


@pytest.mark.slow
def test_the_ring_ends_as_with_jax() -> None:
    """The final sliced W1 of both engines has one distribution (Kolmogorov and Smirnov)."""
    ring = Gan2dConfig.parse(find_recipe("gan2d/ganlab-ring").config)
    config = ring.replace(evaluate_every=ring.iterations)
    seeds = range(SEEDS)
    results = sweep(config, {"seed": list(seeds)})
    assert results is not None
    live = [_final_sliced_w1(config.replace(seed=seed)) for seed in seeds]
    assert ks_2samp(results["final_sliced_w1"], live).pvalue > 0.01


def _final_sliced_w1(config: Gan2dConfig) -> float:
    training = begin_training(config)
    assert training.advance(config.iterations) == config.iterations
    samples = training.samples(SAMPLES)
    return sliced_w1(np.asarray(samples["real"]), np.asarray(samples["fake"]))
