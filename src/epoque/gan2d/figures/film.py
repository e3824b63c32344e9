"""A run as a film: what the two networks do to each other, iteration by iteration."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.figures.animation import BlitRenderer, FilmFormat, save_animation, save_mp4
from epoque.bench.figures.film import Film
from epoque.bench.figures.plot import WIDTH, figure_style
from epoque.bench.i18n import translator

from ..config import Gan2dConfig
from .run_figures import nearest
from .scene import POINTS, Layer, Moment, Picture, choose_steps, moments
from .words import describe_moment

if TYPE_CHECKING:
    from epoque.bench.figures.plot import Theme
    from epoque.bench.runs.run import Run

__all__ = ["FRAMES", "draw_film", "film", "films"]


FRAMES = 72
BOOK_FRAMES, BOOK_PIXELS = 32, 320
"""Of a film in a book, which carries it in both themes."""


def films(run: "Run[Gan2dConfig]", language: str = "en") -> "Mapping[str, Callable[[], Film]]":
    """Return the films of a run: `points`, in GAN Lab's layers, where it has snapshots.

    Raises:
        UsageError: if there is no such language.
    """
    translator(language)
    return {"points": partial(draw_film, run, language)} if run.snapshot_steps() else {}


def film(
    run: "Run[Gan2dConfig]",
    stem: Path,
    language: str = "en",
    theme: "Theme" = "light",
    *,
    kinds: Collection[FilmFormat] = ("webp", "gif"),
    layers: Sequence[Layer] = POINTS,
    pixels: int = 500,
) -> None:
    """Write a run's snapshots as a film: `stem`.webp, `stem`.gif and `stem`.mp4, those asked for.

    Each generated point comes from the same noise throughout, so that it can be followed. Of more
    than 72 snapshots some are left out, most of them late ones; the end is held.

    Args:
        run: a run of the GAN lab.
        stem: the path without its ending.
        language: "en" or "fr".
        theme: "light" or "dark".
        kinds: any of `webp`, `gif` and `mp4`.
        layers: any of `d`, `manifold`, `gradients`, `real`, `fake`.
        pixels: the film's width.

    Raises:
        UsageError: if the run has no snapshots.
        MissingExtraError: for `mp4` without PyAV.
        DamagedRunError: if a snapshot cannot be read.
        RunWriteError: if the system refuses.
    """
    with figure_style(theme):
        frames = draw_film(run, language, layers, count=FRAMES, pixels=pixels).frames
    if {"webp", "gif"} & set(kinds):
        save_animation(frames, stem, kinds=[kind for kind in kinds if kind != "mp4"])
    if "mp4" in kinds:
        save_mp4(frames, stem)


def draw_film(
    run: "Run[Gan2dConfig]",
    language: str,
    layers: Sequence[Layer] = POINTS,
    *,
    count: int = BOOK_FRAMES,
    pixels: int = BOOK_PIXELS,
) -> Film:
    """Draw a run's snapshots as a film, in the style that is active.

    Args:
        run: a run of the GAN lab.
        language: "en" or "fr".
        layers: any of `d`, `manifold`, `gradients`, `real`, `fake`.
        count: frames, at most.
        pixels: the film's width.

    Raises:
        UsageError: if the run has no snapshots.
        DamagedRunError: if a snapshot cannot be read.
    """
    nearest(run)  # raises where there is none
    shown = moments(run, choose_steps(run.snapshot_steps(), count))
    words = [describe_moment(run.config, moment, language) for moment in shown]
    return Film(list(_frames(run.config, shown, layers, language, pixels / WIDTH)), words)


def _frames(
    config: Gan2dConfig, shown: Sequence[Moment], layers: Sequence[Layer], language: str, dpi: float
) -> Iterator[NDArray[np.uint8]]:
    probability = all(moment.probability for moment in shown)
    picture = Picture(layers, language, probability=probability)
    figure = picture.show(shown[0], describe_moment(config, shown[0], language))
    reel = BlitRenderer(figure, dpi)
    for moment in shown:
        picture.show(moment, describe_moment(config, moment, language))
        yield reel.render()
