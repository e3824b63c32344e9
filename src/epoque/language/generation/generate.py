"""Continuing texts with a causal model, token by token, with a key-value cache.

A row that outgrows the model's context goes on with the newer half of it. What a row becomes
does not depend on the rows beside it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from epoque.bench.errors import UsageError
from epoque.bench.seeds import numpy_rng

from ..data.encoding import prompt_tokens
from .sampling import Sampling, choose, penalised

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from ..models import Cache, Model

__all__ = ["Reading", "continue_ids", "generate", "prompt_ids", "reading", "stream"]


DEFAULT = Sampling()


@contextmanager
def reading(model: "Model") -> Iterator[None]:
    """Use a model inside the block without dropout and without gradients."""
    import torch

    was = model.training
    if was:  # it walks over every module, which would be felt at each token
        model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if was:
            model.train()


class Reading:
    """Rows of tokens that a causal model has read, and what it remembers of them.

    Args:
        model: a causal model.
        rows: the tokens of each row, at least one in each.
        context: how many tokens are looked back at; 0: as many as the model can.
        known: how many tokens the tokenizer has, if the model has spare rows; 0: all the model's.
        cached: whether keys and values are kept; without, every token is read again each time.
    """

    def __init__(
        self,
        model: "Model",
        rows: Sequence[Sequence[int]],
        context: int = 0,
        *,
        known: int = 0,
        cached: bool = True,
    ) -> None:
        self.rows = [list(row) for row in rows]
        self._model, self._cached = model, cached
        self._known = known or model.vocabulary
        self._context = min(context or model.context, model.context)
        self._starts = [0] * len(self.rows)  # of each row, the first token that is still seen
        self._cache: Cache | None = None
        self._mask: Tensor  # [B, columns read], 1 for tokens and 0 for padding

    def logits(self) -> "Tensor":
        """Return the logits of each row's next token, float32 [B, V]; V is what is known."""
        if self._cache is None or self._outgrown():
            return self._read_all()
        return self._read(self._matrix([row[-1:] for row in self.rows]))

    def append(self, tokens: Sequence[int]) -> None:
        """Add a token to each row."""
        for row, token in zip(self.rows, tokens, strict=True):
            row.append(token)

    def keep(self, index: Sequence[int]) -> None:
        """Keep the rows of these numbers, in this order; a row may be taken more than once."""
        import torch

        self.rows = [list(self.rows[i]) for i in index]
        self._starts = [self._starts[i] for i in index]
        if self._cache is not None and list(index) != list(range(self._mask.shape[0])):
            at = torch.tensor(index, device=self._mask.device)
            self._cache.reorder(at)
            self._mask = self._mask[at]

    def _outgrown(self) -> list[int]:
        """Return the numbers of the rows of which more than the context would be seen."""
        lengths = (len(row) - start for row, start in zip(self.rows, self._starts, strict=True))
        return [i for i, length in enumerate(lengths) if length > self._context]

    def _read_all(self) -> "Tensor":
        """Read what each row may see from the start, the rows padded on the left."""
        import torch

        from ..models import Cache

        for i in self._outgrown():
            self._starts[i] = len(self.rows[i]) - max(self._context // 2, 1)
        seen = [row[start:] for row, start in zip(self.rows, self._starts, strict=True)]
        longest = max(map(len, seen))
        ids = self._matrix([[0] * (longest - len(row)) + row for row in seen])
        lengths = torch.tensor([len(row) for row in seen], device=ids.device)[:, None]
        places = torch.arange(longest, device=ids.device)
        self._mask = (places >= longest - lengths).long()
        self._cache = Cache() if self._cached else None
        return self._read(ids, new=False)

    def _read(self, ids: "Tensor", *, new: bool = True) -> "Tensor":
        import torch

        if new:
            self._mask = torch.cat([self._mask, torch.ones_like(ids)], 1)
        mask = None if bool(self._mask.all()) else self._mask
        hidden = self._model.hidden(ids, attention_mask=mask, cache=self._cache)
        return self._model.logits(hidden[:, -1])[:, : self._known].float()

    def _matrix(self, rows: Sequence[Sequence[int]]) -> "Tensor":
        import torch

        return torch.tensor(rows, dtype=torch.long, device=self._model.output_weight.device)


def steps(
    model: "Model", read: Reading, sampling: Sampling, end: int | None = None
) -> Iterator[dict[int, int]]:
    """Yield, for each step, the number of each row that still goes on and its new token.

    Row i draws from a random stream of its own (the seed and i), so that it comes out the same
    whatever stands beside it.
    """
    live = list(range(len(read.rows)))
    rngs = [numpy_rng(sampling.seed, f"text {i}") for i in live]
    for _ in range(sampling.max_tokens):
        with reading(model):
            logits = penalised(read.logits(), read.rows, sampling.repetition_penalty)
            drawn = choose(logits, [rngs[i].random() for i in live], sampling)
        on = [k for k, token in enumerate(drawn) if token != end]
        if not on:
            return
        if len(on) < len(live):
            read.keep(on)
        live, tokens = [live[k] for k in on], [drawn[k] for k in on]
        read.append(tokens)
        yield dict(zip(live, tokens, strict=True))


def continue_ids(
    model: "Model",
    prompts: Sequence[Sequence[int]],
    sampling: Sampling = DEFAULT,
    end: int | None = None,
    *,
    known: int = 0,
    cached: bool = True,
) -> list[list[int]]:
    """Return the tokens that follow each prompt, without the end token.

    Args:
        model: a causal model.
        prompts: tokens, at least one in each.
        sampling: how; with beams above 1, each prompt is continued by beam search.
        end: the token that ends a text, or None.
        known: how many tokens the tokenizer has; 0: as many as the model.
        cached: whether to keep keys and values; without, the same tokens come out, later.
    """
    read = partial(Reading, model, context=sampling.context, known=known, cached=cached)
    if sampling.beams > 1:
        from .beam_search import beam_search

        return [beam_search(model, read([prompt]), sampling, end) for prompt in prompts]
    rows: list[list[int]] = [[] for _ in prompts]
    for new in steps(model, read(prompts), sampling, end):
        for i, token in new.items():
            rows[i].append(token)
    return rows


def prompt_ids(model: "Model", tokenizer: "PreTrainedTokenizerFast", prompt: str) -> list[int]:
    """Return the tokens of a prompt, without any special token around it.

    Raises:
        UsageError: if it has none, or the model is not causal.
    """
    if not model.causal:
        told = "This model is masked: it fills masks and cannot go on with a text."
        raise UsageError(told)
    ids = list(prompt_tokens(tokenizer, prompt, add_special_tokens=False)["input_ids"])
    if not ids:
        raise UsageError("The prompt is empty; there is nothing to continue.")
    return ids


def generate(
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    prompts: Sequence[str],
    sampling: Sampling = DEFAULT,
) -> list[str]:
    """Return a continuation of each prompt, without the prompt.

    Raises:
        UsageError: if a prompt is empty, or the model is not causal.
    """
    given = [prompt_ids(model, tokenizer, prompt) for prompt in prompts]
    new = continue_ids(model, given, sampling, tokenizer.eos_token_id, known=len(tokenizer))
    return ["".join(pieces(tokenizer, ids, iter(row))) for ids, row in zip(given, new, strict=True)]


def stream(
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    prompt: str,
    sampling: Sampling = DEFAULT,
) -> Iterator[str]:
    """Yield the continuation of a prompt in pieces, each as soon as its letters are whole.

    With beam search it comes in one piece: the best text is known only at the end.

    Raises:
        UsageError: if the prompt is empty, or the model is not causal.
    """
    given, end = prompt_ids(model, tokenizer, prompt), tokenizer.eos_token_id
    if sampling.beams > 1:
        (row,) = continue_ids(model, [given], sampling, end, known=len(tokenizer))
        yield from pieces(tokenizer, given, iter(row))
    else:
        read = Reading(model, [given], sampling.context, known=len(tokenizer))
        new = (tokens[0] for tokens in steps(model, read, sampling, end))
        yield from pieces(tokenizer, given, new)


def pieces(
    tokenizer: "PreTrainedTokenizerFast", given: Sequence[int], new: Iterator[int]
) -> Iterator[str]:
    """Yield the text of new tokens; a token may end within a letter, which then waits.

    Tokens are decoded together with a few before them, since a decoder may write a token
    differently at the beginning of a text.

    Args:
        tokenizer: whose tokens they are.
        given: the tokens before.
        new: tokens, as they come.
    """
    ids = list(given[-8:])
    begin, told = 0, len(ids)  # of what is decoded again, and of what has not been told
    for token in new:
        ids.append(token)
        text = _text(tokenizer, ids[begin:])
        if not text.endswith("\N{REPLACEMENT CHARACTER}"):
            yield text[len(_text(tokenizer, ids[begin:told])) :]
            begin, told = told, len(ids)
    if told < len(ids):
        yield _text(tokenizer, ids[begin:])[len(_text(tokenizer, ids[begin:told])) :]


def _text(tokenizer: "PreTrainedTokenizerFast", ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))
