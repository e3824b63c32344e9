"""Beginning with the weights of another training."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from epoque.bench.errors import DataError, UsageError
from epoque.bench.progress import Progress
from epoque.bench.runs.run import Run

from ..official.fetch import check_source, fetch

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["fetch_networks", "load_pretrained"]

Weights = Mapping[str, Tensor]


def load_pretrained(trainer: "Trainer", source: str) -> dict[str, tuple[int, int]]:
    """Give a training's new networks the weights of others, wherever name and shape are the same.

    Args:
        trainer: of networks that have learned nothing yet.
        source: a run's folder; a network that was saved, of which only this one is filled; or an
            official snapshot: its path, https address or short name.

    Returns:
        Network (generator, discriminator, average) to how many of its tensors were filled, and of
        how many.

    Raises:
        DataError: if it cannot be read, or if nothing of it fits.
        UnknownNameError: if there is no such network.
        FetchError: if it cannot be fetched.
    """
    weights_of = _read_weights(source)
    places: dict[str, nn.Module] = {
        "generator": trainer.gan.generator,
        "discriminator": trainer.gan.discriminator,
        "average": trainer.ema.generator,
    }
    filled = {kind: _copy_weights(places[kind], weights) for kind, weights in weights_of.items()}
    if not any(count for count, _ in filled.values()):
        raise DataError(f"resume_from: nothing of {source} fits the networks of this training.")
    return filled


def check_networks(source: str) -> None:
    """Check that what `load_pretrained` would take is there, or may be fetched.

    Raises:
        DataError: if the file does not exist.
        UsageError: if it is another lab's run, or the address is not https.
        UnknownNameError: if there is no such network.
        DamagedRunError: if a run cannot be read.
    """
    path = Path(source)
    if _is_official(source):
        check_source(source)
    elif path.is_dir():
        _check_lab(Run(path))
    elif not path.is_file():
        raise DataError(f"The file {path} does not exist.")


def _check_lab(run: Run) -> None:
    if run.metadata["lab"] != "stylegan3":
        raise UsageError(f"{run.id} is a run of the lab {run.metadata['lab']}, not of stylegan3.")


def fetch_networks(source: str, progress: Progress) -> None:
    """Fetch what `load_pretrained` would, so that it finds it in the cache folder.

    Args:
        source: likewise.
        progress: told how far it is.

    Raises:
        UnknownNameError: if there is no such network.
        FetchError: if it cannot be fetched.
    """
    if _is_official(source):
        fetch(source, progress)


def _is_official(source: str) -> bool:
    path = Path(source)
    return not (path / "config.json").is_file() and path.suffix not in (".json", ".safetensors")


@torch.no_grad()
def _copy_weights(network: nn.Module, weights: Weights) -> tuple[int, int]:
    places = network.state_dict()
    fitting = [n for n, v in weights.items() if n in places and places[n].shape == v.shape]
    for name in fitting:
        places[name].copy_(weights[name])
    return len(fitting), len(places)


def _read_weights(source: str) -> dict[str, Weights]:
    """Return the weights that a name stands for, by network."""
    if _is_official(source):
        return _snapshot_weights(source)
    path = Path(source)
    return _run_weights(Run(path)) if path.is_dir() else _file_weights(path)


def _run_weights(run: Run) -> dict[str, Weights]:
    from .checkpoint import KINDS, load_run_network

    _check_lab(run)
    return {kind: load_run_network(run, None, kind).state_dict() for kind in KINDS}


def _file_weights(path: Path) -> dict[str, Weights]:
    from ..networks import Generator
    from ..networks.store import load_network

    network = load_network(path).network
    weights = network.state_dict()
    if isinstance(network, Generator):
        return {"generator": weights, "average": weights}
    return {"discriminator": weights}


def _snapshot_weights(source: str) -> dict[str, Weights]:
    from ..official.convert import load_official_network
    from ..official.snapshot import read_snapshot

    snapshot = read_snapshot(fetch(source).path)
    names = {"generator": "G", "discriminator": "D", "average": "G_ema"}
    return {
        kind: load_official_network(snapshot, name).state_dict() for kind, name in names.items()
    }
