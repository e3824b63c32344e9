"""EQ-T and EQ-R among the other measures: kept in the cache folder, gone on with from there."""

import time
from collections.abc import Sequence

from epoque.bench.files import cache as store
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.progress import Progress

from ..conditioning import Label
from ..loading import LoadedGenerator
from .equivariance import EACH, MEASURES, equivariance
from .image_sources import network_digest
from .metrics import METRICS, MetricResult

__all__ = ["movements"]


def movements(
    names: Sequence[str],
    opened: LoadedGenerator,
    *,
    images: int,
    batch: int = 16,
    seed: int = 0,
    psi: float = 1.0,
    label: Label | None = None,
    progress: Progress | None = None,
) -> list[MetricResult]:
    """Return how well a network's images follow a moved input; see `equivariance.equivariance`.

    Args:
        names: of `equivariance.MEASURES`.
        opened: the network.
        images: how many are moved.
        batch: images made at a time, of which each one that is moved takes four.
        seed: of the random inputs and movements.
        psi: truncation.
        label: the class or another label; what is not told is drawn for each image.
        progress: told how many images are done, of how many.

    Raises:
        UsageError: if a value is not allowed.
        RunWriteError: if the cache folder cannot be written.
    """
    start = time.perf_counter()
    told = {"network": network_digest(opened), "seed": seed, "psi": psi}
    key = store.cache_key(moved=told, labels=opened.generator.labels.key(label))
    state = store.cache_folder() / "features" / f"moved-{key}.npz"
    with explain_write_errors(state):
        state.parent.mkdir(parents=True, exist_ok=True)
    found = equivariance(
        opened,
        images=images,
        batch=max(1, batch // EACH),
        seed=seed,
        psi=psi,
        label=label,
        state=state,
        progress=progress,
    )
    seconds = (time.perf_counter() - start) / len(names)
    return [
        MetricResult(
            name,
            MEASURES[name],
            one.decibels,
            one.low,
            one.high,
            unit=METRICS[name].unit,
            better=METRICS[name].better,
            images=one.images,
            reals=0,
            features="moved inputs (Karras et al. 2021, appendix E.3)",
            seconds=seconds,
        )
        for name, one in ((name, found[name]) for name in names)
    ]
