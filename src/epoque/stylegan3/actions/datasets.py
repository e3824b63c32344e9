"""Sets of images: `make_dataset`, `check_dataset` and `draw_avatars`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from epoque.bench.actions import FilePath, Options, action, option
from epoque.bench.errors import Problem
from epoque.bench.progress import Progress

from .options import seed_option

if TYPE_CHECKING:
    from ..dataset.build import BuildReport
    from ..dataset.check import DatasetReport

__all__ = ["CheckedDataset", "check_dataset", "draw_avatars", "make_dataset"]


def _size_text(value: Any) -> Any:
    """Return `64` or `64x48`, as typed or as numbers."""
    text = "x".join(map(str, value)) if isinstance(value, tuple | list) else value
    text = str(text) if isinstance(text, int) else text
    if isinstance(text, str):
        sides = text.lower().replace("×", "x").split("x")
        if len(sides) > 2 or not all(s.isascii() and s.isdigit() and len(s) < 8 for s in sides):
            raise ValueError("is not allowed; it is such as 64, or 64x48.")
        return "x".join(sides)
    return text


class NewSetOptions(Options):
    """Of an action that makes a set of images."""

    to: FilePath = option(..., "The new set: a .zip, or else a folder.", positional=True)


class SourceOptions(Options):
    """Where the pictures of a set are from."""

    source: FilePath = option(
        ...,
        "A folder, a zip, a .parquet file, or a folder of such files as from the Hub.",
        positional=True,
    )


class MakeOptions(NewSetOptions, SourceOptions):
    """Of `make_dataset`."""

    resolution: Annotated[str, BeforeValidator(_size_text)] | None = option(
        None, "Pixels of a side (a power of two), or WIDTHxHEIGHT for center-crop-wide."
    )
    transform: Literal["none", "stretch", "center-crop", "center-crop-wide"] = option(
        "none", "What is done with pictures of other proportions; none refuses them."
    )
    background: str = option(
        "white", "Seen through transparent pixels: a colour's name, or #rrggbb."
    )
    channels: Literal[1, 3] | None = option(None, "1 makes all pictures grey, 3 all colour.")
    labels: Literal["file", "folders", "none"] = option(
        "file", "Classes from dataset.json, from the folders' names, or none."
    )
    image_column: str = option("", "Of Parquet: the pictures [default: the first that fits].")
    label_column: str = option("", "Of Parquet: the labels [default: label, if there is one].")
    split: str | None = option(
        None, "Of Parquet with several splits: which, such as train, or train,test."
    )
    limit: int | None = option(None, "Take only so many pictures.", ge=1)
    skip_bad: bool = option(False, "Pass over pictures that cannot be used.")

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between options that are each right alone."""
        if self.transform == "center-crop-wide" and self.resolution is None:
            yield Problem("transform", f"{self.transform} needs a `resolution`.")

    def size(self) -> tuple[int, int] | None:
        """Return width and height; None as they are."""
        if self.resolution is None:
            return None
        sides = [int(side) for side in self.resolution.split("x")]
        return sides[0], sides[-1]


@action
def make_dataset(options: MakeOptions, progress: Progress) -> "BuildReport":
    """Make a set of equal square pictures, in the official format.

    Pictures are laid over the background where they are transparent, turned upright, brought into
    proportion as `transform` says, and scaled with Lanczos' filter. `stretch` scales both sides
    (as the official tool does when it is told nothing), `center-crop` takes the square in the
    middle, `center-crop-wide` the middle in the proportions of `resolution` with black above and
    below.

    Returns:
        What was made: the path, how many pictures of which size, what was passed over.

    Raises:
        ConfigError: if an option is wrong.
        DataError: if a picture cannot be used.
        UsageError: if the options do not go with the pictures.
    """
    from ..dataset.build import BuildOptions, build_dataset
    from ..dataset.preprocess import CropOptions
    from ..dataset.sources import Columns, open_source

    options.check_output("to")
    rules = BuildOptions(
        CropOptions(options.size(), options.transform),
        options.background,
        options.channels,
        options.limit,
        options.skip_bad,
    )
    columns = Columns(options.image_column, options.label_column)
    source = open_source(options.source, options.labels, columns, options.split)
    return build_dataset(source, options.to, rules, progress)


class CheckOptions(Options):
    """Of `check_dataset`."""

    path: FilePath = option(..., "A zip or folder.", positional=True)


@dataclass(frozen=True, slots=True)
class CheckedDataset:
    """A set of images that was looked at; true if it can be trained on.

    Attributes:
        path: where it is.
        report: what is in it, all that is wrong (`problems`) and odd (`remarks`).
    """

    path: Path
    report: "DatasetReport"

    def __bool__(self) -> bool:
        """Return whether nothing is wrong with it."""
        return not self.report.problems


@action
def check_dataset(options: CheckOptions, progress: Progress) -> CheckedDataset:
    """Look at every picture and label of a set, and say what is wrong with it.

    Returns:
        What is in it, and all that is wrong with it.

    Raises:
        DataError: if it cannot be read at all.
    """
    from ..dataset.check import check_dataset as check

    return CheckedDataset(options.path, check(options.path, progress))


class AvatarOptions(NewSetOptions):
    """Of `draw_avatars`."""

    count: int = option(10_000, "How many portraits.", ge=1)
    resolution: int = option(64, "Pixels of a side.", ge=16, le=1024)
    seed: int = seed_option("Chooses them.")
    workers: int | None = option(None, "Processes [default: as many as cores].", ge=1, le=1000)


@action
def draw_avatars(options: AvatarOptions, progress: Progress) -> "BuildReport":
    """Draw cartoon portraits whose attributes are known: as many as wanted, all aligned.

    The labels are vectors; `label_names` in dataset.json says what each entry means, such as
    `hair=short`. The same seed and size draw the same bytes. Needs the extra `avatars`.

    Returns:
        What was made: the path, how many pictures of which size.

    Raises:
        ConfigError: if an option is wrong.
        MissingExtraError: without the extra `avatars`.
    """
    from ..dataset.avatars import make_avatars

    options.check_output("to")
    return make_avatars(
        options.to,
        options.count,
        options.resolution,
        options.seed,
        workers=options.workers,
        progress=progress,
    )
