"""The neuron lab: one neuron on logic gates, and the small networks that go further.

Its actions are functions here: `epoque.neuron.separable("xor")`.
"""

from epoque.bench.lazy import lazy_module

NAME = "neuron"

__all__ = ["NAME", "animate", "check_gradients", "separable"]

__getattr__, __dir__ = lazy_module(
    __name__, dict.fromkeys(("animate", "check_gradients", "separable"), ".actions")
)
