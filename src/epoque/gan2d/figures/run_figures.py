"""The GAN lab's pictures, drawn from run folders alone; no training engine is imported."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from epoque.bench.errors import UsageError
from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import add_heading, color, mix_colors, new_figure
from epoque.bench.figures.ticks import format_axis, label_line_ends
from epoque.bench.i18n import translator

from ..config import Gan2dConfig
from ..equilibrium import equilibrium_losses, name_loss
from .multiples import small_pictures
from .scene import POINTS, Layer, Picture, choose_even_steps, moments
from .words import describe_moment, subject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run

__all__ = ["figures", "look", "nearest"]

Curve = tuple[str, str, str, str]
"""A metric's name, its label, its colour's role and its dash."""

MANIFOLD: tuple[Layer, ...] = ("manifold", "real")

HISTORY, COLUMNS = 6, 3  # small pictures of a run
SMOOTH = 0.03  # of a curve, the window of its running median
FEW, MANY = 20, 60  # points of a curve below which each is marked, from which it is smoothed

BORDERLESS = ("wasserstein", "relativistic")  # D's number means nothing by itself
MODES = {"gaussians": 2, "disjoint": 3, "grid": 25, "circle": 8}


def figures(run: "Run[Gan2dConfig]", language: str = "en") -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a run: name to the function that draws it.

    `points`: real and generated points, the discriminator's answer and its gradients at the end.
    `manifold`: where the generator puts the lattice of noise. `history`: six moments of the run.
    `losses`, `gradients`, `divergence`, `discriminator` (where its answers have a border between
    real and generated) and `modes` (mixtures): curves.

    Args:
        run: a run of the GAN lab.
        language: "en" or "fr".

    Raises:
        DamagedRunError: if what is needed cannot be read.
        UsageError: if there is no such language.
    """
    translator(language)
    draws: dict[str, Callable[[Run[Gan2dConfig], str], Figure]] = {}
    if run.snapshot_steps():
        draws |= {"points": points_figure, "manifold": manifold_figure, "history": history_figure}
    curves = {
        "losses": ("loss_d", losses_figure),
        "discriminator": ("accuracy_real", discriminator_figure),
        "gradients": ("grad_norm_g", gradients_figure),
        "divergence": ("js", divergence_figure),
        "modes": ("modes_covered", modes_figure),
    }
    if run.config.loss in BORDERLESS:
        del curves["discriminator"]
    draws |= {name: of for name, (metric, of) in curves.items() if metric in run.metrics}
    return {name: partial(of, run, language) for name, of in draws.items()}


def look(
    run: "Run[Gan2dConfig]",
    step: int | None = None,
    layers: Sequence[Layer] = POINTS,
    language: str = "en",
) -> "Figure":
    """Draw one moment of a run in layers.

    Args:
        run: a run of the GAN lab.
        step: after how many iterations; None is the end. The nearest snapshot is drawn.
        layers: any of `d`, `manifold`, `gradients`, `real`, `fake`.
        language: "en" or "fr".

    Raises:
        UsageError: if the run has no snapshots.
        DamagedRunError: if the snapshot cannot be read.
    """
    (moment,) = moments(run, [nearest(run, step)])
    picture = Picture(layers, language, probability=moment.probability)
    return picture.show(moment, describe_moment(run.config, moment, language))


def nearest(run: "Run[Gan2dConfig]", step: int | None = None) -> int:
    """Return the step of the snapshot nearest to a step, the earlier of two; by default the last.

    Raises:
        UsageError: if the run has no snapshots.
    """
    steps = run.snapshot_steps()
    if not steps:
        raise UsageError(f"{run.id} has no snapshots to draw.")
    return steps[-1] if step is None else min(steps, key=lambda have: abs(have - step))


def points_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw the end of a run in GAN Lab's layers: answer, gradients, real and generated points."""
    return look(run, None, POINTS, language)


def manifold_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw where the generator puts the lattice of noise, denser where more points fall."""
    return look(run, None, MANIFOLD, language)


def history_figure(run: "Run[Gan2dConfig]", language: str, count: int = HISTORY) -> "Figure":
    """Draw some moments of a run side by side, evenly apart."""
    _ = translator(language)
    nearest(run)  # raises where there is none
    steps = choose_even_steps(run.snapshot_steps(), count)
    names = [_("iteration {step}").format(step=format_number(step, language)) for step in steps]
    panels = list(zip(names, moments(run, steps), strict=True))
    rows = [panels[i : i + COLUMNS] for i in range(0, len(panels), COLUMNS)]
    text = _("From the first iteration to the last")
    return small_pictures(rows, [], text, subject(run.config, language), language)


def losses_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw the losses of both networks over the iterations, and what they are at the equilibrium.

    There the discriminator cannot tell real from generated points (`epoque.gan2d.equilibrium`).
    """
    _ = translator(language)
    figure = new_figure()
    axes = figure.add_subplot()
    curves = (
        ("loss_d", _("discriminator"), "blue", "-"),
        ("loss_g", _("generator"), "vermilion", "--"),
    )
    _draw_curves(axes, run, curves, language)
    _draw_equilibrium(axes, run.config, language)
    add_heading(axes, _("Losses"), subject(run.config, language))
    return figure


def _draw_equilibrium(axes: "Axes", config: Gan2dConfig, language: str) -> None:
    """Draw a dotted line at each network's loss of the equilibrium, where it has one."""
    losses = equilibrium_losses(config)
    if losses is None:
        return
    low, high = axes.get_ylim()
    margin = 0.1 * (high - low)  # for what is written beyond the lines, where curves seldom are
    axes.set_ylim(min(low, min(losses) - margin), max(high, max(losses) + margin))
    for value in dict.fromkeys(losses):
        axes.axhline(value, color=color("muted"), linewidth=0.9, linestyle=(0, (1, 2)))
        text = name_loss(value) or format_number(value, language, decimals=2)
        axes.text(
            0.01,
            value,
            translator(language)("equilibrium: {value}").format(value=text),
            transform=axes.get_yaxis_transform(),
            va="bottom" if value == max(losses) else "top",
            fontsize=8,
            color=color("muted"),
            bbox={"facecolor": color("paper"), "edgecolor": "none", "alpha": 0.75, "pad": 1},
            zorder=4,
        )


def discriminator_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw how often the discriminator is right, and how often it is certain."""
    _ = translator(language)
    figure = new_figure()
    axes = figure.add_subplot()
    axes.axhline(0.5, color=color("muted"), linewidth=0.8, linestyle=(0, (1, 2)))
    curves = (
        ("accuracy_real", _("right on real"), "blue", "-"),
        ("accuracy_fake", _("right on generated"), "vermilion", "--"),
        ("saturated", _("certain, within 1 %"), "ink", ":"),
    )
    _draw_curves(axes, run, curves, language, limits=(0, 1))
    add_heading(axes, _("The discriminator's answers"), subject(run.config, language))
    return figure


def gradients_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw the length of the gradient that reaches each network."""
    _ = translator(language)
    figure = new_figure()
    axes = figure.add_subplot()
    axes.set_yscale("log")
    names = _("discriminator"), _("generator")
    curves = (("grad_norm_d", names[0], "blue", "-"), ("grad_norm_g", names[1], "vermilion", "--"))
    _draw_curves(axes, run, curves, language)
    add_heading(axes, _("Length of the gradients"), subject(run.config, language))
    return figure


def divergence_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw two distances from the real distribution: Jensen-Shannon and sliced Wasserstein."""
    _ = translator(language)
    figure = new_figure(4.4)
    above, below = figure.subplots(2, 1, sharex=True)
    js = run.metrics[["js", "js_se"]].dropna()
    low, high = js["js"] - 2 * js["js_se"], js["js"] + 2 * js["js_se"]
    above.fill_between(js.index, low, high, color=color("blue"), alpha=0.25, linewidth=0)
    _draw_curves(above, run, (("js", "", "blue", "-"),), language, limits=(0, None))
    _draw_curves(below, run, (("sliced_w1", "", "vermilion", "-"),), language, limits=(0, None))
    above.set_xlabel("")
    add_heading(above, _("Jensen-Shannon divergence, bits"), subject(run.config, language))
    add_heading(below, _("Sliced Wasserstein distance"), _("in widths of the square"))
    return figure


def modes_figure(run: "Run[Gan2dConfig]", language: str) -> "Figure":
    """Draw how many modes of a mixture are covered, and the share of good points."""
    _ = translator(language)
    figure = new_figure(4.4)
    above, below = figure.subplots(2, 1, sharex=True)
    count = MODES[run.config.data]
    _draw_curves(above, run, (("modes_covered", "", "blue", "-"),), language, limits=(0, count))
    _draw_curves(below, run, (("high_quality", "", "vermilion", "-"),), language, limits=(0, 1))
    above.set_xlabel("")
    text = _("Modes covered, of {count}").format(count=format_number(count, language))
    add_heading(above, text, subject(run.config, language))
    add_heading(below, _("Share of points near a mode"))
    return figure


def _draw_curves(
    axes: "Axes",
    run: "Run[Gan2dConfig]",
    curves: Sequence[Curve],
    language: str,
    limits: tuple[float | None, float | None] | None = None,
) -> None:
    """Draw metrics over the iterations: a running median in front of what was measured."""
    ends, lows, highs = [], [], []
    for name, text, role, dash in curves:
        if name not in run.metrics:
            continue
        series = run.metrics[name].dropna()
        line = series
        if len(series) >= MANY:
            window = max(3, round(SMOOTH * len(series)) // 2 * 2 + 1)
            line = series.rolling(window, center=True, min_periods=1).median()
            axes.plot(series.index, series, color=mix_colors(role, 0.3), linewidth=0.6, zorder=2)
        axes.plot(
            line.index.to_numpy(),
            line.to_numpy(),
            color=color(role),
            linestyle=dash,
            marker="o" if len(series) < FEW else "",
            markersize=3.5,
            zorder=3,
        )
        ends.append((float(line.iloc[-1]), text, color(role)))
        spikes = 0.005 if len(series) >= MANY else 0.0
        lows.append(float(series.quantile(spikes)))
        highs.append(float(series.quantile(1 - spikes)))
    _set_limits(axes, limits, min(lows), max(highs))
    axes.set_xlim(0, int(run.metrics.index[-1]))
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(translator(language)("Iteration"))
    if len(curves) > 1:
        label_line_ends(axes, ends)


def _set_limits(
    axes: "Axes", limits: tuple[float | None, float | None] | None, low: float, high: float
) -> None:
    """Set what of the y axis is shown; single spikes may leave it."""
    bottom, top = limits or (None, None)
    if axes.get_yscale() == "log":
        axes.set_ylim(max(low, 1e-9) / 1.3, max(high, 2e-9) * 1.3)
        return
    margin = 0.05 * (high - low) or 0.05
    bottom = low - margin if bottom is None else bottom
    top = high + margin if top is None else top + 0.02 * (top - bottom)
    axes.set_ylim(bottom, top)
