"""What a run had measured by a moment of its training."""

import math

import pandas as pd

from epoque.bench.runs.history import first_below, rows_with, value_at


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


def test_a_metric_by_a_moment() -> None:
    metrics = course([5.0, 4.0], [4.0, 3.0])
    assert value_at(metrics, "valid_loss", "epoch", 1) == 5.0
    assert value_at(metrics, "valid_loss", "epoch", 1.9) == 5.0
    assert value_at(metrics, "valid_loss", "seconds", 200) == 4.0
    for moment in (0.9, 2.1):  # before the first evaluation, after the end
        assert math.isnan(value_at(metrics, "valid_loss", "epoch", moment))
    assert math.isnan(value_at(metrics, "valid_loss", "tokens", 1))
    assert math.isnan(value_at(metrics, "no such metric", "epoch", 1))


def test_when_a_metric_was_first_below() -> None:
    metrics = course([5.0, 4.0, 4.5], [4.0, 3.0, 3.0])
    assert first_below(metrics, "valid_loss", 4.9, "seconds") == 200
    assert first_below(metrics, "valid_loss", 5.1, "epoch") == 1
    assert math.isnan(first_below(metrics, "valid_loss", 4.0, "seconds"))
    assert math.isnan(first_below(metrics, "no such metric", 4.0, "seconds"))
    assert math.isnan(first_below(metrics, "valid_loss", 4.9, "tokens"))
    assert list(rows_with(metrics, "valid_loss")["epoch"]) == [1, 2, 3]
