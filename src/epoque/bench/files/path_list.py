"""Paths in settings; lists of them have commas, and double quotes where a path holds a comma.

`a.txt,b.txt` are two paths, `"b,c.txt",a.txt` are two as well; inside the quotes, two double quotes
stand for one. A text that is, as a whole, the path of something that exists is that path: nobody
means two files that are not there by the name of one that is.
"""

import os
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .output_paths import refuse_address

__all__ = [
    "IS_PATHS",
    "LocalPath",
    "PathOrHttps",
    "Paths",
    "join_paths",
    "merge_paths",
    "split_paths",
]


def _local(place: object) -> Any:
    if isinstance(place, str):
        refuse_address(place)
    return place


def _local_or_https(place: object) -> Any:
    if isinstance(place, str):
        own = re.match(r"http://(127\.0\.0\.1|localhost)[:/]", place)  # this machine's own server
        refuse_address(place, "https", *(["http"] if own else []))
    return place


LocalPath = Annotated[str, BeforeValidator(_local)]
"""Of a setting: the path of a file or folder, no address such as `s3://lab/a.csv`."""
PathOrHttps = Annotated[str, BeforeValidator(_local_or_https)]
"""Of a setting: a path, or an https address from which a file is fetched."""
IS_PATHS = "paths"
"""Marks a field of a config whose text is read by `split_paths`."""

Paths = Annotated[tuple[Annotated[LocalPath, Field(min_length=1)], ...], IS_PATHS]
"""The type of a field that holds paths; a list, such as a recipe's, is taken literally."""

_PART = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(,|$)', re.DOTALL)


def split_paths(text: str) -> list[str]:
    """Return the paths in a text; an empty part stays an empty text, an empty text holds none."""
    if not text.strip():
        return []
    if os.path.lexists(os.path.expanduser(text)):
        return [text]
    parts, place, comma = [], 0, ","
    while comma:
        part = _PART.match(text, place)
        assert part is not None  # the second alternative and the end match anything
        quoted, bare, comma = part.groups()
        parts.append(bare if quoted is None else quoted.replace('""', '"'))
        place = part.end()
    return parts


def join_paths(values: Iterable[object]) -> str:
    """Return values as a text that `split_paths` splits again, unless it is itself a path."""
    return ",".join(map(_quote, map(str, values)))


def merge_paths(texts: Iterable[str]) -> str:
    """Return several such texts, those of a repeated option, as one."""
    return join_paths(path for text in texts for path in split_paths(text))


def _quote(value: str) -> str:
    if value == value.strip() and "," not in value and not value.startswith('"') and value:
        return value
    return '"' + value.replace('"', '""') + '"'
