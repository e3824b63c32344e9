"""Measuring how good images are: which measures there are, and computing those asked for.

The portrait distances, the sliced Wasserstein distance, sharpness and the attributes' shares need
nothing but this package, the distances in EfficientNet's features the extra `features`. FID, KID,
IS, precision and recall, and PPL need the weights of the official feature networks (`official`).
Every value has an interval that holds the true value, of infinitely many images like these, about
95 times of 100 as far as chance goes: 1.96 standard errors to both sides (of a share, Wilson's
interval). The bias of a Fréchet distance of few images, which is too large, is not in it, nor that
of a largest deviation: compare at equal numbers of images.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, UnknownNameError, UsageError
from epoque.bench.i18n import mark
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng
from epoque.bench.torch.threads import limit_blas_to_one_thread

from . import distances, patches, shares, sharpness
from .detectors import build_detectors
from .equivariance import EQUIVARIANCE_METRICS
from .extraction import Detector, extract_features
from .image_sources import ImageSource
from .path_length import trim_outliers

__all__ = [
    "ALWAYS",
    "METRICS",
    "OFFICIAL",
    "TOGETHER",
    "Metric",
    "MetricResult",
    "compute_metric",
    "compute_metrics",
    "default_image_count",
    "parse_metrics",
]

Better = Literal["lower", "higher", "near 100"]
Features = NDArray[Any]

Z = 1.96  # standard errors of a 95 % interval
NEAREST = 3
FEWEST = 16  # images of either set, below which no measure means anything
OF_ONE_SIZE = ("patches", "octaves", "edges", "efficientnet")
"""What is needed by measures of how fine images are: it says nothing of images of two sizes."""
SUBSETS, SUBSET = 100, 1000
SPLITS = 10
RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One number.

    Attributes:
        name: such as `pfd`.
        title: for people.
        value: of it.
        low: lower end of the 95 % interval.
        high: upper end.
        unit: of it; "" for none.
        better: which direction is.
        images: how many generated images it is of.
        reals: how many real ones; 0 where it needs none.
        features: what the images are compared by.
        seconds: spent on it beside the features.
        parts: what it is the mean of, such as scales.
    """

    name: str
    title: str
    value: float
    low: float
    high: float
    unit: str
    better: Better
    images: int
    reals: int
    features: str
    seconds: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """One of the measures that may be asked for.

    Attributes:
        title: for people.
        unit: of it.
        better: which direction is.
        needs: what the images are compared by: portrait, patches, octaves, edges, attributes,
            efficientnet, inception, classes, vgg, lpips or moves.
        needs_reals: whether real images are needed.
    """

    title: str
    unit: str
    better: Better
    needs: str
    needs_reals: bool = True


METRICS: dict[str, Metric] = {
    "pfd": Metric(mark("portrait Fréchet distance"), "", "lower", "portrait"),
    "pkd": Metric(mark("portrait kernel distance"), "", "lower", "portrait"),
    "pprecision": Metric(mark("portrait precision"), "", "higher", "portrait"),
    "precall": Metric(mark("portrait recall"), "", "higher", "portrait"),
    "swd": Metric(mark("sliced Wasserstein distance"), "×10⁻³", "lower", "patches"),
    "octaves": Metric(mark("power by octave: largest deviation"), "dB", "lower", "octaves"),
    "edges": Metric(mark("edge energy, of the real images'"), "%", "near 100", "edges"),
    "shares": Metric(
        mark("share of an attribute: largest deviation"), "points", "lower", "attributes"
    ),
    "efd": Metric(mark("EfficientNet Fréchet distance"), "", "lower", "efficientnet"),
    "ekd": Metric(mark("EfficientNet kernel distance"), "", "lower", "efficientnet"),
    "eprecision": Metric(mark("EfficientNet precision"), "", "higher", "efficientnet"),
    "erecall": Metric(mark("EfficientNet recall"), "", "higher", "efficientnet"),
    "fid": Metric(mark("Fréchet Inception distance"), "", "lower", "inception"),
    "kid": Metric(mark("kernel Inception distance"), "", "lower", "inception"),
    "is": Metric(mark("Inception score"), "", "higher", "classes", needs_reals=False),
    "precision": Metric(mark("precision"), "", "higher", "vgg"),
    "recall": Metric(mark("recall"), "", "higher", "vgg"),
    "ppl": Metric(mark("perceptual path length"), "", "lower", "lpips", needs_reals=False),
    **{
        name: Metric(title, "dB", "higher", "moves", needs_reals=False)
        for name, title in EQUIVARIANCE_METRICS.items()
    },
}
"""Name to what it is."""

ALWAYS = ("pfd", "pkd", "pprecision", "precall", "swd", "octaves", "edges", "shares")
"""Those that need no file and no extra."""

OFFICIAL = {
    "fid50k_full": ("fid",),
    "kid50k_full": ("kid",),
    "pr50k3_full": ("precision", "recall"),
    "ppl2_wend": ("ppl",),
    "is50k": ("is",),
    "eqt50k_int": ("eq_t",),
    "eqt50k_frac": ("eq_t_frac",),
    "eqr50k": ("eq_r",),
}
"""Official names, which stand for 50,000 images."""

TOGETHER = {
    "pr": ("precision", "recall"),
    "ppr": ("pprecision", "precall"),
    "epr": ("eprecision", "erecall"),
    **OFFICIAL,
}
"""Other names."""


def default_image_count(names: Sequence[str]) -> int:
    """Return how many images are measured if nothing is said, of names as typed."""
    return 1000 if OFFICIAL.keys().isdisjoint(names) else 50_000


def parse_metrics(names: Sequence[str]) -> list[str]:
    """Return the measures of names as typed, each once.

    Raises:
        UnknownNameError: if there is none of a name.
        UsageError: if there is no name at all.
    """
    metrics: list[str] = []
    for name in names:
        if name not in METRICS and name not in TOGETHER:
            raise UnknownNameError("metric", name, [*METRICS, *TOGETHER])
        metrics += TOGETHER.get(name, (name,))
    if not metrics:
        raise ConfigError.of("metrics", f"at least one is needed: {', '.join(METRICS)}.")
    return list(dict.fromkeys(metrics))


def compute_metrics(
    names: Sequence[str],
    generated: ImageSource,
    real: ImageSource | None = None,
    *,
    official: Mapping[str, Detector] | None = None,
    batch: int = 16,
    device: str = "cpu",
    progress: Progress | None = None,
) -> list[MetricResult]:
    """Measure images, against real ones where that is what a measure does.

    Args:
        names: of `METRICS`; ppl needs another source (`path_length.PathImages`) and has no other
            measures beside it; those of movements are taken elsewhere (`moves`).
        generated: the images to measure.
        real: the images they should be like.
        official: detectors `inception`, `classes`, `vgg` and `lpips`, as far as they are needed.
        batch: images at a time.
        device: where the features of our own networks and EfficientNet's are computed.
        progress: told how many images are done, of how many, of both sources.

    Raises:
        UsageError: if real images, a detector or an extra are missing, or images are too few.
    """
    _check(names, generated, real)
    used = list(dict.fromkeys(METRICS[name].needs for name in names))
    have = build_detectors(used, device) | dict(official or {})
    if missing := [need for need in used if need not in have]:
        raise UsageError(f"The features {missing[0]} are not there; they need a file.")
    against = [need for need in used if any(_needs_reals(name, need) for name in names)]
    whole = generated.count + (real.count if real is not None and against else 0)
    arrays = extract_features(
        generated,
        [have[need] for need in used],
        batch=batch,
        progress=_offset_progress(progress, 0, whole),
    )
    features = dict(zip(used, arrays, strict=True))
    reals: dict[str, Features] = {}
    if real is not None and against:
        shifted_progress = _offset_progress(progress, generated.count, whole)
        arrays = extract_features(
            real, [have[need] for need in against], batch=batch, progress=shifted_progress
        )
        reals = dict(zip(against, arrays, strict=True))
    return [
        _make_result(name, features[need], reals.get(need), have[need].name, generated.size)
        for name in names
        for need in [METRICS[name].needs]
    ]


def _needs_reals(name: str, need: str) -> bool:
    return METRICS[name].needs_reals and METRICS[name].needs == need


def _offset_progress(progress: Progress | None, before: int, whole: int) -> Progress | None:
    if progress is None:
        return None

    def shift(done: int, _total: int | None, what: str = "") -> None:
        progress(before + done, whole, what)

    return shift


def _check(names: Sequence[str], generated: ImageSource, real: ImageSource | None) -> None:
    if generated.count < FEWEST or (real is not None and real.count < FEWEST):
        fewer = min(generated.count, real.count if real else generated.count)
        raise UsageError(f"{fewer} images are too few to measure: {FEWEST} are needed.")
    compared = [name for name in names if METRICS[name].needs_reals]
    if compared and real is None:
        raise UsageError(f"{compared[0]} compares with real images; name some with --data.")
    of_one_size = [name for name in names if METRICS[name].needs in OF_ONE_SIZE]
    if of_one_size and real is not None and generated.size != real.size:
        message = f"the images are {generated.size} pixels wide, the real ones {real.size}"
        raise UsageError(f"{of_one_size[0]} compares images of one size: {message}.")


def compute_metric(
    name: str, features: Features, reals: Features | None = None, size: int = 0
) -> tuple[float, float, Mapping[str, float]]:
    """Return a measure of features: its value, its standard error, and what it is the mean of.

    Args:
        name: of `METRICS`.
        features: of the images to measure, [N, D].
        reals: of the real ones, [M, D], where the measure compares.
        size: pixels of a side, for `swd` and `octaves`.
    """
    with limit_blas_to_one_thread():  # eigenvectors depend on the number of threads
        return _COMPUTE[name](features, features if reals is None else reals, size)


def _make_result(
    name: str, features: Features, reals: Features | None, compared_by: str, size: int
) -> MetricResult:
    kind, start = METRICS[name], time.perf_counter()
    value, error, parts = compute_metric(name, features, reals, size)
    low, high = value - Z * error, value + Z * error
    if name in _SHARES:
        counted = reals if name.endswith("recall") and reals is not None else features
        low, high = _wilson(value, len(counted))
    elif name in _DISTANCES:
        low = max(low, 0.0)
    return MetricResult(
        name,
        kind.title,
        value,
        low,
        high,
        unit=kind.unit,
        better=kind.better,
        images=len(features),
        reals=len(reals) if reals is not None and kind.needs_reals else 0,
        features=compared_by,
        seconds=time.perf_counter() - start,
        parts=parts,
    )


Result = tuple[float, float, Mapping[str, float]]
"""A value, its standard error, and what it is the mean of."""


def _frechet(generated: Features, real: Features, _: int) -> Result:
    value = distances.frechet_distance(distances.moments(real), distances.moments(generated))
    return value, distances.frechet_error(real, generated), {}


def _kernel(generated: Features, real: Features, _: int) -> Result:
    choose = distances.subset_sampler(0)
    values = distances.kernel_distance(real, generated, subsets=SUBSETS, most=SUBSET, choose=choose)
    return float(values.mean()), distances.kernel_error(real, generated), {}


def _mean_share(inside: NDArray[np.bool_]) -> Result:
    share = float(inside.mean())
    return share, sqrt(share * (1 - share) / len(inside)), {}


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, which is never empty (Wilson 1927)."""
    wide = Z**2 / count
    middle = (share + wide / 2) / (1 + wide)
    half = sqrt(wide * (share * (1 - share) + wide / 4)) / (1 + wide)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _precision(generated: Features, real: Features, _: int) -> Result:
    return _mean_share(distances.is_inside_manifold(generated, real, NEAREST))


def _recall(generated: Features, real: Features, _: int) -> Result:
    return _mean_share(distances.is_inside_manifold(real, generated, NEAREST))


def _sliced_wasserstein(generated: Features, real: Features, size: int) -> Result:
    if generated.shape[1] != real.shape[1]:
        raise UsageError("swd compares images of equally many colours: all grey, or all in colour.")
    distances, error = patches.sliced_distances(real, generated, size)
    return (
        float(np.mean(list(distances.values()))),
        error,
        {str(at): of for at, of in distances.items()},
    )


def _octaves(generated: Features, real: Features, size: int) -> Result:
    decibels = sharpness.octave_decibels(generated, real)
    error = _bootstrap_error(
        lambda ones, others: np.abs(sharpness.octave_decibels(ones, others)).max(), generated, real
    )
    parts = dict(zip(sharpness.octave_names(size), decibels.tolist(), strict=True))
    return float(np.abs(decibels).max()), error, parts


def _edges(generated: Features, real: Features, _: int) -> Result:
    value = sharpness.edge_energy_percent(generated, real)
    return value, _bootstrap_error(sharpness.edge_energy_percent, generated, real), {}


def _shares(generated: Features, real: Features, _: int) -> Result:
    points = shares.share_deviations(generated, real)
    error = _bootstrap_error(
        lambda ones, others: np.abs(shares.share_deviations(ones, others)).max(), generated, real
    )
    parts = dict(zip(shares.VALUES, points.tolist(), strict=True))
    return float(np.abs(points).max()), error, parts


def _bootstrap_error(
    compute: Callable[[Features, Features], float], generated: Features, real: Features
) -> float:
    """Return the standard error of a number of two sets: both drawn again with replacement."""
    rng = numpy_rng(0, "resamples")

    def draw(rows: Features) -> Features:
        return rows[rng.integers(len(rows), size=len(rows))]

    values = [float(compute(draw(generated), draw(real))) for _ in range(RESAMPLES)]
    return float(np.std(values))


def _score(generated: Features, _real: Features, _: int) -> Result:
    values = distances.inception_score(generated, SPLITS)
    return float(values.mean()), float(values.std() / sqrt(len(values))), {}


def _path_length(generated: Features, _real: Features, _: int) -> Result:
    lengths = trim_outliers(generated[:, 0])
    return float(lengths.mean()), float(lengths.std() / sqrt(len(lengths))), {}


_COMPUTE: dict[str, Callable[[Features, Features, int], Result]] = {
    "pfd": _frechet,
    "pkd": _kernel,
    "pprecision": _precision,
    "precall": _recall,
    "swd": _sliced_wasserstein,
    "octaves": _octaves,
    "edges": _edges,
    "shares": _shares,
    "efd": _frechet,
    "ekd": _kernel,
    "eprecision": _precision,
    "erecall": _recall,
    "fid": _frechet,
    "kid": _kernel,
    "precision": _precision,
    "recall": _recall,
    "is": _score,
    "ppl": _path_length,
}
_SHARES = frozenset({"pprecision", "precall", "eprecision", "erecall", "precision", "recall"})
_DISTANCES = frozenset({"pfd", "efd", "fid", "swd", "ppl", "octaves", "edges", "shares"})
