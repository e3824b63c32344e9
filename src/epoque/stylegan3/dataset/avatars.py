"""A set of cartoon portraits with known attributes: unlimited, aligned, the same for a seed.

Needs the extra `avatars`: python-avatars puts the parts together as SVG, resvg draws it; neither
asks the network for anything.
"""

import io
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import Image

from epoque.bench.errors import ConfigError, EpoqueError, MissingExtraError
from epoque.bench.progress import Progress

from .build import BuildReport, file_name, open_writer
from .labels import FILE, Label, encode_labels
from .portraits import LABEL_NAMES, Portrait, sample_portrait
from .rendering import render_portraits

__all__ = ["make_avatars", "render_png", "render_svg"]

SIZES = (16, 32, 64, 128, 256, 512, 1024)
LARGEST = 10_000_000
VIEW = (12, 0, 240, 240)
"""The square that is shown, of the drawing's 264 by 280."""

FINE = 256
"""Below this many pixels a portrait is drawn at twice the size and scaled down."""


def make_avatars(
    path: Path,
    count: int,
    size: int = 64,
    seed: int = 0,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Draw a set of portraits with their attributes as labels, whole or not at all.

    The labels are vectors; `label_names` in dataset.json says what their entries mean. The same
    seed and size give the same bytes, whatever the number of workers; more portraits of a seed
    begin with the same ones.

    Args:
        path: the new zip, if it ends in .zip, else folder.
        count: how many.
        size: pixels of a side.
        seed: chooses the portraits.
        workers: processes; by default as many as processors.
        progress: told how many are drawn, and of how many.

    Raises:
        MissingExtraError: if the extra `avatars` is not installed.
        UsageError: if the path is taken, or a number is not allowed.
        RunWriteError: if the system refuses.
    """
    _check(count, size, seed)
    _libraries()
    rows: list[tuple[str, Label | None]] = []
    with open_writer(path) as out:
        for number, data in enumerate(render_portraits(count, size, seed, workers)):
            name = file_name(number)
            out.put(name, data)
            rows.append((name, sample_portrait(seed, number).label().tolist()))
            if progress:
                progress(number + 1, count, "drawing portraits")
        out.put(FILE, encode_labels(rows, LABEL_NAMES))
    return BuildReport(path, count, (), size, 3, has_labels=True)


def render_png(who: Portrait, size: int) -> Image.Image:
    """Return a portrait as a picture in colour, size × size.

    Raises:
        MissingExtraError: if the extra `avatars` is not installed.
    """
    _, resvg = _libraries()
    fine = size * 2 if size < FINE else size
    data = resvg.svg_to_bytes(
        svg_string=render_svg(who), width=fine, background=who.background, skip_system_fonts=True
    )
    image = Image.open(io.BytesIO(bytes(data))).convert("RGB")
    if image.size != (fine, fine):
        raise EpoqueError(f"resvg drew {image.width}×{image.height} pixels, not {fine}×{fine}.")
    return image if fine == size else image.resize((size, size), Image.Resampling.LANCZOS)


def render_svg(who: Portrait) -> str:
    """Return a portrait as an SVG drawing without a background.

    Raises:
        MissingExtraError: if the extra `avatars` is not installed.
    """
    parts, _ = _libraries()
    kinds = _kinds(parts)
    named_parts = {name: kinds[name][value] for name, value in who.parts.items() if name in kinds}
    text: str = parts.Avatar(
        style=parts.AvatarStyle.TRANSPARENT, **(who.parts | named_parts)
    ).render()
    whole = 'width="264px" height="280px" viewBox="0 0 264 280"'
    if whole not in text:
        raise EpoqueError("This python-avatars draws in another format than 1.4.")
    return text.replace(whole, 'viewBox="{} {} {} {}"'.format(*VIEW), 1)


@cache
def _kinds(parts: Any) -> dict[str, dict[str, Any]]:
    """Return python-avatars' parts by argument and name; a hat is a top as hair is."""
    kinds = {
        "facial_hair": parts.FacialHairType,
        "accessory": parts.AccessoryType,
        "mouth": parts.MouthType,
        "eyes": parts.EyeType,
        "eyebrows": parts.EyebrowType,
        "nose": parts.NoseType,
        "clothing": parts.ClothingType,
    }
    enums = {name: {part.name: part for part in kind} for name, kind in kinds.items()}
    enums["top"] = {part.name: part for part in chain(parts.HairType, parts.HatType)}
    return enums


def _libraries() -> tuple[Any, Any]:
    try:
        import python_avatars
        import resvg_py
    except ImportError:
        raise MissingExtraError("Drawing avatars", "avatars") from None
    return python_avatars, resvg_py


def _check(count: int, size: int, seed: int) -> None:
    if not 1 <= count <= LARGEST:
        raise ConfigError.of("count", f"{count} is not allowed; it takes 1 to {LARGEST:,}.")
    if size not in SIZES:
        sizes = ", ".join(map(str, SIZES))
        raise ConfigError.of("resolution", f"{size} is not allowed; it takes {sizes}.")
    if not 0 <= seed < 2**32:
        raise ConfigError.of("seed", f"{seed} is not allowed; it takes 0 to {2**32 - 1}.")
