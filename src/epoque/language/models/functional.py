"""The few functions whose own gradient is cheaper than what automatic differentiation makes."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

__all__ = ["apply_rotary", "rms_norm", "squared_relu"]


class _RmsNorm(Function):
    """x / √(mean(x²) + ε): two passes over memory forwards, three backwards."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, epsilon: float) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = length.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        y: Tensor = x * scale
        ctx.save_for_backward(y, scale)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (grad,) = grads
        y, scale = ctx.saved_tensors
        # dx = (dy − y · mean(dy · y)) / √(mean(x²) + ε)
        along = (grad * y).mean(dim=-1, keepdim=True)
        return torch.addcmul(grad, y, along, value=-1).mul_(scale), None


class _SquaredRelu(Function):
    """max(x, 0)², which keeps max(x, 0) alone for the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        positive = x.relu()
        ctx.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (positive,) = ctx.saved_tensors
        grad: Tensor = grads[0] * positive
        return grad.mul_(2)


class _Rotate(Function):
    """Turn pairs of numbers by angles; the gradient is turned back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        ctx.save_for_backward(cosine, sine)
        return _rotate_pairs(x, cosine, sine)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cosine, sine = ctx.saved_tensors
        return _rotate_pairs(grads[0], cosine, -sine), None, None


def _rotate_pairs(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    # Both halves are written into one tensor: torch.cat would copy them once more.
    rotated = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    rotated_first, rotated_second = rotated.chunk(2, dim=-1)
    torch.mul(first, cosine, out=rotated_first).addcmul_(second, sine, value=-1)
    torch.mul(second, cosine, out=rotated_second).addcmul_(first, sine)
    return rotated


def rms_norm(x: Tensor, epsilon: float) -> Tensor:
    """Return `x` divided by the root of its mean square over the last axis.

    Zhang and Sennrich 2019 (Root mean square layer normalization), eq. 4, without gain.

    Args:
        x: [.., W].
        epsilon: added to the mean square.
    """
    if x.is_cuda:
        return functional.rms_norm(x, (x.shape[-1],), None, epsilon)
    return _RmsNorm.apply(x, epsilon)  # type: ignore[no-any-return, no-untyped-call]


def squared_relu(x: Tensor) -> Tensor:
    """Return max(x, 0)², of any shape (So et al. 2021, Primer)."""
    return _SquaredRelu.apply(x)  # type: ignore[no-any-return, no-untyped-call]


def apply_rotary(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn number i of each head together with number i + D/2 (Su et al. 2021, eq. 15).

    Args:
        x: [.., T, D] with D even.
        cosine: [.., T, D/2] cosines of the angles, of x's type.
        sine: likewise their sines.
    """
    return _Rotate.apply(x, cosine, sine)  # type: ignore[no-any-return, no-untyped-call]
