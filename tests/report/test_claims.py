"""Every claim comes out true, partly true and false when the measurements say so."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epoque.bench.errors import NotRecordedError
from epoque.bench.i18n import LocalText
from epoque.bench.sweeps.aggregate import wilson_interval
from epoque.report.claims.effects import cliffs_delta, paired_differences
from epoque.report.claims.load import claims_of, find_claim
from epoque.report.claims.refutations import PlantedEvidence
from epoque.report.claims.rules import (
    FEW_SEEDS,
    Apart,
    Claim,
    Effect,
    Line,
    Number,
    Share,
    Statement,
    Together,
    Unmeasured,
    central_interval,
    combine_verdicts,
    measure_share,
)
from epoque.report.needs import chapter_names

SEEDS = 200
CLAIMS = claims_of("neuron")
Q, R = LocalText("q", "q"), LocalText("r", "r")
CLAIM_IDS = [claim.id for claim in CLAIMS]

WRONG = {"y_00": -9.0, "y_01": 1.0, "y_10": -1.0, "y_11": 1.0}

# Measurements under which the report is right in everything: sweep, iterations, column, value.
RIGHT: dict[tuple[str, int | None], dict[str, float]] = {
    ("and", 1): {"final_error": 0.9, "w0": 0.0},
    ("and", 200): {"w0": 10.0, "final_error": 0.05},
    ("and", 400): {"final_error": 0.01},
    ("and", 900): {"w0": 14.3},
    ("and", 1000): {
        "w0": 14.4961, "w1": 9.5617, "w2": 9.5555, "y_00": -14.5, "y_01": -4.96, "y_10": -4.96,
        "y_11": 4.62, "converged_at": 30.0, "final_error_max": 0.01,
    },
    ("and-slow", 1): {"final_error": 0.5},
    ("and-slow", 1000): {
        "peak_error": 0.64, "final_error": 0.38, "w0": 2.7, "w1": 1.6, "w2": 1.6
    },
    ("and-fast", 1): {"final_error": 1.0, "w0": 22.0, "w1": 22.0, "w2": 22.0},
    ("and-fast", 9): {"final_error": 0.0, "w0": 22.0, "w1": 22.0, "w2": 22.0},
    ("and-fast", 1000): {"w1": 18.0, "w2": 16.0},
    ("and-short", None): {"final_error": 0.18, "w0": 5.8, "w1": 3.92, "w2": 3.81},
    ("and-rates", 10): WRONG, ("and-rates", 1000): WRONG, ("and-rates", 100000): WRONG,
    ("or", 200): {"final_error": 1e-6},
    ("or", 1000): {
        "w0": 4.92, "w1": 10.77, "w2": 10.77, "y_00": -4.92, "y_01": 5.84, "y_10": 5.84,
        "y_11": 16.62, "converged_at": 5.0, "final_error_max": 0.007,
    },
    ("xor", 900): {"final_error": 0.6},
    ("xor", 1000): {
        "final_error": 0.6, "w0": -0.4, "w1": -0.8, "w2": -0.4,
        "y_00": 0.42, "y_01": 0.0, "y_10": -0.42, "y_11": -0.85,
    },
    ("xor-mlp", 3): {"solved": 1.0}, ("xor-mlp", 10): {"solved": 0.0},
    ("xor-mlp-online", 3): {"solved": 1.0}, ("xor-mlp-online", 10): {"solved": 0.0},
}  # fmt: skip


CERTIFICATE = {
    "ones": [{"x": [0.0, 1.0], "weight": 0.5}, {"x": [1.0, 0.0], "weight": 0.5}],
    "zeros": [{"x": [0.0, 0.0], "weight": 0.5}, {"x": [1.0, 1.0], "weight": 0.5}],
}


class Measurements:
    """Evidence made of numbers: every seed measures the same, unless told otherwise."""

    def __init__(self, changes: Mapping[tuple[str, int | None, str], Any] = {}) -> None:
        self.tables = {
            key: pd.DataFrame({name: np.full(SEEDS, value) for name, value in columns.items()})
            for key, columns in RIGHT.items()
        }
        self.runs: dict[str, dict[str, Any]] = {
            "neuron/xor": {"certificate": CERTIFICATE},
            "neuron/xor-mlp": {"accuracy": 1.0},
        }
        for (sweep, iterations, column), value in changes.items():
            if sweep in self.runs:
                self.runs[sweep][column] = value
            else:
                self.tables[sweep, iterations][column] = value

    def table(self, name: str, **at: Any) -> pd.DataFrame:
        return self.tables[name, at.get("iterations", at.get("learning_rate"))]

    def results(self, recipe: str) -> Mapping[str, Any]:
        return self.runs[recipe]

    def metrics(self, recipe: str) -> pd.DataFrame:
        raise AssertionError(f"no claim of the lab neuron reads the metrics of {recipe}")


def half(first: float, second: float) -> np.ndarray:
    return np.where(np.arange(SEEDS) % 2 == 0, first, second)


Changes = dict[tuple[str, int | None, str], Any]

OTHERS: dict[str, Changes] = {
    "1.3": {("and", 1000, "w0"): 1.55 * 9.5617},
    "1.17": {
        ("neuron/xor", None, "certificate"): {**CERTIFICATE, "ones": [{"x": [0, 0], "weight": 1}]}
    },
    "1.18": {},
    "1.19": {
        ("and-short", None, "w0"): 3.0, ("and-short", None, "w1"): 0.0,
        ("and-short", None, "w2"): 0.0,
    },
    "1.20": {("and", 1000, "w0"): 9.56},
}  # fmt: skip
"""What must be measured for a claim to hold where others contradict it."""

PARTLY: dict[str, Changes] = {
    "1.1": {("and", 400, "final_error"): 0.025},
    "1.4": {("and", 1000, "y_01"): -4.94},
    "1.5": {("and", 1000, "w2"): 9.0},
    "1.6": {("and-slow", 1000, "peak_error"): 0.9},
    "1.7": {("and-fast", 9, "w0"): 27.0},
    "1.8": {("and-short", None, "final_error"): 0.25},
    "1.9": {("or", 1000, "y_11"): 17.0},
    "1.10": {("or", 1000, "converged_at"): half(5, 60)},
    "1.11": {("xor", 1000, "w1"): -0.1},
    "1.12": {("neuron/xor-mlp", None, "accuracy"): 0.75},
    "1.13": {("xor-mlp", 3, "solved"): np.arange(SEEDS) < 20},
    "1.14": {("and-rates", 10, "y_01"): half(-1, 1)},
    "1.15": {("xor-mlp-online", 10, "solved"): 1.0},
    "1.16": {("xor", 1000, "y_10"): half(0, -0.4)},
    "1.17": {},
    "1.18": {},
    "1.19": {
        ("and-short", None, "w0"): half(3, 5.8),
        ("and-short", None, "w1"): half(0, 3.92),
        ("and-short", None, "w2"): half(0, 3.81),
    },
    "1.20": {},
}

FAILS: dict[str, Changes] = {
    "1.1": {("and", 400, "final_error"): 0.95},
    "1.2": {("and", 1000, f"w{i}"): 1.0 for i in range(3)},
    "1.3": {("and", 1000, "w0"): 1.516 * 9.5617},
    "1.4": {("and", 1000, f"y_{p}"): 1.0 for p in ("00", "01", "10", "11")},
    "1.5": {
        ("and", 200, "w0"): 1.0, ("and", 1000, "w1"): 20.0, ("and", 900, "w0"): 15.0,
    },
    "1.6": {
        ("and-slow", 1, "final_error"): 0.9, ("and-slow", 1000, "peak_error"): 0.9,
    },
    "1.7": {
        ("and-fast", 1, "final_error"): 0.2, ("and-fast", 9, "final_error"): 0.2,
        **{("and-fast", at, f"w{i}"): 2.0 for at in (1, 9) for i in range(3)},
        ("and-fast", 1000, "w1"): 2.0,
    },
    "1.8": {
        ("and-short", None, "final_error"): 0.3,
        **{("and-short", None, f"w{i}"): 0.5 for i in range(3)},
    },
    "1.9": {
        ("or", 1000, name): 1.0 for name in ("w0", "w1", "w2", "y_00", "y_01", "y_10", "y_11")
    },
    "1.10": {
        ("or", 200, "final_error"): 0.1, ("or", 1000, "converged_at"): np.nan,
        ("or", 1000, "final_error_max"): 0.02, ("or", 1000, "w1"): 2.0,
    },
    "1.11": {
        ("xor", 1000, "final_error"): 0.05, ("xor", 1000, "w0"): np.nan,
    },
    "1.12": {
        ("neuron/xor", None, "certificate"): None, ("neuron/xor-mlp", None, "accuracy"): 0.75,
        **{("xor", 1000, f"y_{name}"): 0.0 for name in ("00", "01", "10", "11")},
    },
    "1.13": {("xor-mlp", 3, "solved"): 0.0},
    "1.14": {("and-rates", rate, "y_01"): -1.0 for rate in (10, 1000, 100000)},
    "1.15": {("xor-mlp", 10, "solved"): 1.0, ("xor-mlp-online", 3, "solved"): 0.0},
    "1.16": {("xor", 1000, "y_10"): 0.0},
    "1.17": {("xor", 1000, "y_00"): -0.4},
    "1.18": {("xor", 1000, "w1"): 0.0},
    "1.19": {},
    "1.20": {("and", 1000, "w1"): 20.0},
}  # fmt: skip


def test_twenty_claims_in_their_order() -> None:
    assert [f"1.{number}" for number in range(1, 21)] == CLAIM_IDS


@pytest.mark.parametrize("name", [name for name in CLAIM_IDS if name != "1.18"])
def test_a_claim_holds_when_everything_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements(OTHERS.get(name, {}))) == "holds"


LINES = [
    pytest.param(claim.id, line, id=f"{claim.id}-{number}")
    for claim in CLAIMS
    for number, line in enumerate(claim.lines, 1)
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_what_would_refute_a_line_turns_its_verdict(name: str, line: Line) -> None:
    changes = OTHERS.get(name, {})
    if name == "1.18" and line.reported == "0.8":  # the same weight, of the other sign
        changes = {("xor", 1000, "w1"): 0.8}
    evidence = Measurements(changes)
    assert line.judge(line.measure(evidence)) == "holds"
    assert line.refuted_by
    for refutation in line.refuted_by:
        measured = line.measure(PlantedEvidence(evidence, refutation))
        assert line.verdict(measured) == "fails", refutation


@pytest.mark.parametrize(("name", "line"), LINES)
def test_a_number_is_refuted_on_both_sides(name: str, line: Line) -> None:
    evidence = Measurements(OTHERS.get(name, {}))
    numbers = line.numbers if isinstance(line, Together) else [line]
    for number in numbers:
        if isinstance(number, Number):
            least, greatest = number.range()
            measured = [
                number.measure(PlantedEvidence(evidence, r)).median() for r in line.refuted_by
            ]
            assert min(measured) < least
            assert max(measured) > greatest


@pytest.mark.parametrize(("name", "line"), LINES)
def test_a_statement_has_both_bounds(name: str, line: Line) -> None:
    if isinstance(line, Statement):
        assert line.above > -np.inf


@pytest.mark.parametrize("name", PARTLY)
def test_a_claim_of_several_parts_holds_partly(name: str) -> None:
    assert find_claim(name).judge(Measurements(PARTLY[name])) == "partly"


@pytest.mark.parametrize("name", CLAIM_IDS)
def test_a_claim_fails_when_nothing_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements(FAILS[name])) == "fails"


@pytest.mark.parametrize(
    "ones",
    [
        [{"x": [0.0, 1.0], "weight": 1.0}],  # not the zeros' mean
        [{"x": [0.5, 0.5], "weight": 1.0}],  # no pattern of class 1
        [{"x": [0.0, 1.0], "weight": 2.0}, {"x": [1.0, 0.0], "weight": 2.0}],
        [{"x": [0.0, 1.0], "weight": -0.5}, {"x": [1.0, 0.0], "weight": 1.5}],
    ],
)
def test_a_wrong_certificate_proves_nothing(ones: Any) -> None:
    evidence = Measurements({("neuron/xor", None, "certificate"): {**CERTIFICATE, "ones": ones}})
    proof, *_ = find_claim("1.12").lines
    assert proof.judge(proof.measure(evidence)) == "fails"


def test_only_a_claim_of_one_line_about_one_run_cannot_hold_partly() -> None:
    for name in set(CLAIM_IDS) - set(PARTLY):
        (line,) = find_claim(name).lines
        assert isinstance(line, Number | Together)


def measured_by(values: Any) -> Callable[[Any], Any]:
    return lambda evidence: values


@pytest.mark.parametrize(
    ("reported", "about", "low", "high"),
    [
        ("0.01", False, 0.005, 0.015),
        ("0.01", True, 0.0, 0.02),
        ("1.0", False, 0.95, 1.05),
        ("-0.4", False, -0.45, -0.35),
        ("18", True, 17, 19),
        ("20 to 25", False, 19.5, 25.5),
    ],
)
def test_a_number_stands_for_what_rounds_to_it(
    reported: str, about: bool, low: float, high: float
) -> None:
    number = Number(quantity=Q, reported=reported, about=about, measure=measured_by(None))
    assert number.range() == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (np.linspace(0.4, 0.9, 100), "holds"),  # one seed could have shown it
        (np.full(100, 0.6449), "holds"),
        (np.full(100, 0.6451), "fails"),
        (np.r_[np.full(98, 0.9), 0.64, 0.64], "fails"),  # but not from the outermost 5 %
    ],
)
def test_a_number_holds_if_the_central_seeds_meet_it(values: Any, verdict: str) -> None:
    assert Number(quantity=Q, reported="0.64", measure=measured_by(None)).judge(values) == verdict


@pytest.mark.parametrize(
    ("true", "verdict"),
    [(100, "holds"), (97, "holds"), (94, "partly"), (5, "partly"), (3, "fails"), (0, "fails")],
)
def test_a_statement_is_counted_over_the_seeds(true: int, verdict: str) -> None:
    values = pd.Series(np.r_[np.ones(true), np.full(100 - true, np.nan)])
    told = Statement(quantity=Q, reported=R, above=0, measure=measured_by(None))
    assert told.true_for(values) == true
    assert told.judge(values) == verdict


@pytest.mark.parametrize(("wins", "verdict"), [(80, "holds"), (55, "partly"), (20, "fails")])
def test_a_share_counts_with_its_whole_interval(wins: int, verdict: str) -> None:
    share = Share(quantity=Q, reported=R, above=0.5, measure=measured_by(None))
    assert share.judge(pd.Series(np.arange(100) < wins)) == verdict


def test_wilson_interval_against_scipy() -> None:
    from scipy.stats import binomtest

    for wins, trials in ((0, 10), (3, 10), (10, 10), (931, 1000)):
        share, low, high = wilson_interval(wins, trials)
        expected = binomtest(wins, trials).proportion_ci(method="wilson")
        assert share == wins / trials
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-7)


def test_central_leaves_undefined_numbers_out() -> None:
    middle, low, high = central_interval([*range(1001), float("nan")])
    assert (middle, low, high) == (500, 25, 975)
    assert all(np.isnan(central_interval([float("nan")])))


def test_verdicts_add_up() -> None:
    assert combine_verdicts(["holds", "holds"]) == "holds"
    assert combine_verdicts(["fails", "fails"]) == "fails"
    assert combine_verdicts(["holds", "fails"]) == "partly"
    assert combine_verdicts(["partly"]) == "partly"
    assert combine_verdicts(["unmeasured"]) == "unmeasured"
    assert combine_verdicts(["holds", "unmeasured"]) == "partly"
    assert combine_verdicts(["fails", "unmeasured"]) == "fails"


def test_claims_name_their_evidence() -> None:
    from epoque.report.needs import chapter_needs

    needs = {need.name: need for need in chapter_needs("neuron")}
    claim: Claim
    for claim in CLAIMS:
        assert claim.runs
        for name in claim.runs:
            assert not needs[name].axes
        for name in claim.sweeps:
            assert needs[name].axes


NONE = pd.Series([np.nan] * 3)


@pytest.mark.parametrize(
    ("line", "measured"),
    [
        (Number(quantity=Q, reported="0.64", measure=measured_by(None)), NONE),
        (Number(quantity=Q, reported="0.64", measure=measured_by(None)), []),
        (Share(quantity=Q, reported=R, above=0.5, measure=measured_by(None)), NONE),
        (Effect(quantity=Q, reported=R, measure=measured_by(None)), NONE),
        (
            Apart(quantity=Q, reported=R, measure=measured_by(None)),
            ((np.nan,) * 3, (1.0, 0.5, 1.5), 20),
        ),
    ],
)
def test_what_no_seed_measured_has_no_verdict(line: Line, measured: Any) -> None:
    assert line.judge(measured) == "unmeasured"


def test_seeds_without_a_number_count_against_the_claim() -> None:
    gone = [np.nan] * 80
    share = Share(quantity=Q, reported=R, above=0.5, measure=measured_by(None))
    assert measure_share(pd.Series([1.0] * 20 + gone))[1] == 100
    assert share.judge(pd.Series([1.0] * 20 + gone)) == "fails"
    effect = Effect(quantity=Q, reported=R, measure=measured_by(None))
    assert effect.judge(pd.Series([1.0] * 20 + gone)) == "fails"
    number = Number(quantity=Q, reported="0.64", measure=measured_by(None))
    assert number.judge(pd.Series([0.64] * 2 + gone)) == "fails"
    assert number.judge(pd.Series([0.64] * 2)) == "holds"


@pytest.mark.parametrize(("true", "verdict"), [(3, "holds"), (1, "partly"), (0, "fails")])
def test_a_statement_on_a_few_runs_is_about_those_alone(true: int, verdict: str) -> None:
    line = Statement(quantity=Q, reported=R, above=0, measure=measured_by(None))
    assert line.judge(pd.Series([1.0] * true + [-1.0] * (3 - true))) == verdict


def test_all_of_few_seeds_are_not_nearly_all() -> None:
    assert wilson_interval(FEW_SEEDS, FEW_SEEDS)[1] > 0.9 > wilson_interval(34, 34)[1]


def test_where_a_number_lies_among_ours() -> None:
    number = Number(quantity=Q, reported="0.64", about=True, measure=measured_by(None))
    values = pd.Series([0.6] * 2 + [0.64] * 3 + [0.9] * 5)
    assert number.position(values) == (0.2, 0.3, 0.5)


def test_numbers_of_one_run_hold_together_if_a_run_shows_them() -> None:
    numbers = tuple(
        Number(quantity=Q, reported=text, measure=measured_by(None)) for text in ("0.6", "0.4")
    )
    line = Together(quantity=Q, numbers=numbers, measure=measured_by(None))
    apart = [pd.Series([0.6, 0.9]), pd.Series([0.9, 0.4])]
    assert line.count_runs(apart) == (0, 2)
    assert line.judge(apart) == "fails"  # though each is shown by one of them
    assert line.judge([pd.Series([0.6, 0.9]), pd.Series([0.4, 0.1])]) == "holds"
    assert line.judge([NONE, NONE]) == "unmeasured"
    assert line.reported == "0.6 · 0.4"


def test_what_was_never_recorded_is_not_measured() -> None:
    def raise_error(evidence: Any) -> Any:
        raise NotRecordedError("lab/large was never run; `epoque run lab/large` runs it.")

    line = Number(quantity=Q, reported="0.64", measure=raise_error)
    said = Unmeasured(quantity=Q, reported=R, reason=R)
    assert line.verdict(line.find_measured(Measurements())) == "unmeasured"
    assert said.verdict(said.find_measured(Measurements())) == "unmeasured"
    claim = Claim(id="9.1", statement=Q, lines=(line, said))
    assert claim.judge(Measurements()) == "unmeasured"


def test_missing_differences_are_left_out_of_delta() -> None:
    first = pd.Series([2.0, np.nan, np.inf, np.inf, 1.0])
    second = pd.Series([1.0, 1.0, np.inf, 1.0, np.nan])
    found = paired_differences(first, second)
    assert found.dropna().tolist() == [1.0, 0.0, np.inf]
    assert cliffs_delta(found)[0] == pytest.approx(2 / 3)
    assert all(map(np.isnan, cliffs_delta(NONE)))


def test_a_share_of_nothing_is_undefined() -> None:
    assert all(map(np.isnan, wilson_interval(0, 0)))
    share, low, high = wilson_interval(pd.Series([0, 3]), pd.Series([0, 4]))
    assert np.isnan(share[0])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert share[1] == 0.75


SEED_NAMES = ("1024",)  # a seed is a name and no count


def test_both_languages_write_the_same_numbers_by_one_rule() -> None:
    claims = [claim for lab in chapter_names() for claim in claims_of(lab)]
    lines = [line for claim in claims for line in claim.lines]
    texts = [claim.statement for claim in claims]
    texts += [text for line in lines for text in vars(line).values() if isinstance(text, LocalText)]
    for text in texts:
        english = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text.translate("en"))
        french = re.findall("\\d+(?:\u202f\\d{3})*(?:,\\d+)?", text.translate("fr"))
        plain = sorted(number.replace(",", "") for number in english)
        assert plain == sorted(n.replace("\u202f", "").replace(",", ".") for n in french), text
        counts = [number.partition(".")[0] for number in english if number not in SEED_NAMES]
        assert not any(re.search(r"\d{4}", count) for count in counts), text
