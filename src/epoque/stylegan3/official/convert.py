"""From an official snapshot to our networks, and to their files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epoque.bench.errors import DataError, UsageError
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.files.drafts import draft_folder

from .snapshot import NETWORKS, OfficialNetworkData, Snapshot, read_snapshot

if TYPE_CHECKING:
    from torch import Tensor

    from epoque.stylegan3.networks import Discriminator, DiscriminatorSpec, Generator, GeneratorSpec

__all__ = [
    "convert_network",
    "convert_snapshot",
    "load_official_network",
    "make_card",
    "parse_spec",
]

_FACTS: dict[str, dict[str, tuple[str, str]]] = {
    "Generator": {
        "conv_clamp": ("SynthesisLayer", "conv_clamp"),
        "use_noise": ("SynthesisLayer", "use_noise"),
        "architecture": ("SynthesisBlock", "architecture"),
        "mapping_kwargs.num_layers": ("MappingNetwork", "num_layers"),
        "mapping_kwargs.w_avg_beta": ("MappingNetwork", "w_avg_beta"),
    },
    "Discriminator": {
        "conv_clamp": ("Conv2dLayer", "conv_clamp"),
        "architecture": ("DiscriminatorBlock", "architecture"),
        "epilogue_kwargs.mbstd_group_size": ("MinibatchStdLayer", "group_size"),
        "epilogue_kwargs.mbstd_num_channels": ("MinibatchStdLayer", "num_channels"),
        "mapping_kwargs.num_layers": ("MappingNetwork", "num_layers"),
    },
}
"""Arguments whose defaults the official versions have changed, and what tells the real value."""


def convert_snapshot(
    path: Path,
    folder: Path,
    networks: Sequence[str] = NETWORKS,
    card: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write the networks of an official file as safetensors and JSON.

    Args:
        path: the snapshot.
        folder: where; made if it is not there.
        networks: which of G, D and G_ema.
        card: what else people shall know, such as the licence.

    Returns:
        The JSON files, each with a .safetensors file beside it.

    Raises:
        DataError: if the file cannot be read, or holds another network than it says.
        UsageError: if it has none of that name.
        RunWriteError: if the system refuses.
    """
    from epoque.stylegan3.networks.store import save_network

    snapshot = read_snapshot(path)
    with path.open("rb") as file:
        origin = {"file": path.name, "file_sha256": file_digest(file, "sha256").hexdigest()}
    with explain_write_errors(folder), _replace_folder(folder) as draft:
        for name in networks:  # one at a time: they are large
            full_card = make_card(snapshot, name) | origin | dict(card or {})
            save_network(load_official_network(snapshot, name), draft / name, full_card)
    return [folder / f"{name}.json" for name in networks]


@contextmanager
def _replace_folder(folder: Path) -> Iterator[Path]:
    """Give a folder that takes the real one's place if the block ends without an error.

    It is one renaming, so that a process that is killed leaves all or nothing of it.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with draft_folder(folder) as draft:
        yield draft
        if _can_replace(folder):
            draft.rename(folder)
        else:
            for file in sorted(draft.iterdir(), reverse=True):  # the weights first
                file.replace(folder / file.name)


def _can_replace(folder: Path) -> bool:
    """Remove an empty folder; return whether a new one can take its place.

    It cannot where the process works in it, or where another disk is mounted there.
    """
    if not folder.exists():
        return True
    if folder.samefile(Path.cwd()):
        return False
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def make_card(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """Return what an official file tells of one of its networks beside the network itself."""
    images = dict(snapshot.training_set)
    if isinstance(images.get("path"), str):  # whose folders are nobody's business
        images["path"] = images["path"].replace("\\", "/").rpartition("/")[2]
    card: dict[str, Any] = {"network": name, "training_set": images}
    if snapshot.augment is not None:
        strength = snapshot.augment.tensors.get("p")
        augment = {} if strength is None or strength.size != 1 else {"p": float(strength)}
        card["augment"] = augment | snapshot.augment.arguments
    return card


def load_official_network(snapshot: Snapshot, name: str = "G_ema") -> "Generator | Discriminator":
    """Return one of a snapshot's networks as a module of ours.

    Raises:
        UsageError: if the snapshot has none of that name.
        DataError: if its weights are not those of the network that its arguments describe.
    """
    if (network := snapshot.networks.get(name)) is None:
        names = ", ".join(snapshot.networks)
        raise UsageError(f"{snapshot.name} has no network {name!r}; it has {names}.")
    return convert_network(network, f"{snapshot.name}: {name}")


def convert_network(data: OfficialNetworkData, source: str) -> "Generator | Discriminator":
    """Return an official network as a module of ours, for use and not for training.

    Raises:
        DataError: if its weights are not those of the network that its arguments describe.
    """
    from epoque.stylegan3.networks import build_network
    from epoque.stylegan3.networks.store import load_weights

    spec = parse_spec(data, source)
    _check(spec, data, source)
    network = build_network(spec)
    load_weights(network, _copy_tensors(data, source), source)
    network.eval().requires_grad_(False)
    return network


def _check(
    spec: "GeneratorSpec | DiscriminatorSpec", data: OfficialNetworkData, source: str
) -> None:
    """Refuse weights of another network before memory is taken for the one described."""
    import torch

    from epoque.stylegan3.networks import build_network

    with torch.device("meta"):
        expected = {name: tuple(v.shape) for name, v in build_network(spec).state_dict().items()}
    there = {name: value.shape for name, value in data.tensors.items()}
    for name in sorted(expected.keys() | there.keys()):
        ours, theirs = expected.get(name), there.get(name)
        if ours != theirs:
            message = f"{name} is {_format_shape(theirs)}, {_format_shape(ours)} was expected"
            raise DataError(f"{source} does not hold the weights that it describes: {message}.")


def _format_shape(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else f"of shape {list(shape)}"


def _copy_tensors(data: OfficialNetworkData, source: str) -> "dict[str, Tensor]":
    """Return copies of the tensors, float32 and contiguous."""
    import torch

    copies = {}
    for name, value in data.tensors.items():
        copy = np.array(value, np.float32, order="C")
        if not np.isfinite(copy).all():
            raise DataError(f"{source}: {name} holds numbers that are not finite.")
        copies[name] = torch.from_numpy(copy)
    return copies


def parse_spec(data: OfficialNetworkData, source: str) -> "GeneratorSpec | DiscriminatorSpec":
    """Return what an official network's arguments describe.

    Raises:
        DataError: if it is neither a generator nor a discriminator, or not of the known kinds.
    """
    from epoque.stylegan3.networks import DiscriminatorSpec, parse_official_generator

    arguments = _complete_arguments(data)
    if data.name == "Discriminator":
        return DiscriminatorSpec.from_official(arguments, source)
    if data.name == "Generator":
        return parse_official_generator(data.family, arguments, source)
    raise DataError(f"{source} is a {data.name}, neither a generator nor a discriminator.")


def _complete_arguments(data: OfficialNetworkData) -> dict[str, Any]:
    """Return the arguments; those not told are as the modules say that they were."""
    arguments = dict(data.arguments)
    present = _argument_names(arguments)
    for argument, (kind, fact) in _FACTS.get(data.name, {}).items():
        group, _, name = argument.rpartition(".")
        facts = _first_facts(data, kind)
        if name in present.get(group, ()) or name in present[""] or fact not in facts:
            continue
        if group:
            arguments[group] = dict(arguments.get(group) or {}) | {name: facts[fact]}
        else:
            arguments[name] = facts[fact]
    return arguments


def _argument_names(arguments: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the names of the arguments: of the whole and of each group."""
    groups = {name: value for name, value in arguments.items() if isinstance(value, dict)}
    inner = {name: set(value) for name, value in groups.items()}
    parts = ("synthesis_kwargs", "block_kwargs", "layer_kwargs", "epilogue_kwargs")
    whole = set(arguments).union(*(inner.get(part, set()) for part in parts))
    return inner | {"": whole}


def _first_facts(data: OfficialNetworkData, kind: str) -> dict[str, Any]:
    """Return the facts of the first module of a class."""
    for name, class_name in data.classes.items():
        if class_name == kind:
            return data.facts.get(name, {})
    return {}
