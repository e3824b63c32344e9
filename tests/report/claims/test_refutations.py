"""What would refute a line, read from a file and planted in what was measured."""

from typing import Any

import pandas as pd
import pytest

from epoque.bench.errors import UsageError
from epoque.report.checked_yaml import YamlChecker
from epoque.report.claims.refutations import PlantedEvidence, parse_refutations
from epoque.report.claims.rules import Refutation

DECLARED = {"runs": ("line/fit",), "sweeps": ("fits",)}


class Measured:
    """What was measured, as a book gives it."""

    def table(self, name: str, **at: Any) -> pd.DataFrame:
        return pd.DataFrame({"error": [0.5, 0.6], "slope": [2.0, 2.1]})

    def results(self, recipe: str) -> dict[str, Any]:
        return {"error": 0.5}

    def metrics(self, recipe: str) -> pd.DataFrame:
        return pd.DataFrame({"loss": [0.5]})


def parse(text: str) -> tuple[Refutation, ...]:
    file = YamlChecker(text, "claims.yaml")
    cases = parse_refutations(file, file.content, (), DECLARED)
    file.raise_problems()
    return cases


def test_a_list_of_values_is_as_many_cases() -> None:
    cases = parse("{sweep: fits, at: {steps: 3}, set: {error: [0, null], slope: 1}}")
    assert [case.values for case in cases] == [
        {"error": 0, "slope": 1}, {"error": None, "slope": 1},
    ]  # fmt: skip
    assert {case.source for case in cases} == {"fits"}
    assert cases[0].at == {"steps": 3}
    assert len(parse("- {run: line/fit, set: {error: 1}}\n- {sweep: fits, set: {error: 1}}")) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{sweep: fit, set: {error: 1}}", "no sweep of this claim named 'fit'"),
        ("{set: {error: 1}}", "measured in one run or one sweep"),
        ("{run: line/fit, sweep: fits, set: {error: 1}}", "measured in one run or one sweep"),
        ("{sweep: fits}", "the key set is missing"),
        ("{sweep: fits, set: {error: [1, 2], slope: [1]}}", "its lists are of unlike lengths"),
    ],
)
def test_what_is_wrong_is_told(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse(text)


def test_it_is_planted_where_it_belongs_and_nowhere_else() -> None:
    evidence = PlantedEvidence(Measured(), Refutation(source="fits", values={"error": 9.0},
                                                      at={"steps": 3}))  # fmt: skip
    assert evidence.table("fits", steps=3)["error"].tolist() == [9.0, 9.0]
    assert evidence.table("fits", steps=3)["slope"].tolist() == [2.0, 2.1]
    assert evidence.table("fits", steps=4)["error"].tolist() == [0.5, 0.6]
    assert evidence.table("others", steps=3)["error"].tolist() == [0.5, 0.6]
    run = PlantedEvidence(Measured(), Refutation(source="line/fit", values={"error": 9, "loss": 8}))
    assert run.results("line/fit") == {"error": 9, "loss": 8}
    assert run.results("line/other") == {"error": 0.5}
    assert run.metrics("line/fit")["loss"].tolist() == [8]
