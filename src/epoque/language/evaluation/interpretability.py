"""Looking into a model: attention, next tokens, what each layer would say, neighbouring words.

Everything comes as plain NumPy arrays; positions count from 0 in the order of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..generation.decoder import inference
from ..generation.fill_mask import decode_token, encode_text
from ..models import Model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = [
    "AttentionMaps",
    "Lens",
    "Neighbors",
    "Predictions",
    "compute_attention",
    "decode_tokens",
    "find_neighbors",
    "measure_attention",
    "predict_tokens",
    "read_logit_lens",
]

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class AttentionMaps:
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
class Neighbors:
    """The tokens whose embeddings point the same way.

    Attributes:
        ids: int64 [n], the tokens asked for.
        neighbors: int64 [n, k], nearest first, without the token itself.
        cosines: float32 [n, k], −1 to 1.
    """

    ids: NDArray[np.int64]
    neighbors: NDArray[np.int64]
    cosines: Floats


def measure_attention(
    model: Model, tokenizer: "PreTrainedTokenizerFast", text: str
) -> AttentionMaps:
    """Return the attention of every layer and head over a text.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encode_text(model, tokenizer, text)
    return AttentionMaps(decode_tokens(tokenizer, ids), compute_attention(model, ids))


def compute_attention(model: Model, ids: list[int]) -> Floats:
    """Return the attention over tokens, float32 [layer, head, T, T]."""
    maps: list[Tensor] = []
    with inference(model):
        model.compute_hidden_states(_row(model, ids), attentions=maps)
        return np.asarray(torch.cat(maps).float().cpu().numpy())


def predict_tokens(
    model: Model, tokenizer: "PreTrainedTokenizerFast", text: str, top: int = 10
) -> Predictions:
    """Return the likeliest tokens at each position of a text.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encode_text(model, tokenizer, text)
    with inference(model):
        hidden = model.compute_hidden_states(_row(model, ids))
        p = model.compute_logits(hidden)[0].float().softmax(-1)
    p = p[:, : len(tokenizer)]  # a model may have spare rows
    best = p.topk(min(top, p.shape[-1]))
    top_ids = best.indices.cpu().numpy()
    words = tuple(tuple(decode_token(tokenizer, int(i)) for i in row) for row in top_ids)
    return Predictions(decode_tokens(tokenizer, ids), top_ids, best.values.cpu().numpy(), words)


def read_logit_lens(
    model: Model, tokenizer: "PreTrainedTokenizerFast", text: str, top: int = 5
) -> Lens:
    """Return what the model would predict after each layer.

    The residual stream after each layer goes through the final norm and the output layer
    (nostalgebraist, "interpreting GPT: the logit lens", 2020).

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encode_text(model, tokenizer, text)
    residuals: list[Tensor] = []
    top_ids, probabilities, entropy = [], [], []
    with inference(model):
        model.compute_hidden_states(_row(model, ids), residuals=residuals)
        for residual in residuals:
            logp = model.apply_logit_lens(residual)[0].float().log_softmax(-1)
            of_tokens = logp[:, : len(tokenizer)]  # a model may have spare rows
            best = of_tokens.topk(min(top, of_tokens.shape[-1]))
            top_ids.append(best.indices.cpu().numpy())
            probabilities.append(best.values.exp().cpu().numpy())
            entropy.append(-(logp.exp() * logp).sum(-1).cpu().numpy())
    tokens = decode_tokens(tokenizer, ids)
    return Lens(tokens, np.stack(top_ids), np.stack(probabilities), np.stack(entropy))


def find_neighbors(
    model: Model, ids: Sequence[int], top: int = 5, among: Sequence[int] | None = None
) -> Neighbors:
    """Return the tokens whose input embeddings have the greatest cosine with those of some.

    Args:
        model: any.
        ids: n tokens.
        top: k, how many neighbours of each; fewer where `among` holds fewer.
        among: the tokens that may be neighbours; None: all.
    """
    with torch.inference_mode():
        table = torch.nn.functional.normalize(model.embedding_weight.float(), dim=-1)
        if among is None:
            candidates = torch.arange(len(table), device=table.device)
        else:
            candidates = torch.tensor(sorted(set(among)), device=table.device)
        queries = torch.tensor(ids, device=table.device)
        cosines = table[queries] @ table[candidates].T
        cosines = cosines.masked_fill(queries[:, None] == candidates, -torch.inf)
        best = cosines.topk(min(top, len(candidates) - 1))
    near = candidates[best.indices].cpu().numpy()
    return Neighbors(np.array(ids, np.int64), near, best.values.cpu().numpy())


def decode_tokens(tokenizer: "PreTrainedTokenizerFast", ids: list[int]) -> tuple[str, ...]:
    """Return tokens as text, a blank at a beginning kept."""
    return tuple(
        str(tokenizer.decode([token], clean_up_tokenization_spaces=False)) for token in ids
    )


def _row(model: Model, ids: list[int]) -> Tensor:
    return torch.tensor([ids], device=model.output_weight.device)
