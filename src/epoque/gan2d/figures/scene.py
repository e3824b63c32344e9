"""A moment of a GAN as a picture in layers, in the manner of GAN Lab (Kahng et al. 2019).

From back to front: the discriminator's answer over the square, the generator's manifold, the
discriminator's gradients at generated points, the real and the generated points.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.figures.plot import add_heading, color, mix_colors, new_figure
from epoque.bench.figures.ticks import format_ticks
from epoque.bench.i18n import mark, translator

from ..data.noise import LATTICE_SIDE, density, lattice

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run

__all__ = [
    "LAYERS",
    "POINTS",
    "Layer",
    "Moment",
    "Picture",
    "choose_even_steps",
    "choose_steps",
    "draw",
    "frame",
    "legend",
    "masses",
    "moments",
]

Floats = NDArray[np.floating[Any]]
Layer = Literal["d", "manifold", "gradients", "real", "fake"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
POINTS: tuple[Layer, ...] = ("d", "gradients", "real", "fake")
"""The layers that GAN Lab shows at its start."""

ARRAYS = ("real", "fake", "d", "manifold", "gradients", "probability")
ARROWS = 150  # generated points that show the gradient there
ARROW_LENGTH = 0.15  # of a gradient of 1, as in GAN Lab
LONGEST_ARROW = 0.1
ARROW_WIDTH = 0.008
EDGE = 0.03  # around the square

# Inches.
LEFT, SIDE, RIGHT, AXIS, LEGEND_ROW, ABOVE = 0.45, 3.6, 0.95, 0.4, 0.2, 0.55
INSET = SIDE * EDGE / (1 + 2 * EDGE)  # of the square in its axes

_NAMES = {
    "real": mark("real points"),
    "fake": mark("generated points"),
    "gradients": mark("uphill for the discriminator"),
    "manifold": mark("the generator's manifold"),
}


@dataclass(frozen=True)
class Moment:
    """What a GAN looks like after some iterations.

    Attributes:
        step: iterations done.
        arrays: those of a snapshot (`epoque.gan2d.training.snapshots`).
        masses: the noise's probability in each cell of the manifold's lattice [20, 20], or between
            two points of its curve [440], up to a factor.
    """

    step: int
    arrays: Mapping[str, Floats]
    masses: Floats

    def shades(self) -> tuple[Floats, float]:
        """Return the discriminator's answer as shades 0 to 1 [30, 30], and what one shade is worth.

        A critic's numbers mean something only beside each other: they are spread evenly to both
        sides of their median.
        """
        d = np.asarray(self.arrays["d"], float)
        if self.probability:
            return d, 1.0
        middle = float(np.median(d))
        worth = 2 * float(np.abs(d - middle).max()) or 1.0
        return 0.5 + (d - middle) / worth, worth

    @property
    def probability(self) -> bool:
        """Whether the discriminator's answer is a probability."""
        return bool(self.arrays["probability"])

    def outside(self) -> int:
        """Return how many generated points lie outside the picture."""
        fake = self.arrays["fake"]
        inside = (fake >= -EDGE) & (fake <= 1 + EDGE)
        return int(len(fake) - inside.all(axis=1).sum())


def choose_steps(steps: Sequence[int], count: int) -> list[int]:
    """Choose steps for a film, the first and the last among them.

    Where there are many, they lie closer together at the beginning, where more happens.
    """
    last = len(steps) - 1
    power = 2 if last >= 4 * count else 1
    ranks = {round(last * (i / (count - 1)) ** power) for i in range(count)}
    return [steps[rank] for rank in sorted(ranks)]


def choose_even_steps(steps: Sequence[int], count: int) -> list[int]:
    """Choose steps for a series, as evenly as there are any, the first and the last among them."""
    available = np.asarray(steps)
    places = np.linspace(available[0], available[-1], count)
    nearest = [int(available[np.abs(available - place).argmin()]) for place in places]
    return list(dict.fromkeys(nearest))


def moments(run: "Run", steps: Sequence[int]) -> list[Moment]:
    """Return moments of a run.

    Raises:
        DamagedRunError: if a snapshot is missing or cannot be read.
    """
    config: Any = run.config
    noise = masses(config.noise, config.noise_dims)
    return [Moment(step, _arrays(run, step), noise) for step in steps]


def _arrays(run: "Run", step: int) -> dict[str, Floats]:
    arrays = run.snapshot(step)
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise DamagedRunError(f"{run.path}: the snapshot at step {step} has no {missing[0]!r}.")
    return arrays


def masses(kind: str, dims: int) -> Floats:
    """Return how much of the noise falls between the places of its lattice (`Moment.masses`)."""
    at = density(kind, lattice(kind, dims)[:, :2])
    if dims == 1:
        return (at[:-1] + at[1:]) / 2
    corners = at.reshape(LATTICE_SIDE, LATTICE_SIDE)
    return (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4


# Layers


def draw(
    axes: "Axes", moment: Moment, layers: Sequence[Layer], scale: float = 1.0
) -> "list[Artist]":
    """Draw layers of a moment and return them.

    Args:
        axes: where; see `frame`.
        moment: what.
        layers: which.
        scale: of points and lines; 1 in a picture of 3.5 inches.
    """
    artists: list[Artist] = []
    if "d" in layers:
        artists.append(_answer(axes, moment))
    if "manifold" in layers:
        artists.append(axes.add_collection(_manifold(moment, scale)))
    if "gradients" in layers:
        artists.append(axes.add_collection(_arrows(moment)))
    for name in ("real", "fake"):
        if name in layers:
            artists += axes.plot(*moment.arrays[name].T, **_dots(name, scale))
    return artists


def _answer(axes: "Axes", moment: Moment) -> "Artist":
    return axes.imshow(
        moment.shades()[0],
        cmap=shades(),
        vmin=0,
        vmax=1,
        extent=(0, 1, 0, 1),
        origin="lower",
        interpolation="bilinear",
        zorder=0,
    )


def shades() -> LinearSegmentedColormap:
    """Return the colours of the discriminator's answer, from generated to real.

    They grow stronger fastest around undecided: a well-trained generator leaves it near there.
    """
    sides = np.linspace(-1, 1, 101)
    colors = [mix_colors("blue" if s > 0 else "vermilion", 0.45 * abs(s) ** 0.65) for s in sides]
    return LinearSegmentedColormap.from_list("answer", colors)


def _manifold(moment: Moment, scale: float) -> "PolyCollection | LineCollection":
    """Return the lattice's image: the denser the points come to lie, the more opaque.

    The opacity is GAN Lab's, 0.1 + 0.2 · density between 0.1 and 0.9, the density being 1 where
    points lie as dense as on the average of the manifold.
    """
    points = np.asarray(moment.arrays["manifold"], float)
    ink = to_rgba(color("vermilion"))
    if points.ndim == 2:
        pieces = np.stack([points[:-1], points[1:]], axis=1)
        sizes = np.hypot(*(points[1:] - points[:-1]).T)
        colors = [(*ink[:3], max(a, 0.6)) for a in _opacities(moment.masses, sizes)]
        return LineCollection(list(pieces), colors=colors, linewidths=2.4 * scale, zorder=1.5)
    a, b, c, d = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    quads = np.stack([a, b, c, d], axis=2).reshape(-1, 4, 2)
    colors = [(*ink[:3], o) for o in _opacities(moment.masses.ravel(), _areas(quads))]
    quilt = PolyCollection(list(quads), facecolors=colors, linewidths=0.4 * scale, zorder=1.5)
    quilt.set_edgecolor((*ink[:3], 0.35))
    return quilt


def _areas(quads: Floats) -> Floats:
    """Return the areas of quadrilaterals [n, 4, 2] by the shoelace formula."""
    x, y = quads[..., 0], quads[..., 1]
    twice = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)
    return np.asarray(np.abs(twice) / 2)


def _opacities(masses: Floats, sizes: Floats) -> Floats:
    least = max(float(sizes.max(initial=0.0)) * 1e-6, 1e-12)
    sizes = np.maximum(sizes, least)
    density = (masses / masses.sum()) / (sizes / sizes.sum())
    return np.asarray(np.clip(0.1 + 0.2 * density, 0.1, 0.9))


def _arrows(moment: Moment) -> PolyCollection:
    start = np.asarray(moment.arrays["fake"][:ARROWS], float)
    way = np.asarray(moment.arrays["gradients"][:ARROWS], float) * ARROW_LENGTH
    way /= moment.shades()[1]
    length = np.maximum(np.hypot(*way.T), 1e-12)[:, None]
    way *= np.minimum(1, LONGEST_ARROW / length)
    across = way[:, ::-1] * (1, -1) / np.maximum(np.hypot(*way.T), 1e-12)[:, None]
    across *= np.minimum(ARROW_WIDTH, length) / 2
    wings = start + 0.25 * way
    kites = np.stack([start, wings + across, start + way, wings - across], axis=1)
    face = to_rgba(color("ink"), 0.6)
    return PolyCollection(list(kites), facecolors=[face], linewidths=0, zorder=2)


def _dots(name: str, scale: float) -> dict[str, Any]:
    real = name == "real"
    return {
        "linestyle": "none",
        "marker": "o" if real else "D",
        "markersize": (2.6 if real else 3.0) * scale,
        "markerfacecolor": mix_colors("blue" if real else "vermilion", 0.82, "ink"),
        "markeredgecolor": color("paper"),
        "markeredgewidth": 0.3 * scale,
        "alpha": 0.8 if real else 0.95,
        "zorder": 3 if real else 4,
    }


def frame(axes: "Axes") -> None:
    """Set up axes for `draw`: the unit square and a little around it."""
    axes.set(xlim=(-EDGE, 1 + EDGE), ylim=(-EDGE, 1 + EDGE), aspect="equal")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    axes.plot(*zip(*corners, strict=True), color=color("muted"), linewidth=0.5, zorder=2.5)


# Pictures


class Picture:
    """Draws moments one after the other in the same place.

    Args:
        layers: which layers.
        language: "en" or "fr".
        probability: whether the discriminator's answers are probabilities, all of them.
    """

    def __init__(self, layers: Sequence[Layer], language: str, *, probability: bool) -> None:
        self.layers, self.language = layers, language
        handles = list(legend(layers, language))
        below = AXIS + LEGEND_ROW * -(-len(handles) // 2)
        width, height = LEFT + SIDE + (RIGHT if "d" in layers else LEFT), below + SIDE + ABOVE
        self.figure = new_figure(height, width)
        self.figure.set_layout_engine("none")  # it stands still while its labels change
        place = (LEFT / width, below / height, SIDE / width, SIDE / height)
        self.axes = self.figure.add_axes(place)
        frame(self.axes)
        for axis in (self.axes.xaxis, self.axes.yaxis):
            axis.set_ticks([0, 0.5, 1])
            axis.set_tick_params(length=0, pad=1)
            format_ticks(axis, language)
        self._subtitle = add_heading(self.axes, _title(layers, language), " ")
        self._moving: list[Artist] = []
        inner = (below + INSET) / height, 0.1 / width, (SIDE - 2 * INSET) / height
        self._bar = self.figure.add_axes(((LEFT + SIDE) / width, *inner), visible=False)
        self.figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(LEFT / width, 0.05 / height),
            ncols=2,
            handletextpad=0.5,
            columnspacing=1.4,
            borderpad=0,
            borderaxespad=0,
        )
        if "d" in layers:
            self._scale(probability)

    def show(self, moment: Moment, subtitle: str) -> "Figure":
        """Draw a moment in place of the one before."""
        for artist in self._moving:
            artist.remove()
        self._moving = draw(self.axes, moment, self.layers)
        self._subtitle.set_text(subtitle)
        return self.figure

    def _scale(self, probability: bool) -> None:
        """Draw the shades' key: a probability has numbers, a critic only less and more."""
        _ = translator(self.language)
        self._bar.set_visible(True)
        bar = self.figure.colorbar(ScalarMappable(Normalize(0, 1), shades()), cax=self._bar)
        bar.outline.set_visible(False)
        self._bar.tick_params(length=0)
        self._bar.text(0.7, -0.05, "D(x)", transform=self._bar.transAxes, va="center", fontsize=9)
        bar.set_ticks([0, 0.5, 1] if probability else [0, 1])
        if probability:
            format_ticks(self._bar.yaxis, self.language)
        else:
            self._bar.set_yticklabels([_("lower"), _("higher")])


def _title(layers: Sequence[Layer], language: str) -> str:
    _ = translator(language)
    if "manifold" in layers and "fake" not in layers:
        return _("The generator's manifold")
    return _("Real and generated points")


def legend(layers: Sequence[Layer], language: str) -> "Iterator[Artist]":
    """Yield the key to layers."""
    _ = translator(language)
    for name in ("real", "fake"):
        if name in layers:
            yield Line2D([], [], label=_(_NAMES[name]), **_dots(name, 1.6))
    if "gradients" in layers:
        text = _(_NAMES["gradients"])
        yield Line2D([], [], color=color("ink"), alpha=0.6, linewidth=1.6, label=text)
    if "manifold" in layers:
        ink = color("vermilion")
        face, edge = to_rgba(ink, 0.45), to_rgba(ink, 0.6)
        yield Patch(facecolor=face, edgecolor=edge, linewidth=0.5, label=_(_NAMES["manifold"]))
