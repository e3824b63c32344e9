"""Equivariance: how well a generator's image follows when its input is moved.

Let g(z; w) be the image of the input z under the style w, t an operator that moves the input and T
the one that moves an image likewise. Of an equivariant generator g(t[z₀]; w) = T[g(z₀; w)]. What is
left between the two is told as a peak signal-to-noise ratio (Karras et al. 2021, appendix E.3):

    EQ = 10 log₁₀( I² / E[ (g(t[z₀]; w)_c(p) − T[g(z₀; w)]_c(p))² ] )  in decibels, I = 2

I is the range of a pixel, from −1 to 1; the expectation is over styles w, movements, channels c,
and the pixels p that are valid (`operators`). Infinite is the EQ of images that never differ.

- EQ-T: translations by x, y ~ U(−s/8, s/8), s the image's size, rounded to whole pixels, so that
  the image is moved without any resampling;
- EQ-T_frac: the same, not rounded;
- EQ-R: rotations by α ~ U(0, 2π). There T[g] is compared with the pseudo-rotation of g(t[z₀]), as
  an image that was made rotated has corners in its spectrum that T cannot give back.

Each image has a style and three movements of its own, drawn from its number. Its four images are
one pass of the generator, whatever is measured beside it: the same seed and number give the same
bytes, in any order.

Few images tell little, as a decibel is the logarithm of a mean with a long tail. The official 92.87
dB of EQ-T of tiny_r, a network of random weights, are of 32 images with 8 translations, each shared
by four. With the same draws this code gives 92.867; with those of 23 other seeds 86.8 to 91.4, and
with 1000 images that have a translation each 89.6 (95 % interval 89.2 to 90.0). Rounding has no
part in that: in float64 the 32 images give 92.87, too. Single images have 82 to 104 dB, the less
the farther they are moved: 94 dB by one pixel, 88 by four.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import degrees, isfinite, pi
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError, UsageError
from epoque.bench.i18n import mark
from epoque.bench.progress import Progress, no_progress
from epoque.bench.seeds import numpy_rng

from ..conditioning import Label
from ..generation.synthesis import sample_labels, synthesize, transform_input
from ..generation.transforms import transform_matrix
from ..latents import LAST_SEED
from ..loading import LoadedGenerator
from ..memory import check_memory
from ..npz import read_npz, write_npz
from .image_sources import network_digest
from .operators import pseudo_rotate, rotate, translate_fractional, translate_integer

__all__ = [
    "EQUIVARIANCE_METRICS",
    "Psnr",
    "compute_psnr",
    "estimate_psnr",
    "measure_equivariance",
    "measure_still_psnr",
    "sum_squared_errors",
]

Sums = NDArray[np.float64]
"""[N, 3, 2]: of each image and metric the sum of squared errors, and of how many values."""

EQUIVARIANCE_METRICS = {
    "eq_t": mark("EQ-T, whole pixels"),
    "eq_t_frac": mark("EQ-T, fractions"),
    "eq_r": mark("EQ-R"),
}
"""Name to title, in the order of the sums."""

SUMS_SHAPE = (len(EQUIVARIANCE_METRICS), 2)
RANGE = 2.0  # I, of a pixel
FARTHEST = 1 / 8  # of the image's size, along either axis
VARIANTS = 1 + len(EQUIVARIANCE_METRICS)  # images of a pass: the one in place, and it moved
RESAMPLES = 1000  # of the bootstrap
CONFIDENCE = 0.95
PATIENCE = 20.0  # seconds of work that a crash may cost


@dataclass(frozen=True, slots=True)
class Psnr:
    """A peak signal-to-noise ratio.

    Attributes:
        decibels: of all images; ∞ where nothing differs, NaN where no pixel is valid.
        low: the lower end of the 95 % interval.
        high: the upper end.
        images: how many it is of.
    """

    decibels: float
    low: float
    high: float
    images: int


def measure_equivariance(
    opened: LoadedGenerator,
    *,
    images: int = 1000,
    seed: int = 0,
    psi: float = 1.0,
    label: Label | None = None,
    state: Path | None = None,
    progress: Progress = no_progress,
) -> dict[str, Psnr]:
    """Return EQ-T, EQ-T_frac and EQ-R of a generator, by the names of `EQUIVARIANCE_METRICS`.

    Args:
        opened: the network; StyleGAN2's constant is moved for want of an input that can be.
        images: how many are moved, 2 or more.
        seed: of styles and movements.
        psi: truncation.
        label: the class or another label; what it leaves open is drawn for each image.
        state: a .npz of what is measured so far; if it is there, the measure goes on from it.
        progress: receives how many images are done, of how many.

    Raises:
        UsageError: if a value is not allowed, or the memory is too small.
        DataError: if the state is damaged, or of another network or of other settings.
        RunWriteError: if the state cannot be written.
    """
    if images < 2:
        raise UsageError(f"--images {images}: an interval needs 2 or more.")
    _check_settings(opened, seed, psi, label)
    settings = _describe_settings(opened, seed, psi, label)
    sums = _read_state(state, settings)
    stored, written = len(sums), time.monotonic()
    try:
        for number in range(stored, images):
            new = sum_squared_errors(opened, [number], seed=seed, psi=psi, label=label)
            sums = np.concatenate((sums, new))
            progress(number + 1, images)
            if state is not None and time.monotonic() - written > PATIENCE:
                _write_state(state, settings, sums)
                stored, written = len(sums), time.monotonic()
    finally:
        if state is not None and len(sums) > stored:
            _write_state(state, settings, sums)
    return estimate_psnr(sums[:images], seed)


@torch.no_grad()
def sum_squared_errors(
    opened: LoadedGenerator,
    numbers: Iterable[int],
    *,
    seed: int = 0,
    psi: float = 1.0,
    label: Label | None = None,
) -> Sums:
    """Move images, and return what they then differ by from those of moved inputs.

    Args:
        opened: the network.
        numbers: of the images, each 0 or more.
        seed: see `measure_equivariance`; also psi and label.
        psi: truncation.
        label: the class or another label.

    Returns:
        float64 [N, 3, 2]: by metric, the squared errors' sum and their number.

    Raises:
        UsageError: if a value is not allowed, or the memory is too small.
    """
    _check_settings(opened, seed, psi, label)
    check_memory(opened.generator, opened.device, images=VARIANTS)
    rows = [_move_image(opened, number, seed, psi, label) for number in numbers]
    return np.reshape(rows, (len(rows), *SUMS_SHAPE)).astype(np.float64)


def compute_psnr(sums: Sums) -> float:
    """Return decibels of sums [N, 2] of one metric: ∞ without any error, NaN without any value."""
    error, count = sums.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 * np.log10(RANGE**2 * count / error))


def estimate_psnr(sums: Sums, seed: int = 0) -> dict[str, Psnr]:
    """Return the metrics of sums [N, 3, 2], with intervals by the bootstrap over images.

    As often as `RESAMPLES` N images are drawn from the N with replacement; the interval holds the
    middle 95 % of what these give (Efron and Tibshirani 1993, percentile interval).

    Args:
        sums: see `sum_squared_errors`.
        seed: of the draws.
    """
    rng, count = numpy_rng(seed, "bootstrap of equivariance"), len(sums)
    times = RESAMPLES if count else 0
    totals = [sums[rng.integers(count, size=count)].sum(0) for _ in range(times)]
    resampled = np.reshape(totals, (times, *SUMS_SHAPE))
    return {
        name: Psnr(compute_psnr(sums[:, i]), *_interval(resampled[:, i]), count)
        for i, name in enumerate(EQUIVARIANCE_METRICS)
    }


def measure_still_psnr(images: NDArray[np.uint8], seed: int = 0) -> dict[str, float]:
    """Return the metrics of images that stay where they are, whatever becomes of their input.

    That is where the scale begins: what any EQ-T or EQ-R is to be held against.

    Args:
        images: [N, H, W, C].
        seed: of the movements.

    Returns:
        Decibels by the names of `EQUIVARIANCE_METRICS`; ∞ where nothing differs, NaN where no pixel
        is valid.
    """
    sums = np.zeros((len(images), *SUMS_SHAPE))
    for number, image in enumerate(images):
        still = torch.from_numpy(image.astype(np.float64) / 127.5 - 1).permute(2, 0, 1)[None]
        reach = FARTHEST * np.array([still.shape[3], still.shape[2]])
        rng = numpy_rng(seed, f"still image {number}")
        whole, fraction = np.rint(rng.uniform(-reach, reach)), rng.uniform(-reach, reach)
        angle = rng.uniform(0, 2 * pi)
        sums[number] = _compare_moved([still] * VARIANTS, whole, fraction, angle)
    return {name: compute_psnr(sums[:, i]) for i, name in enumerate(EQUIVARIANCE_METRICS)}


def _check_settings(opened: LoadedGenerator, seed: int, psi: float, label: Label | None) -> None:
    if not 0 <= seed <= LAST_SEED:
        raise UsageError(f"Seed {seed} is out of range: 0 to {LAST_SEED} are allowed.")
    if not isfinite(psi):
        raise UsageError(f"--truncation: {psi} is not allowed; it is a finite number.")
    opened.generator.labels.parse(label)


def _move_image(
    opened: LoadedGenerator, number: int, seed: int, psi: float, label: Label | None
) -> list[tuple[float, float]]:
    """Return the squared errors' sum and number of one image, by metric."""
    generator, rng = opened.generator, numpy_rng(seed, f"equivariance of image {number}")
    z = torch.from_numpy(rng.standard_normal((1, generator.spec.z_dim))).to(opened.device)
    ws = generator.mapping(z, sample_labels(generator, label, [rng]), psi=psi)
    size = generator.spec.img_resolution
    reach = FARTHEST * size
    whole, fraction = np.rint(rng.uniform(-reach, reach, 2)), rng.uniform(-reach, reach, 2)
    angle = rng.uniform(0, 2 * pi)
    movements = [(0, 0, 0), (*whole / size, 0), (*fraction / size, 0), (0, 0, degrees(angle))]
    with transform_input(generator, np.stack([transform_matrix(*each) for each in movements])):
        images = synthesize(generator, ws.expand(VARIANTS, -1, -1), [0] * VARIANTS)
    return _compare_moved(images[:, None], whole, fraction, angle)


def _compare_moved(
    images: Sequence[Tensor] | Tensor,
    whole: NDArray[np.float64],
    fraction: NDArray[np.float64],
    angle: float,
) -> list[tuple[float, float]]:
    """Return the squared errors' sum and number by metric.

    Args:
        images: the image in place, and those of inputs moved by whole pixels, by fractions, and
            rotated: four, each [1, C, H, W].
        whole: how far the first was moved, x and y in pixels.
        fraction: likewise the second.
        angle: likewise the third, in radians.
    """
    still, by_pixels, by_fraction, rotated = images
    filtered, inside = pseudo_rotate(rotated, angle)
    expected, valid = rotate(still, angle)
    return [
        _sum_errors(by_pixels, *translate_integer(still, *map(int, whole))),
        _sum_errors(by_fraction, *translate_fractional(still, *fraction)),
        _sum_errors(filtered, expected, valid & inside),
    ]


def _sum_errors(images: Tensor, expected: Tensor, mask: Tensor) -> tuple[float, float]:
    """Return the sum of squared errors where a mask [H, W] is true, and how many they are."""
    errors = (images.double() - expected.double())[..., mask]
    return float(errors.square().sum()), float(errors.numel())


def _interval(resampled: NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the interval of decibels, of resampled sums [R, 2]."""
    values = np.array([compute_psnr(one[None]) for one in resampled])
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    beyond = (1 - CONFIDENCE) / 2
    # An end is one of the values, as between a finite one and infinity there is none.
    low = np.quantile(values, beyond, method="lower")
    return float(low), float(np.quantile(values, 1 - beyond, method="higher"))


def _describe_settings(opened: LoadedGenerator, seed: int, psi: float, label: Label | None) -> str:
    """Return what sums follow from, so that others are not gone on with."""
    settings = {
        "metric": "equivariance, each image by itself",
        "network": network_digest(opened),
        "device": opened.device.type,
        "seed": seed,
        "psi": psi,
        "label": opened.generator.labels.key(label),
    }
    return json.dumps(settings, sort_keys=True)


def _read_state(state: Path | None, settings: str) -> Sums:
    if state is None or not state.exists():
        return np.zeros((0, *SUMS_SHAPE))
    arrays = read_npz(state, ("settings", "sums"), "no state of this measure")
    sums = arrays["sums"]
    if sums.dtype != np.float64 or sums.ndim != 3 or sums.shape[1:] != SUMS_SHAPE:
        raise DataError(f"{state} is damaged, or no state of this measure.")
    if str(arrays["settings"]) != settings:
        raise DataError(f"{state} is of another network or of other settings.")
    return sums


def _write_state(state: Path, settings: str, sums: Sums) -> None:
    write_npz(state, {"settings": np.array(settings), "sums": sums})
