"""Finding styles: `directions` and `project`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epoque.bench.actions import FilePath, IntegerList, action, option
from epoque.bench.errors import Problem
from epoque.bench.figure_files import FigureFiles, save_drawn_figure
from epoque.bench.progress import Notify, Progress

from ..out_of_memory import explain_out_of_memory
from .options import (
    Features,
    LabelOptions,
    StyleFigureOptions,
    TruncationOptions,
    VggOptions,
    check_ending,
    fetch_progress,
    load_inputs,
    load_network,
    refuse,
    seed_option,
)

if TYPE_CHECKING:
    from torch import Tensor

    from ..generation.directions import Directions
    from ..generation.inputs import LatentInput
    from ..generation.perceptual_loss import PerceptualFeatures
    from ..generation.projection import ProjectionResult
    from ..loading import LoadedGenerator

__all__ = ["DirectionFiles", "ProjectionFiles", "directions", "project"]

WRITTEN = "The path without its ending; .png, .svg and .npz are written."


class DirectionOptions(TruncationOptions, StyleFigureOptions):
    """Of `directions`."""

    seed: int = seed_option("Seed of the image that is moved.")
    w: FilePath | None = option(
        None,
        "Move an image of styles instead: a .npz of `project`, or that `generate` writes as "
        "`styles`.",
    )
    components: int = option(5, "How many principal components.", ge=1)
    method: Literal["pca", "sefa"] = option(
        "pca",
        "Without labels: where styles vary most (principal components), or what the layers' "
        "weights answer to most (SeFa).",
    )
    samples: int = option(10_000, "Styles that the components are of.", ge=2, le=1_000_000)
    labels: FilePath | None = option(
        None, "A CSV with a column seed and one for each attribute: their directions."
    )
    use: FilePath | None = option(None, "Directions of an earlier call, a .npz, to be applied.")
    layers: IntegerList = option("", "Whose styles are moved, such as 0-3 [default: all].")
    reach: float = option(3.0, "How far, in standard deviations.", gt=0, le=100)
    out: FilePath = option(Path("directions"), WRITTEN)

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between options that are each right alone."""
        if self.w is not None:
            taken = ("truncation",) if self.use is None else ("truncation", "label")
            yield from self.find_ignored(taken, "styles of `w` are taken as they are")
        if self.use is not None:
            yield from self.find_ignored(("labels", "method"), "directions are of `use`")
        elif self.labels is not None:
            yield from self.find_ignored(("method",), "directions are of `labels`")


@dataclass(frozen=True, slots=True)
class DirectionFiles(FigureFiles):
    """Directions in the space of styles, and an image moved along them.

    Attributes:
        npz: the file of the directions, for `use`.
        directions: the directions.
    """

    npz: Path
    directions: "Directions"


@action
@explain_out_of_memory()
def directions(options: DirectionOptions, progress: Progress, notify: Notify) -> DirectionFiles:
    """Find directions in the space of styles, and move an image along them.

    Principal components are where styles vary most; SeFa's factors, what the layers' weights answer
    to most. With labelled seeds, a direction for each
    attribute: two different values are classes, more are numbers.

    Returns:
        The directions, and the files that hold and show them.

    Raises:
        ConfigError: if an option is wrong, or would be ignored.
        DataError: if a file cannot be read.
        UnknownNameError: if there is no such network.
    """
    from ..generation import directions as d
    from ..generation.seed_list import parse_layers

    options.check_outputs()
    loaded = load_network(options.network, options.device, progress, notify)
    mapping = options.mapping_options()
    if options.w is None:
        mapping.check(loaded.generator)
    start = options.seed if options.w is None else _only_style(options.w, loaded)
    layers = parse_layers(options.layers, loaded.generator.num_ws) if options.layers else None
    found = _find_directions(options, loaded, notify)
    amounts = [options.reach * step / 2 for step in (-2, -1, 0, 1, 2)]
    table = d.edit_image(
        loaded, start, found, amounts, layers=layers, options=mapping, progress=progress
    )
    npz = options.out.with_name(f"{options.out.name}.npz")
    d.write_directions(found, npz)
    files = save_drawn_figure(
        lambda: d.direction_figure(table, found, amounts, start, options.lang),
        options.out,
        dark=options.dark,
    )
    return DirectionFiles(files.png, files.svg, npz, found)


def _find_directions(
    options: DirectionOptions, loaded: "LoadedGenerator", notify: Notify
) -> "Directions":
    from epoque.bench.files.csv_table import read_csv

    from ..generation import directions as d

    if options.use is not None:
        return d.read_directions(options.use, loaded.generator.spec.w_dim)
    if options.labels is not None:
        seeds, values = d.read_seed_labels(options.labels)
        for remark in read_csv(options.labels).remarks():
            notify(remark)
        return d.fit_attributes(loaded, seeds, values, options.label)
    find = d.factorize_semantics if options.method == "sefa" else d.find_principal_directions
    return find(
        loaded,
        options.components,
        samples=options.samples,
        seed=options.seed,
        label=options.label,
    )


def _only_style(file: Path, loaded: "LoadedGenerator") -> "LatentInput":
    """Return the styles of a file of one image."""
    start, *others = load_inputs(loaded, (), [file])
    if others:
        raise refuse("w", f"{file} has {1 + len(others)} images; it takes a file of one.")
    return start


FAR = 1.4
"""Of the distance that 19 of 20 drawn portraits keep to the nearest other one: a picture that is
farther is none. Of 200 drawings the farthest is at 1.2, a photograph of a face at 1.9."""


class ProjectOptions(LabelOptions, VggOptions, StyleFigureOptions):
    """Of `project`."""

    image: FilePath = option(..., "A picture; its middle is cropped to a square.", positional=True)
    steps: int = option(500, "With one style for all layers (w).", ge=1, le=1_000_000)
    steps_plus: int = option(
        250, "Then with one for each layer (w+); 0 for none.", ge=0, le=1_000_000
    )
    learning_rate: float = option(0.1, "Of Adam, at its highest.", gt=0, le=1000)
    fit_noise: bool = option(
        True,
        "Of StyleGAN2: look for the noise of its layers, too.",
        negative="--no-fit-noise",
    )
    perceptual: Features | None = option(
        None,
        "In whose features looks are compared beside pixels: portraits (a small network of this "
        "package that knows cartoon portraits), vgg (LPIPS), or none [default: vgg with `vgg` or "
        "`lpips`, portraits if both network and picture are of drawn portraits, else none].",
    )
    seed: int = seed_option("Seed of the noise that fades out.")
    out: FilePath = option(Path("projected"), WRITTEN)
    state: FilePath | None = option(None, "A .npz that keeps the search; going on begins there.")

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between options that are each right alone."""
        yield from check_ending("state", self.state, ".npz")
        if self.perceptual not in (None, "vgg"):
            for name in ("vgg", "lpips"):
                if not self.is_default(name):
                    yield Problem(
                        name, f"`perceptual {self.perceptual}` would ignore it; take vgg.", True
                    )


@dataclass(frozen=True, slots=True)
class ProjectionFiles(FigureFiles):
    """The styles that make a picture.

    Attributes:
        npz: the file of the styles, for `w`.
        projection: the styles, the noise and the losses.
        features: in whose features looks were compared; "" if only pixels were.
    """

    npz: Path
    projection: "ProjectionResult"
    features: str


@action
@explain_out_of_memory()
def project(options: ProjectOptions, progress: Progress, notify: Notify) -> ProjectionFiles:
    """Look for the styles that make a picture.

    Made small is how far the image is from the picture: in pixels, at all scales, and in looks, as
    `perceptual` says. LPIPS is the usual distance of looks; NVIDIA's file of its network is
    fetched once, and its licence allows research and evaluation only.

    Written are the styles (w and w+), of StyleGAN2 the noise, and a picture of target, results and
    loss.

    Returns:
        The styles, and the files that hold and show them.

    Raises:
        ConfigError: if an option is wrong, or would be ignored.
        DataError: if a file cannot be read.
        UnknownNameError: if there is no such network.
        DivergenceError: if a loss becomes infinite or NaN.
    """
    from ..generation import projection as p

    options.check_output("state")
    options.check_outputs()
    loaded = load_network(options.network, options.device, progress, notify)
    target = p.read_target(options.image, loaded)
    looks = _perceptual_features(options, loaded, target, progress, notify)
    plan = p.ProjectionOptions(
        options.steps,
        options.steps_plus,
        options.learning_rate,
        seed=options.seed,
        label=options.label,
        fit_noise=options.fit_noise,
    )
    result = p.project(
        loaded, target, plan, perceptual=looks, state=options.state, progress=progress
    )
    npz = options.out.with_name(f"{options.out.name}.npz")
    p.write_projection(result, npz)
    files = save_drawn_figure(
        lambda: p.projection_figure(loaded, target, result, options.lang),
        options.out,
        dark=options.dark,
    )
    features = "" if looks is None else looks.description
    return ProjectionFiles(files.png, files.svg, npz, result, features)


def _perceptual_features(
    options: ProjectOptions,
    loaded: "LoadedGenerator",
    target: "Tensor",
    progress: Progress,
    notify: Notify,
) -> "PerceptualFeatures | None":
    """Return what tells how far an image looks from another."""
    from ..analysis.reference import load_reference
    from ..generation.perceptual_loss import portrait_features, vgg_features

    usual: Features = "none"
    if not options.is_default("vgg", "lpips"):
        usual = "vgg"
    elif options.perceptual is None and loaded.portrait_count:
        (distance,) = load_reference().distances(target.cpu())
        usual = "portraits" if distance < FAR else "none"
        if usual == "none":
            notify(
                "The picture is no drawn portrait: pixels alone are compared, for the network that "
                "knows drawn portraits sees in others what is not there. `--perceptual vgg` "
                "compares looks of any pictures."
            )
    features, device = options.perceptual or usual, str(loaded.device)
    if features == "none":
        return None
    if features == "portraits":
        return portrait_features(device)
    from ..measures.official_features import load_vgg

    weights = load_vgg(options.vgg, device, fetch_progress(progress), lpips=options.lpips)
    return vgg_features(weights)
