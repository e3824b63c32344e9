from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.training.snapshots import compute_snapshot, grid_centers, prepare


def config(**changes: Any) -> Any:
    told = {"data": "ring", "noise": "uniform", "noise_dims": 2, "seed": 4}
    return Gan2dConfig(**{**told, **changes})


def logits(x: jax.Array) -> jax.Array:
    return 3 * x[:, 0] - 2 * x[:, 1] ** 2


def test_a_snapshot_holds_what_its_layout_says() -> None:
    fixed = prepare(config())
    found = jax.jit(lambda f: compute_snapshot(f, lambda z: z[:, ::-1] * 0.5, logits, True))(fixed)
    shapes = {name: array.shape for name, array in found.items()}
    assert shapes == {
        "real": (450, 2),
        "fake": (450, 2),
        "d": (30, 30),
        "manifold": (21, 21, 2),
        "gradients": (450, 2),
        "probability": (),
    }
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    assert sum(array.nbytes for array in found.values()) == 17_932
    np.testing.assert_allclose(found["fake"], fixed.noise[:, ::-1] * 0.5)
    np.testing.assert_allclose(found["manifold"][3, 10], (0.25, 0.075))


def test_what_the_output_means_may_be_decided_inside_a_compiled_program() -> None:
    fixed = prepare(config())
    compiled = jax.jit(lambda f, told: compute_snapshot(f, lambda z: z, logits, told))
    for told in (True, False):
        found, wanted = compiled(fixed, told), compute_snapshot(fixed, lambda z: z, logits, told)
        assert float(found["probability"]) == told
        np.testing.assert_allclose(found["d"], wanted["d"], rtol=1e-5)
        np.testing.assert_allclose(found["gradients"], wanted["gradients"], rtol=1e-4)


def test_rows_of_d_go_up_and_columns_to_the_right() -> None:
    found = compute_snapshot(prepare(config()), lambda z: z, logits, False)["d"]
    assert float(found[29, 0]) == pytest.approx(3 * 0.5 / 30 - 2 * (29.5 / 30) ** 2, rel=1e-5)
    assert float(found[0, 29]) == pytest.approx(3 * 29.5 / 30 - 2 * (0.5 / 30) ** 2, rel=1e-5)
    np.testing.assert_allclose(grid_centers()[1], (0.05, 0.5 / 30), rtol=1e-6)


@pytest.mark.parametrize("probability", [True, False])
def test_gradients_are_those_of_the_output(probability: bool) -> None:
    found = compute_snapshot(prepare(config()), lambda z: z, logits, probability)
    x = np.asarray(found["fake"], float)
    slope = np.stack([np.full(len(x), 3.0), -4 * x[:, 1]], axis=1)
    if probability:
        o = 1 / (1 + np.exp(-np.asarray(logits(jnp.asarray(x)), float)))
        slope *= (o * (1 - o))[:, None]
    np.testing.assert_allclose(found["gradients"], slope, rtol=1e-4, atol=1e-6)


def test_noise_of_one_dimension_gives_a_curve_and_of_many_a_slice() -> None:
    fixed = prepare(config(noise_dims=1))
    one = compute_snapshot(fixed, lambda z: jnp.hstack([z, z * z]), logits, True)
    assert one["manifold"].shape == (441, 2)
    many = prepare(config(noise_dims=7, noise="normal"))
    assert many.lattice.shape == (441, 7)
    assert compute_snapshot(many, lambda z: z[:, :2], logits, True)["manifold"].shape == (21, 21, 2)


def test_all_snapshots_of_a_run_share_points_that_the_seed_decides() -> None:
    again, other = prepare(config()), prepare(config(seed=5))
    assert np.array_equal(prepare(config()).noise, again.noise)
    assert np.array_equal(prepare(config()).real, again.real)
    assert not np.any(other.noise == again.noise)
