"""The language lab: transformers that learn a text from scratch, and what is done with them.

Its actions are functions here: `epoque.language.generate("last", prompt="Once upon a time")`.
"""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .actions.evaluation import compare as compare
    from .actions.evaluation import perplexity as perplexity
    from .actions.evaluation import score as score
    from .actions.generation import fill_mask as fill_mask
    from .actions.generation import generate as generate
    from .actions.generation import stream as stream
    from .actions.interpretability import look as look
    from .actions.sharing import push as push
    from .actions.sharing import save as save

_HOMES = {
    "compare": ".actions.evaluation",
    "perplexity": ".actions.evaluation",
    "score": ".actions.evaluation",
    "fill_mask": ".actions.generation",
    "generate": ".actions.generation",
    "stream": ".actions.generation",
    "look": ".actions.interpretability",
    "push": ".actions.sharing",
    "save": ".actions.sharing",
}
__all__ = [
    "compare",
    "fill_mask",
    "generate",
    "look",
    "perplexity",
    "push",
    "save",
    "score",
    "stream",
]

__getattr__, __dir__ = lazy_module(__name__, _HOMES)
