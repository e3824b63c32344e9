"""Numbers and lists are read alike at every door, and as nothing else than what is typed."""

import pytest

from epoque.bench.errors import ConfigError
from epoque.bench.number_text import (
    holds_several,
    is_number,
    is_whole,
    parse_whole_numbers,
    split_list,
    suggest_axis,
    suggest_number,
    write_decimal,
)
from epoque.neuron.config import NeuronConfig

NUMBERS = ["5", " 5 ", "+5", "-5", "0.5", ".5", "5.", "1e3", "1E-3", "1e400"]
NO_NUMBERS = ["", "1_000", "0x10", "１", "٣", "nan", "inf", "0,5", "1 000", "5e", "--5", "1e5.5"]


def test_numbers() -> None:
    assert all(map(is_number, NUMBERS))
    assert not any(map(is_number, NO_NUMBERS))


def test_whole_numbers_may_have_a_point_and_zeros() -> None:
    assert all(map(is_whole, ["5", " 5 ", "+5", "-5", "5.0", "5."]))
    assert not any(map(is_whole, ["0.5", "5.5", "1e3", "1.000", *NO_NUMBERS]))


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [(0.4, "0.4", "0,4"), (6.0, "6", "6"), (560, "560", "560"), (0.05, "0.05", "0,05")],
)
def test_a_number_has_the_languages_decimal_mark(value: float, english: str, french: str) -> None:
    assert (write_decimal(value, "en"), write_decimal(value, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("text", "near"),
    [("0,5", "0.5"), ("1_000", "1000"), ("1_0,5", "10.5"), ("5", ""), ("x", ""), ("1,2,3", "")],
)
def test_what_was_meant(text: str, near: str) -> None:
    assert suggest_number(text) == near


@pytest.mark.parametrize(
    ("text", "near"),
    [("1.000", "1000"), ("10,000", "10000"), ("1’000’000", "1000000"), ("1_0", "10"), ("1,5", ""),
     ("5.0", ""), ("x", "")],
)  # fmt: skip
def test_what_whole_number_was_meant(text: str, near: str) -> None:
    assert suggest_number(text, whole=True) == near


@pytest.mark.parametrize(
    ("text", "whole", "axis"),
    [
        ("0..5", True, "0-5"),
        ("0 – 5", True, "0-5"),
        ("[0, 1,2]", True, "0,1,2"),
        ("0 1", True, "0,1"),
        ("range(5)", True, "0:5"),
        ("range(1, 9, 2)", True, "1:9:2"),
        ("range(5)", False, ""),
        ("0.1-1e-3", False, "0.1:1e-3:lin:5"),
        ("5", True, ""),
        ("1,5", False, ""),
        ("x-y", True, ""),
    ],
)
def test_what_axis_was_meant(text: str, whole: bool, axis: str) -> None:
    assert suggest_axis(text, whole=whole) == axis


def test_several_numbers_are_told_from_one() -> None:
    assert all(map(holds_several, ["0:5", "1,2", "0-5", "0.1:1:log:5", "5:5"]))
    assert not any(map(holds_several, ["5", "0.5", "x", "5:", "1,x"]))


def test_lists_have_no_empty_parts() -> None:
    assert split_list(" a , b ") == ["a", "b"]
    assert split_list(" ") == []
    for text in (",", "a,", ",a", "a,,b"):
        with pytest.raises(ValueError, match="empty"):
            split_list(text)


def test_one_grammar_of_whole_numbers() -> None:
    assert parse_whole_numbers("7, 4-6 ,0:3,10:20:5") == [
        range(7, 8), range(4, 7), range(3), range(10, 20, 5)
    ]  # fmt: skip
    for text in ("", "a", "1,,2", "1:2:3:4", "1-2-3", "1_0", "１"):
        assert parse_whole_numbers(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("6-4", "6-4 runs backwards"),
        ("5:5", "range is empty"),
        ("0:9:0", "step is at least 1"),
    ],
)
def test_ranges_without_numbers(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_whole_numbers(text)


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("field", ["learning_rate", "seed", "hidden_layers"])
def test_a_config_takes_no_other_numbers(field: str, text: str) -> None:
    if (field, text) in [("hidden_layers", ""), ("hidden_layers", "0,5")]:
        return  # a list of none, and one of two whose first is too small
    with pytest.raises(ConfigError) as caught:
        NeuronConfig.parse({field: text, "model": "mlp"})
    assert str(caught.value).startswith(f"{field}: {text or '(empty)'} is not allowed; it takes ")


@pytest.mark.parametrize("text", [",", ",,", "4,", ",4", "4,,2", "4,2.5", "4,1_0"])
def test_a_list_has_no_empty_and_no_wrong_parts(text: str) -> None:
    with pytest.raises(ConfigError, match="is not allowed; it takes a list such as 4,2"):
        NeuronConfig.parse({"hidden_layers": text, "model": "mlp"})


def test_true_is_no_number() -> None:
    for field in ("seed", "learning_rate"):
        with pytest.raises(ConfigError, match=f"{field}: True is not allowed"):
            NeuronConfig.parse({field: True})


def test_what_is_a_number_at_every_door() -> None:
    config = NeuronConfig.parse({"seed": " +5 ", "learning_rate": " 1e-1 ", "iterations": "7.0"})
    assert (config.seed, config.learning_rate, config.iterations) == (5, 0.1, 7)
