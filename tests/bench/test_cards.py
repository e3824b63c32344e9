"""The cards that notebooks show of runs, sweeps, searches, configs and claims."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

import epoque
from epoque.bench.cards import Card, Curve, finite_points, format_value
from epoque.neuron.config import NeuronConfig
from epoque.report.claims.load import find_claim


class Reader(HTMLParser):
    """Collects texts and tags, and counts what is open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.depth += 1

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(value: object) -> Reader:
    html = value._repr_html_()  # type: ignore[attr-defined]
    card = Reader(html)
    assert card.depth == 0
    assert not {"script", "img", "a", "link", "iframe"} & set(card.tags)
    return card


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(folder: Path) -> epoque.Run:
    return epoque.run("neuron/and", runs=folder, learning_rate=0.25, iterations=40, figures=False)


def test_a_run_shows_settings_curve_results_and_command(
    run: epoque.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOQUE_LANG", "en")
    card = read(run)
    texts = " ".join(card.texts)
    assert {"Learning rate", "0.25", "final_error", "Settings that differ"} <= set(card.texts)
    assert f"{run.results['final_error']:.4g}" in card.texts
    assert "epoque run neuron/and --iterations 40 --learning-rate 0.25" in texts
    assert "polyline" in card.tags
    monkeypatch.setenv("EPOQUE_LANG", "fr")
    assert {"Taux d’apprentissage", "Réglages qui diffèrent"} <= set(read(run).texts)


def test_a_damaged_run_says_so(run: epoque.Run, folder: Path) -> None:
    import shutil

    copy = folder / "copy"
    shutil.copytree(run.path, copy)
    (copy / "config.json").write_text("{")
    card = read(epoque.Run(copy))
    assert any("config.json" in text for text in card.texts)
    assert "polyline" not in card.tags


def test_a_sweep_and_a_search_show_what_is_best(folder: Path) -> None:
    sweep = epoque.sweep(
        "neuron/and", "learning_rate=0.1,1", "seed=0:3", iterations=20, runs=folder, figures=False
    )
    card = read(sweep)
    assert f"{sweep.table['final_error'].min():.4g}" in card.texts
    assert {"learning_rate", "0.1,1", "polyline"} <= {*card.texts, *card.tags}
    assert {"0.1", "1"} <= set(card.texts)  # at the ends of the curve
    search = epoque.search(
        "neuron/and", "learning_rate=0.1:1:log:3", trials=3, iterations=20, runs=folder,
        figures=False, sampler="random",
    )  # fmt: skip
    card = read(search)
    assert f"{search.best_trial['median']:.4g}" in card.texts
    assert any("--trials 3" in text for text in card.texts)


def test_a_config_shows_what_is_not_as_by_default() -> None:
    assert "0.125" in read(NeuronConfig(learning_rate=0.125)).texts
    card = read(NeuronConfig())
    assert "table" not in card.tags
    assert "All settings are as by default." in card.texts


def test_a_claim_shows_what_was_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = find_claim("1.1")
    monkeypatch.setenv("EPOQUE_LANG", "fr")
    assert claim.statement.fr in "".join(read(claim).texts)


def test_every_text_is_escaped() -> None:
    evil = '<script>alert("&")</script>'
    curve = Curve(evil, evil, [(0, 0.0), (1, 1.0)], (evil, evil))
    html = Card(evil, evil, "failed", evil, [(evil, [(evil, evil)])], curve, evil).html()
    card = Reader(html)
    assert "script" not in card.tags
    assert card.texts.count(evil) >= 6
    assert card.depth == 0


def test_numbers_are_short_and_what_is_undefined_is_left_out() -> None:
    values = [1 / 3, float("nan"), None, True, (1, 2), "x" * 200, list(range(9))]
    shown = ["0.3333", "–", "–", "true", "1, 2", "x" * 80 + "…", "0, 1, 2, 3, 4, 5, …"]
    assert [format_value(value) for value in values] == shown
    points = finite_points([(i, float(i)) for i in range(1001)] + [(2000, float("inf"))])
    assert len(points) == 200
    assert points[0] == (0, 0.0)
    assert points[-1] == (1000, 1000.0)
