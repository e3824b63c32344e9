"""The numbers of a finished run."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from epoque.bench.runs.run import Run
from epoque.bench.seeds import jax_key

from .config import Gan2dConfig
from .data import noise
from .data.distributions import find_mixture, make_sampler
from .data.user_points import UserPoints, count_outside, load_run_points
from .measures import SAMPLES, exact_w1, measure_samples, summarize
from .seeds import Purpose
from .training import engine, evaluation
from .training.checkpoint import load_networks
from .training.hyperparameters import Hyperparameters, StaticConfig

__all__ = ["evaluate"]

PAIRED = 1000
"""Points between which the exact Wasserstein distance is computed."""


def evaluate(run: Run[Gan2dConfig]) -> Mapping[str, Any]:
    """Return the numbers of a finished run; a number that is not defined is None.

    At the end: `final_loss_d`, `final_js`, …, each metric's last value (see
    `epoque.gan2d.training.train` and `epoque.gan2d.measures`), and `final_exact_w1`, the exact
    Wasserstein-1 distance between 1,000 real and 1,000 generated points. `floor_js`,
    `floor_sliced_w1`, …, `floor_exact_w1`: the same between two samples of real points, which is
    what a perfect generator would have. `answers_per_point`: how many numbers the discriminator
    gives for one point.

    Over the run: what `epoque.gan2d.measures.summarize` returns, such as `converged_at`. Of its
    start: what `epoque.gan2d.training.evaluation.evaluate_initial_state` returns, such as
    `first_spread`. Of the user's own points: `data_points`, and `data_outside`, how many lie
    outside the unit square.

    Raises:
        DamagedRunError: if the metrics or the last checkpoint cannot be read.
        DataError: if the run's copy of the user's points cannot be read.
    """
    config = run.config
    user_points = load_run_points(run)
    results = _summarize_metrics(run) | _last_metrics(run)
    results |= _measure_start(config, user_points) | _compare_with_real(run, config, user_points)
    if user_points:
        results |= {
            "data_points": len(user_points.points),
            "data_outside": count_outside(user_points.points),
        }
    return {name: _plain(value) for name, value in results.items()}


def _last_metrics(run: Run[Gan2dConfig]) -> dict[str, Any]:
    """Return the last value of each metric."""
    metrics = run.metrics
    last = {name: metrics[name].dropna() for name in metrics}
    return {f"final_{name}": series.iloc[-1] for name, series in last.items() if len(series)}


def _summarize_metrics(run: Run[Gan2dConfig]) -> dict[str, Any]:
    """Return what the evaluations say together."""
    if "js" not in run.metrics:
        return {}
    rows = run.metrics.dropna(subset=["js"])
    values = {name: rows[name].to_numpy(float) for name in rows}
    return dict(summarize(rows.index.to_numpy(), values))


def _measure_start(config: Gan2dConfig, user_points: UserPoints | None) -> dict[str, Any]:
    """Return the measures of the untrained generator, which the seed alone decides."""
    static, hyper = (
        StaticConfig.from_config(config, user_points),
        Hyperparameters.from_config(config),
    )
    state = engine.init_state(static, hyper)
    return dict(evaluation.evaluate_initial_state(static, hyper.seed, state))


def _compare_with_real(
    run: Run[Gan2dConfig], config: Gan2dConfig, user_points: UserPoints | None
) -> dict[str, Any]:
    """Return the exact distance at the end, and what a perfect generator would have."""
    generate, answer = load_networks(config, run.checkpoint().arrays)
    keys = jax.random.split(jax_key(config.seed, Purpose.FINAL_EVALUATION), 3)
    draw = make_sampler(config, user_points)
    real, other = draw(keys[0], SAMPLES), draw(keys[1], SAMPLES)
    fake = generate(noise.sample(keys[2], PAIRED, config.noise, config.noise_dims))
    floors = measure_samples(np.asarray(real), np.asarray(other), find_mixture(config))
    results: dict[str, Any] = {f"floor_{name}": value for name, value in floors.items()}
    results["final_exact_w1"] = _exact(real, fake)
    results["floor_exact_w1"] = _exact(real, other)
    results["answers_per_point"] = int(answer(real[:PAIRED]).size) // PAIRED
    return results


def _exact(real: jax.Array, other: jax.Array) -> float:
    return exact_w1(np.asarray(real[:PAIRED]), np.asarray(other[:PAIRED]))


def _plain(value: Any) -> int | float | None:
    """Return a plain JSON number, None for one that is not finite."""
    if isinstance(value, int):
        return value
    number = float(np.asarray(value))
    return number if math.isfinite(number) else None
