"""A run as a film: what the two networks do to each other, iteration by iteration."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.figures.animation import BlitRenderer, FilmFormat, save_animation, save_mp4
from epoque.bench.figures.plot import WIDTH, figure_style

from ..config import Gan2dConfig
from .run_figures import nearest
from .scene import POINTS, Layer, Moment, Picture, choose_steps, moments
from .words import describe_moment

if TYPE_CHECKING:
    from epoque.bench.figures.plot import Theme
    from epoque.bench.runs.run import Run

__all__ = ["FRAMES", "film"]


FRAMES = 72


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
    nearest(run)  # raises where there is none
    config = run.config
    with figure_style(theme):
        shown = moments(run, choose_steps(run.snapshot_steps(), FRAMES))
        frames = list(_frames(config, shown, layers, language, pixels / WIDTH))
    if {"webp", "gif"} & set(kinds):
        save_animation(frames, stem, kinds=[kind for kind in kinds if kind != "mp4"])
    if "mp4" in kinds:
        save_mp4(frames, stem)


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
