"""A name that does not exist is answered with the nearest, or with those that there are."""

import pytest

from epoque.bench.errors import UnknownNameError, suggest_names


@pytest.mark.parametrize(
    ("name", "names", "hint"),
    [
        ("neuron/andd", ["neuron/and", "gan2d/circle"], " Did you mean neuron/and?"),
        ("9", ["one", "two", "one"], " There are one, two."),
        ("9", ["one"], " There is only one."),
        ("9", [], ""),
        ("", ["one", "two"], " There are one, two."),
        ("zz", map(str, range(10, 25)),
         " There are 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 and 3 more."),
    ],
)  # fmt: skip
def test_the_sentence_helps_on(name: str, names: list[str], hint: str) -> None:
    assert suggest_names(name, names) == hint


def test_an_unknown_name_says_what_it_is_of() -> None:
    error = UnknownNameError("run", "x", (n for n in ("a", "b")), " `epoque runs list` shows runs.")
    assert str(error) == "There is no run 'x'. There are a, b. `epoque runs list` shows runs."
    assert (error.kind, error.name, error.exit_code) == ("run", "x", 2)
