"""`epoque stylegan3 directions|project`: finding styles."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.options import Dark, Language, Quiet
from epoque.bench.telling import picture_style, progress_bar, save_picture, say

from ..shipped import EMBEDDED
from .shared import (
    Device,
    Label,
    Network,
    Truncation,
    check_ending,
    finite,
    open_network,
    styling_of,
)

__all__ = ["add_style_commands", "directions", "project"]


def add_style_commands(app: App) -> None:
    """Add these commands to the lab's."""
    for command in (directions, project):
        app.command(command)


def directions(
    *,
    network: Network = EMBEDDED,
    seed: Annotated[int, Parameter(help="Seed of the image that is moved.")] = 0,
    components: Annotated[int, Parameter(help="How many principal components.")] = 5,
    samples: Annotated[int, Parameter(help="Styles that the components are of.")] = 10_000,
    labels: Annotated[
        Path | None,
        Parameter(help="A CSV with a column seed and one for each attribute: their directions."),
    ] = None,
    use: Annotated[
        Path | None, Parameter(help="Directions of an earlier call, a .npz, to be applied.")
    ] = None,
    layers: Annotated[
        str, Parameter(help="Whose styles are moved, such as 0-3 [default: all].")
    ] = "",
    reach: Annotated[float, Parameter(help="How far, in standard deviations.")] = 3.0,
    truncation: Truncation = 1.0,
    label: Label = None,
    out: Annotated[
        Path, Parameter(help="The path without its ending; .png, .svg and .npz are written.")
    ] = Path("directions"),
    device: Device = "auto",
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Find directions in the space of styles, and move an image along them.

    Principal components are where styles vary most. With labelled seeds, a direction for each
    attribute: two different values are classes, more are numbers.

    Examples: `epoque stylegan3 directions --components 4 --layers 0-3`,
    `epoque stylegan3 directions --network mine --labels smiles.csv`.
    """
    from ..pictures import directions as d
    from ..pictures.seed_list import parse_layers

    if not 0 < finite(reach, "reach") <= 100:
        raise UsageError(f"--reach: {reach} is not allowed; it takes more than 0, 100 at most.")
    opened, styling = (
        open_network(network, device, quiet=quiet),
        styling_of(truncation, None, label),
    )
    styling.check(opened.generator)
    chosen = parse_layers(layers, opened.generator.num_ws) if layers else None
    if use is not None:
        found = d.read(use, opened.generator.spec.w_dim)
    elif labels is not None:
        seeds, values = d.read_labels(labels)
        found = d.attributes(opened, seeds, values, label)
    else:
        found = d.principal(opened, components, samples=samples, seed=seed, label=label)
    amounts = [reach * step / 2 for step in (-2, -1, 0, 1, 2)]
    with progress_bar("drawing", "images", quiet=quiet) as progress:
        table = d.edited(
            opened, seed, found, amounts, layers=chosen, styling=styling, progress=progress
        )
    d.write(found, out.with_name(f"{out.name}.npz"))
    say(f"{out}.npz")
    with picture_style(dark):
        save_picture(d.direction_figure(table, found, amounts, seed, lang), out)


def project(
    image: Annotated[Path, Parameter(help="A picture; its middle is cropped to a square.")],
    /,
    *,
    network: Network = EMBEDDED,
    steps: Annotated[int, Parameter(help="With one style for all layers (w).")] = 500,
    steps_plus: Annotated[int, Parameter(help="Then with one for each layer (w+); 0 for none.")] = (
        250
    ),
    learning_rate: Annotated[float, Parameter(help="Of Adam, at its highest.")] = 0.1,
    fit_noise: Annotated[
        bool, Parameter(help="Of StyleGAN2: look for the noise of its layers, too.")
    ] = True,
    seed: Annotated[int, Parameter(help="Seed of the noise that fades out.")] = 0,
    label: Label = None,
    out: Annotated[
        Path, Parameter(help="The path without its ending; .png, .svg and .npz are written.")
    ] = Path("projected"),
    state: Annotated[
        Path | None, Parameter(help="A .npz that keeps the search; going on begins there.")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Look for the styles that make a picture.

    Written are the styles (w and w+), of StyleGAN2 the noise, and a picture of target, results and
    loss.

    Example: `epoque stylegan3 project portrait.png --state portrait-state.npz`.
    """
    from ..pictures.project import Projection, projection_figure, target_of, write_projected
    from ..pictures.project import project as search

    check_ending(state, ".npz", "state")
    opened = open_network(network, device, quiet=quiet)
    target = target_of(image, opened)
    plan = Projection(steps, steps_plus, learning_rate, seed=seed, label=label, fit_noise=fit_noise)
    with progress_bar("searching", "steps", quiet=quiet) as progress:
        found = search(opened, target, plan, state=state, progress=progress)
    write_projected(found, out.with_name(f"{out.name}.npz"))
    say(f"{out}.npz")
    with picture_style(dark):
        save_picture(projection_figure(opened, target, found, lang), out)
