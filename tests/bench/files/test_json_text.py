"""JSON of others: a mistake is told with its place, and nothing fills the memory."""

import pytest

from epoque.bench.errors import DataError
from epoque.bench.files.json_text import parse_json


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_encodings_of_editors(encoding: str) -> None:
    assert parse_json('{"é": [1]}'.encode(encoding), "a.json") == {"é": [1]}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'{"a": 1,\n "b": }', r"a\.json is damaged: it is no JSON \(line 2, column 7: expecting"),
        (b"[1,\n 2,\n]", r"\((line 3, column 1: the comma before it is|line 2, column 3: illegal)"),
        (b"", r"it is no JSON \(line 1, column 1: expecting value\)"),
        (b"\n<!DOCTYPE html><html>", "a.json is no JSON but a web page; save the file itself"),
        (b"\x89PNG\r\n", "a.json is no JSON but a PNG picture"),
        (b'["\xff"]', "neither UTF-8 nor UTF-16 text"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "a number of thousands of digits"),
        (b"[" + b"[]," * 4_000_000 + b"0]", "holds more than 4,000,000 lists and objects"),
        (b" " * (64 * 2**20 + 1), "has 67,108,865 bytes; at most 67,108,864 are read"),
    ],
)
def test_what_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        parse_json(data, "a.json")
