"""Metrics as columns: what is new, and thinned so that no peak is lost."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epoque.bench.errors import DamagedRunError
from epoque.bench.runs.run import Run
from epoque.bench.runs.timings import StepTimings
from epoque.studio.run_metrics import RunMetrics, seconds_at, thin


def run_of(path: Path, *lines: str) -> Run:
    path.mkdir(exist_ok=True)
    (path / "metrics.jsonl").write_text("".join(line + "\n" for line in lines))
    return Run(path)


def test_no_peak_is_lost() -> None:
    values = np.zeros(1_000_000)
    values[123_456], values[765_432] = 7.0, -3.0
    steps, curves = thin(np.arange(1e6), {"loss": values}, 1000)
    assert len(steps) == len(curves["loss"]) == 1000
    assert (curves["loss"].max(), curves["loss"].min()) == (7.0, -3.0)
    at = steps[curves["loss"].argmax()]
    assert abs(at - 123_456) <= 2000


@given(st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")), max_size=300), st.integers(2, 50))
def test_each_stretch_keeps_its_lowest_and_highest(values: list[float], points: int) -> None:
    column = np.array(values)
    steps, curves = thin(np.arange(len(column), dtype=float), {"x": column}, points)
    assert len(steps) == len(curves["x"]) <= max(points, 2)
    assert (np.diff(steps) >= 0).all()
    if (~np.isnan(column)).any():
        assert np.nanmax(curves["x"]) == np.nanmax(column)
        assert np.nanmin(curves["x"]) == np.nanmin(column)


def test_columns_that_come_later_and_numbers_that_are_none(tmp_path: Path) -> None:
    lines = ('{"step":1,"a":1}', '{"step":2,"a":null,"b":2.5}', '{"step":3,"b":NaN,"a":3}')
    metrics = RunMetrics(run_of(tmp_path / "run", *lines))
    metrics.update()
    curves = metrics.select(["a", "b"], 10)
    assert metrics.names == ["a", "b"]
    np.testing.assert_array_equal(curves.steps, [1, 2, 3])
    np.testing.assert_array_equal(curves.values["a"], [1, np.nan, 3])
    np.testing.assert_array_equal(curves.values["b"], [np.nan, 2.5, np.nan])


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from epoque.studio import run_metrics

    run = run_of(tmp_path / "run", *(f'{{"step":{k},"a":{k}}}' for k in range(10_000)))
    metrics, parsed = RunMetrics(run), list[int]()
    parse = run_metrics._parse
    monkeypatch.setattr(run_metrics, "_parse", lambda data: parsed.append(len(data)) or parse(data))
    metrics.update()
    cursor = metrics.select(["a"], 2000).cursor
    parsed.clear()
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step":10000,"a":5}\n{"step":10001,')
    metrics.update()
    assert sum(parsed) < 30
    assert metrics.select(["a"], 2000, cursor).steps.tolist() == [10000]
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('"a":6}\n')
    metrics.update()
    assert metrics.select(["a"], 2000, cursor).steps.tolist() == [10000, 10001]


def test_a_cursor_holds_over_a_restart_and_not_over_another_file(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", *(f'{{"step":{k},"a":{k}}}' for k in range(100)))
    metrics = RunMetrics(run)
    metrics.update()
    cursor = metrics.select(["a"], 2000).cursor
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step":100,"a":5}\n')
    again = RunMetrics(run)
    again.update()
    more = again.select(["a"], 2000, cursor)
    assert (more.reset, more.steps.tolist()) == (False, [100])
    run_of(tmp_path / "run", *(f'{{"step":{k},"a":{-k}}}' for k in range(200)))
    again.update()
    more = again.select(["a"], 2000, cursor)
    assert (more.reset, len(more.steps)) == (True, 200)
    for odd in (
        "",
        "x",
        "1.2",
        "1.2.3",
        "9.9.00000000",
        "-1.0.0",
        "99999999999999999.1.1",
        "٣.1.1",
    ):
        assert again.select(["a"], 2000, odd).reset


def test_a_file_that_is_cut_is_read_anew(tmp_path: Path) -> None:
    """A training that is resumed cuts off what came after its checkpoint."""
    run = run_of(tmp_path / "run", *(f'{{"step":{k},"a":{k}}}' for k in range(100)))
    metrics = RunMetrics(run)
    metrics.update()
    cursor = metrics.select(["a"], 2000).cursor
    path = run.path / "metrics.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:50]))
    metrics.update()
    cut = metrics.select(["a"], 2000, cursor)
    assert (cut.reset, cut.total) == (True, 50)


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "{}", '{"step":"1"}', '{"step":-1}', '{"step":1.5}', '{"step":true}',
     '{"step":1,"a":"x"}', '{"step":1,"a":[1]}', '{"step":1,"a":true}', "\xff",
     '{"step":' + "9" * 400 + "}",
     '{"step":1,"a":' + "9" * 4000 + "}"],
)  # fmt: skip
def test_a_damaged_line_ends_the_curves_with_its_number(tmp_path: Path, line: str) -> None:
    run = run_of(tmp_path / "run", '{"step":1,"a":1}', '{"step":2,"a":2}')
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(line.encode("latin-1") + b'\n{"step":4,"a":4}\n')
    metrics = RunMetrics(run)
    metrics.update()
    assert metrics.select(["a"], 10).steps.tolist() == [1, 2]
    assert metrics.damage is not None
    assert metrics.damage.endswith("is damaged at line 3.")
    run_of(tmp_path / "run", '{"step":1,"a":1}', '{"step":2,"a":2}', '{"step":3,"a":2}')
    metrics.update()
    assert metrics.damage is None


def test_no_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(DamagedRunError, match=r"metrics\.jsonl"):
        RunMetrics(Run(tmp_path / "run")).update()
    (tmp_path / "run" / "metrics.jsonl").mkdir()
    with pytest.raises(DamagedRunError, match=r"metrics\.jsonl"):
        RunMetrics(Run(tmp_path / "run")).update()


def test_seconds_are_those_of_the_timings() -> None:
    timings = StepTimings(((10, 1.0), (30, 5.0)))
    steps = np.array([0.0, 5, 10, 20, 30, 99])
    seconds = seconds_at(timings, steps)
    assert seconds is not None
    np.testing.assert_allclose(seconds, [timings.at(int(step)) for step in steps])
    assert seconds_at(StepTimings(), steps) is None
