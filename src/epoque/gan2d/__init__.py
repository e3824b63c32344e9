"""The GAN lab: generative adversarial networks on points of the plane.

Its actions are functions here: `epoque.gan2d.look("last", step=300)`.
"""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .actions import film as film
    from .actions import look as look
    from .actions import multiples as multiples
    from .actions import retrain as retrain

_HOMES = {
    "film": ".actions",
    "look": ".actions",
    "multiples": ".actions",
    "retrain": ".actions",
}
__all__ = ["film", "look", "multiples", "retrain"]

__getattr__, __dir__ = lazy_module(__name__, _HOMES)
