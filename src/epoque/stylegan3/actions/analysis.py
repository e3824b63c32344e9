"""How a network works: `equivariance`, `sticking`, `spectrum` and `layers`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epoque.bench.actions import FigureOptions, FilePath, RunReference, action, option
from epoque.bench.errors import Problem
from epoque.bench.figure_files import FigureFiles, save_drawn_figure
from epoque.bench.progress import Notify, Progress

from ..out_of_memory import explain_out_of_memory
from .options import TruncationOptions, check_ending, load_network, seed_option

if TYPE_CHECKING:
    from ..generation.activations import LayerActivation
    from ..measures.equivariance import Psnr
    from ..measures.spectrum import Spectrum

__all__ = ["LayerFiles", "SpectrumFiles", "equivariance", "layers", "spectrum", "sticking"]

PICTURES = "The path without its ending; .png and .svg are written."


class EquivarianceOptions(TruncationOptions):
    """Of `equivariance`."""

    images: int = option(1000, "How many images to measure.", ge=2, le=1_000_000)
    seed: int = seed_option()
    state: FilePath | None = option(
        None, "A .npz that keeps what is measured; going on begins there."
    )

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between options that are each right alone."""
        yield from check_ending("state", self.state, ".npz")


@action
@explain_out_of_memory()
def equivariance(
    options: EquivarianceOptions, progress: Progress, notify: Notify
) -> "Mapping[str, Psnr]":
    """Measure how well images move with the input: EQ-T and EQ-R, in decibels.

    As in the paper of StyleGAN3, appendix E.3: shifts up to an eighth of the size, by whole pixels
    and by fractions, and any angle. The interval holds the true mean 95 times of 100. StyleGAN2 has
    no input that can be moved; its learned constant is moved instead.

    Returns:
        `eq_t`, `eq_t_frac` and `eq_r`, each with `decibels`, the interval `low` to `high`, and
        `images`; decibels are ∞ where nothing differs, NaN where no pixel is valid.

    Raises:
        ConfigError: if an option is wrong.
        DataError: if the state is of something else.
        UnknownNameError: if there is no such network.
    """
    from ..measures.equivariance import measure_equivariance

    options.check_output("state")
    loaded = load_network(options.network, options.device, progress, notify)
    return measure_equivariance(
        loaded,
        images=options.images,
        seed=options.seed,
        psi=options.truncation,
        label=options.label,
        state=options.state,
        progress=progress,
    )


class StickingOptions(TruncationOptions, FigureOptions):
    """Of `sticking`."""

    against: RunReference | None = option(None, "Another network, to be drawn beside the first.")
    seed: int = seed_option()
    motion: Literal["shift", "walk"] = option(
        "walk", "Shift the input and the image back, or walk through the styles."
    )
    frames: int = option(96, "Moments.", ge=2, le=10_000)
    row: float = option(0.5, "Which row: 0 at the top, 1 at the bottom.", ge=0, le=1)
    out: FilePath = option(Path("sticking"), PICTURES)


@action
@explain_out_of_memory()
def sticking(options: StickingOptions, progress: Progress, notify: Notify) -> FigureFiles:
    """Draw one row of pixels through time: what sticks to the pixels shows as straight lines.

    Below stands its spectrum: in each octave of frequency along the row, which share of the power
    keeps its phase. In a walk it is what sticks; of a shift, which is shifted back, it is what
    moves as it should.

    A shift moves StyleGAN2's learned constant, as it has no other input that can be moved: what is
    seen then is mostly the blur between the constant's places. A StyleGAN2 trained with
    `fourier_input`, config B of the paper, is moved by its waves.

    Returns:
        Where the pictures are.

    Raises:
        ConfigError: if an option is wrong.
        UnknownNameError: if there is no such network.
    """
    from ..measures.slices import slice_figure, space_time

    options.check_output("out", ".png", ".svg")
    names = [name for name in (options.network, options.against) if name is not None]
    networks = [load_network(name, options.device, progress, notify) for name in names]
    slices = [
        space_time(
            network,
            options.seed,
            motion=options.motion,
            frames=options.frames,
            row=options.row,
            styling=options.mapping_options(),
            progress=progress,
        )
        for network in networks
    ]
    return save_drawn_figure(
        lambda: slice_figure(slices, options.motion, options.lang, spectrum=True),
        options.out,
        dark=options.dark,
    )


class SpectrumOptions(TruncationOptions, FigureOptions):
    """Of `spectrum`."""

    sources: tuple[RunReference, ...] = option(
        ...,
        "Networks, folders or zips of images, or .npz of this command.",
        positional=True,
    )
    images: int = option(1000, "How many of each.", ge=1, le=1_000_000)
    seed: int = seed_option("The first seed; of files, chooses them.")
    out: FilePath = option(Path("spectrum"), PICTURES)


@dataclass(frozen=True, slots=True)
class SpectrumFiles:
    """Average power spectra, and the files that hold and show them.

    Attributes:
        spectra: one of each source.
        npz: the file of each.
        maps: the heat map of each.
        slices: slices of all in one figure.
    """

    spectra: "tuple[Spectrum, ...]"
    npz: tuple[Path, ...]
    maps: tuple[FigureFiles, ...]
    slices: FigureFiles


@action
@explain_out_of_memory()
def spectrum(options: SpectrumOptions, progress: Progress, notify: Notify) -> SpectrumFiles:
    """Draw the average power spectrum: a heat map of each source, and slices of all.

    The spectrum itself is written as .npz beside the pictures.

    Returns:
        The spectra and their files.

    Raises:
        ConfigError: if an option is wrong.
        DataError: if a file cannot be read.
        UnknownNameError: if there is no such network.
    """
    from ..measures.spectrum import spectrum_map_figure, spectrum_slices_figure, write_spectrum

    options.check_output("out", ".npz", ".png", ".svg")
    # All are opened before the first is measured, which takes minutes.
    opened = [_open_spectrum(options, name, progress, notify) for name in options.sources]
    spectra = [measure() for measure in opened]
    out, lang, dark = options.out, options.lang, options.dark
    several = len(spectra) > 1
    stems = [
        out.with_name(f"{out.name}-{i}") if several else out for i in range(1, 1 + len(spectra))
    ]
    npz = tuple(stem.with_name(f"{stem.name}.npz") for stem in stems)
    maps = []
    for one, stem, path in zip(spectra, stems, npz, strict=True):
        write_spectrum(one, path)
        draw = partial(spectrum_map_figure, one, lang)
        maps.append(save_drawn_figure(draw, stem, dark=dark))
    slices = save_drawn_figure(
        lambda: spectrum_slices_figure(spectra, lang),
        out.with_name(f"{out.name}-slices"),
        dark=dark,
    )
    return SpectrumFiles(tuple(spectra), npz, tuple(maps), slices)


def _open_spectrum(
    options: SpectrumOptions, source: str, progress: Progress, notify: Notify
) -> Callable[[], "Spectrum"]:
    """Return what measures a source."""
    from ..dataset.files import open_files
    from ..measures.spectrum import file_spectrum, network_spectrum, read_spectrum

    path, count, seed = Path(source), options.images, options.seed
    if path.suffix == ".npz":
        known = read_spectrum(path)
        return lambda: known
    if path.is_dir() or path.suffix == ".zip":
        open_files(path)
        return lambda: file_spectrum(path, count, seed=seed, progress=progress)
    loaded = load_network(source, options.device, progress, notify)
    mapping = options.mapping_options()
    return lambda: network_spectrum(loaded, count, first=seed, options=mapping, progress=progress)


class LayerOptions(TruncationOptions, FigureOptions):
    """Of `layers`."""

    layer: str | None = option(None, "Which layer; without it, their names are told.")
    seed: int = seed_option()
    channels: int = option(12, "How many are drawn.", ge=1, le=48)
    out: FilePath = option(Path("layer"), PICTURES)


@dataclass(frozen=True, slots=True)
class LayerFiles:
    """The layers of a generator, and what one of them gives.

    Attributes:
        names: of all layers, in order.
        activation: what the layer that was asked for gives; None if none was.
        figure: where that is drawn.
    """

    names: tuple[str, ...]
    activation: "LayerActivation | None" = None
    figure: FigureFiles | None = None


@action
@explain_out_of_memory()
def layers(options: LayerOptions, progress: Progress, notify: Notify) -> LayerFiles:
    """Draw what a layer gives: its first channels and its average power spectrum.

    Returns:
        The names of the layers; with `layer`, what it gives and where that is drawn.

    Raises:
        ConfigError: if an option is wrong.
        UnknownNameError: if there is no such network or layer.
    """
    from ..generation.activations import activation_figure, layer_names, record_activation

    if options.layer is not None:
        options.check_output("out", ".png", ".svg")
    loaded = load_network(options.network, options.device, progress, notify)
    names = tuple(layer_names(loaded.generator))
    if options.layer is None:
        return LayerFiles(names)
    activation = record_activation(loaded, options.layer, options.seed, options.mapping_options())
    figure = save_drawn_figure(
        lambda: activation_figure(activation, options.lang, most=options.channels),
        options.out,
        dark=options.dark,
    )
    return LayerFiles(names, activation, figure)
