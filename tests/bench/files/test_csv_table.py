"""A CSV of numbers is read as written, and a fault is one sentence with its line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epoque.bench.errors import DataError
from epoque.bench.files import csv_table
from epoque.bench.files.csv_table import read_csv


def write(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,-2\n3e2,0\n",
        "\ufeffa, b\r\n\r\n 1.5 ,-2\r\n300,0",
        "a;b\n1,5;-2\n300;0\n",
        '"a","b"\n"1.5","-2"\n"300","0"\n',
    ],
)
def test_numbers_are_read_in_every_usual_form(tmp_path, text):
    table = read_csv(write(tmp_path, text))
    assert table.header == ("a", "b")
    values = table.values()
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [(1.5, -2), (300, 0)])


def test_lines_are_counted_as_an_editor_does(tmp_path):
    table = read_csv(write(tmp_path, "a,b\n\n1,2\n\n\n3,4\n"))
    assert [line for line, _ in table.rows] == [3, 6]
    assert str(table.wrong(6, "it is odd.")).endswith("table.csv, line 6: it is odd.")


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    assert read_csv(write(tmp_path, "a,b,c\n")).values().shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (" \n,\n", "is empty"),
        ("1,2\n3,4\n", "line 1: numbers; the first line must name the columns"),
        ("a,b\n1,2,3\n", "line 2: 3 values; the header has 2"),
        ("a,b\n1,inf\n", "line 2: 'inf' is not a finite number"),
        ("a,b\n1,\n", "line 2: '' is not a finite number"),
        (b"a,b\n1,\xff\n", "line 2: it is not UTF-8"),
    ],
)
def test_a_fault_is_one_sentence(tmp_path, text, told):
    with pytest.raises(DataError, match=told):
        read_csv(write(tmp_path, text)).values()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (",a,b\n0,1,2\n1,3,4\n", "line 1: column 1 has no name and counts the rows"),
        ("Unnamed: 0,a\n1,1\n2,3\n", "line 1: column 1 has no name and counts the rows"),
        ('"a" "b"\n"1" 0.1 2\n"2" 3 4\n', "line 2: 3 values.*counts the rows"),
        ("a,b\n1,0.1,2\n2,3,4\n", "line 2: 3 values; .*; its first value counts the rows"),
        ('"a","b"\n"x",0.1,2\n"y",3,4\n', "its first value may be the row's name"),
        ("a,,b\n1,2,3\n", "line 1: column 2 has no name and needs one"),
        ("a,b,\n1,2,3\n", "line 1: column 3 has no name and needs one"),
        ("a,b\n0,1,0,2\n", "line 2: 4 values; the header has 2; decimal commas need quotes"),
        ("a,b\n0,1;0,2\n", "line 2: 3 values; the header has 2"),
        ("a,b,c\n0,1;0,2;1\n", "line 2: 3 values|'1;0' is not a finite number: a semicolon"),
        ("a;b\n0.1,0.2\n", "line 2: 1 value; the header has 2: .* semicolon .* comma"),
        ("My data\n\na,b\n1,2\n", "line 1: 'My data' is one cell, and line 3 has 2 \\(comma\\)"),
        ("# R\n1,2,3\n", "line 1: '# R' is one cell, .*: the first line must name the columns"),
        (
            'a b\n"o 1" 1 2\n"o 2" 3 4\n',
            "line 2: 3 values; .* its first value may be the row's name",
        ),
        ("a;b\n1.234;0\n2;1\n", "line 2: '1.234' may mean 1.234 or 1234"),
        ("a;b\n12,3;4,5\n0,1;x,5\n", "line 3: 'x,5' is not a finite number"),
        ("a;b\n0,5;1\n0.5;1\n", "line 3: '0.5' and '0,5' .line 2. have different"),
        ("\u22121,b\n\u22120.1,2\n", "line 2: '\u22120.1' is not a finite number: its minus"),
    ],
)
def test_the_cause_of_a_foreign_table_is_told(tmp_path, text, told):
    with pytest.raises(DataError, match=told):
        read_csv(write(tmp_path, text)).values()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1.5,-2\n300,0\n", []),
        ("a;b\r1,5;-2\r300;0\r", ["is read as: separator semicolon, decimal comma."]),
        ("a,b,\n1.5,-2,\n300,0,\n", ["is read as: without the empty columns at its end."]),
        ("a,b\n1.5,-2,,\n300,0,,\n", ["is read as: without the empty columns at its end."]),
        ("a,a\n1.5,-2\n300,0\n", ["has more than one column 'a'."]),
        ("sep=;\r\na;b\r\n1,5;-2\r\n300;0", ["is read as: separator semicolon, decimal comma."]),
        (
            "a\tb\n1,5\t-2\n300\t0\n".encode("utf-16"),
            ["is read as: UTF-16, separator tab, decimal comma."],
        ),
    ],
)
def test_how_a_table_was_read_is_told_where_it_is_not_plain(tmp_path, text, told):
    path = write(tmp_path, text)
    table = read_csv(path)
    np.testing.assert_array_equal(table.values(), [(1.5, -2), (300, 0)])
    assert [r.removeprefix(str(path)).lstrip(": ") for r in table.remarks()] == told


def test_cells_are_kept_as_typed(tmp_path):
    assert read_csv(write(tmp_path, "a;b\n1,5; 2\n")).rows == ((2, ["1,5", "2"]),)


def test_too_many_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_CSV_COLUMNS", 2)
    with pytest.raises(DataError, match="line 1: 3 columns; at most 2 are taken"):
        read_csv(write(tmp_path, "a,b,c\n1,2,3\n"))


def test_a_column_that_counts_the_rows(tmp_path):
    assert read_csv(write(tmp_path, "id,a\n1,5\n2,5\n3,5\n")).counts_rows
    assert not read_csv(write(tmp_path, "id,a\n1,5\n2,5\n4,5\n")).counts_rows


def test_a_file_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no such file"):
        read_csv(tmp_path / "no.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(tmp_path)
    monkeypatch.setattr(csv_table, "MAX_CSV_BYTES", 5)
    with pytest.raises(DataError, match="has 8 bytes; at most 5 are read"):
        read_csv(write(tmp_path, "a,b\n1,2\n"))


@settings(max_examples=200)
@given(st.lists(st.lists(st.floats(-1e300, 1e300), min_size=3, max_size=3), min_size=1))
def test_what_was_written_is_read_back(tmp_path_factory, rows):
    lines = ["a,b,c", *(",".join(map(repr, row)) for row in rows)]
    path = write(tmp_path_factory.mktemp("csv"), "\n".join(lines))
    np.testing.assert_array_equal(read_csv(path).values(), rows)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_whatever_bytes_come_it_is_a_table_or_a_data_error(tmp_path_factory, data):
    try:
        values = read_csv(write(tmp_path_factory.mktemp("csv"), data)).values()
    except DataError:
        return
    assert np.isfinite(values).all()
