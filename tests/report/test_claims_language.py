"""The claims on transformers: judged on the report's own networks or not at all."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from epoque.bench.errors import NotRecordedError
from epoque.report.claims.load import claims_of, find_claim
from epoque.report.claims.refutations import PlantedEvidence
from epoque.report.claims.rules import Claim, Number, Statement, Unmeasured
from epoque.report.needs import chapter_needs

CLAIMS = claims_of("language")
RUNS = ("language/laptop-clm", "language/laptop-mlm", "language/tiny-clm", "language/tiny-mlm")
SMALL_CAUSAL = RUNS[0]
CAUSAL, MASKED, SHARES = "language-report-causal", "language-report-masked", "language-shares"
IDS = ["3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"]
FILES = ["README.md", "config.json", "epoque.json", "model.safetensors", "tokenizer.json"]
FILES += ["tokenizer_config.json"]
SAVED = {"saved_files": FILES, "reopened_difference": 1e-5, "reopened_tokens": True}
SEEDS = pd.Index([0, 1, 2], name="seed")

REPORTED: Mapping[str, Mapping[str, float]] = {
    CAUSAL: {
        "valid_loss_epoch_1": 6.4267,
        "valid_loss_epoch_2": 6.1563,
        "valid_loss_epoch_3": 6.0690,
        "perplexity": 432.24,
        "bigram_perplexity": 300.0,
    },
    MASKED: {
        "valid_loss_epoch_1": 7.0567,
        "valid_loss_epoch_2": 6.8947,
        "valid_loss_epoch_3": 6.8789,
        "perplexity": 963.88,
        "unigram_perplexity": 970.0,
    },
}
COUNTS = {"train_lines": 37000, "valid_lines": 3700, "train_blocks": 37000, "valid_blocks": 3700}


class Measurements:
    """Evidence under which the report is right in everything, with some changes.

    Changes name a sweep or run and what it measured; None stands for one that was never recorded.
    """

    def __init__(self, changes: Mapping[str, Mapping[str, Any] | None] = {}) -> None:
        told: dict[str, dict[str, Any]] = {name: dict(of) for name, of in REPORTED.items()}
        told |= {name: dict(SAVED) for name in RUNS}
        told[SHARES] = {"loss": {0.25: 5.2, 0.5: 4.9, 1: 4.7}}
        told["wikitext-counts"] = dict(COUNTS)
        self.missing = {name for name, of in changes.items() if of is None}
        self.told = {name: told[name] | dict(changes.get(name) or {}) for name in told}
        self.falling = [4.9, 4.7, 4.6]

    def table(self, name: str, **at: Any) -> pd.DataFrame:
        if name in self.missing:
            raise NotRecordedError(f"{name} was never run.")
        told = dict(self.told[name])
        if name == SHARES:
            told["final_valid_loss"] = told.pop("loss")[at["train_share"]]
            return pd.DataFrame(told, index=SEEDS[:1])
        return pd.DataFrame(told, index=SEEDS)

    def results(self, recipe: str) -> Mapping[str, Any]:
        return self.told[recipe]

    def metrics(self, recipe: str) -> pd.DataFrame:
        assert recipe == SMALL_CAUSAL
        return pd.DataFrame({"epoch": [1.0, 2.0, 3.0], "valid_loss": self.falling})


def verdicts(name: str, changes: Mapping[str, Mapping[str, Any] | None] = {}) -> list[str]:
    evidence = Measurements(changes)
    return [line.verdict(line.find_measured(evidence)) for line in find_claim(name).lines]


def test_the_claims_stand_in_their_order() -> None:
    assert [claim.id for claim in CLAIMS] == IDS


@pytest.mark.parametrize("name", ["3.1", "3.2", "3.3", "3.4", "3.5", "3.7"])
def test_a_claim_holds_when_everything_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements()) == "holds"


# The report's own networks


@pytest.mark.parametrize(("name", "sweep"), [("3.1", CAUSAL), ("3.2", MASKED)])
def test_without_the_report_s_networks_its_losses_are_not_measured(name: str, sweep: str) -> None:
    """Nothing else stands in for them: not even the small models, which end far lower."""
    assert find_claim(name).judge(Measurements({sweep: None})) == "unmeasured"
    assert not find_claim(name).runs
    assert find_claim(name).sweeps == (sweep,)


@pytest.mark.parametrize("sweep", [CAUSAL, MASKED])
def test_one_of_the_two_networks_compares_nothing(sweep: str) -> None:
    assert find_claim("3.3").judge(Measurements({sweep: None})) == "unmeasured"


def test_what_is_compared_is_the_report_s_configuration() -> None:
    needs = {need.name: need for need in chapter_needs("language")}
    for sweep, parameters in ((CAUSAL, 124e6), (MASKED, 108e6)):
        need, config = needs[sweep], needs[sweep].config()
        assert (need.recorded, need.optional) == (True, True)
        assert need.axes == {"seed": "0:3"}
        told: Any = config
        assert (told.optimizer, told.learning_rate, told.epochs) == ("adamw", 2e-5, 3)
        assert (told.vocabulary, told.block_size) == (25_000, 128)
        assert told.corpus == "Salesforce/wikitext:wikitext-2-raw-v1"
        assert told.parameter_count == pytest.approx(parameters, rel=0.05)


@pytest.mark.parametrize(("name", "sweep"), [("3.1", CAUSAL), ("3.2", MASKED)])
@pytest.mark.parametrize("off", [-0.11, 0.11])
def test_a_loss_is_missed_on_either_side(name: str, sweep: str, off: float) -> None:
    """A loss that is lower than reported is another one, too."""
    losses = {
        f"valid_loss_epoch_{n}": REPORTED[sweep][f"valid_loss_epoch_{n}"] + off for n in (1, 2, 3)
    }
    changes = losses | {"perplexity": REPORTED[sweep]["perplexity"] * math.exp(off)}
    assert verdicts(name, {sweep: changes}) == ["fails"] * 4
    near = {key: REPORTED[sweep][key] + 0.8 * off for key in losses}
    assert verdicts(name, {sweep: near}) == ["holds"] * 4


def test_each_seed_has_to_be_near() -> None:
    losses = pd.Series([6.0690, 6.0690, 6.3], SEEDS)
    assert verdicts("3.1", {CAUSAL: {"valid_loss_epoch_3": losses}})[2] == "partly"


def test_each_loss_is_judged_at_its_own_epoch() -> None:
    assert verdicts("3.1", {CAUSAL: {"valid_loss_epoch_2": 6.6}}) == [
        "holds",
        "fails",
        "holds",
        "holds",
    ]


def test_a_loss_without_a_number_counts_against_the_claim() -> None:
    assert verdicts("3.1", {CAUSAL: {"valid_loss_epoch_1": None}})[0] == "fails"


# What is said of the small model and of numbers


def test_what_is_measured_of_the_small_model_alone_bears_the_rest_out_partly() -> None:
    none: dict[str, Any] = {CAUSAL: None, MASKED: None}
    assert verdicts("3.4", none) == ["unmeasured"] * 3 + ["holds"] * 3
    assert find_claim("3.4").judge(Measurements(none)) == "partly"
    assert find_claim("3.4").judge(Measurements(none | {SHARES: None})) == "partly"


def test_more_text_is_asked_of_each_doubling() -> None:
    one = {SHARES: {"loss": {0.25: 5.2, 0.5: 4.6, 1: 4.7}}}
    assert verdicts("3.4", one)[4:] == ["holds", "fails"]


@pytest.mark.parametrize(("line", "loss"), [(0, 6.0690), (1, 6.8789)])
def test_a_perplexity_is_computed_again(line: int, loss: float) -> None:
    number = find_claim("3.6").lines[line]
    assert isinstance(number, Number)
    assert list(number.measure(Measurements())) == pytest.approx([math.exp(loss)], rel=1e-12)


def test_the_masked_perplexity_is_not_that_of_its_loss() -> None:
    """The report contradicts itself there, whatever our runs measure."""
    assert verdicts("3.6") == ["holds", "fails"]


def test_lines_are_no_examples() -> None:
    counts = {
        "train_lines": 36718,
        "valid_lines": 3760,
        "train_blocks": 17233,
        "valid_blocks": 1779,
    }
    assert verdicts("3.7", {"wikitext-counts": counts}) == ["holds", "fails", "fails", "fails"]


def test_a_result_that_is_missing_is_no() -> None:
    lacking = {"language/tiny-clm": {"reopened_difference": None}}
    assert verdicts("3.5", lacking) == ["holds", "fails", "holds"]


# What would refute a line


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id != "3.6"], ids=lambda c: c.id)
def test_each_line_has_what_would_refute_it(claim: Claim) -> None:
    """A planted case turns the verdict of its line; of 3.6 everything stands in the report."""
    for line in claim.lines:
        assert not isinstance(line, Unmeasured)
        assert line.verdict(line.find_measured(Measurements())) == "holds"
        assert line.refuted_by
        for case in line.refuted_by:
            planted = PlantedEvidence(Measurements(), case)
            assert line.verdict(line.find_measured(planted)) == "fails", case


def test_statements_of_single_runs_are_bounded_on_the_side_that_matters() -> None:
    for claim in CLAIMS:
        for line in claim.lines:
            if isinstance(line, Statement):
                assert math.isfinite(line.above) or math.isfinite(line.below)


def test_claims_name_what_the_chapter_reads() -> None:
    needs = {need.name: need for need in chapter_needs("language")}
    for claim in CLAIMS:
        assert all(not needs[name].axes for name in claim.runs)
        assert all(needs[name].axes for name in claim.sweeps)
