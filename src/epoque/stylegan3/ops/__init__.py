"""The operations of the networks: filters, resampling, activations without aliases, convolutions.

The plain path (`reference.py`) works in any floating type, on any device, and can be
differentiated twice. Which path computes is chosen in `dispatch.py`.
"""

from .convolution import modulated_conv2d, resampled_conv2d
from .dispatch import Activation, Padding, bias_act, filtered_lrelu, upfirdn2d
from .filters import lowpass, resampling_filter
from .resampling import downsample2d, filter2d, upsample2d

__all__ = [
    "Activation",
    "Padding",
    "bias_act",
    "downsample2d",
    "filter2d",
    "filtered_lrelu",
    "lowpass",
    "modulated_conv2d",
    "resampled_conv2d",
    "resampling_filter",
    "upfirdn2d",
    "upsample2d",
]
