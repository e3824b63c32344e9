"""The weights of one neuron as each pattern moves them; a run records them once a pass."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.figures.number_format import to_subscript
from epoque.bench.figures.plot import SERIES, add_heading, color, new_figure
from epoque.bench.figures.ticks import format_axis, label_line_ends
from epoque.bench.i18n import translator

from .config import NeuronConfig
from .data import load_run
from .decision_boundary import load_weight_history, replay_corrections
from .describe import describe_subject

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run

__all__ = ["PASSES", "has_pattern_figure", "weights_by_pattern_figure"]

PASSES = 50
"""How many passes are drawn: of a gate, 200 points."""


def has_pattern_figure(config: NeuronConfig) -> bool:
    """Return whether patterns move the weights one by one, and there are few enough to draw."""
    online = config.update == "online" and config.rule != "step"
    return config.model == "perceptron" and config.data == "truth_table" and online


def weights_by_pattern_figure(run: "Run[NeuronConfig]", language: str) -> "Figure":
    """Draw the weights after each pattern of the first passes."""
    _ = translator(language)
    config, data = run.config, load_run(run)
    _steps, history = load_weight_history(run, len(data.names))
    after = replay_corrections(config, data, history[: PASSES + 1])
    assert after is not None, "a truth table is small"
    points = np.concatenate([history[:1], _in_order(after)])
    presented = np.arange(len(points))
    figure = new_figure()
    axes = figure.add_subplot()
    ends = []
    for i, curve in enumerate(points.T):
        ink = color(SERIES[i % len(SERIES)])
        dash = (0, (4, 3)) if i >= 2 else "-"
        axes.plot(presented, curve, color=ink, linestyle=dash, linewidth=1.1)
        ends.append((float(curve[-1]), f"w{to_subscript(i)}", ink))
    axes.set_xlim(0, len(points) - 1)
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(_("Patterns presented"))
    label_line_ends(axes, ends)
    add_heading(axes, _("Weights after each pattern"), describe_subject(config, language))
    return figure


def _in_order(after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights after each pattern of each pass, [N, T, F + 1], as they came, [T·N, F + 1]."""
    patterns, passes, weights = after.shape
    return after.transpose(1, 0, 2).reshape(passes * patterns, weights)
