"""The numbers of a finished run."""

import math
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from epoque.bench.progress import Progress, no_progress
from epoque.bench.runs.run import Run
from epoque.bench.system.memory import explain_out_of_memory
from epoque.bench.torch import threads

from ..config import LanguageConfig
from ..data import batches as data
from ..data import corpus
from ..data.batches import TRAIN_SAMPLE, Batch, Reader, sample
from ..data.masking import Masker
from ..data.overlap import overlap
from ..hub.roundtrip import reopened
from ..training.checkpoint import restore
from ..training.model_with_loss import Objective
from ..training.resources import choose_threads
from . import ngram_baselines as yardsticks
from .exact_loss import Sums, exact, mean, measure, perplexity, unknown_ids
from .missing_results import reasons

if TYPE_CHECKING:
    from ..data.blocks import Blocks

__all__ = ["evaluate", "pseudo"]

_COUNTED = 20_000_000
"""Tokens up to which the counting yardsticks are computed."""


def evaluate(run: Run[LanguageConfig], progress: Progress | None = None) -> Mapping[str, Any]:
    """Return the numbers of a finished run, all by the exact softmax over all blocks.

    `perplexity` is the report's definition, exp of the mean validation loss; beside it
    `perplexity_without_unk` leaves out the targets that stand for unknown words, and of a causal
    model `perplexity_per_word` and `bits_per_byte` do not depend on the tokenizer. `accuracy`:
    share of targets that are the first guess. A masked model is measured over `mask_seeds` fixed
    masks: the mean over all their targets, and `perplexity_spread`, the standard deviation of the
    perplexities of those that have any;
    `pseudo_perplexity` masks each token of `pseudo_blocks` blocks in turn (Salazar et al. 2020,
    eq. 3); `pseudo_perplexity_per_word` and `pseudo_bits_per_byte` are the same of words and bytes,
    so that tokenizers can be compared. `test_…`: the same of the test split, if asked for.

    `final_train_loss` is measured on `train_blocks_measured` fixed train blocks. `epochs`: the
    losses at each epoch's end, as measured on the way. `unigram_perplexity`, …: what counting
    words, pairs and triples reaches on the same validation tokens. `saved_…`, `reopened_…`: what a
    push to the Hub would send, and how transformers opens it (`epoque.language.hub.roundtrip`).
    All is computed with as many threads as the training.

    `valid_in_train_share`, `valid_lines_in_train`: how much of the text is in the training text,
    too (`epoque.language.data.overlap`); `test_…`: likewise.

    What cannot be computed is None, and `not_measured` says why: name to a sentence.
    `steps_without_target`: training steps in which nothing was masked, if there were any.

    Args:
        run: the run.
        progress: receives how many blocks are measured.

    Raises:
        DamagedRunError: if the metrics or the last checkpoint cannot be read.
        DataError: if the text cannot be read any more, or is another.
        UsageError: if memory runs out.
    """
    count = threads.read_thread_count(run) or choose_threads(run.config)
    wrong = (
        "Memory ran out while the model was measured; a smaller block_size, layers or width helps."
    )
    with threads.limit_threads(count), explain_out_of_memory(wrong):
        return _evaluated(run, progress or no_progress)


def _evaluated(run: Run[LanguageConfig], progress: Progress) -> Mapping[str, Any]:
    config = run.config
    model, tokenizer = restore(run)
    texts = data.load(config, tokenizer)
    device = "cpu" if config.device == "cpu" or not torch.cuda.is_available() else "cuda"
    objective = Objective(config, model, None, unknown_ids(tokenizer)).to(device).eval()
    eyes = _Eyes(config, objective, tokenizer, _Share(config, texts, progress))
    found: dict[str, Any] = {"parameters": sum(p.numel() for p in model.parameters())}
    found |= _course(run)
    found |= eyes.all_numbers(texts.valid, "")
    if texts.test is not None:
        found |= eyes.all_numbers(texts.test, "test_")
    found |= eyes.train_loss(texts.train)
    found |= _counted(config, texts, len(tokenizer))
    found |= _overlaps(config, texts.test is not None)
    found |= {f"corpus_{name}": told for name, told in texts.source.items()}
    unmeasured = reasons(found)
    found = {name: _plain(value) for name, value in found.items()}
    if unmeasured:
        found["not_measured"] = unmeasured
    return found | reopened(run, model, tokenizer, torch.from_numpy(texts.valid[0]), found)


def pseudo(objective: Objective, ids: torch.Tensor, mask: int) -> torch.Tensor:
    """Return the sums of a block in which each token is masked in turn [5], see `measure.Sums`.

    Args:
        objective: a masked model's, in evaluation mode.
        ids: the block's tokens [T].
        mask: the id of the mask token.
    """
    length = len(ids)
    inputs = ids.repeat(length, 1).fill_diagonal_(mask)
    targets = torch.full_like(inputs, -100)
    targets.diagonal().copy_(ids)
    return exact(objective, Batch(inputs, targets))


class _Share:
    """How much of the measuring is done, in blocks that the model reads."""

    def __init__(self, config: LanguageConfig, texts: data.Data, progress: Progress) -> None:
        self._progress, self._done = progress, 0
        splits = [texts.valid] if texts.test is None else [texts.valid, texts.test]
        self._all = min(TRAIN_SAMPLE, len(texts.train))
        for blocks in splits:
            self._all += _masks(config) * len(blocks)
            self._all += min(config.pseudo_blocks, len(blocks)) * config.block_size

    def add(self, blocks: int) -> None:
        """Note that so many more have been read."""
        self._done += blocks
        self._progress(min(self._done, self._all), self._all, "measuring")


def _masks(config: LanguageConfig) -> int:
    """Return how many times a split is measured; of a causal model, once."""
    return config.mask_seeds if config.objective == "masked" else 1


class _Eyes:
    """What measures a model on blocks."""

    def __init__(
        self, config: LanguageConfig, objective: Objective, tokenizer: Any, share: _Share
    ) -> None:
        self._config, self._objective, self._tokenizer = config, objective, tokenizer
        self._share = share
        self._masker = Masker(config, tokenizer) if config.objective == "masked" else None

    def all_numbers(self, blocks: "Blocks", prefix: str) -> dict[str, Any]:
        """Return the numbers of a split, their names with a prefix."""
        sums = self._sums(blocks, np.arange(len(blocks)))
        found = _means(sums)
        found |= {"blocks": len(blocks), "targets": sum(int(each.targets) for each in sums)}
        if self._masker is None:
            found |= _by_text(found["loss"], blocks)
        elif self._config.pseudo_blocks:
            found |= self._pseudo(blocks)
        first = prefix or "valid_"
        renamed = {"loss": f"final_{first}loss", "blocks": f"{first}blocks"}
        renamed["targets"] = f"{first}targets"
        return {renamed.get(name, prefix + name): value for name, value in found.items()}

    def train_loss(self, blocks: "Blocks") -> dict[str, Any]:
        """Return the loss on the train blocks that were measured on the way, too."""
        rows = sample(TRAIN_SAMPLE, len(blocks), self._config.seed, "evaluation blocks")
        reader = Reader(self._config, blocks, self._masker)
        loss = measure(self._objective, reader, rows, told=self._share.add).loss
        return {"final_train_loss": loss, "train_blocks_measured": len(rows)}

    def _sums(self, blocks: "Blocks", rows: Any) -> list[Sums]:
        """Return the sums for each mask seed; a causal model needs one."""
        reader = Reader(self._config, blocks, self._masker)
        return [
            measure(self._objective, reader, rows, seed, told=self._share.add)
            for seed in range(_masks(self._config))
        ]

    def _pseudo(self, blocks: "Blocks") -> dict[str, Any]:
        rows = sample(self._config.pseudo_blocks, len(blocks), self._config.seed, "pseudo blocks")
        mask = self._tokenizer.mask_token_id
        total = torch.zeros(5, dtype=torch.float64)
        for block in torch.from_numpy(blocks[rows]):
            total += pseudo(self._objective, block, mask)
            self._share.add(len(block))
        loss = Sums(*total.tolist()).loss
        found = {"perplexity": perplexity(loss), **_by_text(loss, blocks), "blocks": len(rows)}
        return {f"pseudo_{name}": value for name, value in found.items()}


def _means(sums: list[Sums]) -> dict[str, Any]:
    """Return the means over all targets, and the spread over mask seeds where there are many."""
    all_targets = Sums.joined(sums)
    found = {
        "loss": all_targets.loss,
        "perplexity": perplexity(all_targets.loss),
        "perplexity_without_unk": perplexity(all_targets.known_loss),
        "accuracy": all_targets.accuracy,
    }
    if len(sums) > 1:
        found["perplexity_spread"] = _spread([perplexity(s.loss) for s in sums if s.targets])
    return found


def _spread(perplexities: list[float]) -> float:
    """Return the standard deviation: NaN of fewer than two, infinite where one of them is."""
    if len(perplexities) < 2:
        return math.nan
    return statistics.stdev(perplexities) if all(map(math.isfinite, perplexities)) else math.inf


def _by_text(loss: float, blocks: "Blocks") -> dict[str, Any]:
    """Return the loss by words and bytes; tokens without a prediction count as the mean one."""
    nats = loss * blocks.tokens
    return {
        "perplexity_per_word": perplexity(mean(nats, blocks.words)),
        "bits_per_byte": mean(nats / math.log(2), blocks.bytes),
    }


def _course(run: Run[LanguageConfig]) -> dict[str, Any]:
    """Return how the training went: its counters, and the losses at the end of each epoch."""
    state, metrics = run.checkpoint().state, run.metrics
    ends = metrics[(metrics["epoch"] % 1 == 0) | (metrics.index == metrics.index[-1])]
    columns = ends[["epoch", "train_loss", "valid_loss"]].to_dict("records")
    last = metrics.iloc[-1]
    found = {
        "steps": int(metrics.index[-1]),
        "epoch": last["epoch"],
        "tokens": int(last["tokens"]),
        "precision": state["precision"]["kind"],
        "epochs": [{name: _plain(value) for name, value in row.items()} for row in columns],
    }
    if empty := state.get("without_targets", 0):
        found["steps_without_target"] = empty
    return found


def _overlaps(config: LanguageConfig, with_test: bool) -> dict[str, Any]:
    """Return how much of what is measured on is in the training text, too."""
    splits = corpus.load(config)
    others = {"valid": splits.valid} | ({"test": splits.test} if with_test else {})
    found: dict[str, Any] = {}
    for name, text in others.items():
        assert text is not None
        shared = overlap(splits.train, text)
        found[f"{name}_lines_in_train"] = shared.lines if shared else None
        found[f"{name}_in_train_share"] = shared.share if shared else math.nan
    return found


def _counted(config: LanguageConfig, texts: data.Data, vocabulary: int) -> dict[str, Any]:
    """Return what counting reaches; for a masked model only single tokens are comparable."""
    if texts.train.ids.size > _COUNTED:
        return {}
    found = yardsticks.count(texts.train.ids, texts.valid.ids, vocabulary)
    if config.objective == "masked":
        found = {"unigram": found["unigram"]}
    return {f"{name}_perplexity": value for name, value in found.items()}


def _plain(value: Any) -> Any:
    """Return a plain JSON value, None for a number that is not finite."""
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
