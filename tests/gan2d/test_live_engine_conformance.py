"""The live engine against the JAX engine, which is right: hundreds of configs, pairs covered."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from covering import cover_pairs
from jax import Array
from numpy.typing import NDArray
from numpy_jaxpr import flatten_program

from epoque.bench.live_engine import EnginePhase, EngineTraining
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data import noise as noise_of
from epoque.gan2d.data.user_points import UserPoints
from epoque.gan2d.live_engine import begin_training, live_engine
from epoque.gan2d.models.mlp import apply
from epoque.gan2d.seeds import Draw
from epoque.gan2d.training import engine, steps
from epoque.gan2d.training.engine import FIRST_G_STEP, METRICS, TrainState
from epoque.gan2d.training.hyperparameters import Hyperparameters, StaticConfig
from epoque.gan2d.training.steps import StepContext

pytest.importorskip("wasmtime")

LAYERS = ((), (5,), (9, 9), (6, 3, 4, 7, 5, 8))
ACTIVATIONS = ("relu", "leaky_relu", "elu", "silu", "tanh", "sigmoid", "sine", "linear")
INITS = (
    *("ganlab", "lecun_normal", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal"),
    *("torch", "orthogonal", "zeros"),
)
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam")
RATES = {"sgd": 0.05, "momentum": 0.01, "rmsprop": 0.002, "adam": 0.002}
DATA = (
    *("line", "gaussians", "ring", "disjoint", "grid", "circle", "moons", "spiral"),
    *("checkerboard", "pinwheel", "image", "csv", "drawing"),
)
SETTINGS: dict[str, tuple[Any, ...]] = {
    "data": DATA,
    "noise": ("uniform", "gaussian", "normal"),
    "noise_dims": (1, 2, 5),
    "batch_size": (1, 16, 37),
    "seed": (0, 4_294_967_295),
    "d_steps": (0, 1, 2),
    "g_steps": (1, 2),
    "generator.layers": LAYERS,
    "generator.activation": ACTIVATIONS,
    "generator.init": INITS,
    "generator.output": ("tanh", "sigmoid", "linear"),
    "generator.optimizer.name": OPTIMIZERS,
    "discriminator.layers": LAYERS,
    "discriminator.activation": ACTIVATIONS,
    "discriminator.init": INITS,
    "discriminator.optimizer.name": OPTIMIZERS,
    "numbers": ("default", "other"),
    "loss": (
        *("log", "minimax", "least_squares", "least_squares_linear"),
        *("hinge", "wasserstein", "relativistic"),
    ),
    "label_smoothing": (0.0, 0.1),
    "label_smoothing_form": ("one_sided", "weight"),
    "weight_clip": (0.0, 0.2),
    "instance_noise": (0.0, 0.1),
    "instance_noise_until": (None, 10),
    "ema": (0.0, 0.9),
    "lr_decay": ("none", "linear", "cosine", "exponential"),
    "lr_decay_until": (None, 15),
}
NUMBERS = {
    "optimizer.momentum": 0.5,
    "optimizer.beta1": 0.5,
    "optimizer.beta2": 0.9,
    "optimizer.alpha": 0.8,
}
COUNT = 208
ROWS = cover_pairs(SETTINGS, COUNT)
LARGE = [
    {"batch_size": 1024, "noise_dims": 16, "generator.layers": (64, 33), "noise": "gaussian"},
    {"generator.layers": (64,) * 6, "discriminator.layers": (64,) * 6, "batch_size": 40},
]
ITERATIONS = 20

POINTS = UserPoints(np.random.default_rng(0).random((301, 2), np.float32), 0.02)
JITTERS = {"image": 0.003, "csv": 0.0, "drawing": 0.02}

Arrays = dict[str, NDArray[Any]]


class Judgment(NamedTuple):
    """What JAX computes of a config, as arrays named as the live engine names them."""

    weights: Arrays
    noise: NDArray[np.float32]
    real: NDArray[np.float32]
    d_gradients: Arrays
    g_gradients: Arrays
    metrics: NDArray[np.float32]


@pytest.mark.parametrize("data", DATA)
def test_what_numpy_draws_is_what_jax_draws(data: str) -> None:
    """The programs that judge below are computed by NumPy; JAX itself draws the same."""
    config = _config(next(row for row in ROWS if row["data"] == data and row["batch_size"] > 1))
    static = StaticConfig.from_config(config, _points(config))
    draw, words = _draws_of_first_step(config, static, Hyperparameters.from_config(config))
    drawn = flatten_program(draw, *words)(*words)
    for ours, expected in zip(drawn, draw(*words), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6)


def test_every_two_values_meet() -> None:
    """The configs cover every pair of values, and all of them are the live engine's."""
    for (first, values), (second, others) in combinations(SETTINGS.items(), 2):
        met = {(str(row[first]), str(row[second])) for row in ROWS}
        assert met == {(str(a), str(b)) for a in values for b in others}, (first, second)
    assert len(ROWS) >= 200
    assert all(live_engine(_config(row)) is None for row in ROWS)


@pytest.mark.parametrize("number", range(len(ROWS) + len(LARGE)))
def test_agrees_with_jax(number: int) -> None:
    """Weights, batches, gradients and losses of a config are those of the JAX engine."""
    row = [*ROWS, *LARGE][number]
    config = _config(row)
    judgment = _judge(config)
    training = begin_training(config, _points(config))
    _check_weights(config, judgment, training)
    training.set_weights(judgment.weights)
    _check_generator(config, judgment, training)
    _check_discriminator(config, judgment, training)
    training.change(config.flatten())
    assert training.advance(ITERATIONS) == ITERATIONS
    _check_metrics(config, judgment.metrics, training.metrics())


def _check_metrics(
    config: Gan2dConfig, expected: NDArray[np.float32], actual: NDArray[np.float32]
) -> None:
    free = _find_free_metrics(config)
    losses = [METRICS.index(name) for name in ("loss_d", "loss_g") if name not in free]
    np.testing.assert_allclose(actual[:, losses], expected[:, losses], rtol=1e-3, atol=1e-3)
    if config.discriminator.init != "zeros":  # which leaves logits of 0, right or wrong by chance
        first = [i for i, name in enumerate(METRICS) if name not in free]
        np.testing.assert_allclose(actual[0, first], expected[0, first], rtol=1e-3, atol=1e-3)


def _find_free_metrics(config: Gan2dConfig) -> tuple[str, ...]:
    """Return the metrics that a number which is 0 but for rounding moves.

    Where the two halves of D's loss pull its last bias with the same force, its gradient is what
    rounding leaves, and these optimizers make a whole step of it. D's own loss does not change; on
    which side of 0 its logits lie does, and the generator's loss unless it takes their difference.
    """
    if config.discriminator.optimizer.name not in ("rmsprop", "adam"):
        return ()
    sides = ("accuracy_real", "accuracy_fake")
    if config.loss == "relativistic":
        return sides
    balanced = config.loss in ("hinge", "wasserstein") or config.discriminator.init == "zeros"
    return ("loss_g", *sides) if balanced else ()


def _check_weights(config: Gan2dConfig, judgment: Judgment, training: EngineTraining) -> None:
    parts = {"discriminator": config.discriminator.init, "generator": config.generator.init}
    for name, array in training.weights().items():
        # JAX decomposes in float32, with errors of some ten units in the last place.
        tolerance = 2e-5 if parts.get(name.split(".")[0]) == "orthogonal" else 1e-6
        if not name.startswith("average"):
            np.testing.assert_allclose(array, judgment.weights[name], rtol=0, atol=tolerance)


def _check_generator(config: Gan2dConfig, judgment: Judgment, training: EngineTraining) -> None:
    training.change({**config.flatten(), "d_steps": 0, "g_steps": 1})
    phases = [training.phase() for _ in range(4)]
    assert [phase.number for phase in phases if phase] == [5, 6, 7, 8]
    _check_gradients(judgment.g_gradients, phases[3])


def _check_discriminator(config: Gan2dConfig, judgment: Judgment, training: EngineTraining) -> None:
    training.change({**config.flatten(), "d_steps": 1})  # the iteration begins anew
    phases = [training.phase() for _ in range(4)]
    assert [phase.number for phase in phases if phase] == [0, 1, 2, 3]
    assert phases[0] is not None
    drawn = {"noise": judgment.noise}
    if config.instance_noise == 0:  # else it is on the points already
        drawn["real"] = judgment.real
    for name, array in drawn.items():
        np.testing.assert_allclose(phases[0].arrays[name], array, rtol=1e-6, atol=1e-6)
    _check_gradients(judgment.d_gradients, phases[3])


def _check_gradients(expected: Arrays, phase: EnginePhase | None) -> None:
    assert phase is not None
    actual = np.concatenate([phase.arrays[f"gradients.{name}"].ravel() for name in expected])
    wanted = np.concatenate([array.ravel() for array in expected.values()])
    # Where terms of order 1 cancel, their rounding is what is left.
    assert np.linalg.norm(actual - wanted) <= 1e-5 * np.linalg.norm(wanted) + 2e-7


def _config(row: Mapping[str, Any]) -> Gan2dConfig:
    """Return the config of a row, with what goes with its values."""
    values = {name: value for name, value in row.items() if name != "numbers"}
    for network in ("generator", "discriminator"):
        name = values.get(f"{network}.optimizer.name", "sgd")
        values[f"{network}.optimizer.learning_rate"] = RATES[name]
        if row.get("numbers") == "other":
            values |= {f"{network}.{path}": value for path, value in NUMBERS.items()}
    if values.get("loss") == "least_squares_linear":
        values |= {"loss": "least_squares", "discriminator.output": "linear"}
    if values.get("data") in JITTERS:
        values[values["data"]] = f"{values['data']}.file"  # read by nobody: points are given
    return Gan2dConfig().change(values)  # what has no effect is kept


def _points(config: Gan2dConfig) -> UserPoints | None:
    jitter = JITTERS.get(config.data)
    return None if jitter is None else UserPoints(POINTS.points, jitter)


def _judge(config: Gan2dConfig) -> Judgment:
    static = StaticConfig.from_config(config, _points(config))
    hyper = Hyperparameters.from_config(config)
    state = engine.init_state(static, hyper)
    key = engine.batches_key(hyper)

    def step(hyper: Hyperparameters, number: int) -> StepContext:
        first = jnp.int32(0), jnp.int32(number), jnp.float32(1)
        return StepContext(static, hyper, key, *first)

    def compute(hyper: Hyperparameters, state: TrainState) -> Any:
        """Return the gradients at the first weights, and the metrics of the first iterations."""
        d_step, g_step = step(hyper, 0), step(hyper, FIRST_G_STEP)
        z = steps.sample_noise(d_step)
        fake, _ = apply(state.g.params, state.g.statistics, z, static.generator_architecture)
        d_objective = jax.grad(steps.discriminator_objective, has_aux=True)
        g_objective = jax.grad(steps.generator_objective, has_aux=True)
        real = steps.sample_real(d_step)
        batch = steps.sample_noise(g_step), steps.sample_real(g_step)
        d_gradients, _ = d_objective(state.d.params, state.d.statistics, real, fake, d_step)
        g_gradients, _ = g_objective(state.g.params, state.g, state.d, batch, g_step)

        def iterate(state: TrainState, iteration: Array) -> tuple[TrainState, Array]:
            state = engine.train_iteration(static, hyper, key, state, iteration)
            return state, state.metrics

        _, metrics = jax.lax.scan(iterate, state, jnp.arange(ITERATIONS))
        return d_gradients, g_gradients, metrics

    d_gradients, g_gradients, metrics = flatten_program(compute, hyper, state)(hyper, state)
    weights = _name_layers("discriminator.", state.d.params)
    weights |= _name_layers("generator.", state.g.params)
    weights |= _name_layers("average.", state.ema)
    draw, words = _draws_of_first_step(config, static, hyper)
    noise, real = flatten_program(draw, *words)(*words)
    gradients = _name_layers("", d_gradients), _name_layers("", g_gradients)
    return Judgment(weights, noise, real, *gradients, metrics)


def _draws_of_first_step(
    config: Gan2dConfig, static: StaticConfig, hyper: Hyperparameters
) -> tuple[Callable[[Array, Array], tuple[Array, Array]], tuple[Array, Array]]:
    """Return what draws the noise and the real points of the first step, and its keys' words."""

    def draw(noise_words: Array, real_words: Array) -> tuple[Array, Array]:
        noise_key, real_key = map(jax.random.wrap_key_data, (noise_words, real_words))
        noise = noise_of.sample(noise_key, config.batch_size, config.noise, config.noise_dims)
        return noise, static.real.draw(real_key, config.batch_size)

    words = np.asarray(hyper.batches)
    noise_words, real_words = (
        jnp.asarray(words + np.array([0, draw], np.uint32))
        for draw in (Draw.NOISE, Draw.REAL_POINTS)
    )
    return draw, (noise_words, real_words)


def _name_layers(prefix: str, layers: list[dict[str, Any]]) -> Arrays:
    return {
        f"{prefix}{number}.{name}": np.asarray(array)
        for number, layer in enumerate(layers)
        for name, array in layer.items()
    }
