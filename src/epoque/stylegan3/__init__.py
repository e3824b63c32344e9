"""The StyleGAN3 lab: alias-free image generators, trained, filmed, measured and explored.

Its actions are functions here: `epoque.stylegan3.generate(seeds="0-7", truncation=0.7)`.
"""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .actions.analysis import equivariance as equivariance
    from .actions.analysis import layers as layers
    from .actions.analysis import spectrum as spectrum
    from .actions.analysis import sticking as sticking
    from .actions.datasets import check_dataset as check_dataset
    from .actions.datasets import draw_avatars as draw_avatars
    from .actions.datasets import make_dataset as make_dataset
    from .actions.images import film as film
    from .actions.images import generate as generate
    from .actions.images import mix as mix
    from .actions.metrics import metrics as metrics
    from .actions.networks import export_network as export_network
    from .actions.networks import import_network as import_network
    from .actions.networks import list_networks as list_networks
    from .actions.styles import directions as directions
    from .actions.styles import project as project

_HOMES = {
    "film": ".actions.images",
    "generate": ".actions.images",
    "mix": ".actions.images",
    "directions": ".actions.styles",
    "project": ".actions.styles",
    "equivariance": ".actions.analysis",
    "layers": ".actions.analysis",
    "spectrum": ".actions.analysis",
    "sticking": ".actions.analysis",
    "metrics": ".actions.metrics",
    "check_dataset": ".actions.datasets",
    "draw_avatars": ".actions.datasets",
    "make_dataset": ".actions.datasets",
    "export_network": ".actions.networks",
    "import_network": ".actions.networks",
    "list_networks": ".actions.networks",
}
__all__ = [
    "check_dataset",
    "directions",
    "draw_avatars",
    "equivariance",
    "export_network",
    "film",
    "generate",
    "import_network",
    "layers",
    "list_networks",
    "make_dataset",
    "metrics",
    "mix",
    "project",
    "spectrum",
    "sticking",
]

__getattr__, __dir__ = lazy_module(__name__, _HOMES)
