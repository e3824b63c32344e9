"""What a template passes to a function is of the kind that the function says, or one sentence."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import signature
from types import UnionType
from typing import Any, get_args, get_origin

from jinja2 import Undefined

from epoque.bench.errors import UsageError

__all__ = ["check_arguments"]

ANYTHING = ("caption",)
"""Arguments that are printed, whatever they are."""
KINDS: Mapping[Any, tuple[type | tuple[type, ...], str]] = {
    str: (str, "text in quotation marks"),
    int: (int, "a whole number"),
    Sequence: ((list, tuple), "a list"),
    Mapping: (Mapping, "pairs such as {name: value}"),
}
"""Annotation to what is of that kind, and the words for it."""
RANGES = {"digits": (1, 15), "decimals": (0, 15)}
"""Argument to the least and the largest number that it takes: a float has no more digits."""
SHOWN = 40
"""Letters of a value that an error shows."""


def check_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that refuses arguments of another kind than it is annotated with.

    Annotations that are not in `KINDS` are the function's own to check.

    Raises (what is returned):
        UsageError: in one sentence with the function, the argument and what it takes.
    """
    parameters = signature(function)
    kinds = {
        name: found
        for name, parameter in parameters.parameters.items()
        if name not in ANYTHING and (found := _find_kinds(parameter.annotation))
    }

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        try:
            passed = parameters.bind(*args, **named).arguments
        except TypeError:
            return function(*args, **named)  # which says what is missing or too much
        for name, kind in kinds.items():
            if name in passed and (wanted := _find_wanted(name, passed[name], kind)):
                value = f"{passed[name]!r:.{SHOWN}}"
                raise UsageError(f"{function.__name__}: {name} is {wanted}, not {value}.")
        return function(*args, **named)

    return call


def _find_kinds(annotation: Any) -> list[tuple[type | tuple[type, ...], str]]:
    """Return the kinds of an annotation, with None if it may be that; nothing if one is unknown."""
    parts = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    kinds: list[tuple[type | tuple[type, ...], str]] = []
    for part in parts:
        if part is type(None):
            kinds.append((type(None), ""))
        elif (plain := get_origin(part) or part) in KINDS:
            kinds.append(KINDS[plain])
        else:
            return []
    return kinds


def _find_wanted(name: str, value: Any, kinds: list[tuple[type | tuple[type, ...], str]]) -> str:
    """Return what an argument takes if a value is nothing of it, else ""."""
    if not _is_of(value, kinds):
        return " or ".join(words for _types, words in kinds if words)
    low, high = RANGES.get(name, (0, 0))
    is_outside = high and isinstance(value, int) and not low <= value <= high
    return f"{low} to {high}" if is_outside else ""


def _is_of(value: Any, kinds: Sequence[tuple[type | tuple[type, ...], str]]) -> bool:
    if isinstance(value, Undefined):
        return True  # it says itself that it is not defined, where it is used
    is_truth = isinstance(value, bool)  # which Python counts among the whole numbers
    return any(isinstance(value, types) and not (is_truth and types is int) for types, _ in kinds)
