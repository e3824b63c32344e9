"""Comparing runs: the settings that differ, the results, and one curve each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UnknownNameError
from ..setting_paths import flatten
from .run import Run

__all__ = ["check_metric", "compare_runs", "draw_comparison"]


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
        names: dict[str, None] = {}
        for row in run.metric_rows():
            names |= dict.fromkeys(name for name in row if name != "step")
            if metric in names:
                break
        else:
            raise UnknownNameError(f"metric of {run.id} named", metric, names)


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
        add_heading(axes, metric)
        axes.set(xlabel="Iteration", xscale="log")  # what tells runs apart happens early
        format_axis(axes.xaxis, "en", whole=True)
        figure.legend(loc="outside lower left")
        save_figure(figure, stem)
