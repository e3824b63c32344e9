"""Cartoon portraits by chance: which parts there are, how likely each is, what they are called.

The parts are python-avatars' (MIT), those after Pablo Stanley's Avataaars: what the package added
from elsewhere is left out, since where that came from does not say how it may be used. A portrait
is drawn from a seed and its number alone, so that the first thousand of a set are the same however
many follow.
"""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from epoque.bench.seeds import numpy_rng

__all__ = ["BEARDLESS", "GROUPS", "LABEL_NAMES", "Portrait", "sample_portrait"]

_Parts = Mapping[str, tuple[float, tuple[str, ...]]]
"""A value to how often it is there, and to the names of the parts that show it."""

_SKIN: _Parts = {
    "pale": (1, ("#FFDBB4",)),
    "light": (1, ("#EDB98A",)),
    "tan": (1, ("#DDA06B",)),
    "brown": (1, ("#C07A4A",)),
    "dark brown": (1, ("#95562C",)),
    "black": (1, ("#6B4A39",)),
}
_HAIR: _Parts = {
    "bald": (6, ("NONE", "SIDES")),
    "short": (
        30,
        (
            *("CAESAR", "CAESAR_SIDE_PART", "SHORT_FLAT", "SHORT_ROUND", "SHORT_WAVED"),
            *("SHORT_CURLY", "SHORT_DREADS_1", "SHAGGY", "FRIZZLE"),
        ),
    ),
    "long": (
        30,
        (
            *("BOB", "LONG_NOT_TOO_LONG", "MIA_WALLACE", "STRAIGHT_1", "STRAIGHT_STRAND"),
            *("CURVY", "BIG_HAIR", "DREADS"),
        ),
    ),
    "curly": (12, ("CURLY", "FRO", "SHORT_DREADS_2")),
    "tied": (8, ("BUN",)),
    "hat": (
        14,
        ("HAT", "HIJAB", "TURBAN", "WINTER_HAT_1", "WINTER_HAT_2", "WINTER_HAT_3", "WINTER_HAT_4"),
    ),
}
_HAIR_COLOR: _Parts = {
    "black": (4, ("#2C1B18",)),
    "dark brown": (3, ("#4A312C",)),
    "brown": (3, ("#724133",)),
    "auburn": (2, ("#A55728",)),
    "red": (2, ("#C93305",)),
    "blond": (3, ("#D6B370",)),
    "platinum": (1, ("#ECDCBF",)),
    "grey": (2, ("#B5B0AD",)),
    "pink": (1, ("#F59797",)),
}
_FACIAL_HAIR: _Parts = {
    "none": (55, ("NONE",)),
    "moustache": (15, ("MOUSTACHE_FANCY", "MOUSTACHE_MAGNUM")),
    "beard": (30, ("BEARD_LIGHT", "BEARD_MAGESTIC", "BEARD_MEDIUM")),
}
_GLASSES: _Parts = {
    "none": (66, ("NONE",)),
    "glasses": (22, ("PRESCRIPTION_1", "PRESCRIPTION_2", "ROUND")),
    "sunglasses": (12, ("SUNGLASSES", "WAYFARERS", "KURT")),
}
_MOUTH: _Parts = {
    "smile": (34, ("TWINKLE", "DEFAULT")),
    "laugh": (28, ("SMILE", "BIG_SMILE")),
    "serious": (16, ("SERIOUS",)),
    "sad": (10, ("SAD", "DISBELIEF")),
    "grimace": (6, ("GRIMACE",)),
    "tongue": (6, ("TONGUE",)),
}
_EYES: _Parts = {
    "open": (50, ("DEFAULT",)),
    "happy": (15, ("HAPPY",)),
    "closed": (8, ("CLOSED",)),
    "aside": (8, ("SIDE",)),
    "squint": (7, ("SQUINT",)),
    "wide": (6, ("SURPRISED",)),
    "wink": (6, ("WINK",)),
}
_BROWS: _Parts = {
    "straight": (55, ("DEFAULT", "DEFAULT_NATURAL", "FLAT_NATURAL")),
    "raised": (22, ("RAISED_EXCITED", "RAISED_EXCITED_NATURAL", "UP_DOWN")),
    "angry": (11, ("ANGRY", "ANGRY_NATURAL")),
    "worried": (12, ("SAD_CONCERNED", "SAD_CONCERNED_NATURAL")),
}
_NOSE: _Parts = {"any": (1, ("DEFAULT", "SMALL", "WIDE"))}
_CLOTHES: _Parts = {
    "jacket": (25, ("BLAZER_SHIRT", "BLAZER_SWEATER")),
    "pullover": (15, ("COLLAR_SWEATER",)),
    "hoodie": (15, ("HOODIE",)),
    "dungarees": (10, ("OVERALL",)),
    "shirt": (35, ("SHIRT_CREW_NECK", "SHIRT_SCOOP_NECK", "SHIRT_V_NECK")),
}
_CLOTHES_COLOR: _Parts = {
    "charcoal": (1, ("#3C4F5C",)),
    "white": (1, ("#F4F4F2",)),
    "grey": (1, ("#929598",)),
    "blue": (2, ("#3F7FC4",)),
    "navy": (1, ("#25557C",)),
    "teal": (1, ("#2FA597",)),
    "green": (1, ("#6BAA5E",)),
    "yellow": (1, ("#F2C14E",)),
    "red": (2, ("#E4555A",)),
    "violet": (1, ("#8C6BB1",)),
}
_BACKGROUND: _Parts = {
    "sky": (1, ("#BFE3F5",)),
    "mint": (1, ("#CDEBD5",)),
    "lilac": (1, ("#DDD3F0",)),
    "peach": (1, ("#FBD9C4",)),
    "butter": (1, ("#FBEFC2",)),
    "rose": (1, ("#F7CFD8",)),
    "sand": (1, ("#E8DFD0",)),
    "slate": (1, ("#B9C6D3",)),
}

_LABEL_GROUPS: dict[str, _Parts] = {
    "skin": _SKIN,
    "hair": _HAIR,
    "hair colour": _HAIR_COLOR,
    "facial hair": _FACIAL_HAIR,
    "glasses": _GLASSES,
    "mouth": _MOUTH,
    "eyes": _EYES,
    "brows": _BROWS,
    "clothes": _CLOTHES,
    "clothes colour": _CLOTHES_COLOR,
    "background": _BACKGROUND,
}

GROUPS: dict[str, tuple[str, ...]] = {name: tuple(parts) for name, parts in _LABEL_GROUPS.items()}
"""The attributes of a portrait, and the values that each takes."""

LABEL_NAMES: tuple[str, ...] = tuple(f"{g}={value}" for g, all_ in GROUPS.items() for value in all_)
"""What the entries of a label mean, in order: `hair=short`, …"""

BEARDLESS = frozenset({"long", "tied", "curly"})
"""Hair that goes with facial hair in one portrait of ten at most."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """One portrait.

    Attributes:
        values: the attributes; `hair colour` is missing where no hair is seen.
        parts: python-avatars' arguments, as names and as colours (#rrggbb).
        background: its colour.
    """

    values: dict[str, str]
    parts: dict[str, str]
    background: str

    def label(self) -> NDArray[np.float32]:
        """Return the attributes as a vector, [len(LABEL_NAMES)], a 1 for each value it has."""
        have = {f"{group}={value}" for group, value in self.values.items()}
        return np.array([name in have for name in LABEL_NAMES], np.float32)


def sample_portrait(seed: int, number: int) -> Portrait:
    """Return the portrait of a number in the set of a seed.

    Args:
        seed: of the set.
        number: 0 and up.
    """
    rng = numpy_rng(seed, f"avatar {number}")
    sampled_parts = {group: _sample_parts(rng, parts) for group, parts in _LABEL_GROUPS.items()}
    nose = _sample_parts(rng, _NOSE)[1]
    beardless = sampled_parts["hair"][0] in BEARDLESS and rng.random() < 0.9
    if sampled_parts["hair"][1] == "HIJAB" or beardless:
        sampled_parts["facial hair"] = ("none", "NONE")
    colors = {
        name: _sample_shade(rng, sampled_parts[name][1], *far) for name, far in _SHADES.items()
    }
    values = {group: value for group, (value, _) in sampled_parts.items()}
    if values["hair"] in ("bald", "hat") and sampled_parts["hair"][1] != "SIDES":
        values.pop("hair colour")
    return Portrait(values, _arguments(sampled_parts, nose, colors), colors["background"])


def _arguments(
    parts: Mapping[str, tuple[str, str]], nose: str, colors: Mapping[str, str]
) -> dict[str, str]:
    return {
        "top": parts["hair"][1],
        "facial_hair": parts["facial hair"][1],
        "accessory": parts["glasses"][1],
        "mouth": parts["mouth"][1],
        "eyes": parts["eyes"][1],
        "eyebrows": parts["brows"][1],
        "nose": nose,
        "clothing": parts["clothes"][1],
        "skin_color": colors["skin"],
        "hair_color": colors["hair colour"],
        "facial_hair_color": colors["hair colour"],
        "clothing_color": colors["clothes colour"],
        "hat_color": colors["clothes colour"],
    }


def _sample_parts(rng: Generator, parts: _Parts) -> tuple[str, str]:
    """Return a value and one of the parts that show it."""
    weights = np.cumsum([weight for weight, _ in parts.values()])
    value = list(parts)[int(np.searchsorted(weights, rng.random() * weights[-1], "right"))]
    names = parts[value][1]
    return value, names[int(rng.integers(len(names)))]


_SHADES: dict[str, tuple[float, float]] = {
    "skin": (0.01, 0.03),
    "hair colour": (0.012, 0.04),
    "clothes colour": (0.02, 0.04),
    "background": (0.02, 0.02),
}
"""How far a colour may stray from its name: in hue (a turn is 1) and in lightness."""


def _sample_shade(rng: Generator, color: str, hue: float, lightness: float) -> str:
    """Return a shade of a colour, #rrggbb."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    h, level, s = colorsys.rgb_to_hls(red, green, blue)
    h, level = h + rng.uniform(-hue, hue), level + rng.uniform(-lightness, lightness)
    shade = colorsys.hls_to_rgb(h % 1, min(max(level, 0.0), 1.0), s)
    return "#" + "".join(f"{round(part * 255):02X}" for part in shade)
