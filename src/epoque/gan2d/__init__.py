"""The GAN lab: generative adversarial networks on points of the plane.

Its actions are functions here: `epoque.gan2d.look("last", step=300)`.
"""

from epoque.bench.lazy import lazy_module

NAME = "gan2d"

__all__ = ["NAME", "film", "look", "multiples", "retrain"]

__getattr__, __dir__ = lazy_module(
    __name__, dict.fromkeys(("film", "look", "multiples", "retrain"), ".actions")
)
