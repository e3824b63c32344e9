"""Numbers and lists as they are typed: one grammar for options, recipes, axes and calls.

A number is written with the digits 0 to 9, a decimal point and perhaps an exponent; spaces around
it do not count. `1_000`, `0x10`, `0,5`, `nan`, `1e400` and digits of other scripts are refused, by
whatever door they come. A whole number may have a point with a zero or two after it
(`5.0`); three would be a thousand elsewhere (`1.000`).

A list of whole numbers, such as `--seeds`, `--layers` or the axis `seed=…`, has items with commas
between them:

```
5              one number
4-6            4, 5 and 6
0:200          0 … 199: the end is left out
100:1001:100   100, 200, … 1000
```
"""

import re
from collections.abc import Sequence

__all__ = [
    "holds_several",
    "is_number",
    "is_whole",
    "parse_whole_numbers",
    "split_list",
    "suggest_axis",
    "suggest_number",
    "write_decimal",
]

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,4000}(?:\.0{0,2})?\s*")  # int() reads no more
_ITEM = re.compile(
    r"(?P<first>[+-]?[0-9]{1,20})"
    r"(?:-(?P<last>[0-9]{1,20})|:(?P<end>[+-]?[0-9]{1,20})(?::(?P<step>[+-]?[0-9]{1,20}))?)?"
)
_PART = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_SPAN = re.compile(rf"({_PART})\s*(?:\.\.+|…|[-–—]|to|bis|à)\s*({_PART})")
_LISTED = re.compile(rf"[\[({{]\s*{_PART}(?:\s*,\s*{_PART})*\s*[\])}}]|{_PART}(?:\s+{_PART})+")
_PYTHON = re.compile(r"range\(\s*(?:([0-9]+)\s*,\s*)?([0-9]+)\s*(?:,\s*([0-9]+)\s*)?\)")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[.,' \u00a0\u202f’][0-9]{3})+")
_NEARLY = re.compile(r"[+-]?[0-9][0-9_]*(?:[.,][0-9_]+)?")


def is_number(text: str) -> bool:
    """Return whether a text is a number as one types it."""
    return _NUMBER.fullmatch(text) is not None


def is_whole(text: str) -> bool:
    """Return whether a text is a whole number as one types it."""
    return _WHOLE.fullmatch(text) is not None


def write_decimal(value: float, language: str) -> str:
    """Return a number with the language's decimal mark: 0.4 in English, 0,4 in French."""
    text = f"{value:g}"
    return text.replace(".", ",") if language == "fr" else text


def suggest_number(text: str, *, whole: bool = False) -> str:
    """Return the number that was meant by a decimal comma, underscores or thousands, or "".

    Args:
        text: as typed.
        whole: whether only a whole number can be meant.
    """
    text = text.strip()
    if whole:
        plain = _THOUSANDS.fullmatch(text) or re.fullmatch("[0-9][0-9_]*", text)
        return re.sub("[^0-9]", "", text) if plain and not is_whole(text) else ""
    if is_number(text) or not _NEARLY.fullmatch(text):
        return ""
    return text.replace("_", "").replace(",", ".")


def holds_several(text: str) -> bool:
    """Return whether a text may be several numbers of a sweep's axis, such as `0:200`."""
    try:
        ranges = parse_whole_numbers(text)
    except ValueError:  # an empty range
        return True
    many = ranges is not None and sum(len(numbers[:2]) for numbers in ranges) > 1
    return many or re.fullmatch(rf"{_PART}(:{_PART}|:lin|:log)+", text.strip()) is not None


def suggest_axis(text: str, *, whole: bool) -> str:
    """Return the axis that was meant by another notation of a range or a list, or "".

    Args:
        text: such as `0..5`, `0 – 5`, `[1, 2]`, `1 2` or `range(5)`.
        whole: whether its field takes whole numbers.
    """
    text = text.strip()
    if match := _PYTHON.fullmatch(text):
        first, end, step = match.groups()
        return f"{first or 0}:{end}" + (f":{step}" if step else "") if whole else ""
    if match := _SPAN.fullmatch(text):
        return f"{match[1]}-{match[2]}" if whole else f"{match[1]}:{match[2]}:lin:5"
    return ",".join(re.findall(_PART, text)) if _LISTED.fullmatch(text) else ""


def split_list(text: str) -> list[str]:
    """Return the parts between commas, without spaces around them; an empty text has none.

    Raises:
        ValueError: if one of several parts is empty, such as in `a,,b` or `a,`.
    """
    if not text.strip():
        return []
    parts = [part.strip() for part in text.split(",")]
    if "" in parts:
        raise ValueError("a part between commas is empty.")
    return parts


def parse_whole_numbers(text: str) -> Sequence[range] | None:
    """Return the numbers of a list, a range for each item; None if it is no such list.

    Raises:
        ValueError: if a range is empty or runs backwards, in words that follow "; ".
    """
    items = [_ITEM.fullmatch(part.strip()) for part in text.split(",")]
    return [_range(item) for item in items if item] if all(items) else None


def _range(item: "re.Match[str]") -> range:
    first, last = int(item["first"]), int(item["last"] or item["first"])
    if last < first and item["end"] is None:
        raise ValueError(f"{item[0]} runs backwards.")
    if item["end"] is None:
        return range(first, last + 1)
    end, step = int(item["end"]), int(item["step"] or 1)
    if step < 1:
        raise ValueError("the step is at least 1.")
    if first >= end:
        raise ValueError("the range is empty: low is less than high, which is left out.")
    return range(first, end, step)
