"""What a template passes is of the kind that a function takes, or refused in one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from epoque.bench.errors import UsageError
from epoque.report.arguments import check_arguments


@check_arguments
def show(
    name: str,
    rows: Sequence[Any] = (),
    names: Mapping[str, str] | None = None,
    caption: str = "",
    *,
    digits: int | None = 3,
    **at: Any,
) -> str:
    return f"{name} {rows} {names} {caption} {digits} {at}"


def test_what_fits_is_passed_on() -> None:
    assert show("a", [1], {"x": "y"}, 3, digits=None, b=2) == "a [1] {'x': 'y'} 3 None {'b': 2}"
    assert show("a", names=None) == "a () None  3 {}"


@pytest.mark.parametrize(
    ("arguments", "named", "sentence"),
    [
        ((3,), {}, "show: name is text in quotation marks, not 3."),
        (("a", 7), {}, "show: rows is a list, not 7."),
        (("a", "abc"), {}, "show: rows is a list, not 'abc'."),
        (("a", (), ["x"]), {}, "show: names is pairs such as {name: value}, not ['x']."),
        (("a",), {"digits": "3"}, "show: digits is a whole number, not '3'."),
        (("a",), {"digits": True}, "show: digits is a whole number, not True."),
        (("a",), {"digits": 0}, "show: digits is 1 to 15, not 0."),
        (("a",), {"digits": 16}, "show: digits is 1 to 15, not 16."),
        ((["x" * 90],), {}, f"show: name is text in quotation marks, not ['{'x' * 38}."),
    ],
)
def test_what_does_not_is_told(arguments: Any, named: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        show(*arguments, **named)
    assert str(error.value) == sentence


def test_the_function_says_itself_what_is_missing() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'name'"):
        show()
