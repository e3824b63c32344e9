"""A training of the 2-D GAN on the live engine."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError
from epoque.bench.live_engine import EngineTraining, read_manifest
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.user_points import UserPoints
from epoque.gan2d.live_engine import REASONS, begin_training, live_engine
from epoque.gan2d.training import engine, evaluation, snapshots
from epoque.gan2d.training.hyperparameters import Hyperparameters, StaticConfig

pytest.importorskip("wasmtime")

POINTS = UserPoints(np.random.default_rng(0).random((100, 2), np.float32), 0.02)
Arrays = Mapping[str, NDArray[Any]]


def test_why_not_is_said_in_words_that_are_translated() -> None:
    rules = [str(rule["reason"]) for rule in read_manifest("gan2d").covers]
    assert set(rules) == set(REASONS)
    assert live_engine(Gan2dConfig()) is None
    assert live_engine(Gan2dConfig(r1=0.1)) in REASONS


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"noise_dims": 1, "noise": "normal", "loss": "wasserstein", "data": "moons"},
        {"noise_dims": 5, "noise": "gaussian", "loss": "least_squares", "ema": 0.9},
        {"generator.layers": (), "discriminator.layers": (), "data": "grid"},
        {"data": "drawing", "drawing": '{"strokes": [[[0.1, 0.2], [0.7, 0.9]]]}'},
    ],
    ids=str,
)
def test_snapshot_is_that_of_jax(settings: dict[str, Any]) -> None:
    config = Gan2dConfig().replace(**settings)
    training = begin_training(config)
    static = StaticConfig.from_config(config)
    state = engine.init_state(static, Hyperparameters.from_config(config))
    fixed = jax.device_put(snapshots.prepare(config))
    expected = evaluation.snapshot_state(static, fixed, state)
    actual = training.snapshot()
    assert list(actual) == list(read_manifest("gan2d").snapshot)
    assert set(actual) == set(expected)
    for name, array in expected.items():
        assert actual[name].shape == array.shape
        np.testing.assert_allclose(actual[name], array, rtol=1e-4, atol=3e-6, err_msg=name)


def test_a_look_changes_nothing() -> None:
    looked, alone = begin_training(Gan2dConfig(seed=3)), begin_training(Gan2dConfig(seed=3))
    for _ in range(5):
        looked.advance(7)
        looked.snapshot()
        looked.weights()
        looked.metrics()
        looked.checkpoint()
    alone.advance(35)
    assert looked.digest() == alone.digest()


def test_metrics_are_those_since_the_last_call() -> None:
    training = begin_training(Gan2dConfig())
    training.advance(30)
    first = training.metrics()
    training.advance(5)
    second = training.metrics()
    assert (len(first), len(second), len(training.metrics())) == (30, 5, 0)
    again = begin_training(Gan2dConfig())
    again.advance(35)
    np.testing.assert_array_equal(np.concatenate([first, second]), again.metrics())


def test_the_last_4096_rows_are_kept() -> None:
    small = {"generator.layers": (2,), "discriminator.layers": (2,), "batch_size": 4}
    training = begin_training(Gan2dConfig().replace(**small))
    training.advance(5000)
    rows = training.metrics()
    assert len(rows) == 4096
    again = begin_training(Gan2dConfig().replace(**small))
    again.advance(4999)
    again.metrics()
    again.advance(1)
    np.testing.assert_array_equal(rows[-1:], again.metrics())


def test_a_network_without_steps_has_no_metrics() -> None:
    training = begin_training(Gan2dConfig(g_steps=0))
    training.advance(3)
    rows = training.metrics()
    assert np.isnan(rows[:, 5:]).all()
    assert np.isfinite(rows[:, :5]).all()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam"])
def test_a_checkpoint_goes_on_as_if_nothing_was(optimizer: str) -> None:
    config = Gan2dConfig().replace(
        **{"generator.optimizer.name": optimizer, "discriminator.optimizer.name": optimizer}
    )
    training = begin_training(config)
    training.advance(10)
    state = training.checkpoint()
    training.advance(10)
    resumed = begin_training(config)
    resumed.restore(state)
    assert resumed.step == 10
    assert resumed.checkpoint() == state
    resumed.advance(10)
    assert resumed.digest() == training.digest()


def test_a_checkpoint_of_other_networks_is_refused() -> None:
    state = begin_training(Gan2dConfig()).checkpoint()
    other = begin_training(Gan2dConfig().replace(**{"generator.layers": (3,)}))
    before = other.digest()
    with pytest.raises(ValueError, match="another training"):
        other.restore(state)
    assert other.digest() == before


def test_ten_phases_are_an_iteration() -> None:
    phased, whole = begin_training(Gan2dConfig(d_steps=2)), begin_training(Gan2dConfig(d_steps=2))
    numbers = []
    for _ in range(15):
        phase = phased.phase()
        assert phase is not None
        numbers.append(phase.number)
    assert numbers == [0, 1, 2, 3, 4] * 2 + [5, 6, 7, 8, 9]
    whole.advance(1)
    assert phased.step == 1
    assert phased.digest() == whole.digest()
    np.testing.assert_array_equal(phased.metrics(), whole.metrics())


def test_phases_tell_how_a_loss_and_a_step_come_about() -> None:
    config = Gan2dConfig(batch_size=20)
    training = begin_training(config)
    before = training.weights()
    done = [training.phase() for _ in range(10)]
    arrays = [phase.arrays for phase in done if phase is not None]
    sample, classify, loss, gradients, update = arrays[:5]
    assert sample["real"].shape == sample["fake"].shape == (20, 2)
    np.testing.assert_allclose(
        classify["real_answers"], 1 / (1 + np.exp(-classify["real_logits"])), rtol=1e-5
    )
    np.testing.assert_allclose(loss["real_losses"], -np.log(classify["real_answers"]), rtol=1e-4)
    np.testing.assert_allclose(
        loss["loss"], (loss["real_losses"] + loss["fake_losses"]).mean(), rtol=1e-5
    )
    rate = config.discriminator.optimizer.learning_rate
    for name in ("0.w", "1.b", "3.w"):
        np.testing.assert_array_equal(update[f"before.{name}"], before[f"discriminator.{name}"])
        step = update[f"before.{name}"] - rate * gradients[f"gradients.{name}"]
        np.testing.assert_allclose(update[f"after.{name}"], step, atol=1e-7)
    after = training.weights()
    np.testing.assert_array_equal(update["after.0.w"], after["discriminator.0.w"])
    _check_generator_phases(arrays[5:], after)


def _check_generator_phases(arrays: list[Arrays], after: Arrays) -> None:
    sample, classify, loss, gradients, update = arrays
    np.testing.assert_array_equal(sample["fake"], update["fake_before"])
    np.testing.assert_allclose(loss["fake_losses"], -np.log(classify["fake_answers"]), rtol=1e-4)
    assert not np.array_equal(update["fake_after"], update["fake_before"])
    np.testing.assert_array_equal(update["after.1.w"], after["generator.1.w"])
    # A small step against its slope makes a point's own loss smaller: D finds it more real.
    assert gradients["fake_gradients"].shape == (20, 2)
    assert np.abs(gradients["fake_gradients"]).max() > 0


def test_the_slope_of_a_points_loss_is_a_difference_quotient() -> None:
    training = begin_training(Gan2dConfig(batch_size=8, loss="wasserstein", seed=5))
    done = [training.phase() for _ in range(9)]
    phases = {phase.name: phase.arrays for phase in done if phase is not None}
    fake, slopes = (
        phases["generator_sample"]["fake"],
        phases["generator_gradients"]["fake_gradients"],
    )
    weights = {
        name.removeprefix("after."): array
        for name, array in phases["discriminator_update"].items()
        if name.startswith("after.")
    }
    for axis in (0, 1):
        moved = fake + 1e-4 * np.eye(2, dtype=np.float32)[axis]
        rise = (_logits(weights, moved) - _logits(weights, fake)) / 1e-4
        np.testing.assert_allclose(-slopes[:, axis], rise, atol=2e-3)


def _logits(weights: Arrays, points: NDArray[np.float32]) -> NDArray[np.float64]:
    values = points.astype(np.float64).T
    for layer in range(4):
        values = weights[f"{layer}.w"] @ values + weights[f"{layer}.b"][:, None]
        values = values if layer == 3 else np.maximum(values, 0)
    return np.asarray(values[0])


def test_advance_ends_an_iteration_that_is_in_its_phases() -> None:
    phased, whole = begin_training(Gan2dConfig()), begin_training(Gan2dConfig())
    for _ in range(3):
        phased.phase()
    assert phased.advance(4) == 4
    whole.advance(4)
    assert phased.digest() == whole.digest()


@pytest.mark.parametrize("phases", range(1, 10))
def test_a_state_between_phases_is_that_of_the_last_whole_iteration(phases: int) -> None:
    config = Gan2dConfig().replace(**{"generator.optimizer.name": "adam"})
    training, whole = begin_training(config), begin_training(config)
    training.advance(2)
    before, state = training.digest(), training.checkpoint()
    for _ in range(phases):
        training.phase()
    assert training.step == 2
    assert training.digest() == before
    assert training.checkpoint() == state
    training.weights()
    training.snapshot()
    following = training.phase()  # it goes on where it was
    assert following is not None
    assert following.number == phases
    assert training.advance(3) == 3
    whole.advance(5 if phases < 9 else 6)
    assert training.digest() == whole.digest()


def test_a_change_begins_the_iteration_anew() -> None:
    training = begin_training(Gan2dConfig())
    first = training.phase()
    for _ in range(6):
        training.phase()
    training.change(Gan2dConfig().flatten())
    again = training.phase()
    assert first is not None
    assert again is not None
    assert again.number == 0
    np.testing.assert_array_equal(again.arrays["fake"], first.arrays["fake"])


def test_a_change_takes_effect_without_a_restart() -> None:
    config = Gan2dConfig()
    training, other = begin_training(config), begin_training(config)
    training.advance(5)
    other.advance(5)
    changed = config.replace(loss="hinge", d_steps=3)
    training.change(changed.flatten())
    assert training.step == 5
    training.advance(5)
    other.advance(5)
    assert training.digest() != other.digest()
    # The same changes at the same iterations end with the same state.
    again = begin_training(config)
    again.advance(5)
    again.change(changed.flatten())
    again.advance(5)
    assert again.digest() == training.digest()


def test_an_optimizer_that_is_replaced_leaves_nothing_to_the_next() -> None:
    config = Gan2dConfig()
    adam = config.replace(**{"generator.optimizer.name": "adam"})
    training = begin_training(adam)
    training.advance(5)
    training.change(config.flatten())
    training.change(adam.flatten())
    fresh = begin_training(adam)
    fresh.set_weights(training.weights())
    state, other = training.checkpoint(), fresh.checkpoint()
    header = 64
    size = sum(array.size for name, array in fresh.weights().items() if "discr" not in name) // 2
    first = header + 4 * sum(a.size for n, a in fresh.weights().items() if "discr" in n) + 4 * size
    assert not any(state[first : first + 8 * size])
    assert state[header:first] == other[header:first]


@pytest.mark.parametrize(
    ("settings", "failure"),
    [
        ({"generator.output": "linear", "loss": "wasserstein", "rate": 1000.0}, ("a loss",)),
        ({"discriminator.activation": "linear", "loss": "wasserstein", "rate": 900.0}, None),
    ],
)
def test_a_number_that_is_not_finite_stops_before_it(
    settings: dict[str, Any], failure: tuple[str, ...] | None
) -> None:
    rate = settings.pop("rate")
    rates = {f"{net}.optimizer.learning_rate": rate for net in ("generator", "discriminator")}
    training = begin_training(Gan2dConfig().replace(**settings))
    training.advance(3)
    early = training.checkpoint()
    training.change(Gan2dConfig().replace(**settings, **rates).flatten())
    done = 3 + training.advance(2000)
    assert 3 < done < 2000
    assert training.step == done
    assert training.failure in (failure or ("a loss", "a weight"))
    assert all(np.isfinite(array).all() for array in training.weights().values())
    assert np.isfinite(training.metrics()).all()
    assert training.advance(5) == 0
    assert training.phase() is None
    training.change(Gan2dConfig().replace(**settings).flatten())
    training.restore(early)  # and from a good state with a small rate it goes on
    assert training.failure == ""
    assert training.advance(5) == 5


def test_weights_can_be_written() -> None:
    training = begin_training(Gan2dConfig())
    training.set_weights({"discriminator.0.w": np.ones((9, 2))})
    assert (training.weights()["discriminator.0.w"] == 1).all()
    with pytest.raises(ValueError, match=r"\[2, 9\]; it must be \[9, 2\]"):
        training.set_weights({"discriminator.0.w": np.ones((2, 9))})
    with pytest.raises(KeyError):
        training.set_weights({"discriminator.9.w": np.ones((9, 2))})


def test_points_of_ones_own_are_drawn() -> None:
    config = Gan2dConfig(data="csv", csv="points.csv")
    still = begin_training(config, UserPoints(POINTS.points, 0.0))
    phase = still.phase()
    assert phase is not None
    known = {tuple(point) for point in POINTS.points.tolist()}
    assert {tuple(point) for point in phase.arrays["real"].tolist()} <= known
    moved = begin_training(config, POINTS).phase()
    assert moved is not None
    away = moved.arrays["real"] - phase.arrays["real"]
    assert 0.01 < away.std() < 0.03


def test_points_are_needed_where_the_settings_ask_for_them() -> None:
    values = Gan2dConfig(data="csv", csv="points.csv").flatten()
    with pytest.raises(ConfigError, match="data"):
        EngineTraining("gan2d", values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("batch_size", 2000),
        ("noise_dims", 17),
        ("generator.layers", (65,)),
        ("discriminator.layers", (2,) * 7),
    ],
)
def test_what_the_engine_does_not_take_is_named(path: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=path):
        EngineTraining("gan2d", {**Gan2dConfig().flatten(), path: value})
