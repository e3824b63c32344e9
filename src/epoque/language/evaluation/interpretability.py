"""Looking into a model: attention, next tokens, what each layer would say, neighbouring words.

Everything comes as plain NumPy arrays; positions count from 0 in the order of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..generation.fill_mask import encoded, word
from ..generation.generate import reading

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from ..models import Model

__all__ = [
    "Attention",
    "Lens",
    "Neighbours",
    "Predictions",
    "attention",
    "logit_lens",
    "neighbours",
    "next_tokens",
]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Attention:
    """Where each position looks.

    Attributes:
        tokens: T pieces of the text.
        weights: float32 [layer, head, T, T]: `[l, h, i, j]` is how much position i takes from
            position j; each row sums to 1, and in a causal model it is 0 where j > i.
    """

    tokens: tuple[str, ...]
    weights: Floats


@dataclass(frozen=True)
class Predictions:
    """The likeliest tokens at each position, best first.

    Attributes:
        tokens: T pieces of the text.
        ids: int64 [T, k]. In a causal model, `[i]` is what may follow position i; in a masked one,
            what stands at i, the text being seen as it is.
        probabilities: float32 [T, k].
        words: T tuples of k pieces of text.
    """

    tokens: tuple[str, ...]
    ids: NDArray[np.int64]
    probabilities: Floats
    words: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Lens:
    """What a model would predict if it ended after each layer ("logit lens").

    Attributes:
        tokens: T pieces of the text.
        ids: int64 [layer + 1, T, k]; layer 0 is the embedding, the last is the model's answer.
        probabilities: float32 [layer + 1, T, k].
        entropy: float32 [layer + 1, T], in nats, of the whole distribution.
    """

    tokens: tuple[str, ...]
    ids: NDArray[np.int64]
    probabilities: Floats
    entropy: Floats


@dataclass(frozen=True)
class Neighbours:
    """The tokens whose embeddings point the same way.

    Attributes:
        ids: int64 [n], the tokens asked for.
        neighbours: int64 [n, k], nearest first, without the token itself.
        cosines: float32 [n, k], −1 to 1.
    """

    ids: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    cosines: Floats


def attention(model: "Model", tokenizer: "PreTrainedTokenizerFast", text: str) -> Attention:
    """Return the attention of every layer and head over a text.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encoded(model, tokenizer, text)
    return Attention(shown(tokenizer, ids), attention_of(model, ids))


def attention_of(model: "Model", ids: list[int]) -> Floats:
    """Return the attention over tokens, float32 [layer, head, T, T]."""
    import torch

    maps: list[Tensor] = []
    with reading(model):
        model.hidden(_row(model, ids), attentions=maps)
        return np.asarray(torch.cat(maps).float().cpu().numpy())


def next_tokens(
    model: "Model", tokenizer: "PreTrainedTokenizerFast", text: str, top: int = 10
) -> Predictions:
    """Return the likeliest tokens at each position of a text.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encoded(model, tokenizer, text)
    with reading(model):
        p = model.logits(model.hidden(_row(model, ids)))[0].float().softmax(-1)
    p = p[:, : len(tokenizer)]  # a model may have spare rows
    best = p.topk(min(top, p.shape[-1]))
    found = best.indices.cpu().numpy()
    words = tuple(tuple(word(tokenizer, int(i)) for i in row) for row in found)
    return Predictions(shown(tokenizer, ids), found, best.values.cpu().numpy(), words)


def logit_lens(
    model: "Model", tokenizer: "PreTrainedTokenizerFast", text: str, top: int = 5
) -> Lens:
    """Return what the model would predict after each layer.

    The residual stream after each layer goes through the final norm and the output layer
    (nostalgebraist, "interpreting GPT: the logit lens", 2020).

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encoded(model, tokenizer, text)
    states: list[Tensor] = []
    found, probabilities, entropy = [], [], []
    with reading(model):
        model.hidden(_row(model, ids), states=states)
        for state in states:
            logs = model.lens(state)[0].float().log_softmax(-1)
            known = logs[:, : len(tokenizer)]  # a model may have spare rows
            best = known.topk(min(top, known.shape[-1]))
            found.append(best.indices.cpu().numpy())
            probabilities.append(best.values.exp().cpu().numpy())
            entropy.append(-(logs.exp() * logs).sum(-1).cpu().numpy())
    return Lens(shown(tokenizer, ids), np.stack(found), np.stack(probabilities), np.stack(entropy))


def neighbours(
    model: "Model", ids: Sequence[int], top: int = 5, among: Sequence[int] | None = None
) -> Neighbours:
    """Return the tokens whose input embeddings have the greatest cosine with those of some.

    Args:
        model: any.
        ids: n tokens.
        top: k, how many neighbours of each; fewer where `among` holds fewer.
        among: the tokens that may be neighbours; None: all.
    """
    import torch

    with torch.inference_mode():
        table = torch.nn.functional.normalize(model.embedding_weight.float(), dim=-1)
        kept = torch.arange(len(table)) if among is None else torch.tensor(sorted(set(among)))
        kept, at = kept.to(table.device), torch.tensor(ids, device=table.device)
        cosines = table[at] @ table[kept].T
        cosines = cosines.masked_fill(at[:, None] == kept, -torch.inf)
        best = cosines.topk(min(top, len(kept) - 1))
    near = kept[best.indices].cpu().numpy()
    return Neighbours(np.array(ids, np.int64), near, best.values.cpu().numpy())


def shown(tokenizer: "PreTrainedTokenizerFast", ids: list[int]) -> tuple[str, ...]:
    """Return tokens as text, a blank at a beginning kept."""
    return tuple(
        str(tokenizer.decode([token], clean_up_tokenization_spaces=False)) for token in ids
    )


def _row(model: "Model", ids: list[int]) -> "Tensor":
    import torch

    return torch.tensor([ids], device=model.output_weight.device)
