"""Numbers as a reader of each language expects them, with the digits that mean something."""

import math
from typing import Any

__all__ = ["choose_plural", "decimals_for", "format_interval", "format_number", "to_latex"]

MINUS, TIMES, THIN, FIXED = "\u2212", "\u00d7", "\u202f", "\u00a0"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_number(
    value: Any, language: str, *, digits: int | None = 3, decimals: int | None = None
) -> str:
    """Return a number as text: 1,000 and 0.025 in English, 1 000 and 0,025 in French.

    Args:
        value: a number, a bool, None, text, or a list of them.
        language: "en" or "fr".
        digits: significant digits of a number that is not whole; None for as many as it has.
        decimals: digits after the point instead.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "fr": ("non", "oui")}[language][value]
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        parts = [format_number(v, language, digits=digits, decimals=decimals) for v in value]
        return _join_list(parts, language)
    return _localize(_digits(float(value), isinstance(value, int), digits, decimals), language)


def _join_list(parts: list[str], language: str) -> str:
    """Return the parts of a list as a sentence names them: 10 and 10; 0.1, 0.2 and 0.3."""
    separator, last = {"en": (", ", " and "), "fr": (f"{FIXED}; ", " et ")}[language]
    return last.join(filter(None, (separator.join(parts[:-1]), *parts[-1:])))


def choose_plural(value: float, language: str, singular: str, plural: str) -> str:
    """Return a word as it goes with a number: in French singular below 2, in English for 1.

    Args:
        value: a number, also one that is not whole.
        language: "en" or "fr".
        singular: the word for one.
        plural: the word for several.
    """
    size = abs(value)
    is_one = size < 2 if language == "fr" else size == 1
    return singular if is_one else plural


def _digits(value: float, whole: bool, digits: int | None, decimals: int | None) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if decimals is not None:
        return f"{value:,.{max(decimals, 0)}f}"
    if whole or value == 0:
        return f"{value:,.0f}"
    if digits is None:
        digits = len(f"{value:.15g}".partition("e")[0].replace(".", "").strip("-0"))
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if exponent < -4 or exponent >= 9:
        mantissa = value / 10.0**exponent
        return (
            f"{mantissa:.{digits - 1}f}{THIN}{TIMES}{THIN}10{str(exponent).translate(SUPERSCRIPTS)}"
        )
    return f"{value:,.{max(digits - 1 - exponent, 0)}f}"


def _localize(text: str, language: str) -> str:
    if set(text) <= set("-0.,"):
        text = text.lstrip("-")  # no "−0.00"
    text = text.replace("-", MINUS)
    if language == "fr":
        text = text.replace(",", THIN).replace(".", ",")
    return text


def decimals_for(low: float, high: float, *, most: int = 6) -> int:
    """Return how many decimals show an interval's width with two digits, and at least its size."""
    width, size = abs(high - low), max(abs(low), abs(high))
    if not math.isfinite(size) or size == 0:
        return 0
    enough = 3 - math.floor(math.log10(size))  # four digits of the number itself
    if width > 0:
        enough = min(enough + 1, 1 - math.floor(math.log10(width)))
    return min(max(enough, 0), most)


def format_interval(
    interval: tuple[float, float, float], language: str, decimals: int | None = None
) -> str:
    """Return a median with its interval: "0.0250 [0.0249, 0.0252]"; one number if it has no width.

    Args:
        interval: the median and the interval's two ends.
        language: "en" or "fr".
        decimals: digits after the point; found from the interval's width by default.
    """
    decimals = decimals_for(*interval[1:]) if decimals is None else decimals
    middle, low, high = (format_number(v, language, decimals=decimals) for v in interval)
    if low == high:
        return middle
    separator = f"{THIN};{FIXED}" if language == "fr" else f",{FIXED}"
    return f"{middle}{FIXED}[{low}{separator}{high}]"


def to_latex(text: str) -> str:
    """Return a formatted number for use inside a LaTeX formula."""
    return text.replace(",", "{,}").replace(MINUS, "-").replace(THIN, r"\,").replace("×", r"\times")
