"""The average power spectrum of images: of a network's, of a folder's or of a zip's.

Karras et al. 2021, section 2.2 and appendix: images with a mean of 0 and a variance of 1 are
windowed (Kaiser, β = 8, against the leakage of their edges), padded with zeros (four times
as fine a grid of frequencies) and transformed; the mean is over images and colours.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, DataError
from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import SERIES, WIDTH, add_heading, color, new_figure
from epoque.bench.figures.ticks import format_ticks
from epoque.bench.i18n import mark, translator
from epoque.bench.progress import Progress

from ..conditioning import ANY
from ..generation.synthesis import DEFAULT_MAPPING, MappingOptions, map_seeds, synthesize_image
from ..loading import LoadedGenerator
from ..memory import check_memory
from ..npz import read_npz, write_npz

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Spectrum",
    "compute_spectrum",
    "file_spectrum",
    "network_spectrum",
    "read_spectrum",
    "slice_spectrum",
    "spectrum_map_figure",
    "spectrum_slices_figure",
    "write_spectrum",
]

Floats = NDArray[np.float64]
Levels = NDArray[np.uint8]
BETA = 8.0
FINER = 4

MAP = mark("Average power spectrum")
TOLD = mark("{name}, {images} images; 0 dB is white noise of the same variance.")
SLICE = mark("Slices of the average power spectrum")
AXIS = mark("at 0° (along the axes)")
DIAGONAL = mark("at 45° (along the diagonals)")
FREQUENCY = mark("frequency, cycles over the image")
POWER = mark("power, dB")


@dataclass(frozen=True, slots=True)
class Spectrum:
    """An average power spectrum.

    Attributes:
        power: float64 [4·S, 4·S], zero frequency in the middle; white noise of the same
            variance has 1 everywhere.
        size: S, pixels of a side.
        images: how many were averaged.
        mean: of the images, −1 to 1.
        std: likewise.
        name: of what was measured.
    """

    power: Floats
    size: int
    images: int
    mean: float
    std: float
    name: str = ""


def network_spectrum(
    network: LoadedGenerator,
    images: int = 1000,
    *,
    first: int = 0,
    options: MappingOptions = DEFAULT_MAPPING,
    progress: Progress | None = None,
) -> Spectrum:
    """Return the spectrum of a network's images of the seeds `first`, `first` + 1, …

    Where no label is asked for, each image has one of its own.
    """
    check_memory(network.generator, network.device)
    if network.generator.spec.c_dim and options.label is None:
        options = replace(options, label=ANY)
    options.check(network.generator)

    def synthesize() -> Iterator[Levels]:
        for seed in range(first, first + images):
            yield synthesize_image(
                network.generator, map_seeds(network.generator, [seed], options)[0]
            )

    return compute_spectrum(_report_progress(synthesize(), images, progress), network.name)


def file_spectrum(
    path: Path, images: int | None = None, *, seed: int = 0, progress: Progress | None = None
) -> Spectrum:
    """Return the spectrum of a folder's or a zip's images.

    Args:
        path: the folder or zip of equal square images.
        images: how many, chosen with the seed; None for all.
        seed: chooses them.
        progress: told how many are done, of how many.

    Raises:
        DataError: if it cannot be read.
    """
    from ..dataset.image_set import ImageSet

    image_set = ImageSet(path, labels=False, limit=images, seed=seed)
    pictures = (image_set.image(i).transpose(1, 2, 0) for i in range(len(image_set)))
    return compute_spectrum(_report_progress(pictures, len(image_set), progress), image_set.name)


def compute_spectrum(images: Iterable[Levels], name: str = "", *, beta: float = BETA) -> Spectrum:
    """Return the spectrum of images [S, S, C], 0 to 255, all of one size.

    The mean and the variance are those of all images together; what they are is known only at
    the end, so the transform of a constant is subtracted then.

    Raises:
        DataError: if there are no images, or all are one flat colour.
    """
    rest = iter(images)
    first = next(rest, None)
    if first is None:
        raise DataError("There are no images to measure.")
    size = first.shape[0]
    row = np.kaiser(size, beta)
    window = np.outer(row, row)
    window /= sqrt(np.square(window).sum())
    shape = size * FINER, size * FINER
    flat = np.fft.rfft2(window, shape)
    power, linear, sums = np.zeros(flat.shape), np.zeros_like(flat), np.zeros(3)
    count = 0
    for image in _check_sizes(first, rest):
        levels = image.astype(np.float64) / 127.5 - 1
        for channel in levels.transpose(2, 0, 1):
            transform = np.fft.rfft2(channel * window, shape)
            power += transform.real**2 + transform.imag**2
            linear += transform
        sums += levels.size, levels.sum(), np.square(levels).sum()
        count += 1
    mean = sums[1] / sums[0]
    variance = sums[2] / sums[0] - mean**2
    if variance <= 1e-12:
        raise DataError("The images are all of one flat colour; they have no spectrum.")
    channels = sums[0] / size**2
    average = power / channels - 2 * mean * (linear / channels * flat.conj()).real
    average = np.maximum(average + mean**2 * np.abs(flat) ** 2, 0) / variance
    whole = np.fft.fftshift(_unfold(average, size * FINER))
    return Spectrum(whole, size, count, float(mean), sqrt(variance), name)


def _check_sizes(first: Levels, rest: Iterator[Levels]) -> Iterator[Levels]:
    yield first
    for image in rest:
        if image.shape != first.shape:
            raise DataError(f"An image is {image.shape[:2]}, the first {first.shape[:2]}.")
        yield image


def _unfold(half: Floats, size: int) -> Floats:
    """Return all frequencies of a real signal's power, from those that are not negative along x."""
    whole = np.empty((size, size))
    whole[:, : size // 2 + 1] = half
    turned = half[-np.arange(size) % size]
    whole[:, size // 2 + 1 :] = turned[:, size // 2 - 1 : 0 : -1]
    return whole


def _report_progress(
    images: Iterator[Levels], count: int, progress: Progress | None
) -> Iterator[Levels]:
    if count < 1:
        raise ConfigError.of("images", f"{count} is not allowed; at least one image is needed.")
    for done, image in enumerate(islice(images, count), 1):
        yield image
        if progress is not None:
            progress(done, count)


def write_spectrum(spectrum: Spectrum, path: Path) -> None:
    """Write a spectrum as `.npz`: `spectrum` [4·S, 4·S], `image_size` and what else is known."""
    arrays = {name: getattr(spectrum, name) for name in _FACTS}
    write_npz(path, {"spectrum": spectrum.power, "image_size": spectrum.size, **arrays})


def read_spectrum(path: Path) -> Spectrum:
    """Read what `write_spectrum` wrote.

    Raises:
        DataError: if the file is none.
    """
    arrays = read_npz(path, ("spectrum", "image_size", *_FACTS), "no spectrum")
    size, images = int(arrays["image_size"]), int(arrays["images"])
    power = np.asarray(arrays["spectrum"], np.float64)
    if power.shape != (size * FINER, size * FINER):
        raise DataError(f"{path} is damaged, or no spectrum.")
    mean, std = float(arrays["mean"]), float(arrays["std"])
    return Spectrum(power, size, images, mean, std, str(arrays["name"]))


_FACTS = ("images", "mean", "std", "name")


def slice_spectrum(spectrum: Spectrum, degrees: int) -> tuple[Floats, Floats]:
    """Return frequencies (cycles over the image) and power along 0° or 45°.

    The mean of the directions that are alike: two axes, or two diagonals.
    """
    middle = len(spectrum.power) // 2
    steps = np.arange(middle)
    ahead, back = middle + steps, middle - steps
    power = spectrum.power
    if degrees == 0:
        slice_power = (power[middle, ahead] + power[ahead, middle]) / 2
        return steps / FINER, slice_power
    slice_power = (power[ahead, ahead] + power[back, ahead]) / 2
    return steps * sqrt(2) / FINER, slice_power


def spectrum_map_figure(spectrum: Spectrum, language: str = "en") -> "Figure":
    """Draw a spectrum as colours; call it inside `figure_style`."""
    _ = translator(language)
    subtitle = _(TOLD).format(name=spectrum.name, images=format_number(spectrum.images, language))
    figure = new_figure(WIDTH - 0.5)
    axes = figure.add_subplot()
    add_heading(axes, _(MAP), subtitle)
    _show(axes, spectrum, _(POWER), language)
    axes.set(xlabel=_(FREQUENCY), ylabel=_(FREQUENCY))
    return figure


def _show(axes: "Axes", spectrum: Spectrum, label: str, language: str) -> None:
    edge = spectrum.size / 2
    mappable = axes.imshow(
        _decibels(spectrum.power)[::-1],
        extent=(-edge, edge, -edge, edge),
        cmap="cividis",
        interpolation="bilinear",
    )
    axes.grid(visible=False)
    bar = axes.figure.colorbar(
        mappable, ax=axes, label=label, fraction=0.046, pad=0.03, shrink=0.85
    )
    bar.outline.set_visible(False)
    for axis in (axes.xaxis, axes.yaxis, bar.ax.yaxis):
        format_ticks(axis, language)


def spectrum_slices_figure(spectra: Sequence[Spectrum], language: str = "en") -> "Figure":
    """Draw spectra along the axes and along the diagonals; call it inside `figure_style`."""
    _ = translator(language)
    figure = new_figure(4.9)
    panels = figure.subplots(2, 1, sharex=True)
    for axes, degrees in zip(panels, (0, 45), strict=True):
        for i, spectrum in enumerate(spectra):
            frequency, power = slice_spectrum(spectrum, degrees)
            axes.plot(
                frequency[1:],
                _decibels(power)[1:],
                label=spectrum.name,
                color=color(SERIES[i % len(SERIES)]),
                linestyle=("-", "--", "-.", ":")[i % 4],
            )
        axes.set_xscale("log", base=2)
        axes.set_ylabel(_(POWER))
        axes.set_xlim(0.5, max(s.size for s in spectra) / sqrt(2))
        format_ticks(axes.xaxis, language)
        format_ticks(axes.yaxis, language)
    add_heading(panels[0], _(SLICE), _(AXIS))
    panels[1].set_title(_(DIAGONAL), color=color("muted"), weight="normal", size=9)
    panels[1].set_xlabel(_(FREQUENCY))
    panels[0].legend(loc="lower left")
    return figure


def _decibels(power: Floats) -> Floats:
    return 10 * np.log10(np.maximum(power, 1e-12))
