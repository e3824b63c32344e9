"""What only the claims on GANs in the plane are measured by: quantities of a sweep at a setting."""

from collections.abc import Mapping
from typing import Any

from epoque.bench.evidence import Evidence, Values

__all__ = [
    "answers_per_point",
    "discriminator_accuracy",
    "fall_back",
    "is_below",
    "shape_match",
    "wrong_share",
]


def shape_match(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure how well the shapes match at the end, 0 to 1.

    It is the harmonic mean of coverage and precision (of recall and precision, an F score): 0
    where both are; NaN where the training diverged.
    """
    rows = evidence.table(sweep, **at)
    coverage, precision = (rows[f"final_{name}"] for name in ("coverage", "precision"))
    total = coverage + precision
    return (2 * coverage * precision / total.where(total > 0)).mask(total == 0, 0.0)


def discriminator_accuracy(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure which share of the points, as many real as generated, gets the right answer."""
    rows = evidence.table(sweep, **at)
    return (rows["late_accuracy_real"] + rows["late_accuracy_fake"]) / 2


def fall_back(evidence: Evidence, sweep: str, at: Mapping[str, Any]) -> Values:
    """Measure how far the end lies above the best divergence on the way; NaN if it diverged."""
    rows = evidence.table(sweep, **at)
    return rows["final_js"] - rows["best_js"]


def is_below(
    evidence: Evidence, sweep: str, name: str, limit: float, at: Mapping[str, Any]
) -> Values:
    """Measure whether a result lies below a limit, 1 or 0; NaN where the training diverged."""
    values = evidence.table(sweep, **at)[name]
    return (values < limit).astype(float).where(values.notna())


def wrong_share(evidence: Evidence, sweep: str, of: str, at: Mapping[str, Any]) -> Values:
    """Measure at which share of the points one network's aim was missed at the end.

    Args:
        evidence: what is measured on.
        sweep: as the chapter calls it.
        of: `discriminator`: the points, as many real as generated, that got the wrong answer;
            `generator`: the generated points that got the right one.
        at: the values of the axes other than the seed.
    """
    rows = evidence.table(sweep, **at)
    real, generated = (rows[f"final_accuracy_{kind}"] for kind in ("real", "fake"))
    return {"discriminator": 1 - (real + generated) / 2, "generator": generated}[of]


def answers_per_point(evidence: Evidence, run: str, more_than: int) -> bool:
    """Return whether the discriminator of a run gives more than so many numbers for one point."""
    return int(evidence.results(run)["answers_per_point"]) > more_than
