"""Animations: frames in, WebP, GIF and MP4 out.

The same frames always give the same bytes (of MP4, with the same version of PyAV).
"""

from collections.abc import Collection, Sequence
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from matplotlib.backends.backend_agg import FigureCanvasAgg

from ..errors import ConfigError, MissingExtraError
from ..files.atomic import write_atomic

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL import Image

__all__ = [
    "FILM_FORMATS",
    "BlitRenderer",
    "FilmFormat",
    "choose_log_spaced",
    "parse_film_path",
    "round_gif_duration",
    "save_animation",
    "save_mp4",
]

FRAME_MS = 80  # GIF counts in 10 ms, and browsers slow down what is below 20
HOLD_MS = 2000

FilmFormat = Literal["webp", "gif", "mp4"]
FILM_FORMATS: tuple[FilmFormat, ...] = get_args(FilmFormat)
"""Kinds of film; the last needs the extra `video`."""


def parse_film_path(
    out: Path, without_ending: tuple[FilmFormat, ...] = FILM_FORMATS[:2]
) -> tuple[Path, tuple[FilmFormat, ...]]:
    """Return the path of a film without its ending, and its formats.

    Args:
        out: as typed; its ending says which kind.
        without_ending: the kinds where it has none.

    Raises:
        UsageError: if it ends otherwise.
    """
    kind = out.suffix.lstrip(".")
    for film_format in FILM_FORMATS:
        if kind == film_format:
            return out.with_suffix(""), (film_format,)
    if kind:
        rule = f"{out} is not allowed; it ends in .{', .'.join(FILM_FORMATS)}, or in none."
        raise ConfigError.of("out", rule)
    return out, without_ending


def choose_log_spaced(steps: Sequence[int], count: int) -> list[int]:
    """Choose steps evenly on a log scale, so that early motion shows; first and last included.

    Args:
        steps: the steps there are, ascending, from 0 or later.
        count: how many to choose, at least 2; all where there are no more.
    """
    import numpy as np

    available = np.asarray(steps)
    count = min(count, len(available))
    places = np.geomspace(available[0] + 1, available[-1] + 1, count) - 1
    middles = (available[1:] + available[:-1]) / 2
    ranks = np.searchsorted(middles, places)  # of the nearest step
    # The first steps are further apart than the scale asks for: each is taken once, in turn.
    order = np.arange(count)
    ranks = np.maximum.accumulate(ranks - order) + order
    ranks = np.minimum(ranks, len(available) - count + order)
    return [int(step) for step in available[ranks]]


class BlitRenderer:
    """Pixels of a figure while what its axes hold changes; the rest is drawn only once.

    Use it inside the `figure_style` that the figure was made in.

    Args:
        figure: its first axes hold what changes: lines, images, texts and collections.
        dpi: dots an inch.
        moving: what of these changes, always the same artists; None for all that there is at the
            time.
    """

    def __init__(
        self, figure: "Figure", dpi: float, moving: "Sequence[Artist] | None" = None
    ) -> None:
        figure.set_dpi(dpi)
        self._moving = moving
        self._axes, self._canvas = figure.axes[0], _make_canvas(figure)
        for artist in self._content():
            artist.set_animated(True)  # leaves it out of the background
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)

    def _content(self) -> "Sequence[Artist]":
        if self._moving is not None:
            return self._moving
        axes = self._axes
        return [*axes.images, *axes.collections, *axes.lines, *axes.texts]

    def render(self) -> "NDArray[np.uint8]":
        """Return how the figure looks now, uint8 [height, width, 3]."""
        import numpy as np

        self._canvas.restore_region(self._background)
        for artist in sorted(self._content(), key=lambda artist: artist.get_zorder()):
            self._axes.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()


def _make_canvas(figure: "Figure") -> Any:
    return FigureCanvasAgg(figure)


def round_gif_duration(duration: float) -> int:
    """Return how long a GIF's frame lasts that is to stay so long: it counts in 10 ms."""
    return max(1, round(duration / 10)) * 10


def save_animation(
    frames: "Sequence[NDArray[np.uint8]]",
    stem: Path,
    *,
    frame_ms: float = FRAME_MS,
    hold_ms: float = HOLD_MS,
    kinds: Collection[str] = ("webp", "gif"),
) -> None:
    """Write `stem`.webp and `stem`.gif, each whole or not at all; both loop for ever.

    Args:
        frames: at least one picture, uint8 [height, width, 3], all of one size.
        stem: the path without its ending.
        frame_ms: how long each frame stays, in milliseconds; of WebP the mean, as it counts whole
            ones, of GIF rounded to 10.
        hold_ms: how long the last frame stays before the loop begins again.
        kinds: which of `webp` and `gif`.

    Raises:
        RunWriteError: if the system refuses.
    """
    from PIL import Image

    assert frames, "an animation has at least one frame"
    assert len({frame.shape for frame in frames}) == 1, "frames differ in size"
    images = [Image.fromarray(frame) for frame in frames]
    if "webp" in kinds:
        ends = [round(frame_ms * count) for count in range(len(images))]
        durations = [b - a for a, b in pairwise(ends)] + [round(hold_ms)]
        webp = _encode(images, durations, "WEBP", quality=80, method=4)
        write_atomic(stem.with_name(f"{stem.name}.webp"), webp)
    if "gif" in kinds:
        # One palette, from the last frame, which has every colour: a palette a frame would flicker.
        palette = images[-1].quantize(256, Image.Quantize.MEDIANCUT)
        durations = [round_gif_duration(frame_ms)] * (len(images) - 1) + [
            round_gif_duration(hold_ms)
        ]
        flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
        gif = _encode(flat, durations, "GIF", optimize=False, disposal=1)
        write_atomic(stem.with_name(f"{stem.name}.gif"), gif)


def _encode(
    images: "Sequence[Image.Image]", durations: list[int], kind: str, **options: object
) -> bytes:
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


def save_mp4(
    frames: "Sequence[NDArray[np.uint8]]",
    stem: Path,
    *,
    frame_ms: float = FRAME_MS,
    hold_ms: float = HOLD_MS,
) -> None:
    """Write `stem`.mp4 (H.264, which every browser and presentation plays), whole or not at all.

    Args:
        frames: at least one picture, uint8 [height, width, 3], all of one size.
        stem: the path without its ending.
        frame_ms: how long each frame stays, in milliseconds.
        hold_ms: how much longer the last frame stays.

    Raises:
        MissingExtraError: if PyAV is not installed.
        RunWriteError: if the system refuses.
    """
    try:
        import av
    except ImportError:
        raise MissingExtraError("MP4", "video") from None
    assert frames, "an animation has at least one frame"
    buffer = BytesIO()
    height, width, _ = frames[0].shape
    with av.open(buffer, "w", format="mp4") as container:
        rate = Fraction(1000 / frame_ms).limit_denominator(1001)
        stream: Any = container.add_stream("libx264", rate=rate)
        # One thread, or the bytes depend on the machine; both sides even, as 4:2:0 wants it.
        stream.width, stream.height = width // 2 * 2, height // 2 * 2
        stream.pix_fmt = "yuv420p"
        # x264's macroblock tree reads memory that it has not written: one film in fifty differs.
        stream.options = {"crf": "18", "threads": "1", "mbtree": "0"}
        for frame in [*frames, *[frames[-1]] * round(hold_ms / frame_ms)]:
            even = frame[: stream.height, : stream.width]
            picture = av.VideoFrame.from_ndarray(even.copy(), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    write_atomic(stem.with_name(f"{stem.name}.mp4"), buffer.getvalue())
