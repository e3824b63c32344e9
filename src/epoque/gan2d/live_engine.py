"""The 2-D GAN on the live engine: what it computes of it, and how a training begins there."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.i18n import mark
from epoque.bench.live_engine import EngineTraining, find_uncovered

from .data.user_points import UserPoints, load_points
from .name import NAME

if TYPE_CHECKING:
    from .config import Gan2dConfig

__all__ = ["REASONS", "begin_training", "live_engine"]

REASONS = (
    mark("The live engine does not compute batches of more than 1,024 points."),
    mark("The live engine does not compute a generator of more than 6 layers of 64 neurons."),
    mark("The live engine does not compute a discriminator of more than 6 layers of 64 neurons."),
    mark("The live engine does not compute normalisation."),
    mark("The live engine does not compute spectral normalisation."),
    mark("The live engine does not compute the gradient penalty."),
    mark("The live engine does not compute the R1 penalty."),
    mark("The live engine does not compute the R2 penalty."),
    mark("The live engine does not compute unrolled steps."),
)
"""What `live_engine` may answer, in the words of engine.json."""


def live_engine(config: "Gan2dConfig") -> str | None:
    """Return why the live engine does not compute a config, one English sentence; None if it does.

    engine.json holds the rules, so that a page without a server knows them too.
    """
    return find_uncovered(NAME, config.flatten())


def begin_training(config: "Gan2dConfig", user_points: UserPoints | None = None) -> EngineTraining:
    """Begin a training on the live engine: its parameters are drawn, no iteration is done.

    Args:
        config: one that `live_engine` has nothing against.
        user_points: the user's points, where they were read already; else the file is read here.

    Raises:
        ConfigError: if the engine does not compute the config.
        DataError: if the user's points cannot be read or used.
        MissingExtraError: if wasmtime is not installed.
    """
    user_points = user_points or load_points(config)
    points = _engine_points(user_points) if user_points else None
    return EngineTraining(NAME, config.flatten(), points)


def _engine_points(user_points: UserPoints) -> NDArray[np.float32]:
    """Return the user's points as the engine takes them [M, 3]: x, y, jitter."""
    jitter = np.full((len(user_points.points), 1), user_points.jitter, np.float32)
    return np.concatenate([user_points.points, jitter], axis=1)
