"""What the lab's actions share: options, loading a network, and what images are made from."""

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from epoque.bench.actions import (
    FETCHING,
    FigureOptions,
    FilePath,
    IntegerList,
    Options,
    RunReference,
    announce_run,
    option,
)
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.files.path_list import IS_PATHS
from epoque.bench.number_text import is_number
from epoque.bench.progress import Notify, Progress
from epoque.bench.runs.lookup import LAST

from ..bundled import DEFAULT_NETWORK

if TYPE_CHECKING:
    from ..generation.inputs import LatentInput
    from ..generation.synthesis import MappingOptions
    from ..loading import LoadedGenerator

__all__ = [
    "LAST_SEED",
    "Features",
    "LabelOptions",
    "NetworkOptions",
    "NoiseOptions",
    "Seeds",
    "StartOptions",
    "StyleFigureOptions",
    "TruncationOptions",
    "VggOptions",
    "batch_option",
    "check_ending",
    "fetch_progress",
    "label_option",
    "load_inputs",
    "load_network",
    "seed_option",
]

LAST_SEED = 2**32 - 1
"""As `latents.LAST_SEED`, which NumPy comes with."""

Features = Literal["none", "portraits", "vgg"]


def _check_seeds(text: str) -> str:
    from ..generation.seed_list import parse_seeds

    parse_seeds(text, "")  # the option's name is known where the error is told
    return text


def _label_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Seeds = Annotated[IntegerList, AfterValidator(_check_seeds)]
"""Of an option: seeds, as a text or as whole numbers."""


def seed_option(description: str = "Seed of the random inputs.") -> Any:
    """Declare an option of one seed."""
    return option(0, description, ge=0, le=LAST_SEED)


def batch_option(default: int, description: str = "Images at a time.") -> Any:
    """Declare an option of how many images are made at a time."""
    return option(default, description, ge=1)


def label_option() -> Any:
    """Declare the option of a class or another label."""
    return option(
        None,
        "The class: its number from 0, its name, or any. Of a network that learned from labels of "
        "many numbers: names such as hair=long,glasses=none, all the numbers, or a .json or .txt "
        "file of them; what is not told is drawn by the seed.",
        flag="--class",
    )


class NetworkOptions(Options):
    """Of an action on a network."""

    network: RunReference = option(
        DEFAULT_NETWORK,
        "A network: a short name (`epoque stylegan3 networks` lists them), its file, a finished "
        "run's folder or `last`, an imported one's folder, an official .pkl, or an https address "
        "of one.",
    )


class DeviceOptions(NetworkOptions):
    """Of an action that computes."""

    device: str = option("auto", "auto (CUDA where it is there), cpu or cuda.")


class LabelOptions(DeviceOptions):
    """Of an action on images that may have classes."""

    label: Annotated[str, BeforeValidator(_label_text)] | None = label_option()


class TruncationOptions(LabelOptions):
    """Of an action on images that may be truncated."""

    truncation: float = option(
        1.0, "How far from the mean image: 1 as drawn, 0 the mean.", ge=-100, le=100
    )

    def mapping_options(self) -> "MappingOptions":
        """Return how styles are made from seeds."""
        from ..generation.synthesis import MappingOptions

        return MappingOptions(self.truncation, getattr(self, "cutoff", None), self.label)


class CutoffOptions(TruncationOptions):
    """Of an action on images of which some layers may be truncated."""

    cutoff: int | None = option(
        None, "How many of the first layers are truncated [default: all].", ge=0
    )


class StartOptions(CutoffOptions):
    """Of an action on images from seeds or from styles of files."""

    seeds: Seeds | None = option(None, "Seeds, such as 2,674,1024 or 0-7.")
    w: Annotated[tuple[FilePath, ...], IS_PATHS] = option(
        (),
        "Styles written earlier, after those of the seeds: a .npz that `generate` writes as "
        "`styles`, or of `project` (its w+, without the noise); repeatable.",
    )

    def start_conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong with seeds and styles together."""
        if self.seeds is None and not self.w:
            message = "give them, or `w` for styles that were written earlier."
            yield Problem("seeds", message)
        if self.seeds is None and self.w:
            ignored = ("truncation", "cutoff", "label")
            yield from self.find_ignored(ignored, "styles of `w` are taken as they are")

    def seed_numbers(self) -> list[int]:
        """Return the seeds as numbers."""
        from ..generation.seed_list import parse_seeds

        return [] if self.seeds is None else parse_seeds(self.seeds)


class NoiseOptions(Options):
    """Of images whose noise and precision may be chosen."""

    noise: Literal["const", "random", "none"] = option(
        "const", "Of StyleGAN2: the network's own, drawn anew for each seed, or none."
    )
    precision: Literal["float32", "bfloat16", "float16"] = option(
        "float32",
        "Of the convolutions at the highest resolutions. A shorter one can be faster on graphics "
        "cards, and on processors with hardware for it; without, the rounding is the same but "
        "nothing is gained: it takes up to half as long again. The error is measured on the first "
        "image, and told.",
    )


class StyleFigureOptions(FigureOptions):
    """Of an action that writes styles and a figure of them."""

    def check_outputs(self) -> None:
        """Refuse a place where they could not be written.

        Raises:
            ConfigError: naming it, and why not.
        """
        self.check_output("out", ".npz", ".png", ".svg")


class VggOptions(Options):
    """Where the official feature network of perceptual distances is."""

    vgg: str | None = option(
        None, "File or address of VGG-16's weights [default: NVIDIA's, fetched]."
    )
    lpips: FilePath | None = option(
        None, "LPIPS's weights, where they are not in the file of `vgg`."
    )


def check_ending(name: str, path: Path | None, ending: str) -> Iterator[Problem]:
    """Yield a problem if a file has another ending, for `conflicts`."""
    if path is not None and path.suffix != ending:
        yield Problem(name, f"{path} is not allowed; it ends in {ending}.")


def fetch_progress(progress: Progress) -> Progress:
    """Return what receives how far a download is, in bytes."""

    def fetching(done: int, total: int | None, what: str = FETCHING) -> None:
        progress(done, total, what or FETCHING)

    return fetching


def load_network(
    network: str, device: str, progress: Progress, notify: Notify
) -> "LoadedGenerator":
    """Load a generator of any name, and say which run was taken for `last`.

    See `loading.load_generator`.
    """
    from ..loading import load_generator

    loaded = load_generator(network, device, fetch_progress(progress))
    if network == LAST:
        announce_run(network, loaded.name, notify)
    return loaded


def load_inputs(
    loaded: "LoadedGenerator", seeds: Sequence[int], files: Sequence[Path]
) -> "list[LatentInput]":
    """Return what images are made from: the seeds, then all styles of the files."""
    from ..generation.inputs import read_styles

    styles = [style for file in files for style in read_styles(file, loaded.generator)]
    return [*seeds, *styles]


def is_finite_pair(text: str) -> bool:
    """Return whether a text is two finite numbers with a comma between."""
    parts = [part.strip() for part in text.split(",")]
    return len(parts) == 2 and all(is_number(part) and isfinite(float(part)) for part in parts)


def refuse(name: str, message: str) -> ConfigError:
    """Return the error that an option is wrong."""
    return ConfigError([Problem(name, message)])
