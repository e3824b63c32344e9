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
import torch
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, DataError, Problem
from epoque.bench.progress import Progress

from ..data.encoding import encode_prompt, format_prompt, make_corpus_encoder
from ..generation.decoder import inference
from ..generation.fill_mask import encode_text
from ..models import Model
from ..models.output_losses import token_losses
from .exact_loss import mean_or_nan, to_perplexity

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["Perplexity", "Score", "measure_perplexity", "score_ids", "score_text"]

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


def score_text(model: Model, tokenizer: "PreTrainedTokenizerFast", text: str) -> Score:
    """Return the log-probability of each token of a short text.

    Raises:
        UsageError: if it is empty or longer than the model's context.
    """
    ids = encode_text(model, tokenizer, text)
    encoding = encode_prompt(
        tokenizer, text, return_offsets_mapping=True, return_special_tokens_mask=True
    )
    logp = score_ids(model, tokenizer, ids)
    names = tokenizer.convert_ids_to_tokens(ids)
    tokens, is_special = [], encoding["special_tokens_mask"]
    text = format_prompt(tokenizer, text)
    for i, (begin, end) in enumerate(encoding["offset_mapping"]):
        is_outside = bool(is_special[i]) and begin == end  # not of the text: put around it
        tokens.append(names[i] if is_outside else text[begin:end])
        if is_outside:
            logp[i] = np.nan
    return Score(tuple(tokens), np.array(ids, np.int64), logp)


def score_ids(
    model: Model,
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
    context = _choose_context(model, context)
    logp = np.full(len(tokens), np.nan)
    cut = _causal_windows if model.causal else _masked_windows
    scored = 0
    with inference(model):
        for batch in _batch_windows(cut(tokens, context)):
            places, values = _score_windows(model, tokenizer, tokens, batch)
            logp[places] = values
            scored += len(places)
            if progress is not None:
                progress(scored, len(tokens))
    return logp


def _choose_context(model: Model, context: int) -> int:
    """Return how many tokens a window has."""
    least = 2 if model.causal else 1
    if context and context < least:
        kind = "causal" if model.causal else "masked"
        message = f"{context} is not allowed; a {kind} model takes {least} or more, or 0 for all."
        raise ConfigError([Problem("context", message)])
    return min(context or model.context, model.context)


@dataclass(frozen=True)
class _Window:
    """Tokens `begin` to `end` are read; those at `targets` are predicted."""

    begin: int
    end: int
    targets: tuple[int, ...]


def _causal_windows(tokens: NDArray[np.int64], context: int) -> Iterator[_Window]:
    """Yield windows in which each token but the first is predicted once."""
    start, stride = 1, max(context // 2, 1)
    while start < len(tokens):
        end = min(len(tokens), context if start == 1 else start + stride)
        begin = max(0, end - context)
        yield _Window(begin, end, tuple(range(start, end)))
        start = end


def _masked_windows(tokens: NDArray[np.int64], context: int) -> Iterator[_Window]:
    """Yield a window for each token, which alone is predicted in it."""
    for first in range(0, len(tokens), context):
        end = min(first + context, len(tokens))
        begin = max(0, end - context)
        yield from (_Window(begin, end, (place,)) for place in range(first, end))


def _batch_windows(windows: Iterable[_Window]) -> Iterator[list[_Window]]:
    """Yield windows of one length together, so many that the memory suffices."""
    batch: list[_Window] = []
    for window in windows:
        length = window.end - window.begin
        is_other_length = batch and batch[0].end - batch[0].begin != length
        if is_other_length or (len(batch) + 1) * length > max(_BATCH_TOKENS, length):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _score_windows(
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    tokens: NDArray[np.int64],
    batch: Sequence[_Window],
) -> tuple[list[int], NDArray[np.float64]]:
    """Return the places of the predicted tokens and their log-probabilities."""
    rows = np.stack([tokens[window.begin : window.end] for window in batch])
    at = [(row, place - w.begin) for row, w in enumerate(batch) for place in w.targets]
    places = [place for window in batch for place in window.targets]
    if not model.causal:
        rows[tuple(zip(*at, strict=True))] = tokenizer.mask_token_id
    device = model.output_weight.device
    hidden = model.compute_hidden_states(torch.from_numpy(rows).to(device))
    row, column = torch.tensor(at, device=device).T
    # A causal model predicts a token from the position before it, a masked one from its own.
    hidden = hidden[row, column - 1 if model.causal else column]
    targets = torch.from_numpy(tokens[places]).to(device)
    return places, -token_losses(model, hidden, targets).double().cpu().numpy()


def measure_perplexity(
    model: Model,
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
    for line, row in _encode_lines(tokenizer, lines):
        ids += row
        words, size = words + len(line.split()), size + len(line.encode())
        if first and len(ids) >= first:
            break
    total = len(ids)
    ids = ids[: first or None]
    if len(ids) < 2:
        raise DataError("The text is too short: it takes two tokens or more.")
    used = len(ids) / total  # of the last line, a part may be left out
    logp = score_ids(model, tokenizer, ids, context, progress)
    return _summarize(logp, words * used, size * used)


def _encode_lines(
    tokenizer: "PreTrainedTokenizerFast", lines: Iterable[str]
) -> Iterator[tuple[str, list[int]]]:
    """Yield each line of a text with its tokens, as a training reads them."""
    encode, rest = make_corpus_encoder(tokenizer), iter(lines)
    while batch := list(islice(rest, _LINES)):
        yield from zip(batch, encode(batch), strict=True)


def _summarize(logp: NDArray[np.float64], words: float, size: float) -> Perplexity:
    scored = logp[~np.isnan(logp)]
    loss = mean_or_nan(-float(scored.sum()), len(scored))
    nats = loss * len(logp)  # as if the first token were as likely as the others
    return Perplexity(
        per_token=to_perplexity(loss),
        per_word=to_perplexity(mean_or_nan(nats, words)),
        bits_per_byte=mean_or_nan(nats / log(2), size),
        tokens=len(logp),
        scored=len(scored),
        words=round(words),
        bytes=round(size),
    )
