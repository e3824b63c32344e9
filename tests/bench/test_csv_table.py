"""A CSV of numbers is read as written, and a fault is one sentence with its line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epoque.bench import csv_table
from epoque.bench.csv_table import read_csv
from epoque.bench.errors import DataError


def written(tmp_path, text):
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
    table = read_csv(written(tmp_path, text))
    assert table.header == ("a", "b")
    values = table.values()
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [(1.5, -2), (300, 0)])


def test_lines_are_counted_as_an_editor_does(tmp_path):
    table = read_csv(written(tmp_path, "a,b\n\n1,2\n\n\n3,4\n"))
    assert [line for line, _ in table.rows] == [3, 6]
    assert str(table.wrong(6, "it is odd.")).endswith("table.csv, line 6: it is odd.")


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    assert read_csv(written(tmp_path, "a,b,c\n")).values().shape == (0, 3)


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
        read_csv(written(tmp_path, text)).values()


def test_a_file_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no such file"):
        read_csv(tmp_path / "no.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(tmp_path)
    monkeypatch.setattr(csv_table, "MAX_CSV_BYTES", 5)
    with pytest.raises(DataError, match="has 8 bytes; at most 5 are read"):
        read_csv(written(tmp_path, "a,b\n1,2\n"))


@settings(max_examples=200)
@given(st.lists(st.lists(st.floats(-1e300, 1e300), min_size=3, max_size=3), min_size=1))
def test_what_was_written_is_read_back(tmp_path_factory, rows):
    lines = ["a,b,c", *(",".join(map(repr, row)) for row in rows)]
    path = written(tmp_path_factory.mktemp("csv"), "\n".join(lines))
    np.testing.assert_array_equal(read_csv(path).values(), rows)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_whatever_bytes_come_it_is_a_table_or_a_data_error(tmp_path_factory, data):
    try:
        values = read_csv(written(tmp_path_factory.mktemp("csv"), data)).values()
    except DataError:
        return
    assert np.isfinite(values).all()
