"""What the lab's commands share: options, opening a network, telling and drawing."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from epoque.bench.errors import UsageError
from epoque.bench.telling import downloading

if TYPE_CHECKING:
    from ..opening import Opened
    from ..pictures.painting import Styling

__all__ = [
    "Cutoff",
    "Device",
    "Images",
    "Label",
    "Network",
    "Noise",
    "Seed",
    "Seeds",
    "Truncation",
    "check_ending",
    "finite",
    "open_network",
    "styling_of",
]

Network = Annotated[
    str,
    Parameter(
        help="A network: a short name (`epoque stylegan3 networks` lists them), its file, a "
        "finished run's folder or `last`, an official .pkl, or an https address of one."
    ),
]
Seeds = Annotated[str, Parameter(help="Seeds, such as 2,674,1024 or 0-7.")]
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
    int | None,
    Parameter(name="--class", help="The class, from 0.", allow_leading_hyphen=True),
]
Noise = Annotated[
    Literal["const", "random", "none"],
    Parameter(help="Of StyleGAN2: the network's own, drawn anew for each seed, or none."),
]
Device = Annotated[str, Parameter(help="auto (CUDA where it is there), cpu or cuda.")]
Images = Annotated[int, Parameter(help="How many images to measure.")]
Seed = Annotated[int, Parameter(help="Seed of the random inputs.")]


def open_network(network: str, device: str, *, quiet: bool) -> "Opened":
    """Open a generator of any name; see `opening.open_generator`."""
    from ..opening import open_generator

    with downloading(quiet=quiet) as progress:
        return open_generator(network, device, progress)


def styling_of(truncation: float, cutoff: int | None, label: int | None) -> "Styling":
    """Return how styles are made, as typed."""
    from ..pictures.painting import Styling

    return Styling(finite(truncation, "truncation"), cutoff, label)


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
