"""The language lab's pictures, drawn from run folders alone; no training engine is imported."""

from collections.abc import Callable, Mapping
from functools import partial
from math import log
from typing import TYPE_CHECKING, Any

from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import add_heading, color, mix_colors, new_figure
from epoque.bench.figures.ticks import format_axis, label_line_ends
from epoque.bench.i18n import translator

from ..config import LanguageConfig
from ..data.overlap import NOTABLE_SHARE
from ..evaluation.example_files import EXAMPLES, PROBE, read_examples, read_probe
from .busiest_head import find_busiest_head
from .examples_figure import examples_figure, replace_missing_glyphs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from epoque.bench.runs.run import Run

__all__ = ["figures"]

MAPS = 4  # layers and heads of which attention is shown, at most
FEW = 40  # points of a curve below which each is marked
LONGEST = 12  # letters of a token that are shown
BASELINES = ("unigram", "bigram", "trigram")


def figures(
    run: "Run[LanguageConfig]", language: str = "en"
) -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of a run: name to the function that draws it.

    `losses`: of training and validation, with the learning rate. `perplexity`: over the tokens
    read, beside what counting words reaches. `attention`: every head's map, small.
    `attention_map`: one head's, with the tokens. `neighbours`: words with like embeddings.
    `frequency`: the loss against how often a token occurs in the training text. `examples`: what
    the model writes, or puts in a gap. What was not measured is left out, a curve or a figure.

    Args:
        run: a run of the language lab.
        language: "en" or "fr".

    Raises:
        DamagedRunError: if what is needed cannot be read.
        UsageError: if there is no such language.
    """
    translator(language)
    draws: dict[str, Callable[[Run[LanguageConfig], str], Figure]] = {}
    if "valid_loss" in run.metrics:
        draws["losses"] = losses_figure
        if run.metrics["valid_loss"].notna().any():
            draws["perplexity"] = perplexity_figure
    if (run.path / PROBE).is_file() and (run.path / EXAMPLES).is_file():
        draws |= {"attention": attention_figure, "attention_map": attention_map_figure}
        if read_examples(run)["neighbours"]:
            draws["neighbours"] = neighbours_figure
        if (read_probe(run)["frequency"] > 0).any():
            draws["frequency"] = frequency_figure
        draws["examples"] = examples_figure
    return {name: partial(of, run, language) for name, of in draws.items()}


def _subject(run: "Run[LanguageConfig]", language: str) -> str:
    """Return the line under a title: what kind of model reads what."""
    config = run.config
    _ = translator(language)
    kind = {"causal": _("causal model"), "masked": _("masked model")}[config.objective]
    corpus = _("own files") if config.train_files else config.corpus
    shape = _("{layers} layers of width {width}").format(layers=config.layers, width=config.width)
    return f"{corpus}, {kind}, {shape}"


def losses_figure(run: "Run[LanguageConfig]", language: str) -> "Figure":
    """Draw the losses of training and validation, and the learning rate under them."""
    _ = translator(language)
    figure = new_figure(4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    ends = []
    measured = {name: series for name, series in _finite_metrics(run).items() if len(series)}
    if "loss" in measured:
        running = measured["loss"]
        above.plot(running.index, running, color=mix_colors("blue", 0.35), linewidth=0.8, zorder=2)
        ends.append((float(running.iloc[-1]), _("while learning"), mix_colors("blue", 0.6, "ink")))
    curves = (("train_loss", _("training"), "blue", "-"), ("valid_loss", _("validation"),
              "vermilion", "--"))  # fmt: skip
    for name, text, role, dash in curves:
        if name in measured:
            last = _draw_curve(above, measured[name], role, dash)
            ends.append((last, text, color(role)))
    below.plot(run.metrics["learning_rate"].dropna(), color=color("ink"))
    below.set_ylim(bottom=0)
    _set_axes(above, run, language)
    _set_axes(below, run, language)
    below.set_xlabel(_("Iteration"))
    add_heading(above, _("Losses, nats a token"), _subject(run, language))
    add_heading(below, _("Learning rate"))
    label_line_ends(above, ends)
    return figure


def _finite_metrics(run: "Run[LanguageConfig]") -> "dict[str, pd.Series]":
    """Return each metric where it has a number."""
    return {str(name): series.dropna() for name, series in run.metrics.items()}


def perplexity_figure(run: "Run[LanguageConfig]", language: str) -> "Figure":
    """Draw the validation perplexity over the tokens read, and what counting words reaches.

    The mixture of both is a line of its own: it was measured at the end.
    """
    _ = translator(language)
    figure = new_figure()
    axes = figure.add_subplot()
    axes.set_yscale("log")
    measured = run.metrics[["tokens", "valid_perplexity"]].dropna()
    series = measured.set_index("tokens")["valid_perplexity"]
    last = _draw_curve(axes, series, "vermilion", "-")
    ends = [(last, _("the model"), color("vermilion"))]
    names = {"unigram": _("words counted"), "bigram": _("pairs"), "trigram": _("triples")}
    for name, value in _baselines(run).items():
        axes.axhline(value, color=color("muted"), linewidth=0.9, linestyle=(0, (1, 2)))
        ends.append((value, names[name], color("muted")))
    if mixed := _results(run).get("perplexity_with_counts"):
        axes.axhline(mixed, color=color("blue"), linewidth=1.1, linestyle=(0, (5, 2)))
        ends.append((mixed, _("the model with triples"), color("blue")))
    values = [*series, *(value for value, _text, _color in ends)]
    axes.set_ylim(min(values) / 1.15, max(values) * 1.15)
    axes.set_xlim(0, float(run.metrics["tokens"].max()))
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(_("Tokens read"))
    add_heading(axes, _("Validation perplexity"), _describe_text(run, language))
    label_line_ends(axes, ends)
    return figure


def _describe_text(run: "Run[LanguageConfig]", language: str) -> str:
    """Return the line under the title; what was learned from and is measured on is said there."""
    share = _results(run).get("valid_in_train_share") or 0.0
    if share < NOTABLE_SHARE:
        return _subject(run, language)
    sentence = translator(language)("{percent}\u202f% of the text measured on was learned from")
    return sentence.format(percent=format_number(100 * share, language, decimals=0))


def _results(run: "Run[LanguageConfig]") -> Mapping[str, Any]:
    return run.results if (run.path / "results.json").is_file() else {}


def _baselines(run: "Run[LanguageConfig]") -> dict[str, float]:
    """Return the perplexities of counting, where the run has been evaluated."""
    perplexities = {name: _results(run).get(f"{name}_perplexity") for name in BASELINES}
    return {name: float(value) for name, value in perplexities.items() if value}


def _draw_curve(axes: "Axes", series: "pd.Series", role: str, dash: str) -> float:
    """Draw a curve, its points marked where they are few; return its last value."""
    axes.plot(
        series.index.to_numpy(),
        series.to_numpy(),
        color=color(role),
        linestyle=dash,
        marker="o" if len(series) < FEW else "",
        markersize=3.5,
        zorder=3,
    )
    return float(series.iloc[-1])


def _set_axes(axes: "Axes", run: "Run[LanguageConfig]", language: str) -> None:
    axes.set_xlim(0, int(run.metrics.index[-1]))
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)


# Attention


def attention_figure(run: "Run[LanguageConfig]", language: str) -> "Figure":
    """Draw the attention of the heads side by side, layers from top to bottom."""
    _ = translator(language)
    weights = read_probe(run)["attention"]
    layers, heads = (_spread_evenly(count) for count in weights.shape[:2])
    figure = new_figure(0.9 + 1.12 * len(layers))
    grid = figure.subplots(len(layers), len(heads), squeeze=False)
    for row, layer in zip(grid, layers, strict=True):
        for axes, head in zip(row, heads, strict=True):
            _draw_map(axes, weights[layer, head])
            axes.set_xticks([])
            axes.set_yticks([])
            if layer == layers[0]:
                text = _("Head {number}").format(number=head + 1)
                axes.set_title(text, loc="center", fontsize=9, fontweight="normal", pad=4)
        row[0].set_ylabel(_("Layer {number}").format(number=layer + 1), fontsize=9)
    figure.suptitle(_("Where each token looks"), x=0.02, ha="left")
    figure.supxlabel(_("the tokens that are looked at"), color=color("muted"), fontsize=9)
    return figure


def attention_map_figure(run: "Run[LanguageConfig]", language: str) -> "Figure":
    """Draw one head's attention with the tokens: the head that looks at other tokens most."""
    _ = translator(language)
    weights = read_probe(run)["attention"]
    tokens = [_displayable(token) for token in read_examples(run)["attention_tokens"]]
    layer, head = find_busiest_head(weights)
    figure = new_figure(4.9)
    axes = figure.add_subplot()
    _draw_map(axes, weights[layer, head])
    places = range(len(tokens))
    axes.set_xticks(places, tokens, rotation=90, fontsize=8)
    axes.set_yticks(places, tokens, fontsize=8)
    axes.tick_params(length=0)
    where = _("layer {layer}, head {head}; each row looks at the columns").format(
        layer=layer + 1, head=head + 1
    )
    add_heading(axes, _("Where each token looks"), where)
    return figure


def _spread_evenly(count: int) -> list[int]:
    """Return at most `MAPS` numbers below `count`, evenly spaced."""
    maps = min(count, MAPS)
    return [round(i * (count - 1) / max(maps - 1, 1)) for i in range(maps)]


def _draw_map(axes: "Axes", weights: "NDArray[np.floating]") -> None:
    """Draw one map, darker where more is looked at; each map has its own scale."""
    axes.imshow(weights, cmap=_ramp(), vmin=0, interpolation="nearest")
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _ramp() -> "Colormap":
    from matplotlib.colors import LinearSegmentedColormap

    stops = [mix_colors("blue", share) for share in (0.04, 0.5, 1.0)]
    return LinearSegmentedColormap.from_list("attention", [*stops, mix_colors("blue", 0.45, "ink")])


# Words


def neighbours_figure(run: "Run[LanguageConfig]", language: str) -> "Figure":
    """Draw some words with the words whose embeddings point the same way."""
    _ = translator(language)
    rows = read_examples(run)["neighbours"]
    columns = max(len(row["neighbours"]) for row in rows)
    figure = new_figure(0.95 + 0.36 * len(rows))
    axes = figure.add_subplot()
    for y, row in enumerate(rows):
        axes.text(-0.08, y, _displayable(row["word"]), ha="right", va="center", fontweight="bold",
                  fontsize=9)  # fmt: skip
        for x, near in enumerate(row["neighbours"]):
            _draw_cell(axes, x, y, near, language)
    axes.set_xlim(-1.15, columns)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axis("off")
    legend = _("nearest first, with the cosine of the two embeddings")
    add_heading(axes, _("Words used alike"), legend)
    return figure


def _draw_cell(axes: "Axes", x: int, y: int, near: Mapping[str, Any], language: str) -> None:
    """Write one neighbour, on a ground the stronger the nearer it is."""
    from matplotlib.patches import Rectangle

    cosine = max(float(near["cosine"]), 0.0)
    ground = mix_colors("blue", 0.05 + 0.4 * cosine)
    axes.add_patch(Rectangle((x + 0.02, y - 0.46), 0.96, 0.92, color=ground, linewidth=0))
    text = _displayable(near["word"])
    size = min(9.0, 9.0 * 10 / max(len(text), 1))
    axes.text(x + 0.5, y - 0.14, text, ha="center", va="center", fontsize=size)
    amount = format_number(cosine, language, decimals=2)
    axes.text(
        x + 0.5, y + 0.27, amount, ha="center", va="center", fontsize=6.5, color=color("muted")
    )


def frequency_figure(run: "Run[LanguageConfig]", language: str) -> "Figure":
    """Draw the loss on a token against how often it occurs in the training text."""
    _ = translator(language)
    arrays = read_probe(run)
    occurs = arrays["frequency"] > 0
    x, loss, counting = (arrays[name][occurs] for name in ("frequency", "loss", "counting"))
    figure = new_figure()
    axes = figure.add_subplot()
    axes.set_xscale("log")
    low, high = arrays["loss_low"][occurs], arrays["loss_high"][occurs]
    axes.fill_between(x, low, high, color=color("blue"), alpha=0.2, linewidth=0)
    axes.plot(x, counting, color=color("muted"), linestyle="--", linewidth=1.2)
    axes.plot(x, loss, color=color("blue"), marker="o", markersize=4)
    axes.set_ylim(0, 1.05 * max(high.max(), counting.max(), log(2)))
    if len(x) > 1:
        axes.set_xlim(x[0], x[-1])
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    axes.set_xlabel(_("Occurrences of the token in the training text"))
    add_heading(axes, _("Loss on rare and frequent tokens, nats"), _subject(run, language))
    ends = [(float(loss[-1]), _("the model"), color("blue"))]
    label_line_ends(axes, [*ends, (float(counting[-1]), _("words counted"), color("muted"))])
    return figure


def _displayable(token: str) -> str:
    """Return a token as it can be written: blanks visible, what the font lacks as a square."""
    text = token.replace("\n", "⏎").strip() or "␣" * len(token)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return replace_missing_glyphs(text)
