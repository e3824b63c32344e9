"""The neuron lab: one neuron on logic gates, and the small networks that go further.

Its actions are functions here: `epoque.neuron.separable("xor")`.
"""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .actions import animate as animate
    from .actions import check_gradients as check_gradients
    from .actions import separable as separable

_HOMES = {
    "animate": ".actions",
    "check_gradients": ".actions",
    "separable": ".actions",
}
__all__ = ["animate", "check_gradients", "separable"]

__getattr__, __dir__ = lazy_module(__name__, _HOMES)
