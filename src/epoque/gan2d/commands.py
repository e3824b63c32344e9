"""`epoque gan2d film|look|multiples|retrain`: what the actions return, printed."""

from cyclopts import App

from epoque.bench.action_commands import add_action
from epoque.bench.figure_files import FigureFiles, FilmFiles
from epoque.bench.progress import Notify, Progress, no_progress
from epoque.bench.terminal import print_line

from . import actions

__all__ = ["build_app"]


def build_app(title: str) -> App:
    """Return the commands of the lab, under its title."""
    app = App(help=title)
    add_action(
        app,
        actions.look,
        _show_moment,
        examples=(
            "epoque gan2d look last --step 300",
            "epoque gan2d look last --layers real,manifold --out manifold",
        ),
    )
    add_action(
        app,
        actions.film,
        _show_film,
        examples=(
            "epoque gan2d film last",
            "epoque gan2d film ring --out ring.mp4 --width 1000 --dark",
        ),
    )
    add_action(
        app,
        actions.multiples,
        _show_multiples,
        bar=("training", "runs"),
        examples=(
            "epoque gan2d multiples gan2d/ring loss=log,hinge seed=0:3 iterations=500",
            "epoque gan2d multiples gan2d/ring --across d_steps --down seed",
            "epoque gan2d multiples last",
        ),
    )
    add_action(
        app,
        actions.retrain,
        _show_retrained,
        bar=("training", "iterations"),
        call=_retrain,
        examples=("epoque gan2d retrain last --from 1000",),
    )
    return app


def _show_figure(files: FigureFiles) -> None:
    print_line(str(files.png))
    print_line(str(files.svg))


def _show_multiples(files: actions.Multiples) -> None:
    for remark in files.remarks:
        print_line(remark)
    _show_figure(files)


def _show_film(files: FilmFiles) -> None:
    for path in files.paths:
        print_line(str(path))


def _show_moment(moment: actions.Moment) -> None:
    _show_figure(moment)
    if moment.asked_step not in (None, moment.step):
        step = moment.asked_step
        print_line(
            f"There is no snapshot at iteration {step}; the nearest, {moment.step}, was drawn."
        )


def _retrain(
    options: actions.RetrainOptions, progress: Progress, notify: Notify
) -> actions.Retrained:
    from epoque.bench.sinks.registry import make_sinks

    return actions.retrain_into(
        options, notify, make_sinks([] if progress is no_progress else ["console"])
    )


def _show_retrained(done: actions.Retrained) -> None:
    if done.first_difference is None:
        print_line(f"The same as {done.old.id}, to the last bit.")
    else:
        at = done.first_difference
        print_line(f"Not the same as {done.old.id}: the first difference is at iteration {at}.")
    print_line(str(done.new.path))
