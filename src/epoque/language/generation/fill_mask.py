"""What a masked model puts in the place of each mask of a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from epoque.bench.errors import UsageError

from ..data.encoding import encode_prompt
from ..models import Model
from .decoder import inference

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["Candidate", "decode_token", "encode_text", "fill_mask", "rank_tokens"]


@dataclass(frozen=True)
class Candidate:
    """A token that may stand at a mask.

    Attributes:
        token: as it is read, without signs of where a word begins.
        id: its number.
        probability: the model's, over the whole vocabulary.
        text: the sentence with it; other masks stay.
    """

    token: str
    id: int
    probability: float
    text: str


def encode_text(model: Model, tokenizer: "PreTrainedTokenizerFast", text: str) -> list[int]:
    """Return the tokens of one text, with the special tokens that the tokenizer puts around it.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids: list[int] = encode_prompt(tokenizer, text)["input_ids"] if text.strip() else []
    if not ids:
        raise UsageError("The text is empty.")
    if len(ids) > model.context:
        message = f"The text has {len(ids):,} tokens; the model takes {model.context:,} at once."
        raise UsageError(message)
    return ids


def fill_mask(
    model: Model, tokenizer: "PreTrainedTokenizerFast", text: str, top: int = 5
) -> list[list[Candidate]]:
    """Return the likeliest tokens at each mask of a sentence, best first.

    With several masks, each is filled as if the others stayed masked.

    Args:
        model: a masked model.
        tokenizer: its tokenizer.
        text: a sentence that holds the tokenizer's mask token, for instance `[MASK]`.
        top: how many candidates for each mask, from 1.

    Raises:
        UsageError: if the model is causal, or the text holds no mask, is empty or too long, or
            `top` is below 1.
    """
    if model.causal:
        raise UsageError(
            "This model is causal: it continues texts and cannot look at both sides of a mask."
        )
    if top < 1:
        raise UsageError(f"top: {top} is not allowed; it takes a whole number from 1.")
    ids = encode_text(model, tokenizer, text)
    places = [i for i, token in enumerate(ids) if token == tokenizer.mask_token_id]
    if not places:
        raise UsageError(f"There is no {tokenizer.mask_token} in the text.")
    return [
        [_candidate(tokenizer, ids, place, token, p) for token, p in ranked]
        for place, ranked in zip(
            places, rank_tokens(model, tokenizer, ids, places, top), strict=True
        )
    ]


def rank_tokens(
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    ids: Sequence[int],
    places: Sequence[int],
    top: int,
) -> list[list[tuple[int, float]]]:
    """Return, for each place, the likeliest tokens there with their probabilities, best first."""
    with inference(model):
        row = torch.tensor([ids], device=model.output_weight.device)
        p = model.compute_logits(model.compute_hidden_states(row)[0, places]).float().softmax(-1)
    best = p[:, : len(tokenizer)].topk(min(top, len(tokenizer)))  # a model may have spare rows
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [list(zip(*pair, strict=True)) for pair in pairs]


def _candidate(
    tokenizer: "PreTrainedTokenizerFast", ids: list[int], place: int, token: int, p: float
) -> Candidate:
    filled = [*ids[:place], token, *ids[place + 1 :]]
    special = set(tokenizer.all_special_ids) - {tokenizer.mask_token_id, tokenizer.unk_token_id}
    visible = [i for at, i in enumerate(filled) if at == place or i not in special]
    text = tokenizer.decode(visible, clean_up_tokenization_spaces=False)
    return Candidate(decode_token(tokenizer, token), token, p, str(text))


def decode_token(tokenizer: "PreTrainedTokenizerFast", token: int) -> str:
    """Return one token as it is read; bytes that are no whole letter are shown as �."""
    return str(tokenizer.decode([token], clean_up_tokenization_spaces=False)).strip()
