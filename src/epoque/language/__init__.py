"""The language lab: transformers that learn a text from scratch, and what is done with them.

Its actions are functions here: `epoque.language.generate("last", prompt="Once upon a time")`.
"""

from epoque.bench.lazy import lazy_module

NAME = "language"

_ACTIONS = ("fill_mask", "generate", "perplexity", "push", "save", "score", "stream")
__all__ = ["NAME", "fill_mask", "generate", "perplexity", "push", "save", "score", "stream"]

__getattr__, __dir__ = lazy_module(__name__, dict.fromkeys(_ACTIONS, ".actions"))
