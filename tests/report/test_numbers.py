"""Numbers in the digits and signs of a language."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epoque.bench.figures import number_format
from epoque.report.numbers import (
    choose_plural,
    decimals_for,
    format_interval,
    format_number,
    to_latex,
)

NARROW, FIXED = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0.025, "0.0250", "0,0250"),
        (14.49934, "14.5", "14,5"),
        (-0.4231, "−0.423", "−0,423"),
        (1000, "1,000", f"1{NARROW}000"),
        (10000, "10,000", f"10{NARROW}000"),
        (1234567.8, "1,234,568", f"1{NARROW}234{NARROW}568"),
        (0, "0", "0"),
        (0.0, "0", "0"),
        (1.5e-7, "1.50\u202f×\u202f10⁻⁷", "1,50\u202f×\u202f10⁻⁷"),
        (9.996, "10.0", "10,0"),
        (True, "yes", "oui"),
        (None, "–", "–"),
        (float("nan"), "–", "–"),
        (float("inf"), "∞", "∞"),
        ([0.5, 2], "0.500 and 2", "0,500 et 2"),
        ([10, 10, 2], "10, 10 and 2", f"10{FIXED}; 10 et 2"),
        ([10], "10", "10"),
        ([], "", ""),
        ("text", "text", "text"),
    ],
)
def test_a_number_in_both_languages(value: object, english: str, french: str) -> None:
    assert format_number(value, "en") == english
    assert format_number(value, "fr") == french


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.7, "0.7"), (10.0, "10"), (0.01, "0.01"), (-1.25, "−1.25"), (1000.0, "1,000")],
)
def test_a_setting_keeps_the_digits_it_was_typed_with(value: float, text: str) -> None:
    assert format_number(value, "en", digits=None) == text


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("value", [999, 1000, 1234.5, 25000, 123456])
def test_figures_and_text_group_thousands_alike(value: float, language: str) -> None:
    assert format_number(value, language, digits=None) == number_format.format_number(
        value, language, digits=12
    )


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0, "many", "one"),
        (0.303, "many", "one"),
        (1, "one", "one"),
        (-1, "one", "one"),
        (1.9, "many", "one"),
        (2, "many", "many"),
        (28, "many", "many"),
    ],
)
def test_words_go_with_their_numbers(value: float, english: str, french: str) -> None:
    assert choose_plural(value, "en", "one", "many") == english
    assert choose_plural(value, "fr", "one", "many") == french


def test_no_negative_zero() -> None:
    assert format_number(-0.001, "en", decimals=2) == "0.00"


@pytest.mark.parametrize(
    ("interval", "english"),
    [
        ((0.02502, 0.02495, 0.02511), "0.02502 [0.02495, 0.02511]"),
        ((14.4993, 14.4986, 14.5001), "14.499 [14.499, 14.500]"),
        ((0.66, 0.41, 0.93), "0.66 [0.41, 0.93]"),
        ((0.5, 0.5, 0.5), "0.5000"),
        ((7, 5, 12), "7.0 [5.0, 12.0]"),
    ],
)
def test_an_interval_shows_two_digits_of_its_width(
    interval: tuple[float, float, float], english: str
) -> None:
    assert format_interval(interval, "en").replace(FIXED, " ") == english


def test_a_french_interval_has_a_semicolon() -> None:
    assert format_interval((0.66, 0.41, 0.93), "fr") == f"0,66{FIXED}[0,41{NARROW};{FIXED}0,93]"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1e6))
def test_decimals_are_few_and_never_negative(low: float, width: float) -> None:
    assert 0 <= decimals_for(low, low + width) <= 6


@given(st.floats(-1e8, 1e8).filter(lambda x: x == 0 or abs(x) > 1e-3))
def test_what_is_written_is_the_number(value: float) -> None:
    text = format_number(value, "fr", digits=6)
    read = float(text.replace("−", "-").replace(NARROW, "").replace(",", "."))
    assert math.isclose(read, value, rel_tol=1e-5, abs_tol=1e-12)


def test_a_french_number_in_a_formula_is_one_number() -> None:
    from epoque.report.maths import latex_to_mathml

    assert "<mn>0,0250</mn>" in latex_to_mathml(to_latex(format_number(0.025, "fr")))
