"""`epoque stylegan3 directions|project`: finding styles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.files.csv_table import read_csv
from epoque.bench.files.output_paths import check_file
from epoque.bench.options import Dark, Language, Quiet, at_least
from epoque.bench.terminal import downloading, note, picture_style, progress_bar, say

from ..bundled import DEFAULT_NETWORK
from ..out_of_memory import explain_out_of_memory
from .shared import (
    Device,
    Label,
    Network,
    Seed,
    Truncation,
    check_ending,
    finite,
    open_network,
    refuse_ignored,
    save_drawn,
    starts_of,
    styling_of,
)

if TYPE_CHECKING:
    from ..generation.inputs import LatentInput
    from ..generation.perceptual_loss import PerceptualFeatures
    from ..loading import LoadedGenerator

__all__ = ["add_style_commands", "directions", "project"]

Features = Literal["none", "portraits", "vgg"]


def add_style_commands(app: App) -> None:
    """Add these commands to the lab's."""
    for command in (directions, project):
        app.command(explain_out_of_memory()(command))


def directions(
    *,
    network: Network = DEFAULT_NETWORK,
    seed: Annotated[Seed, Parameter(help="Seed of the image that is moved.")] = 0,
    w: Annotated[
        Path | None,
        Parameter(
            name="--w",
            help="Move an image of styles instead: a .npz of `project`, or of `generate --styles`.",
        ),
    ] = None,
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
    `epoque stylegan3 directions --network mine --labels smiles.csv --out smiles`,
    `epoque stylegan3 directions --network mine --use smiles.npz --w projected.npz`.
    """
    from ..generation import directions as d
    from ..generation.seed_list import parse_layers

    if not 0 < finite(reach, "reach") <= 100:
        raise UsageError(f"--reach: {reach} is not allowed; it takes more than 0, 100 at most.")
    taken = {"truncation": truncation != 1, "class": use is not None and label is not None}
    refuse_ignored(taken if w else {}, "styles of --w are taken as they are")
    refuse_ignored({"labels": labels is not None and use is not None}, "directions are of --use")
    check_file("--out", out, ".npz", ".png", ".svg")
    opened, styling = (
        open_network(network, device, quiet=quiet),
        styling_of(truncation, None, label),
    )
    if w is None:
        styling.check(opened.generator)
    start = seed if w is None else _only(w, opened)
    chosen = parse_layers(layers, opened.generator.num_ws) if layers else None
    if use is not None:
        found = d.read_directions(use, opened.generator.spec.w_dim)
    elif labels is not None:
        seeds, values = d.read_seed_labels(labels)
        note(read_csv(labels).remarks())
        found = d.fit_attributes(opened, seeds, values, label)
    else:
        found = d.find_principal_directions(
            opened, components, samples=samples, seed=seed, label=label
        )
    amounts = [reach * step / 2 for step in (-2, -1, 0, 1, 2)]
    with progress_bar("drawing", "images", quiet=quiet) as progress:
        table = d.edit_image(
            opened, start, found, amounts, layers=chosen, styling=styling, progress=progress
        )
    d.write_directions(found, out.with_name(f"{out.name}.npz"))
    say(f"{out}.npz")
    with picture_style(dark):
        save_drawn(d.direction_figure(table, found, amounts, start, lang), out)


def _only(file: Path, opened: "LoadedGenerator") -> "LatentInput":
    """Return the styles of a file of one image."""
    start, *others = starts_of(opened, (), [file])
    if others:
        raise UsageError(f"--w: {file} has {1 + len(others)} images; it takes a file of one.")
    return start


def project(
    image: Annotated[Path, Parameter(help="A picture; its middle is cropped to a square.")],
    /,
    *,
    network: Network = DEFAULT_NETWORK,
    steps: Annotated[
        int, Parameter(help="With one style for all layers (w).", validator=at_least(0))
    ] = 500,
    steps_plus: Annotated[
        int,
        Parameter(help="Then with one for each layer (w+); 0 for none.", validator=at_least(0)),
    ] = (250),
    learning_rate: Annotated[float, Parameter(help="Of Adam, at its highest.")] = 0.1,
    fit_noise: Annotated[
        bool, Parameter(help="Of StyleGAN2: look for the noise of its layers, too.")
    ] = True,
    perceptual: Annotated[
        Features | None,
        Parameter(
            help="In whose features looks are compared beside pixels: portraits (a small network "
            "of this package that knows cartoon portraits), vgg (LPIPS), or none [default: vgg "
            "with --vgg or --lpips, portraits for networks of portraits, else none]."
        ),
    ] = None,
    vgg: Annotated[
        str | None,
        Parameter(help="File or address of VGG-16's weights [default: NVIDIA's, fetched]."),
    ] = None,
    lpips: Annotated[
        Path | None, Parameter(help="LPIPS's weights, where they are not in VGG's file.")
    ] = None,
    seed: Annotated[Seed, Parameter(help="Seed of the noise that fades out.")] = 0,
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

    Made small is how far the image is from the picture: in pixels, at all scales, and in looks, as
    `--perceptual` says. LPIPS is the usual distance of looks; NVIDIA's file of its network is
    fetched once, and its licence allows research and evaluation only.

    Written are the styles (w and w+), of StyleGAN2 the noise, and a picture of target, results and
    loss.

    Examples: `epoque stylegan3 project portrait.png --state portrait-state.npz`,
    `epoque stylegan3 project face.png --network ffhqu-256-t --perceptual vgg`.
    """
    from ..generation.projection import (
        ProjectionOptions,
        projection_figure,
        read_target,
        write_projection,
    )
    from ..generation.projection import project as search

    check_ending(state, ".npz", "state")
    check_file("--state", state)
    check_file("--out", out, ".npz", ".png", ".svg")
    told = [f"--{name}" for name, one in (("vgg", vgg), ("lpips", lpips)) if one is not None]
    if told and perceptual not in (None, "vgg"):
        raise UsageError(f"{told[0]}: --perceptual {perceptual} would ignore it; take vgg.")
    opened = open_network(network, device, quiet=quiet)
    target = read_target(image, opened)
    usual: Features = "vgg" if told else "portraits" if opened.portraits else "none"
    looks = _looks(perceptual or usual, opened, vgg, lpips, quiet=quiet)
    plan = ProjectionOptions(
        steps, steps_plus, learning_rate, seed=seed, label=label, fit_noise=fit_noise
    )
    with progress_bar("searching", "steps", quiet=quiet) as progress:
        found = search(opened, target, plan, looks=looks, state=state, progress=progress)
    write_projection(found, out.with_name(f"{out.name}.npz"))
    say(f"{out}.npz")
    with picture_style(dark):
        save_drawn(projection_figure(opened, target, found, lang), out)


def _looks(
    features: Features,
    opened: "LoadedGenerator",
    vgg: str | None,
    lpips: Path | None,
    *,
    quiet: bool,
) -> "PerceptualFeatures | None":
    """Return what tells how far an image looks from another, and say in whose features."""
    from ..generation.perceptual_loss import portrait_features, vgg_features

    if features == "none":
        return None
    if features == "portraits":
        looks = portrait_features(str(opened.device))
    else:
        from ..measures.official_features import load_vgg

        with downloading(quiet=quiet) as progress:
            looks = vgg_features(load_vgg(vgg, str(opened.device), progress, lpips=lpips))
    say(f"Looks are compared in the features of {looks.told}.")
    return looks
