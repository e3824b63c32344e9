"""Can one line part the two classes? Decided by linear programmes, and proved either way.

Two finite sets of points can be parted by a hyperplane if and only if their convex hulls do not
meet (Gordan 1873, Farkas 1902). So there is always a proof: the hyperplane, or one point that is a
weighted mean of the one class and of the other. Both are checked by plain arithmetic after the
solver (HiGHS, through scipy) found them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Certificate",
    "Separability",
    "compute_mistake_bound",
    "decide_separability",
    "find_widest_margin",
]

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""How near the two means of a certificate must be, as a share of the points' range."""


@dataclass(frozen=True)
class Certificate:
    """The proof that no line parts two classes: one point in both convex hulls.

    Attributes:
        point: that point, [F].
        ones: places in x of points of class 1, with weights that are at least 0 and add up to 1,
            whose weighted mean is `point`.
        zeros: the same of class 0.
    """

    point: Floats
    ones: dict[int, float]
    zeros: dict[int, float]


@dataclass(frozen=True)
class Separability:
    """Whether one line parts two classes, with the proof.

    Attributes:
        separable: None where rounding leaves neither proof (points nearer than one part in 10⁹).
        line: weights [F+1] of y = −w0 + Σ xi·wi with y ≥ 1 at class 1, y ≤ −1 at class 0 and
            equality at the nearest point; None if there is none.
        margin: the distance of the nearest point from that line; None without a line, or where
            all w1 … wF are 0 (possible where there is only one class).
        certificate: the proof that there is no line, or None.
    """

    separable: bool | None
    line: Floats | None = None
    margin: float | None = None
    certificate: Certificate | None = None


def decide_separability(x: Floats, d: Floats) -> Separability:
    """Decide whether one line parts the classes of points.

    Args:
        x: inputs [N, F].
        d: classes [N], 0 or 1.
    """
    size = abs(x).max(axis=0)
    size[size == 0] = 1.0
    unit = x / size  # first, so that no input is too large to take a difference of
    center = (unit.max(axis=0) + unit.min(axis=0)) / 2
    spread = np.ptp(unit, axis=0) / 2
    spread[spread == 0] = 1.0
    scaled = (unit - center) / spread
    line = _solve_line(scaled, d)
    if line is not None:
        w = line[1:] / spread
        separation = _check_line(x, d, np.array([line[0] + w @ center, *(w / size)]))
        if separation is not None:
            return separation
    certificate = _solve_certificate(scaled, d)
    if certificate is None:
        return Separability(None)
    ones, zeros = certificate
    point = sum(share * x[i] for i, share in ones.items())
    return Separability(False, certificate=Certificate(np.asarray(point), ones, zeros))


def _sign_inputs(x: Floats, d: Floats) -> Floats:
    """Return s · (−1, x) [N, F+1] with s = +1 at class 1 and −1 at class 0: `@ w` is s·y."""
    return (2 * d - 1)[:, None] * np.hstack([-np.ones((len(x), 1)), x])


def _solve_line(x: Floats, d: Floats) -> Floats | None:
    """Return the weights in [−1, 1] that make the least s·y greatest, None if it is 0."""
    from scipy.optimize import linprog

    rows = _sign_inputs(x, d)
    goal = np.zeros(rows.shape[1] + 1)
    goal[-1] = -1.0
    limits = [(-1.0, 1.0)] * rows.shape[1] + [(0.0, None)]
    rows = np.hstack([-rows, np.ones((len(rows), 1))])  # t − s·y ≤ 0
    solved = linprog(goal, A_ub=rows, b_ub=np.zeros(len(rows)), bounds=limits, method="highs")
    solution: Floats | None = solved.x
    return None if solution is None or solution[-1] <= 0 else solution[:-1]


def _check_line(x: Floats, d: Floats, w: Floats) -> Separability | None:
    """Return the verdict with the line, if it truly parts the classes."""
    with np.errstate(over="ignore", invalid="ignore"):
        nearest = float((_sign_inputs(x, d) @ w).min())
        if not (0 < nearest < np.inf and np.isfinite(w / nearest).all()):
            return None
    w = w / nearest
    length = float(np.hypot.reduce(w[1:]))
    return Separability(True, line=w, margin=1 / length if length else None)


def _solve_certificate(x: Floats, d: Floats) -> tuple[dict[int, float], dict[int, float]] | None:
    """Return the weights of both classes' points (by place in x) whose means meet."""
    from scipy.optimize import linprog

    sign = 2 * d - 1
    meet = np.vstack([(sign[:, None] * x).T, d, 1 - d])  # means equal, both weights add up to 1
    targets = np.concatenate([np.zeros(x.shape[1]), [1.0, 1.0]])
    result = linprog(np.zeros(len(x)), A_eq=meet, b_eq=targets, bounds=(0, None), method="highs-ds")
    if result.x is None:
        return None
    used = np.flatnonzero(result.x > TOLERANCE)
    shares = np.linalg.lstsq(meet[:, used], targets)[0]  # the solver's own are good to 10⁻⁷
    if shares.min() < 0 or abs(meet[:, used] @ shares - targets).max() > TOLERANCE:
        return None
    weights: dict[int, float] = dict(zip(used.tolist(), shares.tolist(), strict=True))
    ones, zeros = ({i: w for i, w in weights.items() if d[i] == label} for label in (1, 0))
    return ones, zeros


def find_widest_margin(x: Floats, d: Floats) -> tuple[Floats, float] | None:
    """Return the unit weights u [F+1] whose least s·y is greatest, and that γ; None if it is 0.

    It is the distance from 0 to the convex hull of the signed inputs s · (−1, x), found as a least
    distance programme by non-negative least squares (Lawson & Hanson 1974, chapter 23).
    """
    from scipy.optimize import nnls

    rows = _sign_inputs(x, d)
    size = abs(rows).max()
    system = np.vstack([rows.T / size, np.ones(len(rows))])
    targets = np.append(np.zeros(rows.shape[1]), 1.0)
    shares, _ = nnls(system, targets)
    residual = targets - system @ shares
    length = float(np.linalg.norm(residual[:-1]))
    if length <= TOLERANCE:
        return None
    u = -residual[:-1] / length
    margin = float((rows @ u).min())
    return (u, margin) if margin > 0 else None


def compute_mistake_bound(x: Floats, d: Floats, w: Floats, rate: float) -> float | None:
    """Return how many corrections Rosenblatt's rule makes at most; None if no line parts them.

    Novikoff 1962 for weights that start at 0: (R/γ)², with R the longest input (−1, x) and γ the
    widest margin. Started at w, after k corrections with learning rate c

        (w·u + c·k·γ)² ≤ |w_k|² ≤ |w|² + k·c²·R²,

    and the bound is the larger root of that quadratic in k.

    Args:
        x: inputs [N, F].
        d: classes [N].
        w: initial weights [F+1].
        rate: the learning rate c.
    """
    widest = find_widest_margin(x, d)
    if widest is None:
        return None
    u, margin = widest
    radius = float(np.linalg.norm(_sign_inputs(x, d), axis=1).max())
    along, square = float(w @ u), float(w @ w)
    half = rate**2 * radius**2 / 2 - along * rate * margin
    root = half**2 + rate**2 * margin**2 * max(square - along**2, 0.0)
    return float((half + root**0.5) / (rate * margin) ** 2)


def to_json(separability: Separability, x: Floats) -> dict[str, Any]:
    """Return a verdict as plain JSON values: `separable`, `separating_line`, …"""
    proof = separability.certificate
    certificate = proof and {
        "point": proof.point.tolist(),
        "ones": [{"x": x[i].tolist(), "weight": w} for i, w in proof.ones.items()],
        "zeros": [{"x": x[i].tolist(), "weight": w} for i, w in proof.zeros.items()],
    }
    return {
        "separable": separability.separable,
        "separating_line": None if separability.line is None else separability.line.tolist(),
        "separating_margin": separability.margin,
        "certificate": certificate,
    }
