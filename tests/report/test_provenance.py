"""A book states what its numbers were measured on, and how long that took."""

from pathlib import Path

import pytest

from epoque.report.book import read_book
from epoque.report.demo_log import DemoLog, Effort
from epoque.report.model import plain
from epoque.report.provenance import format_duration

FIXED = "\u00a0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "< 1 s"),
        (12.4, "12 s"),
        (600, "10 min"),
        (617, "10 min 17 s"),
        (11_525, "3 h 12 min"),
        (36_000, "10 h"),
        (3_605, "1 h"),
    ],
)
def test_a_duration_says_what_matters(seconds: float, text: str) -> None:
    assert format_duration(seconds).replace(FIXED, " ") == text


def facts(runs: Path, language: str = "en") -> dict[str, str]:
    table = read_book(runs, language).provenance
    assert table is not None
    return {plain(name): plain(value) for name, value in table.rows}


def test_without_a_log_it_says_what_the_runs_know(runs: Path) -> None:
    told = facts(runs)
    assert "version" in told["Epoque"]
    assert "cores" in told["Computer"]
    assert "GiB of memory" in told["Computer"]
    assert told["Runs and sweeps"].startswith("chapter 1 ")
    assert told["Energy"].startswith("not measured")
    assert "Profile" not in told


def test_with_a_log_it_says_what_the_demo_took(runs: Path) -> None:
    log = DemoLog().following("full", "neuron/and", Effort(300.0, 1800.0))
    log.following("full", "neuron/or", Effort(317.0, 5400.0)).write(runs)
    try:
        told = facts(runs)
        assert told["Profile"] == "epoque demo --profile full"
        assert told["Wall time"].replace(FIXED, " ") == "10 min 17 s"
        assert told["Energy"].startswith("2 Wh") or told["Energy"].startswith("2.0 Wh")
        assert "Énergie" in facts(runs, "fr")
    finally:
        (runs / "demo.json").unlink()


def test_a_book_of_ones_own_states_nothing(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("# Mine")
    assert read_book(runs, "en", template=tmp_path / "mine.md").provenance is None
