"""A training as a film: what the generator makes of the same random numbers, moment by moment."""

from collections.abc import Collection, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError
from epoque.bench.figures.animation import FilmFormat, choose_log_spaced, save_animation, save_mp4
from epoque.bench.figures.number_format import format_number
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.i18n import translator

from ..config import StyleGan3Config
from .film import DEFAULT_KINDS
from .image_grid import make_grid

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["FRAMES", "write_training_film"]

FRAMES = 72
WIDEST = 1280
"""Pixels; a larger sheet of images is made smaller."""
_SPACES = str.maketrans("\u00a0\u202f", "  ")  # the font does not have all kinds

Pixels = NDArray[np.uint8]


def write_training_film(
    run: "Run[StyleGan3Config]",
    stem: Path,
    language: str = "en",
    *,
    kinds: Collection[FilmFormat] = DEFAULT_KINDS,
    frame_ms: float = 120,
) -> None:
    """Write a run's generated images as a film: `stem`.webp, .gif and .mp4, those asked for.

    Of more than 72 snapshots some are left out, most of them late ones; the end is held. Below the
    images stands how many real ones were seen.

    Args:
        run: a training of this lab.
        stem: the path without its ending.
        language: "en" or "fr".
        kinds: any of `webp`, `gif` and `mp4`.
        frame_ms: how long each stays, in milliseconds.

    Raises:
        UsageError: if the run is no training with snapshots.
        MissingExtraError: for `mp4` without PyAV.
        DamagedRunError: if a snapshot cannot be read.
        RunWriteError: if the system refuses.
    """
    config, steps = run.config, run.snapshot_steps()
    if not isinstance(config, StyleGan3Config) or config.task != "train":
        raise ConfigError.of("run", f"{run.id} is no training of this lab.")
    if not steps:
        raise ConfigError.of("run", f"{run.id} has no snapshots yet.")
    shown_steps = choose_log_spaced(steps, FRAMES) if len(steps) > FRAMES else steps
    sheets = [_make_sheet(run.snapshot(step)["images"]) for step in shown_steps]
    frames = _add_captions(
        sheets, [_caption(step * config.batch, language) for step in shown_steps]
    )
    with explain_write_errors(stem):
        stem.parent.mkdir(parents=True, exist_ok=True)
    still = [kind for kind in kinds if kind != "mp4"]
    if still:
        save_animation(frames, stem, frame_ms=frame_ms, kinds=still)
    if "mp4" in kinds:
        save_mp4(frames, stem, frame_ms=frame_ms)


def _make_sheet(images: Pixels) -> Any:
    """Return images [N, H, W, C] side by side as one of Pillow's."""
    from PIL import Image

    sheet: Any = Image.fromarray(make_grid(images)).convert("RGB")
    if sheet.width > WIDEST:
        size = (WIDEST, round(sheet.height * WIDEST / sheet.width))
        sheet = sheet.resize(size, Image.Resampling.LANCZOS)
    return sheet


def _caption(images_seen: int, language: str) -> str:
    _ = translator(language)
    text = _("{count} thousand images seen").format(
        count=format_number(images_seen / 1000, language, 3)
    )
    return text.translate(_SPACES)


def _add_captions(sheets: Sequence[Any], texts: Sequence[str]) -> list[Pixels]:
    """Return sheets of one size, each over a line of text, [H, W, 3]."""
    from PIL import Image, ImageDraw, ImageFont

    size = max(11, min(20, sheets[0].width // 24))
    font: Any = ImageFont.load_default(size)
    width = max(sheets[0].width, *(size + ceil(font.getlength(text)) for text in texts))
    left, height = (width - sheets[0].width) // 2, sheets[0].height
    frames = []
    for sheet, text in zip(sheets, texts, strict=True):
        frame: Any = Image.new("RGB", (width, height + 2 * size), "white")
        frame.paste(sheet, (left, 0))
        place = (width / 2, height + size)
        ImageDraw.Draw(frame).text(place, text, fill="black", font=font, anchor="mm")
        frames.append(np.asarray(frame))
    return frames
