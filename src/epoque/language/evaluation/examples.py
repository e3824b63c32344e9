"""What a run keeps of its finished model for figures and the book, so that no model is needed.

Two files in the run folder. `examples.json`:

- `examples`: of a causal model `prompt`, `continuation` and what really follows (`actual`); of a
  masked one `sentence` with a mask, the token that is hidden (`actual`) and `candidates`, each with
  `word` and `probability`;
- `neighbours`: for some words `word` and `neighbours`, each with `word` and `cosine`;
- `attention_tokens`: the T tokens of the text whose attention is kept.

`probe.safetensors`: `attention` float32 [layer, head, T, T], and the loss against how often the
token to predict occurs in the training text, in bins: `frequency` (geometric mean of the
occurrences), `loss`, `loss_low`, `loss_high` (mean and quartiles, in nats), `counting` (the loss if
a token were as likely as it is frequent; NaN where it never occurs) and `count` (tokens measured),
each float64 [bins].
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Artifact
from epoque.bench.files.atomic import read_json
from epoque.bench.seeds import numpy_rng

from ..generation.fill_mask import likeliest, word
from ..generation.generate import continue_ids, reading
from ..generation.sampling import Sampling
from .interpretability import attention_of, neighbours, shown

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

    from epoque.bench.runs.run import Run

    from ..config import LanguageConfig
    from ..data.blocks import Blocks
    from ..models import Model

__all__ = ["EXAMPLES", "PROBE", "arrays", "artifacts", "examples", "one_line"]

EXAMPLES, PROBE = "examples.json", "probe.safetensors"

_EXAMPLES = 6
_PROMPT, _NEW = 16, 40  # tokens of a prompt and of its continuation
_SENTENCE = 20  # tokens of a sentence with a mask, and of the text whose attention is kept
_WORDS, _NEAR = 8, 5  # words whose neighbours are looked for, and how many
_COMMON = 2000  # the most frequent words, among which neighbours are looked for
_COUNTED = 50_000_000  # training tokens at most that are counted
_MEASURED = 32_768  # validation tokens at most whose loss is measured
_EVERY = 7  # of a masked model, one token in so many is hidden
_BATCH = 16  # blocks
_LINE_END, _BLANKS_BETWEEN = re.compile(r"\s*\n\s*"), re.compile(r"\s+")
_BLANKS = "ĠĊĉč"  # how byte-level tokenizers spell the blank, line ends and the tab

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def artifacts(
    config: "LanguageConfig",
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    train: "Blocks",
    valid: "Blocks",
) -> Iterator[Artifact]:
    """Yield the files that describe a finished model (see the top of this module).

    Args:
        config: the run's.
        model: the finished one.
        tokenizer: its tokenizer.
        train: the blocks it learned from.
        valid: the blocks that examples come from.
    """
    counts = _counts(train, model.vocabulary)
    begins = _begins(tokenizer, model.vocabulary)
    spans = _spans(tokenizer, valid, config.seed)
    told = _continued if model.causal else _filled
    numbers = {"attention": attention_of(model, spans[-1][:_SENTENCE])}
    numbers |= _by_frequency(*_losses(model, tokenizer, valid), counts)
    texts = {
        "objective": config.objective,
        "examples": told(config, model, tokenizer, spans, begins),
        "neighbours": _neighbours(model, tokenizer, _words(tokenizer, train, begins)),
        "attention_tokens": shown(tokenizer, spans[-1][:_SENTENCE]),
    }
    text = json.dumps(texts, indent=1, ensure_ascii=False)
    yield Artifact(EXAMPLES, text.encode(errors="backslashreplace"))
    yield Artifact(PROBE, _packed(numbers))


def examples(run: "Run") -> dict[str, Any]:
    """Return the content of a run's `examples.json` (see the top of this module).

    Raises:
        UnknownNameError: if the run has none.
        DamagedRunError: if it cannot be read.
    """
    run.artifact(EXAMPLES)
    return read_json(run.path / EXAMPLES)


def arrays(run: "Run") -> dict[str, NDArray[Any]]:
    """Return the arrays of a run's `probe.safetensors` (see the top of this module).

    Raises:
        UnknownNameError: if the run has none.
        DamagedRunError: if it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(run.artifact(PROBE)))
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise DamagedRunError(f"{run.path / PROBE} is damaged.") from None


def one_line(text: str) -> str:
    """Return a text for one line: line ends as the strokes with which verse is quoted.

    A token that stands for an unknown word swallows the blank before it; here it gets one.
    """
    lines = _LINE_END.sub(" / ", text.replace("<unk>", " <unk>").strip())
    return _BLANKS_BETWEEN.sub(" ", lines)


def _packed(numbers: Mapping[str, NDArray[Any]]) -> bytes:
    from safetensors.numpy import save

    return bytes(save({name: np.ascontiguousarray(value) for name, value in numbers.items()}))


def _evenly(many: int, wanted: int) -> Ints:
    """Return at most `wanted` whole numbers below `many`, evenly spaced."""
    return np.unique(np.linspace(0, many - 1, min(many, wanted)).astype(np.int64))


def _counts(train: "Blocks", vocabulary: int) -> Ints:
    """Return how often each token occurs, [V]; of a large text, in evenly spaced blocks of it."""
    width = train.ids.shape[1]
    chosen = _evenly(len(train), max(_COUNTED // width, 1))
    counts = np.zeros(vocabulary, np.int64)
    for part in np.array_split(chosen, max(len(chosen) // 4096, 1)):
        counts += np.bincount(train[part].ravel(), minlength=vocabulary)
    return counts


def _spans(tokenizer: "PreTrainedTokenizerFast", valid: "Blocks", seed: int) -> list[list[int]]:
    """Return stretches of the validation text, each from the beginning of a sentence if possible.

    Each is one block's rest from there, at most as long as a prompt and what follows.
    """
    rng = numpy_rng(seed, "examples")
    rows = valid[_evenly(len(valid), _EXAMPLES)]
    found = []
    for row in rows:
        ids = [int(i) for i in row]
        room = max(len(ids) - _PROMPT - _NEW, 0)
        starts = [i + 1 for i in range(room) if _ends(tokenizer, ids[i])]
        start = int(rng.choice(starts)) if starts else 0
        found.append(ids[start : start + _PROMPT + _NEW])
    return found


def _ends(tokenizer: "PreTrainedTokenizerFast", token: int) -> bool:
    """Return whether a token ends a line or a sentence."""
    text = shown(tokenizer, [token])[0]
    return "\n" in text or text.strip() in (".", "!", "?")


def _continued(
    config: "LanguageConfig",
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    spans: Sequence[list[int]],
    begins: Flags,
) -> list[dict[str, Any]]:
    """Return prompts, cut where a word ends, and how the model continues them."""
    prompts = []
    for ids in spans:
        ends = [n for n in range(_PROMPT // 2, min(_PROMPT + 1, len(ids))) if begins[ids[n]]]
        prompts.append(ids[: ends[-1] if ends else min(_PROMPT, len(ids) - 1)])
    sampling = Sampling(
        temperature=0.8, top_p=0.95, max_tokens=_NEW, context=config.block_size, seed=config.seed
    )
    new = continue_ids(model, prompts, sampling, tokenizer.eos_token_id, known=len(tokenizer))
    return [
        {
            "prompt": _text(tokenizer, prompt),
            "continuation": _text(tokenizer, row),
            "actual": _text(tokenizer, ids[len(prompt) :]),
        }
        for ids, prompt, row in zip(spans, prompts, new, strict=True)
    ]


def _filled(
    config: "LanguageConfig",
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    spans: Sequence[list[int]],
    begins: Flags,
) -> list[dict[str, Any]]:
    """Return sentences with a mask and what the model would put there."""
    rng = numpy_rng(config.seed, "masked examples")
    told = []
    for span in spans:
        ids = span[:_SENTENCE]
        starts = [*(bool(begins[i]) for i in ids), True]
        whole = [
            i
            for i in range(len(ids))
            if starts[i] and starts[i + 1] and word(tokenizer, ids[i]).isalpha()
        ]
        place = int(rng.choice(whole or range(len(ids))))
        hidden, ids[place] = ids[place], tokenizer.mask_token_id
        candidates = [
            {"word": word(tokenizer, token), "probability": p}
            for token, p in likeliest(model, tokenizer, ids, [place], _NEAR)[0]
        ]
        told.append(
            {
                "sentence": _text(tokenizer, ids),
                "actual": word(tokenizer, hidden),
                "candidates": candidates,
            }
        )
    return told


def _text(tokenizer: "PreTrainedTokenizerFast", ids: Sequence[int]) -> str:
    return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))


def _neighbours(
    model: "Model", tokenizer: "PreTrainedTokenizerFast", words: Sequence[int]
) -> list[dict[str, Any]]:
    """Return some frequent words with their neighbours; none if there are too few words."""
    if len(words) < 2 * _NEAR:
        return []
    first = min(50, len(words) // 4)  # the most frequent ones bind others and mean little
    ranks = np.unique(np.geomspace(first + 1, len(words) // 2, _WORDS).astype(int) - 1)
    found = neighbours(model, [words[rank] for rank in ranks], _NEAR, words)
    return [
        {
            "word": word(tokenizer, int(token)),
            "neighbours": [
                {"word": word(tokenizer, int(i)), "cosine": float(c)}
                for i, c in zip(near, cosines, strict=True)
            ],
        }
        for token, near, cosines in zip(found.ids, found.neighbours, found.cosines, strict=True)
    ]


def _begins(tokenizer: "PreTrainedTokenizerFast", vocabulary: int) -> Flags:
    """Return, for each token, whether it stands at a beginning: of a word, or a sign, bool [V]."""
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    marked = any(name.startswith("Ġ") for name in names)  # byte-level: a blank goes with a word
    found = np.zeros(vocabulary, bool)
    for token, name in enumerate(names):
        if marked:
            found[token] = name[:1] in _BLANKS or not name[:1].isalnum()
        else:
            found[token] = not name.startswith("##")
    return found


def _words(tokenizer: "PreTrainedTokenizerFast", train: "Blocks", begins: Flags) -> list[int]:
    """Return the tokens that mostly are whole words, of three letters or more, frequent first."""
    blocks = train[_evenly(len(train), max(_COUNTED // 10 // train.ids.shape[1], 1))]
    token, after = blocks[:, :-1].ravel(), blocks[:, 1:].ravel()
    counts = np.bincount(token, minlength=len(begins))
    whole = np.bincount(token[begins[after]], minlength=len(begins))
    special = set(tokenizer.all_special_ids)
    found: list[int] = []
    for i in np.argsort(-counts, kind="stable").tolist():
        if not counts[i] or len(found) == _COMMON:
            break
        mostly = begins[i] and whole[i] > 0.9 * counts[i] and i not in special
        text = word(tokenizer, i) if mostly else ""
        if len(text) >= 3 and text.isalpha():
            found.append(i)
    return found


def _losses(
    model: "Model", tokenizer: "PreTrainedTokenizerFast", valid: "Blocks"
) -> tuple[Ints, NDArray[np.float64]]:
    """Return tokens of the validation text and their losses in nats, both [N]."""
    import torch

    from ..models import output_losses as heads

    chosen = _evenly(len(valid), max(_MEASURED // valid.ids.shape[1], 1))
    tokens, losses = [], []
    with reading(model):
        for part in np.array_split(chosen, -(-len(chosen) // _BATCH)):
            ids = torch.from_numpy(valid[part]).to(model.output_weight.device)
            inputs, targets = _task(model, tokenizer, ids, part)
            seen = None
            if valid.segments is not None:
                segments = torch.from_numpy(valid.segments[part]).to(ids.device)
                seen = segments[:, :, None] == segments[:, None, :]
                if model.causal:  # what follows in another document cannot be known
                    targets = targets.masked_fill(segments != segments.roll(-1, 1), -100)
            wanted = targets >= 0
            hidden = model.hidden(inputs, attention_mask=seen)[wanted]
            tokens.append(targets[wanted].cpu().numpy())
            losses.append(heads.nll(model, hidden, targets[wanted]).double().cpu().numpy())
    return np.concatenate(tokens), np.concatenate(losses)


def _task(
    model: "Model", tokenizer: "PreTrainedTokenizerFast", ids: "Tensor", numbers: Ints
) -> "tuple[Tensor, Tensor]":
    """Return inputs and targets [B, T], −100 where nothing is predicted."""
    import torch

    if model.causal:
        last = torch.full_like(ids[:, :1], -100)
        return ids, torch.cat([ids[:, 1:], last], 1)
    places = torch.arange(ids.shape[1], device=ids.device)
    shift = torch.from_numpy(numbers).to(ids.device)[:, None]
    hidden = (places + shift) % _EVERY == 0
    return ids.masked_fill(hidden, tokenizer.mask_token_id), ids.masked_fill(~hidden, -100)


def _by_frequency(
    tokens: Ints, losses: NDArray[np.float64], counts: Ints
) -> dict[str, NDArray[Any]]:
    """Return the losses in bins of the tokens' occurrences, a factor of about 3 wide each.

    Tokens that never occur make a bin of their own, at 0.
    """
    seen, total = counts[tokens], counts.sum()
    bins = np.where(seen > 0, np.floor(2 * np.log10(np.maximum(seen, 1))) + 1, 0).astype(int)
    rows = []
    for number in np.unique(bins):
        inside = bins == number
        middle = float(np.exp(np.log(seen[inside]).mean())) if number else 0.0
        quartiles = np.quantile(losses[inside], (0.25, 0.75))
        counting = np.log(total / middle) if number else np.nan
        rows.append((middle, losses[inside].mean(), *quartiles, counting, inside.sum()))
    columns = np.array(rows, np.float64).reshape(-1, 6).T
    names = ("frequency", "loss", "loss_low", "loss_high", "counting", "count")
    return dict(zip(names, columns, strict=True))
