"""A generator of any name: a file of ours, an official one, an address, a short name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from epoque.bench.errors import DataError, UnknownNameError, UsageError
from epoque.bench.run import Runs

from .networks import Generator
from .networks.store import load
from .shipped import shipped

__all__ = ["Opened", "choose_device", "open_generator"]

Progress = Callable[[int, int | None], None]
TRAINED = "generator.json"
"""What a finished training leaves in its run's folder, beside the weights."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A generator, ready for use.

    Attributes:
        generator: in evaluation mode, float32, on its device.
        name: for people: the file's name without its ending.
        device: where it computes.
        card: what was told of it.
    """

    generator: Generator
    name: str
    device: torch.device
    card: dict[str, Any] = field(default_factory=dict)


def open_generator(
    name: str | Path, device: str = "auto", progress: Progress | None = None
) -> Opened:
    """Return a generator.

    Args:
        name: a short name of the package's own (see `shipped`); the path of a network of ours
            (`.json` or `.safetensors`, or without ending), of a finished run's folder (`last`: the
            newest under runs/), of an official snapshot (`.pkl`), an https address of one, or an
            official short name.
        device: see `choose_device`.
        progress: told how far a download is, in bytes.

    Raises:
        UnknownNameError: if there is no such network.
        DataError: if the file cannot be read or holds no generator.
        UsageError: if the device is not there.
        FetchError: if it cannot be fetched.
    """
    where = choose_device(device)
    path = _last() if str(name) == "last" else shipped().get(str(name), Path(name))
    ours = _ours(path)
    network, card = _stored(ours) if ours else _official(name, progress)
    network.to(where).eval().requires_grad_(False)
    return Opened(network, Path(card.get("file") or path).stem, where, card)


def choose_device(device: str = "auto") -> torch.device:
    """Return a device: `cpu`, `cuda`, `cuda:1`, or `auto`, which is CUDA where it is there.

    Raises:
        UsageError: if it is unknown, or asks for CUDA where there is none.
    """
    there = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if there else "cpu")
    kind, _, index = device.partition(":")
    if kind not in ("cpu", "cuda") or not (index.isdigit() or device == kind):
        raise UsageError(f"--device: {device} is not allowed; it takes auto, cpu or cuda.")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        told = f"{device} is not there" if there else "this machine has no CUDA device"
        raise UsageError(f"--device: {told}; cpu works everywhere.")
    return torch.device(device)


def _ours(path: Path) -> Path | None:
    """Return the description's path if the name is that of a network of ours."""
    if path.suffix in (".json", ".safetensors"):
        return path
    if (path / TRAINED).is_file():
        return path / TRAINED
    beside = path.with_name(f"{path.name}.json") if path.name else path
    return beside if beside.is_file() else None


def _last() -> Path:
    """Return the folder of the newest run that has trained a generator to the end."""
    trained = [run.path for run in Runs("runs") if (run.path / TRAINED).is_file()]
    if not trained:
        raise UnknownNameError("network", "last", (), " runs/ holds no finished training.")
    return trained[-1]


def _stored(path: Path) -> tuple[Generator, dict[str, Any]]:
    if not path.is_file():
        raise DataError(f"The file {path} does not exist.")
    found = load(path)
    if not isinstance(found.network, Generator):
        raise DataError(f"{path} holds a discriminator; a generator was expected.")
    return found.network, found.card


def _official(name: str | Path, progress: Progress | None) -> tuple[Generator, dict[str, Any]]:
    from .official.convert import card_of, network_of
    from .official.fetch import fetch
    from .official.snapshot import read_snapshot

    fetched = fetch(name, progress)
    snapshot = read_snapshot(fetched.path)
    network = network_of(snapshot, "G_ema")
    assert isinstance(network, Generator)
    card = card_of(snapshot, "G_ema")
    return network, card | {"file": fetched.path.name, "licence": fetched.licence}
