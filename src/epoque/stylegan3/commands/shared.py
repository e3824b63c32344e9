"""What the lab's commands share: options, opening a network, telling and drawing."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from epoque.bench.errors import UsageError
from epoque.bench.files.output_paths import folder_of
from epoque.bench.options import Device
from epoque.bench.runs.lookup import LAST
from epoque.bench.terminal import downloading, save_picture, say_taken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..generation.inputs import LatentInput
    from ..generation.synthesis import MappingOptions
    from ..loading import LoadedGenerator

__all__ = [
    "Cutoff",
    "Device",
    "Images",
    "Label",
    "Network",
    "Noise",
    "Precision",
    "Seed",
    "Seeds",
    "Truncation",
    "Written",
    "check_ending",
    "check_starts",
    "finite",
    "open_network",
    "refuse_ignored",
    "save_drawn",
    "starts_of",
    "styling_of",
]

LAST_SEED = 2**32 - 1
"""As `latents.LAST_SEED`, which NumPy comes with."""


def _check_seed(_type: object, seed: int) -> None:
    if not 0 <= seed <= LAST_SEED:
        raise ValueError(f"is not allowed; it takes 0 to {LAST_SEED}.")


Network = Annotated[
    str,
    Parameter(
        help="A network: a short name (`epoque stylegan3 networks` lists them), its file, a "
        "finished run's folder or `last`, an imported one's folder, an official .pkl, or an https "
        "address of one."
    ),
]
Seeds = Annotated[str | None, Parameter(help="Seeds, such as 2,674,1024 or 0-7.")]
Written = Annotated[
    list[Path] | None,
    Parameter(
        name="--w",
        negative="",
        help="Styles written earlier, after those of the seeds: a .npz of `generate --styles` or "
        "of `project` (its w+, without the noise); repeatable.",
    ),
]
Precision = Annotated[
    Literal["float32", "bfloat16", "float16"],
    Parameter(
        help="Of the convolutions at the highest resolutions. A shorter one can be faster on "
        "graphics cards, and on processors with hardware for it; without, the rounding is the same "
        "but nothing is gained: it takes up to half as long again. The error is measured on the "
        "first image, and told."
    ),
]
Truncation = Annotated[
    float,
    Parameter(
        help="How far from the mean image: 1 as drawn, 0 the mean.", allow_leading_hyphen=True
    ),
]
Cutoff = Annotated[
    int | None, Parameter(help="How many of the first layers are truncated [default: all].")
]
Label = Annotated[
    str | None,
    Parameter(
        name="--class",
        help="The class: its number from 0, its name, or any. Of a network that learned from "
        "labels of many numbers: names such as hair=long,glasses=none, all the numbers, or a .json "
        "or .txt file of them; what is not told is drawn by the seed.",
        allow_leading_hyphen=True,
    ),
]
Noise = Annotated[
    Literal["const", "random", "none"],
    Parameter(help="Of StyleGAN2: the network's own, drawn anew for each seed, or none."),
]
Images = Annotated[int, Parameter(help="How many images to measure.")]
Seed = Annotated[
    int,
    Parameter(help="Seed of the random inputs.", validator=_check_seed, allow_leading_hyphen=True),
]
"""Of one number; a command may give it another help."""


def refuse_ignored(given: Mapping[str, bool], why: str) -> None:
    """Refuse an option that would have no effect.

    Args:
        given: option to whether it was given another value than its default.
        why: it would be ignored.

    Raises:
        UsageError: naming the first.
    """
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"--{option}: it would be ignored; {why}.")


def check_starts(
    seeds: str | None,
    files: Sequence[Path] | None,
    truncation: float,
    cutoff: int | None,
    label: str | None,
) -> list[int]:
    """Return the seeds of images that also start from files of styles; see `starts_of`.

    Raises:
        UsageError: if there is neither, or an option would change nothing without seeds.
    """
    from ..generation.seed_list import parse_seeds

    if seeds is not None:
        return parse_seeds(seeds)
    if not files:
        raise UsageError("Give --seeds, or --w for styles that were written earlier.")
    given = {
        "truncation": truncation != 1,
        "cutoff": cutoff is not None,
        "class": label is not None,
    }
    refuse_ignored(given, "styles of --w are taken as they are")
    return []


def starts_of(
    opened: "LoadedGenerator", seeds: Sequence[int], files: Sequence[Path] | None
) -> "list[LatentInput]":
    """Return what images are made from: the seeds, then all styles of the files."""
    from ..generation.inputs import read_styles

    read = [style for file in files or () for style in read_styles(file, opened.generator)]
    return [*seeds, *read]


def open_network(network: str, device: str, *, quiet: bool) -> "LoadedGenerator":
    """Open a generator of any name, and say which run was taken for `last`.

    See `opening.open_generator`.
    """
    from ..loading import load_generator

    with downloading(quiet=quiet) as progress:
        opened = load_generator(network, device, progress)
    if network == LAST:
        say_taken(network, opened.name, quiet=quiet)
    return opened


def styling_of(truncation: float, cutoff: int | None, label: str | None) -> "MappingOptions":
    """Return how styles are made, as typed."""
    from ..generation.synthesis import MappingOptions

    return MappingOptions(finite(truncation, "truncation"), cutoff, label)


def save_drawn(figure: "Figure", out: Path) -> None:
    """Save a picture as PNG and SVG, in a folder made for it, and say where.

    Args:
        figure: drawn inside its `figure_style`.
        out: the path without its ending.
    """
    folder_of(out)
    save_picture(figure, out)


def finite(value: float, option: str) -> float:
    """Return a number that an option may have.

    Raises:
        UsageError: if it is not finite.
    """
    if not isfinite(value):
        raise UsageError(f"--{option}: {value} is not allowed; it is a finite number.")
    return value


def check_ending(path: Path | None, ending: str, option: str) -> None:
    """Refuse a file of another ending.

    Raises:
        UsageError: naming the option.
    """
    if path is not None and path.suffix != ending:
        raise UsageError(f"--{option}: {path} is not allowed; it ends in {ending}.")
