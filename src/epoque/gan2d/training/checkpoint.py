"""A training's state as named arrays, the way checkpoints hold it.

`g.w0` [out, in], `g.b0` [out], …, `d.w0`, …: parameters (`networks.shapes`); `ema.w0`, …: the
generator's moving average; `g.mean0`, `d.u0`, …: statistics, where there are any; `g.m`, `g.v`
(flat vectors), `g.count`, and the same of d: what the optimisers remember; `seen`: the last
iteration's metrics.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Checkpoint

from ..config import Gan2dConfig
from ..models.mlp import (
    Spec,
    discriminator_spec,
    generator_spec,
    joined,
    shapes,
    size,
    statistic_shapes,
    unflatten,
)
from ..models.mlp import named as params_named
from . import engine
from .engine import State
from .optimizers import Slots
from .steps import METRICS, Network

__all__ = ["named", "players", "restored"]


def named(config: Gan2dConfig, state: State) -> dict[str, Any]:
    """Return a state as named NumPy arrays."""
    found = {"seen": state.seen}
    g_spec = generator_spec(config)
    players = ("d", state.d, discriminator_spec(config)), ("g", state.g, g_spec)
    for role, network, spec in players:
        found |= _prefixed(role, params_named(network.params, spec))
        found |= _prefixed(role, unflatten(network.statistics, statistic_shapes(spec)))
        found |= _prefixed(role, network.slots._asdict())
    found |= _prefixed("ema", params_named(state.ema, g_spec))
    return {name: np.array(array, order="C") for name, array in found.items()}


def restored(config: Gan2dConfig, checkpoint: Checkpoint) -> State:
    """Return the state that a checkpoint holds.

    Raises:
        DamagedRunError: if it is of other networks.
    """
    arrays = checkpoint.arrays
    d_spec, g_spec = discriminator_spec(config), generator_spec(config)
    try:
        return State(
            d=_network("d", arrays, d_spec),
            g=_network("g", arrays, g_spec),
            ema=_params("ema", arrays, g_spec),
            seen=arrays["seen"].reshape(len(METRICS)),
        )
    except (KeyError, ValueError):
        told = f"The checkpoint at step {checkpoint.step} is of other networks."
        raise DamagedRunError(told) from None


def players(
    config: Gan2dConfig, arrays: Mapping[str, Any]
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the two networks of a checkpoint's arrays, as functions that JAX can compile.

    Returns:
        The generator that is drawn and measured (the moving average's; noise [n, dims] to points
        [n, 2]) and the discriminator (points [n, 2] to numbers before any sigmoid [n]); batch
        normalisation with its running statistics.

    Raises:
        DamagedRunError: if the arrays are of other networks.
    """
    state = restored(config, Checkpoint(0, arrays))
    return (
        engine.generate(generator_spec(config), state),
        engine.logits(discriminator_spec(config), state),
    )


def _prefixed(role: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{role}.{name}": array for name, array in arrays.items()}


def _params(role: str, arrays: Mapping[str, Any], spec: Spec) -> Any:
    return joined({name: arrays[f"{role}.{name}"] for name in shapes(spec)}, spec)


def _network(role: str, arrays: Mapping[str, Any], spec: Spec) -> Network:
    wanted = statistic_shapes(spec)
    parts = [arrays[f"{role}.{name}"].reshape(shape).ravel() for name, shape in wanted.items()]
    statistics = np.concatenate([np.zeros(0, np.float32), *parts])
    m, v = (arrays[f"{role}.{name}"].reshape(size(shapes(spec))) for name in ("m", "v"))
    slots = Slots(m, v, arrays[f"{role}.count"].reshape(()))
    return Network(_params(role, arrays, spec), statistics, slots)
