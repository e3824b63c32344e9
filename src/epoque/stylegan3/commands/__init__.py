"""`epoque stylegan3 generate|film|mix`, and the lab's other commands joined to them."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.files.output_paths import check_file, check_folder, runs_folder
from epoque.bench.options import AsJson, Dark, Language, PictureOut, Quiet, RunsOption, at_least
from epoque.bench.terminal import picture_style, print_json, progress_bar, say, say_taken

from ..bundled import DEFAULT_NETWORK
from ..lab import LAB
from ..out_of_memory import explain_out_of_memory
from .data import add_data_commands
from .export import add_export_commands
from .measure import add_measuring_commands
from .shared import (
    Cutoff,
    Device,
    Label,
    Network,
    Noise,
    Precision,
    Seeds,
    Truncation,
    Written,
    check_ending,
    check_starts,
    finite,
    open_network,
    refuse_ignored,
    save_drawn,
    starts_of,
    styling_of,
)
from .styles import add_style_commands

if TYPE_CHECKING:
    from ..generation.generate import GeneratedImage
    from ..generation.precision import Difference

__all__ = ["APP"]

APP = App(help=LAB.title)


@APP.command
@explain_out_of_memory()
def generate(
    *,
    network: Network = DEFAULT_NETWORK,
    seeds: Seeds = None,
    w: Written = None,
    out: Annotated[Path, Parameter(help="The folder of the images.")] = Path("out"),
    truncation: Truncation = 1.0,
    cutoff: Cutoff = None,
    label: Label = None,
    noise: Noise = "const",
    translate: Annotated[
        str,
        Parameter(
            help="Shift to the right and down, in image sizes: x,y.", allow_leading_hyphen=True
        ),
    ] = "0,0",
    rotate: Annotated[
        float, Parameter(help="Degrees, counter-clockwise.", allow_leading_hyphen=True)
    ] = 0.0,
    kind: Annotated[Literal["png", "webp"], Parameter(name="--format", help="Of the files.")] = (
        "png"
    ),
    grid: Annotated[
        Path | None, Parameter(help="Also write all of them as one picture, a .png.")
    ] = None,
    columns: Annotated[
        int | None, Parameter(help="Of that picture.", validator=at_least(1))
    ] = None,
    styles: Annotated[
        Path | None, Parameter(help="Also write the seeds' styles w, a .npz.")
    ] = None,
    precision: Precision = "float32",
    batch: Annotated[
        int,
        Parameter(
            help="Images at a time. With 1 an image is the same to the last bit whatever else is "
            "made; more can be faster on graphics cards, and may change last bits."
        ),
    ] = 1,
    device: Device = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make an image from each seed, and tell its SHA-256.

    The same seed, network and settings give the same file on one device, whatever seeds stand
    beside it, as long as images are made one at a time (`--batch 1`).

    Examples: `epoque stylegan3 generate --seeds 2,674,1024`,
    `epoque stylegan3 generate --network ffhqu-256-t --seeds 0-7 --truncation 0.7`,
    `epoque stylegan3 generate --w projected.npz`.
    """
    from ..generation.generate import InputTransform, compare_precision, write_grid, write_styles
    from ..generation.generate import generate as make

    numbers = check_starts(seeds, w, truncation, cutoff, label)
    refuse_ignored({"columns": columns is not None and grid is None}, "it is of --grid")
    refuse_ignored({"styles": styles is not None and bool(w)}, "it is of seeds alone, without --w")
    check_ending(grid, ".png", "grid")
    check_ending(styles, ".npz", "styles")
    check_folder("--out", out)
    check_file("--grid", grid)
    check_file("--styles", styles)
    if columns is not None and columns < 1:
        raise UsageError(f"--columns: {columns} is not allowed; at least one is needed.")
    movement = InputTransform(*_pair(translate), finite(rotate, "rotate"))
    opened, styling = (
        open_network(network, device, quiet=quiet or as_json),
        styling_of(truncation, cutoff, label),
    )
    starts = starts_of(opened, numbers, w)
    with progress_bar("drawing", "images", quiet=quiet) as progress:
        made = make(
            opened,
            starts,
            out,
            styling=styling,
            movement=movement,
            noise=noise,
            precision=precision,
            batch=batch,
            grid=grid is not None,
            kind=kind,
            progress=progress,
        )
    if grid is not None:
        write_grid(made, grid, columns)
    if styles is not None:
        write_styles(opened, numbers, styles, styling)
    error = None
    if precision != "float32":
        error = compare_precision(
            opened, starts[0], precision, styling=styling, movement=movement, noise=noise
        )
    if as_json:
        print_json(_rows(made, error))
        return
    for picture in made:
        say(f"{picture.path}  {picture.sha256}")
    for told in (grid, styles, error):
        if told is not None:
            say(str(told))


def _rows(made: "Sequence[GeneratedImage]", error: "Difference | None") -> list[dict[str, Any]]:
    """Return what is told of images; of the first, how far it is from float32."""
    rows: list[dict[str, Any]] = []
    for picture in made:
        start = picture.start
        named = {"seed": start} if isinstance(start, int) else {"styles": start.name}
        rows.append({**named, "path": str(picture.path), "sha256": picture.sha256})
    if error is not None:
        rows[0]["error"] = error.to_json()
    return rows


@APP.command
@explain_out_of_memory()
def film(
    *,
    network: Network = DEFAULT_NETWORK,
    seeds: Annotated[str | None, Parameter(help="Keyframes, such as 2,674,1024 or 0-7.")] = None,
    w: Written = None,
    run: Annotated[
        str | None,
        Parameter(help="Film a training instead: a run's id, a part of it, `last`, or its folder."),
    ] = None,
    out: Annotated[
        Path,
        Parameter(help="A .webp, .gif or .mp4; without an ending WebP and GIF (MP4: extra video)."),
    ] = Path("film.webp"),
    grid: Annotated[str, Parameter(help="Columns and rows of walks, such as 4x2.")] = "1x1",
    frames: Annotated[int, Parameter(help="From each keyframe to the next, 1 to 1000.")] = 30,
    fps: Annotated[
        int | None,
        Parameter(
            help="Frames a second, 1 to 60 [default: 25, of a training 8]. Those of a GIF last "
            "whole hundredths of a second: 50 at most, and 33.3 for 30."
        ),
    ] = None,
    truncation: Truncation = 1.0,
    cutoff: Cutoff = None,
    label: Label = None,
    noise: Noise = "const",
    precision: Precision = "float32",
    device: Device = "auto",
    runs: RunsOption = None,
    quiet: Quiet = False,
    lang: Language = "en",
) -> None:
    """Film a walk from seed to seed that ends where it began; or, with `--run`, a training.

    A training's film shows what its generator made of the same random numbers at each snapshot.

    Examples: `epoque stylegan3 film --seeds 0-7 --grid 2x2 --out walk.webp`,
    `epoque stylegan3 film --run last --out training.webp`.
    """
    from epoque.bench.figures.animate import film_files
    from epoque.bench.runs.find_record import find_lab_record
    from epoque.bench.runs.run import Run

    from ..config import StyleGan3Config
    from ..generation.film import write_film as write
    from ..generation.generate import compare_precision
    from ..generation.seed_list import parse_grid
    from ..generation.training_film import write_training_film

    stem, kinds = film_files(out)
    check_file("--out", stem, *(f".{kind}" for kind in kinds))
    walks = seeds is not None or bool(w)
    if not walks if run is None else seeds is not None:
        raise UsageError("Give --seeds to walk through, or --run for a training's film.")
    fps = fps if fps is not None else 25 if run is None else 8
    _check_speed(frames, fps, kinds)
    if run is not None:
        given = {"w": bool(w), "network": network != DEFAULT_NETWORK, "grid": grid != "1x1"}
        given |= {"frames": frames != 30, "truncation": truncation != 1, "noise": noise != "const"}
        given |= {"cutoff": cutoff is not None, "class": label is not None}
        given |= {"precision": precision != "float32", "device": device != "auto"}
        refuse_ignored(given, "--run films the images that a training left")
        found = find_lab_record(runs_folder(runs), run, LAB.name, Run[StyleGan3Config])
        say_taken(run, found.id, quiet=quiet)
        write_training_film(found, stem, lang, kinds=kinds, frame_ms=1000 / fps)
        _tell_film(stem, kinds, fps)
        return
    numbers, places = check_starts(seeds, w, truncation, cutoff, label), parse_grid(grid)
    opened = open_network(network, device, quiet=quiet)
    starts, styling = starts_of(opened, numbers, w), styling_of(truncation, cutoff, label)
    with progress_bar("drawing", "frames", quiet=quiet) as progress:
        write(
            opened,
            starts,
            stem,
            kinds=kinds,
            grid=places,
            frames=frames,
            frame_ms=1000 / fps,
            styling=styling,
            noise=noise,
            precision=precision,
            progress=progress,
        )
    _tell_film(stem, kinds, fps)
    if precision != "float32":
        say(str(compare_precision(opened, starts[0], precision, styling=styling, noise=noise)))


def _check_speed(frames: int, fps: int, kinds: Collection[str]) -> None:
    if not 1 <= frames <= 1000:
        raise UsageError(f"--frames: {frames} is not allowed; it takes 1 to 1000.")
    if not 1 <= fps <= (50 if "gif" in kinds else 60):
        told = "it takes 1 to 50 for a GIF, 1 to 60 for .webp and .mp4"
        raise UsageError(f"--fps: {fps} is not allowed; {told}.")


def _tell_film(stem: Path, kinds: Collection[str], fps: int) -> None:
    from epoque.bench.figures.animate import gif_ms

    for kind in kinds:
        say(f"{stem}.{kind}")
    real = 1000 / gif_ms(1000 / fps)
    if "gif" in kinds and real != fps:
        say(f"The GIF shows {real:.3g} frames a second: it counts in hundredths of one.")


@APP.command
@explain_out_of_memory()
def mix(
    *,
    network: Network = DEFAULT_NETWORK,
    rows: Annotated[
        str, Parameter(help="Seeds of what is kept, such as 2,674, or a .npz of styles.")
    ],
    columns: Annotated[
        str, Parameter(help="Seeds of what comes in, such as 4-7, or a .npz of styles.")
    ],
    layers: Annotated[
        str,
        Parameter(help="Layers that come from the column, such as 0-6 [default: the first half]."),
    ] = "",
    out: PictureOut = Path("mix"),
    truncation: Truncation = 1.0,
    cutoff: Cutoff = None,
    label: Label = None,
    device: Device = "auto",
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Mix styles: chosen layers of the columns' seeds in the images of the rows' seeds.

    In networks that learned from photographs, the first layers decide pose and shape, the last ones
    colours and texture.

    Example: `epoque stylegan3 mix --rows 2,674 --columns 4-7 --layers 0-5`.
    """
    from ..generation.seed_list import parse_layers, parse_seeds
    from ..generation.style_mixing import mix_figure, mix_styles

    check_file("--out", out, ".png", ".svg")
    told = {"rows": rows, "columns": columns}
    files = {name: [Path(text)] for name, text in told.items() if text.endswith(".npz")}
    numbers = {
        name: [] if name in files else parse_seeds(text, name) for name, text in told.items()
    }
    opened = open_network(network, device, quiet=quiet)
    down, across = (starts_of(opened, numbers[name], files.get(name)) for name in told)
    count = opened.generator.num_ws
    chosen = parse_layers(layers or f"0-{(count - 1) // 2}", count)
    styling = styling_of(truncation, cutoff, label)
    with progress_bar("drawing", "images", quiet=quiet) as progress:
        table = mix_styles(opened, down, across, chosen, styling=styling, progress=progress)
    with picture_style(dark):
        has_mean = opened.generator.mapping.w_avg is not None
        save_drawn(mix_figure(table, down, across, chosen, lang, mean=has_mean), out)


def _pair(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        x, y = (finite(float(part), "translate") for part in parts)
    except ValueError:
        told = f"--translate: {text} is not allowed; it takes two finite numbers such as 0.1,-0.2."
        raise UsageError(told) from None
    return x, y


add_measuring_commands(APP)
add_style_commands(APP)
add_data_commands(APP)
add_export_commands(APP)
