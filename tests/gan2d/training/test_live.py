"""A GAN under a hand: the numbers of its runs, at any pace, with changes on the way."""

from typing import Any

import numpy as np
import pytest

from epoque.bench.errors import ConfigError, DivergenceError
from epoque.bench.events import Checkpoint, Metrics, Snapshot
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB
from epoque.gan2d.training.train import train

SMALL = Gan2dConfig(
    generator={"layers": (5,)},
    discriminator={"layers": (6,)},
    batch_size=32,
    iterations=60,
    log_every=1,
    snapshot_every=20,
    checkpoint_every=25,
    seed=5,
)


def rows(columns: Any) -> dict[int, list[str]]:
    """Return each iteration's metrics, to the last bit."""
    names = sorted(name for name in columns if name != "step")
    return {
        step: [columns[name][i].hex() for name in names] for i, step in enumerate(columns["step"])
    }


def test_its_numbers_are_those_of_a_run_whatever_the_pace() -> None:
    live = LAB.live(SMALL)
    metrics, shown = {}, {0: live.snapshot()}
    for count in (1, 6, 13, 20, 20):
        assert live.advance(count) == count
        metrics |= rows(live.metrics())
        shown[live.step] = live.snapshot()
    last = live.checkpoint()
    for event in train(SMALL):
        match event:
            case Metrics(step, values):
                names = sorted(values.keys() & {"loss_d", "loss_g", "saturated"})
                assert {values[name].hex() for name in names} <= set(metrics[step])
            case Snapshot(step, arrays) if step in shown:
                assert shown[step].keys() == arrays.keys()
                for name, array in arrays.items():
                    np.testing.assert_array_equal(shown[step][name], array)
            case Checkpoint(step, arrays) if step == live.step:
                assert last is not None
                for name, array in arrays.items():
                    np.testing.assert_array_equal(last.arrays[name], array)
    assert {0, 20, 60} <= shown.keys()


def test_it_goes_on_beyond_the_last_iteration() -> None:
    live = LAB.live(SMALL.replace(iterations=10))
    assert (live.advance(25), live.is_finished, live.step) == (25, False, 25)


def test_a_second_of_it_is_about_a_second() -> None:
    live = LAB.live(SMALL)
    live.advance(2)
    assert 1 <= live.advance(10**9, 0.05) < 10**9


def test_a_change_acts_at_once_and_its_timeline_repeats_it() -> None:
    live = LAB.live(SMALL)
    live.advance(20)
    live.change(loss="hinge", generator={"optimizer": {"name": "adam", "learning_rate": 0.003}})
    for wrong in ({"loss": "nothing"}, {"batch_size": 3}, {"d_steps": 0, "g_steps": 0}):
        with pytest.raises(ConfigError):
            live.change(**wrong)
    live.advance(20)
    text = "20:loss=hinge,generator.optimizer.name=adam,generator.optimizer.learning_rate=0.003"
    assert live.changes == text
    planned = LAB.live(SMALL.replace(changes=text))
    assert planned.advance(40) == 40
    assert planned.config == live.config
    expected, repeated = rows(live.metrics()), rows(planned.metrics())
    assert repeated == expected


def test_a_checkpoint_goes_on_with_its_changes_from_either_config() -> None:
    live = LAB.live(SMALL)
    live.advance(10)
    live.change(d_steps=3)
    live.advance(10)
    checkpoint, _ = live.checkpoint(), live.metrics()
    live.advance(10)
    expected = rows(live.metrics())
    for config in (SMALL, live.config):
        again = LAB.live(config, checkpoint)
        assert (again.step, again.changes, again.config.d_steps) == (20, "10:d_steps=3", 3)
        again.advance(10)
        assert rows(again.metrics()) == expected


def test_it_stays_at_the_last_good_iteration_and_a_change_mends_it() -> None:
    config = SMALL.replace(
        loss="least_squares",
        discriminator={"output": "linear", "optimizer": {"learning_rate": 2.0}},
    )
    live = LAB.live(config)
    done = live.advance(1000)
    assert done == live.step < 1000
    for _ in range(2):
        with pytest.raises(DivergenceError) as caught:
            live.advance(1)
        assert (caught.value.step, live.step) == (done + 1, done)
    checkpoint = live.checkpoint()
    assert checkpoint is not None
    assert all(np.isfinite(a).all() for n, a in checkpoint.arrays.items() if n != "metrics")
    live.change(discriminator={"optimizer": {"learning_rate": 1e-12}})
    assert live.advance(5) == 5
