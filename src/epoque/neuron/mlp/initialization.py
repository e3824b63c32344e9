"""The weights that a network starts from."""

from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from epoque.bench.seeds import numpy_rng

from ..config import NeuronConfig
from ..seeds import Purpose

__all__ = ["init_params"]

Floats = NDArray[np.float64]


def init_params(config: NeuronConfig, inputs: int) -> list[dict[str, Floats]]:
    """Draw the first weights of a run.

    `uniform` and `normal` draw the biases too, as the perceptron does; the others start them at
    0. Glorot: Glorot & Bengio 2010, eq. 12 and 16; He: He et al. 2015, eq. 10.

    Args:
        config: with the layers and the `init…` settings.
        inputs: F.

    Returns:
        Each layer's `w` [inputs, neurons] and `b` [neurons].
    """
    rng = numpy_rng(config.seed, Purpose.INITIAL_WEIGHTS)
    params = []
    for fan_in, fan_out in pairwise((inputs, *config.hidden_layers, 1)):
        w = _draw(config, rng, (fan_in, fan_out))
        random_bias = config.init in ("uniform", "normal")
        b = _draw(config, rng, (fan_out,)) if random_bias else np.zeros(fan_out)
        params.append({"w": w, "b": b})
    return params


def _draw(config: NeuronConfig, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    match config.init:
        case "zeros":
            return np.zeros(shape)
        case "uniform":
            return rng.uniform(config.init_low, config.init_high, shape)
        case "normal":
            return config.init_scale * rng.standard_normal(shape)
    fans = sum(shape) if config.init.startswith("glorot") else shape[0]
    variance = 2.0 / fans
    if config.init.endswith("normal"):
        return sqrt(variance) * rng.standard_normal(shape)
    limit = sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)
