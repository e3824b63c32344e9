"""What a chapter reads only where it was run."""

from pathlib import Path

import pytest

from epoque.bench.errors import NotRecordedError
from epoque.bench.i18n import LocalText
from epoque.report.claims.load import parse_claims
from epoque.report.claims.measures import MEASURES
from epoque.report.claims.rules import Claim, Unmeasured
from epoque.report.claims.tables import claim_row
from epoque.report.library import Library
from epoque.report.needs import Need, parse_needs

NEED = Need("large", "neuron/or", settings={"iterations": 7}, optional=True)
CLAIM = """\
- id: "9.1"
  statement: {en: It learns., fr: Il apprend.}
  runs: [large]
  lines:
    - rule: number
      quantity: {en: error, fr: erreur}
      reported: "0.01"
      measure:
        result: {run: large, name: final_error}
"""


def read_claim() -> Claim:
    (claim,) = parse_claims(CLAIM, "claims.yaml", MEASURES, runs=["large"], sweeps=[])
    return claim


def test_what_is_optional_may_be_missing_and_nothing_stands_in_its_place(tmp_path: Path) -> None:
    library = Library(tmp_path, (NEED,))
    library.check()
    assert library.is_unrecorded("large")
    assert not library.is_unrecorded("neuron/and")
    with pytest.raises(NotRecordedError, match=r"large was never run; `epoque run neuron/or"):
        library.run("large")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "no run is recorded"), ("fr", "aucune exécution enregistrée")]
)
def test_its_claims_are_not_measured(tmp_path: Path, language: str, words: str) -> None:
    row = claim_row(read_claim(), Library(tmp_path, (NEED,)), language)
    (line,) = row.lines
    assert (row.verdict, line.verdict, line.measured, line.seeds) == (
        "unmeasured", "unmeasured", words, "–",
    )  # fmt: skip
    assert row.runs == ()
    assert row.commands == ("epoque run neuron/or --iterations 7",)


def test_what_nothing_decides_says_why(tmp_path: Path) -> None:
    said, why = LocalText("lifelike", "vivant"), LocalText("No judge.", "Aucun juge.")
    line = Unmeasured(quantity=said, reported=said, reason=why)
    claim = Claim(id="9.2", statement=said, lines=(line,))
    row = claim_row(claim, Library(tmp_path), "fr")
    assert row.verdict == "unmeasured"
    assert (row.lines[0].reported, row.lines[0].measured) == ("vivant", "Aucun juge.")


def test_a_chapter_says_what_is_optional() -> None:
    text = "runs:\n  - {recipe: line/fit, recorded: true, optional: true}\n  - line/other"
    _, (first, second) = parse_needs(text, "needs.yaml", "line")
    assert (first.optional, second.optional) == (True, False)
