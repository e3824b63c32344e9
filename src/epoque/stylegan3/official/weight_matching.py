"""Weights of a file brought into a network of ours: by their names, or by their shapes and order.

A file with the names that everybody uses for such a network is taken by these. One with names of
its own is taken apart into units, each a weight with the vectors that go with it, and the units are
given to the network's layers of the same shapes in the same order. Where several layers have the
same shape, that they come in the order of the network cannot be seen from the file.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from epoque.bench.errors import DataError

__all__ = ["Layer", "load_matching_weights"]

Arrays = Mapping[str, NDArray[Any]]

_ROLES = {
    "mean": ("running_mean", "moving_mean", "mean"),
    "var": ("running_var", "moving_variance", "variance", "var"),
    "bias": ("bias", "beta", "offset"),
    "gain": ("gamma", "scale", "weight"),
}
"""What a vector's name ends in, to what it is."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a network of ours: the names of its tensors.

    Attributes:
        weight: of two dimensions or more.
        vectors: role (bias, gain, mean, var) to name.
    """

    weight: str
    vectors: Mapping[str, str]


@dataclass(slots=True, eq=False)
class _Unit:
    weight: NDArray[Any]
    vectors: dict[str, NDArray[Any]] = field(default_factory=dict)


def load_matching_weights(
    network: nn.Module, arrays: Arrays, layers: Sequence[Layer], what: str
) -> str:
    """Fill a network with a file's weights.

    Args:
        network: to fill.
        arrays: of the file, in its order.
        layers: of the network, in the order in which they are computed.
        what: the network is, for an error.

    Returns:
        `names` or `shapes`: what the weights were recognised by.

    Raises:
        DataError: if the file is of another network.
    """
    expected = network.state_dict()
    if (matched := _match_names(arrays, expected)) is not None:
        network.load_state_dict(matched)
        return "names"
    network.load_state_dict(_match_shapes(arrays, expected, layers, what))
    return "shapes"


def _match_names(arrays: Arrays, expected: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Return the weights if all names are there, whatever stands before all of them."""
    needed = {name for name in expected if "num_batches" not in name}
    first = next(iter(sorted(needed, key=len, reverse=True)))
    for name in arrays:
        if not name.endswith(first):
            continue
        before = name.removesuffix(first)
        if all(before + n in arrays and arrays[before + n].shape == expected[n].shape
               for n in needed):  # fmt: skip
            return {
                n: _to_tensor(arrays[before + n]) if n in needed else expected[n] for n in expected
            }
    return None


def _match_shapes(
    arrays: Arrays, expected: Mapping[str, Tensor], layers: Sequence[Layer], what: str
) -> dict[str, Tensor]:
    units, state = _group_units(arrays), dict(expected)
    for layer in layers:
        shape = tuple(expected[layer.weight].shape)
        unit = next((u for u in units if u.weight.shape == shape), None)
        if unit is None:
            size = "×".join(map(str, shape))
            raise DataError(f"The file holds no {what}: a weight of {size} is missing.")
        units.remove(unit)
        state[layer.weight] = _to_tensor(unit.weight)
        for role, name in layer.vectors.items():
            state[name] = _match_vector(unit, role, expected[name], what)
    return state


def _match_vector(unit: _Unit, role: str, place: Tensor, what: str) -> Tensor:
    vector = unit.vectors.get(role)
    if vector is None and role == "gain":
        return torch.ones_like(place)  # of a normalisation without one
    if vector is None or vector.size != len(place):
        raise DataError(f"The file holds no {what}: a layer's {role} is missing.")
    return _to_tensor(vector.reshape(-1))


def _group_units(arrays: Arrays) -> list[_Unit]:
    """Return the weights with what goes with them: all below the highest name that is theirs."""
    weights = [name for name, of in arrays.items() if _is_weight(of)]
    below = Counter(above for name in weights for above in _parent_names(name))
    units = {}
    for name in weights:
        own = name
        for above in _parent_names(name):
            if below[above] > 1:
                break
            own = above
        units[own] = _Unit(arrays[name])
    for name, of in arrays.items():
        for above in _parent_names(name):
            if above in units and not _is_weight(of) and (role := _vector_role(name)):
                units[above].vectors[role] = of
    return list(units.values())


def _parent_names(name: str) -> Iterator[str]:
    """Yield the names of all parts that a tensor is in, the inmost first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _is_weight(array: NDArray[Any]) -> bool:
    return array.ndim >= 2 and sum(length > 1 for length in array.shape) >= 2


def _vector_role(name: str) -> str | None:
    last = name.rpartition(".")[2].lower()
    return next((role for role, ends in _ROLES.items() if last.endswith(ends)), None)


def _to_tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))
