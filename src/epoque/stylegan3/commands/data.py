"""`epoque stylegan3 import|networks` and `epoque stylegan3 dataset make|check|avatars`."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import DataError, UsageError
from epoque.bench.files.output_paths import check_file, check_folder
from epoque.bench.options import AsJson, Quiet, at_least
from epoque.bench.terminal import console, downloading, print_json, progress_bar, say

from ..out_of_memory import explain_out_of_memory
from .shared import Seed

if TYPE_CHECKING:
    from ..dataset.build import BuildReport

__all__ = ["DATASET", "add_data_commands", "import_network", "list_networks"]

DATASET = App(name="dataset", help="Make and check sets of images in the official format.")

SHOWN_CLASSES = 100
"""Of how many classes `check` tells the pictures; `--json` tells all."""

Which = Literal["G", "D", "G_ema"]
Transforms = Literal["none", "stretch", "center-crop", "center-crop-wide"]

NewSet = Annotated[Path, Parameter(help="The new set: a .zip, or else a folder.")]
Resolution = Annotated[
    str | None,
    Parameter(help="Pixels of a side (a power of two), or WIDTHxHEIGHT for center-crop-wide."),
]


def add_data_commands(app: App) -> None:
    """Add these commands to the lab's."""
    app.command(explain_out_of_memory()(import_network), name="import")
    app.command(list_networks, name="networks")
    app.command(DATASET)


def import_network(
    network: Annotated[
        str,
        Parameter(help="An official .pkl, its https address, or a name of `networks`."),
    ],
    /,
    *,
    out: Annotated[
        Path | None, Parameter(help="The folder to write [default: named as the file].")
    ] = None,
    only: Annotated[
        list[Which] | None,
        Parameter(help="G, D or G_ema, repeatable [default: all].", negative=""),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Turn an official network file into safetensors and JSON, without executing anything in it.

    G_ema is the generator to use; G and D are for going on with its training. An official file is
    a programme that the official tools run; here it is only read, and refused if it asks for
    anything else than a network's data.

    Examples: `epoque stylegan3 import network-snapshot-000200.pkl --out mine`,
    `epoque stylegan3 import ffhqu-256-t --only G_ema`.
    """
    from ..official.convert import convert_snapshot
    from ..official.fetch import fetch

    if out is not None:
        _check_new(out)
    with downloading(quiet=quiet) as progress:
        fetched = fetch(network, progress)
    folder = out or Path(fetched.path.stem)
    _check_new(folder)
    card = {"licence": fetched.licence, "url": fetched.url}
    files = convert_snapshot(fetched.path, folder, only or ("G", "D", "G_ema"), card)
    if as_json:
        licence = {"licence": fetched.licence, "sha256": fetched.sha256}
        print_json({"files": [str(file) for file in files]} | licence)
        return
    for file in files:
        say(f"{file}: {_described(file)}")
    say(f"Licence: {fetched.licence or 'not stated; ask whoever made it'}.")


def _check_new(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(f"--out: {folder} is there already; give another folder.")
    check_folder("--out", folder)


def _described(file: Path) -> str:
    """Return what a description tells of its network, in a few words."""
    spec = json.loads(file.read_bytes())["spec"]
    kind = spec.get("network", "discriminator")
    if kind == "stylegan3":
        kind += ", config R" if spec["use_radial_filters"] else ", config T"
    side, colour = spec["img_resolution"], "grey" if spec["img_channels"] == 1 else "colour"
    classes = f", labels of {spec['c_dim']}" if spec["c_dim"] else ""
    return f"{kind}, {side}×{side} in {colour}{classes}"


def list_networks(*, as_json: AsJson = False) -> None:
    """List the networks that have short names: those of the package, and the official ones.

    The package's own are there at once. The official ones are NVIDIA's; they are fetched when
    first asked for, and their licence allows research and evaluation only. `--json` tells all that
    is known of each, the card of the package's own too.

    Example: `epoque stylegan3 networks`.
    """
    from rich import box
    from rich.table import Table

    from ..bundled import list_bundled
    from ..official.catalogue import LICENCE, OFFICIAL

    ours, official = list_bundled(), list(OFFICIAL.values())
    if as_json:
        print_json([*map(asdict, ours), *map(asdict, official)])
        return
    table = Table("name", "config", "pixels", "images", "licence", box=box.SIMPLE_HEAD)
    for entry in ours:
        told = f"{entry.images}{_length(entry.card)}"
        table.add_row(entry.name, entry.config, str(entry.resolution), told, entry.licence)
    for other in official:
        size = str(other.resolution)
        table.add_row(other.name, other.config, size, other.images, "NVIDIA, non-commercial")
    console().print(table)
    if ours:
        say("The first ones come with the package; the others are fetched when asked for.")
    say(f"Licence of the official ones: {LICENCE}.")


def _length(card: Mapping[str, Any]) -> str:
    """Return how long a network was trained, as the end of a sentence."""
    kimg = card.get("kimg")
    done = "copied" if card.get("method") == "copying" else "seen"
    return f"; {kimg:,.0f} thousand images {done}" if isinstance(kimg, int | float) else ""


@DATASET.command
def make(
    source: Annotated[
        Path,
        Parameter(
            help="A folder, a zip, a .parquet file, or a folder of such files as from the Hub."
        ),
    ],
    to: NewSet,
    /,
    *,
    resolution: Resolution = None,
    transform: Annotated[
        Transforms,
        Parameter(help="What is done with pictures of other proportions; none refuses them."),
    ] = "none",
    background: Annotated[
        str, Parameter(help="Seen through transparent pixels: a colour's name, or #rrggbb.")
    ] = "white",
    channels: Annotated[
        Literal[1, 3] | None, Parameter(help="1 makes all pictures grey, 3 all colour.")
    ] = None,
    labels: Annotated[
        Literal["file", "folders", "none"],
        Parameter(help="Classes from dataset.json, from the folders' names, or none."),
    ] = "file",
    image_column: Annotated[
        str, Parameter(help="Of Parquet: the pictures [default: the first that fits].")
    ] = "",
    label_column: Annotated[
        str, Parameter(help="Of Parquet: the labels [default: label, if there is one].")
    ] = "",
    split: Annotated[
        str | None,
        Parameter(help="Of Parquet with several splits: which, such as train, or train,test."),
    ] = None,
    limit: Annotated[
        int | None, Parameter(help="Take only so many pictures.", validator=at_least(1))
    ] = None,
    skip_bad: Annotated[
        bool, Parameter(negative="", help="Pass over pictures that cannot be used.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make a set of equal square pictures, in the official format.

    Pictures are laid over the background where they are transparent, turned upright, brought into
    proportion as `--transform` says, and scaled with Lanczos' filter. `stretch` scales both sides
    (as the official tool does when it is told nothing), `center-crop` takes the square in the
    middle, `center-crop-wide` the middle in the proportions of `--resolution` with black above and
    below.

    Examples: `epoque stylegan3 dataset make photos photos-64.zip --resolution 64
    --transform center-crop`, `epoque stylegan3 dataset make train.parquet set.zip
    --resolution 128`.
    """
    from ..dataset.build import BuildOptions
    from ..dataset.build import build_dataset as write
    from ..dataset.preprocess import CropOptions
    from ..dataset.sources import Columns, open_source

    rules = BuildOptions(
        CropOptions(_size(resolution), transform), background, channels, limit, skip_bad
    )
    check_file("TO", to)
    opened = open_source(source, labels, Columns(image_column, label_column), split)
    with progress_bar("reading", "pictures", quiet=quiet) as progress:
        made = write(opened, to, rules, progress)
    _tell(made, as_json=as_json)


def _size(told: str | None) -> tuple[int, int] | None:
    """Return width and height of `64` or `64x48`."""
    if told is None:
        return None
    sides = told.lower().replace("×", "x").split("x")
    fine = all(side.isascii() and side.isdigit() and len(side) < 8 for side in sides)
    if len(sides) > 2 or not fine:
        raise UsageError(f"--resolution: {told} is not allowed; it is such as 64, or 64x48.")
    return int(sides[0]), int(sides[-1])


def _tell(made: "BuildReport", *, as_json: bool) -> None:
    """Tell what was made."""
    if as_json:
        print_json(asdict(made) | {"path": str(made.path)})
        return
    colour = "grey" if made.channels == 1 else "colour"
    labelled = "with labels" if made.labelled else "without labels"
    side = f"{made.resolution}×{made.resolution}"
    say(f"{made.path}: {made.count:,} pictures, {side} in {colour}, {labelled}.")
    for told in made.skipped:
        say(f"Passed over: {told}.")
    for told in made.remarks:
        say(f"- {told}")


@DATASET.command
def check(
    path: Annotated[Path, Parameter(help="A zip or folder.")],
    /,
    *,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look at every picture and label of a set, and say what is wrong with it.

    Example: `epoque stylegan3 dataset check photos-64.zip`.
    """
    from ..dataset.check import check_dataset as look

    with progress_bar("reading", "pictures", quiet=quiet) as progress:
        found = look(path, progress)
    if as_json:
        print_json(asdict(found))
    else:
        colour = "grey" if found.channels == 1 else "colour"
        side = f"{found.width}×{found.height}"
        most = "mostly " if found.sizes > 1 else ""
        size = f"{found.bytes / 2**20:,.1f} MiB"
        say(f"{found.count:,} pictures, {most}{side} in {colour}, {size}.")
        shown = ", ".join(map(str, found.classes[:SHOWN_CLASSES]))
        more = len(found.classes) - SHOWN_CLASSES
        classes = f"classes of {shown}{f' … ({more:,} more)' * (more > 0)} pictures"
        vectors = f"vectors of {found.label_dim} numbers" if found.label_dim else "none"
        say(f"Labels: {classes if found.classes else vectors}.")
        for told in (*found.problems, *found.remarks):
            say(f"- {told}")
    if found.problems:
        count = len(found.problems)
        raise DataError(f"{path} has {count} problem{'s' if count > 1 else ''}.")
    if not as_json:
        say("It can be trained on.")


@DATASET.command
def avatars(
    to: NewSet,
    /,
    *,
    count: Annotated[int, Parameter(help="How many portraits.")] = 10_000,
    resolution: Annotated[int, Parameter(help="Pixels of a side: 16 to 1024.")] = 64,
    seed: Annotated[Seed, Parameter(help="Chooses them.")] = 0,
    workers: Annotated[
        int | None,
        Parameter(help="Processes [default: as many as cores].", validator=at_least(1)),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Draw cartoon portraits whose attributes are known: as many as wanted, all aligned.

    The labels are vectors; `label_names` in dataset.json says what each entry means, such as
    `hair=short`. The same seed and size draw the same bytes. Needs the extra `avatars`.

    Example: `epoque stylegan3 dataset avatars faces.zip --count 5000 --resolution 64`.
    """
    from ..dataset.avatars import make_avatars

    check_file("TO", to)
    with progress_bar("drawing", "portraits", quiet=quiet) as progress:
        made = make_avatars(to, count, resolution, seed, workers=workers, progress=progress)
    _tell(made, as_json=as_json)
