"""A short vector whose components are numbers of their own in a compiled program.

XLA makes a loop of every operation on an array; over the three weights of a gate, that loop costs
more than the arithmetic in it. Written out component by component, a pass is straight code, a
product with a known 0 or 1 costs nothing, and a sweep is twice as fast. The rule reads the same for
both.
"""

from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias, TypeVar, cast

import jax
from jax import Array

__all__ = ["UnrolledVector", "Vector"]

Component: TypeAlias = Array | float


@jax.tree_util.register_pytree_node_class
@dataclass(frozen=True)
class UnrolledVector:
    """A vector of the linear algebra that the rule needs: `x @ w`, `x * number`, `w + x`.

    Attributes:
        components: scalars of the program, or floats where the program knows them.
    """

    components: tuple[Component, ...]

    def __matmul__(self, other: "UnrolledVector") -> Array:
        """Return the dot product, added up from the first component to the last."""
        pairs = zip(self.components, other.components, strict=True)
        return cast("Array", reduce(_add, [_multiply(a, b) for a, b in pairs]))

    def __mul__(self, number: Array) -> "UnrolledVector":
        """Return the vector times a number."""
        return UnrolledVector(tuple(_multiply(a, number) for a in self.components))

    def __add__(self, other: "UnrolledVector") -> "UnrolledVector":
        """Return the sum of two vectors."""
        pairs = zip(self.components, other.components, strict=True)
        return UnrolledVector(tuple(_add(a, b) for a, b in pairs))

    def __getitem__(self, i: int) -> Array:
        """Return one component."""
        return cast("Array", self.components[i])

    def tree_flatten(self) -> tuple[tuple[Component, ...], None]:
        """Return the components, as a pytree's children."""
        return self.components, None

    @classmethod
    def tree_unflatten(cls, _: None, children: tuple[Component, ...]) -> "UnrolledVector":
        """Return the vector of these components."""
        return cls(tuple(children))


Vector = TypeVar("Vector", Array, UnrolledVector)


def _multiply(a: Component, b: Component) -> Component:
    """Return a·b, without a product where the program knows that a is 0, 1 or −1."""
    if isinstance(a, float):
        match a:
            case 0.0:
                return 0.0
            case 1.0:
                return b
            case -1.0:
                return -b
    return a * b


def _add(a: Component, b: Component) -> Component:
    """Return a + b, without a sum where the program knows that b is 0."""
    return a if isinstance(b, float) and b == 0.0 else a + b
