"""The bands of an alias-free generator: how its layers' frequencies, rates and sizes grow.

Karras et al. 2021, section 3.2 and appendix D: the cutoff and the stopband of the layers grow in
equal ratios up to the image's, the sampling rate doubles as soon as the stopband needs it.
"""

from dataclasses import dataclass
from math import ceil, log2

from .spec import StyleGan3Spec

__all__ = ["Band", "LayerPlan", "layer_plans", "signal_bands"]


@dataclass(frozen=True, slots=True)
class Band:
    """The signal between two layers.

    Attributes:
        cutoff: its highest frequency, in cycles over the image.
        half_width: from there to where the filters let next to nothing through.
        rate: samples over the image.
        size: samples, with the margins beyond the edges.
        channels: how many.
    """

    cutoff: float
    half_width: float
    rate: int
    size: int
    channels: int


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One layer: its signal before and after, and how it filters.

    Attributes:
        name: the module's.
        before: the signal that comes in.
        after: the signal that goes out.
        to_image: whether it makes the image: one tap a pixel, no activation.
        radial: whether the filter after the activation treats all directions alike.
        reducible: whether it may be computed in half precision.
        kernel: size of the convolution.
        up: upsampling before the activation.
        down: downsampling after it.
        up_taps: of the filter before the activation.
        down_taps: of the filter after it.
        rate: samples over the image, at the activation.
        padding: left, right, top, bottom, at the activation's rate; negative where cut off.
    """

    name: str
    before: Band
    after: Band
    to_image: bool
    radial: bool
    reducible: bool
    kernel: int
    up: int
    down: int
    up_taps: int
    down_taps: int
    rate: int
    padding: tuple[int, int, int, int]


def signal_bands(spec: StyleGan3Spec) -> list[Band]:
    """Return the signals after each layer, the image's last; the first is the input's too."""
    last_cutoff = spec.img_resolution / 2
    last_stopband = last_cutoff * spec.last_stopband_rel
    result = []
    for layer in range(spec.num_layers + 1):
        way = min(layer / (spec.num_layers - spec.num_critical), 1)
        cutoff = spec.first_cutoff * (last_cutoff / spec.first_cutoff) ** way
        stopband = spec.first_stopband * (last_stopband / spec.first_stopband) ** way
        rate = 2 ** ceil(log2(min(stopband * 2, spec.img_resolution)))
        last_two = layer >= spec.num_layers - 1
        size = spec.img_resolution if last_two else rate + 2 * spec.margin_size
        channels = round(min(spec.channel_base / 2 / cutoff, spec.channel_max))
        if layer == spec.num_layers:
            channels = spec.img_channels
        result.append(Band(cutoff, max(stopband, rate / 2) - cutoff, rate, size, channels))
    return result


def layer_plans(spec: StyleGan3Spec) -> list[LayerPlan]:
    """Return the layers, first to last."""
    after = signal_bands(spec)
    before = [after[0], *after[:-1]]
    return [_plan_layer(spec, *item) for item in zip(range(len(after)), before, after, strict=True)]


def _plan_layer(spec: StyleGan3Spec, index: int, before: Band, after: Band) -> LayerPlan:
    to_image = index == spec.num_layers
    critical = index >= spec.num_layers - spec.num_critical
    rate = max(before.rate, after.rate) * (1 if to_image else spec.lrelu_upsampling)
    up, down = rate // before.rate, rate // after.rate
    up_taps = spec.filter_size * up if up > 1 and not to_image else 1
    down_taps = spec.filter_size * down if down > 1 and not to_image else 1
    kernel = 1 if to_image else spec.conv_kernel
    # So many samples are missing for the size that shall come out, at the activation's rate.
    convolved = before.size + kernel - 1
    needed = (after.size - 1) * down + up_taps + down_taps - 1
    missing = needed - convolved * up
    # Each inserted sample follows an original one: half of them shift the image to the left.
    first = (missing + up) // 2
    return LayerPlan(
        name=f"L{index}_{after.size}_{after.channels}",
        before=before,
        after=after,
        to_image=to_image,
        radial=spec.use_radial_filters and not critical,
        reducible=after.rate * 2**spec.num_fp16_res > spec.img_resolution,
        kernel=kernel,
        up=up,
        down=down,
        up_taps=up_taps,
        down_taps=down_taps,
        rate=rate,
        padding=(first, missing - first, first, missing - first),
    )
