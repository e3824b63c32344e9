"""What can be seen in a portrait, in words; `dataset.portraits.GROUPS` has the bare values."""

from collections.abc import Mapping

from epoque.bench.i18n import mark

__all__ = ["WORDS"]

WORDS: Mapping[str, Mapping[str, str]] = {
    "skin": {
        "pale": mark("pale skin"),
        "light": mark("light skin"),
        "tan": mark("tanned skin"),
        "brown": mark("brown skin"),
        "dark brown": mark("dark brown skin"),
        "black": mark("black skin"),
    },
    "hair": {
        "bald": mark("bald"),
        "short": mark("short hair"),
        "long": mark("long hair"),
        "curly": mark("curly hair"),
        "tied": mark("hair in a bun"),
        "hat": mark("a hat or scarf"),
    },
    "hair colour": {
        "black": mark("hair: black"),
        "dark brown": mark("hair: dark brown"),
        "brown": mark("hair: brown"),
        "auburn": mark("hair: auburn"),
        "red": mark("hair: red"),
        "blond": mark("hair: blond"),
        "platinum": mark("hair: platinum"),
        "grey": mark("hair: grey"),
        "pink": mark("hair: pink"),
        "none": mark("no hair to be seen"),
    },
    "facial hair": {
        "none": mark("no beard"),
        "moustache": mark("a moustache"),
        "beard": mark("a beard"),
    },
    "glasses": {
        "none": mark("no glasses"),
        "glasses": mark("glasses"),
        "sunglasses": mark("sunglasses"),
    },
    "mouth": {
        "smile": mark("a smile"),
        "laugh": mark("a laugh"),
        "serious": mark("a serious mouth"),
        "sad": mark("a sad mouth"),
        "grimace": mark("a grimace"),
        "tongue": mark("tongue out"),
    },
    "eyes": {
        "open": mark("open eyes"),
        "happy": mark("smiling eyes"),
        "closed": mark("closed eyes"),
        "aside": mark("eyes looking aside"),
        "squint": mark("squinting eyes"),
        "wide": mark("wide eyes"),
        "wink": mark("a wink"),
    },
    "brows": {
        "straight": mark("straight brows"),
        "raised": mark("raised brows"),
        "angry": mark("angry brows"),
        "worried": mark("worried brows"),
    },
    "clothes": {
        "jacket": mark("a jacket"),
        "pullover": mark("a pullover"),
        "hoodie": mark("a hoodie"),
        "dungarees": mark("dungarees"),
        "shirt": mark("a shirt"),
    },
    "clothes colour": {
        "charcoal": mark("clothes: charcoal"),
        "white": mark("clothes: white"),
        "grey": mark("clothes: grey"),
        "blue": mark("clothes: blue"),
        "navy": mark("clothes: navy"),
        "teal": mark("clothes: teal"),
        "green": mark("clothes: green"),
        "yellow": mark("clothes: yellow"),
        "red": mark("clothes: red"),
        "violet": mark("clothes: violet"),
    },
    "background": {
        "sky": mark("sky blue behind"),
        "mint": mark("mint green behind"),
        "lilac": mark("lilac behind"),
        "peach": mark("peach behind"),
        "butter": mark("butter yellow behind"),
        "rose": mark("rose behind"),
        "sand": mark("sand behind"),
        "slate": mark("slate grey behind"),
    },
}
"""Attribute to value to words."""
