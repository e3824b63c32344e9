"""The chapter on GANs in the plane, from the studies that ship and from short trainings."""

from dataclasses import replace
from pathlib import Path

import pytest

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_sweep import run_sweep
from epoque.report import book
from epoque.report import needs as needs_module
from epoque.report.book import read_book
from epoque.report.model import Claims
from epoque.report.needs import chapter_needs

from .remeasured import check_that_the_chapter_follows

SHORT = {"iterations": 40, "evaluate_every": 20}
NEEDS = tuple(
    need
    if need.recorded
    else replace(
        need,
        settings={**need.settings, **SHORT},
        axes={**need.axes, "seed": "0:2"} if need.axes else {},
    )
    for need in chapter_needs("gan2d")
)

# What the studies that ship decide; the others hang on the short trainings here.
VERDICTS = {
    "2.2": "holds", "2.3": "partly", "2.4": "partly", "2.5": "fails",
    "2.11": "fails", "2.12": "fails", "2.13": "fails",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train shortly what does not ship, once."""
    runs, lab = tmp_path_factory.mktemp("gan2d") / "runs", find_lab("gan2d")
    for need in NEEDS:
        if need.recorded:
            continue
        config = need.config()
        if need.axes:
            axes = parse_axes(config, [f"{name}={text}" for name, text in need.axes.items()])
            run_sweep(lab, need.recipe, config, axes, runs, figures=False)
        else:
            execute(start(lab, config, need.recipe, runs), draw=False)
    return runs


@pytest.fixture
def runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runs, and a book that asks for no more than them and what ships."""
    for module in (needs_module, book):
        monkeypatch.setattr(module, "chapter_names", lambda: ("gan2d",))
    monkeypatch.setattr(needs_module, "chapter_needs", lambda _lab: NEEDS)
    return made


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_chapter_is_written_in_both_languages(runs: Path, language: str) -> None:
    document = read_book(runs, language)
    (claims,) = (block for block in document.blocks if isinstance(block, Claims))
    verdicts = {row.id: row.verdict for row in claims.rows}
    assert {name: verdicts[name] for name in VERDICTS} == VERDICTS
    assert not any(row.verdict == "unmeasured" for row in claims.rows)


def test_the_text_follows_everything_that_the_chapter_reads(runs: Path) -> None:
    check_that_the_chapter_follows(runs, "gan2d", NEEDS)
