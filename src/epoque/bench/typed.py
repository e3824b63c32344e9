"""Numbers and lists as they are typed: one grammar for options, recipes, axes and calls.

A number is written with the digits 0 to 9, a decimal point and perhaps an exponent; spaces around
it do not count. `1_000`, `0x10`, `0,5`, `nan`, `1e400` and digits of other scripts are refused, by
whatever door they come. A whole number may have a point with zeros after it (`5.0`).

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

__all__ = ["is_number", "is_whole", "near_number", "split_list", "whole_numbers"]

_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,4000}(?:\.0*)?\s*")  # int() reads no more
_ITEM = re.compile(
    r"(?P<first>[+-]?[0-9]{1,20})"
    r"(?:-(?P<last>[0-9]{1,20})|:(?P<end>[+-]?[0-9]{1,20})(?::(?P<step>[+-]?[0-9]{1,20}))?)?"
)
_NEARLY = re.compile(r"[+-]?[0-9][0-9_]*(?:[.,][0-9_]+)?")


def is_number(text: str) -> bool:
    """Return whether a text is a number as one types it."""
    return _NUMBER.fullmatch(text) is not None


def is_whole(text: str) -> bool:
    """Return whether a text is a whole number as one types it."""
    return _WHOLE.fullmatch(text) is not None


def near_number(text: str) -> str:
    """Return the number that was meant by a decimal comma or underscores, or ""."""
    text = text.strip()
    if is_number(text) or not _NEARLY.fullmatch(text):
        return ""
    return text.replace("_", "").replace(",", ".")


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


def whole_numbers(text: str) -> Sequence[range] | None:
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
