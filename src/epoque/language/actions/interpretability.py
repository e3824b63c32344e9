"""Looking into a model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epoque.bench.actions import action, option
from epoque.bench.progress import Notify, Progress

from .options import ModelOptions, use_model

if TYPE_CHECKING:
    from ..evaluation.interpretability import AttentionMaps, Lens

__all__ = ["Look", "LookOptions", "look"]


class LookOptions(ModelOptions):
    """Of `look`."""

    text: str = option(..., "The text that the model reads.", positional=True)
    top: int = option(3, "How many guesses and neighbours are shown of each.", ge=1, le=100)


@dataclass(frozen=True, slots=True)
class Look:
    """What goes on in a model that reads a text.

    Attributes:
        attention: where each token looks, of every layer and head.
        lens: what the model would predict if it ended after each layer.
        guesses: the tokens of `lens.ids` as text, [layer + 1][T][k].
        words: the different tokens of the text, as text.
        neighbors: of each of them, the tokens whose embeddings are nearest, with their cosines.
    """

    attention: "AttentionMaps"
    lens: "Lens"
    guesses: tuple[tuple[tuple[str, ...], ...], ...]
    words: tuple[str, ...]
    neighbors: tuple[tuple[tuple[str, float], ...], ...]


@action
def look(options: LookOptions, progress: Progress, notify: Notify) -> Look:
    """Look into a model while it reads a text: attention, layers, and its words' neighbours.

    Attention says from which tokens each one takes what it needs. The lens lets the model answer
    after each layer, as if it were the last. Neighbours are tokens whose embeddings point the same
    way: the model has found them used alike.

    Returns:
        All of it, as arrays and as text.

    Raises:
        UsageError: if the text is empty or longer than the model's context.
        UnknownNameError: if there is no such model.
    """
    with use_model(options, "a shorter text", progress, notify) as opened:
        from ..evaluation import interpretability
        from ..generation.fill_mask import decode_token, encode_text

        model, tokenizer = opened.model, opened.tokenizer
        attention = interpretability.measure_attention(model, tokenizer, options.text)
        lens = interpretability.read_logit_lens(model, tokenizer, options.text, options.top)
        ids = list(dict.fromkeys(encode_text(model, tokenizer, options.text)))
        near = interpretability.find_neighbors(model, ids, options.top, range(len(tokenizer)))
        guesses = tuple(
            tuple(tuple(decode_token(tokenizer, int(i)) for i in row) for row in layer)
            for layer in lens.ids
        )
        neighbors = tuple(
            tuple((decode_token(tokenizer, int(i)), float(c)) for i, c in zip(*pair, strict=True))
            for pair in zip(near.neighbors, near.cosines, strict=True)
        )
        words = interpretability.decode_tokens(tokenizer, ids)
    return Look(attention, lens, guesses, words, neighbors)
