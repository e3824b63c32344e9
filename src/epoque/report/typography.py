"""The spaces that typography asks for: French punctuation, and a percent sign with its number."""

import re

from .placeholders import CLOSE

__all__ = ["QUOTES", "set_spaces"]

NARROW, WIDE = "\u202f", "\u00a0"
QUOTES = {"en": "“”‘’", "fr": [f"«{WIDE}", f"{WIDE}»", "‹", "›"]}
"""What straight quotation marks become."""


def set_spaces(text: str, language: str) -> str:
    """Return text whose spaces do not break where a line may not.

    Args:
        text: prose, in which numbers may be marks; code and formulas never come here.
        language: "en" or "fr".
    """
    text = re.sub(rf"(?<=[\d{CLOSE}]) (?=%)", NARROW, text)
    if language == "fr":
        text = re.sub(r" (?=[;!?])", NARROW, text)
        text = re.sub(r" (?=[:»])", WIDE, text)
        text = re.sub(r"(?<=«) ", WIDE, text)
    return text
