"""What templates tell of studies: effects, other results, axes held at a value."""

import re
from pathlib import Path

import pytest

from epoque.bench.errors import UsageError
from epoque.bench.progress import no_progress
from epoque.bench.sweeps.aggregate import median_confidence_interval
from epoque.report import write_report
from epoque.report.book import read_book
from epoque.report.library import Library
from epoque.report.model import plain
from epoque.report.needs import chapter_folder, chapter_names
from epoque.report.numbers import format_interval

CALL = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
NAME = re.compile(r"[a-z0-9_/,.-]*")


def placeholders(lab: str, language: str) -> list[str]:
    """Return what a chapter fills in: each call with its names, without its words."""
    folder = chapter_folder(lab)
    assert folder
    calls = CALL.findall((folder / f"{language}.md").read_text("utf-8"))
    told = [
        re.sub(r'"([^"]*)"', lambda m: m[0] if NAME.fullmatch(m[1]) else '""', call)
        for call in calls
    ]
    return [re.sub(r"\s+", " ", call) for call in told]


@pytest.mark.parametrize("chapter", chapter_names())
def test_both_languages_fill_in_the_same(chapter: str) -> None:
    english, french = (placeholders(chapter, language) for language in ("en", "fr"))
    assert english == french
    assert len(english) > 80


def test_an_effect_is_the_median_change_of_the_same_seeds(runs: Path, tmp_path: Path) -> None:
    template = tmp_path / "mine.md"
    template.write_text(
        '{{ effect(sweep("or"), "final_error", {"iterations": 200}, {"iterations": 400}) }}'
    )
    (paragraph,) = read_book(runs, "en", template=template).blocks
    library = Library(runs)
    late, early = (library.table("or", iterations=n).final_error for n in (400, 200))
    wanted = format_interval(median_confidence_interval(late - early), "en")
    assert plain(paragraph.children) == wanted
    assert wanted.startswith("−0.")


def test_a_figure_may_show_another_result(runs: Path, tmp_path: Path) -> None:
    template = tmp_path / "mine.md"
    pictures = []
    for arguments in ("", ', column="w0"', ', column="w0", iterations=400'):
        name = "distribution" if "iterations" in arguments else "strip"
        template.write_text(f'{{{{ figure(sweep("or"), "{name}"{arguments}) }}}}')
        (figure,) = read_book(runs, "fr", template=template).blocks
        pictures.append(figure.picture.data("light"))
    assert len(set(pictures)) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ('figure(sweep("or"), "strip", column="w9")', "There is no column of the sweep named"),
        ('figure(sweep("or"), "strip", iteration=1)', "Did you mean iterations?"),
        ('figure(sweep("or"), "distribution", iterations=7)', "has no iterations 7"),
        ('figure(run("neuron/and"), "error", column="w0")', "columns and axes are a sweep's"),
        ('effect(sweep("or"), "w0", {"iterations": 1}, {})', "varies iterations too"),
    ],
)
def test_a_mistake_is_told(runs: Path, tmp_path: Path, call: str, words: str) -> None:
    template = tmp_path / "mine.md"
    template.write_text(f"{{{{ {call} }}}}\n")
    with pytest.raises(UsageError) as caught:
        write_report(runs, tmp_path / "out", template=template)
    assert str(caught.value).startswith("mine.md, line 1: ")
    assert words in str(caught.value)


def test_each_chapter_lists_what_it_has_read_itself(runs: Path, tmp_path: Path) -> None:
    from epoque.report.book import _assemble
    from epoque.report.template import Template

    chapters = []
    for name in ("neuron/and", "neuron/or"):
        label = name.split("/")[1]
        text = f'# {label}\n\n{{{{ value(run("{name}"), "seed") }}}}\n\n'
        text += f'{{{{ records(caption="Runs.", label="{label}") }}}}\n'
        chapters.append(Template(tmp_path / f"{label}.md", text))
    library = Library(runs)
    document = _assemble(chapters, library, library, "en", no_progress)
    tables = [block for block in document.blocks if hasattr(block, "rows")]
    commands = [[plain(row[2]) for row in table.rows] for table in tables]
    assert commands == [["epoque run neuron/and"], ["epoque run neuron/or"]]
    assert document.date
