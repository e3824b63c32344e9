"""`epoque stylegan3 generate|film|mix`, and the lab's other commands joined to them."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.options import AsJson, Dark, Language, PictureOut, Quiet, RunsOption
from epoque.bench.telling import picture_style, print_json, progress_bar, save_picture, say

from ..lab import LAB
from ..shipped import EMBEDDED
from .data import add_data_commands
from .export import add_export_commands
from .measure import add_measuring_commands
from .shared import (
    Cutoff,
    Device,
    Label,
    Network,
    Noise,
    Seeds,
    Truncation,
    check_ending,
    finite,
    open_network,
    styling_of,
)
from .styles import add_style_commands

__all__ = ["APP"]

APP = App(help=LAB.title)


@APP.command
def generate(
    *,
    network: Network = EMBEDDED,
    seeds: Seeds,
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
    columns: Annotated[int | None, Parameter(help="Of that picture.")] = None,
    styles: Annotated[Path | None, Parameter(help="Also write their styles w, a .npz.")] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make an image from each seed, and tell its SHA-256.

    The same seed, network and settings give the same file on one device, whatever seeds stand
    beside it.

    Examples: `epoque stylegan3 generate --seeds 2,674,1024`,
    `epoque stylegan3 generate --network ffhqu-256-t --seeds 0-7 --truncation 0.7`.
    """
    from ..pictures.generate import Movement, write_grid, write_styles
    from ..pictures.generate import generate as make
    from ..pictures.seed_list import parse_seeds

    numbers = parse_seeds(seeds)
    check_ending(grid, ".png", "grid")
    check_ending(styles, ".npz", "styles")
    if columns is not None and columns < 1:
        raise UsageError(f"--columns: {columns} is not allowed; at least one is needed.")
    movement = Movement(*_pair(translate), finite(rotate, "rotate"))
    opened, styling = (
        open_network(network, device, quiet=quiet),
        styling_of(truncation, cutoff, label),
    )
    with progress_bar("drawing", "images", quiet=quiet) as progress:
        made = make(
            opened,
            numbers,
            out,
            styling=styling,
            movement=movement,
            noise=noise,
            kind=kind,
            progress=progress,
        )
    if grid is not None:
        write_grid(made, grid, columns)
    if styles is not None:
        write_styles(opened, numbers, styles, styling)
    rows = [{"seed": p.seed, "path": str(p.path), "sha256": p.sha256} for p in made]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        say(f"{row['path']}  {row['sha256']}")
    for path in (grid, styles):
        if path is not None:
            say(str(path))


@APP.command
def film(
    *,
    network: Network = EMBEDDED,
    seeds: Annotated[str | None, Parameter(help="Keyframes, such as 2,674,1024 or 0-7.")] = None,
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
        int | None, Parameter(help="Frames a second, 1 to 50 [default: 25, of a training 8].")
    ] = None,
    truncation: Truncation = 1.0,
    cutoff: Cutoff = None,
    label: Label = None,
    noise: Noise = "const",
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
    from epoque.bench.animate import film_files
    from epoque.bench.run import Runs

    from ..pictures.film import film as write
    from ..pictures.seed_list import parse_grid, parse_seeds
    from ..pictures.training_film import training_film

    stem, kinds = film_files(out)
    fps = fps if fps is not None else 25 if run is None else 8
    if not (1 <= frames <= 1000 and 1 <= fps <= 50):
        raise UsageError(f"--frames {frames} must be 1 to 1000, and --fps {fps} 1 to 50.")
    frame_ms = round(100 / fps) * 10  # GIF counts in 10 ms
    if (seeds is None) == (run is None):
        raise UsageError("Give --seeds to walk through, or --run for a training's film.")
    if run is not None:
        found = Runs(runs or "runs").find(run)
        training_film(found, stem, lang, kinds=kinds, frame_ms=frame_ms)
    elif seeds is not None:
        numbers, places = parse_seeds(seeds), parse_grid(grid)
        opened = open_network(network, device, quiet=quiet)
        with progress_bar("drawing", "frames", quiet=quiet) as progress:
            write(
                opened,
                numbers,
                stem,
                kinds=kinds,
                grid=places,
                frames=frames,
                frame_ms=frame_ms,
                styling=styling_of(truncation, cutoff, label),
                noise=noise,
                progress=progress,
            )
    for kind in kinds:
        say(f"{stem}.{kind}")


@APP.command
def mix(
    *,
    network: Network = EMBEDDED,
    rows: Annotated[str, Parameter(help="Seeds of what is kept, such as 2,674.")],
    columns: Annotated[str, Parameter(help="Seeds of what comes in, such as 4-7.")],
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

    The first layers decide pose and shape, the last ones colours and texture.

    Example: `epoque stylegan3 mix --rows 2,674 --columns 4-7 --layers 0-5`.
    """
    from ..pictures.mix import mix_figure, mixed
    from ..pictures.seed_list import parse_layers, parse_seeds

    down, across = parse_seeds(rows), parse_seeds(columns)
    opened = open_network(network, device, quiet=quiet)
    count = opened.generator.num_ws
    chosen = parse_layers(layers or f"0-{(count - 1) // 2}", count)
    styling = styling_of(truncation, cutoff, label)
    with progress_bar("drawing", "images", quiet=quiet) as progress:
        table = mixed(opened, down, across, chosen, styling=styling, progress=progress)
    with picture_style(dark):
        save_picture(mix_figure(table, down, across, chosen, lang), out)


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
