"""How well what a network makes moves with its input: EQ-T and EQ-R, and what sticks.

Karras et al. 2021, appendix E.3. Each is the ratio, in decibels, of the images' range of 2 to the
root of the mean squared difference between two images: the one made after the input was moved, and
the one made before, moved. The mean is over images, movements, colours and the pixels where
both are known.

The paper has no such number of StyleGAN2, whose input cannot be moved. Here its learned constant is
moved (`generation.synthesis.transform_input`), so that there is something to compare with.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import inf, isnan, log10, nan, pi
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError, UsageError
from epoque.bench.i18n import mark
from epoque.bench.seeds import numpy_rng

from ..conditioning import Label
from ..generation.synthesis import deterministic_mode, sample_labels, transform_input
from ..generation.transforms import transform_matrix
from ..loading import LoadedGenerator
from ..memory import check_memory
from ..networks import Generator
from ..npz import read_npz, write_npz
from .image_sources import network_digest
from .operators import pseudo_rotated, rotated, shifted, shifted_by_fraction

__all__ = [
    "MEASURES",
    "Measured",
    "decibels",
    "equivariance",
    "network_digest",
    "squared_errors",
    "staying",
    "summary",
]

Floats = NDArray[np.float64]

MEASURES = {
    "eq_t": mark("EQ-T, whole pixels"),
    "eq_t_frac": mark("EQ-T, fractions"),
    "eq_r": mark("EQ-R"),
}

FARTHEST = 0.125  # of the image's width and height
EACH = 4  # images made for each that is measured
RANGE = 2.0  # of an image: −1 to 1
SMALLEST = 16  # pixels of a side, for a rotation to be known anywhere
RESAMPLES = 2000  # of the images, for the interval


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure.

    Attributes:
        decibels: of the whole sample; infinite where nothing differs.
        low: lower end of the 95 % interval.
        high: upper end.
        images: how many were measured.
    """

    decibels: float
    low: float
    high: float
    images: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is measured: the state of another plan is not gone on with."""

    network: str
    seed: int
    psi: float
    labels: str | None


def equivariance(
    opened: LoadedGenerator,
    *,
    images: int = 1000,
    batch: int = 4,
    seed: int = 0,
    psi: float = 1.0,
    label: Label | None = None,
    state: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Measured]:
    """Measure a network.

    Every image has its own random input, shift and angle, drawn from the seed and its number: more
    images begin with those of fewer.

    Args:
        opened: the network.
        images: how many; the paper takes 50 000.
        batch: how many at a time.
        seed: of the random inputs and movements.
        psi: truncation; the paper measures without.
        label: the class or another label; what is not told is drawn for each image.
        state: a file that keeps what is measured, and from which it goes on.
        progress: told how many images are done, of how many.

    Returns:
        `eq_t` (shifts up to an eighth of the size, whole pixels), `eq_t_frac` (the same,
        fractions of pixels too), `eq_r` (any angle).

    Raises:
        UsageError: if a value is not allowed.
        DataError: if the state is damaged or of another measurement.
    """
    if images < 2:
        raise UsageError(f"--images {images}: an interval needs 2 or more.")
    if batch < 1:
        raise UsageError(f"--batch {batch} must be 1 or more.")
    check_memory(opened.generator, opened.device, images=batch)
    plan = _Plan(network_digest(opened), seed, psi, opened.generator.labels.key(label))
    sums = _state(state, plan)
    for first in range(len(sums), images, batch):
        numbers = range(first, min(first + batch, images))
        errors = squared_errors(opened, numbers, seed=seed, psi=psi, label=label)
        sums = np.concatenate((sums, errors))
        _keep(state, plan, sums)
        if progress is not None:
            progress(len(sums), images)
    return summary(sums[:images], seed)


def summary(sums: Floats, seed: int = 0) -> dict[str, Measured]:
    """Return the measures of squared errors, [N, 3, 2]; see `equivariance`.

    Args:
        sums: of `squared_errors`.
        seed: of the interval.
    """
    return {name: _measured(sums[:, i], seed) for i, name in enumerate(MEASURES)}


@torch.no_grad()
def squared_errors(
    opened: LoadedGenerator,
    numbers: Sequence[int],
    *,
    seed: int = 0,
    psi: float = 1.0,
    label: Label | None = None,
) -> Floats:
    """Return each image's sums of squared errors and how many pixels they are of, [N, 3, 2].

    Args:
        opened: the network.
        numbers: of the images, computed as one batch.
        seed: with an image's number it gives the random input and the movements.
        psi: truncation.
        label: the class or another label; what is not told is drawn for each image.

    Raises:
        UsageError: if the images are too small.
    """
    generator, draws = opened.generator, [numpy_rng(seed, f"image {n}") for n in numbers]
    if (size := generator.spec.img_resolution) < SMALLEST:
        raise UsageError(f"Images of {size} pixels are too small: {SMALLEST} are needed.")
    z = np.stack([rng.standard_normal(generator.spec.z_dim) for rng in draws])
    labels = sample_labels(generator, label, draws)
    shifts = np.stack([rng.uniform(-FARTHEST, FARTHEST, 2) for rng in draws])
    angles = np.array([rng.uniform(-pi, pi) for rng in draws])
    still, upright = np.zeros_like(shifts), np.zeros_like(angles)
    with deterministic_mode():
        ws = generator.mapping(torch.from_numpy(z).to(opened.device), labels, psi=psi)
        made = partial(_made, generator, ws)
        plain = made(still, upright)
        seen = (
            made(np.rint(shifts * size) / size, upright),
            made(shifts, upright),
            made(still, angles),
        )
    rows = []
    for i, (shift, angle) in enumerate(zip(shifts * size, angles, strict=True)):
        one = [images[i : i + 1] for images in (plain, *seen)]
        rows.append(_errors(*one, shift=shift, angle=angle))
    return np.array(rows)


def _made(generator: Generator, ws: Tensor, shifts: Floats, angles: Floats) -> Tensor:
    """Return the images whose inputs were moved, each by its own."""
    moves = zip(shifts, np.rad2deg(angles), strict=True)
    with transform_input(
        generator, np.stack([transform_matrix(x, y, turn) for (x, y), turn in moves])
    ):
        images: Tensor = generator.synthesis(ws)
    return images.double()


def _errors(plain: Tensor, *seen: Tensor, shift: Floats, angle: float) -> list[tuple[float, float]]:
    """Compare one image, [1, C, S, S], moved in each way, with what its moved inputs gave."""
    x, y = shift
    whole, part, turned = seen
    filtered, known = pseudo_rotated(turned, angle)
    image, there = rotated(plain, angle)
    return [
        _error(whole, *shifted(plain, round(x), round(y))),
        _error(part, *shifted_by_fraction(plain, x, y)),
        _error(filtered, image, there & known),
    ]


def _error(one: Tensor, other: Tensor, known: Tensor) -> tuple[float, float]:
    difference = (one - other).square() * known
    return float(difference.sum()), float(known.sum()) * one.shape[1]


def _measured(sums: Floats, seed: int) -> Measured:
    """Return the decibels with an interval from resampled images (percentile bootstrap)."""
    rng = numpy_rng(seed, "interval")
    drawn = (sums[rng.integers(len(sums), size=len(sums))] for _ in range(RESAMPLES))
    errors = list(map(_mean_error, drawn))
    least, most = np.quantile(errors, (0.025, 0.975))
    return Measured(decibels(sums), _decibels(most), _decibels(least), len(sums))


def staying(images: NDArray[np.uint8], seed: int = 0) -> float:
    """Return the EQ-T of images that stay where they are when their inputs are shifted.

    Less is hardly possible: what a network has above this is what it follows.

    Args:
        images: [N, H, W, 3].
        seed: of the shifts, which are drawn as in `squared_errors`, by whole pixels.
    """
    levels = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 127.5 - 1
    rows, size = [], images.shape[1]
    for number, image in enumerate(levels):
        shift = numpy_rng(seed, f"image that stays {number}").uniform(-FARTHEST, FARTHEST, 2)
        x, y = np.rint(shift * size).astype(int).tolist()
        rows.append(_error(image[None], *shifted(image[None], x, y)))
    return decibels(np.array(rows))


def decibels(sums: Floats) -> float:
    """Return one measure of images' squared errors, [N, 2].

    Infinite where nothing differs, NaN where no pixel could be compared.
    """
    return _decibels(_mean_error(sums))


def _mean_error(sums: Floats) -> float:
    squares, count = sums.sum(0).tolist()
    return squares / count if count else nan


def _decibels(error: float) -> float:
    """Return the ratio of the range to the root of a mean squared error."""
    if isnan(error):
        return nan
    return 10 * log10(RANGE**2 / error) if error > 0 else inf


def _state(path: Path | None, plan: _Plan) -> Floats:
    """Return what was measured before, [N, 3, 2]."""
    empty = np.zeros((0, len(MEASURES), 2))
    if path is None or not path.exists():
        return empty
    arrays = read_npz(path, ("plan", "sums"), "no state of this measurement")
    if str(arrays["plan"]) != _told(plan) or arrays["sums"].shape[1:] != empty.shape[1:]:
        raise DataError(f"{path} is of another network or other settings; name another file.")
    return arrays["sums"]


def _keep(path: Path | None, plan: _Plan, sums: Floats) -> None:
    if path is not None:
        write_npz(path, {"plan": _told(plan), "sums": sums})


def _told(plan: _Plan) -> str:
    return json.dumps(asdict(plan))
