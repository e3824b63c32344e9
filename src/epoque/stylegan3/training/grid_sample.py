"""Bilinear sampling that can be differentiated twice with regard to the image.

PyTorch's own can only once. It is linear in the image: what the gradient of its gradient needs is
the sampling itself.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["grid_sample"]


def grid_sample(images: Tensor, grid: Tensor) -> Tensor:
    """Return images sampled at places between their pixels, zeros outside.

    Args:
        images: [N, C, H, W].
        grid: [N, H', W', 2] x and y, −1 and 1 at the outer edges; it gets no gradient.

    Returns:
        [N, C, H', W'].
    """
    sample: Tensor = _Sample.apply(images, grid)  # type: ignore[no-untyped-call]
    return sample


class _Sample(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return functional.grid_sample(images, grid, align_corners=False)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        spread: Tensor = _Spread.apply(gradient, grid, ctx.shape)  # type: ignore[no-untyped-call]
        return spread, None


class _Spread(torch.autograd.Function):
    """The transposed sampling: each number goes to the pixels that it was taken from."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        images = values.new_empty(shape)  # only its shape counts
        spread: Tensor = torch.ops.aten.grid_sampler_2d_backward(
            values, images, grid, 0, 0, False, (True, False)
        )[0]
        return spread

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return grid_sample(gradient, grid), None, None
