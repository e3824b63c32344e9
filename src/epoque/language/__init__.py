"""The language lab: transformers that learn a text from scratch, and what is done with them.

Its actions are functions here: `epoque.language.generate("last", prompt="Once upon a time")`.
"""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .actions import fill_mask as fill_mask
    from .actions import generate as generate
    from .actions import perplexity as perplexity
    from .actions import push as push
    from .actions import save as save
    from .actions import score as score
    from .actions import stream as stream

_HOMES = {
    "fill_mask": ".actions",
    "generate": ".actions",
    "perplexity": ".actions",
    "push": ".actions",
    "save": ".actions",
    "score": ".actions",
    "stream": ".actions",
}
__all__ = ["fill_mask", "generate", "perplexity", "push", "save", "score", "stream"]

__getattr__, __dir__ = lazy_module(__name__, _HOMES)
