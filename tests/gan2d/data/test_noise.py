import jax
import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.stats import kstest, norm, truncnorm, uniform

from epoque.gan2d.data.noise import density, lattice, sample

LAWS = {
    "uniform": uniform,
    "gaussian": truncnorm(-2, 2, 0.5, 0.25),
    "normal": norm,
}


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("dims", [1, 2, 16])
def test_every_component_follows_its_law_independently(kind: str, dims: int) -> None:
    drawn = np.asarray(sample(jax.random.key(5), 4000, kind, dims))
    assert drawn.shape == (4000, dims)
    assert drawn.dtype == np.float32
    for component in drawn.T:
        assert kstest(component.astype(float), LAWS[kind].cdf).statistic < 0.03
    if dims > 1:
        assert np.abs(np.corrcoef(drawn.T) - np.eye(dims)).max() < 0.08


@pytest.mark.parametrize("kind", LAWS)
def test_the_density_is_the_laws(kind: str) -> None:
    z = np.random.default_rng(0).uniform(-1, 2, (200, 2)).astype(np.float32)
    wanted = LAWS[kind].pdf(z[:, 0]) * LAWS[kind].pdf(z[:, 1])
    np.testing.assert_allclose(density(kind, z), wanted, rtol=1e-5, atol=1e-12)
    low, high = (-5, 5) if kind == "normal" else (0, 1)
    whole = dblquad(
        lambda y, x: float(density(kind, np.array([[x, y]], np.float32))[0]),
        *(low, high, low, high),
        epsabs=1e-3,
    )[0]
    assert whole == pytest.approx(1, abs=0.01)


def test_the_lattice_covers_where_the_noise_falls() -> None:
    square = lattice("uniform", 2)
    assert square.shape == (441, 2)
    np.testing.assert_allclose(square[[0, 20, 21, 440]], [(0, 0), (0, 1), (0.05, 0), (1, 1)])
    curve = lattice("normal", 1)
    assert curve.shape == (441, 1)
    np.testing.assert_allclose(curve[[0, 220, 440], 0], [-2, 0, 2])
    assert (lattice("gaussian", 5)[:, 2:] == 0.5).all()
    assert (lattice("normal", 5)[:, 2:] == 0).all()
