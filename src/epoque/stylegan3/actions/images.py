"""Images: `generate`, `film` and `mix`."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from epoque.bench.actions import (
    FigureOptions,
    FilePath,
    IntegerList,
    RunFolderOptions,
    RunReference,
    action,
    announce_run,
    option,
)
from epoque.bench.errors import Problem
from epoque.bench.figure_files import FigureFiles, FilmFiles, save_drawn_figure, show_picture
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.progress import Notify, Progress

from ..name import NAME
from ..out_of_memory import explain_out_of_memory
from .options import (
    CutoffOptions,
    NoiseOptions,
    StartOptions,
    batch_option,
    check_ending,
    is_finite_pair,
    load_inputs,
    load_network,
)

if TYPE_CHECKING:
    from epoque.bench.figures.animation import FilmFormat

    from ..generation.generate import GeneratedImage, InputTransform
    from ..generation.precision import Difference

__all__ = ["FilmOptions", "GenerateOptions", "GeneratedImages", "MixOptions", "WalkFilm", "film",
           "generate", "mix"]  # fmt: skip


def _pair_text(value: Any) -> Any:
    text = ",".join(map(str, value)) if isinstance(value, tuple | list) else value
    if isinstance(text, str) and not is_finite_pair(text):
        raise ValueError("is not allowed; it takes two finite numbers such as 0.1,-0.2.")
    return text


def _grid_text(value: Any) -> Any:
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else value


def _check_grid(text: str) -> str:
    from ..generation.seed_list import parse_grid

    parse_grid(text, "")  # the option's name is known where the error is told
    return text


class GenerateOptions(StartOptions, NoiseOptions):
    """Of `generate`."""

    out: FilePath = option(Path("out"), "The folder of the images.")
    translate: Annotated[str, BeforeValidator(_pair_text)] = option(
        "0,0", "Shift to the right and down, in image sizes: x,y."
    )
    rotate: float = option(0.0, "Degrees, counter-clockwise.")
    format: Literal["png", "webp"] = option("png", "Of the files.")
    grid: FilePath | None = option(None, "Also write all of them as one picture, a .png.")
    columns: int | None = option(None, "Of that picture.", ge=1)
    styles: FilePath | None = option(None, "Also write the seeds' styles w, a .npz.")
    batch: int = batch_option(
        1,
        "Images at a time. With 1 an image is the same to the last bit whatever else is made; more "
        "can be faster on graphics cards, and may change last bits.",
    )

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between options that are each right alone."""
        yield from self.start_conflicts()
        if self.grid is None:
            yield from self.find_ignored(("columns",), "it is of `grid`")
        if self.w:
            yield from self.find_ignored(("styles",), "it is of seeds alone, without `w`")
        yield from check_ending("grid", self.grid, ".png")
        yield from check_ending("styles", self.styles, ".npz")

    def input_transform(self) -> "InputTransform":
        """Return where the image is asked for."""
        from ..generation.generate import InputTransform

        x, y = map(float, self.translate.split(","))
        return InputTransform(x, y, self.rotate)


@dataclass(frozen=True, slots=True)
class GeneratedImages:
    """Images that were written.

    Attributes:
        images: each with what it came from, its path and its SHA-256.
        grid: the picture of all of them, if it was asked for.
        styles: the file of their styles, if it was asked for.
        difference: of the first one, how far it is from float32; None if that was its precision.
    """

    images: "tuple[GeneratedImage, ...]"
    grid: Path | None
    styles: Path | None
    difference: "Difference | None"

    def __iter__(self) -> "Iterator[GeneratedImage]":
        return iter(self.images)

    def __len__(self) -> int:
        """Return how many images there are."""
        return len(self.images)

    def _repr_html_(self) -> str:
        return "".join(show_picture(image.path) for image in self.images)


@action
@explain_out_of_memory()
def generate(options: GenerateOptions, progress: Progress, notify: Notify) -> GeneratedImages:
    """Make an image from each seed, and tell its SHA-256.

    The same seed, network and settings give the same file on one device, whatever seeds stand
    beside it, as long as images are made one at a time (`batch 1`).

    Returns:
        The images that were written.

    Raises:
        ConfigError: if an option is wrong, or would be ignored.
        DataError: if a file of styles or the network cannot be read.
        UnknownNameError: if there is no such network.
        UsageError: if the network cannot do what is asked for, or memory is too small.
    """
    from ..generation.generate import compare_precision, write_grid, write_styles
    from ..generation.generate import generate as write

    options.check_output_folder("out")
    options.check_output("grid")
    options.check_output("styles")
    seeds, mapping, transform = (
        options.seed_numbers(),
        options.mapping_options(),
        options.input_transform(),
    )
    loaded = load_network(options.network, options.device, progress, notify)
    starts = load_inputs(loaded, seeds, options.w)
    images = write(
        loaded,
        starts,
        options.out,
        options=mapping,
        movement=transform,
        noise=options.noise,
        precision=options.precision,
        batch=options.batch,
        grid=options.grid is not None,
        kind=options.format,
        progress=progress,
    )
    if options.grid is not None:
        write_grid(images, options.grid, options.columns)
    if options.styles is not None:
        write_styles(loaded, seeds, options.styles, mapping)
    difference = None
    if options.precision != "float32":
        difference = compare_precision(
            loaded,
            starts[0],
            options.precision,
            options=mapping,
            movement=transform,
            noise=options.noise,
        )
    return GeneratedImages(tuple(images), options.grid, options.styles, difference)


OF_WALKS = ("w", "network", "grid", "frames", "truncation", "noise", "cutoff", "label",
            "precision", "device")  # fmt: skip


class FilmOptions(StartOptions, NoiseOptions, RunFolderOptions):
    """Of `film`."""

    run: RunReference | None = option(
        None, "Film a training instead: a run's id, a part of it, `last`, or its folder."
    )
    out: FilePath = option(
        Path("film.webp"),
        "A .webp, .gif or .mp4; without an ending WebP and GIF (MP4: extra video).",
    )
    grid: Annotated[str, BeforeValidator(_grid_text), AfterValidator(_check_grid)] = option(
        "1x1", "Columns and rows of walks, such as 4x2."
    )
    frames: int = option(30, "From each keyframe to the next.", ge=1, le=1000)
    fps: int | None = option(
        None,
        "Frames a second [default: 25, of a training 8]. Those of a GIF last whole hundredths of a "
        "second: 50 at most, and 33.3 for 30.",
        ge=1,
        le=60,
    )
    lang: Literal["en", "fr"] = option("en", "The language: en or fr.", environment="EPOQUE_LANG")

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between options that are each right alone."""
        if self.run is not None:
            ignored = ("seeds", *OF_WALKS)
            yield from self.find_ignored(ignored, "`run` films the images that a training left")
        elif self.seeds is None and not self.w:
            yield Problem("seeds", "give them to walk through, or `run` for a training's film.")
        else:
            yield from self.start_conflicts()
        if self.fps is not None and self.fps > 50 and self.out.suffix not in (".webp", ".mp4"):
            limits = "it takes 1 to 50 for a GIF, 1 to 60 for .webp and .mp4"
            yield Problem("fps", f"{self.fps} is not allowed; {limits}.")


@dataclass(frozen=True, slots=True)
class WalkFilm(FilmFiles):
    """A film of images.

    Attributes:
        difference: how far its first image is from float32; None if that was its precision.
    """

    difference: "Difference | None" = None


@action
@explain_out_of_memory()
def film(options: FilmOptions, progress: Progress, notify: Notify) -> WalkFilm:
    """Film a walk from seed to seed that ends where it began; or, with `run`, a training.

    A training's film shows what its generator made of the same random numbers at each snapshot.

    Returns:
        The files.

    Raises:
        ConfigError: if an option is wrong, or would be ignored.
        UnknownNameError: if there is no such network or run.
        UsageError: if the seeds do not fill the grid, or memory is too small.
        MissingExtraError: for .mp4 without the extra `video`.
    """
    from epoque.bench.figures.animation import parse_film_path

    from ..generation.film import write_film
    from ..generation.generate import compare_precision
    from ..generation.seed_list import parse_grid

    stem, kinds = parse_film_path(options.out)
    options.check_output("out", *(f".{kind}" for kind in kinds), path=stem)
    fps = options.fps or (25 if options.run is None else 8)
    paths = tuple(stem.with_name(f"{stem.name}.{kind}") for kind in kinds)
    if options.run is not None:
        _film_training(options, stem, kinds, fps, notify)
        return WalkFilm(paths, fps)
    loaded = load_network(options.network, options.device, progress, notify)
    starts = load_inputs(loaded, options.seed_numbers(), options.w)
    mapping, noise, precision = options.mapping_options(), options.noise, options.precision
    write_film(
        loaded,
        starts,
        stem,
        kinds=kinds,
        grid=parse_grid(options.grid),
        frames=options.frames,
        frame_ms=1000 / fps,
        options=mapping,
        noise=noise,
        precision=precision,
        progress=progress,
    )
    difference = None
    if precision != "float32":
        difference = compare_precision(loaded, starts[0], precision, options=mapping, noise=noise)
    return WalkFilm(paths, fps, difference)


def _film_training(
    options: FilmOptions, stem: Path, kinds: "Collection[FilmFormat]", fps: int, notify: Notify
) -> None:
    from epoque.bench.runs.find_record import find_lab_record
    from epoque.bench.runs.run import Run

    from ..config import StyleGan3Config
    from ..generation.training_film import write_training_film

    assert options.run is not None
    run = find_lab_record(runs_folder(options.runs), options.run, NAME, Run[StyleGan3Config])
    announce_run(options.run, run.id, notify)
    write_training_film(run, stem, options.lang, kinds=kinds, frame_ms=1000 / fps)


class MixOptions(CutoffOptions, FigureOptions):
    """Of `mix`."""

    rows: IntegerList = option(..., "Seeds of what is kept, such as 2,674, or a .npz of styles.")
    columns: IntegerList = option(..., "Seeds of what comes in, such as 4-7, or a .npz of styles.")
    layers: IntegerList = option(
        "", "Layers that come from the column, such as 0-6 [default: the first half]."
    )
    out: FilePath = option(Path("mix"), "The path without its ending; .png and .svg are written.")


@action
@explain_out_of_memory()
def mix(options: MixOptions, progress: Progress, notify: Notify) -> FigureFiles:
    """Mix styles: chosen layers of the columns' seeds in the images of the rows' seeds.

    In networks that learned from photographs, the first layers decide pose and shape, the last ones
    colours and texture.

    Returns:
        Where the table of images is.

    Raises:
        ConfigError: if an option is wrong.
        DataError: if a file of styles or the network cannot be read.
        UnknownNameError: if there is no such network.
    """
    from ..generation.seed_list import parse_layers, parse_seeds
    from ..generation.style_mixing import mix_figure, mix_styles

    options.check_output("out", ".png", ".svg")
    texts = {"rows": options.rows, "columns": options.columns}
    files = {name: [Path(text)] for name, text in texts.items() if text.endswith(".npz")}
    seeds = {name: [] if name in files else parse_seeds(text, name) for name, text in texts.items()}
    loaded = load_network(options.network, options.device, progress, notify)
    rows, columns = (load_inputs(loaded, seeds[name], files.get(name, ())) for name in texts)
    count = loaded.generator.num_ws
    layers = parse_layers(options.layers or f"0-{(count - 1) // 2}", count)
    mapping = options.mapping_options()
    table = mix_styles(loaded, rows, columns, layers, options=mapping, progress=progress)
    mean = loaded.generator.mapping.w_avg is not None
    return save_drawn_figure(
        lambda: mix_figure(table, rows, columns, layers, options.lang, mean=mean),
        options.out,
        dark=options.dark,
    )
