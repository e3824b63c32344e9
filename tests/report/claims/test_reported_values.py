"""Reports that are handed in: what is marked is read, with its line; what is not is told."""

from pathlib import Path

import pytest

from epoque.bench.errors import UsageError
from epoque.bench.limits import MAX_REPORTED_VALUES
from epoque.report.claims.reported_values import HandedIn, read_report

REPORT = """\
---
title: "Practical: one neuron"
author: Ada
lang: fr
---

# A heading

First sentence. The *error* is [0,0249]{claim=a/error} after
400 passes, w0 is [≈ 14]{.x claim="a/w0"}. Last one.

```
[1]{claim=in/code}
```

Code like `[2]{claim=in/code}` and ``a ` [3]{claim=in/code}`` is not read, a [link](x) is no value.

| Claim   | What | Valeur |
|:--------|------|-------:|
| `a/w1`  | w1   | −4,5   |
|         | none | 3      |

| claim | rate |
|---|---|
| a/w2 | 20 à 25 |
"""


def read(tmp_path: Path, text: str, language: str = "en") -> HandedIn:
    path = tmp_path / "report.md"
    path.write_bytes(text.encode())
    return read_report(path, language)


def test_values_are_read_from_the_text_and_from_tables(tmp_path: Path) -> None:
    report = read(tmp_path, REPORT)
    assert (report.title, report.author, report.language) == ("Practical: one neuron", "Ada", "fr")
    assert report.problems == ()
    values = [(v.line, v.claim, v.number.text, v.number.about) for v in report.values]
    assert values == [
        (9, "a/error", "0.0249", False),
        (10, "a/w0", "14", True),
        (20, "a/w1", "-4.5", False),
        (25, "a/w2", "20 to 25", False),
    ]
    assert report.values[0].sentence == ("The error is 0,0249 after 400 passes, w0 is ≈ 14.")
    assert report.values[2].sentence == "w1"


def test_a_report_need_not_say_what_it_is(tmp_path: Path) -> None:
    report = read(tmp_path, "# My *title*\r\n\r\nIt is [12,627]{claim=a}.\r\n")
    assert (report.title, report.author, report.language) == ("My title", "", "en")
    assert report.values[0].number.text == "12627"
    assert read(tmp_path, "[12,627]{claim=a}", "fr").values[0].number.text == "12.627"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a\n\nb\n[abc]{claim=x}", 4, "x: abc cannot be read; it takes a number such as 0.0249"),
        ("[]{claim=x}", 1, "x: (empty) cannot be read"),
        ("[1] {claim=x}", 1, "'{claim=x}' marks nothing; a value is marked as [0.0249]{claim="),
        ("[1]{claim=}", 1, "'{claim=}' marks nothing"),
        ("| claim | a | b |\n|--|--|--|\n| x | 1 | 2 |", 1, "has one column claim and one column"),
        ("| value | claim |\n|--|--|\n| two | x |", 3, "x: two cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    report = read(tmp_path, text)
    ((where, words),) = report.problems
    assert (where, report.values) == (line, ())
    assert problem in words


def test_no_more_than_so_many_values_are_read(tmp_path: Path) -> None:
    report = read(tmp_path, "[1]{claim=x}\n" * (MAX_REPORTED_VALUES + 5))
    assert len(report.values) == MAX_REPORTED_VALUES
    ((_, words),) = report.problems
    assert words == "only the first 1,000 values are read"


@pytest.mark.parametrize(
    "front", ["---\n- a\n---\n", "---\na: [\n---\n", "---\ntitle: {a: b}\n---\n"]
)
def test_an_odd_beginning_does_not_keep_a_report_from_being_read(
    tmp_path: Path, front: str
) -> None:
    report = read(tmp_path, f"{front}\n[1]{{claim=x}}")
    assert [value.line for value in report.values] == [5]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"report\.md is no UTF-8 text"):
        read_report(tmp_path / "report.md")
