"""From bytes to cells: encodings, line ends, separators."""

from pathlib import Path

import pytest

from epoque.bench.errors import DataError
from epoque.bench.files.csv_dialect import read_rows

PATH = Path("table.csv")
CELLS = [["a", "b"], ["1.5", "2"], ["3", "4"]]


def cells(data: bytes) -> list[list[str]]:
    return [row for _, row in read_rows(PATH, data)[1]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("separator", "name"),
    [(",", ""), (";", "semicolon"), ("\t", "tab"), ("|", "vertical bar"), ("  ", "spaces")],
)
def test_separators_and_line_ends(end, separator, name):
    data = end.join([separator.join(row) for row in CELLS]).encode()
    dialect, rows = read_rows(PATH, data)
    assert rows == list(enumerate(CELLS, 1))
    assert dialect.remarks == ([f"separator {name}"] if name else [])


@pytest.mark.parametrize(
    ("codec", "told"),
    [("utf-8-sig", []), ("utf-16", ["UTF-16"]), ("utf-32", ["UTF-32"])],
)
def test_marks_at_the_begin_tell_the_encoding(codec, told):
    data = "é,b\n1,2\n".encode(codec)
    dialect, rows = read_rows(PATH, data)
    assert (dialect.remarks, rows) == (told, [(1, ["é", "b"]), (2, ["1", "2"])])


def test_the_other_byte_order():
    assert cells(b"\xfe\xff" + "a,b\n".encode("utf-16-be")) == [["a", "b"]]


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
def test_a_first_line_may_name_the_separator(mark):
    text = f'"sep={mark}"\r\na,x;y\tz|w{mark}b\r\n1{mark}2\r\n'
    dialect, rows = read_rows(PATH, text.encode())
    assert dialect.separator == mark
    assert rows[-1] == (3, ["1", "2"])


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("weight (g; dry),height\n1,2\n", ["weight (g; dry)", "height"]),
        ("petal length\n1.5\n", ["petal length"]),
        ('"a\nb",c\n1,2\n', ["a\nb", "c"]),
        ('"a ""b""",c\n1,2\n', ['a "b"', "c"]),
        ("a;b\n1,5;2,5\n", ["a", "b"]),
        ("a\n1,5\n", ["a"]),
    ],
)
def test_the_separator_is_what_rows_agree_on(text, header):
    assert cells(text.encode())[0] == header


def test_rows_of_separators_alone_are_blank():
    assert read_rows(PATH, b"\n;;\na;b\n ; \n1;2\n;\n")[1] == [(3, ["a", "b"]), (5, ["1", "2"])]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a,b\n1,\xff\n", "line 2: it is not UTF-8 text"),
        (b"a,b\r1,2\r\xff,1\r", "line 3: it is not UTF-8 text"),
        (b"PK\x03\x04\0", "a zip file or an office document .* Save it as CSV"),
        (b"\x1f\x8b\x08", "is no table of text but compressed by gzip"),
        (b"BZh91AY", "no table of text but compressed by bzip2"),
        (b"\xef\xbb\xbf\n<HTML><body>", "no table of text but a web page; save the file itself"),
        (b"\x89PNG\r\n", "no table of text but a PNG picture"),
        (b"\xff\xfea", "it is not UTF-16 text"),
        ("a,b\n".encode("utf-16-le"), "line 1: a NUL character; it is no text, or UTF-16 without"),
        (b'a,b\n1,"2\n3,4\n', "line 2: a quote is opened and never closed"),
        (b'a,b\n"1"5,2\n', "line 2: ',' expected after"),
        (b"a,b\n" + b"1" * 200_000, "line 2: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_said_with_its_line(data, told):
    with pytest.raises(DataError, match=told):
        read_rows(PATH, data)
