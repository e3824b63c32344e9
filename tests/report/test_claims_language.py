"""The claims on transformers: losses of single runs, and verdicts on numbers made by hand."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from epoque.report.claims.load import claims_of, find_claim
from epoque.report.claims.rules import Number
from epoque.report.needs import chapter_needs

CLAIMS = claims_of("language")
RUNS = ("language/laptop-clm", "language/laptop-mlm", "language/tiny-clm", "language/tiny-mlm")
CAUSAL, MASKED, SMALL_CAUSAL, SMALL_MASKED = RUNS
IDS = ["3.1", "3.2", "3.3", "3.4", "3.5"]
FILES = ["README.md", "config.json", "epoque.json", "model.safetensors", "tokenizer.json"]
FILES += ["tokenizer_config.json"]
SAVED = {"saved_files": FILES, "reopened_difference": 1e-5, "reopened_tokens": True}


def course(valid: list[float], train: list[float], seconds: float = 100.0) -> pd.DataFrame:
    """Return metrics with an evaluation at the end of each epoch, and a row without between."""
    rows: list[dict[str, float]] = []
    for number, (high, low) in enumerate(zip(valid, train, strict=True), 1):
        rows.append({"epoch": number - 0.5, "seconds": seconds * (number - 0.5)})
        rows.append(
            {
                "epoch": float(number),
                "seconds": seconds * number,
                "valid_loss": high,
                "valid_perplexity": math.exp(high),
                "train_loss": low,
            }
        )
    return pd.DataFrame(rows)


class Measurements:
    """Evidence under which the report is right in everything, with some changes."""

    def __init__(self, changes: Mapping[str, Any] = {}) -> None:
        told: dict[str, Any] = {
            "causal": course([5.2, 4.9, 4.8, 4.7], [5.1, 4.8, 4.6, 4.4]),
            "masked": course([6.6, 6.0, 5.5, 5.2], [6.5, 5.9, 5.4, 5.0], seconds=80.0),
            "final_valid_loss": 4.65,
            "final_train_loss": 4.2,
            "bigram_perplexity": 236.0,
            "small": (110.0, 300.0),
            "saved": SAVED,
            **changes,
        }
        self.courses = {CAUSAL: told["causal"], MASKED: told["masked"]}
        ends = ("final_valid_loss", "final_train_loss", "bigram_perplexity")
        self.told: dict[str, dict[str, Any]] = {name: dict(told["saved"]) for name in RUNS}
        self.told[CAUSAL] |= {name: told[name] for name in ends}
        for name, value in zip((SMALL_CAUSAL, SMALL_MASKED), told["small"], strict=True):
            self.told[name]["perplexity"] = value

    def results(self, recipe: str) -> Mapping[str, Any]:
        return self.told[recipe]

    def metrics(self, recipe: str) -> pd.DataFrame:
        return self.courses[recipe]

    def table(self, name: str, **at: Any) -> pd.DataFrame:
        raise AssertionError(f"no claim of the lab language reads the sweep {name}")


HIGH, LOW = [7.5, 7.4, 7.3, 7.2], [4.0, 3.9, 3.8, 3.7]
RISING = [4.0, 4.5, 5.0, 5.5]
PARTLY: Mapping[str, Mapping[str, Any]] = {
    "3.1": {"causal": course([6.5, 6.2, 5.0], [6.4, 6.1, 4.9])},
    "3.3": {"small": (300.0, 110.0)},
    "3.4": {"final_train_loss": 4.7},
    "3.5": {"saved": SAVED | {"reopened_difference": 0.5}},
}
FAILS: Mapping[str, Mapping[str, Any]] = {
    "3.3": {"masked": course(LOW, LOW), "small": (300.0, 110.0)},
    "3.4": {
        "causal": course(RISING, RISING),
        "masked": course(RISING, RISING),
        "bigram_perplexity": 500.0,
        "final_valid_loss": 6.0,
        "final_train_loss": 6.1,
    },
    "3.5": {
        "saved": {"saved_files": FILES[:-1], "reopened_error": "It cannot be opened."},
    },
}


def verdicts(name: str, changes: Mapping[str, Any] = {}) -> list[str]:
    evidence = Measurements(changes)
    return [line.judge(line.measure(evidence)) for line in find_claim(name).lines]


def test_five_claims_in_their_order() -> None:
    assert [claim.id for claim in CLAIMS] == IDS


@pytest.mark.parametrize("name", ["3.1", "3.3", "3.4", "3.5"])
def test_a_claim_holds_when_everything_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements()) == "holds"


@pytest.mark.parametrize("name", PARTLY)
def test_a_claim_of_several_parts_holds_partly(name: str) -> None:
    assert find_claim(name).judge(Measurements(PARTLY[name])) == "partly"


@pytest.mark.parametrize("name", FAILS)
def test_a_claim_fails_when_nothing_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements(FAILS[name])) == "fails"


def test_the_masked_perplexity_is_not_that_of_its_loss() -> None:
    """The report contradicts itself there, whatever our runs measure."""
    assert verdicts("3.2") == ["holds", "holds", "holds", "fails"]
    assert verdicts("3.2", {"masked": course(HIGH, HIGH)}) == ["fails"] * 4
    assert find_claim("3.2").judge(Measurements()) == "partly"


@pytest.mark.parametrize(("name", "loss"), [("3.1", 6.0690), ("3.2", 6.8789)])
def test_a_perplexity_is_computed_again(name: str, loss: float) -> None:
    line = find_claim(name).lines[-1]
    assert isinstance(line, Number)
    assert list(line.measure(Measurements())) == pytest.approx([math.exp(loss)], rel=1e-12)


def test_each_loss_is_judged_at_its_own_epoch() -> None:
    late = {"causal": course([6.5, 6.2, 6.0], [6.5, 6.2, 6.0])}
    assert verdicts("3.1", late) == ["fails", "fails", "holds", "holds"]


def test_a_run_that_ended_early_bears_nothing_out() -> None:
    short = {"causal": course([5.2, 4.9], [5.1, 4.8])}
    assert verdicts("3.1", short) == ["holds", "holds", "fails", "holds"]
    assert verdicts("3.4", short)[0] == "fails"


def test_equal_seconds_are_those_of_the_shorter_training() -> None:
    line = find_claim("3.3").lines[1]
    (gap,) = line.measure(Measurements())
    assert gap == pytest.approx(math.exp(5.2) - math.exp(4.8))  # after 320 of 400 seconds
    same = {"masked": course([5.2, 4.9, 4.8, 4.7], [5.0] * 4)}
    (gap,) = line.measure(Measurements(same))
    assert gap == 0
    assert line.judge(line.measure(Measurements(same))) == "fails"


@pytest.mark.parametrize("losses", ["valid", "train"])
def test_one_rise_is_no_steady_fall(losses: str) -> None:
    falling, once_up = [6.0, 5.5, 5.0], [6.0, 5.0, 5.1]
    pair = (once_up, falling) if losses == "valid" else (falling, once_up)
    assert verdicts("3.4", {"masked": course(*pair)})[1] == "fails"
    assert verdicts("3.4", {"masked": course(falling, falling)})[1] == "holds"


def test_a_result_that_is_missing_is_no() -> None:
    lacking = SAVED | {"reopened_difference": None}
    assert verdicts("3.5", {"saved": lacking}) == ["holds", "fails", "holds"]


def test_claims_name_the_runs_of_the_chapter() -> None:
    needs = {need.name: need for need in chapter_needs("language")}
    for claim in CLAIMS:
        assert claim.runs
        assert not claim.sweeps
        assert all(not needs[name].axes for name in claim.runs)
