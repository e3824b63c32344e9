"""Training: the same bytes again, whatever stops it, whatever changes on the way."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from epoque.bench.errors import ConfigError, DamagedRunError, DataError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot
from epoque.bench.runs.execute import start
from epoque.bench.runs.resume_point import describe_differences
from epoque.bench.runs.run import Run
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB
from epoque.gan2d.models.mlp import Layers
from epoque.gan2d.network_config import DiscriminatorConfig, GeneratorConfig
from epoque.gan2d.training import engine
from epoque.gan2d.training.checkpoint import flatten_state, load_networks, restore_state
from epoque.gan2d.training.engine import METRICS
from epoque.gan2d.training.hyperparameters import Hyperparameters, StaticConfig
from epoque.gan2d.training.schedules import learning_rate_factor
from epoque.gan2d.training.train import Training, train

from ..conftest import SMALL as SMALL_RUN

SMALL = Gan2dConfig(
    generator=GeneratorConfig(layers=(5,)),
    discriminator=DiscriminatorConfig(layers=(6,)),
    batch_size=32,
    d_steps=2,
    iterations=60,
    log_every=5,
    evaluate_every=40,
    snapshot_every=20,
    checkpoint_every=25,
    seed=5,
)


def fingerprint(events: Iterable[Event]) -> list[Any]:
    """Return events as values that can be compared, to the last bit."""
    return [_plain(event) for event in events]


def _plain(event: Event) -> Any:
    if isinstance(event, Metrics):
        return event.step, {name: value.hex() for name, value in event.values.items()}
    if isinstance(event, Artifact):
        return event.name, event.data
    arrays = {name: (a.shape, np.asarray(a).tobytes()) for name, a in event.arrays.items()}
    return event.step, type(event).__name__, arrays, getattr(event, "state", None)


def after(event: Event, events: list[Event]) -> list[Event]:
    """Return the events that came after one of them."""
    (place,) = (place for place, other in enumerate(events) if other is event)
    return events[place + 1 :]


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Return the events of the small training."""
    return list(train(SMALL))


def test_events_come_at_their_times(events: list[Event]) -> None:
    metrics = of(Metrics, events)
    assert [m.step for m in metrics] == list(range(5, 61, 5))
    assert [m.step for m in metrics if "js" in m.values] == [40, 60]
    assert set(metrics[0].values) == set(METRICS)
    assert all(np.isfinite(value) for m in metrics for value in m.values.values())
    assert [s.step for s in of(Snapshot, events)] == [0, 20, 40, 60]
    assert [c.step for c in of(Checkpoint, events)] == [25, 50, 60]


def test_the_same_seed_gives_the_same_bytes(events: list[Event]) -> None:
    assert fingerprint(train(SMALL)) == fingerprint(events)
    assert fingerprint(train(SMALL.replace(seed=6))) != fingerprint(events)


def test_other_paces_give_the_same_weights(events: list[Event]) -> None:
    paced = train(SMALL.replace(snapshot_every=7, checkpoint_every=1000, evaluate_every=11))
    *_, last = of(Checkpoint, paced)
    assert fingerprint([last]) == fingerprint([of(Checkpoint, events)[-1]])


@pytest.mark.parametrize(("iterations", "pace"), [(1, 1), (29, 1), (400, 10), (5000, 50)])
def test_a_short_run_has_snapshots_for_a_film(iterations: int, pace: int) -> None:
    config = Gan2dConfig(iterations=iterations)
    assert Training(config)._snapshot_every == pace
    assert Training(config.replace(snapshot_every=70))._snapshot_every == 70


def test_a_resumed_training_ends_with_the_same_bytes(events: list[Event]) -> None:
    for checkpoint in of(Checkpoint, events)[:-1]:
        assert fingerprint(train(SMALL, checkpoint)) == fingerprint(after(checkpoint, events))


def without_changes(events: Iterable[Event]) -> list[Event]:
    """Return events without what tells the changes."""
    return [event for event in events if not isinstance(event, Artifact)]


def change_at(training: Training, step: int, **values: Any) -> list[Event]:
    """Run a training to its end, and change settings when a snapshot of a step is seen."""
    found = []
    for event in training:
        found.append(event)
        if isinstance(event, Snapshot) and event.step == step:
            training.change(**values)
    return found


CHANGES: dict[str, Any] = {
    "loss": "relativistic",
    "generator.optimizer.name": "adam",
    "generator.optimizer.learning_rate": 0.003,
    "discriminator.optimizer.learning_rate": 0.02,
    "d_steps": 4,
    "label_smoothing": 0.1,
}


def test_a_live_change_is_recorded_and_repeated(events: list[Event]) -> None:
    live = change_at(train(SMALL), 20, **CHANGES)
    (record,) = of(Artifact, live)
    assert record.name == "changes.txt"
    again = list(train(SMALL.replace(changes=record.data.decode().strip())))
    assert fingerprint(again) == fingerprint(live)
    early = [m.step for m in of(Metrics, live) if m.step <= 20]
    assert (
        fingerprint(of(Metrics, live))[: len(early)]
        == fingerprint(of(Metrics, events))[: len(early)]
    )
    assert fingerprint(live)[-1] != fingerprint(events)[-1]


def test_a_changed_training_resumes_with_its_changes() -> None:
    live = change_at(train(SMALL), 20, **CHANGES)
    changed = [c for c in of(Checkpoint, live) if c.step >= 20]
    assert [c.step for c in changed] == [20, 25, 50, 60]
    for checkpoint in changed:
        first, *others = train(SMALL, checkpoint)
        assert isinstance(first, Artifact)  # told again: a later one may have been lost
        assert first == of(Artifact, live)[-1]
        assert fingerprint(others) == fingerprint(without_changes(after(checkpoint, live)))


def test_a_planned_change_survives_a_resume_before_it() -> None:
    config = SMALL.replace(changes="30:loss=hinge;50:d_steps=1,g_steps=3")
    whole = list(train(config))
    for checkpoint in of(Checkpoint, whole):
        resumed = without_changes(train(config, checkpoint))
        assert fingerprint(resumed) == fingerprint(without_changes(after(checkpoint, whole)))


def test_a_live_change_of_a_number_compiles_nothing() -> None:
    change_at(train(SMALL), 20)
    before = engine.run_iterations._cache_size()
    rate = {"optimizer": {"learning_rate": 0.003}}
    change_at(train(SMALL), 20, d_steps=4, generator=rate, label_smoothing=0.1)
    assert engine.run_iterations._cache_size() == before


def test_a_wrong_change_is_refused_and_harms_nothing(events: list[Event]) -> None:
    training = train(SMALL)
    found = [next(training) for _ in range(5)]
    for wrong in ({"loss": "nothing"}, {"batch_size": 3}, {"d_steps": 0, "g_steps": 0}):
        with pytest.raises(ConfigError):
            training.change(**wrong)
    assert fingerprint(found + list(training)) == fingerprint(events)


def test_changes_between_two_iterations_add_up() -> None:
    training = train(SMALL)
    next(training)
    training.change(d_steps=0)
    with pytest.raises(ConfigError):
        training.change(g_steps=0)
    training.change(loss="hinge")
    assert isinstance(next(training), Checkpoint)
    assert next(training) == Artifact("changes.txt", b"0:d_steps=0;0:loss=hinge\n")
    assert (training.config.d_steps, training.config.loss) == (0, "hinge")


def test_the_iteration_that_diverges_is_named_and_nothing_after_it_told() -> None:
    config = SMALL.replace(
        loss="least_squares",
        discriminator={"output": "linear", "optimizer": {"learning_rate": 2.0}},
        log_every=1,
        d_steps=1,
    )
    found: list[Event] = []
    with pytest.raises(DivergenceError) as caught:
        found.extend(train(config))  # it keeps what came before the error
    step = caught.value.step
    assert 1 < step <= 60
    assert [m.step for m in of(Metrics, found)] == list(range(1, step))
    assert all(np.isfinite(list(m.values.values())).all() for m in of(Metrics, found))
    static, hyper = StaticConfig.from_config(config), Hyperparameters.from_config(config)
    state = engine.init_state(static, hyper)
    good, _ = engine.run_iterations(static, hyper, state, np.int32(0), np.int32(step - 1))
    assert engine.is_finite(good)
    bad, rows = engine.run_iterations(static, hyper, good, np.int32(step - 1), np.int32(1))
    assert not (engine.is_finite(bad) and np.isfinite(rows[0]).all())


def test_one_network_may_rest() -> None:
    rests = list(train(SMALL.replace(d_steps=0, iterations=20)))
    assert "loss_d" not in of(Metrics, rests)[0].values
    assert "loss_g" in of(Metrics, rests)[0].values
    last, first = of(Checkpoint, rests)[-1].arrays, flatten_state(first_state(SMALL))
    np.testing.assert_array_equal(last["d.params.0.w"], first["d.params.0.w"])
    assert (last["g.params.0.w"] != first["g.params.0.w"]).any()


def first_state(config: Gan2dConfig) -> engine.TrainState:
    static, hyper = StaticConfig.from_config(config), Hyperparameters.from_config(config)
    state: engine.TrainState = jax.device_get(engine.init_state(static, hyper))
    return state


def states(config: Gan2dConfig, count: int) -> list[engine.TrainState]:
    """Return the states after 0, 1, … iterations."""
    static, hyper = StaticConfig.from_config(config), Hyperparameters.from_config(config)
    found = [first_state(config)]
    for step in range(count):
        state, _ = engine.run_iterations(static, hyper, found[-1], np.int32(step), np.int32(1))
        found.append(jax.device_get(state))
    return found


def test_the_average_is_the_exponential_one() -> None:
    found = states(SMALL.replace(ema=0.9), 6)
    average = found[0].g.params
    for state in found[1:]:
        average = jax.tree.map(lambda a, p: 0.9 * a + 0.1 * p, average, state.g.params)
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6), state.ema, average)
    plain = states(SMALL, 6)
    jax.tree.map(np.testing.assert_array_equal, plain[-1].ema, plain[-1].g.params)
    jax.tree.map(np.testing.assert_array_equal, plain[-1].g.params, found[-1].g.params)


def test_another_part_is_another_run(tmp_path: Path) -> None:
    config = Gan2dConfig(**SMALL_RUN)
    start(LAB, config, "gan2d/own", tmp_path, "mine")
    assert start(LAB, config, "gan2d/own", tmp_path, "mine").path == tmp_path / "mine"
    other = config.replace(generator={"layers": (9,)}, **{"discriminator.optimizer.name": "adam"})
    with pytest.raises(ConfigError) as refused:
        start(LAB, other, "gan2d/own", tmp_path, "mine")
    paths = [problem.field for problem in refused.value.problems]
    assert paths == ["generator.layers", "discriminator.optimizer.name"]


def test_a_config_that_was_changed_by_hand_is_told_by_its_paths() -> None:
    config = Gan2dConfig()
    other = config.replace(generator={"optimizer": {"learning_rate": 0.5}})
    mine, known = ({"config": c.model_dump(mode="json")} for c in (other, config))
    assert describe_differences(mine, known) == (
        "generator.optimizer.learning_rate 0.5 there, 0.03 then"
    )


def test_clipping_keeps_the_discriminator_small() -> None:
    for state in states(SMALL.replace(loss="wasserstein", weight_clip=0.03), 3)[1:]:
        assert largest(state.d.params) <= np.float32(0.03)
        assert largest(state.g.params) > 0.03


def largest(params: Layers) -> float:
    return max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
    ("kind", "factor"),
    [
        ("linear", lambda p: 1 - 0.9 * p),
        ("cosine", lambda p: 1 - 0.9 * (1 - np.cos(np.pi * p)) / 2),
        ("exponential", lambda p: 0.1**p),
        ("none", lambda p: 1.0),
    ],
)
def test_learning_rates_decay(kind: str, factor: Callable[[float], float]) -> None:
    config = SMALL.change({"lr_decay": kind, "lr_decay_until": 40, "lr_final": 0.1})
    for step in (0, 10, 40, 55):
        static, hyper = StaticConfig.from_config(config), Hyperparameters.from_config(config)
        decayed = learning_rate_factor(static, hyper, step)
        assert float(decayed) == pytest.approx(factor(min(step / 40, 1.0)), rel=1e-5)


def test_a_checkpoints_networks_are_the_last_snapshots(
    events: list[Event],
) -> None:
    last, shown = of(Checkpoint, events)[-1], of(Snapshot, events)[-1]
    generate, logits = load_networks(SMALL, last.arrays)
    from epoque.gan2d.training import snapshots

    fixed = snapshots.prepare(SMALL)
    np.testing.assert_allclose(generate(fixed.noise), shown.arrays["fake"], atol=1e-5)
    answers = jax.nn.sigmoid(logits(snapshots.grid_centers())).reshape(30, 30)
    np.testing.assert_allclose(answers, shown.arrays["d"], atol=1e-5)


@pytest.mark.parametrize("changes", [{}, {"generator.norm": "batch", "ema": 0.5}])
def test_a_state_survives_its_checkpoint(changes: dict[str, Any]) -> None:
    config = SMALL.replace(**changes, discriminator={"spectral_norm": bool(changes)})
    state = first_state(config)
    again = restore_state(config, Checkpoint(0, flatten_state(state)))
    jax.tree.map(np.testing.assert_array_equal, again, state)


def test_a_checkpoint_of_other_networks_is_refused(events: list[Event]) -> None:
    checkpoint = of(Checkpoint, events)[0]
    with pytest.raises(DamagedRunError, match="other networks"):
        list(train(SMALL.replace(generator={"layers": (7,)}), checkpoint))


def test_points_that_changed_since_the_checkpoint_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("x,y\n0.1,0.2\n0.8,0.3\n0.5,0.9\n")
    config = SMALL.replace(data="csv", csv=str(path), iterations=30)
    whole = list(train(config))
    assert isinstance(whole[0], Artifact)
    checkpoint = of(Checkpoint, whole)[0]
    resumed = list(train(config, checkpoint))
    assert fingerprint(of(Metrics, resumed)) == fingerprint(of(Metrics, whole))[-1:]
    path.write_text("x,y\n0.1,0.2\n0.8,0.3\n0.5,0.8\n")
    with pytest.raises(DataError, match="not what they were"):
        list(train(config, checkpoint))


def test_the_lab_is_cheap_to_import() -> None:
    code = (
        "import sys, epoque.gan2d.lab; "
        "heavy = {'jax', 'torch', 'matplotlib', 'pandas', 'scipy', 'numpy'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_signal_ends_a_training_with_a_checkpoint_and_changes_nothing(
    train_run: Callable[..., Run], check_stopping: Callable[..., None]
) -> None:
    check_stopping(train_run(checkpoint_every=25), 7, 32)
