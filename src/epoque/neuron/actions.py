"""What this lab can do besides training: `separable`, `animate` and `check_gradients`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from epoque.bench.actions import (
    FigureOptions,
    FilePath,
    Options,
    RunFolderOptions,
    RunReference,
    action,
    announce_run,
    option,
)
from epoque.bench.figure_files import FilmFiles
from epoque.bench.files.output_paths import make_parent_folder, runs_folder
from epoque.bench.progress import Notify

from .name import NAME

if TYPE_CHECKING:
    from .data import Dataset
    from .separability import Separability

__all__ = ["Verdict", "animate", "check_gradients", "separable"]


class SeparableOptions(Options):
    """Of `separable`."""

    truth_table: str = option("xor", "A gate's name or its outputs.", positional=True)
    csv: str | None = option(None, "Points of your own instead.")


@dataclass(frozen=True)
class Verdict:
    """Whether one line parts two classes of points.

    Attributes:
        points: the points.
        separability: the verdict with its proof, a line or a common point of both hulls.
    """

    points: "Dataset"
    separability: "Separability"

    def __bool__(self) -> bool:
        """Return whether a line parts them."""
        return self.separability.separable is True


@action
def separable(options: SeparableOptions, notify: Notify) -> Verdict:
    """Decide by a linear programme whether one line parts the classes, and prove it.

    Returns:
        The verdict, which is true if a line does, and its proof.

    Raises:
        ConfigError: if the truth table is none.
        DataError: if the points cannot be read.
    """
    from epoque.bench.files.csv_table import read_csv

    from .config import NeuronConfig
    from .data import load
    from .separability import decide_separability

    csv = options.csv
    data = {"truth_table": options.truth_table} if csv is None else {"data": "csv", "csv": csv}
    points = load(NeuronConfig.parse(data))
    if csv is not None:
        for remark in read_csv(Path(csv)).remarks():
            notify(remark)
    return Verdict(points, decide_separability(points.x, points.d))


class AnimateOptions(RunFolderOptions, FigureOptions):
    """Of `animate`."""

    run: RunReference = option(
        "last", "A run's id, a part of it, `last`, or its folder.", positional=True
    )
    out: FilePath = option(
        Path("boundary"), "The path without its ending; .webp and .gif are written."
    )


@action
def animate(options: AnimateOptions, notify: Notify) -> FilmFiles:
    """Film the boundary while it learned, for runs with two inputs.

    Returns:
        The files.

    Raises:
        ConfigError: if an option is wrong.
        UsageError: if the run has not two inputs.
        UnknownNameError: if there is no such run.
    """
    from epoque.bench.runs.find_record import find_lab_record
    from epoque.bench.runs.run import Run

    from .config import NeuronConfig
    from .figures import animation

    options.check_output("out", ".webp", ".gif")
    run = find_lab_record(runs_folder(options.runs), options.run, NAME, Run[NeuronConfig])
    announce_run(options.run, run.id, notify)
    out = options.out
    make_parent_folder(out)
    animation(run, out, options.lang, "dark" if options.dark else "light")
    return FilmFiles(tuple(out.with_name(f"{out.name}.{kind}") for kind in ("webp", "gif")))


class CheckGradientsOptions(Options):
    """Of `check_gradients`: it takes none."""


@action
def check_gradients(options: CheckGradientsOptions) -> dict[tuple[str, str], float]:  # noqa: ARG001
    """Hold every gradient of the network against finite differences.

    Returns:
        Loss and activation to the relative error of the gradient, about 1e-9 where all is well.
    """
    from .config import NeuronConfig
    from .mlp.gradient_check import check_all_gradients

    hidden = (4, 3)
    return check_all_gradients(
        NeuronConfig(model="mlp", truth_table="xor", hidden_layers=hidden, init="glorot_uniform")
    )
