"""The StyleGAN3 lab: alias-free image generators, trained, filmed, measured and explored.

Its actions are functions here: `epoque.stylegan3.generate(seeds="0-7", truncation=0.7)`.
"""

from epoque.bench.lazy import lazy_module

NAME = "stylegan3"

_HOMES = {
    "generate": ".actions.images",
    "film": ".actions.images",
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
    "NAME",
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
