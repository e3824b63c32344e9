"""A training's state as named arrays, the way checkpoints hold it.

An array is named by its path in `TrainState`: `g.params.0.w` [out, in] and `g.params.0.b` [out] of
the generator's first layer (`models.mlp.param_shapes`), `d.params.0.w`, …; `ema.0.w`, …: the
generator's moving average; `g.statistics.0.mean`, …, where there are any; `g.opt_state.0.mu.0.w`,
…: what optax's optimizer remembers; `metrics`: the last iteration's.
"""

from collections.abc import Callable, Mapping

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Checkpoint

from ..config import Gan2dConfig
from ..models.mlp import discriminator_architecture, generator_architecture
from . import engine
from .engine import TrainState

__all__ = ["flatten_state", "load_networks", "restore_state"]

Arrays = Mapping[str, NDArray[np.generic]]


def flatten_state(state: TrainState) -> dict[str, NDArray[np.generic]]:
    """Return a state as named NumPy arrays."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {_name(path): np.array(leaf, order="C") for path, leaf in leaves}


def restore_state(config: Gan2dConfig, checkpoint: Checkpoint) -> TrainState:
    """Return the state that a checkpoint holds, as NumPy arrays.

    Raises:
        DamagedRunError: if it is of other networks.
    """
    empty = engine.empty_state(
        discriminator_architecture(config),
        generator_architecture(config),
        config.discriminator.optimizer.name,
        config.generator.optimizer.name,
    )

    def load(path: tuple[object, ...], leaf: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.asarray(checkpoint.arrays[_name(path)]).reshape(leaf.shape)

    try:
        state: TrainState = jax.tree_util.tree_map_with_path(load, empty)
    except (KeyError, ValueError):
        message = f"The checkpoint at step {checkpoint.step} is of other networks."
        raise DamagedRunError(message) from None
    return state


def load_networks(
    config: Gan2dConfig, arrays: Arrays
) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """Return the two networks of a checkpoint's arrays, as functions that JAX can compile.

    Returns:
        The generator that is drawn and measured (the moving average's; noise [n, dims] to points
        [n, 2]) and the discriminator (points [n, 2] to logits [n]); batch normalization with its
        running statistics.

    Raises:
        DamagedRunError: if the arrays are of other networks.
    """
    state = _restore_networks(config, arrays)
    return (
        engine.make_generator(generator_architecture(config), state),
        engine.make_discriminator(discriminator_architecture(config), state),
    )


def _restore_networks(config: Gan2dConfig, arrays: Arrays) -> TrainState:
    """Return a state that holds a checkpoint's networks; what optimizers remember is left out.

    So it may be of any engine.
    """
    plain = {"optimizer": {"name": "sgd"}}
    config = config.change({"generator": plain, "discriminator": plain})
    metrics = np.full(len(engine.METRICS), np.nan, np.float32)
    return restore_state(config, Checkpoint(0, {**arrays, "metrics": metrics}))


def _name(path: tuple[object, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")
