"""How a table writes its numbers is told by its cells, or refused where they leave it open."""

import pytest

from epoque.bench.files.csv_numbers import Numerals, NumeralsError, cause


def numerals(*cells: str, separator: str = "\t") -> Numerals:
    return Numerals.of(enumerate(cells, 2), separator)


@pytest.mark.parametrize(
    ("cells", "expected", "told"),
    [
        (["1.5", "-2e3"], [1.5, -2000], []),
        (["1,5", "-2e3", "1,5E+03"], [1.5, -2000, 1500], ["decimal comma"]),
        (["1.234,5", "3.000"], [1234.5, 3000], ["decimal comma", "thousands point"]),
        (["1,234.5", "3,000"], [1234.5, 3000], ["thousands comma"]),
        (["1.234.567"], [1234567], ["decimal comma", "thousands point"]),
        (["1\u202f234,5", "2 000,0"], [1234.5, 2000], ["decimal comma", "thousands space"]),
        (["1’234.5", "2'000"], [1234.5, 2000], ["thousands apostrophe"]),
        (["1,234", "0,5"], [1.234, 0.5], ["decimal comma"]),
        (["1.234", "0.5"], [1.234, 0.5], []),
        (["1,23,456.5", "-12,34,567"], [123456.5, -1234567], ["thousands comma"]),
        ([".5", "5.", "+1"], [0.5, 5, 1], []),
    ],
)
def test_marks_are_what_they_surely_are_somewhere(cells, expected, told):
    found = numerals(*cells)
    assert [found.number(cell) for cell in cells] == expected
    assert found.remarks == told


def test_separators_speak_for_decimal_marks():
    assert numerals("1,234", separator=";") == Numerals(",")
    assert numerals("1.234", "2", separator=",") == Numerals(".")


@pytest.mark.parametrize(
    ("cells", "line", "told"),
    [
        (["1,234", "2"], 2, "'1,234' may mean 1.234 or 1234"),
        (
            ["2", "1.234"],
            3,
            "'1.234' may mean 1.234 or 1234, and no other cell tells; write 1.2340",
        ),
        (["1.234", "0,5"], 2, "'1.234' may mean 1.234 or 1234"),
        (["0.5", "2", "0,5"], 4, "'0,5' and '0.5' (line 2) have different decimal marks"),
        (["1.234,5", "1,234.5"], 3, "have different decimal marks"),
        (["1.234.567", "0.5"], 3, "have different decimal marks"),
    ],
)
def test_what_cells_leave_open_is_refused(cells, line, told):
    with pytest.raises(NumeralsError) as caught:
        numerals(*cells)
    assert caught.value.line == line
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "cell",
    ["", "x", "nan", "inf", "-Infinity", "1_000", "0x10", "１", "1e400", "1 2", "--1", "1.2.3"],
)
def test_what_is_no_finite_number(cell):
    assert Numerals().number(cell) is None
    assert Numerals(",", ".").number(cell) is None


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("−1", "no hyphen"),
        ("50 %", "percentages"),
        ("$5", "currency"),
        ("5,00 €", "currency"),
        ("2024-01-02", "dates"),
        ("1/2/2024", "dates"),
        ("2024-01-02T10:00", "dates"),
        ("10:30", "times"),
        ("1_000", "underscores"),
        ("TRUE", "write 1 and 0"),
        ("", "a missing value"),
        ("NA", "a missing value"),
        ("#DIV/0!", "an error of the spreadsheet"),
        ('="1.5"', "a formula"),
        ("(1,5)", "its minus in front"),
        ("1.5-", "its minus in front"),
        ("FAUX", "write 1 and 0"),
        ("ja", "write 1 and 0"),
        ("1,5 cm", "a unit"),
        ("01. Feb", "dates are not read"),
        ("Mai 07", "dates are not read"),
    ],
)
def test_the_cause_is_named(cell, told):
    assert told in cause(cell)


@pytest.mark.parametrize("cell", ["x", "1,5", "1e400", "0x1F", "Sum", "mark 3"])
def test_no_cause_is_made_up(cell):
    assert cause(cell) == ""
