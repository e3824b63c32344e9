"""Comparing runs: the settings that differ, the results, and one curve each."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UnknownNameError, UsageError
from ..result_labels import find_label, labels_of
from ..setting_paths import flatten
from .run import Run

__all__ = ["check_metric", "choose_metric", "compare_runs", "draw_comparison"]


def compare_runs(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return name to one value a run: the settings that differ, then all plain results and times.

    A run that has not finished has no results; its column is None there, and so it is where
    another run's has no number (`not_measured`).
    """
    settings = [{**flatten(run.metadata["config"]), "recipe": run.recipe} for run in runs]
    every = dict.fromkeys(name for values in settings for name in values)
    names = [n for n in every if any(s.get(n) != settings[0].get(n) for s in settings)]
    rows = {name: [s.get(name) for s in settings] for name in names}
    rows["state"] = [run.status.state for run in runs]
    results = [_results(run) for run in runs]
    for values in results:
        for name, value in values.items():
            plain = isinstance(value, int | float | str) or name in values.get("not_measured", {})
            if plain and name not in rows:
                rows[name] = [other.get(name) for other in results]
    return rows


def _results(run: Run) -> Mapping[str, Any]:
    status = run.status
    return {**run.results, **status.timings.numbers} if status.state == "finished" else {}


def check_metric(runs: Sequence[Run], metric: str) -> None:
    """Check that each run has a metric.

    Raises:
        UnknownNameError: if a run has no such metric.
    """
    for run in runs:
        names: list[str] = []
        for name in _iterate_metric_names(run):
            names.append(name)
            if name == metric:
                break
        else:
            raise UnknownNameError(f"metric of {run.id} named", metric, names)


def choose_metric(runs: Sequence[Run]) -> str:
    """Return the first metric of the first run that all the others have, too.

    Raises:
        UsageError: if there is none.
    """
    first, *others = (list(_iterate_metric_names(run)) for run in runs)
    common = [name for name in first if all(name in names for names in others)]
    if not common:
        raise UsageError("These runs have no metric in common that could be drawn.")
    return common[0]


def _iterate_metric_names(run: Run) -> Iterator[str]:
    """Yield the names of a run's metrics, each once, in the order in which they first appear."""
    names = {"step"}
    for row in run.metric_rows():
        for name in row:
            if name not in names:
                names.add(name)
                yield name


def draw_comparison(runs: Sequence[Run], metric: str, stem: Path) -> None:
    """Draw one metric of several runs as curves, saved as PNG and SVG beside each other.

    Raises:
        UnknownNameError: if a run has no such metric.
    """
    check_metric(runs, metric)
    from ..figures.plot import add_heading, figure_style, new_figure, save_figure
    from ..figures.ticks import format_axis

    with figure_style():
        figure = new_figure(3.1 + 0.2 * len(runs))
        axes = figure.subplots()
        for run in runs:
            axes.plot(run.metrics.index, run.metrics[metric], label=run.id)
        add_heading(axes, find_label(labels_of(runs[0].lab_name), metric) or metric)
        axes.set(xlabel="Iteration", xscale="log")  # what tells runs apart happens early
        format_axis(axes.xaxis, "en", whole=True)
        figure.legend(loc="outside lower left")
        save_figure(figure, stem)
