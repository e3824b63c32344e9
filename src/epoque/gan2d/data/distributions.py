"""The real points: GAN Lab's four distributions, seven more, and the user's own.

All live in or near the unit square; a point that falls outside stays where it is. A sampler is a
function of a key and a number of points that JAX can compile and vectorise.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.bench.seeds import jax_key

from ..seeds import Purpose
from .user_points import UserPoints, load_points

if TYPE_CHECKING:
    from ..config import Gan2dConfig

__all__ = ["GaussianMixture", "Sampler", "find_mixture", "make_sampler", "sample_real_points"]

Sampler = Callable[[Array, int], Array]
"""Takes a key (may be traced) and a number of points n (static); returns float32 [n, 2]."""


class GaussianMixture(NamedTuple):
    """A mixture of K equally likely Gaussians whose axes are x and y.

    Attributes:
        centers: float32 [K, 2].
        sd: standard deviations along x and y, float32 [K, 2].
    """

    centers: NDArray[np.float32]
    sd: NDArray[np.float32]


def find_mixture(config: "Gan2dConfig") -> GaussianMixture | None:
    """Return the Gaussians of a mixture, or None for a distribution that is not one."""
    return _MIXTURES.get(config.data)


def make_sampler(config: "Gan2dConfig", user_points: UserPoints | None = None) -> Sampler:
    """Return the function that draws real points.

    Args:
        config: names the `data`.
        user_points: the user's points, where they were read already; else the file is read here.

    Raises:
        DataError: if the user's points cannot be read or used.
    """
    if config.data in _FORMULAS:
        return _from_uniforms(_FORMULAS[config.data])
    user_points = user_points or load_points(config)
    assert user_points is not None, f"no sampler for {config.data}"
    return _make_resampler(user_points)


def sample_real_points(
    config: "Gan2dConfig", n: int, seed: int, user_points: UserPoints | None = None
) -> NDArray[np.float32]:
    """Return n real points for looking and measuring, float32 [n, 2]; training draws others.

    Raises:
        DataError: if the user's points cannot be read or used.
    """
    draw = make_sampler(config, user_points)
    return np.asarray(draw(jax_key(seed, Purpose.REAL_POINTS), n))


def _modes(centers: Any, sd: Any) -> GaussianMixture:
    places = np.asarray(centers, np.float32)
    return GaussianMixture(places, np.broadcast_to(np.asarray(sd, np.float32), places.shape))


def _around(count: int, radius: float) -> list[tuple[float, float]]:
    angles = (2 * math.pi * k / count for k in range(count))
    return [(0.5 + radius * math.cos(a), 0.5 + radius * math.sin(a)) for a in angles]


_FIFTHS = (0.1, 0.3, 0.5, 0.7, 0.9)

# gaussians and disjoint: GAN Lab (Kahng et al. 2019, arXiv:1809.01587), with its numbers. grid and
# circle: the shapes of Srivastava et al. 2017 (VEEGAN, arXiv:1705.07761), section 4.1.
_MIXTURES = {
    "gaussians": _modes([(0.3, 0.7), (0.7, 0.4)], [(0.1, 0.1), (0.05, 0.2)]),
    "disjoint": _modes([(0.35, 0.75), (0.75, 0.6), (0.45, 0.35)], 0.025),
    "grid": _modes([(x, y) for x in _FIFTHS for y in _FIFTHS], 0.015),
    "circle": _modes(_around(8, 0.35), 0.02),
}


def _mixture(mixture: GaussianMixture) -> "Formula":
    def place(u: Array) -> Array:
        which = jnp.floor(u[0] * len(mixture.centers)).astype(int)
        return jnp.asarray(mixture.centers)[which] + jnp.asarray(mixture.sd)[which] * _normals(
            u[1:]
        )

    return place


def _make_resampler(user_points: UserPoints) -> Sampler:
    points, jitter = jnp.asarray(user_points.points), user_points.jitter

    def draw(key: Array, n: int) -> Array:
        which_key, noise_key = jax.random.split(key)
        sample = points[jax.random.randint(which_key, (n,), 0, len(points))]
        return sample + jitter * jax.random.normal(noise_key, (n, 2)) if jitter else sample

    return draw


# A formula takes three uniform numbers for each point, u [3, n], and returns the points [n, 2]: one
# draw for a whole batch, because on a CPU every draw costs as much as a step of a small network.


def _from_uniforms(formula: "Formula") -> Sampler:
    def draw(key: Array, n: int) -> Array:
        return formula(jax.random.uniform(key, (3, n), jnp.float32))

    return draw


def _normals(u: Array) -> Array:
    """Return standard normal numbers [n, 2] from uniform ones [2, n] (Box and Muller 1958)."""
    radius, angle = jnp.sqrt(-2 * jnp.log1p(-u[0])), 2 * math.pi * u[1]
    return _xy(radius * jnp.cos(angle), radius * jnp.sin(angle))


def _xy(x: Array, y: Array) -> Array:
    return jnp.stack([x, y], axis=1)


def _line(u: Array) -> Array:
    """GAN Lab: from (.8, .6) to (.05, .9), sd .01."""
    return _xy(0.8 - 0.75 * u[0], 0.6 + 0.3 * u[0]) + 0.01 * _normals(u[1:])


def _ring(u: Array) -> Array:
    """GAN Lab: an ellipse around (.5, .45), radii .3 and .25, sd .025."""
    angle = 2 * math.pi * u[0]
    ellipse = _xy(0.5 + 0.3 * jnp.cos(angle), 0.45 + 0.25 * jnp.sin(angle))
    return ellipse + 0.025 * _normals(u[1:])


def _moons(u: Array) -> Array:
    """Two half circles of radius .27 that reach into each other, sd .02."""
    lower = u[0] >= 0.5
    angle = math.pi * (2 * u[0] - lower)
    x = jnp.where(lower, 1 - jnp.cos(angle), jnp.cos(angle))
    y = jnp.where(lower, 0.5 - jnp.sin(angle), jnp.sin(angle))
    return 0.5 + 0.27 * _xy(x - 0.5, y - 0.25) + 0.02 * _normals(u[1:])


def _spiral(u: Array) -> Array:
    """Two turns out to a radius of .4, about as dense everywhere along the arm, sd .01."""
    way = jnp.sqrt(u[0])  # an arm's length grows with the radius
    angle = 4 * math.pi * way
    arm = 0.5 + 0.4 * _xy(way * jnp.cos(angle), way * jnp.sin(angle))
    return arm + 0.01 * _normals(u[1:])


def _checkerboard(u: Array) -> Array:
    """The eight dark squares of a 4×4 board from .1 to .9, evenly filled."""
    which = jnp.floor(8 * u[0])
    row = which // 2
    return 0.1 + 0.2 * _xy(2 * (which % 2) + row % 2 + u[1], row + u[2])


def _pinwheel(u: Array) -> Array:
    """Five bent blades: Johnson et al. 2016 (arXiv:1603.06277), scaled into the square."""
    across = _normals(u[1:])
    x, y = 1 + 0.3 * across[:, 0], 0.1 * across[:, 1]
    angle = 2 * math.pi / 5 * jnp.floor(5 * u[0]) + 0.25 * jnp.exp(x)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    return 0.5 + 0.24 * _xy(x * cos - y * sin, x * sin + y * cos)


Formula = Callable[[Array], Array]
_FORMULAS: dict[str, Formula] = {
    **{name: _mixture(mixture) for name, mixture in _MIXTURES.items()},
    "line": _line,
    "ring": _ring,
    "moons": _moons,
    "spiral": _spiral,
    "checkerboard": _checkerboard,
    "pinwheel": _pinwheel,
}
