"""Progress in a notebook, whose IPython is played by a stand-in."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import epoque
from epoque.bench.actions import Options, action
from epoque.bench.notebook import NotebookProgress, bar_html, default_progress, in_notebook
from epoque.bench.progress import Progress, no_progress

Shown = list[str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """All that a notebook was asked to display, in order."""
    pictures: Shown = []

    class Handle:
        def update(self, html: str) -> None:
            pictures.append(html)

    def display(html: str, *, display_id: bool) -> Handle:
        assert display_id
        pictures.append(html)
        return Handle()

    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    ipython.display = SimpleNamespace(  # type: ignore[attr-defined]
        HTML=lambda html: html, display=display
    )
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return pictures


def test_outside_a_notebook_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    with default_progress(None) as progress:
        assert progress is no_progress
    terminal = ModuleType("IPython")
    terminal.get_ipython = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", terminal)
    assert not in_notebook()


def test_a_bar_moves_in_place_and_goes(shown: Shown) -> None:
    with default_progress(None) as progress:
        assert isinstance(progress, NotebookProgress)
        progress(0, 4, "drawing <b>")
        progress(1, 4, "drawing <b>")  # too soon after the first to be seen
        progress(4, 4, "drawing <b>")
    assert len(shown) == 3
    assert 'value="0" max="4"' in shown[0]
    assert "drawing &lt;b&gt; · 4 of 4" in shown[1]
    assert not shown[2]


class NoOptions(Options):
    """None."""


@action
def count(options: NoOptions, progress: Progress) -> Iterator[int]:
    """Count to two."""
    progress(0, None, "beginning")
    yield 1
    progress(1, 1, "beginning")
    yield 2


def test_the_bar_of_pieces_is_there_until_the_last_is_read(shown: Shown) -> None:
    pieces = count()
    assert not shown
    assert next(pieces) == 1
    assert "beginning" in shown[-1]
    assert list(pieces) == [2]
    assert not shown[-1]


def test_what_is_given_is_taken(shown: Shown) -> None:
    steps: list[int] = []
    with default_progress(lambda done, _total, _what="": steps.append(done)) as progress:
        progress(3, 4)
    assert (steps, shown) == ([3], [])


def test_without_a_total_the_bar_only_says_that_it_goes_on() -> None:
    html = bar_html(0, None, "loading", 2.4)
    assert "value" not in html
    assert "loading · 2 s" in html


def test_runs_and_sweeps_show_a_bar(shown: Shown, tmp_path: Path) -> None:
    epoque.run("neuron/and", runs=tmp_path, iterations=20, figures=False)
    assert any("neuron/and" in html for html in shown)
    assert not shown[-1]
    shown.clear()
    epoque.sweep("neuron/and", "seed=0:3", iterations=20, runs=tmp_path, figures=False)
    assert any("3 of 3" in html for html in shown)
