"""What only the claims on GANs in the plane are measured by: quantities of a sweep at a setting."""

from collections.abc import Mapping
from typing import Any

from epoque.bench.evidence import Evidence, Values

__all__ = ["discriminator_accuracy", "fall_back", "generator_lost", "shape_match"]

STOPPED = 0.01
"""The norm of the gradient below which the generator no longer learns: it is about 1 while it
does, and 0.1 to 0.3 at the start."""


def shape_match(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure how well the shapes match at the end, 0 to 1.

    It is the harmonic mean of coverage and precision (of recall and precision, an F score): 0
    where both are, and where the training diverged.
    """
    rows = evidence.table(sweep, **at)
    coverage, precision = (rows[f"final_{name}"].fillna(0.0) for name in ("coverage", "precision"))
    total = coverage + precision
    return (2 * coverage * precision / total.where(total > 0)).where(total > 0, 0.0)


def discriminator_accuracy(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure which share of real and generated points the discriminator tells right."""
    rows = evidence.table(sweep, **at)
    return (rows["late_accuracy_real"] + rows["late_accuracy_fake"]) / 2


def fall_back(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure how far the end lies above the best divergence on the way.

    Where a training had diverged both are 1, the most there is: that is what became of it.
    """
    rows = evidence.table(sweep, **at)
    return rows["final_js"].fillna(1.0) - rows["best_js"].fillna(1.0)


def generator_lost(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure whether the generator gets no gradient any more, or gives a single output: 1 or 0."""
    rows = evidence.table(sweep, **at)
    stopped = ~(rows["late_grad_norm_g"] >= STOPPED)
    return (stopped | (rows["collapsed"] == 1) | (rows["diverged"] == 1)).astype(float)
