"""What is measured of a GAN, each by its published definition."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.distributions import GaussianMixture
from .histogram import divergences, histogram, overlap
from .jacobian import jacobian, jacobian_measures, layers_jacobian
from .kernels import PairMeans, measure_between, measure_within
from .mixture import mode_measures
from .shape import central_fraction, intrinsic_dimension, spread
from .summary import COLLAPSED, CONVERGED, summarize
from .transport import exact_w1, projections

__all__ = [
    "COLLAPSED",
    "CONVERGED",
    "PAIRS",
    "SAMPLES",
    "Sample",
    "central_fraction",
    "compare_samples",
    "exact_w1",
    "jacobian",
    "jacobian_measures",
    "layers_jacobian",
    "measure_samples",
    "spread",
    "summarize",
]

SAMPLES = 10_000
"""Points of each kind in a histogram: eleven a cell on average."""
SORTED = 2048
"""Of these, points whose projections are compared."""
PAIRS = 512
"""Of these, points of which all pairs are compared."""


@dataclass(frozen=True)
class Sample:
    """What all comparisons with a sample look at, reckoned once.

    Attributes:
        points: [n, 2], n at least `SORTED`, in random order.
        histogram: shares of the cells, see `histogram.histogram`.
        projections: of `SORTED` of them, see `transport.projections`.
        pair_means: of `PAIRS` of them, see `kernels.measure_within`.
        spread: see `shape.spread`.
    """

    points: NDArray[np.float32]
    histogram: NDArray[np.float64]
    projections: NDArray[np.float32]
    pair_means: PairMeans
    spread: float

    @classmethod
    def of(cls, points: NDArray[np.float32]) -> "Sample":
        """Return what there is to look at in points [n, 2]."""
        return cls(
            points,
            histogram(points),
            projections(points[:SORTED]),
            measure_within(points[:PAIRS]),
            spread(points),
        )


def measure_samples(
    real: NDArray[np.float32], fake: NDArray[np.float32], modes: GaussianMixture | None = None
) -> dict[str, float]:
    """Return every measure that compares generated with real points (see `compare_samples`)."""
    return compare_samples(Sample.of(np.asarray(real)), Sample.of(np.asarray(fake)), modes)


def compare_samples(
    real: Sample, fake: Sample, modes: GaussianMixture | None = None
) -> dict[str, float]:
    """Return every measure that compares generated with real points.

    Args:
        real: real points.
        fake: generated points.
        modes: the mixture that the real points are of, or None.

    Returns:
        `kl`, `kl_se`, `js`, `js_se` (bits), `coverage`, `precision` (shares), `sliced_w1` and
        `energy` (widths of the square), `mmd2`, `outside` (share of the generated points outside
        the square), `spread` (how wide the generated points lie, 1 being as wide as the real ones)
        and `intrinsic_dimension`; with modes also `modes_covered` and `high_quality`.
    """
    sizes = len(real.points), len(fake.points)
    measures = divergences(real.histogram, fake.histogram, *sizes) | overlap(
        real.histogram, fake.histogram
    )
    pairs = measure_between(real.points[:PAIRS], fake.points[:PAIRS])
    measures |= {
        "outside": float(fake.histogram[-1]),
        "sliced_w1": float(np.abs(real.projections - fake.projections).mean()),
        "mmd2": real.pair_means.kernel + fake.pair_means.kernel - 2 * pairs.kernel,
        "energy": 2 * pairs.distance - real.pair_means.distance - fake.pair_means.distance,
        "spread": fake.spread / real.spread,
        "intrinsic_dimension": intrinsic_dimension(fake.points[:PAIRS]),
    }
    return measures | (mode_measures(fake.points, modes) if modes else {})
