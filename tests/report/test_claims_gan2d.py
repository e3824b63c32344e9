"""The claims of the lab gan2d: effects, their intervals, and verdicts on tables made by hand."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from epoque.bench.i18n import LocalText
from epoque.bench.sweeps.aggregate import median_confidence_interval
from epoque.bench.sweeps.grid import count_points, parse_axes, to_cells
from epoque.report.claims.effects import cliffs_delta, paired_differences
from epoque.report.claims.load import claims_of, find_claim
from epoque.report.claims.refutations import PlantedEvidence
from epoque.report.claims.rules import NEGLIGIBLE, Effect, Line, Statement
from epoque.report.needs import chapter_needs, find_needs, recorded_folder

SEEDS = 64
CLAIMS = claims_of("gan2d")
NEEDS = {need.name: need for need in chapter_needs("gan2d")}
Q, R = LocalText("q", "q"), LocalText("r", "r")
IDS = ["2.1", "2.2", "2.3", "2.4", "2.5", "2.11", "2.12", "2.13", "2.14"]
INF, NAN = np.inf, np.nan
STRONG = {"discriminator.layers": "32,32,32", "d_steps": 10}
LARGE = {"discriminator.layers": "32,32,32", "d_steps": 3}
OFTEN = {"discriminator.layers": "9,9,9", "d_steps": 10}
USUAL = {"discriminator.layers": "9,9,9", "d_steps": 3}

# Measurements under which the report is right in everything: sweep, setting, columns.
RIGHT: list[tuple[str, dict[str, Any], dict[str, float]]] = [
    ("gan2d-noise-dims", {"noise_dims": 1}, {"final_intrinsic_dimension": 1.02}),
    ("gan2d-noise-dims", {"noise_dims": 2}, {"final_intrinsic_dimension": 1.9}),
    ("gan2d-noise-dims-uniform", {"noise_dims": 1}, {"final_intrinsic_dimension": 0.9}),
    ("gan2d-noise-dims-uniform", {"noise_dims": 2}, {"final_intrinsic_dimension": 1.8}),
    ("gan2d-noise", {"data": "gaussians", "noise": "uniform"},
     {"first_noise_central": 0.13, "first_central": 0.2, "first_spread": 0.4}),
    ("gan2d-noise", {"data": "gaussians", "noise": "gaussian"},
     {"first_noise_central": 0.19, "first_central": 0.3, "first_spread": 0.3}),
    ("gan2d-generator", {"generator.layers": "2"},
     {"final_coverage": 0.3, "final_precision": 0.2, "converged_at": NAN, "swing_js": 0.1,
      "diverged": 0}),
    ("gan2d-generator", {"generator.layers": "10,10"},
     {"final_coverage": 0.9, "final_precision": 0.9, "converged_at": 1000, "swing_js": 0.02,
      "diverged": 0}),
    ("gan2d-generator", {"generator.layers": "64,64,64,64"},
     {"final_coverage": 0.9, "final_precision": 0.9, "converged_at": NAN, "swing_js": 0.08,
      "diverged": 0}),
    ("gan2d-capacity", {"generator.layers": "8,8", "discriminator.layers": "2,2"},
     {"late_accuracy_real": 0.5, "late_accuracy_fake": 0.5, "late_js": 0.8}),
    ("gan2d-capacity", {"generator.layers": "8,8", "discriminator.layers": "8,8"},
     {"late_accuracy_real": 0.6, "late_accuracy_fake": 0.7, "late_js": 0.2}),
    ("gan2d-gradients", STRONG | {"loss": "log"}, {"late_grad_norm_g": 0.0, "collapsed": 1}),
    ("gan2d-gradients", LARGE | {"loss": "log"}, {"late_grad_norm_g": 0.0, "collapsed": 1}),
    ("gan2d-gradients", OFTEN | {"loss": "log"}, {"late_grad_norm_g": 0.0, "collapsed": 1}),
    ("gan2d-gradients", USUAL | {"loss": "log"}, {"late_grad_norm_g": 0.5, "collapsed": 0}),
    ("gan2d-gradients", LARGE | {"loss": "minimax"}, {"late_grad_norm_g": 0.01}),
    ("gan2d-gradients", OFTEN | {"loss": "minimax"}, {"late_grad_norm_g": 0.01}),
    ("gan2d-gradients", USUAL | {"loss": "minimax"}, {"late_grad_norm_g": 0.5}),
    ("gan2d-d-steps", {"d_steps": 1}, {"swing_js": 0.1, "final_js": 0.5, "best_js": 0.2}),
    ("gan2d-d-steps", {"d_steps": 5}, {"swing_js": 0.02, "final_js": 0.3, "best_js": 0.25}),
    ("gan2d-d-steps", {"d_steps": 3},
     {"final_loss_d": 0.8, "final_loss_g": 0.4, "final_accuracy_real": 0.8,
      "final_accuracy_fake": 0.4}),
]  # fmt: skip
Key = tuple[str, frozenset[Any]]


class Measurements:
    """Evidence made of numbers: every seed measures the same, unless told otherwise."""

    runs: Mapping[str, Mapping[str, Any]] = {"gan2d/ganlab-ring": {"answers_per_point": 5}}

    def __init__(self, changes: Mapping[tuple[str, str], Mapping[str, Any]] = {}) -> None:
        self.tables: dict[Key, pd.DataFrame] = {}
        for sweep, where, columns in RIGHT:
            known = {**columns, **self.changed(changes, sweep, where)}
            filled = {name: np.broadcast_to(value, SEEDS) for name, value in known.items()}
            self.tables[sweep, frozenset(where.items())] = pd.DataFrame(filled)

    @staticmethod
    def changed(
        changes: Mapping[tuple[str, str], Mapping[str, Any]], sweep: str, where: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the changes at a setting; "" stands for all settings of the sweep."""
        values = {str(value) for value in where.values()}
        found: dict[str, Any] = {}
        for (name, value), columns in changes.items():
            if name == sweep and (not value or value in values):
                found |= columns
        return found

    def table(self, name: str, **at: Any) -> pd.DataFrame:
        return self.tables[name, frozenset(at.items())]

    def results(self, recipe: str) -> Mapping[str, Any]:
        return self.runs[recipe]

    def metrics(self, recipe: str) -> pd.DataFrame:
        raise AssertionError(f"no claim of the lab gan2d reads the metrics of {recipe}")


def half(first: float, second: float) -> NDArray[np.float64]:
    return np.where(np.arange(SEEDS) % 2 == 0, first, second)


Changes = Mapping[tuple[str, str], Mapping[str, Any]]

OTHERS: dict[str, Changes] = {"2.13": {("gan2d-d-steps", "3"): {"final_loss_g": -0.8}}}
"""What must be measured for a claim to hold where others contradict it."""

PARTLY: dict[str, Changes] = {
    "2.1": {("gan2d-noise-dims", "2"): {"final_intrinsic_dimension": 1.0}},
    "2.2": {("gan2d-noise", ""): {"first_spread": 0.3}},
    "2.3": {("gan2d-generator", "64,64,64,64"): {"converged_at": 1000, "swing_js": 0.01}},
    "2.4": {("gan2d-gradients", "32,32,32"): {"late_grad_norm_g": 0.5, "collapsed": 0}},
    "2.5": {("gan2d-d-steps", "1"): {"final_js": 0.21}},
    "2.11": {("gan2d-d-steps", "3"): {"final_loss_d": 1.3}},
    "2.14": {("gan2d-noise-dims", "1"): {"final_intrinsic_dimension": 0.9}},
}
FAILS: dict[str, Changes] = {
    "2.1": {("gan2d-noise-dims", ""): {"final_intrinsic_dimension": 1.8}},
    "2.2": {
        ("gan2d-noise", ""): {"first_noise_central": 0.1, "first_central": 0.1, "first_spread": 1}
    },
    "2.3": {
        ("gan2d-generator", ""): {
            "final_coverage": 0.9, "final_precision": 0.9, "converged_at": NAN, "swing_js": 0.1,
        }
    },
    "2.4": {
        ("gan2d-capacity", ""): {"late_accuracy_real": 0.5, "late_js": 0.2},
        ("gan2d-capacity", "2,2"): {"late_accuracy_fake": 0.9},
        ("gan2d-gradients", ""): {"late_grad_norm_g": 0.5, "collapsed": 0},
    },
    "2.5": {("gan2d-d-steps", ""): {"swing_js": 0.01, "final_js": 0.3, "best_js": 0.3}},
    "2.11": {("gan2d-d-steps", "3"): {"final_loss_d": 1.3, "final_loss_g": 0.8}},
    "2.13": {},
    "2.14": {
        ("gan2d-noise-dims", ""): {"final_intrinsic_dimension": 1.0},
        ("gan2d-noise-dims-uniform", ""): {"final_intrinsic_dimension": 1.0},
    },
}  # fmt: skip


def test_claims_in_their_order() -> None:
    assert [claim.id for claim in CLAIMS] == IDS


@pytest.mark.parametrize("name", IDS)
def test_a_claim_holds_when_everything_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements(OTHERS.get(name, {}))) == "holds"


@pytest.mark.parametrize("name", PARTLY)
def test_a_claim_of_several_parts_holds_partly(name: str) -> None:
    assert find_claim(name).judge(Measurements(PARTLY[name])) == "partly"


@pytest.mark.parametrize("name", FAILS)
def test_a_claim_fails_when_nothing_is_as_reported(name: str) -> None:
    assert find_claim(name).judge(Measurements(FAILS[name])) == "fails"


LINES = [
    pytest.param(claim.id, line, id=f"{claim.id}-{number}")
    for claim in CLAIMS
    for number, line in enumerate(claim.lines, 1)
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_what_would_refute_a_line_turns_its_verdict(name: str, line: Line) -> None:
    evidence = Measurements(OTHERS.get(name, {}))
    assert line.judge(line.measure(evidence)) == "holds"
    assert line.refuted_by
    for refutation in line.refuted_by:
        measured = line.measure(PlantedEvidence(evidence, refutation))
        assert line.verdict(measured) in ("fails", "unmeasured"), refutation


@pytest.mark.parametrize(("name", "line"), LINES)
def test_a_statement_is_bounded_on_both_sides(name: str, line: Line) -> None:
    if isinstance(line, Statement):
        assert np.isfinite([line.above, line.below]).all()


def test_a_point_is_no_curve() -> None:
    """As measured: 60 of 64 generators draw a curve, and four have fallen into a point."""
    curve = find_claim("2.1").lines[0]
    dimension = pd.Series(np.r_[np.full(60, 1.02), np.zeros(4)])
    assert curve.true_for(dimension) == 60
    assert curve.judge(dimension) == "partly"


GRADIENTS = {
    ("9,9,9", 3): (4, 0, 1.16),
    ("9,9,9", 10): (21, 0, 0.077),
    ("32,32,32", 3): (0, 1, 4.36),
    ("32,32,32", 10): (6, 32, 3.17),
}
"""Discriminator and its steps to how many of 64 runs have no gradient, how many have collapsed,
and the median gradient, under the non-saturating loss: counted apart from the rules."""


@pytest.mark.parametrize("setting", GRADIENTS)
def test_steps_starve_and_size_does_not(setting: tuple[str, int]) -> None:
    folder = recorded_folder("gan2d")
    assert folder
    need = NEEDS["gan2d-gradients"]
    table = find_needs(folder, [need])[need.name].rows(
        {"discriminator.layers": setting[0], "d_steps": setting[1], "loss": "log"}
    )
    starved, collapsed, median = GRADIENTS[setting]
    gradient = table["late_grad_norm_g"]
    assert (gradient < 0.01).sum() == starved
    assert table["collapsed"].sum() == collapsed
    assert gradient.median() == pytest.approx(median, abs=0.006)


def test_an_effect_in_half_of_the_seeds_is_none() -> None:
    coin = {"swing_js": half(0.0, 0.2), "final_js": half(0.0, 1.0), "best_js": 0.0}
    even = Measurements(
        {
            ("gan2d-d-steps", "1"): coin,
            ("gan2d-d-steps", "5"): {"swing_js": 0.1, "final_js": 0.5, "best_js": 0.0},
        }
    )
    verdicts = [line.judge(line.measure(even)) for line in find_claim("2.5").lines]
    assert verdicts == ["partly", "partly"]


def test_a_diverged_run_counts_against_the_claim() -> None:
    gone = {"swing_js": half(NAN, 0.1), "final_js": half(NAN, 0.5), "best_js": 0.2}
    evidence = Measurements({("gan2d-d-steps", "1"): gone})
    for line in find_claim("2.5").lines:
        measured = line.measure(evidence)
        assert (Effect.count_missing(measured) == -INF).sum() == SEEDS / 2
        assert line.judge(measured) == "partly"


def test_what_never_came_is_late_and_what_diverged_is_missing() -> None:
    late = find_claim("2.3").lines[2]
    changes = {"converged_at": NAN, "diverged": half(0, 1)}
    measured = late.measure(Measurements({("gan2d-generator", "64,64,64,64"): changes}))
    np.testing.assert_array_equal(measured, half(INF, NAN))


def test_a_generator_without_gradient_is_starved_and_one_that_learns_is_not() -> None:
    starved = find_claim("2.4").lines[2]
    still = {"late_grad_norm_g": half(0.0, 0.5)}
    measured = starved.measure(Measurements({("gan2d-gradients", "10"): still}))
    np.testing.assert_array_equal(measured, half(1.0, 0.0))


# Effects


@pytest.mark.parametrize("n", [6, 7, 9, 20, 64, 101])
def test_the_median_difference_against_scipy(n: int) -> None:
    values = pd.Series(np.random.default_rng(n).standard_t(2, n))
    wanted = stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    middle, low, high = median_confidence_interval(values)
    assert (low, high) == (wanted.low, wanted.high)
    assert middle == np.median(values)


def test_a_few_seeds_bound_nothing() -> None:
    assert median_confidence_interval(pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])) == (3.0, -INF, INF)


def test_an_infinite_difference_has_its_place_in_the_order() -> None:
    middle, low, high = median_confidence_interval(pd.Series([*range(60), *[INF] * 4]))
    assert np.isfinite([middle, low, high]).all()
    assert median_confidence_interval(pd.Series([INF] * 64)) == (INF, INF, INF)


@pytest.mark.parametrize("shares", [(0.9, 0.05), (0.5, 0.2), (0.4, 0.4), (0.1, 0.0), (1.0, 0.0)])
def test_cliffs_interval_covers_the_truth(shares: tuple[float, float]) -> None:
    rng = np.random.default_rng(3)
    counts = rng.multinomial(SEEDS, [*shares, 1 - sum(shares)], size=1500)
    held = 0
    for wins, losses, ties in counts:
        _, low, high = cliffs_delta(pd.Series(np.repeat([2.0, -3.0, 0.0], [wins, losses, ties])))
        held += low <= shares[0] - shares[1] <= high
    assert held / len(counts) > 0.93


def test_cliffs_delta_is_the_share_above_less_the_share_below() -> None:
    delta, low, high = cliffs_delta(pd.Series([1.0, INF, 0.1, -5.0, 0.0]))
    assert delta == pytest.approx(2 / 5)
    assert -1 <= low < delta < high <= 1
    opposite = cliffs_delta(pd.Series([-1.0, -INF, -0.1, 5.0, 0.0]))
    assert opposite == pytest.approx((-delta, -high, -low))


def test_mcnemars_table_of_agresti_and_min() -> None:
    # Two of 30 pairs go one way, 10 the other: adjusted (10.5 − 2.5) / 32 ± 1.96 · s.
    _, low, high = cliffs_delta(pd.Series([*[1.0] * 10, *[-1.0] * 2, *[0.0] * 18]))
    middle, error = 8 / 32, ((13 - 64 / 32) / 32**2) ** 0.5
    assert (low, high) == pytest.approx((middle - 1.959964 * error, middle + 1.959964 * error))


def test_differences_are_paired_by_the_seed() -> None:
    first = pd.Series([1.0, 2.0, INF, NAN, 5.0], index=[3, 1, 2, 0, 9])
    second = pd.Series([10.0, 20.0, INF, 40.0], index=[0, 1, 2, 3])
    found = paired_differences(first, second)
    assert found.dropna().to_dict() == {1: -18.0, 2: 0.0, 3: -39.0}
    assert np.isnan(found[0])  # one of the two was not measured


def measured_by(values: Any) -> Callable[[Any], Any]:
    return lambda evidence: values


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"),
    [
        (64, 0, "holds"), (32, 8, "holds"), (24, 8, "partly"), (32, 32, "partly"),
        (10, 30, "fails"), (0, 0, "fails"), (0, 64, "fails"),
    ],
)  # fmt: skip
def test_an_effect_counts_with_its_whole_interval(wins: int, losses: int, verdict: str) -> None:
    values = pd.Series(np.repeat([1.0, -1.0, 0.0], [wins, losses, SEEDS - wins - losses]))
    effect = Effect(quantity=Q, reported=R, measure=measured_by(values))
    assert effect.judge(values) == verdict
    _, low, high = cliffs_delta(values)
    assert {"holds": low > NEGLIGIBLE, "fails": high < NEGLIGIBLE}.get(
        verdict, low <= NEGLIGIBLE <= high
    )


def test_an_effect_is_written_with_both_intervals() -> None:
    from epoque.report.claims.tables import _WRITERS

    values = pd.Series(np.linspace(0.1, 0.3, SEEDS))
    line = Effect(quantity=Q, reported=R, measure=measured_by(values))
    _, show = _WRITERS[Effect]
    english, seeds = show(line, values, "en")
    french, _ = show(line, values, "fr")
    assert english == "0.200 [0.173, 0.227] · δ = 1.00 [0.92, 1.00]".replace(
        " [", "\u00a0["
    ).replace(", ", ",\u00a0")
    assert "0,200" in french
    assert seeds == "64"


# The chapter's declaration


@pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if need.axes])
def test_a_studys_axes_can_be_swept(name: str) -> None:
    need = NEEDS[name]
    axes = parse_axes(need.config(), [f"{field}={text}" for field, text in need.axes.items()])
    assert len(next(axis for axis in axes if axis.field == "seed").values) >= 64
    assert count_points(axes) <= 10_000
    assert axes[-1].field == "seed"  # the runs that one chunk holds differ in nothing else


def test_every_setting_of_a_claim_was_swept() -> None:
    for sweep, where, _ in RIGHT:
        need = NEEDS[sweep]
        axes = parse_axes(need.config(), [f"{field}={text}" for field, text in need.axes.items()])
        known = {axis.field: to_cells(axis) for axis in axes if axis.field != "seed"}
        assert set(where) == set(known)
        assert all(value in known[field] for field, value in where.items())


def test_claims_name_their_sweeps() -> None:
    for claim in CLAIMS:
        assert claim.sweeps or claim.runs
        assert all(NEEDS[name].axes for name in claim.sweeps)


def test_one_study_of_two_arms_is_left_to_be_run_live() -> None:
    live = [need for need in NEEDS.values() if need.axes and not need.recorded]
    assert [(need.name, dict(need.axes)) for need in live] == [
        ("gan2d-noise-dims", {"noise_dims": "1,2", "seed": "0:64"})
    ]
