"""The discriminator of StyleGAN2, which StyleGAN3 keeps (Karras et al. 2020)."""

from math import sqrt

import torch
from torch import Tensor, nn

from epoque.bench.errors import UsageError
from epoque.stylegan3 import ops

from .convolution import Convolution
from .dense import Dense, MappingNetwork
from .spec import DiscriminatorSpec

__all__ = ["Discriminator"]

_EPSILON = 1e-8


def _channels(spec: DiscriminatorSpec, resolution: int) -> int:
    return min(spec.channel_base // resolution, spec.channel_max)


class _Block(nn.Module):
    """Two convolutions, the second of which halves the size."""

    resample_filter: Tensor

    def __init__(self, spec: DiscriminatorSpec, resolution: int, layers_before: int) -> None:
        super().__init__()
        self.architecture = spec.architecture
        self.reducible = resolution * 2**spec.num_fp16_res > spec.img_resolution and resolution >= 8
        here, after = _channels(spec, resolution), _channels(spec, resolution // 2)
        taps = spec.resample_filter
        self.register_buffer("resample_filter", ops.resampling_filter(taps))
        self.layers = 0

        def layer(inputs: int, outputs: int, size: int, *, down: int = 1) -> Convolution:
            self.layers += 1
            residual = size == 1 and down > 1
            return Convolution(
                inputs,
                outputs,
                size,
                taps,
                "linear" if residual else "lrelu",
                bias=not residual,
                down=down,
                clamp=None if residual else spec.conv_clamp,
                trainable=layers_before + self.layers > spec.freeze_layers,
            )

        first = resolution == spec.img_resolution
        takes_image = first or spec.architecture == "skip"
        self.fromrgb = layer(spec.img_channels, here, 1) if takes_image else None
        self.conv0 = layer(here, here, 3)
        self.conv1 = layer(here, after, 3, down=2)
        self.skip = layer(here, after, 1, down=2) if spec.architecture == "resnet" else None

    def forward(
        self, x: Tensor | None, image: Tensor, low_precision_dtype: torch.dtype | None
    ) -> tuple[Tensor, Tensor]:
        """Map features [N, C, H, W], none at first, and the image to both of half the size."""
        dtype = (low_precision_dtype if self.reducible else None) or self.conv0.weight.dtype
        x = None if x is None else x.to(dtype)
        if self.fromrgb is not None:
            y = self.fromrgb(image.to(dtype))
            x = y if x is None else x + y
            if self.architecture == "skip":
                image = ops.downsample2d(image.to(dtype), self.resample_filter)
        if self.skip is not None:
            y = self.skip(x, gain=sqrt(0.5))
            return y + self.conv1(self.conv0(x), gain=sqrt(0.5)), image
        return self.conv1(self.conv0(x)), image


class _End(nn.Module):
    """From features of 4 × 4 to one number, or as many as a mapped label has."""

    def __init__(self, spec: DiscriminatorSpec, outputs: int) -> None:
        super().__init__()
        self.group_size, self.extra = spec.mbstd_group_size, spec.mbstd_num_channels
        channels = _channels(spec, 4)
        taps = spec.resample_filter
        skip = spec.architecture == "skip"
        self.fromrgb = Convolution(spec.img_channels, channels, 1, taps, "lrelu") if skip else None
        self.conv = Convolution(
            channels + self.extra, channels, 3, taps, "lrelu", clamp=spec.conv_clamp
        )
        self.fc = Dense(channels * 4**2, channels, "lrelu")
        self.out = Dense(channels, outputs)

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        x = x.to(self.fc.weight.dtype)
        if self.fromrgb is not None:
            x = x + self.fromrgb(image.to(x.dtype))
        if self.extra:
            x = torch.cat((x, _deviation(x, self.group_size, self.extra)), 1)
        result: Tensor = self.out(self.fc(self.conv(x).flatten(1)))
        return result


def _deviation(x: Tensor, group_size: int | None, channels: int) -> Tensor:
    """How much the images of a group differ (Karras et al. 2018), [N, channels, H, W].

    Image i is compared with i + N/g, i + 2·N/g, … of the batch, g the size of a group.
    """
    batch, width, height, across = x.shape
    size = min(group_size or batch, batch)
    if batch % size:
        raise UsageError(f"A batch of {batch} images does not divide into groups of {size}.")
    groups = x.reshape(size, batch // size, channels, width // channels, height, across)
    deviation = (groups.var(0, correction=0) + _EPSILON).sqrt().mean([2, 3, 4])
    return deviation.repeat(size, 1)[:, :, None, None].expand(-1, -1, height, across)


class Discriminator(nn.Module):
    """How real an image looks.

    Args:
        spec: what it is made of.
    """

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.resolutions = []
        layers, resolution = 0, spec.img_resolution
        while resolution > 4:
            block = _Block(spec, resolution, layers)
            self.add_module(f"b{resolution}", block)
            self.resolutions.append(resolution)
            layers, resolution = layers + block.layers, resolution // 2
        mapped = (spec.cmap_dim or _channels(spec, 4)) if spec.c_dim else 0
        self.mapping = (
            MappingNetwork(0, spec.c_dim, mapped, spec.mapping_layers, spec.mapping_lr_multiplier)
            if mapped
            else None
        )
        self.b4 = _End(spec, mapped or 1)

    def forward(
        self,
        images: Tensor,
        c: Tensor | None = None,
        *,
        low_precision_dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Return logits [N, 1], positive for images that look real.

        Args:
            images: [N, C, H, W], −1 to 1.
            c: [N, c_dim] labels, where the network has any.
            low_precision_dtype: the type of the highest resolutions, such as float16; None
                is the weights' own.

        Raises:
            UsageError: if the label is missing or of another length, or the batch does not divide
                into groups.
        """
        x: Tensor | None = None
        image = images
        for resolution in self.resolutions:
            x, image = getattr(self, f"b{resolution}")(x, image, low_precision_dtype)
        features: Tensor = self.b4(x, image)
        if self.mapping is None:
            return features
        mapped_labels: Tensor = self.mapping(None, c)
        return (features * mapped_labels).sum(1, keepdim=True) / sqrt(mapped_labels.shape[1])
