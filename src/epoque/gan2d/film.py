"""A run as a film: what the two networks do to each other, iteration by iteration."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from epoque.bench.animate import Film, save_animation, save_mp4
from epoque.bench.errors import UsageError
from epoque.bench.i18n import translator
from epoque.bench.plot import house_style

from .config import Gan2dConfig
from .figures import told
from .scene import POINTS, Layer, Moment, Picture, chosen, moments

if TYPE_CHECKING:
    from epoque.bench.plot import Theme
    from epoque.bench.run import Run

__all__ = ["Kind", "film"]

Kind = Literal["webp", "gif", "mp4"]

FRAMES = 72
DPI = 100


def film(
    run: "Run",
    stem: Path,
    language: str = "en",
    theme: "Theme" = "light",
    *,
    kinds: Collection[Kind] = ("webp", "gif"),
    layers: Sequence[Layer] = POINTS,
) -> None:
    """Write a run's snapshots as a film: `stem`.webp and `stem`.gif, and `stem`.mp4 if asked.

    Each generated point comes from the same noise throughout, so that it can be followed. Of more
    than 72 snapshots some are left out, most of them late ones; the end is held.

    Args:
        run: a run of the GAN lab.
        stem: the path without its ending.
        language: "en" or "fr".
        theme: "light" or "dark".
        kinds: any of `webp`, `gif` (these two come together) and `mp4`.
        layers: any of `d`, `manifold`, `gradients`, `real`, `fake`.

    Raises:
        UsageError: if the run has no snapshots.
        MissingExtraError: for `mp4` without PyAV.
        DamagedRunError: if a snapshot cannot be read.
        RunWriteError: if the system refuses.
    """
    steps = run.snapshot_steps()
    if not steps:
        raise UsageError(f"{run.id} has no snapshots to make a film of.")
    config = run.config
    assert isinstance(config, Gan2dConfig)
    with house_style(theme):
        shown = moments(run, chosen(steps, FRAMES))
        frames = list(_frames(config, shown, layers, language))
    if {"webp", "gif"} & set(kinds):
        save_animation(frames, stem)
    if "mp4" in kinds:
        save_mp4(frames, stem)


def _frames(
    config: Gan2dConfig, shown: Sequence[Moment], layers: Sequence[Layer], language: str
) -> Iterator[NDArray[np.uint8]]:
    title = translator(language)("Real and generated points")
    probability = all(moment.probability for moment in shown)
    picture = Picture(layers, title, language, probability=probability)
    figure = picture.show(shown[0], told(config, shown[0], language))
    reel = Film(figure, DPI)
    for moment in shown:
        picture.show(moment, told(config, moment, language))
        yield reel.frame()
