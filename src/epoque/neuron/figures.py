"""The neuron lab's pictures, drawn from run folders alone; no training engine is imported."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError, UsageError
from epoque.bench.figures.animation import choose_log_spaced, save_animation
from epoque.bench.figures.film import Film
from epoque.bench.figures.number_format import format_number, to_subscript
from epoque.bench.figures.plot import (
    SERIES,
    add_heading,
    color,
    figure_style,
    mix_colors,
    new_figure,
)
from epoque.bench.figures.ticks import format_axis, label_line_ends
from epoque.bench.i18n import mark, translator

from .config import NeuronConfig
from .data import load_run
from .decision_boundary import (
    DecisionBoundary,
    find_best_row,
    load_mlp_boundary,
    load_weight_history,
    make_perceptron_boundary,
    replay_corrections,
)
from .decision_plot import DecisionPlot
from .describe import describe_subject
from .hidden_figure import has_hidden_figure, hidden_figure
from .pattern_figure import has_pattern_figure, weights_by_pattern_figure
from .scaling import Scaling

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epoque.bench.figures.plot import Theme
    from epoque.bench.runs.run import Run

__all__ = ["animation", "figures", "films", "learning_film"]

Floats = NDArray[np.float64]

FRAMES = 36
FRAME_DPI = 100
BOOK_FRAMES, BOOK_DPI = 30, 76
"""Of a film in a book, which carries it in both themes."""
MAX_NAMED_WEIGHTS = 11  # a truth table of ten inputs; more curves have no room for names

# Measures of the error over a pass, in the order in which they are told apart.
_MEASURES = {
    "error": mark("last pattern"),
    "error_max": mark("largest"),
    "error_mean": mark("mean"),
    "error_rms": mark("RMS"),
}


def figures(run: "Run[NeuronConfig]", language: str = "en") -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a run: name to the function that draws it.

    `error`: the error curve. `weights` (perceptron): every weight over the iterations.
    `weights-by-pattern` (of a gate, corrected after each pattern): the weights after each pattern.
    `loss` (MLP): training and test loss. `regions` (two inputs): where the model says 1, and the
    points. `hidden` (two inputs, MLP): what each hidden neuron answers.

    Args:
        run: a run of the neuron lab.
        language: "en" or "fr".

    Raises:
        DamagedRunError: if what is needed cannot be read.
        UsageError: if there is no such language.
    """
    translator(language)
    config = run.config
    if run.metrics.empty:
        return {}
    perceptron = config.model == "perceptron"
    second = {"weights": weights_figure} if perceptron else {"loss": loss_figure}
    draws = {"error": error_figure, **second}
    if has_pattern_figure(config):
        draws["weights-by-pattern"] = weights_by_pattern_figure
    if len(load_run(run).names) == 2:
        draws["regions"] = regions_figure
        if has_hidden_figure(config):
            draws["hidden"] = hidden_figure
    return {name: partial(draw, run, language) for name, draw in draws.items()}


def _columns(run: "Run[NeuronConfig]", *names: str) -> tuple[NDArray[np.int64], list[Floats]]:
    """Return the steps [T] and the named metrics, each [T].

    Raises:
        DamagedRunError: if one is missing.
    """
    metrics = run.metrics
    for name in names:
        if name not in metrics:
            raise DamagedRunError(f"{run.path / 'metrics.jsonl'} has no column {name!r}.")
    return metrics.index.to_numpy(), [metrics[name].to_numpy(float) for name in names]


def error_figure(run: "Run[NeuronConfig]", language: str) -> "Figure":
    """Draw the error over the iterations: one measure in front, the others quiet behind it.

    In front is |d − o| of the last pattern for a truth table, as in the lab book, and the mean
    for sets of points, where a last point means nothing.
    """
    _ = translator(language)
    config = run.config
    front = "error" if config.data == "truth_table" else "error_mean"
    names = [front, *(name for name in list(_MEASURES)[1:] if name != front)]
    steps, curves = _columns(run, *names)
    figure = new_figure()
    axes = figure.add_subplot()
    for name, curve in zip(names, curves, strict=True):
        axes.plot(steps, curve, label=_(_MEASURES[name]), **_measure_style(name, front))
    shown = curves[names.index(front)]
    axes.set_ylim(0, 1.04 * max(1.0, *(float(np.nanmax(c)) for c in curves)))
    _iteration_axis(axes, steps, shown, language)
    subtitle = describe_subject(config, language)
    if front == "error":
        subtitle += _mark_half(axes, steps, shown, language)
    figure.legend(loc="outside lower center", ncols=4, columnspacing=1.4, borderpad=0)
    add_heading(axes, _("Error |d − o|"), subtitle)
    return figure


def _measure_style(name: str, front: str) -> dict[str, Any]:
    if name == front:
        return {"color": color("blue"), "linewidth": 2.0, "zorder": 3}
    # The largest error often is the last pattern's: wide and light, it shows from behind.
    role, dash, width = {
        "error_max": ("purple", "-", 3.4),
        "error_mean": ("green", "--", 1.2),
        "error_rms": ("vermilion", (0, (1, 1)), 1.2),
    }[name]
    colors = {"color": mix_colors(role, 0.4 if name == "error_max" else 0.8)}
    return {**colors, "linestyle": dash, "linewidth": width, "zorder": 2}


def _iteration_axis(axes: "Axes", steps: NDArray[np.int64], curve: Floats, language: str) -> None:
    """Label the axis; make it logarithmic where nearly all happens in the first twentieth."""
    far = np.abs(curve - curve[-1]) > 0.05 * np.ptp(curve)
    settled = int(steps[far][-1]) if far.any() else int(steps[-1])
    log = len(steps) > 20 and settled < steps[-1] / 20
    axes.set_xscale("log" if log else "linear")
    axes.set_xlim(1 if log else 0, int(steps[-1]))
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(translator(language)("Iteration"))


def _mark_half(axes: "Axes", steps: NDArray[np.int64], curve: Floats, language: str) -> str:
    """Mark 0.5, the border between the two sides, and where the curve goes below it for good.

    Returns:
        That in words, to go on with after the subtitle; "" where it does not happen.
    """
    axes.axhline(0.5, color=color("muted"), linewidth=0.8, linestyle=(0, (1, 2)))
    above = np.flatnonzero(curve >= 0.5)
    if not len(above) or above[-1] == len(curve) - 1:
        return ""
    first = int(above[-1]) + 1
    axes.plot(steps[first], curve[first], "o", color=color("blue"), markersize=5.5, zorder=4)
    text = translator(language)("; below {limit} from iteration {step} on")
    return text.format(
        limit=format_number(0.5, language), step=format_number(steps[first], language)
    )


def weights_figure(run: "Run[NeuronConfig]", language: str) -> "Figure":
    """Draw every weight over the iterations, in one figure, named at its end.

    Where the patterns of a pass visibly pull a weight to and fro, a band shows how far.
    """
    _ = translator(language)
    config, data = run.config, load_run(run)
    steps, history = load_weight_history(run, len(data.names))
    figure = new_figure()
    axes = figure.add_subplot()
    has_names = history.shape[1] <= MAX_NAMED_WEIGHTS
    ends = []
    for i, curve in enumerate(history.T):
        ink = color(SERIES[i % len(SERIES)]) if has_names else mix_colors("blue", 0.4)
        # w1 and w2 often coincide: dashes over a line show both.
        dash = (0, (4, 3)) if has_names and i >= 2 else "-"
        axes.plot(steps, curve, color=ink, linestyle=dash, linewidth=1.8 if has_names else 0.6)
        text = f"w{to_subscript(i)} {format_number(float(curve[-1]), language, decimals=2)}"
        ends.append((float(curve[-1]), text, ink))
    subtitle = describe_subject(config, language)
    if _draw_swing(
        axes, steps, history, replay_corrections(config, data, history) if has_names else None
    ):
        subtitle += _("; bands: within each pass")
    axes.margins(y=0.06)
    _iteration_axis(axes, steps, history[:, 0], language)
    if has_names:
        label_line_ends(axes, ends)
    add_heading(axes, _("Weights"), subtitle)
    return figure


def _draw_swing(
    axes: "Axes", steps: NDArray[np.int64], history: Floats, swing: Floats | None
) -> bool:
    """Draw how far each weight swings within each pass; return whether one can see it.

    Args:
        axes: where the curves are.
        steps: the iterations, [T].
        history: weights after each, [T, F + 1].
        swing: weights after each pattern, [N, T - 1, F + 1], or None where it is not known.
    """
    if swing is None or len(history) < 2:
        return False
    low, high = (
        np.minimum(swing.min(axis=0), history[:-1]),
        np.maximum(swing.max(axis=0), history[:-1]),
    )
    if np.median(high - low, axis=0).max() < 0.02 * np.ptp(history):
        return False
    for i, (below, above) in enumerate(zip(low.T, high.T, strict=True)):
        ink = color(SERIES[i % len(SERIES)])
        axes.fill_between(steps[1:], below, above, color=ink, alpha=0.2, linewidth=0)
    return True


def loss_figure(run: "Run[NeuronConfig]", language: str) -> "Figure":
    """Draw a network's training loss and, where there are test points, its test loss."""
    _ = translator(language)
    config = run.config
    names = {"loss": _("training"), "test_loss": _("test")}
    if "test_loss" not in run.metrics:
        names.pop("test_loss")
    steps, curves = _columns(run, *names)
    figure = new_figure()
    axes = figure.add_subplot()
    ends = []
    styles = (("blue", "-"), ("vermilion", "--"))
    for text, curve, (role, dash) in zip(names.values(), curves, styles, strict=False):
        axes.plot(steps, curve, color=color(role), linestyle=dash, linewidth=1.8)
        ends.append((float(curve[-1]), text, color(role)))
    low, high = (float(f([f(c) for c in curves])) for f in (np.nanmin, np.nanmax))
    if 0 < low < high / 100:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    _iteration_axis(axes, steps, curves[0], language)
    if len(ends) > 1:
        label_line_ends(axes, ends)
    add_heading(axes, _("Loss"), describe_subject(config, language))
    return figure


def regions_figure(run: "Run[NeuronConfig]", language: str) -> "Figure":
    """Draw where the model says 1, its line or its network's hidden lines, and the points.

    Where a perceptron's last line is not its best one (for XOR it never settles), the best one
    that it passed through is drawn, and the last one dashed.
    """
    _ = translator(language)
    config, data = run.config, load_run(run)
    last = None
    if config.model == "mlp":
        title = _("Where the network says 1")
        boundary = load_mlp_boundary(run, _snapshot_steps(run)[-1], data.scaling)
    else:
        title = _("Where the neuron says 1")
        steps, history = load_weight_history(run, 2)
        best = find_best_row(history, data)
        boundary = make_perceptron_boundary(config, int(steps[best]), history[best], data.scaling)
        if best < len(steps) - 1:
            title = _("The best line the neuron found")
            last = make_perceptron_boundary(config, int(steps[-1]), history[-1], data.scaling)
    plane = DecisionPlot(config, data.in_original_units, language, [boundary])
    return plane.figure(title, _score(boundary, plane), last)


def _score(boundary: DecisionBoundary, plane: DecisionPlot) -> str:
    """Return the line under a picture of the plane: "XOR, iteration 7: 3 of 4 points right"."""
    _ = translator(plane.language)
    right = boundary.is_correct(plane.data)
    numbers = (boundary.step, int(right.sum()), len(right))
    step, count, total = (format_number(n, plane.language) for n in numbers)
    text = _("iteration {step}: {count} of {total} points right")
    data = describe_subject(plane.config, plane.language).split(", ")[0]
    return f"{data}, {text.format(step=step, count=count, total=total)}"


def _snapshot_steps(run: "Run[NeuronConfig]") -> Sequence[int]:
    steps = run.snapshot_steps()
    if not steps:
        raise DamagedRunError(f"{run.path / 'snapshots'} holds no snapshot.")
    return steps


def films(run: "Run[NeuronConfig]", language: str = "en") -> "Mapping[str, Callable[[], Film]]":
    """Return the films of a run: `learning`, its boundary's way, where it has two inputs.

    Raises:
        DamagedRunError: if what is needed cannot be read.
        UsageError: if there is no such language.
    """
    has_plane = not run.metrics.empty and len(load_run(run).names) == 2
    return {"learning": partial(learning_film, run, language)} if has_plane else {}


def learning_film(
    run: "Run[NeuronConfig]", language: str, *, frames: int = BOOK_FRAMES, dpi: float = BOOK_DPI
) -> Film:
    """Draw the boundary's way while it learns, in the style that is active.

    Iterations are chosen on a log scale, so that the early motion shows.

    Args:
        run: a run with two inputs.
        language: "en" or "fr".
        frames: at most so many.
        dpi: pixels an inch.

    Raises:
        UsageError: if the run has not two inputs.
        DamagedRunError: if what is needed cannot be read.
    """
    config, data = run.config, load_run(run)
    if len(data.names) != 2:
        raise UsageError(f"{run.id} has {len(data.names)} inputs; only two can be animated.")
    _ = translator(language)
    boundaries = _load_boundaries(run, config, data.scaling, frames)
    plane = DecisionPlot(config, data.in_original_units, language, boundaries)
    subtitles = [_score(boundary, plane) for boundary in boundaries]
    return Film(list(plane.frames(_("Learning"), subtitles, dpi)), subtitles)


def animation(
    run: "Run[NeuronConfig]", stem: Path, language: str = "en", theme: "Theme" = "light"
) -> None:
    """Write the boundary's way while it learns as `stem`.webp and `stem`.gif; the end is held.

    Args:
        run: a run with two inputs.
        stem: the path without its ending.
        language: "en" or "fr".
        theme: "light" or "dark".

    Raises:
        UsageError: if the run has not two inputs.
        DamagedRunError: if what is needed cannot be read.
        RunWriteError: if the system refuses.
    """
    with figure_style(theme):
        film = learning_film(run, language, frames=FRAMES, dpi=FRAME_DPI)
    save_animation(film.frames, stem)


def _load_boundaries(
    run: "Run[NeuronConfig]", config: NeuronConfig, scaling: Scaling | None, frames: int
) -> list[DecisionBoundary]:
    if config.model == "mlp":
        shown = choose_log_spaced(_snapshot_steps(run), frames)
        return [load_mlp_boundary(run, step, scaling) for step in shown]
    steps, history = load_weight_history(run, 2)
    rows = dict(zip(steps.tolist(), history, strict=True))
    selected_steps = choose_log_spaced(list(rows), frames)
    return [make_perceptron_boundary(config, step, rows[step], scaling) for step in selected_steps]
