"""Which path computes an operation: the one place that chooses.

All paths give the same numbers. Everything else, in this package and outside, takes the operations
from here (or from `ops`, which passes them on) and does not know of paths.
"""

from .reference import Activation, Padding, bias_act, filtered_lrelu, upfirdn2d

__all__ = ["Activation", "Padding", "bias_act", "filtered_lrelu", "upfirdn2d"]
