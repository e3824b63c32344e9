"""Any lab's training under a hand: pulled, looked at, changed, kept."""

import math
from typing import Any

import numpy as np
import pytest
from line_lab import LAB, LineConfig

from epoque.bench.changes import change_settings
from epoque.bench.errors import ConfigError, DivergenceError
from epoque.bench.events import Checkpoint, Event, Metrics
from epoque.bench.live import MAX_ROWS, EventLive, MetricRows, Pace

CONFIG = LineConfig(iterations=300, checkpoint_every=100)


def train(config: LineConfig) -> dict[int, dict[str, float]]:
    """Return the metrics of the training of a config, by their step."""
    return {e.step: dict(e.values) for e in LAB.train(config) if isinstance(e, Metrics)}


def rows(columns: Any) -> dict[int, dict[str, float]]:
    names = [name for name in columns if name != "step"]
    return {
        step: {name: columns[name][i] for name in names} for i, step in enumerate(columns["step"])
    }


def test_a_live_training_computes_the_numbers_of_the_training() -> None:
    live = LAB.live(CONFIG)
    assert (live.step, live.advance(7)) == (0, 7)
    assert (live.step, live.advance(1), live.step) == (7, 1, 8)
    got = rows(live.metrics())
    assert list(got) == list(range(1, 9))
    assert live.metrics()["step"] == []
    live.advance(1000)
    assert (live.step, live.is_finished, live.advance(5)) == (300, True, 0)
    assert {**got, **rows(live.metrics())} == train(CONFIG)


def test_seconds_end_an_advance_but_never_before_the_first_iteration() -> None:
    live = LAB.live(CONFIG.replace(pause=0.02))
    assert live.advance(300, 0.0) == 1
    assert 1 <= live.advance(300, 0.1) < 300


def test_the_snapshot_is_the_last_that_was_told() -> None:
    live = LAB.live(CONFIG)
    assert live.snapshot() == {}
    live.advance(51)
    columns = rows(live.metrics())[50]
    np.testing.assert_array_equal(live.snapshot()["weights"], [columns[f"w{i}"] for i in range(3)])


def test_a_checkpoint_is_of_now_and_the_training_goes_on_after_it() -> None:
    live = LAB.live(CONFIG)
    assert live.checkpoint() is None
    live.advance(33)
    checkpoint = live.checkpoint()
    assert checkpoint is not None
    assert checkpoint.step == 33
    live.advance(67)
    again = LAB.live(CONFIG, checkpoint)
    assert (again.step, again.advance(67)) == (33, 67)
    assert rows(again.metrics()).items() <= rows(live.metrics()).items()


def test_a_change_of_a_setting_that_is_not_live_is_refused() -> None:
    live = LAB.live(CONFIG)
    live.advance(10)
    for wrong in ({"centred": False}, {"layers": (3,)}):
        with pytest.raises(ConfigError, match="cannot change during a run"):
            live.change(**wrong)
    live.advance(10)
    assert rows(live.metrics()) == {s: v for s, v in train(CONFIG).items() if s <= 20}


def test_a_live_setting_changes_and_a_checkpoint_tells_it() -> None:
    live = LAB.live(CONFIG)
    live.advance(20)
    with pytest.raises(ConfigError, match="learning_rate"):
        live.change(learning_rate=-1)
    live.change(learning_rate=0.5)
    assert (live.step, live.changes) == (20, "20:learning_rate=0.5")
    assert live.config.learning_rate == 0.5
    live.advance(20)
    changed = rows(live.metrics())
    assert {s: v for s, v in changed.items() if s <= 20} == {
        s: v for s, v in train(CONFIG).items() if s <= 20
    }
    assert changed[40] != train(CONFIG)[40]
    checkpoint = live.checkpoint()
    live.advance(10)
    for config in (CONFIG, live.config):
        again = LAB.live(config, checkpoint)
        assert (again.config, again.changes) == (live.config, live.changes)
        again.advance(10)
        assert rows(again.metrics()) == rows_of(live, checkpoint)


def rows_of(live: Any, checkpoint: Checkpoint) -> dict[int, dict[str, float]]:
    """Return what a live training did in the ten iterations after a checkpoint."""
    other = EventLive(LAB.train, live.config, checkpoint)
    other.advance(10)
    return rows(other.metrics())


def test_a_divergence_is_raised_by_the_advance_that_does_nothing() -> None:
    config = LineConfig(learning_rate=50.0, checkpoint_every=10)
    live = LAB.live(config)
    done = live.advance(10**6)
    assert done == live.step > 10
    with pytest.raises(DivergenceError) as caught:
        live.advance(1)
    assert caught.value.step == live.step + 1
    last = live.step
    live.change(learning_rate=1e-6)  # it goes on from its last checkpoint
    assert live.step == last // 10 * 10
    assert live.changes == f"{live.step}:learning_rate=1e-06"
    with pytest.raises(DivergenceError):  # another one: that checkpoint was bad already
        live.advance(1)


def test_rows_that_nobody_asks_for_are_forgotten() -> None:
    kept = MetricRows()
    for step in range(1, 3 * MAX_ROWS):
        kept.add(step, {"loss": float(step)})
    columns = kept.take()
    assert len(columns["step"]) == MAX_ROWS
    assert columns["step"][-1] == 3 * MAX_ROWS - 1


def test_a_metric_that_was_not_taken_is_not_a_number() -> None:
    kept = MetricRows()
    kept.add(1, {"loss": 2.0})
    kept.add(2, {"loss": 1.0})
    kept.add(2, {"accuracy": 0.5})
    columns = kept.take()
    assert columns["loss"] == [2.0, 1.0]
    assert math.isnan(columns["accuracy"][0])
    assert columns["accuracy"][1] == 0.5


def test_a_pace_is_what_the_last_iterations_took() -> None:
    pace = Pace()
    assert (pace.fit(1.0, 100), pace.fit(math.inf, 100)) == (1, 100)
    pace.note(1, 2.0)
    assert pace.fit(1.0, 100) == 1
    pace.note(10, 0.1)
    assert pace.fit(0.5, 100) == 50
    assert pace.fit(5.0, 100) == 100


def test_a_change_of_the_base_class_knows_live_settings() -> None:
    changed = change_settings(CONFIG, {"learning_rate": "0.25"})
    assert changed == CONFIG.replace(learning_rate=0.25)


def test_events_of_a_training_are_not_cut_by_a_checkpoint_that_was_asked_for() -> None:
    live = LAB.live(CONFIG)
    steps: list[Event] = []
    while not live.is_finished:
        live.advance(13)
        steps.append(live.checkpoint())  # type: ignore[arg-type]
    assert rows(live.metrics()) == train(CONFIG)
