"""What is typed is looked at before it is turned into values, in every command.

Cyclopts alone would round `1.5` to a whole number, read `1_000` as a thousand and NaN as a number,
take an empty text for the current folder, and `s3://lab/runs` for a folder named `s3:`.
"""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from cyclopts import App, ArgumentCollection

from epoque.bench.errors import UsageError
from epoque.bench.files.output_paths import refuse_address
from epoque.bench.number_text import is_number, is_whole

__all__ = ["check_arguments"]


def check_arguments(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Check all that was typed for numbers and paths.

    Raises:
        UsageError: with a line for each wrong value: the option as typed, the value, what it takes.
    """
    problems = [
        f"{token.keyword or argument.name.upper()}: {token.value or '(empty)'} {wrong}"
        for argument in arguments
        # The options of an action read what is typed themselves.
        if not getattr(argument.parameter.converter, "takes_text", False)
        for token in argument.tokens
        # A flag such as --quiet has a value of its own, and no text.
        if not token.implicit_value and (wrong := _wrong(token.value, set(_kinds(argument.hint))))
    ]
    if problems:
        raise UsageError("\n".join(problems))


def _kinds(hint: Any) -> Iterator[Any]:
    """Yield the plain types of a hint: `int` of `list[int] | None`."""
    if get_origin(hint) is Literal or not get_args(hint):
        yield hint
        return
    for part in get_args(hint):
        yield from _kinds(part)


def _wrong(text: str, kinds: set[Any]) -> str | None:
    """Return what is wrong with a text, as the end of a sentence, or None."""
    if Path in kinds:
        return _wrong_path(text)
    if float in kinds:
        return None if _is_number(text) else "is not allowed; it takes a finite number."
    if int in kinds:
        return None if is_whole(text) else "is not allowed; it takes a whole number."
    return None


def _wrong_path(text: str) -> str | None:
    if not text:
        return "is not allowed; it takes a path."
    try:
        refuse_address(text)
    except ValueError as error:
        return str(error)
    return None


def _is_number(text: str) -> bool:
    return is_number(text) and isfinite(float(text))
