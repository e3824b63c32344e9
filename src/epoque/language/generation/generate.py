"""Continuing texts with a causal model, token by token.

What a row becomes does not depend on the rows beside it.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from epoque.bench.errors import UsageError
from epoque.bench.seeds import numpy_rng

from ..data.encoding import encode_prompt
from ..evaluation.count_mixture import CountMixture
from ..models import Model
from ..purposes import Purpose
from .beam_search import beam_search
from .decoder import Decoder, inference
from .sampling import Sampling, choose_tokens, penalize_repetition

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["continue_ids", "encode_causal_prompt", "generate", "stream"]


DEFAULT = Sampling()


def decode_steps(
    model: Model, decoder: Decoder, sampling: Sampling, end: int | None = None
) -> Iterator[dict[int, int]]:
    """Yield, for each step, the number of each row that still goes on and its new token.

    Row i draws from a random stream of its own (the seed and i), so that it comes out the same
    whatever stands beside it.
    """
    live = list(range(len(decoder.rows)))
    rngs = [numpy_rng(sampling.seed, Purpose.GENERATED_TEXT.format(row=i)) for i in live]
    for _ in range(sampling.max_tokens):
        with inference(model):
            logits = decoder.next_logits()
            logits = penalize_repetition(logits, decoder.rows, sampling.repetition_penalty)
            tokens = choose_tokens(logits, [rngs[i].random() for i in live], sampling)
        unfinished = [k for k, token in enumerate(tokens) if token != end]
        if not unfinished:
            return
        if len(unfinished) < len(live):
            decoder.reorder(unfinished)
        live, tokens = [live[k] for k in unfinished], [tokens[k] for k in unfinished]
        decoder.append(tokens)
        yield dict(zip(live, tokens, strict=True))


def continue_ids(
    model: Model,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling = DEFAULT,
    end: int | None = None,
    *,
    vocabulary: int = 0,
    cached: bool = True,
    mixture: CountMixture | None = None,
) -> list[list[int]]:
    """Return the tokens that follow each prompt, without the end token.

    Args:
        model: a causal model.
        prompts: tokens, at least one in each.
        sampling: how; with beams above 1, each prompt is continued by beam search.
        end: the token that ends a text, or None.
        vocabulary: how many tokens the tokenizer has; 0: as many as the model.
        cached: whether to keep keys and values; without, the same tokens come out, later.
        mixture: counts that are mixed in, or None.
    """
    decode = partial(
        Decoder,
        model,
        context=sampling.context,
        vocabulary=vocabulary,
        cached=cached,
        mixture=mixture,
    )
    if sampling.beams > 1:
        return [beam_search(model, decode([prompt]), sampling, end) for prompt in prompts]
    rows: list[list[int]] = [[] for _ in prompts]
    for new in decode_steps(model, decode(prompts), sampling, end):
        for i, token in new.items():
            rows[i].append(token)
    return rows


def encode_causal_prompt(
    model: Model, tokenizer: "PreTrainedTokenizerFast", prompt: str, start: int | None = None
) -> list[int]:
    """Return the tokens of a prompt, without any special token around it.

    Args:
        model: a causal model.
        tokenizer: its tokenizer.
        prompt: the text; an empty one is the start of a text.
        start: the token that a text begins after; None: what the tokenizer says it is.

    Raises:
        UsageError: if the prompt is empty and no token stands for the start, or the model is not
            causal.
    """
    if not model.causal:
        raise UsageError("This model is masked: it fills masks and cannot go on with a text.")
    ids = list(encode_prompt(tokenizer, prompt, add_special_tokens=False)["input_ids"])
    if ids:
        return ids
    starts = (start, tokenizer.bos_token_id, tokenizer.eos_token_id)
    known = [token for token in starts if token is not None]
    if not known:
        raise UsageError("The prompt is empty, and no token of this model begins a text.")
    return known[:1]


def generate(
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    prompts: Sequence[str],
    sampling: Sampling = DEFAULT,
    *,
    start: int | None = None,
    mixture: CountMixture | None = None,
) -> list[str]:
    """Return a continuation of each prompt, without the prompt; `start`: `encode_causal_prompt`.

    Raises:
        UsageError: if a prompt is empty and nothing stands for the start of a text, or the model is
            not causal.
    """
    ids = [encode_causal_prompt(model, tokenizer, prompt, start) for prompt in prompts]
    end, vocabulary = tokenizer.eos_token_id, len(tokenizer)
    new_ids = continue_ids(model, ids, sampling, end, vocabulary=vocabulary, mixture=mixture)
    return [
        "".join(decode_pieces(tokenizer, prompt, iter(new)))
        for prompt, new in zip(ids, new_ids, strict=True)
    ]


def stream(
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    prompt: str,
    sampling: Sampling = DEFAULT,
    *,
    start: int | None = None,
    mixture: CountMixture | None = None,
) -> Iterator[str]:
    """Yield the continuation of a prompt in pieces, each as soon as its letters are whole.

    With beam search it comes in one piece: the best text is known only at the end. `start`: see
    `encode_causal_prompt`.

    Raises:
        UsageError: if the prompt is empty and nothing stands for the start of a text, or the model
            is not causal.
    """
    ids, end = encode_causal_prompt(model, tokenizer, prompt, start), tokenizer.eos_token_id
    if sampling.beams > 1:
        (row,) = continue_ids(
            model, [ids], sampling, end, vocabulary=len(tokenizer), mixture=mixture
        )
        yield from decode_pieces(tokenizer, ids, iter(row))
    else:
        decoder = Decoder(
            model, [ids], sampling.context, vocabulary=len(tokenizer), mixture=mixture
        )
        new = (tokens[0] for tokens in decode_steps(model, decoder, sampling, end))
        yield from decode_pieces(tokenizer, ids, new)


def decode_pieces(
    tokenizer: "PreTrainedTokenizerFast", prompt: Sequence[int], new: Iterator[int]
) -> Iterator[str]:
    """Yield the text of new tokens; a token may end within a letter, which then waits.

    Tokens are decoded together with a few before them, since a decoder may write a token
    differently at the beginning of a text.

    Args:
        tokenizer: whose tokens they are.
        prompt: the tokens before.
        new: tokens, as they come.
    """
    ids = list(prompt[-8:])
    begin, sent = 0, len(ids)  # of what is decoded again, and of what has not been sent
    for token in new:
        ids.append(token)
        text = _text(tokenizer, ids[begin:])
        if not text.endswith("\N{REPLACEMENT CHARACTER}"):
            yield text[len(_text(tokenizer, ids[begin:sent])) :]
            begin, sent = sent, len(ids)
    if sent < len(ids):
        yield _text(tokenizer, ids[begin:])[len(_text(tokenizer, ids[begin:sent])) :]


def _text(tokenizer: "PreTrainedTokenizerFast", ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))
