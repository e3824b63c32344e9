"""The generator of StyleGAN2 (Karras et al. 2020)."""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from epoque.bench.errors import UsageError
from epoque.stylegan3 import ops

from .bands import Band
from .convolution import Convolution
from .dense import Dense, InitModule
from .fourier import FourierInput
from .generator import Generator, Noise, Synthesis
from .spec import StyleGan2Spec

__all__ = ["StyleGan2Generator", "StyleGan2Synthesis"]


FOURIER_CUTOFF = 1.5
"""Cycles over the image of the fastest wave of a Fourier input: four places carry less than 2."""


@dataclass(frozen=True, slots=True)
class _SynthesisOptions:
    """How one pass through the layers is made; see `Synthesis`."""

    noise: Noise
    rng: torch.Generator | None
    low_precision_dtype: torch.dtype | None


class _Layer(InitModule):
    """A modulated convolution of 3 × 3, noise, leaky ReLU."""

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self, spec: StyleGan2Spec, inputs: int, outputs: int, resolution: int, up: int
    ) -> None:
        super().__init__()
        self.up, self.clamp, self.use_noise = up, spec.conv_clamp, spec.use_noise
        self.affine = Dense(spec.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.register_buffer("resample_filter", ops.resampling_filter(spec.resample_filter))
        if spec.use_noise:
            self.register_buffer("noise_const", torch.empty(resolution, resolution))
            self.noise_strength = nn.Parameter(torch.empty(()))
        self.bias = nn.Parameter(torch.empty(outputs))

    def reset_parameters(self, rng: torch.Generator) -> None:
        self.weight.normal_(generator=rng)
        self.bias.zero_()
        if self.use_noise:
            self.noise_const.normal_(generator=rng)
            self.noise_strength.zero_()

    def forward(
        self, x: Tensor, w: Tensor, options: _SynthesisOptions, gain: float = 1.0
    ) -> Tensor:
        x = ops.modulated_conv2d(
            x, self.weight, self.affine(w), padding=1, up=self.up, kernel=self.resample_filter
        )
        if self.use_noise and options.noise != "none":
            x = x + (self._sample_noise(options, x.shape[0]) * self.noise_strength).to(x.dtype)
        clamp = None if self.clamp is None else self.clamp * gain
        return ops.bias_act(x, self.bias, "lrelu", gain=sqrt(2) * gain, clamp=clamp)

    def _sample_noise(self, options: _SynthesisOptions, batch: int) -> Tensor:
        """Noise of unit variance, [H, W] or [N, 1, H, W]."""
        rng = options.rng
        if options.noise == "const":
            return self.noise_const
        device = self.noise_const.device if rng is None else rng.device
        shape = (batch, 1, *self.noise_const.shape)
        return torch.randn(shape, generator=rng, device=device).to(self.noise_const)


class _ToImage(InitModule):
    """A modulated convolution of 1 × 1 without demodulation."""

    def __init__(self, spec: StyleGan2Spec, inputs: int) -> None:
        super().__init__()
        self.clamp = spec.conv_clamp
        self.affine = Dense(spec.w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.empty(spec.img_channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.empty(spec.img_channels))

    def reset_parameters(self, rng: torch.Generator) -> None:
        self.weight.normal_(generator=rng)
        self.bias.zero_()

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.affine(w) / sqrt(self.weight.shape[1])
        x = ops.modulated_conv2d(x, self.weight, styles, demodulate=False)
        return ops.bias_act(x, self.bias, clamp=self.clamp)


class _Block(InitModule):
    """One resolution: two layers, at the lowest one, and its share of the image.

    Attributes:
        convolutions: how many layers take a style of their own.
    """

    const: Tensor
    resample_filter: Tensor

    def __init__(self, spec: StyleGan2Spec, resolution: int) -> None:
        super().__init__()
        last = resolution == spec.img_resolution
        self.reducible = resolution * 2**spec.num_fp16_res > spec.img_resolution and resolution >= 8
        self.first = resolution == 4
        self.convolutions = 1 if self.first else 2
        outputs = min(spec.channel_base // resolution, spec.channel_max)
        inputs = min(spec.channel_base // (resolution // 2), spec.channel_max)
        taps = spec.resample_filter
        self.register_buffer("resample_filter", ops.resampling_filter(taps))
        self.input = None
        if self.first and spec.fourier_input:
            band = Band(FOURIER_CUTOFF, 2 - FOURIER_CUTOFF, rate=4, size=4, channels=outputs)
            self.input = FourierInput(spec.w_dim, band)
        elif self.first:
            self.const = nn.Parameter(torch.empty(outputs, 4, 4))
        else:
            self.conv0 = _Layer(spec, inputs, outputs, resolution, up=2)
        self.conv1 = _Layer(spec, outputs, outputs, resolution, up=1)
        shows = last or spec.architecture == "skip"
        self.torgb = _ToImage(spec, outputs) if shows else None
        residual = spec.architecture == "resnet" and not self.first
        self.skip = Convolution(inputs, outputs, 1, taps, bias=False, up=2) if residual else None

    def reset_parameters(self, rng: torch.Generator) -> None:
        if self.first and self.input is None:
            self.const.normal_(generator=rng)

    def forward(
        self, x: Tensor | None, image: Tensor | None, ws: list[Tensor], options: _SynthesisOptions
    ) -> tuple[Tensor, Tensor | None]:
        """Map features and the image so far to those of this resolution.

        Args:
            x: [N, C, H/2, W/2], none at first.
            image: [N, C, H/2, W/2], none before there is one.
            ws: styles of the layers and of the image, [N, w_dim] each.
            options: how the pass is made.
        """
        dtype = (options.low_precision_dtype if self.reducible else None) or self.conv1.weight.dtype
        if x is None:
            x = self._begin(ws[0])
        x = self._features(x.to(dtype), ws, options)
        if image is not None:
            image = ops.upsample2d(image, self.resample_filter)
        if self.torgb is not None:
            share = self.torgb(x, ws[self.convolutions]).to(self.conv1.weight.dtype)
            image = share if image is None else image + share
        return x, image

    def _begin(self, w: Tensor) -> Tensor:
        """Return what an image of a style [N, w_dim] begins with, [N, C, 4, 4]."""
        if self.input is None:
            return self.const.expand(w.shape[0], -1, -1, -1)
        waves: Tensor = self.input(w)
        return waves

    def _features(self, x: Tensor, ws: list[Tensor], options: _SynthesisOptions) -> Tensor:
        y: Tensor
        if self.first:
            y = self.conv1(x, ws[0], options)
        elif self.skip is None:
            y = self.conv1(self.conv0(x, ws[0], options), ws[1], options)
        else:
            past = self.skip(x, gain=sqrt(0.5))
            x = self.conv0(x, ws[0], options)
            y = past + self.conv1(x, ws[1], options, gain=sqrt(0.5))
        return y


class StyleGan2Synthesis(Synthesis):
    """From styles to an image, resolution by resolution.

    Args:
        spec: what it is made of.

    Attributes:
        resolutions: 4, 8, … up to the image's; block `b4` and so on.
    """

    def __init__(self, spec: StyleGan2Spec) -> None:
        super().__init__()
        self.resolutions = [4]
        while self.resolutions[-1] < spec.img_resolution:
            self.resolutions.append(2 * self.resolutions[-1])
        for resolution in self.resolutions:
            self.add_module(f"b{resolution}", _Block(spec, resolution))
        self.num_ws = 2 * len(self.resolutions)

    @property
    def fourier_input(self) -> FourierInput | None:
        """The waves that it begins with, whose window can be moved; None with a constant."""
        first: _Block = self.get_submodule("b4")  # type: ignore[assignment]
        return first.input

    def forward(
        self,
        ws: Tensor,
        *,
        noise: Noise = "const",
        rng: torch.Generator | None = None,
        update_emas: bool = False,
        low_precision_dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return images [N, C, H, W] of styles [N, num_ws, w_dim]; see `Synthesis`."""
        if noise not in ("const", "random", "none"):
            raise UsageError(f"Noise is {noise!r}; const, random and none are allowed.")
        options = _SynthesisOptions(noise, rng, low_precision_dtype)
        styles = list(ws.to(next(self.parameters()).dtype).unbind(1))
        x: Tensor | None = None
        image: Tensor | None = None
        place = 0
        for resolution in self.resolutions:
            block: _Block = getattr(self, f"b{resolution}")
            x, image = block(x, image, styles[place:], options)
            place += block.convolutions
        assert image is not None
        return image


class StyleGan2Generator(Generator):
    """The generator of StyleGAN2.

    Args:
        spec: what it is made of.
    """

    def __init__(self, spec: StyleGan2Spec) -> None:
        super().__init__(spec, StyleGan2Synthesis(spec))
