"""The pictures of an analysis, from run folders alone; no engine is imported."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.figures.film import Film
from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import SERIES, WIDTH, add_heading, color, mix_colors, new_figure
from epoque.bench.figures.ticks import format_axis
from epoque.bench.i18n import mark, translator

from ..config import StyleGan3Config
from ..generation.image_grid import tile_images
from ..measures.slice_figure import Motion, Slice, slice_figure
from .attribute_labels import WORDS
from .layout import GUESTS, MIXED, MOVES, PSIS, ROW, STILL_EVERY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epoque.bench.runs.run import Run

__all__ = ["figures", "films"]

Pixels = NDArray[np.uint8]

KINDS = {"t": mark("config T"), "r": mark("config R"), "stylegan2": "StyleGAN2"}
MEASURED = {
    "eq_t": mark("shifts by whole pixels"),
    "eq_t_frac": mark("shifts by fractions"),
    "eq_r": mark("rotations"),
}
MARKERS = "oD"
DOTS = (0, (1, 2))
COLUMNS = 8  # images of a page side by side
FILM_SIDE, FILM_MS = 256, 150  # pixels of a film's side, at least; milliseconds of a frame
PARTS = {0.125: "⅛", 0.25: "¼"}


def figures(
    run: "Run[StyleGan3Config]", language: str = "en"
) -> "Mapping[str, Callable[[], Figure]]":
    """Return what can be drawn of an analysis: name to the function that draws it.

    `seed-2` and so on: an image and what is seen in it. `samples`: a page of images. `truncation`,
    `mix`, `walk`, `moves`: tables of images. `shift`, `styles`: space-time slices. `equivariance`:
    how well images follow, with intervals.

    Args:
        run: an analysis.
        language: "en" or "fr".

    Raises:
        DamagedRunError: if what is needed cannot be read.
        UsageError: if there is no such language.
    """
    translator(language)
    draws: dict[str, Callable[..., Figure]] = {}
    for place, seed in enumerate(run.config.seeds):
        draws[f"seed-{seed}"] = partial(_seed_figure, place=place)
    draws |= {
        "samples": _samples_figure,
        "truncation": _truncation_figure,
        "mix": _mix_figure,
        "walk": _walk_figure,
        "moves": _moves_figure,
        "shift": partial(_slices_figure, motion="shift"),
        "styles": partial(_slices_figure, motion="walk"),
        "equivariance": _equivariance_figure,
    }
    return {name: partial(of, run, language) for name, of in draws.items()}


def _networks(run: "Run[StyleGan3Config]", language: str) -> list[str]:
    """Return what the networks are called."""
    _ = translator(language)
    descriptions = (run.results.get(role) for role in ("network", "against"))
    return [_(KINDS[network["config"]]) for network in descriptions if network]


def _seed_figure(run: "Run[StyleGan3Config]", language: str, place: int) -> "Figure":
    """Draw one image, and beside it what is seen there with its probability."""
    _ = translator(language)
    seed = run.config.seeds[place]
    image = run.snapshot(0)["seeds"][place]
    read = run.results["seeds"][str(seed)].get("attributes", ())
    figure = new_figure(2.75)
    if not read:
        _show(figure.add_subplot(), image, _(SEED).format(seed=seed))
        return figure
    left, right = figure.subplots(1, 2, width_ratios=(1.05, 1))
    _show(left, image, _(SEED).format(seed=seed))
    places, chances = range(len(read)), [chance for _name, _value, chance in read]
    right.barh(places, chances, color=mix_colors("blue", 0.55), height=0.62)
    words = [_(WORDS[name][value]) for name, value, _chance in read]
    right.set_yticks(places, words, fontsize=8)
    right.set_ylim(len(read) - 0.5, -0.5)
    right.set_xlim(0, 1)
    right.grid(visible=False, axis="y")
    right.tick_params(axis="y", length=0)
    format_axis(right.xaxis, language)
    right.set_xlabel(_("Probability"))
    return figure


def _samples_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw a page of images of each network."""
    _ = translator(language)
    arrays, names = run.snapshot(0), _networks(run, language)
    pages = [_page(arrays[f"samples_{i}"], COLUMNS) for i in range(len(names))]
    heights = [WIDTH * page.shape[0] / page.shape[1] + 0.3 for page in pages]
    figure = new_figure(sum(heights))
    rows = figure.subplots(len(pages), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, page, name in zip(rows, pages, names, strict=True):
        _show(axes, page, name)
    return figure


def _page(images: Pixels, columns: int) -> Pixels:
    """Lay images side by side, see-through between them."""
    solid = np.full((*images.shape[:3], 1), 255, np.uint8)
    opaque = np.concatenate((images, solid), 3)
    return tile_images(list(opaque), columns, max(1, images.shape[2] // 32), paper=0)


def _truncation_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw each seed at several truncations."""
    across = [f"ψ = {format_number(psi, language)}" for psi in PSIS]
    return _table(run.snapshot(0)["truncation"], _seed_names(run, language), across)


def _mix_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw images whose coarse layers come from others."""
    _ = translator(language)
    across = [_("mean"), *(_(SEED).format(seed=seed) for seed in GUESTS)]
    down = ["", *_seed_names(run, language)]
    return _table(run.snapshot(0)["mix"], down, across, framed=True)


def _walk_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw a strip of images from seed to seed."""
    _ = translator(language)
    images, seeds = run.snapshot(0)["walk"][::STILL_EVERY], run.config.seeds[:MIXED]
    each = (len(images) - 1) // len(seeds)
    names = [
        str((*seeds, seeds[0])[i // each]) if i % each == 0 else "" for i in range(len(images))
    ]
    return _table(images[None], [""], names)


def films(run: "Run[StyleGan3Config]", language: str = "en") -> "Mapping[str, Callable[[], Film]]":
    """Return the films of an analysis: `walk`, from each seed's style to the next one's."""
    translator(language)
    return {"walk": partial(_walk_film, run, language)}


def _walk_film(run: "Run[StyleGan3Config]", language: str) -> "Film":
    _ = translator(language)
    images, seeds = run.snapshot(0)["walk"], run.config.seeds[:MIXED]
    legs = list(zip(seeds, [*seeds[1:], seeds[0]], strict=True))
    each = (len(images) - 1) // len(seeds)
    words = [
        _("from seed {start} to seed {end}").format(start=start, end=end)
        for start, end in legs
        for _step in range(each)
    ]
    # The last image is the first one again: the film begins anew without a halt.
    frames = [_enlarge(image) for image in images[:-1]]
    return Film(frames, words, FILM_MS)


def _enlarge(image: Pixels) -> Pixels:
    """Return an image whose pixels show, in three channels, at least `FILM_SIDE` wide."""
    times = max(1, -(-FILM_SIDE // image.shape[1]))
    color_image = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    return color_image.repeat(times, axis=0).repeat(times, axis=1)


def _moves_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw each network's image after its input was moved."""
    _ = translator(language)
    arrays, names = run.snapshot(0), _networks(run, language)
    images = [arrays[f"moves_{i}"] for i in range(len(names))]
    return _table(images, names, [_move(*move, language) for move in MOVES])


def _move(x: float, degrees: float, language: str) -> str:
    _ = translator(language)
    if x:
        return _("{share} to the right").format(share=PARTS.get(x, str(x)))
    return (
        _("turned {angle}°").format(angle=format_number(degrees, language))
        if degrees
        else _("at rest")
    )


def _slices_figure(run: "Run[StyleGan3Config]", language: str, motion: Motion) -> "Figure":
    """Draw one row of an image of each network through time."""
    arrays, slices = run.snapshot(0), []
    for i, name in enumerate(_networks(run, language)):
        image = arrays[f"moves_{i}"][0]
        slices.append(Slice(name, image, int(ROW * len(image)), arrays[f"{motion}_{i}"]))
    return slice_figure(slices, motion, language, images=motion == "shift")


def _equivariance_figure(run: "Run[StyleGan3Config]", language: str) -> "Figure":
    """Draw each measure of each network with its interval."""
    _ = translator(language)
    names = _networks(run, language)
    figure = new_figure(1.25 + 0.3 * len(MEASURED) * len(names))
    axes = figure.add_subplot()
    apart = len(names) + 0.5
    for row, measure in enumerate(MEASURED):
        for i, (role, name) in enumerate(zip(("network", "against"), names, strict=False)):
            _dot(axes, run.results[role][measure], row * apart + i, (i, name), language)
    middle = (len(names) - 1) / 2
    places = [row * apart + middle for row in range(len(MEASURED))]
    axes.set_yticks(places, list(map(_, MEASURED.values())))
    axes.set_ylim(places[-1] + middle + 0.6, -0.6)
    for row, measure in enumerate(MEASURED):
        if (still := run.results.get("still", {}).get(measure)) is not None:
            ends = (row * apart - 0.6, row * apart + len(names) - 0.4)
            axes.vlines(still, *ends, color=color("muted"), lw=0.9, linestyle=DOTS)
    axes.set_xlim(0, 1.35 * max(axes.get_xlim()[1], 1))
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    format_axis(axes.xaxis, language)
    axes.set_xlabel(_("Decibels; higher follows better"))
    add_heading(axes, _("Images and their moved inputs"))
    return figure


def _dot(
    axes: "Axes", measured: Mapping[str, Any], place: float, whose: tuple[int, str], language: str
) -> None:
    """Draw a number with its interval; it is infinite where nothing differs."""
    series, name = whose
    style: dict[str, Any] = {"va": "center", "size": 8.5}
    if measured["db"] is None:
        axes.annotate(f"{name} ∞", (0.8, place), xycoords=axes.get_yaxis_transform(), **style)
        return
    role, right = color(SERIES[series]), measured["high"] or measured["db"]
    axes.hlines(place, measured["low"] or measured["db"], right, color=role, linewidth=2.2)
    axes.plot(measured["db"], place, MARKERS[series], color=role, markersize=5)
    text = f"{name} {format_number(measured['db'], language, decimals=1)}"
    ground = {"facecolor": color("paper"), "edgecolor": "none", "pad": 1.0}
    axes.annotate(text, (right, place), (7, 0), textcoords="offset points", bbox=ground, **style)


SEED = mark("seed {seed}")


def _seed_names(run: "Run[StyleGan3Config]", language: str) -> list[str]:
    _ = translator(language)
    return [_(SEED).format(seed=seed) for seed in run.config.seeds[:MIXED]]


def _table(
    images: "Sequence[NDArray[Any]] | NDArray[Any]",
    down: Sequence[str],
    across: Sequence[str],
    *,
    framed: bool = False,
) -> "Figure":
    """Draw rows of images, with words beside the rows and above the columns.

    Args:
        images: [rows][columns] of [H, W, 3].
        down: for each row.
        across: for each column.
        framed: whether the first row and column are set apart.
    """
    side = 0.78 if any(down) else 0.06
    cell = (WIDTH - side - 0.06) / len(across)
    top = 0.28
    height = cell * len(down) + top + 0.06
    figure = new_figure(height)
    figure.set_layout_engine("none")
    spaces = {"left": side / WIDTH, "right": 1 - 0.06 / WIDTH, "bottom": 0.06 / height}
    spaces |= {"top": 1 - top / height, "wspace": 0.05, "hspace": 0.05}
    grid = figure.subplots(len(down), len(across), squeeze=False, gridspec_kw=spaces)
    small = min(8.0, max(6.5, 110 * cell / max(map(len, across))))
    for y, line in enumerate(images):
        for x, image in enumerate(line):
            axes = grid[y, x]
            _show(axes, image)
            if framed and (x == 0) != (y == 0):
                axes.set_axis_on()
                axes.set(xticks=[], yticks=[])
                for spine in axes.spines.values():
                    spine.set(visible=True, color=color("blue"), linewidth=1.4)
            if y == 0:
                axes.set_title(across[x], size=small, weight="normal", loc="center", pad=3)
        grid[y, 0].annotate(down[y], (0, 0.5), (-4, 0), xycoords="axes fraction", va="center",
                            textcoords="offset points", ha="right", size=8)  # fmt: skip
    return figure


def _show(axes: "Axes", image: Pixels, title: str = "") -> None:
    """Show an image as it is, each pixel a square."""
    axes.imshow(image, interpolation="nearest")
    axes.set_axis_off()
    if title:
        axes.set_title(title, loc="left", size=9.5, pad=4)
