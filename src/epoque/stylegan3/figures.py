"""The StyleGAN3 lab's pictures of a training, from run folders alone; no engine is imported."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import add_heading, color, new_figure
from epoque.bench.figures.ticks import format_axis, label_line_ends
from epoque.bench.i18n import translator

from .config import StyleGan3Config
from .generation.image_grid import make_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run

__all__ = ["figures"]

FEW = 40  # points of a curve below which each is marked
COLUMNS = 8  # images side by side
MOMENTS = 6  # rows of the history

Curve = tuple[str, str, str, str]
"""A metric's name, its label, its colour's role and its dash."""


def figures(
    run: "Run[StyleGan3Config]", language: str = "en"
) -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a run: name to the function that draws it.

    `samples`: generated images at the end. `history`: the same random numbers' images over the
    training. `losses`, `scores` (the discriminator's answers) and, where it adapts, `augmentation`:
    curves. `measure`: the first of the measures that were taken.

    Args:
        run: a run of the StyleGAN3 lab.
        language: "en" or "fr".

    Raises:
        DamagedRunError: if what is needed cannot be read.
        UsageError: if there is no such language.
    """
    translator(language)
    draws: dict[str, Callable[[Run[StyleGan3Config], str], Figure]] = {}
    if run.snapshot_steps():
        draws |= {"samples": samples_figure, "history": history_figure}
    if len(run.metrics):
        draws |= {"losses": losses_figure, "scores": scores_figure}
        if run.config.aug == "ada":
            draws["augmentation"] = augmentation_figure
        if _metric_names(run):
            draws["measure"] = measure_figure
    return {name: partial(of, run, language) for name, of in draws.items()}


def _metric_names(run: "Run[StyleGan3Config]") -> list[str]:
    """Return the measures that were taken, in the config's order."""
    return [name for name in run.config.metrics if name in run.metrics]


def _describe_subject(run: "Run[StyleGan3Config]", language: str) -> str:
    """Return the line under a title: which generator learns from which images."""
    _ = translator(language)
    config = run.config
    kinds = {"t": _("config T"), "r": _("config R"), "stylegan2": "StyleGAN2"}
    return f"{kinds[config.cfg]}, {_describe_images(config, language)}"


def _describe_images(config: StyleGan3Config, language: str) -> str:
    from pathlib import PurePath

    _ = translator(language)
    if config.data is not None:
        return PurePath(config.data).stem
    return _("cartoon portraits of {size} pixels").format(size=config.resolution)


def _draw_grid(run: "Run[StyleGan3Config]", step: int, language: str) -> str:
    """Return how many images were seen by a step, in words."""
    _ = translator(language)
    count = format_number(step * run.config.batch / 1000, language, 3)
    return _("{count} thousand images seen").format(count=count)


def samples_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw what the averaged generator makes at the end."""
    _ = translator(language)
    step = run.snapshot_steps()[-1]
    images = run.snapshot(step)["images"]
    columns = min(COLUMNS, len(images))
    rows = -(-len(images) // columns)
    figure = new_figure(0.6 + 4.75 * rows / columns)
    axes = figure.add_subplot()
    grid = make_grid(images, columns)
    axes.imshow(grid, interpolation="nearest", cmap="grey", vmin=0, vmax=255)
    axes.set_axis_off()
    subject = f"{_describe_subject(run, language)}, {_draw_grid(run, step, language)}"
    add_heading(axes, _("Generated images"), subject)
    return figure


def history_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw some moments of a training from top to bottom, always from the same random numbers."""
    _ = translator(language)
    steps = _choose_steps(run.snapshot_steps())
    figure = new_figure(0.85 + 0.54 * len(steps))
    figure.set_layout_engine("constrained", h_pad=0.03, hspace=0.0)
    grid = figure.subplots(len(steps), 1, squeeze=False)[:, 0]
    config = run.config
    for axes, step in zip(grid, steps, strict=True):
        images = run.snapshot(step)["images"][:COLUMNS]
        axes.imshow(make_grid(images, len(images)), interpolation="nearest", cmap="grey",
                    vmin=0, vmax=255)  # fmt: skip
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        text = format_number(step * config.batch / 1000, language, 2)
        axes.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=9)
    add_heading(grid[0], _("How the images came"), _describe_subject(run, language))
    figure.supylabel(_("Thousand images seen"), color=color("muted"), fontsize=9)
    return figure


def _choose_steps(steps: list[int]) -> list[int]:
    """Choose moments that lie closer together at the beginning, the first and last among them."""
    if len(steps) <= MOMENTS:
        return steps
    last = len(steps) - 1
    places = {round(last * (index / (MOMENTS - 1)) ** 2) for index in range(MOMENTS)}
    return [steps[place] for place in sorted(places)]


def losses_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw the losses of both networks."""
    _ = translator(language)
    curves: list[Curve] = [
        ("loss_g", _("generator"), "blue", "-"),
        ("loss_d", _("discriminator"), "vermilion", "--"),
    ]
    return _curves_figure(run, language, _("Losses, nats an image"), curves)


def scores_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw the discriminator's mean answers to real and to generated images."""
    _ = translator(language)
    curves: list[Curve] = [
        ("score_real", _("real"), "green", "-"),
        ("score_fake", _("generated"), "purple", "--"),
    ]
    return _curves_figure(run, language, _("The discriminator's answers"), curves)


def augmentation_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw the probability of augmentations, and the sign that it follows."""
    _ = translator(language)
    curves: list[Curve] = [
        ("sign_real", _("sign for real"), "green", "--"),
        ("augmentation", _("probability"), "ink", "-"),
    ]
    figure = _curves_figure(run, language, _("Adaptive augmentation"), curves)
    (axes,) = figure.axes
    axes.axhline(run.config.target, color=color("muted"), linewidth=0.9, linestyle=(0, (1, 2)))
    return figure


def measure_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw the first of the measures that were taken during the training."""
    _ = translator(language)
    titles = {
        "pfd": _("Portrait Fréchet distance"),
        "pkd": _("Portrait kernel distance"),
        "pprecision": _("Portrait precision"),
        "precall": _("Portrait recall"),
        "swd": _("Sliced Wasserstein distance, ×10⁻³"),
        "octaves": _("Power by octave: largest deviation, dB"),
        "edges": _("Edge energy, % of the real images'"),
        "shares": _("Share of an attribute: largest deviation, points"),
        "efd": _("EfficientNet Fréchet distance"),
        "ekd": _("EfficientNet kernel distance"),
        "eprecision": _("EfficientNet precision"),
        "erecall": _("EfficientNet recall"),
        "fid": _("Fréchet Inception distance (FID)"),
        "kid": _("Kernel Inception distance (KID)"),
        "eq_t": _("EQ-T, whole pixels, dB"),
        "eq_t_frac": _("EQ-T, fractions, dB"),
        "eq_r": _("EQ-R, dB"),
    }
    name = _metric_names(run)[0]
    curves: list[Curve] = [(name, _("averaged generator"), "blue", "-")]
    figure = _curves_figure(run, language, titles[name], curves)
    if not name.startswith("eq_"):
        figure.axes[0].set_ylim(bottom=0)
    return figure


def _curves_figure(
    run: "Run[StyleGan3Config]", language: str, title: str, curves: list[Curve]
) -> "Figure":
    _ = translator(language)
    figure = new_figure()
    axes = figure.add_subplot()
    ends = [_draw_curve(axes, run, curve) for curve in curves]
    axes.set_xlim(0, float(run.metrics["kimg"].max()))
    format_axis(axes.xaxis, language)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(_("Thousand images seen"))
    add_heading(axes, title, _describe_subject(run, language))
    label_line_ends(axes, ends)
    return figure


def _draw_curve(axes: "Axes", run: "Run[StyleGan3Config]", curve: Curve) -> tuple[float, str, str]:
    """Draw a curve; return its end, as `label_line_ends` wants it."""
    name, text, role, dash = curve
    points = run.metrics[["kimg", name]].dropna()
    x, y = points["kimg"].to_numpy(), points[name].to_numpy()
    marker = "o" if len(points) < FEW else ""
    axes.plot(x, y, color=color(role), linestyle=dash, marker=marker, markersize=3.5, zorder=3)
    return float(y[-1]), text, color(role)
