"""Numbers as people type them in a report: 0.0249, 0,0249, 12 627, −14.5, 2e-5, 93.75 %, ≈ 0.01."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

__all__ = ["TypedNumber", "read_number"]

LONGEST = 60
ABOUT = re.compile(r"^(?:about|approximately|around|roughly|environ|à peu près|[≈~∼])\s*", re.I)
BETWEEN = re.compile(r"\s+(?:to|à)\s+|(?<=\d)\s*–\s*(?=[\d-])", re.I)
EXPONENT = re.compile(r"(?:e|\s*[×·x*]\s*10\s*\^?\s*)\{?([+-]?\d{1,3})\}?$", re.I)
SUPERSCRIPTS = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
MARKUP = str.maketrans(
    {"−": "-", **dict.fromkeys("*_`$", ""), **dict.fromkeys("\xa0\u202f\u2009", " ")}
)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?")
ENGLISH_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
FRENCH_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+,\d+")
PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """A number that was read.

    Attributes:
        text: with a decimal point and the digits it was given with, or two with " to " between.
        about: whether it is called approximate.
    """

    text: str
    about: bool = False


def read_number(typed: str, language: str) -> TypedNumber | None:
    """Return the number of a text, None if it is none.

    A comma is a decimal one, unless the text is English and it parts thousands: `12,627` is
    12627 in English and 12.627 in French.

    Args:
        typed: as it stands in the report; markup around it is left out.
        language: of the report: "en" or "fr".
    """
    plain = typed.translate(MARKUP).strip()
    if not plain or len(plain) > LONGEST:
        return None
    number = ABOUT.sub("", plain)
    percent = number.endswith("%")
    ends = [_read(end.strip(), language) for end in BETWEEN.split(number.rstrip("% "))]
    if len(ends) > 2 or any(end is None for end in ends):
        return None
    numbers = [end.scaleb(-2) if percent else end for end in ends if end is not None]
    if numbers != sorted(numbers):
        return None
    return TypedNumber(" to ".join(f"{n:f}" for n in numbers), number != plain)


def _read(text: str, language: str) -> Decimal | None:
    text = text.translate(SUPERSCRIPTS)
    match = EXPONENT.search(text)
    digits, power = (text[: match.start()], int(match[1])) if match else (text, 0)
    plain = _remove_groups(digits.strip(), language)
    try:
        number = None if plain is None else Decimal(plain).scaleb(power)
    except InvalidOperation:
        return None
    return None if number is None or not -300 < number.adjusted() < 300 else number


def _remove_groups(text: str, language: str) -> str | None:
    """Return the digits of a number without what parts thousands, and with a decimal point."""
    if language == "en" and ENGLISH_GROUPS.fullmatch(text):
        return text.replace(",", "")
    if ENGLISH_GROUPS.fullmatch(text) and text.count(",") > 1:
        return text.replace(",", "")
    if FRENCH_POINTS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if GROUPED.fullmatch(text) or PLAIN.fullmatch(text):
        return text.replace(" ", "").replace(",", ".")
    return None
