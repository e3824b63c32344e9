"""A table of mixed styles: coarse layers of one seed, fine ones of another (Karras et al. 2019)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError
from epoque.bench.figures.plot import WIDTH, color, new_figure
from epoque.bench.i18n import mark, translator
from epoque.bench.progress import Progress

from ..loading import LoadedGenerator
from ..memory import check_memory
from .inputs import LatentInput, compute_styles
from .synthesis import DEFAULT_MAPPING, MappingOptions, synthesize_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["mix_figure", "mix_styles"]

Pixels = NDArray[np.uint8]

TITLE = mark("Styles mixed")
TOLD = mark("Layers {layers} from the column, the others from the row.")
SEED = mark("seed {seed}")
MEAN = mark("mean")

_SHADOW = withStroke(linewidth=2.2, foreground="#000000a0")  # white is read on any image
MOST = 12  # rows or columns that can be seen


def mix_styles(
    network: LoadedGenerator,
    rows: Sequence[LatentInput],
    columns: Sequence[LatentInput],
    layers: Sequence[int],
    *,
    options: MappingOptions = DEFAULT_MAPPING,
    progress: Progress | None = None,
) -> list[list[Pixels]]:
    """Return the table of images.

    Args:
        network: the network.
        rows: seeds, or styles of files, of what is row_styles.
        columns: likewise of what comes in.
        layers: which styles come from the column, numbered from 0.
        options: truncation and class of the seeds.
        progress: told how many images are done, of how many.

    Returns:
        1 + rows lists of 1 + columns images [H, W, 3]: the first of each is the row's own image,
        the first list the columns' own; the corner is the mean image, or without one white.

    Raises:
        UsageError: if anything asked for is not allowed.
    """
    for name, inputs in (("rows", rows), ("columns", columns)):
        if not 1 <= len(inputs) <= MOST:
            raise ConfigError.of(name, f"{len(inputs)} images are not allowed; 1 to {MOST} are.")
    generator = network.generator
    check_memory(generator, network.device)
    row_styles = list(compute_styles(generator, rows, options))
    mean = generator.mapping.w_avg
    down = [row_styles[0] if mean is None else mean.repeat(generator.num_ws, 1), *row_styles]
    across = [None, *compute_styles(generator, columns, options)]
    count = len(down) * len(across)
    table: list[list[Pixels]] = []
    for y, row in enumerate(down):
        table.append([])
        for x, column in enumerate(across):
            ws = row.clone() if y or column is None else column.clone()
            if y and column is not None:
                ws[list(layers)] = column[list(layers)]
            image = synthesize_image(generator, ws)
            blank = mean is None and column is None and y == 0
            table[-1].append(np.full_like(image, 255) if blank else image)
            if progress is not None:
                progress(y * len(across) + x + 1, count)
    return table


def mix_figure(
    table: Sequence[Sequence[Pixels]],
    rows: Sequence[LatentInput],
    columns: Sequence[LatentInput],
    layers: Sequence[int],
    language: str = "en",
    *,
    mean: bool = True,
) -> "Figure":
    """Draw the table, seeds and names of files at its edges; call it inside `figure_style`.

    Args:
        table: what `mix_styles` returns.
        rows: the seeds or files of its rows.
        columns: those of its columns.
        layers: which styles come from the columns.
        language: "en" or "fr".
        mean: whether the corner is the mean image; a network may have none.
    """
    _ = translator(language)
    across, down = 1 + len(columns), 1 + len(rows)
    cell = (WIDTH - 0.55) / across
    figure = new_figure(cell * down + 0.75)
    figure.suptitle(_(TITLE), x=0.012, ha="left")
    message = _(TOLD).format(layers=_spans(layers))
    figure.text(0.012, 1 - 0.36 / figure.get_figheight(), message, va="top", size=9,
                color=color("muted"))  # fmt: skip
    figure.set_layout_engine("none")
    axes = figure.subplots(
        down, across,
        gridspec_kw={"left": 0.5 / WIDTH, "right": 0.99, "bottom": 0.06 / figure.get_figheight(),
                     "top": 1 - 0.75 / figure.get_figheight(), "wspace": 0.04, "hspace": 0.04},
    )  # fmt: skip
    small = max(5.5, min(8.0, 60 * cell / 5))
    for y, line in enumerate(table):
        for x, image in enumerate(line):
            place = axes[y, x]
            place.imshow(image, interpolation="antialiased")
            place.set(xticks=[], yticks=[])
            place.grid(visible=False)
            framed = (x == 0) != (y == 0)
            for spine in place.spines.values():
                spine.set(visible=framed, color=color("blue"), linewidth=1.2)
            if y == x == 0 and mean:  # inside the image: above it, it would head the rows' column
                place.text(0.05, 0.05, _(MEAN), transform=place.transAxes, size=small,
                           color="white", path_effects=[_SHADOW])  # fmt: skip
            if y == 0 and x:
                place.set_title(_describe_input(columns[x - 1], language), size=small, pad=3,
                                weight="normal", loc="center")  # fmt: skip
            if x == 0 and y:
                place.set_ylabel(_describe_input(rows[y - 1], language), size=small, labelpad=3)
    return figure


def _describe_input(latent_input: LatentInput, language: str) -> str:
    return (
        translator(language)(SEED).format(seed=latent_input)
        if isinstance(latent_input, int)
        else str(latent_input)
    )


def _spans(layers: Sequence[int]) -> str:
    """Return layers as `0–3, 5`."""
    spans: list[list[int]] = []
    for layer in sorted(set(layers)):
        if spans and layer == spans[-1][1] + 1:
            spans[-1][1] = layer
        else:
            spans.append([layer, layer])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in spans)
