from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epoque.neuron.config import GATES, NeuronConfig
from epoque.neuron.data import Dataset, load
from epoque.neuron.separability import (
    Separability,
    compute_mistake_bound,
    decide_separability,
    find_widest_margin,
    to_json,
)


def decide(x: np.ndarray, d: np.ndarray) -> Separability:
    """Decide, and check the proof by plain arithmetic that is not the module's."""
    found = decide_separability(x, d)
    if found.separable:
        assert found.line is not None
        assert found.certificate is None
        y = x @ found.line[1:] - found.line[0]
        assert (y[d == 1] > 0).all()
        assert (y[d == 0] < 0).all()
        assert abs(y).min() == pytest.approx(1)
        if found.margin is not None:
            distance = abs(y).min() / np.linalg.norm(found.line[1:])
            assert found.margin == pytest.approx(distance)
    else:
        assert found.separable is False
        assert found.line is None
        assert found.certificate is not None
        for label, shares in ((1, found.certificate.ones), (0, found.certificate.zeros)):
            weights = np.array(list(shares.values()))
            assert (d[list(shares)] == label).all()
            assert (weights >= 0).all()
            assert weights.sum() == pytest.approx(1)
            mean = weights @ x[list(shares)]
            assert np.allclose(mean, found.certificate.point, atol=1e-9 * (1 + abs(x).max()))
    return found


def table(text: str) -> Dataset:
    return load(NeuronConfig(truth_table=text))


@pytest.mark.parametrize("gate", GATES)
def test_all_gates_but_two_have_a_line(gate: str) -> None:
    data = table(gate)
    assert decide(data.x, data.d).separable == (gate not in ("xor", "xnor"))


def test_the_two_classes_of_xor_meet_in_the_middle() -> None:
    data = table("xor")
    certificate = decide(data.x, data.d).certificate
    assert certificate is not None
    assert certificate.point == pytest.approx([0.5, 0.5])
    assert certificate.ones == pytest.approx({1: 0.5, 2: 0.5})
    assert certificate.zeros == pytest.approx({0: 0.5, 3: 0.5})


# How many functions of n inputs are linear threshold functions: OEIS A000609.
@pytest.mark.parametrize(("inputs", "count"), [(1, 4), (2, 14), (3, 104)])
def test_as_many_truth_tables_are_separable_as_there_are_threshold_functions(
    inputs: int, count: int
) -> None:
    found = 0
    for bits in product("01", repeat=2**inputs):
        data = table("".join(bits))
        separable = decide(data.x, data.d).separable
        margin = find_widest_margin(data.x, data.d)
        assert (margin is not None) == separable
        found += bool(separable)
    assert found == count


def test_ten_inputs_either_way() -> None:
    ones = np.array([n.bit_count() for n in range(1024)])
    for wanted, symbols in ((True, ones > 5), (False, ones % 2 == 1)):
        data = table("".join(map(str, symbols.astype(int))))
        assert decide(data.x, data.d).separable is wanted


@given(
    st.lists(
        st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.booleans()), min_size=2, max_size=9
    )
)
@settings(max_examples=60)
def test_any_points_get_a_proof(points: list[tuple[int, int, bool]]) -> None:
    *columns, d = (np.array(c, float) for c in zip(*points, strict=True))
    decide(np.stack(columns, axis=1), d)


@pytest.mark.parametrize("scale", [1e-9, 1e6, 1e200, 1.7e308])
def test_units_do_not_matter(scale: float) -> None:
    for gate, wanted in (("and", True), ("xor", False)):
        data = table(gate)
        x = data.x * [scale, 1.0]
        assert decide_separability(x, data.d).separable is wanted


def test_one_class_alone_and_the_same_point_twice() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert decide(x, np.ones(2)).separable is True
    assert decide(x, np.zeros(2)).separable is True
    assert decide(x[[0, 0]], np.array([0.0, 1.0])).separable is False


def test_the_widest_margin_of_and() -> None:
    # By hand: the line 2·x1 + 2·x2 = 3 touches 01, 10 and 11, so γ = 1/√17.
    data = table("and")
    found = find_widest_margin(data.x, data.d)
    assert found is not None
    assert found[1] == pytest.approx(1 / 17**0.5)
    assert found[0] == pytest.approx(np.array([3, 2, 2]) / 17**0.5)


def test_novikoffs_bound_and_its_form_for_other_starts() -> None:
    data = table("and")
    zeros = np.zeros(3)
    bound = compute_mistake_bound(data.x, data.d, zeros, 0.7)
    assert bound == pytest.approx(3 * 17)  # R² = 3
    assert compute_mistake_bound(data.x, data.d, zeros, 10) == pytest.approx(bound)
    far = compute_mistake_bound(data.x, data.d, np.array([-5.0, 0, 0]), 0.7)
    assert far is not None
    assert far > bound
    assert compute_mistake_bound(table("xor").x, table("xor").d, zeros, 0.7) is None


@pytest.mark.parametrize("start", [(0, 0, 0), (-2, -1, -1), (5, -3, 4), (0.1, 7, -7)])
@pytest.mark.parametrize("gate", ["and", "or", "nand", "implication"])
def test_no_order_of_patterns_breaks_the_bound(gate: str, start: tuple[float, ...]) -> None:
    data = table(gate)
    bound = compute_mistake_bound(data.x, data.d, np.array(start, float), 0.7)
    assert bound is not None
    rng = np.random.default_rng(0)
    w, mistakes = np.array(start, float), 0
    for _ in range(400):
        i = rng.integers(4)
        x = np.append(-1, data.x[i])
        error = data.d[i] - float(w @ x > 0)
        mistakes += error != 0
        w = w + 0.7 * error * x
    assert mistakes <= bound


def test_as_plain_json() -> None:
    data = table("xor")
    plain = to_json(decide_separability(data.x, data.d), data.x)
    assert plain["separable"] is False
    assert plain["separating_line"] is None
    shares = [
        Fraction(one["weight"]).limit_denominator(100) for one in plain["certificate"]["ones"]
    ]
    assert shares == [Fraction(1, 2)] * 2
    assert [one["x"] for one in plain["certificate"]["zeros"]] == [[0, 0], [1, 1]]
