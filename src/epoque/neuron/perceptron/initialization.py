"""The weights that a neuron starts from."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from epoque.bench.seeds import numpy_rng

from ..config import NeuronConfig
from ..seeds import Purpose

__all__ = ["draw_unit_weights", "init_weights", "scale_weights"]

Floats = NDArray[np.float64]


def init_weights(config: NeuronConfig, inputs: int) -> Floats:
    """Return the initial weights [F+1]."""
    unit = draw_unit_weights(config.init, config.seed, inputs)
    return scale_weights(config.init, unit, config.init_low, config.init_high, config.init_scale)


@lru_cache(maxsize=10_000)  # a sweep asks for the same seeds at each of its learning rates
def draw_unit_weights(init: str, seed: int, inputs: int) -> Floats:
    """Return the random part of the initial weights [F+1], before its range or spread; read only.

    `uniform` and `normal` draw w0 like the others. Glorot & Bengio 2010 (eq. 12, 16) and He et al.
    2015 (eq. 10), for F inputs and one output, start it at 0.
    """
    rng = numpy_rng(seed, Purpose.INITIAL_WEIGHTS)
    sample = rng.standard_normal if init.endswith("normal") else rng.random
    if init in ("uniform", "normal"):
        return sample(inputs + 1)
    if init == "zeros":
        return np.zeros(inputs + 1)
    variance = 2 / (inputs + 1) if init.startswith("glorot") else 2 / inputs
    numbers = sample(inputs)
    w = numbers if init.endswith("normal") else np.sqrt(3) * (2 * numbers - 1)
    return np.concatenate([[0.0], np.sqrt(variance) * w])


def scale_weights(
    init: str, unit: Floats, low: Floats | float, high: Floats | float, scale: Floats | float
) -> Floats:
    """Return initial weights from their random part: any shapes that broadcast."""
    if init == "uniform":
        return np.asarray(low + (high - low) * unit)
    return np.array(scale * unit if init == "normal" else unit)  # never the cached one itself
