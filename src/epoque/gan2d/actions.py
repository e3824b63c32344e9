"""What this lab can do besides training: `look`, `film`, `multiples` and `retrain`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epoque.bench.actions import (
    FigureOptions,
    FilePath,
    RunFolderOptions,
    RunReference,
    action,
    announce_run,
    option,
)
from epoque.bench.errors import ConfigError, Problem, UsageError, did_you_mean
from epoque.bench.figure_files import FigureFiles, FilmFiles, save_drawn_figure
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.progress import Notify, Progress
from epoque.bench.sinks import SinkFactory

from .name import NAME

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.grid import Axis
    from epoque.bench.sweeps.sweep import Sweep

    from .config import Gan2dConfig
    from .figures.ends import End
    from .figures.scene import Layer

__all__ = ["Moment", "Multiples", "Retrained", "film", "look", "multiples", "retrain"]


class RunOptions(RunFolderOptions):
    """Of an action on a run."""

    run: RunReference = option(
        "last", "A run's id, a part of it, `last`, or its folder.", positional=True
    )


class LayerOptions(RunOptions, FigureOptions):
    """Of what is drawn of a moment."""

    layers: str = option(
        "d,gradients,real,fake",
        "With commas: d, manifold, gradients, real, fake, from back to front.",
    )

    def layer_names(self) -> "tuple[Layer, ...]":
        """Return the layers, from back to front.

        Raises:
            ConfigError: if there is no such layer, or none is named.
        """
        from .figures.scene import LAYERS

        names = [name.strip() for name in self.layers.split(",")] if self.layers.strip() else []
        known = ", ".join(LAYERS)
        for name in names:
            if name not in LAYERS:
                message = f"{name or self.layers} is not allowed; it takes any of {known}."
                raise ConfigError([Problem("layers", message + did_you_mean(name, LAYERS))])
        if not names:
            raise ConfigError([Problem("layers", f"none given; it takes any of {known}.")])
        return tuple(layer for layer in LAYERS if layer in names)


class LookOptions(LayerOptions):
    """Of `look`."""

    step: int | None = option(None, "After how many iterations [default: at the end].", ge=0)
    out: FilePath = option(Path("look"), "The path without its ending; .png and .svg are written.")


@dataclass(frozen=True, slots=True)
class Moment(FigureFiles):
    """A moment of a run, drawn.

    Attributes:
        step: the iteration that is shown.
        asked_step: the one that was asked for, None for the end.
    """

    step: int
    asked_step: int | None


@action
def look(options: LookOptions, notify: Notify) -> Moment:
    """Draw any moment of a run: real and generated points over the discriminator's answer.

    The nearest snapshot is drawn; a run keeps one every `--snapshot-every` iterations.

    Returns:
        Where the pictures are, and which moment they show.

    Raises:
        ConfigError: if an option is wrong, or the run has no such moment.
        UnknownNameError: if there is no such run.
    """
    from .figures.run_figures import look as draw
    from .figures.run_figures import nearest

    options.check_output("out", ".png", ".svg")
    layers, run = options.layer_names(), _find_run(options, notify)
    steps = run.snapshot_steps()
    if options.step is not None and steps and options.step > steps[-1]:
        allowed = f"it takes 0 to {steps[-1]}, the snapshots of {run.id}."
        raise ConfigError([Problem("step", f"{options.step} is not allowed; {allowed}")])
    files = save_drawn_figure(
        lambda: draw(run, options.step, layers, options.lang), options.out, dark=options.dark
    )
    return Moment(files.png, files.svg, nearest(run, options.step), options.step)


class FilmOptions(LayerOptions):
    """Of `film`."""

    out: FilePath = option(
        Path("film"),
        "A .webp, .gif or .mp4; without an ending all of them (MP4 with the extra video).",
    )
    width: int = option(500, "In pixels.", ge=200, le=2000)


@action
def film(options: FilmOptions, notify: Notify) -> FilmFiles:
    """Film a run: each generated point keeps its noise, so that it can be followed.

    At most 72 snapshots become frames, more of the beginning than of the end.

    Returns:
        The files.

    Raises:
        ConfigError: if an option is wrong.
        UnknownNameError: if there is no such run.
        MissingExtraError: for .mp4 without the extra `video`.
    """
    from importlib.util import find_spec

    from epoque.bench.figures.animation import FILM_FORMATS, parse_film_path

    from .figures.film import film as write

    stem, kinds = parse_film_path(
        options.out, FILM_FORMATS if find_spec("av") else FILM_FORMATS[:2]
    )
    options.check_output("out")
    layers, run = options.layer_names(), _find_run(options, notify)
    page: Literal["dark", "light"] = "dark" if options.dark else "light"
    write(run, stem, options.lang, page, kinds=kinds, layers=layers, pixels=options.width)
    return FilmFiles(tuple(stem.with_name(f"{stem.name}.{kind}") for kind in kinds))


class MultiplesOptions(RunFolderOptions, FigureOptions):
    """Of `multiples`."""

    what: RunReference = option("last", "A recipe, or the name of a run or sweep.", positional=True)
    axes: tuple[str, ...] = option(
        (),
        "For a recipe: loss=log,hinge seed=0:3, as for `epoque sweep`.",
        positional=True,
    )
    across: str = option("", "The setting whose values become columns.")
    down: str = option("", "The setting whose values become rows.")
    out: FilePath = option(
        Path("multiples"), "The path without its ending; .png and .svg are written."
    )

    def sides(self) -> tuple[str, str]:
        """Return the settings across and down, as a config names them."""
        return self.across.replace("-", "_"), self.down.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Multiples(FigureFiles):
    """Many small pictures, drawn side by side.

    Attributes:
        remarks: of which settings not all values are shown, a sentence each.
    """

    remarks: tuple[str, ...]


@action
def multiples(options: MultiplesOptions, progress: Progress, notify: Notify) -> Multiples:
    """Draw many small pictures side by side: the ends of many runs, or the moments of one.

    A recipe with axes, or a recorded sweep: its points are trained for the picture and not
    recorded, at most 36. The first axis goes across and the second down, unless told otherwise;
    of the others the first value is taken, and an axis of one value is a setting.

    A recipe with `across` and no axes: its recorded runs. A run: moments of it.

    Returns:
        Where the pictures are, and what is not in them.

    Raises:
        ConfigError: if an option or an axis is wrong.
        UsageError: if the axes do not go with what is drawn.
        UnknownNameError: if there is no such recipe, run or sweep.
    """
    from epoque.bench.runs.run import Run

    from .figures.multiples import multiples as draw
    from .figures.run_figures import history_figure

    options.check_output("out", ".png", ".svg")
    record, remarks = _find_record(options, notify), list[str]()

    def figure() -> "Figure":
        if isinstance(record, Run):
            if options.axes or any(options.sides()):
                raise UsageError(f"{record.id} is one run; axes go with a recipe or a sweep.")
            return history_figure(record, options.lang)
        ends, across, down = _ends(options, record, progress, remarks)
        return draw(ends, across, down or None, options.lang)

    files = save_drawn_figure(figure, options.out, dark=options.dark)
    return Multiples(files.png, files.svg, tuple(remarks))


class RetrainOptions(RunOptions):
    """Of `retrain`."""

    start: int = option(..., "The iteration of one of its checkpoints.", flag="--from", ge=0)
    figures: bool = option(True, "Draw the figures at the end.", negative="--no-figures")


@dataclass(frozen=True, slots=True)
class Retrained:
    """A run that was trained once more from a checkpoint.

    Attributes:
        old: the run that was recorded.
        new: the run that came of it.
        first_difference: the first iteration at which they differ; None if they are the same to
            the last bit.
    """

    old: "Run[Gan2dConfig]"
    new: "Run[Gan2dConfig]"
    first_difference: int | None


@action
def retrain(options: RetrainOptions, notify: Notify) -> Retrained:
    """Train a recorded run once more from a checkpoint, and say whether it came out the same.

    The old run is left as it is. A run keeps a checkpoint every `--checkpoint-every` iterations
    and at each change of its settings; `epoque runs show` lists them.

    Returns:
        Both runs, and where they differ.

    Raises:
        ConfigError: if an option is wrong.
        UnknownNameError: if there is no such run or checkpoint.
    """
    return retrain_into(options, notify, [])


def retrain_into(
    options: RetrainOptions, notify: Notify, sinks: Sequence[SinkFactory]
) -> Retrained:
    """Do what `retrain` does, with sinks that receive the events."""
    from .training.retrain import first_difference
    from .training.retrain import retrain as train_again

    old = _find_run(options, notify)
    root = runs_folder(options.runs)
    new = train_again(old, options.start, root, sinks, draw=options.figures)
    return Retrained(old, new, first_difference(old, new))


# What the actions share


def _find_run(options: RunOptions, notify: Notify) -> "Run[Gan2dConfig]":
    from epoque.bench.runs.find_record import find_lab_record
    from epoque.bench.runs.run import Run

    from .config import Gan2dConfig

    run = find_lab_record(runs_folder(options.runs), options.run, NAME, Run[Gan2dConfig])
    announce_run(options.run, run.id, notify)
    return run


def _find_record(
    options: MultiplesOptions, notify: Notify
) -> "Run[Gan2dConfig] | Sweep[Gan2dConfig] | None":
    """Return the run or sweep of a name, or None if it is a recipe's."""
    from epoque.bench.recipes import find_recipe
    from epoque.bench.runs.find_record import find_lab_record
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.search import Search
    from epoque.bench.sweeps.sweep import Sweep

    from .config import Gan2dConfig

    what = options.what
    if "/" in what and not Path(what).is_dir():
        lab = find_recipe(what).lab
        if lab != NAME:
            raise UsageError(f"{what} is of the lab {lab}, not of {NAME}.")
        return None
    kinds = Run[Gan2dConfig], Sweep[Gan2dConfig], Search[Gan2dConfig]
    record = find_lab_record(runs_folder(options.runs), what, NAME, *kinds)
    if not isinstance(record, Run | Sweep):
        raise UsageError(f"{record.id} is a search; a run, a sweep or a recipe is wanted here.")
    announce_run(what, record.id, notify)
    return record


def _ends(
    options: MultiplesOptions,
    sweep: "Sweep[Gan2dConfig] | None",
    progress: Progress,
    remarks: list[str],
) -> "tuple[list[End], str, str]":
    """Return the ends to draw, and the settings across and down."""
    from epoque.bench.recipes import find_recipe
    from epoque.bench.runs.find_record import lab_records
    from epoque.bench.runs.run import Run
    from epoque.bench.sweeps.grid import parse_axes

    from .config import Gan2dConfig
    from .figures.ends import points, read_ends, train_ends

    what, axes = options.what, options.axes
    across, down = options.sides()
    if sweep is None and not axes:
        if not across:
            rule = "add axes such as loss=log,hinge, or --across a setting of its recorded runs."
            raise UsageError(f"{what} is a recipe; {rule}")
        name, runs = find_recipe(what).name, runs_folder(options.runs)
        mine = (run for run in lab_records(runs, NAME, Run[Gan2dConfig]) if run.recipe == name)
        ends = read_ends(run for run in mine if run.status.state == "finished")
        return ends, across, down
    if sweep is not None and axes:
        raise UsageError(f"{sweep.id} has its own axes; --across and --down choose among them.")
    base = find_recipe(what).build(Gan2dConfig, {}) if sweep is None else sweep.config
    parsed = parse_axes(base, axes) if sweep is None else sweep.parsed_axes
    across, down = _choose_sides(parsed, across, down)
    shown = points(base, parsed, across, down or None)
    for axis in parsed:
        count = len({config.get(axis.field) for config in shown})
        if axis.field in (across, down) and count < len(axis.values):
            remarks.append(f"{axis.field}: {count} of its {len(axis.values)} values are shown.")
    return train_ends(shown, progress), across, down


def _choose_sides(axes: "Sequence[Axis]", across: str, down: str) -> tuple[str, str]:
    """Return the fields across and down, by default the first axes with several values."""
    if across and across == down:
        raise UsageError(f"{across} cannot go both across and down.")
    free = [axis.field for axis in axes if len(axis.values) > 1]
    free = [field for field in free if field not in (across, down)]
    across = across or (free.pop(0) if free else axes[0].field)
    return across, down or (free.pop(0) if free else "")
