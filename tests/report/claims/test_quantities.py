"""What a report may claim a number of, by which names."""

from pathlib import Path

import pandas as pd
import pytest

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.report.claims.claim_sets import read_chapter_claims, read_own_claims
from epoque.report.claims.quantities import find_quantity, list_quantities
from epoque.report.claims.rules import Proportion

SETS = read_chapter_claims(Path("no-runs"))


def test_each_quantity_of_the_lab_book_has_one_name() -> None:
    names = list_quantities(SETS)
    assert {"neuron/and-error-400", "neuron/and-w0", "3.1/1"} <= set(names)
    assert all(find_quantity(SETS, name) == quantity for name, quantity in names.items())


@pytest.mark.parametrize(
    ("name", "same"),
    [("1.1/2", "neuron/and-error-400"), ("1.2/3", "neuron/and-w2"), ("1.3", "neuron/and-w0-by-w1")],
)
def test_a_line_is_also_named_by_its_claim(name: str, same: str) -> None:
    assert find_quantity(SETS, name) == find_quantity(SETS, same)


def test_what_is_no_quantity_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean neuron/and-error-400"):
        find_quantity(SETS, "neuron/and-eror-400")
    with pytest.raises(UsageError, match=r"claim 1\.1 has 2 values that take a number: neuron/and"):
        find_quantity(SETS, "1.1")
    with pytest.raises(UsageError, match=r"1\.17/2 takes no number: it is a line of the rule fact"):
        find_quantity(SETS, "1.17/2").with_number("1")


@pytest.mark.parametrize(
    ("reported", "verdict"),
    [("0.5", "holds"), ("0.47", "holds"), ("0.30", "fails"), ("0.9 to 1", "fails")],
)
def test_a_share_is_compared_with_its_interval(
    own_book: Path, own_runs: Path, reported: str, verdict: str
) -> None:
    """Of 100 seeds half succeed: Wilson's interval is 0.404 to 0.596."""
    quantity = find_quantity([read_own_claims(own_book, own_runs)], "right")
    line = quantity.with_number(reported)
    assert isinstance(line, Proportion)
    assert line.judge(pd.Series([1.0, 0.0] * 50)) == verdict
    assert line.judge(pd.Series([float("nan")] * 3)) == "unmeasured"
