"""How likely a model finds a text: token by token, and the perplexity of a whole file.

A causal model gives each token the probability it has after those before it; the first token has
none before it and is not scored. A masked model is given each token in turn as a mask: the sum of
these log-probabilities is the pseudo-log-likelihood (Salazar et al., "Masked language model
scoring", 2020, equation 1), and its perplexity cannot be compared with a causal model's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, DataError, Problem
from epoque.bench.progress import Progress

from ..data.encoding import corpus_encoder, prompt_tokens
from ..generation.fill_mask import encoded
from ..generation.generate import reading

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from ..models import Model

__all__ = ["Perplexity", "Score", "log_probabilities", "perplexity", "score"]

_BATCH_TOKENS = 8192  # read by the model at once
_LINES = 1000  # encoded at once


@dataclass(frozen=True)
class Score:
    """A text, token by token.

    Attributes:
        tokens: T pieces of text; special tokens under their names.
        ids: int64 [T].
        log_probabilities: float64 [T], in nats; NaN where nothing is predicted: the first token
            of a causal model, and special tokens that the tokenizer added.
    """

    tokens: tuple[str, ...]
    ids: NDArray[np.int64]
    log_probabilities: NDArray[np.float64]

    @property
    def perplexity(self) -> float:
        """The exponential of the mean negative log-probability; NaN if nothing was scored."""
        scored = self.log_probabilities[~np.isnan(self.log_probabilities)]
        return float(np.exp(-scored.mean())) if len(scored) else float("nan")


@dataclass(frozen=True)
class Perplexity:
    """How well a model predicts a longer text; lower is better.

    Infinite stands for what is too large for a number.

    Attributes:
        per_token: the exponential of the mean loss in nats over `scored` tokens.
        per_word: the same for each word between blanks, whatever the tokenizer; NaN without one.
        bits_per_byte: of the text in UTF-8, whatever the tokenizer.
        tokens: how many tokens the text has.
        scored: how many of them were predicted.
        words: how many words it has.
        bytes: how many bytes it has.
    """

    per_token: float
    per_word: float
    bits_per_byte: float
    tokens: int
    scored: int
    words: int
    bytes: int


def score(model: "Model", tokenizer: "PreTrainedTokenizerFast", text: str) -> Score:
    """Return the log-probability of each token of a short text.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encoded(model, tokenizer, text)
    asked = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
    made = prompt_tokens(tokenizer, text, **asked)
    found = log_probabilities(model, tokenizer, ids)
    names = tokenizer.convert_ids_to_tokens(ids)
    tokens, spans, added = [], made["offset_mapping"], made["special_tokens_mask"]
    for i, (begin, end) in enumerate(spans):
        outside = bool(added[i]) and begin == end
        tokens.append(names[i] if outside else text[begin:end])
        if outside:
            found[i] = np.nan
    return Score(tuple(tokens), np.array(ids, np.int64), found)


def log_probabilities(
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    ids: Sequence[int] | NDArray[np.int64],
    context: int = 0,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """Return the log-probability of each token in nats, float64 [T].

    A text longer than the context is read in windows. A causal model's overlap by half, so that
    each token but the first ones sees at least half a context before it; a masked model's lie
    side by side, the last one as far back as it takes to be whole.

    Args:
        model: causal or masked.
        tokenizer: whose mask token a masked model is shown.
        ids: T tokens.
        context: tokens of a window; 0: as many as the model can.
        progress: called with the number of tokens done and of all.

    Raises:
        ConfigError: if the context is too short: a causal model needs a token before the one that
            it predicts.
    """
    tokens = np.asarray(ids, np.int64)
    context = _context(model, context)
    found = np.full(len(tokens), np.nan)
    windows = _causal(tokens, context) if model.causal else _masked(tokens, context)
    done = 0
    with reading(model):
        for batch in _batches(windows):
            places, values = _read(model, tokenizer, tokens, batch)
            found[places] = values
            done += len(places)
            if progress is not None:
                progress(done, len(tokens))
    return found


def _context(model: "Model", context: int) -> int:
    """Return how many tokens a window has."""
    least = 2 if model.causal else 1
    if context and context < least:
        kind = "causal" if model.causal else "masked"
        told = f"{context} is not allowed; a {kind} model takes {least} or more, or 0 for all."
        raise ConfigError([Problem("context", told)])
    return min(context or model.context, model.context)


@dataclass(frozen=True)
class _Window:
    """Tokens `begin` to `end` are read; `wanted` of them are predicted, all if it is empty."""

    begin: int
    end: int
    wanted: tuple[int, ...]


def _causal(tokens: NDArray[np.int64], context: int) -> Iterator[_Window]:
    """Yield windows in which each token but the first is wanted once."""
    done, stride = 1, max(context // 2, 1)
    while done < len(tokens):
        end = min(len(tokens), context if done == 1 else done + stride)
        begin = max(0, end - context)
        yield _Window(begin, end, tuple(range(done, end)))
        done = end


def _masked(tokens: NDArray[np.int64], context: int) -> Iterator[_Window]:
    """Yield a window for each token, which is wanted in it alone."""
    for first in range(0, len(tokens), context):
        end = min(first + context, len(tokens))
        begin = max(0, end - context)
        yield from (_Window(begin, end, (place,)) for place in range(first, end))


def _batches(windows: Iterable[_Window]) -> Iterator[list[_Window]]:
    """Yield windows of one length together, so many that the memory suffices."""
    batch: list[_Window] = []
    for window in windows:
        length = window.end - window.begin
        other = batch and batch[0].end - batch[0].begin != length
        if other or (len(batch) + 1) * length > max(_BATCH_TOKENS, length):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _read(
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    tokens: NDArray[np.int64],
    batch: Sequence[_Window],
) -> tuple[list[int], NDArray[np.float64]]:
    """Return the places of the wanted tokens and their log-probabilities."""
    import torch

    from ..models import output_losses as heads

    rows = np.stack([tokens[window.begin : window.end] for window in batch])
    at = [(row, place - w.begin) for row, w in enumerate(batch) for place in w.wanted]
    places = [place for window in batch for place in window.wanted]
    if not model.causal:
        rows[tuple(zip(*at, strict=True))] = tokenizer.mask_token_id
    device = model.output_weight.device
    hidden = model.hidden(torch.from_numpy(rows).to(device))
    row, column = torch.tensor(at, device=device).T
    wanted: Tensor = hidden[row, column - 1 if model.causal else column]
    targets = torch.from_numpy(tokens[places]).to(device)
    return places, -heads.nll(model, wanted, targets).double().cpu().numpy()


def perplexity(
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    lines: Iterable[str],
    *,
    context: int = 0,
    first: int = 0,
    progress: Progress | None = None,
) -> Perplexity:
    """Return the perplexity of a text, read through as in training: line after line.

    Only the text's own tokens count: no special tokens are put around its lines.

    Args:
        model: causal or masked (then the pseudo-perplexity: one reading for each token).
        tokenizer: its tokenizer.
        lines: the text; each with its line end, if that counts.
        context: tokens seen at once; 0: as many as the model can.
        first: only the first so many tokens; 0: all.
        progress: called with the number of tokens done and of all.

    Raises:
        ConfigError: if the context is too short.
        DataError: if the text has fewer than two tokens.
    """
    ids: list[int] = []
    words = size = 0
    for line, row in _encoded_lines(tokenizer, lines):
        ids += row
        words, size = words + len(line.split()), size + len(line.encode())
        if first and len(ids) >= first:
            break
    total = len(ids)
    ids = ids[: first or None]
    if len(ids) < 2:
        raise DataError("The text is too short: it takes two tokens or more.")
    share = len(ids) / total  # of the last line, a part may be left out
    found = log_probabilities(model, tokenizer, ids, context, progress)
    return _summary(found, words * share, size * share)


def _encoded_lines(
    tokenizer: "PreTrainedTokenizerFast", lines: Iterable[str]
) -> Iterator[tuple[str, list[int]]]:
    """Yield each line of a text with its tokens, as a training reads them."""
    encode, rest = corpus_encoder(tokenizer), iter(lines)
    while batch := list(islice(rest, _LINES)):
        yield from zip(batch, encode(batch), strict=True)


def _summary(found: NDArray[np.float64], words: float, size: float) -> Perplexity:
    from .exact_loss import mean
    from .exact_loss import perplexity as exp_of

    scored = found[~np.isnan(found)]
    loss = mean(-float(scored.sum()), len(scored))
    nats = loss * len(found)  # as if the first token were as likely as the others
    return Perplexity(
        per_token=exp_of(loss),
        per_word=exp_of(mean(nats, words)),
        bits_per_byte=mean(nats / log(2), size),
        tokens=len(found),
        scored=len(scored),
        words=round(words),
        bytes=round(size),
    )
