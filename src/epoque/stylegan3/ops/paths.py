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

from . import reference
from .reference import Activation, Padding

__all__ = [
    "Activation",
    "Padding",
    "Path",
    "bias_act",
    "compiled",
    "conv2d",
    "filtered_lrelu",
    "fused",
    "is_fast",
    "upfirdn2d",
    "using",
]

Path = Literal["auto", "reference"]
"""`auto`: the fastest there is; `reference`: the plain one."""

_asked: ContextVar[Path] = ContextVar("path", default="auto")


@contextmanager
def using(path: Path) -> Iterator[None]:
    """Compute on a path of one's choice, in this thread, until the block ends.

    For comparisons, and where a program that traces must see PyTorch's own functions.
    """
    before = _asked.set(path)
    try:
        yield
    finally:
        _asked.reset(before)


def compiled(x: Tensor) -> bool:
    """Return whether the compiled loops compute what is asked of a tensor.

    They take float32 on the CPU; where Numba is missing, or PyTorch looks on in order to compile
    or to export, the plain path does it.
    """
    return (
        _asked.get() == "auto"
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and type(x) in (Tensor, torch.nn.Parameter)
        and not torch.compiler.is_compiling()
        and _has_numba()
    )


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


def fused(x: Tensor) -> bool:
    """Return whether the fused kernel computes what is asked of a tensor.

    It takes float32 and float16 on CUDA; Triton comes with PyTorch for it.
    """
    return (
        _asked.get() == "auto"
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
    told = torch.empty(0, device=device)
    return compiled(told) or fused(told)


def _path(x: Tensor) -> Any:
    """Return the module whose functions compute."""
    if compiled(x):
        from . import cpu

        return cpu
    if fused(x):
        from . import cuda

        return cuda
    return reference


def bias_act(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """See `reference.bias_act`."""
    y: Tensor = _path(x).bias_act(x, *args, **options)
    return y


def conv2d(x: Tensor, weight: Tensor, **options: Any) -> Tensor:
    """See `torch.nn.functional.conv2d`."""
    y: Tensor = _path(x).conv2d(x, weight, **options)
    return y


def upfirdn2d(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """See `reference.upfirdn2d`."""
    y: Tensor = _path(x).upfirdn2d(x, *args, **options)
    return y


def filtered_lrelu(x: Tensor, *args: Any, **options: Any) -> Tensor:
    """See `reference.filtered_lrelu`."""
    y: Tensor = _path(x).filtered_lrelu(x, *args, **options)
    return y
