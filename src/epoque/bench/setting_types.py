"""What a setting takes: in words, and as text that a user typed."""

from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from .errors import UsageError, did_you_mean
from .files.path_list import IS_PATHS, LocalPath, PathOrHttps, split_paths
from .number_text import holds_several, is_number, is_whole, suggest_number

__all__ = [
    "allowed_values",
    "check_type",
    "kind_of",
    "number_kind",
    "read_text",
    "suggest_values",
    "takes_value",
]

_NO_NUMBER = "no number"  # what pydantic refuses for a number of any kind


def _without_none(annotation: object) -> tuple[Any, bool]:
    """Return an annotation without its `| None`, and whether it had one."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return (kinds[0], True) if len(kinds) == 1 else (annotation, NoneType in kinds)
    return annotation, False


def check_type(where: str, field: FieldInfo) -> None:
    """Check that a setting's type is one that never changes: a config is compared and hashed.

    Args:
        where: what the error calls the setting.
        field: its declaration.

    Raises:
        UsageError: if it takes a list, a set or a mapping.
    """
    kind, _ = _without_none(field.annotation)
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    collection = get_origin(kind) or kind
    if collection in (list, set, dict):
        inner = getattr((*get_args(kind), float)[0], "__name__", "float")
        raise UsageError(
            f"{where} is a {collection.__name__}, which a setting cannot be; "
            f"use tuple[{inner}, ...], or a part of its own (`sub_config`)."
        )


def takes_value(field: FieldInfo, value: object) -> bool:
    """Return whether a setting can have a value, or one entry of it: of choices one, else any."""
    kind, optional = _without_none(field.annotation)
    if get_origin(kind) is tuple:
        kind, optional = get_args(kind)[0], value == ()
    if value is None or value == ():
        return optional
    return get_origin(kind) is not Literal or value in get_args(kind)


def number_kind(field: FieldInfo) -> type[int] | type[float] | None:
    """Return int or float for a setting that is a number (or none), else None."""
    kind, _ = _without_none(field.annotation)
    return kind if kind in (int, float) else None


def read_text(field: FieldInfo, value: object) -> Any:
    """Read what text alone cannot tell pydantic: lists with commas, and "none"."""
    kind, optional = _without_none(field.annotation)
    if not isinstance(value, str):
        return _NO_NUMBER if isinstance(value, bool) and kind in (int, float) else value
    if IS_PATHS in field.metadata:
        return split_paths(value)
    if optional and value.strip().lower() in ("none", "null", ""):
        return None
    if get_origin(kind) is not tuple:
        return _check_number(kind, value)
    # An empty part is a mistake, and refused; in a sweep only "none" can tell the empty list.
    parts = [] if value.strip().lower() in ("", "none") else value.split(",")
    return [_check_number(get_args(kind)[0], part.strip()) for part in parts]


def _check_number(kind: object, text: str) -> str:
    """Return a text, or one that is no number where pydantic takes more than is typed here."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    wrong = (kind is int and not is_whole(text)) or (kind is float and not is_number(text))
    return _NO_NUMBER if wrong else text


def kind_of(field: FieldInfo) -> str:
    """Return the type of a field in a word, as `--help` shows it: INT, FLOAT, LIST, …"""
    kind, _ = _without_none(field.annotation)
    if get_origin(kind) is Annotated:
        kind, *marks = get_args(kind)
        if any(get_args(place)[1] in marks for place in (LocalPath, PathOrHttps)):
            return "PATH"
    if get_origin(kind) in _ORIGINS:
        return _ORIGINS[get_origin(kind)]
    return _KINDS.get(kind, "TEXT")


_ORIGINS: dict[Any, str] = {Literal: "CHOICE", tuple: "LIST"}
_KINDS: dict[Any, str] = {int: "INT", float: "FLOAT", bool: "BOOL", str: "TEXT"}


def allowed_values(field: FieldInfo) -> str:
    """Return what a field takes, in words: "a number greater than 0 and at most 100"."""
    kind, optional = _without_none(field.annotation)
    words = _kind_in_words(kind, _bounds(field))
    is_choice = get_origin(kind) is Literal and "none" in get_args(kind)  # it is said already
    return f"{words}, or none" if optional and not is_choice else words


def _bounds(field: FieldInfo) -> dict[str, Any]:
    names = ("gt", "ge", "lt", "le", "max_length")
    return {n: getattr(m, n) for m in field.metadata for n in names if hasattr(m, n)}


def _kind_in_words(kind: Any, bounds: Mapping[str, Any]) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return _list_in_words(get_args(kind)[0])
    if get_origin(kind) is Annotated:
        field = FieldInfo.from_annotation(kind)
        return _kind_in_words(field.annotation, _bounds(field))
    if kind is str and "max_length" in bounds:
        return f"text of at most {bounds['max_length']:,} characters"
    signs = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
    limits = [f"{signs[name]} {bound:,}" for name, bound in bounds.items() if name in signs]
    return " ".join([_IN_WORDS.get(kind, str(kind)), " and ".join(limits)]).strip()


_IN_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a finite number",
    bool: "true or false",
    str: "text",
    Path: "a path",
}


def _list_in_words(kind: object) -> str:
    if kind is str or get_args(kind)[:1] == (str,):
        return "a list such as a.txt,b.txt"
    example = ",".join(get_args(kind)[:2]) if get_origin(kind) is Literal else "4,2"
    return f"a list such as {example} in which each is {_kind_in_words(kind, {})}"


def suggest_values(path: str, field: FieldInfo, text: str) -> str:
    """Return what was meant by a value that is not allowed, as a sentence of its own, or "".

    Args:
        path: the setting's.
        field: its declaration.
        text: the value as typed.
    """
    kind, _ = _without_none(field.annotation)
    if get_origin(kind) is Literal:
        return did_you_mean(text, get_args(kind))
    if meant := suggest_number(text, whole=kind is int) if kind in (int, float) else "":
        return f" Did you mean {meant}?"
    several = holds_several(text) if kind is int else kind is float and ":" in text
    return f" Several values are an axis of a sweep: {path}={text}." if several else ""
