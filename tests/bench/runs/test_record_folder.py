"""The name of a record's folder: given, or made of the time and the recipe."""

import pytest

from epoque.bench.runs.record_folder import find_given_name, make_record_name

MADE = "20261130T205612.873-neuron-and"


@pytest.mark.parametrize(
    ("folder", "recipe", "name"),
    [
        (MADE, "neuron/and", None),
        (f"{MADE}-2", "neuron/and", None),
        (f"{MADE}-sweep", "neuron/and", None),
        (MADE, None, None),
        ("mine", "neuron/and", "mine"),
        ("mine", None, "mine"),
        ("20261130T101500.123-mine", "neuron/and", "20261130T101500.123-mine"),
        ("20261130T101500.123", "neuron/and", "20261130T101500.123"),
    ],
)
def test_which_names_are_given(folder: str, recipe: str | None, name: str | None) -> None:
    assert find_given_name(folder, recipe) == name


@pytest.mark.parametrize("suffix", ["", "-sweep"])
def test_a_name_that_is_made_is_not_given(suffix: str) -> None:
    assert find_given_name(make_record_name("neuron/and", suffix), "neuron/and") is None
