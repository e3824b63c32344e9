"""The chapter on portraits from seeds, from networks that were never trained."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.i18n import LANGUAGES
from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.report import book, write_report
from epoque.report import needs as needs_module
from epoque.report.book import read_book
from epoque.report.claims.load import claims_of
from epoque.report.claims.refutations import PlantedEvidence
from epoque.report.claims.rules import Apart, Claim, Unmeasured
from epoque.report.library import Library
from epoque.report.model import Claims, Document, Table, plain
from epoque.report.needs import Need, chapter_folder, chapter_needs, finished_runs

from .remeasured import check_that_the_chapter_follows

(DECLARED,) = chapter_needs("stylegan3")
SIZES = {"z_dim": 8, "w_dim": 8, "img_resolution": 16, "channel_base": 64, "channel_max": 6}
CARD = {"images": 20_000, "kimg": 2000.0, "training": {}, "licence": "Apache-2.0"}
NEED = replace(DECLARED, settings={"equivariance_images": 6, "device": "cpu"})


def networks(folder: Path) -> None:
    """Write the two networks of the package, of 16 pixels and untrained."""
    from epoque.stylegan3 import networks
    from epoque.stylegan3.networks.store import save_network

    layers = {"num_layers": 4, "margin_size": 4}
    specs = {
        "avatars-t": networks.StyleGan3Spec(**SIZES | layers),
        "avatars-stylegan2": networks.StyleGan2Spec(**SIZES | {"mapping_layers": 2}),
    }
    for name, spec in specs.items():
        save_network(networks.init_generator(spec, 0).eval(), folder / name, CARD)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Analyze them, once; another process is asked nothing."""
    import torch

    from epoque.stylegan3 import bundled as shipped
    from epoque.stylegan3.analysis import analyze as examine_module
    from epoque.stylegan3.analysis import gallery
    from epoque.stylegan3.analysis import reproducibility as again

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("chapter")
    networks(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shipped, "FOLDER", folder)
        patch.setattr(gallery, "FRAMES", 4)
        patch.setattr(gallery, "SAMPLES", 4)
        patch.setattr(examine_module, "PANEL", 4)
        patch.setattr(again, "_digests_of_subprocess", lambda _: ["other bytes"])
        run = start(find_lab("stylegan3"), NEED.config(), NEED.recipe, folder / "runs")
        execute(run, draw=False)
    return folder / "runs"


@pytest.fixture
def runs(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run, and a book that asks for no more than it."""
    for module in (needs_module, book):
        monkeypatch.setattr(module, "chapter_names", lambda: ("stylegan3",))
    monkeypatch.setattr(needs_module, "chapter_needs", lambda _: (NEED,))
    return made


def analyzed(runs: Path) -> Run:
    return next(finished_runs(runs))


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {}


def document(runs: Path, language: str, documents: dict[str, Document]) -> Document:
    if language not in documents:
        documents[language] = read_book(runs, language)
    return documents[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapter_holds_what_it_promises(
    runs: Path, language: str, documents: dict[str, Document]
) -> None:
    told = document(runs, language, documents)
    labels = [figure.label for figure in told.figures()]
    assert labels[:3] == [f"stylegan3-seed-{seed}" for seed in (2, 674, 1024)]
    assert len(labels) == len(set(labels)) == 12
    for figure in told.figures():
        assert len(figure.describe()) > 40
    formulas = [target for target in told.targets.values() if target.kind == "formula"]
    assert len(formulas) == 3


def test_languages_differ_in_words_and_agree_in_numbers(
    runs: Path, documents: dict[str, Document]
) -> None:
    both = [document(runs, language, documents) for language in LANGUAGES]
    tables = [[b for b in told.blocks if isinstance(b, Table)] for told in both]
    assert len(tables[0]) == len(tables[1]) == 10
    for one, other in zip(*tables, strict=True):
        assert plain(one.caption) != plain(other.caption)
        digits = [
            [re.sub(r"\D", "", plain(cell)) for row in table.rows for cell in row]
            for table in (one, other)
        ]
        assert digits[0] == digits[1]


def test_digests_stand_in_full(runs: Path, documents: dict[str, Document]) -> None:
    told = document(runs, "en", documents)
    (table,) = (b for b in told.blocks if getattr(b, "label", "") == "stylegan3-digests")
    seeds = analyzed(runs).results["seeds"]
    shown = {plain(row[0]): plain(row[1]) for row in table.rows}
    assert shown == {seed: found["sha256"] for seed, found in seeds.items()}
    assert all(len(digest) == 64 for digest in shown.values())


def test_the_claims_are_judged_by_what_was_measured(
    runs: Path, documents: dict[str, Document]
) -> None:
    told = document(runs, "en", documents)
    (claims,) = (block for block in told.blocks if isinstance(block, Claims))
    verdicts = {row.id: row.verdict for row in claims.rows}
    assert list(verdicts) == ["2.6", "2.7", "2.8", "2.9", "2.10", "2.15", "2.16"]
    assert [verdicts[name] for name in ("2.15", "2.16")] == ["unmeasured"] * 2
    # Untrained networks make no portraits, and the other process was told to disagree.
    assert [verdicts[name] for name in ("2.6", "2.7", "2.8", "2.9")] == [*["fails"] * 3, "partly"]
    (other,) = (row for row in claims.rows if row.id == "2.10")
    results = analyzed(runs).results
    assert other.lines[0].seeds == "6"
    assert f"{results['network']['eq_t']['db']:.1f}" in other.lines[0].measured
    assert other.lines[0].measured.endswith("30.0")
    assert set(results["still"]) == {"eq_t", "eq_t_frac", "eq_r"}


def test_the_text_follows_what_was_measured(runs: Path) -> None:
    check_that_the_chapter_follows(runs, "stylegan3", [NEED])


@pytest.mark.parametrize("format", ["html", "pdf", "md"])
def test_the_chapter_is_written(runs: Path, tmp_path: Path, format: str) -> None:
    path = write_report(runs, tmp_path, "fr", format)
    assert path.stat().st_size > 10_000


def test_the_book_runs_what_a_reader_would() -> None:
    assert DECLARED.command == "epoque run stylegan3/seeds"
    config: Any = DECLARED.config()
    assert config.seeds == (2, 674, 1024)
    assert (config.network, config.against) == ("avatars-t", "avatars-stylegan2")


# Verdicts


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ((5, 4, 6), (2, 1, 3), "holds"),
        ((5, 4, 6), (3, 2, 4), "partly"),  # they touch
        ((2, 1, 5), (3, 2, 4), "partly"),
        ((2, 1, 3), (5, 4, 6), "fails"),
        ((float("inf"),) * 3, (5, 4, 6), "holds"),
    ],
)
def test_numbers_are_apart_or_not(one: Any, other: Any, verdict: str) -> None:
    line = Apart(quantity="q", reported="r", measure=lambda _: None)
    assert line.judge((one, other, 9)) == verdict


CLAIMS = claims_of("stylegan3")[:5]
"""The claims that something here may bear out."""


class Found:
    """Evidence of one analysis."""

    def __init__(self, **results: Any) -> None:
        network = {key: {"db": 60.0, "low": 59.0, "high": 61.0} for key in ("eq_t", "eq_t_frac")}
        network["eq_r"] = {"db": 13.0, "low": 12.0, "high": 14.0}
        against = {key: {"db": 12.5, "low": 12.0, "high": 13.0} for key in network}
        face = {"distance": 0.8, "certainty": 0.9, "least_certainty": 0.86}
        same = dict.fromkeys(("again", "alone", "elsewhere", "distinct"), True)
        seeds = {"seeds": dict.fromkeys(("2", "674", "1024"), face)}
        told = {"network": network, "against": against, "moved": 64}
        self._results = told | same | seeds | results

    def results(self, recipe: str) -> dict[str, Any]:
        assert recipe == "stylegan3/seeds"
        return self._results

    def verdicts(self) -> list[str]:
        return [claim.judge(self) for claim in CLAIMS]  # type: ignore[arg-type]


def test_the_rules_of_the_claims() -> None:
    assert Found().verdicts() == ["holds"] * 4 + ["partly"]
    lines = CLAIMS[4].lines
    judged = [line.verdict(line.find_measured(Found())) for line in lines]  # type: ignore[arg-type]
    assert judged == ["holds", "holds", "fails", "unmeasured"]  # 13 dB follow no rotation
    exact = dict.fromkeys(("eq_t", "eq_t_frac", "eq_r"), dict.fromkeys(("db", "low", "high")))
    assert Found(network=exact).verdicts()[4] == "partly"  # textures are not measured
    poor = {key: {"db": 20.0, "low": 19.0, "high": 21.0} for key in exact}
    assert Found(network=poor).verdicts()[4] == "fails"
    assert (
        Found(network={key: {"db": 30.0, "low": 29.0, "high": 31.0} for key in exact}).verdicts()[4]
        == "partly"
    )  # the interval holds the bound
    assert Found(alone=False).verdicts()[3] == "partly"
    far = {"distance": 1.2, "certainty": 0.9, "least_certainty": 0.86}
    unread = {key: {} for key in ("2", "674")} | {"1024": far}
    assert Found(seeds=unread).verdicts()[:3] == ["fails", "fails", "partly"]


def test_evidence_is_what_the_library_gives(runs: Path) -> None:
    library = Library(runs, (NEED,))
    assert [claim.judge(library) for claim in CLAIMS][3] == "partly"
    assert isinstance(NEED, Need)


# What would refute a line


@pytest.mark.parametrize("claim", claims_of("stylegan3"), ids=lambda claim: claim.id)
def test_each_line_has_what_would_refute_it(claim: Claim) -> None:
    """A planted case turns the verdict of its line, from whatever bears it out."""
    good = {key: {"db": 60.0, "low": 59.0, "high": 61.0} for key in ("eq_t", "eq_t_frac", "eq_r")}
    evidence: Any = Found(network=good)
    for line in claim.lines:
        if isinstance(line, Unmeasured):
            continue
        assert line.verdict(line.find_measured(evidence)) == "holds"
        assert line.refuted_by
        for case in line.refuted_by:
            planted = PlantedEvidence(evidence, case)
            assert line.verdict(line.find_measured(planted)) == "fails"


def test_the_chapter_and_the_claims_mean_the_same_by_following() -> None:
    levels = {line.measure(Found()).second[0] for line in CLAIMS[4].lines[:3]}  # type: ignore
    folder = chapter_folder("stylegan3")
    assert folder is not None
    for language in LANGUAGES:
        text = (folder / f"{language}.md").read_text("utf-8")
        assert {float(n) for n in re.findall(r"set follows = (\d+)", text)} == levels == {30.0}
