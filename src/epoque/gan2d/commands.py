"""`epoque gan2d film|look|multiples|retrain`: what only this lab can do."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError, did_you_mean
from epoque.bench.options import (
    Dark,
    Figures,
    Language,
    PictureOut,
    Quiet,
    RunName,
    RunsOption,
    at_least,
)
from epoque.bench.runs.places import check_file, runs_folder
from epoque.bench.telling import picture_style, progress_bar, save_picture, say, say_taken

from .lab import LAB

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.grid import Axis
    from epoque.bench.sweeps.sweep import Sweep

    from .config import Gan2dConfig
    from .figures.ends import End
    from .figures.scene import Layer

__all__ = ["APP"]

APP = App(help=LAB.title)

Layers = Annotated[
    str, Parameter(help="With commas: d, manifold, gradients, real, fake, from back to front.")
]

WIDTHS = (200, 2000)  # pixels
FIRST = "d,gradients,real,fake"


@APP.command
def look(
    run: RunName = "last",
    /,
    *,
    step: Annotated[
        int | None,
        Parameter(help="After how many iterations [default: at the end].", validator=at_least(0)),
    ] = None,
    layers: Layers = FIRST,
    out: PictureOut = Path("look"),
    runs: RunsOption = None,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Draw any moment of a run: real and generated points over the discriminator's answer.

    The nearest snapshot is drawn; a run keeps one every `--snapshot-every` iterations.

    Examples: `epoque gan2d look last --step 300`,
    `epoque gan2d look last --layers real,manifold --out manifold`.
    """
    from .figures.run_figures import look as draw
    from .figures.run_figures import nearest

    check_file("--out", out, ".png", ".svg")
    shown, found = _layers(layers), _run(run, runs)
    _check_step(found, step)
    with picture_style(dark):
        save_picture(draw(found, step, shown, lang), out)
    at = nearest(found, step)
    if step is not None and at != step:
        say(f"There is no snapshot at iteration {step}; the nearest, {at}, was drawn.")


@APP.command
def film(
    run: RunName = "last",
    /,
    *,
    out: Annotated[
        Path,
        Parameter(
            help="A .webp, .gif or .mp4; without an ending all of them (MP4 with the extra video)."
        ),
    ] = Path("film"),
    layers: Layers = FIRST,
    width: Annotated[int, Parameter(help="In pixels, from 200 to 2000.")] = 500,
    runs: RunsOption = None,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Film a run: each generated point keeps its noise, so that it can be followed.

    At most 72 snapshots become frames, more of the beginning than of the end.

    Examples: `epoque gan2d film last`, `epoque gan2d film ring --out ring.mp4 --width 1000 --dark`.
    """
    from importlib.util import find_spec

    from epoque.bench.figures.animate import KINDS, film_files

    from .figures.film import film as write

    if not WIDTHS[0] <= width <= WIDTHS[1]:
        told = f"--width: {width} is not allowed; it takes {WIDTHS[0]} to {WIDTHS[1]} pixels."
        raise UsageError(told)
    stem, kinds = film_files(out, KINDS if find_spec("av") else KINDS[:2])
    check_file("--out", stem, *(f".{kind}" for kind in kinds))
    shown, found = _layers(layers), _run(run, runs)
    write(found, stem, lang, "dark" if dark else "light", kinds=kinds, layers=shown, pixels=width)
    for kind in kinds:
        say(f"{stem}.{kind}")


@APP.command
def multiples(
    what: Annotated[str, Parameter(help="A recipe, or the name of a run or sweep.")] = "last",
    /,
    *axes: Annotated[
        str, Parameter(help="For a recipe: loss=log,hinge seed=0:3, as for `epoque sweep`.")
    ],
    across: Annotated[str, Parameter(help="The setting whose values become columns.")] = "",
    down: Annotated[str, Parameter(help="The setting whose values become rows.")] = "",
    out: PictureOut = Path("multiples"),
    runs: RunsOption = None,
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Draw many small pictures side by side: the ends of many runs, or the moments of one.

    A recipe with axes, or a recorded sweep: its points are trained for the picture and not
    recorded, at most 36. The first axis goes across and the second down, unless told otherwise;
    of the others the first value is taken, and an axis of one value is a setting.

    A recipe with `--across` and no axes: its recorded runs. A run: moments of it.

    Examples: `epoque gan2d multiples gan2d/ring loss=log,hinge seed=0:3 iterations=500`,
    `epoque gan2d multiples gan2d/ring --across d_steps --down seed`,
    `epoque gan2d multiples last`.
    """
    from epoque.bench.runs.run import Run

    from .figures.multiples import multiples as draw
    from .figures.run_figures import history_figure

    across, down = (name.replace("-", "_") for name in (across, down))
    check_file("--out", out, ".png", ".svg")
    root = runs_folder(runs)
    found = _found(what, root, quiet=quiet)
    with picture_style(dark):
        if isinstance(found, Run):
            if axes or across or down:
                raise UsageError(f"{found.id} is one run; axes go with a recipe or a sweep.")
            figure = history_figure(found, lang)
        else:
            sides = across, down
            ends, across, down = _ends(what, found, axes, sides, root, quiet=quiet)
            figure = draw(ends, across, down or None, lang)
        save_picture(figure, out)


def _found(what: str, root: Path, *, quiet: bool) -> "Run | Sweep | None":
    """Return the run or sweep of a name, or None if it is a recipe's."""
    from epoque.bench.recipes import find_recipe
    from epoque.bench.runs.records import KINDS, find_of
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.sweep import Sweep

    if "/" in what and not Path(what).is_dir():
        lab = find_recipe(what).lab
        if lab != LAB.name:
            raise UsageError(f"{what} is of the lab {lab}, not of {LAB.name}.")
        return None
    found = find_of(root, what, LAB.name, *KINDS)
    if not isinstance(found, Run | Sweep):
        raise UsageError(f"{found.id} is a search; a run, a sweep or a recipe is wanted here.")
    say_taken(what, found.id, quiet=quiet)
    return found


def _ends(
    what: str,
    sweep: "Sweep | None",
    axes: Sequence[str],
    sides: tuple[str, str],
    root: Path,
    *,
    quiet: bool,
) -> "tuple[list[End], str, str]":
    """Return the ends to draw, and the settings across and down."""
    from epoque.bench.recipes import find_recipe
    from epoque.bench.runs.run import Runs
    from epoque.bench.sweeps.grid import parse_axes

    from .figures.ends import points, recorded, trained

    if sweep is None and not axes:
        if not sides[0]:
            rule = "add axes such as loss=log,hinge, or --across a setting of its recorded runs."
            raise UsageError(f"{what} is a recipe; {rule}")
        name = find_recipe(what).name
        mine = (run for run in Runs(root) if (run.recipe, run.lab.name) == (name, LAB.name))
        return recorded(run for run in mine if run.status.state == "finished"), *sides
    if sweep is not None and axes:
        raise UsageError(f"{sweep.id} has its own axes; --across and --down choose among them.")
    base: Any = _base(what) if sweep is None else sweep.config
    parsed = parse_axes(base, axes) if sweep is None else sweep.parsed_axes
    across, down = _sides(parsed, *sides)
    shown = points(base, parsed, across, down or None)
    for axis in parsed:
        count = len({getattr(config, axis.field) for config in shown})
        if axis.field in (across, down) and count < len(axis.values):
            say(f"{axis.field}: {count} of its {len(axis.values)} values are shown.")
    with progress_bar("training", "runs", quiet=quiet) as progress:
        return trained(shown, progress), across, down


def _base(recipe: str) -> "Gan2dConfig":
    from epoque.bench.recipes import find_recipe

    config: Gan2dConfig = find_recipe(recipe).build(LAB.config, {})
    return config


def _sides(axes: "Sequence[Axis]", across: str, down: str) -> tuple[str, str]:
    """Return the fields across and down, by default the first axes with several values."""
    if across and across == down:
        raise UsageError(f"{across} cannot go both across and down.")
    free = [axis.field for axis in axes if len(axis.values) > 1]
    free = [field for field in free if field not in (across, down)]
    across = across or (free.pop(0) if free else axes[0].field)
    return across, down or (free.pop(0) if free else "")


@APP.command
def retrain(
    run: RunName = "last",
    /,
    *,
    start: Annotated[
        int,
        Parameter(
            name="--from", help="The iteration of one of its checkpoints.", validator=at_least(0)
        ),
    ],
    runs: RunsOption = None,
    quiet: Quiet = False,
    figures: Figures = True,
) -> None:
    """Train a recorded run once more from a checkpoint, and say whether it came out the same.

    The old run is left as it is. A run keeps a checkpoint every `--checkpoint-every` iterations
    and at each change of its settings; `epoque runs show` lists them.

    Example: `epoque gan2d retrain last --from 1000`.
    """
    from epoque.bench.sinks.registry import make

    from .training.retrain import first_difference
    from .training.retrain import retrain as again

    old = _run(run, runs, quiet=quiet)
    sinks = make([] if quiet else ["console"])
    new = again(old, start, runs_folder(runs), sinks, draw=figures)
    differs = first_difference(old, new)
    if differs is None:
        say(f"The same as {old.id}, to the last bit.")
    else:
        say(f"Not the same as {old.id}: the first difference is at iteration {differs}.")
    say(str(new.path))


# What the commands share


def _run(name: str, runs: Path | None, *, quiet: bool = False) -> "Run":
    """Return a run of this lab, and say which."""
    from epoque.bench.runs.records import find_run

    found = find_run(runs_folder(runs), name, LAB.name)
    say_taken(name, found.id, quiet=quiet)
    return found


def _layers(text: str) -> "tuple[Layer, ...]":
    from .figures.scene import LAYERS

    names = [name.strip() for name in text.split(",")] if text.strip() else []
    for name in names:
        if name not in LAYERS:
            told = f"--layers: {name or text} is not allowed; it takes any of {', '.join(LAYERS)}."
            raise UsageError(told + did_you_mean(name, LAYERS))
    if not names:
        raise UsageError(f"--layers: none given; it takes any of {', '.join(LAYERS)}.")
    return tuple(layer for layer in LAYERS if layer in names)


def _check_step(run: "Run", step: int | None) -> None:
    steps = run.snapshot_steps()
    if step is not None and steps and not 0 <= step <= steps[-1]:
        told = f"it takes 0 to {steps[-1]}, the snapshots of {run.id}."
        raise UsageError(f"--step: {step} is not allowed; {told}")
