"""Numbers as the readers of a language write them."""

from math import floor, isfinite, isnan, log10

__all__ = ["format_number", "to_subscript"]

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_FRENCH = str.maketrans({",": THIN_SPACE, ".": ","})


def format_number(
    value: float, language: str = "en", digits: int = 4, decimals: int | None = None
) -> str:
    """Return a number as a reader of `language` writes it.

    English: 1,234.5 and −0.25; French: 1 234,5 and −0,25. Digits before the decimal point are
    all kept; below 10⁻⁴ and from 10⁶ on it becomes 2×10⁻⁷ (or 10⁻⁷). NaN, which was computed from
    nothing, is a dash.

    Args:
        value: a number.
        language: "en" or "fr".
        digits: at most how many significant digits.
        decimals: exactly how many digits after the point, instead.
    """
    if not isfinite(value):
        text = "–" if isnan(value) else f"{'-' * (value < 0)}∞"
    elif decimals is not None:
        text = f"{value:,.{decimals}f}"
    elif value and not 1e-4 <= abs(value) < 1e6:
        text = _scientific(value, digits)
    else:
        exponent = floor(log10(abs(value))) if value else 0
        text = f"{value:,.{max(digits - 1 - exponent, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    text = text.replace("-", "−")
    return text.translate(_FRENCH) if language == "fr" else text


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, f"{mantissa}×{power}")


def to_subscript(index: int) -> str:
    """Return a whole number as a subscript: ₁₂."""
    return str(index).translate(_SUBSCRIPTS)
