"""Animations: frames in, WebP and GIF out; the same frames always give the same bytes."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["log_spaced", "save_animation"]

FRAME_MS = 80  # GIF counts in 10 ms, and browsers slow down what is below 20
HOLD_MS = 2000


def log_spaced(steps: Sequence[int], count: int) -> list[int]:
    """Choose steps evenly on a log scale, so that early motion shows; first and last included.

    Args:
        steps: the steps there are, ascending, from 0 or later.
        count: at most how many to choose, at least 2.
    """
    import numpy as np

    have = np.asarray(steps)
    places = np.geomspace(have[0] + 1, have[-1] + 1, count) - 1
    after = np.clip(np.searchsorted(have, places), 1, max(len(have) - 1, 1))
    near = [have[max(i - 1, 0) : i + 1] for i in after]
    chosen = {
        int(pair[np.abs(pair - place).argmin()]) for pair, place in zip(near, places, strict=True)
    }
    return sorted(chosen)


def save_animation(
    frames: "Sequence[NDArray[np.uint8]]",
    stem: Path,
    *,
    frame_ms: int = FRAME_MS,
    hold_ms: int = HOLD_MS,
) -> None:
    """Write `stem`.webp and `stem`.gif, each whole or not at all; both loop for ever.

    Args:
        frames: at least one picture, uint8 [height, width, 3], all of one size.
        stem: the path without its ending.
        frame_ms: how long each frame stays, in milliseconds.
        hold_ms: how long the last frame stays before the loop begins again.

    Raises:
        RunWriteError: if the system refuses.
    """
    from PIL import Image

    assert frames, "an animation has at least one frame"
    assert len({frame.shape for frame in frames}) == 1, "frames differ in size"
    images = [Image.fromarray(frame) for frame in frames]
    durations = [frame_ms] * (len(images) - 1) + [hold_ms]
    webp = _encoded(images, durations, "WEBP", quality=80, method=4)
    # One palette, from the last frame, which has every colour: a palette a frame would flicker.
    palette = images[-1].quantize(256, Image.Quantize.FASTOCTREE)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    gif = _encoded(flat, durations, "GIF", optimize=False, disposal=1)
    write_atomic(stem.with_name(f"{stem.name}.webp"), webp)
    write_atomic(stem.with_name(f"{stem.name}.gif"), gif)


def _encoded(images: Sequence[Any], durations: list[int], kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    images[0].save(
        buffer,
        format=kind,
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
        **options,
    )
    return buffer.getvalue()
