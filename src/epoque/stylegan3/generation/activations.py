"""What happens inside: the signal after each layer, as pictures and as spectra."""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from epoque.bench.errors import ConfigError, UnknownNameError
from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import WIDTH, color, new_figure
from epoque.bench.figures.ticks import format_ticks
from epoque.bench.i18n import mark, translator

from ..loading import LoadedGenerator
from ..measures.spectrum import BETA, FINER
from ..memory import check_memory
from ..networks import Generator
from ..networks.alias_free import AliasFreeSynthesis
from .synthesis import DEFAULT_MAPPING, MappingOptions, deterministic_mode, map_seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["LayerActivation", "activation_figure", "layer_names", "record_activation"]

Floats = NDArray[np.float64]

TITLE = mark("The signal after {layer}")
TOLD = mark("{shown} of {channels} channels of {size} × {size} samples; RMS {rms}. Below, the "
            "average power spectrum of all channels.")  # fmt: skip
POWER = mark("power, dB")
FREQUENCY = mark("frequency, cycles a sample")


@dataclass(frozen=True, slots=True)
class LayerActivation:
    """What a layer gave for one image.

    Attributes:
        layer: its name.
        channels: float32 [C, H, W].
        spectrum: float64 [4·H, 4·W], average power, zero frequency in the middle; white noise of
            unit variance has 1 everywhere.
    """

    layer: str
    channels: NDArray[np.float32]
    spectrum: Floats


def layer_names(generator: Generator) -> list[str]:
    """Return the layers of a generator, first to last."""
    synthesis = generator.synthesis
    if isinstance(synthesis, AliasFreeSynthesis):
        return ["input", *synthesis.layer_names]
    endings = ("conv0", "conv1", "torgb")
    return [name for name, _ in synthesis.named_modules() if name.rpartition(".")[2] in endings]


@torch.no_grad()
def record_activation(
    network: LoadedGenerator, layer: str, seed: int, options: MappingOptions = DEFAULT_MAPPING
) -> LayerActivation:
    """Return the signal after a layer.

    Args:
        network: the network.
        layer: one of `layer_names`.
        seed: of the image.
        options: truncation and class.

    Raises:
        UnknownNameError: if there is no such layer.
        UsageError: if anything else asked for is not allowed.
    """
    names = layer_names(network.generator)
    if layer not in names:
        raise UnknownNameError("layer", layer, names)
    check_memory(network.generator, network.device)
    ws = map_seeds(network.generator, [seed], options)
    outputs: list[Tensor] = []

    def catch(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        outputs.append(output)

    hook = network.generator.synthesis.get_submodule(layer).register_forward_hook(catch)
    try:
        with deterministic_mode():
            network.generator.synthesis(ws)
    finally:
        hook.remove()
    channels = outputs[0][0].float().cpu().numpy()
    return LayerActivation(layer, channels, _power_spectrum(channels.astype(np.float64)))


def _power_spectrum(channels: Floats) -> Floats:
    """Return the mean power of channels, each without its own mean."""
    height, width = channels.shape[1:]
    window = np.outer(np.kaiser(height, BETA), np.kaiser(width, BETA))
    window /= sqrt(np.square(window).sum())
    power = np.zeros((height * FINER, width * FINER))
    for channel in channels:
        transform = np.fft.fft2((channel - channel.mean()) * window, power.shape)
        power += transform.real**2 + transform.imag**2
    return np.fft.fftshift(power / len(channels))


def activation_figure(
    activation: LayerActivation, language: str = "en", *, most: int = 12
) -> "Figure":
    """Draw a signal's first channels and its spectrum; call it inside `figure_style`."""
    if most < 1:
        raise ConfigError.of("channels", f"{most} is not allowed; at least one is shown.")
    _ = translator(language)
    count = min(most, len(activation.channels), 48)
    columns = min(6, count)
    rows = ceil(count / columns)
    cell = (WIDTH - 0.2) / columns
    figure = new_figure(rows * cell + 3.9)
    height = figure.get_figheight()
    figure.suptitle(_(TITLE).format(layer=activation.layer), x=0.02, ha="left")
    rms = float(np.sqrt(np.square(activation.channels).mean()))
    subtitle = _(TOLD).format(
        shown=count,
        channels=len(activation.channels),
        size=activation.channels.shape[1],
        rms=format_number(rms, language, 3),
    )
    figure.text(
        0.02, 1 - 0.34 / height, subtitle, va="top", size=8.5, wrap=True, color=color("muted")
    )
    figure.set_layout_engine("none")
    top, low = 1 - 0.85 / height, 1 - (0.85 + rows * cell) / height
    grid = figure.add_gridspec(
        rows, columns, left=0.02, right=0.98, top=top, bottom=low, wspace=0.05, hspace=0.05
    )
    bound = 3 * rms or 1.0
    for place in range(count):
        axes = figure.add_subplot(grid[place // columns, place % columns])
        channel = activation.channels[place]
        axes.imshow(channel, cmap="gray", vmin=-bound, vmax=bound, interpolation="antialiased")
        axes.set_axis_off()
    spectrum = figure.add_axes((0.2, 0.5 / height, 0.56, 2.35 / height))
    decibels = 10 * np.log10(np.maximum(activation.spectrum, 1e-12))
    image = spectrum.imshow(
        decibels[::-1],
        extent=(-0.5, 0.5, -0.5, 0.5),
        aspect="equal",
        cmap="cividis",
        vmin=max(decibels.min(), decibels.max() - 100),
    )
    spectrum.grid(visible=False)
    spectrum.set(xlabel=_(FREQUENCY), xticks=[-0.5, 0, 0.5], yticks=[-0.5, 0, 0.5])
    bar = figure.colorbar(image, ax=spectrum, label=_(POWER), fraction=0.046, pad=0.03)
    bar.outline.set_visible(False)
    for axis in (spectrum.xaxis, spectrum.yaxis, bar.ax.yaxis):
        format_ticks(axis, language)
    return figure
