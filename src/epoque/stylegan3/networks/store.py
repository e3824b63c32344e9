"""Networks on disk: weights as safetensors, what they are as JSON beside them.

`NAME.safetensors` holds every parameter and buffer by its name in the module, `NAME.json` the
description the module is built from, the digest of the weights, and a card for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from epoque.bench.errors import DamagedRunError, DataError
from epoque.bench.files.atomic import read_json, write_atomic, write_json
from epoque.bench.files.input_files import read_regular
from epoque.bench.files.safetensors_file import parse_safetensors
from epoque.bench.limits import MAX_WEIGHTS_BYTES

from ..conditioning import Conditioning
from . import build_network
from .discriminator import Discriminator
from .generator import Generator
from .spec import DiscriminatorSpec, NetworkSpec, parse_generator_spec

__all__ = ["LoadedNetwork", "load_generator_file", "load_network", "load_weights", "save_network"]

_FORMAT = 1
_SUFFIXES = (".json", ".safetensors")


@dataclass(frozen=True, slots=True)
class LoadedNetwork:
    """A network as it was read.

    Attributes:
        network: on the CPU, float32, for use and not for training.
        card: what was told of it when it was saved.
    """

    network: Generator | Discriminator
    card: dict[str, Any]


def save_network(
    network: Generator | Discriminator, path: Path, card: Mapping[str, Any] | None = None
) -> None:
    """Write a network: first its weights, then the JSON that names their digest.

    Args:
        network: what to save.
        path: where, with or without one of the two suffixes.
        card: what people shall know of it, as JSON: data, licence, measurements, …

    Raises:
        RunWriteError: if the system refuses.
    """
    description, weights = _files(path)
    state = {name: v.detach().cpu().contiguous() for name, v in network.state_dict().items()}
    data = to_bytes(state)
    write_atomic(weights, data)
    role = "discriminator" if isinstance(network, Discriminator) else "generator"
    write_json(
        description,
        {
            "format": _FORMAT,
            "role": role,
            "spec": network.spec.to_json(),
            "sha256": sha256(data).hexdigest(),
            "card": dict(card or {}),
        },
    )


def load_network(path: Path) -> LoadedNetwork:
    """Read a network.

    Args:
        path: of either file, or of both without their suffix.

    Raises:
        DataError: if a file is missing or damaged, or if the two do not belong together.
    """
    description, weights = _files(path)
    content = _read_description(description)
    spec = _parse_spec(content, description)
    data = read_regular(weights, MAX_WEIGHTS_BYTES)
    if sha256(data).hexdigest() != content.get("sha256"):
        raise DataError(f"{weights} is damaged, or not what {description.name} describes.")
    arrays = parse_safetensors(memoryview(data), str(weights))
    state = {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}
    with torch.device("meta"):  # a description of a giant takes no memory
        network = build_network(spec)
    load_weights(network, state, str(weights))
    card = content.get("card")
    card = card if isinstance(card, dict) else {}
    network.float().eval().requires_grad_(False)
    if isinstance(network, Generator):
        labels = Conditioning.from_json(card.get("labels"), network.spec.c_dim, str(description))
        network.labels = labels
    return LoadedNetwork(network, card)


def load_generator_file(path: Path) -> Generator:
    """Read a generator; see `load_network`.

    Raises:
        DataError: if it is none, too.
    """
    network = load_network(path).network
    if not isinstance(network, Generator):
        raise DataError(f"{path} holds a discriminator; a generator was expected.")
    return network


def load_weights(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Give a network its weights; the tensors become its own.

    Args:
        network: of `build_network`, on any device, "meta" too.
        state: every parameter and buffer by name.
        source: where they come from, for an error.

    Raises:
        DataError: if a name is missing or not known, or if a shape is another.
    """
    expected = network.state_dict()
    for name in expected.keys() ^ state.keys():
        problem = "lacks" if name in expected else "has an unknown"
        raise DataError(f"{source} {problem} {name!r}; it is of another network.")
    for name, place in expected.items():
        if place.shape != state[name].shape:
            shapes = f"{list(state[name].shape)}, not {list(place.shape)}"
            raise DataError(f"{source}: {name} has shape {shapes}; it is of another network.")
    network.load_state_dict(state, assign=True)


def _files(path: Path) -> tuple[Path, Path]:
    stem = path.name.removesuffix(path.suffix) if path.suffix in _SUFFIXES else path.name
    description, weights = (path.with_name(stem + suffix) for suffix in _SUFFIXES)
    return description, weights


def _read_description(description: Path) -> dict[str, Any]:
    try:
        content = read_json(description)
    except DamagedRunError as error:
        raise DataError(str(error)) from None
    if content.get("format") != _FORMAT:
        version = content.get("format")
        raise DataError(f"{description} has format {version!r}; this Epoque reads {_FORMAT}.")
    return content


def _parse_spec(content: Mapping[str, Any], description: Path) -> NetworkSpec:
    spec, role = content.get("spec"), content.get("role")
    if not isinstance(spec, dict) or role not in ("generator", "discriminator"):
        raise DataError(f"{description} describes neither a generator nor a discriminator.")
    if role == "discriminator":
        return DiscriminatorSpec.from_json(spec, str(description))
    return parse_generator_spec(spec, str(description))
