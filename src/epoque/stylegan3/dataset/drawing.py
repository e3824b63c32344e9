"""A portrait as a picture: python-avatars puts its parts together as SVG, resvg draws that."""

import io
from functools import cache
from itertools import chain
from typing import Any

from PIL import Image

from epoque.bench.errors import EpoqueError, MissingExtraError

from .portraits import Portrait

__all__ = ["load_libraries", "render_png", "render_svg"]

VIEW = (12, 0, 240, 240)
"""The square that is shown, of the drawing's 264 by 280."""

FINE = 256
"""Below this many pixels a portrait is drawn at twice the size and scaled down."""


def render_png(who: Portrait, size: int) -> Image.Image:
    """Return a portrait as a picture in colour, size × size.

    Raises:
        MissingExtraError: if the extra `avatars` is not installed.
    """
    _, resvg = load_libraries()
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
    parts, _ = load_libraries()
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


def load_libraries() -> tuple[Any, Any]:
    """Return python-avatars and resvg.

    Raises:
        MissingExtraError: if the extra `avatars` is not installed.
    """
    try:
        import python_avatars
        import resvg_py
    except ImportError:
        raise MissingExtraError("Drawing avatars", "avatars") from None
    return python_avatars, resvg_py
