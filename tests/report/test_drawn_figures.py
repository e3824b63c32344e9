"""A figure is drawn once for what it was drawn from, and again when any of that changes."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from epoque.bench.figures.plot import new_figure
from epoque.bench.figures.styles import use_style
from epoque.bench.runs.run import Run
from epoque.report import drawn_figures
from epoque.report.drawn_figures import draw_once
from epoque.report.pictures import Chart, Drawing


@pytest.fixture
def drawing(made_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drawing:
    """A drawing of a run of its own, and an empty cache."""
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    drawn_figures._find.cache_clear()
    (path,) = made_runs.glob("*-neuron-or")
    shutil.copytree(path, tmp_path / "runs" / path.name)
    return Drawing.of(Run(tmp_path / "runs" / path.name), "error", "en", "name")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every figure that is drawn from now on."""
    count: list[object] = []
    draw = drawn_figures._draw

    def counted(drawable: object) -> object:
        count.append(drawable)
        return draw(drawable)

    monkeypatch.setattr(drawn_figures, "_draw", counted)
    return count


def new_process() -> None:
    drawn_figures._find.cache_clear()


def test_it_is_drawn_once_a_process_and_once_for_all(drawing: Drawing, drawn: list[object]) -> None:
    first = draw_once(drawing)
    assert draw_once(drawing) is first
    new_process()
    assert draw_once(drawing) == first
    assert draw_once(replace(drawing, name="elsewhere")) == first
    assert len(drawn) == 1
    assert first.description.startswith("Error |d − o|. OR, learning rate 0.7")


def test_whatever_decides_how_it_looks_counts(
    drawing: Drawing, drawn: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_once(drawing)
    draw_once(replace(drawing, language="fr"))
    draw_once(replace(drawing, figure="weights"))
    assert len(drawn) == 3
    monkeypatch.setattr(drawn_figures, "digest_code", lambda: "another version")
    draw_once(drawing)
    assert len(drawn) == 4
    monkeypatch.setattr(drawn_figures, "find_style", lambda name: "another style")
    with use_style(None):
        draw_once(drawing)
    assert len(drawn) == 5
    manifest = drawing.folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    draw_once(drawing)
    assert len(drawn) == 6


def test_a_record_that_is_not_finished_is_kept_for_the_process_only(
    drawing: Drawing, drawn: list[object]
) -> None:
    (drawing.folder / "manifest.json").unlink()
    draw_once(drawing)
    draw_once(drawing)
    assert len(drawn) == 1
    new_process()
    draw_once(drawing)
    assert len(drawn) == 2
    assert not list((drawing.folder.parents[1] / "cache").glob("figures/*"))


def test_charts_tell_their_words_and_records(drawing: Drawing, drawn: list[object]) -> None:
    def figure(records, language, *words):
        made = new_figure()
        made.add_subplot().set_title(" ".join(words))
        return made

    chart = Chart("c", (drawing.folder,), figure, "en", ("a",), (drawing.record,))
    for one in (chart, chart, replace(chart, words=("b",))):
        draw_once(one)
    assert len(drawn) == 2
