"""Files of networks: `import_network`, `export_network` and `list_networks`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epoque.bench.actions import FilePath, Options, RunReference, action, check_place, option
from epoque.bench.files.output_paths import check_file, check_folder
from epoque.bench.progress import Notify, Progress

from ..out_of_memory import explain_out_of_memory
from .options import NetworkOptions, fetch_progress, load_network, refuse

if TYPE_CHECKING:
    from ..bundled import BundledNetwork
    from ..export.write import ExportedFile
    from ..official.catalog import OfficialNetwork

__all__ = ["ImportedNetwork", "KnownNetworks", "export_network", "import_network", "list_networks"]

Which = Literal["G", "D", "G_ema"]


class ImportOptions(Options):
    """Of `import_network`."""

    network: RunReference = option(
        ..., "An official .pkl, its https address, or a name of `networks`.", positional=True
    )
    out: FilePath | None = option(None, "The folder to write [default: named as the file].")
    only: tuple[Which, ...] = option((), "G, D or G_ema, repeatable [default: all].")


@dataclass(frozen=True, slots=True)
class ImportedNetwork:
    """An official network as files of ours.

    Attributes:
        files: a description of each network, with its weights beside it.
        license: of the weights, if it is known.
        sha256: of the official file.
    """

    files: tuple[Path, ...]
    license: str | None
    sha256: str


@action
@explain_out_of_memory()
def import_network(options: ImportOptions, progress: Progress) -> ImportedNetwork:
    """Turn an official network file into safetensors and JSON, without executing anything in it.

    G_ema is the generator to use; G and D are for going on with its training. An official file is
    a programme that the official tools run; here it is only read, and refused if it asks for
    anything else than a network's data.

    Returns:
        The files, and the licence of the weights.

    Raises:
        ConfigError: if an option is wrong, or the folder is there already.
        DataError: if the file cannot be read, or holds something else.
        UnknownNameError: if there is no such network.
        FetchError: if it cannot be fetched.
    """
    from ..official.convert import convert_snapshot
    from ..official.fetch import fetch

    if options.out is not None:
        _check_new(options.out)
    fetched = fetch(options.network, fetch_progress(progress))
    folder = options.out or Path(fetched.path.stem)
    _check_new(folder)
    card = {"licence": fetched.license, "url": fetched.url}
    which: Sequence[Which] = options.only or ("G", "D", "G_ema")
    files = convert_snapshot(fetched.path, folder, which, card)
    return ImportedNetwork(tuple(files), fetched.license, fetched.sha256)


def _check_new(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise refuse("out", f"{folder} is there already; give another folder.")
    check_place(check_folder, "out", folder)


class ListOptions(Options):
    """Of `list_networks`: it takes none."""


@dataclass(frozen=True, slots=True)
class KnownNetworks:
    """The networks that have short names.

    Attributes:
        bundled: those of the package.
        official: NVIDIA's, which are fetched when they are asked for.
        official_license: the terms of their use.
    """

    bundled: "tuple[BundledNetwork, ...]"
    official: "tuple[OfficialNetwork, ...]"
    official_license: str


@action
def list_networks(options: ListOptions) -> KnownNetworks:  # noqa: ARG001
    """List the networks that have short names: those of the package, and the official ones.

    The package's own are there at once. The official ones are NVIDIA's; they are fetched when
    first asked for, and their licence allows research and evaluation only.

    Returns:
        All that is known of each.
    """
    from ..bundled import list_bundled
    from ..official.catalog import LICENSE, OFFICIAL

    return KnownNetworks(tuple(list_bundled()), tuple(OFFICIAL.values()), LICENSE)


class ExportOptions(NetworkOptions):
    """Of `export_network`."""

    to: FilePath = option(
        ..., "A file, .onnx or .pt2 (torch.export), or a folder for all parts in both."
    )
    part: tuple[Literal["generator", "mapping", "synthesis"], ...] = option(
        (),
        "z to images, z to styles w, or w to images; repeatable [default: the generator in a file, "
        "all in a folder].",
    )
    format: tuple[Literal["onnx", "pt2"], ...] = option((), "Of a folder's files, repeatable.")
    cutoff: int | None = option(
        None, "How many of the first layers are truncated [default: all].", ge=0
    )
    check: int = option(
        2, "How many images check a file, made at once: 0 for none, 3 at most.", ge=0, le=3
    )


@action
@explain_out_of_memory()
def export_network(
    options: ExportOptions, progress: Progress, notify: Notify
) -> "tuple[ExportedFile, ...]":
    """Write a generator as ONNX or as a `torch.export` program, and check that it does the same.

    Such a file runs without epoque. Its inputs are float32: `z` [batch, z_dim] of unit variance,
    or the styles `w` [batch, layers, w_dim]; `truncation`, a single number, 1 for images as drawn;
    and `label` [batch], whole numbers, where the network has classes, or [batch, numbers] where it
    learned from labels of many numbers. The batch is of any size. Images come out as [batch,
    channels, height, width], −1 to 1. The cutoff and, of StyleGAN2, the network's own noise are
    fixed in the file.

    Each file is run before it is written, and its images compared with the network's; the largest
    difference is told. A card beside it (`.json`) tells inputs, outputs, licence and check. ONNX
    needs the extra `export`, and ONNX Runtime (`pip install onnxruntime`) to be run where images
    are larger than 64 pixels.

    Returns:
        The files, each with what the check has shown.

    Raises:
        ConfigError: if an option is wrong.
        MissingExtraError: for ONNX without the extra `export`.
        UnknownNameError: if there is no such network.
        UsageError: if the options do not go together.
    """
    from ..export.write import export_generator, export_paths

    paths = export_paths(options.to, options.part, options.format)
    for path in paths:
        check_place(check_file, "to", path, ("", ".json"))
    loaded = load_network(options.network, "cpu", progress, notify)
    return tuple(
        export_generator(
            loaded, paths, cutoff=options.cutoff, images=options.check, progress=progress
        )
    )
