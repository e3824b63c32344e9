"""A causal model going on, word by word, from what a run folder keeps of it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from epoque.bench.figures.animation import BlitRenderer
from epoque.bench.figures.film import Film
from epoque.bench.figures.number_format import format_number
from epoque.bench.i18n import translator

from ..config import LanguageConfig
from ..evaluation.example_files import EXAMPLES, read_examples
from .examples_figure import Continuations, count_words

if TYPE_CHECKING:
    from epoque.bench.runs.run import Run

__all__ = ["films", "writing_film"]

FRAMES, DPI, TEXTS = 32, 76, 3
"""Of a film in a book, which carries it in both themes."""
STILLS = 2
"""On paper: its words are read."""


def films(run: "Run[LanguageConfig]", language: str = "en") -> "Mapping[str, Callable[[], Film]]":
    """Return the films of a run: `writing`, of a causal model that keeps examples.

    Raises:
        DamagedRunError: if the examples cannot be read.
        UsageError: if there is no such language.
    """
    translator(language)
    if not (run.path / EXAMPLES).is_file() or read_examples(run)["objective"] != "causal":
        return {}
    return {"writing": partial(writing_film, run, language)}


def writing_film(run: "Run[LanguageConfig]", language: str) -> Film:
    """Draw how texts go on, some words more in each frame, in the style that is active.

    Args:
        run: a causal model's.
        language: "en" or "fr".
    """
    _ = translator(language)
    examples = read_examples(run)["examples"][:TEXTS]
    words = max(count_words(example["continuation"]) for example in examples)
    counts = sorted(set(np.linspace(0, words, FRAMES).round().astype(int).tolist()))
    picture = Continuations(examples, language)
    reel, frames = BlitRenderer(picture.figure, DPI, picture.texts), []
    for count in counts:
        picture.show(count)
        frames.append(reel.render())
    moments = [_("words written: {count}").format(count=format_number(n, language)) for n in counts]
    return Film(frames, moments, stills=STILLS)
