"""Numbers are read as people type them, in English and in French."""

import pytest

from epoque.report.claims.typed_numbers import read_number


@pytest.mark.parametrize(
    ("typed", "language", "text"),
    [
        ("0.0249", "en", "0.0249"),
        ("0,0249", "en", "0.0249"),
        ("0,0249", "fr", "0.0249"),
        ("12,627", "en", "12627"),
        ("12,627", "fr", "12.627"),
        ("1,234,567", "fr", "1234567"),
        ("12 627,50", "fr", "12627.50"),
        ("12\u202f627", "fr", "12627"),
        ("1.234,5", "fr", "1234.5"),
        ("−14.50", "en", "-14.50"),
        ("**4.62**", "en", "4.62"),
        ("$-4.96$", "en", "-4.96"),
        ("2e-5", "en", "0.00002"),
        ("1,2 × 10⁻³", "fr", "0.0012"),
        ("93.75 %", "en", "0.9375"),
        ("20 to 25", "en", "20 to 25"),
        ("20 à 25", "fr", "20 to 25"),
        ("20–25", "en", "20 to 25"),
    ],
)
def test_a_number_keeps_the_digits_it_was_given_with(typed: str, language: str, text: str) -> None:
    number = read_number(typed, language)
    assert number is not None
    assert (number.text, number.about) == (text, False)


@pytest.mark.parametrize("typed", ["≈ 0.01", "~0.01", "about 0.01", "environ 0,01"])
def test_a_number_may_be_called_approximate(typed: str) -> None:
    number = read_number(typed, "en")
    assert number is not None
    assert (number.text, number.about) == ("0.01", True)


@pytest.mark.parametrize(
    "typed",
    ["", " ", "abc", "0.02 ± 0.01", "1/2", ".", "1,2,3", "25 to 20", "1 to 2 to 3", "1e999",
     "9" * 100, "nan", "inf", "12 62 7", "0x10", "一"],
)  # fmt: skip
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_number(typed, "en") is None
