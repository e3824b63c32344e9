from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.gan2d.measures import jacobian_measures
from epoque.gan2d.measures.jacobian import jacobian, singular_values


def uniform(n: int, dims: int) -> jax.Array:
    return jax.random.uniform(jax.random.key(dims), (n, dims))


def measure(generate: Callable[[jax.Array], jax.Array], z: jax.Array) -> dict[str, float]:
    return jacobian_measures(np.asarray(jacobian(generate, z)))


@pytest.mark.parametrize("dims", [1, 2, 3, 16])
def test_a_linear_generator_has_its_matrixs_singular_values(dims: int) -> None:
    matrix = np.random.default_rng(dims).standard_normal((2, dims)).astype(np.float32)
    j = jacobian(lambda z: z @ matrix.T + 3, uniform(5, dims))
    assert j.shape == (5, 2, dims)
    np.testing.assert_allclose(j[2], matrix, rtol=1e-5)
    wanted = np.append(np.linalg.svd(matrix, compute_uv=False), 0.0)[:2]
    np.testing.assert_allclose(singular_values(np.asarray(j))[0], wanted, rtol=1e-4, atol=1e-6)


def test_singular_values_are_numpys_also_for_nearly_flat_matrices() -> None:
    rng = np.random.default_rng(0)
    j = rng.standard_normal((200, 2, 2)).astype(np.float32)
    j[:50, 1] = 2 * j[:50, 0] + 1e-3 * j[:50, 1]
    wanted = np.linalg.svd(j.astype(float), compute_uv=False)
    np.testing.assert_allclose(singular_values(j), wanted, rtol=2e-3, atol=1e-6)


def test_autodiff_agrees_with_differences() -> None:
    def generate(z: jax.Array) -> jax.Array:
        return jnp.stack([jnp.sin(3 * z[:, 0]) * z[:, 1], z[:, 0] + z[:, 1] ** 2], axis=1)

    z, h = uniform(10, 2), 1e-3
    j = jacobian(generate, z)
    for k in (0, 1):
        move = h * jnp.eye(2)[k]
        slope = (generate(z + move) - generate(z - move)) / (2 * h)
        np.testing.assert_allclose(j[:, :, k], slope, atol=2e-3)


def test_one_dimension_of_noise_gives_a_curve_and_no_area() -> None:
    found = measure(lambda z: jnp.hstack([jnp.sin(6 * z), jnp.cos(6 * z)]), uniform(99, 1))
    assert float(found["dimension"]) == pytest.approx(1)
    assert float(found["stretch_max"]) == pytest.approx(6, rel=1e-4)
    assert float(found["stretch_min"]) == 0
    assert "folded" not in found


def test_the_dimension_goes_from_one_to_two_as_a_strip_widens() -> None:
    def dimension(width: float) -> float:
        return float(measure(lambda z: z * jnp.array([1, width]), uniform(99, 2))["dimension"])

    assert dimension(0.01) == pytest.approx(1, abs=1e-3)
    assert dimension(1) == pytest.approx(2)
    assert dimension(0.5) == pytest.approx((1 + 0.25) ** 2 / (1 + 0.25**2), rel=1e-5)


@pytest.mark.parametrize(("crease", "folded"), [(0.0, 0.0), (0.5, 0.5), (0.25, 0.1)])
def test_a_fold_turns_over_the_area_before_the_crease(crease: float, folded: float) -> None:
    """x = (z − c)² runs back over c² of a way of c² + (1 − c)²."""
    found = measure(
        lambda z: jnp.stack([(z[:, 0] - crease) ** 2, z[:, 1]], axis=1), uniform(20_000, 2)
    )
    assert float(found["folded"]) == pytest.approx(folded, abs=0.01)


def test_a_collapsed_generator_is_flat_and_has_no_folded_share() -> None:
    found = measure(lambda z: 0 * z, uniform(50, 2))
    told = {name: float(value) for name, value in found.items()}
    assert np.isnan(told.pop("folded"))
    assert told == {"stretch_max": 0, "stretch_min": 0, "dimension": 0}


def test_no_area_has_no_folded_share() -> None:
    flat = np.zeros((20, 2, 2))
    flat[:, :, 0] = 1.0  # all along one line
    with np.errstate(all="raise"):
        assert np.isnan(jacobian_measures(flat)["folded"])
