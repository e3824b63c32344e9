"""What a claim is measured by says what there is, where it is asked for something else."""

from typing import Any, cast

import pandas as pd
import pytest

from epoque.bench.errors import UnknownNameError
from epoque.bench.evidence import Evidence
from epoque.report.claims.measures import MEASURES


class Measured:
    """What was measured, as a book gives it."""

    def table(self, name: str, **at: Any) -> pd.DataFrame:
        return pd.DataFrame({"final_error": [0.5], "slope": [2.0]})

    def metrics(self, recipe: str) -> pd.DataFrame:
        return pd.DataFrame({"loss": [0.5], "epoch": [1.0]}, index=[1])

    def results(self, recipe: str) -> dict[str, Any]:
        return {"final_error": 0.5}


@pytest.mark.parametrize(
    ("measure", "of", "message"),
    [
        ("column", ["fits", "width"], "column of the sweep fits .* There are final_error, slope"),
        ("metric", ["line/fit", "width", 1], "metric of the run line/fit .* There are loss, epoch"),
        ("is_equal", ["line/fit", "width", 1], "result of the run line/fit .* is only final_error"),
        ("is_true", [["line/fit"], "width"], "result of the run line/fit .* is only final_error"),
        ("result", ["line/fit", "width"], "result of the run line/fit .* is only final_error"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    measure: str, of: list[Any], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        MEASURES[measure](cast("Evidence", Measured()), *of)
