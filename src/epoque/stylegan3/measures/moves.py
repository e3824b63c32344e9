"""EQ-T and EQ-R among the other measures: kept in the cache folder, gone on with from there."""

import time
from collections.abc import Sequence

from epoque.bench.files import cache as store
from epoque.bench.files.atomic import explain_write_errors
from epoque.bench.progress import Progress, no_progress

from ..conditioning import Label
from ..loading import LoadedGenerator
from .equivariance import EQUIVARIANCE_METRICS, measure_equivariance
from .image_sources import network_digest
from .metrics import METRICS, MetricResult

__all__ = ["measure_movements"]


def measure_movements(
    names: Sequence[str],
    opened: LoadedGenerator,
    *,
    images: int,
    seed: int = 0,
    psi: float = 1.0,
    label: Label | None = None,
    progress: Progress = no_progress,
) -> list[MetricResult]:
    """Return how well a network's images follow a moved input; see `measure_equivariance`.

    Args:
        names: of `equivariance.EQUIVARIANCE_METRICS`.
        opened: the network.
        images: how many are moved.
        seed: of the random inputs and movements.
        psi: truncation.
        label: the class or another label; what is not told is drawn for each image.
        progress: told how many images are done, of how many.

    Raises:
        UsageError: if a value is not allowed.
        RunWriteError: if the cache folder cannot be written.
    """
    start = time.perf_counter()
    key = store.cache_key(
        network=network_digest(opened),
        device=opened.device.type,
        seed=seed,
        psi=psi,
        label=opened.generator.labels.key(label),
    )
    state = store.cache_folder() / "features" / f"equivariance-{key}.npz"
    with explain_write_errors(state):
        state.parent.mkdir(parents=True, exist_ok=True)
    estimates = measure_equivariance(
        opened,
        images=images,
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
            EQUIVARIANCE_METRICS[name],
            psnr.decibels,
            psnr.low,
            psnr.high,
            unit=METRICS[name].unit,
            better=METRICS[name].better,
            images=psnr.images,
            reals=0,
            features="moved inputs (Karras et al. 2021, appendix E.3)",
            seconds=seconds,
        )
        for name, psnr in ((name, estimates[name]) for name in names)
    ]
