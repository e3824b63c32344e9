"""The neuron lab on the live engine: what it computes of it, and how a training begins there."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.i18n import mark
from epoque.bench.live_engine import EngineTraining, find_uncovered

from .data import Dataset, load
from .name import NAME

if TYPE_CHECKING:
    from .config import NeuronConfig

__all__ = ["REASONS", "begin_training", "live_engine"]

REASONS = (
    mark("The live engine does not compute derived inputs."),
    mark("The live engine does not compute a network of more than 6 hidden layers of 64 neurons."),
)
"""What `live_engine` may answer, in the words of engine.json."""


def live_engine(config: "NeuronConfig") -> str | None:
    """Return why the live engine does not compute a config, one English sentence; None if it does.

    engine.json holds the rules, so that a page without a server knows them too.
    """
    return find_uncovered(NAME, config.flatten())


def begin_training(config: "NeuronConfig", dataset: Dataset | None = None) -> EngineTraining:
    """Begin a training on the live engine: its parameters are drawn, no iteration is done.

    Args:
        config: one that `live_engine` has nothing against.
        dataset: the points, where they were loaded already; of a CSV they go to the engine as they
            came, which scales them itself.

    Raises:
        ConfigError: if the engine does not compute the config.
        DataError: if the user's points cannot be read or used.
        MissingExtraError: if wasmtime is not installed.
    """
    points = _user_points(dataset or load(config)) if config.data == "csv" else None
    return EngineTraining(NAME, config.flatten(), points)


def _user_points(dataset: Dataset) -> NDArray[np.float64]:
    """Return points as they came, [N, F + 1]: their inputs, then their class."""
    dataset = dataset.in_original_units
    return np.column_stack([dataset.x, dataset.d])
