"""The noise that a generator turns into points, and the lattice that shows what it does to it."""

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jax import Array

__all__ = ["LATTICE_SIDE", "density", "lattice", "sample"]

LATTICE_SIDE = 21
MEAN, SD, CUT = 0.5, 0.25, 2.0  # GAN Lab's truncated normal: no farther than 2 sd, so 0 to 1
TAIL = NormalDist().cdf(-CUT)


def sample(key: "Array", n: int, kind: str, dims: int) -> "Array":
    """Draw noise.

    Args:
        key: JAX's key; may be traced.
        n: how many, static.
        kind: `uniform`: between 0 and 1; `gaussian`: GAN Lab's, mean ½ and standard deviation ¼,
            cut off at 0 and 1; `normal`: mean 0 and standard deviation 1, as in most papers.
        dims: dimensions, 1 to 16.

    Returns:
        Noise, float32 [n, dims].
    """
    import jax  # here, so that drawing does not load it
    import jax.numpy as jnp

    match kind:
        case "uniform":
            return jax.random.uniform(key, (n, dims), jnp.float32)
        case "gaussian":
            truncated = jax.random.truncated_normal(key, -CUT, CUT, (n, dims), jnp.float32)
            return MEAN + SD * truncated
        case _:
            return jax.random.normal(key, (n, dims), jnp.float32)


def lattice(kind: str, dims: int) -> NDArray[np.float32]:
    """Return the lattice of noise whose image is drawn as the generator's manifold.

    One dimension: a curve of 441 points. Two: 21×21 points, the first coordinate moving slowest.
    More: the same lattice in the first two, the others at their mean. It covers where the noise
    falls: 0 to 1, or ±2 standard deviations of `normal`.

    Returns:
        float32 [441, dims].
    """
    low, high = (-CUT, CUT) if kind == "normal" else (0.0, 1.0)
    if dims == 1:
        return np.linspace(low, high, LATTICE_SIDE**2, dtype=np.float32)[:, None]
    side = np.linspace(low, high, LATTICE_SIDE, dtype=np.float32)
    points = np.full((LATTICE_SIDE**2, dims), (low + high) / 2, np.float32)
    points[:, :2] = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    return points


def density(kind: str, z: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the noise's probability density at points z [n, dims], as [n]."""
    if kind == "uniform":
        return np.asarray(((z >= 0) & (z <= 1)).all(axis=1), np.float64)
    if kind == "gaussian":
        away = (z.astype(np.float64) - MEAN) / SD
        scale = SD * (1 - 2 * TAIL) * np.sqrt(2 * np.pi)
        each = np.where(np.abs(away) <= CUT + 1e-6, np.exp(-(away**2) / 2) / scale, 0.0)
    else:
        each = np.exp(-(z.astype(np.float64) ** 2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(each.prod(axis=1))
