"""What a text says of an analysis's figures: differences of the images that they show."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..config import StyleGan3Config
from .layout import MIXED, MOVES, PSIS

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["figure_values"]

Pixels = NDArray[np.uint8]
Arrays = Mapping[str, NDArray[Any]]

RANGE = 255.0
SHIFTS = {"eighth": 0.125, "quarter": 0.25}
"""The shifts of `layout.MOVES`, in image widths."""
TURNS = {"small_turn": 15, "large_turn": 45}
"""Its rotations, in degrees counter-clockwise."""


def figure_values(run: "Run[StyleGan3Config]") -> Mapping[str, Any]:
    """Return what a text says of an analysis's figures.

    All but the `degrees` of the turns are differences: roots of mean squares over pixels and
    colors, as shares of the range of a pixel. `truncation`: how far the seeds' images are on the
    average from the `mean` image, by ψ. `walk`: the `largest` and the median (`typical`) from one
    image to the next, and the mean between the `seeds`' own. `mix`: the mean from a mixed image to
    the one of its `column`, which brings the first half of the layers, and to that of its `row`.
    Of each network, `network` and `against`: `moves`, from the image at rest, moved likewise, to
    the one of the moved input, by `eighth`, `quarter`, `small_turn`, `large_turn`, where both are
    known; `shift` and `styles`, the spread over time of a pixel of the slices, and `step`, from one
    moment of the walk to the next.

    Raises:
        DamagedRunError: if what is needed cannot be read.
    """
    arrays = run.snapshot(0)
    names = ("network", "against")[: 1 if run.config.against is None else 2]
    return {
        "degrees": TURNS,
        "truncation": _describe_truncation(arrays["truncation"]),
        "walk": _describe_walk(arrays["walk"], len(run.config.seeds[:MIXED])),
        "mix": _describe_mix(arrays["mix"]),
        **{name: _describe_network(arrays, i) for i, name in enumerate(names)},
    }


def _difference(one: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Return the root of the mean square of a difference, as a share of the range."""
    if not one.size:
        return None
    squares = (one.astype(float) - other.astype(float)) ** 2
    return float(np.sqrt(squares.mean())) / RANGE


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return float(np.mean(numbers)) if numbers else None


def _describe_truncation(images: NDArray[Any]) -> Mapping[str, float | None]:
    """Return the mean distance of the seeds' images [seeds, ψ, H, W, 3] from the mean one, by ψ."""
    return {
        f"psi_{round(100 * psi)}": _mean([_difference(row[at], row[0]) for row in images])
        for at, psi in enumerate(PSIS)
    }


def _describe_walk(images: NDArray[Any], seeds: int) -> Mapping[str, float | None]:
    """Return the differences along a walk [steps, H, W, 3] that ends where it began."""
    steps = [_difference(*pair) for pair in zip(images[1:], images[:-1], strict=True)]
    each = (len(images) - 1) // seeds
    own = images[::each] if each else images[:1]
    return {
        "largest": max((step for step in steps if step is not None), default=None),
        "typical": float(np.median(np.array(steps, float))) if steps else None,
        "seeds": _mean([_difference(*pair) for pair in zip(own[1:], own[:-1], strict=True)]),
    }


def _describe_mix(table: NDArray[Any]) -> Mapping[str, float | None]:
    """Return how far mixed images are from those of their columns and rows.

    Args:
        table: [1 + rows, 1 + columns, H, W, 3], see `generation.style_mixing.mix_styles`.
    """
    inside = [(y, x) for y in range(1, len(table)) for x in range(1, table.shape[1])]
    return {
        "column": _mean([_difference(table[y, x], table[0, x]) for y, x in inside]),
        "row": _mean([_difference(table[y, x], table[y, 0]) for y, x in inside]),
    }


def _describe_network(arrays: Arrays, number: int) -> Mapping[str, Any]:
    walk = arrays[f"walk_{number}"][..., :3]
    steps = [_difference(*pair) for pair in zip(walk[1:], walk[:-1], strict=True)]
    return {
        "moves": _describe_moves(arrays[f"moves_{number}"]),
        "shift": _spread_over_time(arrays[f"shift_{number}"]),
        "styles": _spread_over_time(arrays[f"walk_{number}"]),
        "step": _mean(steps),
    }


def _describe_moves(images: Pixels) -> Mapping[str, float | None]:
    """Return how far images [moves, H, W, 3] are from the first one, moved as their inputs were."""
    places = {move: place for place, move in enumerate(MOVES)}
    width = images.shape[2]
    shifted = {
        name: _difference(
            images[places[x, 0.0]][:, round(x * width) :], images[0][:, : width - round(x * width)]
        )
        for name, x in SHIFTS.items()
    }
    turned = {
        name: _difference(*_turn(images[0], images[places[0.0, degrees]], degrees))
        for name, degrees in TURNS.items()
    }
    return shifted | turned


def _turn(image: Pixels, other: Pixels, degrees: float) -> tuple[Pixels, Pixels]:
    """Return an image, turned, and another one, both inside the circle that a turn leaves full."""
    from PIL import Image

    resampled = Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC)
    height, width = image.shape[:2]
    y, x = np.ogrid[:height, :width]
    radius = min(height, width) / 2 - 1
    inside = (y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2 < radius**2
    return np.asarray(resampled)[inside], other[inside]


def _spread_over_time(pixels: Pixels) -> float | None:
    """Return the root of the mean variance over time, as a share of the range.

    Args:
        pixels: [frames, W, 4]; the last of the four is 0 where a pixel is not known.
    """
    is_known = (pixels[..., 3] > 0).all(0)
    colors = pixels[:, is_known, :3].astype(float)
    return float(np.sqrt(colors.var(0).mean())) / RANGE if colors.size else None
