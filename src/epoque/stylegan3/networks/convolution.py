"""The plain convolution layer of StyleGAN2's networks."""

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn

from epoque.stylegan3 import ops
from epoque.stylegan3.ops import Activation

from .dense import InitModule

__all__ = ["Convolution"]


class Convolution(InitModule):
    """A convolution whose weights have unit variance; it may double or halve the size.

    Args:
        inputs: channels in.
        outputs: channels out.
        size: of the kernel; odd.
        taps: of the filter against aliases.
        activation: after it.
        bias: whether a bias is added.
        up: 2 doubles the size.
        down: 2 halves it.
        clamp: largest magnitude of an activation.
        trainable: whether the weights are parameters; else they are buffers, which no optimiser
            and no switching of gradients reaches.
    """

    resample_filter: Tensor
    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        taps: Sequence[float],
        activation: Activation = "linear",
        *,
        bias: bool = True,
        up: int = 1,
        down: int = 1,
        clamp: float | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        self.activation, self.up, self.down, self.clamp = activation, up, down, clamp
        self.padding = size // 2
        self.scale = 1 / sqrt(inputs * size**2)
        self.register_buffer("resample_filter", ops.resampling_filter(taps))
        hold = self._hold if trainable else self.register_buffer
        hold("weight", torch.empty(outputs, inputs, size, size))
        hold("bias", torch.empty(outputs) if bias else None)

    def _hold(self, name: str, value: Tensor | None) -> None:
        self.register_parameter(name, None if value is None else nn.Parameter(value))

    def reset_parameters(self, rng: torch.Generator) -> None:
        """Draw the weights."""
        self.weight.normal_(generator=rng)
        if self.bias is not None:
            self.bias.zero_()

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """Map [N, I, H, W] to [N, O, H', W'], the result times `gain`."""
        weight = (self.weight * self.scale).to(x.dtype)
        x = ops.resampled_conv2d(
            x, weight, self.resample_filter, up=self.up, down=self.down, padding=self.padding
        )
        usual = sqrt(2) if self.activation == "lrelu" else 1.0
        clamp = None if self.clamp is None else self.clamp * gain
        return ops.bias_act(x, self.bias, self.activation, gain=usual * gain, clamp=clamp)
