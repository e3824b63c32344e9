"""Making what a run keeps of its finished model: see `example_files`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.events import Artifact
from epoque.bench.seeds import numpy_rng

from ..config import LanguageConfig
from ..data.blocks import Blocks
from ..generation.decoder import inference
from ..generation.fill_mask import decode_token, rank_tokens
from ..generation.generate import continue_ids
from ..generation.sampling import Sampling
from ..models import Model
from ..models.output_losses import IGNORE_INDEX, token_losses
from ..purposes import Purpose
from .evaluation_plan import EXAMPLE_TOKENS
from .example_files import EXAMPLES, PROBE
from .interpretability import compute_attention, decode_tokens, find_neighbors

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["example_artifacts"]

_EXAMPLES = 6
_PROMPT, _NEW = 16, 40  # tokens of a prompt and of its continuation
_SENTENCE = 20  # tokens of a sentence with a mask, and of the text whose attention is kept
_WORDS, _NEAR = 8, 5  # words whose neighbours are looked for, and how many
_COMMON = 2000  # the most frequent words, among which neighbours are looked for
_COUNTED = 50_000_000  # training tokens at most that are counted
_EVERY = 7  # of a masked model, one token in so many is hidden
_BATCH = 16  # blocks
_BLANKS = "ĠĊĉč"  # how byte-level tokenizers spell the blank, line ends and the tab

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def example_artifacts(
    config: LanguageConfig,
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    train: Blocks,
    valid: Blocks,
    *,
    blocks: int | None = None,
) -> Iterator[Artifact]:
    """Yield the files that describe a finished model (see `example_files`).

    Args:
        config: the run's.
        model: the finished one.
        tokenizer: its tokenizer.
        train: the blocks it learned from.
        valid: the blocks that examples come from.
        blocks: how many of them are measured, evenly spaced; None: as many as hold
            `EXAMPLE_TOKENS`.
    """
    blocks = blocks or max(EXAMPLE_TOKENS // config.block_size, 1)
    counts = _count_tokens(train, model.vocabulary)
    starts_word = _find_word_starts(tokenizer, model.vocabulary)
    spans = _choose_spans(tokenizer, valid, config.seed)
    make_examples = _continue_prompts if model.causal else _fill_masks
    arrays: dict[str, NDArray[np.generic]] = {}
    arrays["attention"] = compute_attention(model, spans[-1][:_SENTENCE])
    arrays |= _bin_by_frequency(*_measure_tokens(model, tokenizer, valid, blocks), counts)
    texts = {
        "objective": config.objective,
        "examples": make_examples(config, model, tokenizer, spans, starts_word),
        "neighbours": _neighbors(model, tokenizer, _frequent_words(tokenizer, train, starts_word)),
        "attention_tokens": decode_tokens(tokenizer, spans[-1][:_SENTENCE]),
    }
    text = json.dumps(texts, indent=1, ensure_ascii=False)
    yield Artifact(EXAMPLES, text.encode(errors="backslashreplace"))
    yield Artifact(PROBE, _pack(arrays))


def _pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    from safetensors.numpy import save

    return bytes(save({name: np.ascontiguousarray(value) for name, value in arrays.items()}))


def _spread_evenly(below: int, count: int) -> Ints:
    """Return at most `count` whole numbers below `below`, evenly spaced."""
    return np.unique(np.linspace(0, below - 1, min(below, count)).astype(np.int64))


def _count_tokens(train: Blocks, vocabulary: int) -> Ints:
    """Return how often each token occurs, [V]; of a large text, in evenly spaced blocks of it."""
    width = train.ids.shape[1]
    rows = _spread_evenly(len(train), max(_COUNTED // width, 1))
    counts = np.zeros(vocabulary, np.int64)
    for part in np.array_split(rows, max(len(rows) // 4096, 1)):
        counts += np.bincount(train[part].ravel(), minlength=vocabulary)
    return counts


def _choose_spans(
    tokenizer: "PreTrainedTokenizerFast", valid: Blocks, seed: int
) -> list[list[int]]:
    """Return stretches of the validation text, each from the beginning of a sentence if possible.

    Each is one block's rest from there, at most as long as a prompt and what follows.
    """
    rng = numpy_rng(seed, Purpose.EXAMPLES)
    rows = valid[_spread_evenly(len(valid), _EXAMPLES)]
    spans = []
    for row in rows:
        ids = [int(i) for i in row]
        last_start = max(len(ids) - _PROMPT - _NEW, 0)
        starts = [i + 1 for i in range(last_start) if _ends_sentence(tokenizer, ids[i])]
        start = int(rng.choice(starts)) if starts else 0
        spans.append(ids[start : start + _PROMPT + _NEW])
    return spans


def _ends_sentence(tokenizer: "PreTrainedTokenizerFast", token: int) -> bool:
    """Return whether a token ends a line or a sentence."""
    text = decode_tokens(tokenizer, [token])[0]
    return "\n" in text or text.strip() in (".", "!", "?")


def _continue_prompts(
    config: LanguageConfig,
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    spans: Sequence[list[int]],
    starts_word: Flags,
) -> list[dict[str, Any]]:
    """Return prompts, cut where a word ends, and how the model continues them."""
    prompts = []
    for ids in spans:
        ends = [n for n in range(_PROMPT // 2, min(_PROMPT + 1, len(ids))) if starts_word[ids[n]]]
        prompts.append(ids[: ends[-1] if ends else min(_PROMPT, len(ids) - 1)])
    sampling = Sampling(
        temperature=0.8, top_p=0.95, max_tokens=_NEW, context=config.block_size, seed=config.seed
    )
    new = continue_ids(model, prompts, sampling, tokenizer.eos_token_id, vocabulary=len(tokenizer))
    return [
        {
            "prompt": _text(tokenizer, prompt),
            "continuation": _text(tokenizer, row),
            "actual": _text(tokenizer, ids[len(prompt) :]),
        }
        for ids, prompt, row in zip(spans, prompts, new, strict=True)
    ]


def _fill_masks(
    config: LanguageConfig,
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    spans: Sequence[list[int]],
    starts_word: Flags,
) -> list[dict[str, Any]]:
    """Return sentences with a mask and what the model would put there."""
    rng = numpy_rng(config.seed, Purpose.MASKED_EXAMPLES)
    examples = []
    for span in spans:
        ids = span[:_SENTENCE]
        starts = [*(bool(starts_word[i]) for i in ids), True]
        whole = [
            i
            for i in range(len(ids))
            if starts[i] and starts[i + 1] and decode_token(tokenizer, ids[i]).isalpha()
        ]
        place = int(rng.choice(whole or range(len(ids))))
        hidden, ids[place] = ids[place], tokenizer.mask_token_id
        candidates = [
            {"word": decode_token(tokenizer, token), "probability": p}
            for token, p in rank_tokens(model, tokenizer, ids, [place], _NEAR)[0]
        ]
        examples.append(
            {
                "sentence": _text(tokenizer, ids),
                "actual": decode_token(tokenizer, hidden),
                "candidates": candidates,
            }
        )
    return examples


def _text(tokenizer: "PreTrainedTokenizerFast", ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))


def _neighbors(
    model: Model, tokenizer: "PreTrainedTokenizerFast", words: Sequence[int]
) -> list[dict[str, Any]]:
    """Return some frequent words with their neighbours; none if there are too few words."""
    if len(words) < 2 * _NEAR:
        return []
    first = min(50, len(words) // 4)  # the most frequent ones bind others and mean little
    ranks = np.unique(np.geomspace(first + 1, len(words) // 2, _WORDS).astype(int) - 1)
    neighbors = find_neighbors(model, [words[rank] for rank in ranks], _NEAR, words)
    return [
        {
            "word": decode_token(tokenizer, int(token)),
            "neighbours": [
                {"word": decode_token(tokenizer, int(i)), "cosine": float(c)}
                for i, c in zip(near, cosines, strict=True)
            ],
        }
        for token, near, cosines in zip(
            neighbors.ids, neighbors.neighbors, neighbors.cosines, strict=True
        )
    ]


def _find_word_starts(tokenizer: "PreTrainedTokenizerFast", vocabulary: int) -> Flags:
    """Return, for each token, whether it stands at a beginning: of a word, or a sign, bool [V]."""
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    is_byte_level = any(name.startswith("Ġ") for name in names)  # a blank goes with a word
    starts_word = np.zeros(vocabulary, bool)
    for token, name in enumerate(names):
        if is_byte_level:
            starts_word[token] = name[:1] in _BLANKS or not name[:1].isalnum()
        else:
            starts_word[token] = not name.startswith("##")
    return starts_word


def _frequent_words(
    tokenizer: "PreTrainedTokenizerFast", train: Blocks, starts_word: Flags
) -> list[int]:
    """Return the tokens that mostly are whole words, of three letters or more, frequent first."""
    blocks = train[_spread_evenly(len(train), max(_COUNTED // 10 // train.ids.shape[1], 1))]
    token, after = blocks[:, :-1].ravel(), blocks[:, 1:].ravel()
    counts = np.bincount(token, minlength=len(starts_word))
    whole = np.bincount(token[starts_word[after]], minlength=len(starts_word))
    special = set(tokenizer.all_special_ids)
    words: list[int] = []
    for i in np.argsort(-counts, kind="stable").tolist():
        if not counts[i] or len(words) == _COMMON:
            break
        is_word = starts_word[i] and whole[i] > 0.9 * counts[i] and i not in special
        text = decode_token(tokenizer, i) if is_word else ""
        if len(text) >= 3 and text.isalpha():
            words.append(i)
    return words


def _measure_tokens(
    model: Model, tokenizer: "PreTrainedTokenizerFast", valid: Blocks, count: int
) -> tuple[Ints, NDArray[np.float64]]:
    """Return tokens of the validation text and their losses in nats, both [N]."""
    rows = _spread_evenly(len(valid), count)
    tokens, losses = [], []
    with inference(model):
        for part in np.array_split(rows, -(-len(rows) // _BATCH)):
            ids = torch.from_numpy(valid[part]).to(model.output_weight.device)
            input_ids, targets = _make_task(model, tokenizer, ids, part)
            mask = None
            if valid.segments is not None:
                segments = torch.from_numpy(valid.segments[part]).to(ids.device)
                mask = segments[:, :, None] == segments[:, None, :]
                if model.causal:  # what follows in another document cannot be known
                    next_is_other = segments != segments.roll(-1, 1)
                    targets = targets.masked_fill(next_is_other, IGNORE_INDEX)
            has_target = targets != IGNORE_INDEX
            hidden = model.compute_hidden_states(input_ids, attention_mask=mask)[has_target]
            nats = token_losses(model, hidden, targets[has_target])
            tokens.append(targets[has_target].cpu().numpy())
            losses.append(nats.double().cpu().numpy())
    return np.concatenate(tokens), np.concatenate(losses)


def _make_task(
    model: Model, tokenizer: "PreTrainedTokenizerFast", ids: Tensor, rows: Ints
) -> tuple[Tensor, Tensor]:
    """Return inputs and targets [B, T], −100 where nothing is predicted.

    Of a masked model every 7th token is masked, from another one on in each block.
    """
    if model.causal:
        no_target = torch.full_like(ids[:, :1], IGNORE_INDEX)
        return ids, torch.cat([ids[:, 1:], no_target], 1)
    places = torch.arange(ids.shape[1], device=ids.device)
    shift = torch.from_numpy(rows).to(ids.device)[:, None]
    is_masked = (places + shift) % _EVERY == 0
    mask_id = int(tokenizer.mask_token_id)
    return ids.masked_fill(is_masked, mask_id), ids.masked_fill(~is_masked, IGNORE_INDEX)


def _bin_by_frequency(
    tokens: Ints, losses: NDArray[np.float64], counts: Ints
) -> dict[str, NDArray[np.generic]]:
    """Return the losses in bins of the tokens' occurrences, a factor of about 3 wide each.

    Tokens that never occur make a bin of their own, at 0.
    """
    occurrences, total = counts[tokens], counts.sum()
    logs = np.floor(2 * np.log10(np.maximum(occurrences, 1)))
    bins = np.where(occurrences > 0, logs + 1, 0).astype(int)
    rows = []
    for number in np.unique(bins):
        inside = bins == number
        middle = float(np.exp(np.log(occurrences[inside]).mean())) if number else 0.0
        quartiles = np.quantile(losses[inside], (0.25, 0.75))
        counting = np.log(total / middle) if number else np.nan
        rows.append((middle, losses[inside].mean(), *quartiles, counting, inside.sum()))
    columns = np.array(rows, np.float64).reshape(-1, 6).T
    names = ("frequency", "loss", "loss_low", "loss_high", "counting", "count")
    return dict(zip(names, columns, strict=True))
