"""Kullback-Leibler and Jensen-Shannon divergence between two samples, on a grid of cells.

The plane is cut into 30×30 cells over the unit square and one cell for all that lies outside. Like
GAN Lab's evaluator it adds a little mass to every cell, so that the divergence from an empty cell
is finite; unlike it, the densities are renormalised, no point is lost, and the standard error is
given.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["EPS", "SIDE", "divergences", "histogram", "overlap"]

SIDE = 30
EPS = 1e-4
"""The mass added to each of the cells before renormalising, as in GAN Lab."""

Shares = NDArray[np.float64]


def histogram(points: NDArray[np.floating], side: int = SIDE) -> Shares:
    """Return the share of the points in each cell.

    Args:
        points: [n, 2]; one that is not a number lies outside.
        side: cells along x and along y.

    Returns:
        Float64 [side² + 1]; cell `side * row + column`, rows along y; the last is the outside. A
        point on the square's upper or right edge belongs to the last row or column.
    """
    inside = ((points >= 0) & (points <= 1)).all(axis=1)
    place = np.minimum((points[inside] * side).astype(np.int64), side - 1)
    counts = np.bincount(side * place[:, 1] + place[:, 0], minlength=side**2 + 1)
    counts[-1] = len(points) - len(place)
    return counts / len(points)


def divergences(
    real: Shares, fake: Shares, n_real: int, n_fake: int, eps: float = EPS
) -> dict[str, float]:
    """Return the divergences between two histograms, in bits, with their standard errors.

    With K cells, p and q are (share + eps) / (1 + K·eps). The standard errors are the delta
    method's (multinomial counts); they say how far another pair of samples would differ, not how
    far a finite sample lies above the truth, which `js` of two samples of real points shows.

    Args:
        real: shares of the real points [K], sum 1.
        fake: shares of the generated points [K], sum 1.
        n_real: how many points `real` counts.
        n_fake: how many points `fake` counts.
        eps: mass added to each cell; 0 is allowed where `fake` covers `real` and for JS.

    Returns:
        `kl`: KL(real ‖ fake) = Σ p log₂(p/q); `js`: Jensen-Shannon divergence, 0 to 1; `kl_se` and
        `js_se`: their standard errors.
    """
    total = 1 + len(real) * eps
    p, q = (real + eps) / total, (fake + eps) / total
    middle = (p + q) / 2
    log_pq, log_pm, log_qm = _log2(p, q), _log2(p, middle), _log2(q, middle)
    samples = (real, n_real), (fake, n_fake)
    with np.errstate(divide="ignore", invalid="ignore"):  # of an infinite KL the error is NaN
        kl_slopes = log_pq + 1 / np.log(2.0), -np.where(p > 0, p / q, 0.0) / np.log(2.0)
        return {
            "kl": float(np.where(p > 0, p * log_pq, 0.0).sum()),
            "kl_se": _error(samples, kl_slopes) / total,
            "js": float((p * log_pm + q * log_qm).sum()) / 2,
            "js_se": _error(samples, (log_pm / 2, log_qm / 2)) / total,
        }


def overlap(real: Shares, fake: Shares) -> dict[str, float]:
    """Return how far two histograms cover each other.

    Like the precision and recall of Sajjadi et al. 2018 ("Assessing generative models via
    precision and recall"), but counted in cells that have at least a tenth of the other's share.

    Args:
        real: shares of the real points [K], sum 1.
        fake: shares of the generated points [K], sum 1.

    Returns:
        `coverage`: the share of the real points in cells that the generator does not neglect; a
        collapsed generator has little. `precision`: the share of the generated points in cells
        where there is reason for them.
    """
    return {
        "coverage": float(real[fake >= real / 10].sum()),
        "precision": float(fake[real >= fake / 10].sum()),
    }


def _log2(p: Shares, q: Shares) -> Shares:
    """Return log₂(p/q), and 0 where p is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log2(np.where(p > 0, p / q, 1.0))


def _error(
    samples: tuple[tuple[Shares, int], ...], slopes: tuple[NDArray[np.floating], ...]
) -> float:
    """Return the delta method's standard error: √Σ Var(slope) / n over the samples."""
    variance = 0.0
    for (share, n), slope in zip(samples, slopes, strict=True):
        # A slope is infinite only in a cell that holds no point; it has no part in the variance.
        held = share > 0
        shares, finite = share[held], slope[held]
        centered = finite - (shares * finite).sum()
        variance += float((shares * centered**2).sum()) / n
    return float(np.sqrt(variance))
