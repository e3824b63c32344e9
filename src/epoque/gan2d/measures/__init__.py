"""What is measured of a GAN, each by its published definition."""

from jax import Array

from ..distributions import Modes
from .histogram import divergences, histogram, overlap
from .jacobian import jacobian_measures
from .kernels import energy_distance, mmd2
from .mixture import mode_measures
from .summary import CONVERGED, summary
from .transport import exact_w1, sliced_w1

__all__ = [
    "CONVERGED",
    "PAIRS",
    "SAMPLES",
    "all_measures",
    "exact_w1",
    "jacobian_measures",
    "summary",
]

SAMPLES = 10_000
"""Points of each kind in a histogram: eleven a cell on average."""
SORTED = 2048
"""Of these, points whose projections are compared."""
PAIRS = 512
"""Of these, points of which all pairs are compared."""


def all_measures(real: Array, fake: Array, modes: Modes | None = None) -> dict[str, Array]:
    """Return every measure that compares generated with real points; JAX can compile it.

    Args:
        real: real points [n, 2], n at least `SORTED`, in random order.
        fake: generated points [n, 2].
        modes: the mixture that the real points are of, or None.

    Returns:
        Scalars: `kl`, `kl_se`, `js`, `js_se` (bits), `coverage`, `precision` (shares), `sliced_w1`
        and `energy` (widths of the square), `mmd2`, `outside` (share of the generated points
        outside the square); with modes also `modes_covered` and `high_quality`.
    """
    p, q = histogram(real), histogram(fake)
    found = divergences(p, q, len(real), len(fake)) | overlap(p, q)
    found["outside"] = q[-1]
    found["sliced_w1"] = sliced_w1(real[:SORTED], fake[:SORTED])
    found["mmd2"] = mmd2(real[:PAIRS], fake[:PAIRS])
    found["energy"] = energy_distance(real[:PAIRS], fake[:PAIRS])
    return found | (mode_measures(fake, modes) if modes else {})
