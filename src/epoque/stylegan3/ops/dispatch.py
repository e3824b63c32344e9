"""Which path computes an operation: the one place that chooses.

All paths give the same numbers. Everything else, in this package and outside, takes the operations
from here (or from `ops`, which passes them on) and does not know of paths.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from . import reference
from .reference import Activation, Padding

__all__ = [
    "Activation",
    "Backend",
    "Padding",
    "bias_act",
    "conv2d",
    "conv_transpose2d",
    "filtered_lrelu",
    "has_half",
    "is_fast",
    "upfirdn2d",
    "use_backend",
    "uses_compiled",
    "uses_fused",
]

Backend = Literal["auto", "reference"]
"""`auto`: the fastest there is; `reference`: the plain one."""

HALF_TYPES = (torch.float16, torch.bfloat16)

_backend: ContextVar[Backend] = ContextVar("path", default="auto")


@contextmanager
def use_backend(path: Backend) -> Iterator[None]:
    """Compute on a path of one's choice, in this thread, until the block ends.

    For comparisons, and where a program that traces must see PyTorch's own functions.
    """
    before = _backend.set(path)
    try:
        yield
    finally:
        _backend.reset(before)


def uses_compiled(x: Tensor) -> bool:
    """Return whether the compiled loops compute what is asked of a tensor.

    They take float32 on the CPU; where Numba is missing, or PyTorch looks on in order to compile
    or to export, the plain path does it.
    """
    return (
        _backend.get() == "auto"
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and type(x) in (Tensor, torch.nn.Parameter)
        and not torch.compiler.is_compiling()
        and _has_numba()
    )


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


def uses_fused(x: Tensor) -> bool:
    """Return whether the fused kernel computes what is asked of a tensor.

    It takes float32 and float16 on CUDA; Triton comes with PyTorch for it.
    """
    return (
        _backend.get() == "auto"
        and x.device.type == "cuda"
        and x.dtype in (torch.float32, torch.float16)
        and type(x) in (Tensor, torch.nn.Parameter)
        and not torch.compiler.is_compiling()
        and _has_triton()
    )


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None


def is_fast(device: torch.device) -> bool:
    """Return whether images are made without the plain path's large intermediates there."""
    probe = torch.empty(0, device=device)
    return uses_compiled(probe) or uses_fused(probe)


def has_half(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether a device convolves numbers of a half type faster than by single ones."""
    if device.type != "cpu":
        return True
    mkldnn: Any = torch.ops.mkldnn  # PyTorch does not tell its types
    if dtype == torch.bfloat16:
        return bool(mkldnn._is_mkldnn_bf16_supported())
    return bool(mkldnn._is_mkldnn_fp16_supported())


def _is_widened(x: Tensor) -> bool:
    """Whether a fast path computes it, but in float32 only; the result is then rounded."""
    return (
        x.dtype in HALF_TYPES
        and type(x) in (Tensor, torch.nn.Parameter)
        and not uses_fused(x)
        and is_fast(x.device)
    )


def _is_emulated(x: Tensor) -> bool:
    """Whether to convolve in float32 for want of hardware: the same products, fifty times faster.

    A product of two half numbers is exact in float32, and sums are kept in float32 anyway.
    """
    return (
        x.dtype in HALF_TYPES
        and _backend.get() == "auto"
        and not torch.compiler.is_compiling()
        and not has_half(x.device, x.dtype)
    )


def _choose_module(x: Tensor) -> Any:
    """Return the module whose functions compute."""
    if uses_compiled(x):
        from . import cpu

        return cpu
    if uses_fused(x):
        from . import cuda

        return cuda
    return reference


def bias_act(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """See `reference.bias_act`."""
    y: Tensor = _choose_module(x).bias_act(x, *args, **options)
    return y


def conv2d(x: Tensor, weight: Tensor, **options: Any) -> Tensor:
    """See `torch.nn.functional.conv2d`."""
    if _is_emulated(x):
        return conv2d(x.float(), weight.float(), **options).to(x.dtype)
    y: Tensor = _choose_module(x).conv2d(x, weight, **options)
    return y


def conv_transpose2d(x: Tensor, weight: Tensor, **options: Any) -> Tensor:
    """See `torch.nn.functional.conv_transpose2d`."""
    if _is_emulated(x):
        return conv_transpose2d(x.float(), weight.float(), **options).to(x.dtype)
    return functional.conv_transpose2d(x, weight, **options)


def upfirdn2d(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """See `reference.upfirdn2d`."""
    if _is_widened(x):
        return upfirdn2d(x.float(), *args, **options).to(x.dtype)
    y: Tensor = _choose_module(x).upfirdn2d(x, *args, **options)
    return y


def filtered_lrelu(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """See `reference.filtered_lrelu`."""
    if _is_widened(x):
        return filtered_lrelu(x.float(), *args, **options).to(x.dtype)
    y: Tensor = _choose_module(x).filtered_lrelu(x, *args, **options)
    return y
