"""What a lab may say in numbers: plain values, or what stands for one, such as NumPy's scalars."""

from collections.abc import Mapping
from typing import Any

from .errors import UsageError

__all__ = ["to_plain"]


def to_plain(value: Any, what: str) -> Any:
    """Return a value in which the scalars of NumPy, JAX and PyTorch are numbers of Python.

    Args:
        value: a plain value, a scalar, an array without axes, or lists and mappings of these.
        what: what errors call it: "metric 'loss'".

    Raises:
        UsageError: if there is an array with axes in it.
    """
    if isinstance(value, Mapping):
        return {name: to_plain(inner, what) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(inner, what) for inner in value]
    shape = getattr(value, "shape", None)
    if shape is None:
        return value
    if tuple(shape) != ():
        message = f"The {what} is an array of shape {tuple(shape)}; it takes a number"
        raise UsageError(f"{message}, such as its mean, or a list (`.tolist()`) in the results.")
    return value.item()
