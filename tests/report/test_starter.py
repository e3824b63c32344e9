"""A reader's own book begins with a chapter for each run and each sweep."""

import json
import re
import shutil
from pathlib import Path

import pytest
from waiting import PATIENCE

from epoque.bench.errors import RunFormatError, UnknownNameError, UsageError
from epoque.bench.runs.run import Runs
from epoque.bench.sweeps.sweep import Sweeps
from epoque.report import new_report, write_report
from epoque.report import starter as module
from epoque.report.book import read_book
from epoque.report.model import Figure, Table, plain


@pytest.fixture(autouse=True)
def _a_busy_machine_may_be_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epoque.report.book.MAX_BOOK_SILENCE", PATIENCE)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("changes by", "What varies here")), ("fr", ("la différence de", "Ce qui varie ici"))],
)
def test_each_sweep_has_a_chapter_with_figure_medians_and_effect(
    own_runs: Path, tmp_path: Path, language: str, words: tuple[str, str]
) -> None:
    said: list[str] = []
    template = new_report(tmp_path / "book", own_runs, language, notify=said.append)
    assert said == []
    document = read_book(own_runs, language, template=template)
    chapters = [block for block in document.headings() if block.level == 1]
    assert len(chapters) == 3
    assert sum(isinstance(block, Figure) for block in document.blocks) >= 5
    tables = [block for block in document.blocks if isinstance(block, Table)]
    settings = [[plain(row[0]) for row in table.rows] for table in tables]
    point = "," if language == "fr" else "."
    assert ["5", "20"] in settings
    assert [f"0{point}5", "2"] in settings
    text = template.read_text()
    assert all(word in text for word in words)
    assert "[" in plain(tables[-1].rows[0][1])  # a median with its interval


def test_two_sweeps_of_a_recipe_are_called_by_their_ids(own_runs: Path, tmp_path: Path) -> None:
    text = new_report(tmp_path / "book", own_runs).read_text().partition("#}")[2]
    sweeps = [sweep.id for sweep in Sweeps(own_runs)]
    named = set(re.findall(r'sweep\("([^"]+)"\), "final', text))
    assert named == set(sweeps)
    (tmp_path / "book.md").write_text('{{ value(sweep("neuron/and"), "final_error") }}')
    with pytest.raises(UsageError) as raised:
        write_report(own_runs, tmp_path / "out", template=tmp_path / "book.md")
    assert str(raised.value) == (
        "book.md, line 1: There is no single sweep 'neuron/and'. 2 sweeps answer to it, the newest "
        f"first: {sweeps[1]} (over learning_rate and seed), {sweeps[0]} (over iterations and seed)."
    )


def test_no_more_chapters_than_so_many_are_begun_and_the_others_are_named(
    own_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CHAPTERS", 2)
    said: list[str] = []
    text = new_report(tmp_path / "book", own_runs, notify=said.append).read_text()
    (run,) = Runs(own_runs).ids()
    assert said == [
        f"A book begins with at most 2 chapters, the newest: left out are {run}. `--run ID` names "
        "those that you want."
    ]
    assert said[0] in text
    assert len(re.findall("^# ", text, re.MULTILINE)) == 2


def test_runs_and_sweeps_are_chosen_by_their_ids(own_runs: Path, tmp_path: Path) -> None:
    (run,) = Runs(own_runs).ids()
    sweep = next(iter(Sweeps(own_runs))).id
    text = new_report(tmp_path / "book", own_runs, names=[sweep, run]).read_text()
    assert text.index(f'sweep("{sweep}")') < text.index(f'run("{run}")')
    assert len(re.findall("^# ", text, re.MULTILINE)) == 2
    with pytest.raises(UnknownNameError, match=r"There is no run 'none'\. There are .*-sweep"):
        new_report(tmp_path / "none", own_runs, names=["none"])
    assert not (tmp_path / "none").exists()


def test_what_is_not_finished_or_of_another_version_cannot_be_chosen(
    own_runs: Path, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(own_runs, runs)
    run = next(iter(Runs(runs)))
    (run.path / "manifest.json").write_text(json.dumps({"format": 7}))
    with pytest.raises(RunFormatError, match="was written in format 7"):
        new_report(tmp_path / "book", runs, names=[run.id])
    shutil.rmtree(run.path / "figures")
    for sweep in Sweeps(runs):
        shutil.rmtree(sweep.path)
    with pytest.raises(UsageError, match=r"holds no finished run; .* was written in format 7 by"):
        new_report(tmp_path / "book", runs)


def test_a_book_is_written_from_its_folder(own_runs: Path, tmp_path: Path) -> None:
    new_report(tmp_path / "book", own_runs)
    path = write_report(own_runs, tmp_path, "fr", "md", template=tmp_path / "book")
    assert path == tmp_path / "book.fr.md"
    with pytest.raises(UsageError, match=r"holds no book\.md; `epoque new-report"):
        write_report(own_runs, tmp_path, template=own_runs)


def test_a_book_shows_its_own_claims(own_runs: Path, own_book: Path) -> None:
    (own_book / "book.md").write_text(
        "{{ verdict_counts() }}: {{ claim('mine-1') }}.\n\n{{ claims(caption='Mine.') }}\n\n"
        "{{ verdicts(caption='All.') }}\n"
    )
    path = write_report(own_runs, own_book, "en", "md", template=own_book)
    text = path.read_text()
    assert "3 hold, 1 is not measured\\: holds." in text
    assert "epoque sweep neuron/or seed=0:3" in text
    (own_book / "claims.yaml").unlink()
    with pytest.raises(UsageError, match=r"book\.md, line 1: the book has no claims of its own"):
        write_report(own_runs, own_book, template=own_book)
