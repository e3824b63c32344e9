"""`epoque claims`: lists, shows and checks; 1 where a verdict changed, 2 for what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from own_book import own_book, own_runs

__all__ = ["own_book", "own_runs"]

Call = Callable[[str], Any]


@pytest.fixture(autouse=True)
def _own_runs(call: Call, own_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOQUE_RUNS", str(own_runs))


def test_claims_are_listed_and_shown(call: Call, own_book: Path) -> None:
    assert "AND: the error falls" in call("claims list").out
    assert "l’erreur décroît" in call("claims list --lang fr").out
    assert "neuron/and-error-400" in call("claims list --values").out
    listed = json.loads(call(f"claims list {own_book} --json").out)
    assert [row["id"] for row in listed] == ["mine-1", "mine-2", "mine-3", "mine-4"]
    shown = call(f"claims show fall --book {own_book}")
    assert shown.code == 0
    assert "✓ holds" in shown.out
    assert "epoque sweep neuron/and iterations=5,20 seed=0:6" in shown.out
    unknown = call("claims show 9")
    assert (unknown.code, "There is no claim '9'. There are 1.1" in unknown.err) == (2, True)


def test_a_changed_verdict_ends_with_1(call: Call, own_book: Path) -> None:
    done = call(f"claims check {own_book}")
    assert done.code == 0
    assert "3 hold, 1 is not measured" in done.out
    assert call(f"claims check {own_book} --record").code == 0
    assert call(f"claims check {own_book}").code == 0
    verdicts = own_book / "verdicts.yaml"
    verdicts.write_text(verdicts.read_text().replace("holds", "fails", 1))
    done = call(f"claims check {own_book}")
    assert done.code == 1
    assert done.err == (
        "epoque: 1 of 4 verdicts changed. mine-1: recorded ✗ does not hold, now ✓ holds.\n"
    )
    answer = json.loads(call(f"claims check {own_book} --json").out)
    assert [row["changed"] for row in answer] == [True, False, False, False]


def test_a_bad_entry_ends_with_2(call: Call, own_book: Path) -> None:
    path = own_book / "claims.yaml"
    text = path.read_text().replace("rule: share", "rule: shar")
    path.write_text(text.replace("id: mine-2\n", "id: mine 2\n"))
    done = call(f"claims check {own_book}")
    assert done.code == 2
    first, second = done.err.splitlines()
    assert f"{path}, line 14, claim mine 2: id: 'mine 2' is not allowed; it takes letters" in first
    assert "claim mine-4: rule: there is no rule 'shar'. Did you mean share?" in second


def test_the_lab_book_says_what_is_not_measured_here(call: Call) -> None:
    """Its recorded verdicts rest on the runs of `epoque demo`, which are not here."""
    done = call("claims check")
    assert done.code == 1
    assert "verdicts changed." in done.err
    assert "1.1: recorded ◐ partly, now ○ not measured" in done.err
    assert call("claims check --record").code == 2


def test_a_report_gets_a_page(call: Call, own_book: Path) -> None:
    report = own_book / "mine.md"
    report.write_text("# Mine\n\nThe fall is [5]{claim=fall}.\n")
    done = call(f"claims check {report} --book {own_book} --out pages")
    assert done.code == 0
    assert "✗ does not hold" in done.out
    assert sorted(path.name for path in Path("pages").iterdir()) == ["mine.en.html", "mine.en.md"]
    answer = json.loads(call(f"claims check {report} --book {own_book} --json").out)
    (value,) = answer[0]["values"]
    assert (value["line"], value["claim"], value["verdict"]) == (3, "fall", "fails")


def test_what_cannot_be_read_ends_with_2_and_nothing_is_written(call: Call, own_book: Path) -> None:
    report = own_book / "mine.md"
    report.write_text("[5]{claim=fal} and [x]{claim=fall}")
    done = call(f"claims check {report} --book {own_book} --out pages")
    assert done.code == 2
    first, second = done.err.splitlines()
    assert "mine.md, line 1: fal: There is no value to claim named 'fal'. Did you mean" in first
    assert "mine.md, line 1: fall: x cannot be read; it takes a number" in second
    assert not Path("pages").exists()
    for wrong in ("missing.md", f"{report} --out {report}/x", f"{report} --book {report.parent}/x"):
        assert call(f"claims check {wrong}").code == 2
    assert not Path("pages").exists()


def test_a_folder_of_reports_makes_one_table_and_tells_what_is_wrong(
    call: Call, own_book: Path
) -> None:
    folder = Path("class")
    for name, text in {"ada": "[5]{claim=fall}", "bob": "[5]{claim=fal}"}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "report.md").write_text(text)
    done = call(f"claims check class --book {own_book} --out class/out")
    assert done.code == 2
    assert "bob/report.md, line 1: fal: There is no value" in done.err
    assert sorted(path.name for path in (folder / "out").glob("*.html")) == [
        "ada-report.en.html", "bob-report.en.html", "reports.en.html",
    ]  # fmt: skip
    assert len((folder / "out" / "reports.csv").read_text().splitlines()) == 3
    again = call(f"claims check class --book {own_book} --out class/out")
    assert again.code == 2
    assert len(list((folder / "out").glob("*.html"))) == 3


def test_the_table_of_a_folder_is_in_one_language(call: Call, own_book: Path) -> None:
    folder = Path("class")
    folder.mkdir()
    for language, number in {"en": "5.25", "fr": "5,25"}.items():
        text = f"---\nlang: {language}\n---\n[{number}]{{claim=fall}}"
        (folder / f"{language}.md").write_text(text)
    for language, point, other, verdict in (
        ("en", ".", ",", "does not hold"), ("fr", ",", ".", "infirmée"),
    ):  # fmt: skip
        done = call(f"claims check class --book {own_book} --out out --lang {language}")
        assert done.code == 0
        assert done.out.count(verdict) == done.out.count(f"5{point}25") == 2
        assert f"5{other}25" not in done.out
    assert sorted(path.name for path in Path("out").glob("??.*.html")) == [
        "en.en.html", "fr.fr.html",
    ]  # fmt: skip
