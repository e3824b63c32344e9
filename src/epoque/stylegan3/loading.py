"""A generator of any name: a file of ours, an official one, an address, a short name."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from epoque.bench.errors import DataError, UnknownNameError
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.progress import Progress
from epoque.bench.runs.lookup import LAST, iter_records, sort_newest_first
from epoque.bench.runs.run import Run
from epoque.bench.torch.device import choose_device

from .bundled import bundled_paths
from .config import StyleGan3Config
from .networks import Generator
from .networks.store import load_network

__all__ = ["LoadedGenerator", "choose_device", "fetch_generator", "load_generator"]

TRAINED = "generator.json"
"""What a finished training leaves in its run's folder, beside the weights."""
IN_FOLDERS = (TRAINED, "G_ema.json")
"""What a folder is named for: a training's network, or that of an official file, imported."""
ENDINGS = (".json", ".safetensors", ".pkl")


@dataclass(frozen=True, slots=True)
class LoadedGenerator:
    """A generator, ready for use.

    Attributes:
        generator: in evaluation mode, float32, on its device.
        name: for people: the file's name without its ending, or the folder's.
        device: where it computes.
        card: what was told of it.
    """

    generator: Generator
    name: str
    device: torch.device
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def portrait_count(self) -> int:
        """How many drawn portraits it learned from, as its card tells; 0 if from others."""
        training = self.card.get("training")
        if not isinstance(training, dict) or training.get("data") is not None:
            return 0
        usual = StyleGan3Config.model_fields["avatars"].default
        return int(training.get("avatars", usual))


def load_generator(
    name: str | Path, device: str = "auto", progress: Progress | None = None
) -> LoadedGenerator:
    """Return a generator.

    Args:
        name: a short name of the package's own (see `bundled_paths`); the path of a network of ours
            (`.json` or `.safetensors`, or without ending), of a finished run's folder (`last`: the
            newest in `runs_folder()`) or an imported network's, of an official snapshot (`.pkl`),
            an https address of one, or an official short name.
        device: see `choose_device`.
        progress: told how far a download is, in bytes.

    Raises:
        UnknownNameError: if there is no such network.
        DataError: if the file cannot be read or holds no generator.
        UsageError: if the device is not there.
        FetchError: if it cannot be fetched.
    """
    where = choose_device(device)
    path = _find_newest() if str(name) == LAST else bundled_paths().get(str(name), Path(name))
    ours = _find_description(path)
    network, card = _load_stored(ours) if ours else _load_official(name, progress)
    network.to(where).eval().requires_grad_(False)
    return LoadedGenerator(network, _display_name(ours or Path(card["file"])), where, card)


def is_local(name: str) -> bool:
    """Return whether a network need not be fetched.

    Raises:
        UnknownNameError: if there is no such network.
        DataError: if the file does not exist.
        UsageError: if it is an address that is not fetched.
    """
    from .official.fetch import check_source

    if name == LAST:
        _find_newest()
    elif _find_description(bundled_paths().get(name, Path(name))) is None:
        check_source(name)
        return Path(name).is_file()
    return True


def fetch_generator(name: str, progress: Progress) -> None:
    """Fetch what `load_generator` would, so that it finds it in the cache folder.

    Raises:
        UnknownNameError: if there is no such network.
        FetchError: if it cannot be fetched.
    """
    from .official.fetch import fetch

    if name != LAST and not _find_description(bundled_paths().get(name, Path(name))):
        fetch(name, progress)


def _display_name(path: Path) -> str:
    """Return what a file's network is called: as the file, or as the folder that has only one."""
    if path.name in IN_FOLDERS:
        return path.absolute().parent.name
    return path.stem if path.suffix in ENDINGS else path.name


def _find_description(path: Path) -> Path | None:
    """Return the description's path if the name is that of a network of ours.

    Raises:
        DataError: if it is that of a folder without one.
    """
    if path.suffix in (".json", ".safetensors"):
        return path
    for name in IN_FOLDERS:
        if (path / name).is_file():
            return path / name
    beside = path.with_name(f"{path.name}.json") if path.name else path
    if beside.is_file():
        return beside
    if path.is_dir():
        message = "neither that of a finished training nor an imported one (G_ema.json)"
        raise DataError(f"The folder {path} holds no generator, {message}.")
    return None


def _find_newest() -> Path:
    """Return the folder of the newest run that has trained a generator to the end."""
    root = runs_folder()
    trained = [run for run in iter_records(root, Run) if (run.path / TRAINED).is_file()]
    if not trained:
        raise UnknownNameError("network", LAST, (), f" {root}/ holds no finished training.")
    return sort_newest_first(trained)[0].path


def _load_stored(path: Path) -> tuple[Generator, dict[str, Any]]:
    if not path.is_file():
        raise DataError(f"The file {path} does not exist.")
    stored = load_network(path)
    if not isinstance(stored.network, Generator):
        raise DataError(f"{path} holds a discriminator; a generator was expected.")
    return stored.network, _resolve_data_path(stored.card, path)


def _resolve_data_path(card: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a card that tells where the images lie that a training took from a relative path.

    The file itself tells the path as it was given: the bytes of a run do not depend on its folder.
    A run lies in or under the folder that its training was started in, if it was not moved.
    """
    training = card.get("training")
    if not isinstance(training, dict) or not isinstance(path_text := training.get("data"), str):
        return card
    places = (folder / path_text for folder in path.absolute().parents)
    there = next((str(place) for place in places if place.exists()), path_text)
    return card | {"training": {**training, "data": there}}


def _load_official(name: str | Path, progress: Progress | None) -> tuple[Generator, dict[str, Any]]:
    from .official.convert import load_official_network, make_card
    from .official.fetch import fetch
    from .official.snapshot import read_snapshot

    fetched = fetch(name, progress)
    snapshot = read_snapshot(fetched.path)
    network = load_official_network(snapshot, "G_ema")
    assert isinstance(network, Generator)
    card = make_card(snapshot, "G_ema")
    return network, card | {"file": fetched.path.name, "licence": fetched.license}
