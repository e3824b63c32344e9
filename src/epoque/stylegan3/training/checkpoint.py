"""A training's state as named arrays, the way checkpoints hold it, and networks made from them.

`generator.NAME`, `discriminator.NAME`, `average.NAME`: parameters and buffers of the networks, the
last of the averaged generator; `generator_memory.NAME.KEY` and `discriminator_memory.NAME.KEY`:
what their optimisers remember.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Artifact
from epoque.bench.runs.run import Run

from ..networks import (
    Discriminator,
    DiscriminatorSpec,
    Generator,
    build_network,
    parse_generator_spec,
    store,
)

__all__ = [
    "KINDS",
    "Arrays",
    "load_run_network",
    "network_arrays",
    "network_files",
    "optimizer_arrays",
    "restore_network",
    "restore_optimizer",
]

Arrays = Mapping[str, NDArray[Any]]

KINDS = ("generator", "discriminator", "average")


def network_arrays(kind: str, network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return copies of a network's parameters and buffers."""
    return {f"{kind}.{name}": _to_array(value) for name, value in network.state_dict().items()}


def restore_network(kind: str, network: nn.Module, arrays: Arrays) -> None:
    """Give a network what `network_arrays` returned.

    Raises:
        RuntimeError: if the arrays are of another network.
    """
    network.load_state_dict(_select_tensors(kind, arrays))


def optimizer_arrays(kind: str, network: nn.Module, optimizer: torch.optim.Optimizer) -> Arrays:
    """Return copies of what an optimiser remembers of a network's parameters."""
    return {
        f"{kind}_memory.{name}.{key}": _to_array(torch.as_tensor(value))
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizer(
    kind: str, network: nn.Module, optimizer: torch.optim.Optimizer, arrays: Arrays
) -> None:
    """Give an optimiser what `optimizer_arrays` returned.

    Raises:
        KeyError, ValueError: if the arrays are of other parameters.
    """
    places = {name: index for index, (name, _) in enumerate(network.named_parameters())}
    memories: dict[int, dict[str, Tensor]] = {}
    for label, value in _select_tensors(f"{kind}_memory", arrays).items():
        name, _, key = label.rpartition(".")
        memories.setdefault(places[name], {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": memories})


def load_run_network(
    run: Run, step: int | None = None, kind: str = "average"
) -> Generator | Discriminator:
    """Return a network of a run.

    Args:
        run: a finished run, or one that has a checkpoint.
        step: which checkpoint; the last one by default.
        kind: average, generator or discriminator.

    Returns:
        on the CPU, for use and not for training.

    Raises:
        UnknownNameError: if there is no such checkpoint.
        DamagedRunError: if a file cannot be read.
    """
    checkpoint = run.checkpoint(step)
    network = _build_network(kind, checkpoint.state)
    try:
        restore_network(kind, network, checkpoint.arrays)
    except RuntimeError:
        message = f"The checkpoint of {run.id} at step {checkpoint.step} is damaged"
        raise DamagedRunError(f"{message}: it holds another network than it says.") from None
    network.eval().requires_grad_(False)
    return network


def _build_network(kind: str, state: Mapping[str, Any]) -> Generator | Discriminator:
    if kind == "discriminator":
        return build_network(DiscriminatorSpec.from_json(state["discriminator"], "The checkpoint"))
    return build_network(parse_generator_spec(state["generator"], "The checkpoint"))


def network_files(
    network: Generator | Discriminator, name: str, card: Mapping[str, Any]
) -> list[Artifact]:
    """Return a network as the two files that `networks.store` reads."""
    with TemporaryDirectory() as folder:
        store.save_network(network, Path(folder) / name, card)
        return [Artifact(path.name, path.read_bytes()) for path in sorted(Path(folder).iterdir())]


def _to_array(tensor: Tensor) -> NDArray[Any]:
    return np.array(tensor.detach().cpu().numpy())


def _select_tensors(kind: str, arrays: Arrays) -> dict[str, Tensor]:
    start = f"{kind}."
    return {
        name.removeprefix(start): torch.from_numpy(np.array(value))
        for name, value in arrays.items()
        if name.startswith(start)
    }
