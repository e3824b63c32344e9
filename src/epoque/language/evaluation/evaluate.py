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
from ..data.batches import Batch, BlockDataset
from ..data.blocks import Blocks
from ..data.corpus import load_splits
from ..data.masking import Masker
from ..data.overlap import measure_overlap
from ..data.tokenized_corpus import TRAIN_SAMPLE, TokenizedCorpus, load_corpus, sample_rows
from ..hub.roundtrip import check_roundtrip
from ..models.output_losses import IGNORE_INDEX
from ..purposes import Purpose
from ..training.checkpoint import restore_model
from ..training.model_with_loss import ModelWithLoss
from ..training.resources import choose_threads
from .exact_loss import (
    LossSums,
    find_unknown_ids,
    mean_or_nan,
    measure_loss,
    sum_losses,
    to_perplexity,
)
from .missing_results import explain_missing
from .ngram_baselines import measure_baselines

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["evaluate", "sum_pseudo_losses"]

_MOST_BASELINE_TOKENS = 20_000_000
"""Training tokens up to which the n-gram baselines are computed."""


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
    losses at each epoch's end, as measured on the way. `unigram_perplexity`, …: what n-gram
    counts reach on the same validation tokens. `saved_…`, `reopened_…`: what a
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
    message = (
        "Memory ran out while the model was measured; a smaller block_size, layers or width helps."
    )
    with threads.limit_threads(count), explain_out_of_memory(message):
        return _evaluate(run, progress or no_progress)


def _evaluate(run: Run[LanguageConfig], progress: Progress) -> Mapping[str, Any]:
    config = run.config
    model, tokenizer = restore_model(run)
    corpus = load_corpus(config, tokenizer)
    device = "cpu" if config.device == "cpu" or not torch.cuda.is_available() else "cuda"
    model_with_loss = ModelWithLoss(config, model, None, find_unknown_ids(tokenizer))
    model_with_loss = model_with_loss.to(device).eval()
    evaluator = _Evaluator(
        config, model_with_loss, tokenizer, _MeasuringProgress(config, corpus, progress)
    )
    results: dict[str, Any] = {"parameters": sum(p.numel() for p in model.parameters())}
    results |= _training_course(run)
    results |= evaluator.measure_split(corpus.valid, "")
    if corpus.test is not None:
        results |= evaluator.measure_split(corpus.test, "test_")
    results |= evaluator.measure_train_loss(corpus.train)
    results |= _baselines(config, corpus, len(tokenizer))
    results |= _overlaps(config, corpus.test is not None)
    results |= {f"corpus_{name}": value for name, value in corpus.source.items()}
    missing = explain_missing(results)
    results = {name: _plain(value) for name, value in results.items()}
    if missing:
        results["not_measured"] = missing
    ids = torch.from_numpy(corpus.valid[0])
    return results | check_roundtrip(run, model, tokenizer, ids, results)


def sum_pseudo_losses(model: ModelWithLoss, ids: torch.Tensor, mask_id: int) -> torch.Tensor:
    """Return the sums of a block in which each token is masked in turn [5], see `LossSums`.

    Args:
        model: a masked one, in evaluation mode.
        ids: the block's tokens [T].
        mask_id: the id of the mask token.
    """
    length = len(ids)
    input_ids = ids.repeat(length, 1).fill_diagonal_(mask_id)  # T copies, the i-th without token i
    targets = torch.full_like(input_ids, IGNORE_INDEX)
    targets.diagonal().copy_(ids)
    return sum_losses(model, Batch(input_ids, targets))


class _MeasuringProgress:
    """How much of the measuring is done, in blocks that the model reads."""

    def __init__(self, config: LanguageConfig, corpus: TokenizedCorpus, progress: Progress) -> None:
        self._progress, self._done = progress, 0
        splits = [corpus.valid] if corpus.test is None else [corpus.valid, corpus.test]
        self._total = min(TRAIN_SAMPLE, len(corpus.train))
        for blocks in splits:
            self._total += _mask_count(config) * len(blocks)
            self._total += min(config.pseudo_blocks, len(blocks)) * config.block_size

    def add(self, blocks: int) -> None:
        """Note that so many more have been read."""
        self._done += blocks
        self._progress(min(self._done, self._total), self._total, "measuring")


def _mask_count(config: LanguageConfig) -> int:
    """Return how many times a split is measured; of a causal model, once."""
    return config.mask_seeds if config.objective == "masked" else 1


class _Evaluator:
    """Measures a model on blocks."""

    def __init__(
        self,
        config: LanguageConfig,
        model: ModelWithLoss,
        tokenizer: "PreTrainedTokenizerFast",
        progress: _MeasuringProgress,
    ) -> None:
        self._config, self._model, self._tokenizer = config, model, tokenizer
        self._progress = progress
        self._masker = Masker(config, tokenizer) if config.objective == "masked" else None

    def measure_split(self, blocks: Blocks, prefix: str) -> dict[str, Any]:
        """Return the results of a split, their names with a prefix."""
        dataset, rows = BlockDataset(self._config, blocks, self._masker), np.arange(len(blocks))
        sums = [
            measure_loss(self._model, dataset, rows, seed, on_blocks=self._progress.add)
            for seed in range(_mask_count(self._config))
        ]
        results = _means(sums)
        results |= {"blocks": len(blocks), "targets": sum(int(each.targets) for each in sums)}
        if self._masker is None:
            results |= _by_text(results["loss"], blocks)
        elif self._config.pseudo_blocks:
            results |= self._measure_pseudo(blocks)
        first = prefix or "valid_"
        names = {"loss": f"final_{first}loss", "blocks": f"{first}blocks"}
        names["targets"] = f"{first}targets"
        return {names.get(name, prefix + name): value for name, value in results.items()}

    def measure_train_loss(self, blocks: Blocks) -> dict[str, Any]:
        """Return the loss on the train blocks that were measured on the way, too."""
        seed = self._config.seed
        rows = sample_rows(TRAIN_SAMPLE, len(blocks), seed, Purpose.EVALUATION_BLOCKS)
        dataset = BlockDataset(self._config, blocks, self._masker)
        loss = measure_loss(self._model, dataset, rows, on_blocks=self._progress.add).loss
        return {"final_train_loss": loss, "train_blocks_measured": len(rows)}

    def _measure_pseudo(self, blocks: Blocks) -> dict[str, Any]:
        count, seed = self._config.pseudo_blocks, self._config.seed
        rows = sample_rows(count, len(blocks), seed, Purpose.PSEUDO_PERPLEXITY_BLOCKS)
        total = torch.zeros(5, dtype=torch.float64)
        for block in torch.from_numpy(blocks[rows]):
            total += sum_pseudo_losses(self._model, block, int(self._tokenizer.mask_token_id))
            self._progress.add(len(block))
        loss = LossSums(*total.tolist()).loss
        results = {"perplexity": to_perplexity(loss), **_by_text(loss, blocks), "blocks": len(rows)}
        return {f"pseudo_{name}": value for name, value in results.items()}


def _means(sums: list[LossSums]) -> dict[str, float]:
    """Return the means over all targets, and the spread over mask seeds where there are many."""
    all_targets = LossSums.total(sums)
    results = {
        "loss": all_targets.loss,
        "perplexity": to_perplexity(all_targets.loss),
        "perplexity_without_unk": to_perplexity(all_targets.known_loss),
        "accuracy": all_targets.accuracy,
    }
    if len(sums) > 1:
        results["perplexity_spread"] = _spread([to_perplexity(s.loss) for s in sums if s.targets])
    return results


def _spread(perplexities: list[float]) -> float:
    """Return the standard deviation: NaN of fewer than two, infinite where one of them is."""
    if len(perplexities) < 2:
        return math.nan
    return statistics.stdev(perplexities) if all(map(math.isfinite, perplexities)) else math.inf


def _by_text(loss: float, blocks: Blocks) -> dict[str, float]:
    """Return the loss by words and bytes; tokens without a prediction count as the mean one."""
    nats = loss * blocks.tokens
    return {
        "perplexity_per_word": to_perplexity(mean_or_nan(nats, blocks.words)),
        "bits_per_byte": mean_or_nan(nats / math.log(2), blocks.bytes),
    }


def _training_course(run: Run[LanguageConfig]) -> dict[str, Any]:
    """Return how the training went: its counters, and the losses at the end of each epoch."""
    state, metrics = run.checkpoint().state, run.metrics
    ends = metrics[(metrics["epoch"] % 1 == 0) | (metrics.index == metrics.index[-1])]
    columns = ends[["epoch", "train_loss", "valid_loss"]].to_dict("records")
    last = metrics.iloc[-1]
    results = {
        "steps": int(metrics.index[-1]),
        "epoch": last["epoch"],
        "tokens": int(last["tokens"]),
        "precision": state["precision"]["kind"],
        "epochs": [{name: _plain(value) for name, value in row.items()} for row in columns],
    }
    if empty := state.get("without_targets", 0):
        results["steps_without_target"] = empty
    return results


def _overlaps(config: LanguageConfig, with_test: bool) -> dict[str, Any]:
    """Return how much of what is measured on is in the training text, too."""
    splits = load_splits(config)
    others = {"valid": splits.valid} | ({"test": splits.test} if with_test else {})
    results: dict[str, Any] = {}
    for name, text in others.items():
        assert text is not None
        overlap = measure_overlap(splits.train, text)
        results[f"{name}_lines_in_train"] = overlap.lines if overlap else None
        results[f"{name}_in_train_share"] = overlap.share if overlap else math.nan
    return results


def _baselines(
    config: LanguageConfig, corpus: TokenizedCorpus, vocabulary: int
) -> dict[str, float]:
    """Return what n-gram counts reach; for a masked model only single tokens are comparable."""
    if corpus.train.ids.size > _MOST_BASELINE_TOKENS:
        return {}
    perplexities = measure_baselines(corpus.train.ids, corpus.valid.ids, vocabulary)
    if config.objective == "masked":
        perplexities = {"unigram": perplexities["unigram"]}
    return {f"{name}_perplexity": value for name, value in perplexities.items()}


def _plain(value: Any) -> Any:
    """Return a plain JSON value, None for a number that is not finite."""
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
