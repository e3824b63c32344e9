"""A report is handed back with a verdict for each value; many reports make one table."""

import csv
import io
from pathlib import Path

import pytest

from epoque.bench.errors import UsageError
from epoque.report.claims.claim_sets import read_own_claims
from epoque.report.hand_back import (
    CheckedReport,
    check_report,
    find_reports,
    to_csv,
    write_overview,
    write_page,
)

TEXT = """\
---
title: My <b>report</b>
author: "=1+1"
lang: {language}
---

The fall is [{fall}]{{claim=fall}}. It ends at [9]{{claim=mine-2}}, and OR at [0.1]{{claim=mine-3}}.
All of [{share}]{{claim=right}} are right.
"""


@pytest.fixture
def checked(own_book: Path, own_runs: Path):
    sets = [read_own_claims(own_book, own_runs)]
    library = sets[0].library
    table = library.table("short", iterations=5)["final_error"]
    fall = (table - library.table("short", iterations=20)["final_error"]).median()

    def check(name: str, language: str = "en", more: str = "") -> CheckedReport:
        path = own_book / name
        path.parent.mkdir(exist_ok=True)
        number = f"{fall:.2f}".replace(".", "," if language == "fr" else ".")
        share = "0 to 100 %" if language == "en" else "0 à 100 %"
        path.write_text(TEXT.format(language=language, fall=number, share=share) + more)
        return check_report(path, sets)

    return check


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_value_gets_its_verdict(checked, language: str) -> None:
    report = checked("a.md", language)
    assert report.problems == ()
    assert [value.verdict for value in report.values] == ["holds", "fails", "unmeasured", "holds"]
    first = report.values[0]
    assert first.seeds == 6
    assert first.interval[1] <= first.interval[0] <= first.interval[2]
    assert first.row.commands == ("epoque sweep neuron/and iterations=5,20 seed=0:6",)
    assert report.values[2].row.commands == ("epoque sweep neuron/or seed=0:3",)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("4 values: 2 hold, 1 does not hold, 1 is not measured.", "line 7")),
     ("fr", ("4 valeurs\u00a0: 2 confirmées, 1 infirmée, 1 non mesurée.", "ligne 7",
             "Comment les valeurs ont été jugées"))],
)  # fmt: skip
def test_the_page_says_so_in_the_language_of_the_report(
    checked, own_book: Path, language: str, words: tuple[str, ...]
) -> None:
    files = write_page(checked("a.md", language), own_book / "out" / "a")
    assert [file.name for file in files] == [f"a.{language}.html", f"a.{language}.md"]
    html, markdown = (file.read_text() for file in files)
    assert "<b>report" not in html
    assert "My &lt;b&gt;report&lt;/b&gt;" in html
    for text in words:
        assert text in html
    assert html.count('<details class="claim"') == html.count(" open><summary>") == 4
    assert "epoque sweep neuron/and iterations=5,20 seed=0:6" in html
    assert "epoque sweep neuron/and iterations=5,20 seed=0:6" in markdown
    assert '<nav class="contents"' not in html


def test_what_cannot_be_compared_is_told_with_its_line(checked, own_book: Path) -> None:
    more = "\n[1]{claim=fal}, [x]{claim=fall}, [1]{claim=mine-5}\n"
    report = checked("a.md", more=more)
    assert len(report.values) == 4
    path = own_book / "a.md"
    assert [problem.partition(": ")[0] for problem in report.problems] == [f"{path}, line 10"] * 3
    assert "There is no value to claim named 'fal'. Did you mean fall?" in report.problems[0]


def test_a_report_that_claims_nothing_says_how_to(own_book: Path, own_runs: Path) -> None:
    (own_book / "a.md").write_text("# Nothing\n")
    sets = [read_own_claims(own_book, own_runs)]
    report = check_report(own_book / "a.md", sets)
    assert report.problems == (
        f"{own_book / 'a.md'}, line 1: no value is marked; one is as "
        "[0.0249]{claim=neuron/and-error-400}.",
    )


def test_many_reports_make_one_table(checked, own_book: Path) -> None:
    reports = [checked(f"class/{n}.md", more="" if n else "[x]{claim=fall}") for n in range(3)]
    folder = own_book / "out"
    pages = [write_page(report, folder / f"a {n}")[0] for n, report in enumerate(reports)]
    files = write_overview(reports, pages, folder / "reports", "en")
    assert [file.name for file in files] == ["reports.en.html", "reports.en.md", "reports.csv"]
    html = files[0].read_text()
    assert '<a href="a%200.en.html">' in html
    assert "3 reports, checked" in html
    assert "12 values: 6 hold, 3 do not hold, 3 are not measured." in html
    rows = list(csv.DictReader(io.StringIO(files[2].read_text())))
    assert len(rows) == 13
    assert {row["author"] for row in rows} == {"'=1+1"}  # no spreadsheet computes it
    assert [row["verdict"] for row in rows[:4]] == ["holds", "fails", "unmeasured", "holds"]
    assert float(rows[0]["low"]) <= float(rows[0]["measured"]) <= float(rows[0]["high"])
    assert [row["line"] for row in rows[:4]] == ["7", "7", "7", "8"]
    assert "x cannot be read" in rows[4]["problem"]
    assert to_csv(reports) == files[2].read_text()


def test_reports_are_found_in_folders_but_not_what_was_written(tmp_path: Path) -> None:
    for name in ("b/report.md", "a.md", "out/a.en.md", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_reports(tmp_path, tmp_path / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.md", "b/report.md"]
    with pytest.raises(UsageError, match=r"holds no report: no file in it ends in \.md"):
        find_reports(tmp_path / "out", tmp_path / "out")
