"""What each hidden neuron of a network makes of the plane: one small map a neuron."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.figures.number_format import format_number, to_subscript
from epoque.bench.figures.plot import WIDTH, color, mix_colors, new_figure
from epoque.bench.i18n import translator

from .config import NeuronConfig
from .data import load_run
from .decision_boundary import load_mlp_boundary, load_mlp_params
from .decision_plot import DecisionPlot
from .describe import describe_subject
from .features import derive_features
from .mlp.network import hidden_activations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run

__all__ = ["MAX_MAPS", "has_hidden_figure", "hidden_figure"]

Floats = NDArray[np.float64]

MAX_MAPS = 32
"""Most hidden neurons that are drawn: four rows of maps in which one still sees something."""
COLUMNS = 8
GRID = 80  # points a side of a map

# Inches.
EDGE, GAP, NAME, HEAD, FOOT = 0.12, 0.1, 0.2, 0.58, 0.12
MAX_SIDE = 1.25


def has_hidden_figure(config: NeuronConfig) -> bool:
    """Return whether a network has hidden neurons, and few enough to draw."""
    return config.model == "mlp" and 0 < sum(config.hidden_layers) <= MAX_MAPS


def hidden_figure(run: "Run[NeuronConfig]", language: str) -> "Figure":
    """Draw what every hidden neuron answers over the plane, a row of maps a layer.

    Each map goes from its largest size below 0 to the same above; beyond its line a neuron answers
    otherwise, and the neurons of a later layer are made of the maps above.

    Args:
        run: of a network with two inputs.
        language: "en" or "fr".

    Raises:
        DamagedRunError: if the run has no snapshot, or it cannot be read.
    """
    _ = translator(language)
    config, data = run.config, load_run(run)
    steps = run.snapshot_steps()
    if not steps:
        raise DamagedRunError(f"{run.path / 'snapshots'} holds no snapshot.")
    boundary = load_mlp_boundary(run, steps[-1], data.scaling)
    plane = DecisionPlot(config, data.in_original_units, language, [boundary])
    params = load_mlp_params(run, steps[-1], data.scaling)
    inputs = derive_features(config.features, plane.grid_points(GRID))
    layers = hidden_activations(params, inputs, config.activation)
    several = len(layers) > 1
    rows = [
        [(_name(k if several else None, j), layer[:, j - 1]) for j in part]
        for k, layer in enumerate(layers, 1)
        for part in _split(layer.shape[1])
    ]
    step = format_number(steps[-1], language)
    subject = describe_subject(config, language).split(", ")[0]
    subtitle = _("{data}, iteration {step}: blue below 0, orange above").format(
        data=subject, step=step
    )
    return _draw_maps(rows, plane, _("What each hidden neuron answers"), subtitle)


def _split(neurons: int) -> list[range]:
    """Return the numbers of a layer's neurons, from 1, in rows of about the same length."""
    count = -(-neurons // COLUMNS)
    length = -(-neurons // count)
    return [
        range(first, min(first + length, neurons + 1)) for first in range(1, neurons + 1, length)
    ]


def _name(layer: int | None, neuron: int) -> str:
    """Return a neuron's name, h₃, or h₂,₃ where there are several layers."""
    place = to_subscript(neuron)
    return f"h{place}" if layer is None else f"h{to_subscript(layer)},{place}"


def _draw_maps(
    rows: list[list[tuple[str, Floats]]], plane: DecisionPlot, title: str, subtitle: str
) -> "Figure":
    columns = max(map(len, rows))
    side = min(MAX_SIDE, (WIDTH - 2 * EDGE - GAP * (columns - 1)) / columns)
    height = HEAD + FOOT + len(rows) * (NAME + side)
    figure = new_figure(height, WIDTH)
    figure.set_layout_engine("none")
    shades = LinearSegmentedColormap.from_list(
        "signs", [mix_colors("blue", 0.5), color("paper"), mix_colors("vermilion", 0.5)]
    )
    for i, row in enumerate(rows):
        bottom = height - HEAD - (i + 1) * (NAME + side)
        for j, (name, values) in enumerate(row):
            left = EDGE + j * (side + GAP)
            place = (left / WIDTH, bottom / height, side / WIDTH, side / height)
            axes = figure.add_axes(place, xticks=[], yticks=[])
            axes.set_title(name, fontsize=8.5, loc="center", fontweight="normal", pad=3.0)
            largest = float(np.abs(values).max()) or 1.0
            axes.imshow(
                values.reshape(GRID, GRID), cmap=shades, vmin=-largest, vmax=largest,
                extent=(plane.low[0], plane.high[0], plane.low[1], plane.high[1]),
                origin="lower", aspect="auto",
            )  # fmt: skip
            plane.draw_small_points(axes)
            axes.spines[:].set_visible(False)
    x = EDGE / WIDTH
    figure.text(x, 1 - 0.12 / height, title, fontsize=10.5, fontweight="bold", va="top")
    figure.text(x, 1 - 0.34 / height, subtitle, fontsize=9, color=color("muted"), va="top")
    return figure
