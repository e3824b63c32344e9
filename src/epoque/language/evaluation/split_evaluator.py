"""What a model's losses are on the blocks of a split, all of them or a sample."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.progress import Progress

from ..config import LanguageConfig
from ..data.batches import Batch, BlockDataset
from ..data.blocks import Blocks
from ..data.masking import Masker
from ..data.tokenized_corpus import TokenizedCorpus, sample_more_rows, sample_rows
from ..models.output_losses import IGNORE_INDEX
from ..purposes import Purpose
from ..training.model_with_loss import ModelWithLoss
from .count_mixture import CountMixture, count_probabilities
from .evaluation_plan import COUNTED_TOKENS, EvaluationPlan, can_mix_counts
from .exact_loss import LossSums, mean_or_nan, measure_batch, measure_loss, to_perplexity

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["MeasuringProgress", "SplitEvaluator", "sum_pseudo_losses"]


def sum_pseudo_losses(model: ModelWithLoss, ids: torch.Tensor, mask_id: int) -> torch.Tensor:
    """Return the sums of a block in which each token is masked in turn [9], see `LossSums`.

    Args:
        model: a masked one, in evaluation mode.
        ids: the block's tokens [T].
        mask_id: the id of the mask token.
    """
    length = len(ids)
    input_ids = ids.repeat(length, 1).fill_diagonal_(mask_id)  # T copies, the i-th without token i
    targets = torch.full_like(input_ids, IGNORE_INDEX)
    targets.diagonal().copy_(ids)
    sums, _ = measure_batch(model, Batch(input_ids, targets))
    return sums


class MeasuringProgress:
    """How much of the measuring is done, in blocks that the model reads."""

    def __init__(
        self,
        config: LanguageConfig,
        plan: EvaluationPlan,
        corpus: TokenizedCorpus,
        progress: Progress,
    ) -> None:
        self._progress, self._done = progress, 0
        splits = [corpus.valid] if corpus.test is None else [corpus.valid, corpus.test]
        self._total = plan.train + plan.masks * (plan.final_valid + plan.final_test)
        for blocks in splits:
            self._total += min(config.pseudo_blocks, len(blocks)) * config.block_size
        if corpus.train.ids.size <= COUNTED_TOKENS:
            self._total += plan.tuning

    def add(self, blocks: int) -> None:
        """Note that so many more have been read."""
        self._done += blocks
        self._progress(min(self._done, self._total), self._total, "measuring")


class SplitEvaluator:
    """Measures a model on the blocks of a corpus, as much of them as is planned."""

    def __init__(
        self,
        config: LanguageConfig,
        model: ModelWithLoss,
        tokenizer: "PreTrainedTokenizerFast",
        plan: EvaluationPlan,
        progress: MeasuringProgress,
    ) -> None:
        """Begin.

        Args:
            config: of the run.
            model: in evaluation mode.
            tokenizer: its tokenizer.
            plan: how much is measured.
            progress: is told of each measured block.
        """
        self._config, self._model, self._tokenizer = config, model, tokenizer
        self._plan, self._progress = plan, progress
        self._known_sums: Mapping[str, LossSums] = {}
        self._known_nats: NDArray[np.float32] | None = None
        self._masker = Masker(config, tokenizer) if config.objective == "masked" else None

    def recall(self, sums: Mapping[str, LossSums], nats: NDArray[np.float32] | None) -> None:
        """Take what was measured of the same weights before, so that it is not measured again.

        Args:
            sums: of `plan.valid` blocks, "valid", and `plan.train`, "train", with the first mask.
            nats: the loss of each target of the former, [blocks, T]; None if they were not kept.
        """
        self._known_sums, self._known_nats = sums, nats

    def measure_split(
        self, blocks: Blocks, prefix: str, mixture: CountMixture | None = None
    ) -> dict[str, Any]:
        """Return the results of a split, their names with a prefix.

        Args:
            blocks: the split.
            prefix: "" for the validation text, "test_" for the test text.
            mixture: counts that are mixed in, for results of their own.
        """
        count = self._plan.final_test if prefix else self._plan.final_valid
        keep_nats, is_sample = mixture is not None, count < len(blocks)
        if self._plan.is_limited:
            parts = self._measure_sample(blocks, prefix, count, keep_nats)
        else:
            parts = self._measure_all(blocks, prefix, keep_nats)
        results = _means([part.sums for part in parts], are_masks=not self._plan.is_limited)
        if is_sample:
            total = LossSums.total([part.sums for part in parts])
            results |= _errors(total, len(blocks)) | {"blocks_measured": count}
        if mixture is not None and can_mix_counts(self._config, count * blocks.block_size):
            results |= _measure_mixture(mixture, blocks, parts, is_sample)
        results["blocks"] = len(blocks)
        results["targets"] = sum(int(part.sums.targets) for part in parts)
        if self._masker is None:
            results |= _by_text(results["loss"], blocks)
        elif self._config.pseudo_blocks:
            results |= self._measure_pseudo(blocks)
        first = prefix or "valid_"
        names = {"loss": f"final_{first}loss", "loss_error": f"final_{first}loss_error"}
        names |= {name: first + name for name in ("blocks", "targets", "blocks_measured")}
        names |= {name: name for name in ("counts_weight", "counts_weight_unread")}
        return {names.get(name, prefix + name): value for name, value in results.items()}

    def measure_train_loss(self, blocks: Blocks) -> dict[str, Any]:
        """Return the loss on the train blocks that were measured on the way, too."""
        count = self._plan.train
        sums = self._known_sums.get("train")
        if sums is None:
            seed = self._config.seed
            rows = sample_rows(count, len(blocks), seed, Purpose.EVALUATION_BLOCKS)
            sums = self._measure(blocks, rows).sums
        else:
            self._progress.add(count)
        return {"final_train_loss": sums.loss, "train_blocks_measured": count}

    def measure_token_nats(self, blocks: Blocks, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the loss of each target of some blocks [N, T] in nats, NaN where there is none."""
        nats = self._measure(blocks, rows, keep_nats=True).nats
        assert nats is not None
        return nats

    def _measure_all(self, blocks: Blocks, prefix: str, keep_nats: bool) -> "list[_Part]":
        """Return a whole split, measured with each mask."""
        rows = np.arange(len(blocks))
        is_known = self._plan.valid == len(blocks)
        known = self._recall(prefix, rows, keep_nats) if is_known else None
        parts = [] if known is None else [known]
        masks = range(len(parts), self._config.mask_count)
        return parts + [self._measure(blocks, rows, seed, keep_nats) for seed in masks]

    def _measure_sample(
        self, blocks: Blocks, prefix: str, count: int, keep_nats: bool
    ) -> "list[_Part]":
        """Return a sample of a split, in which all is that was measured on the way."""
        seed = self._config.seed
        first = count if prefix else self._plan.valid
        rows = sample_rows(first, len(blocks), seed, Purpose.EVALUATION_BLOCKS)
        more = sample_more_rows(rows, count, len(blocks), seed)
        known = self._recall(prefix, rows, keep_nats)
        parts = [known or self._measure(blocks, rows, keep_nats=keep_nats)]
        return parts + ([self._measure(blocks, more, keep_nats=keep_nats)] if len(more) else [])

    def _recall(self, prefix: str, rows: NDArray[np.int64], keep_nats: bool) -> "_Part | None":
        """Return what was measured before of these blocks, if it was, and as it is asked for."""
        sums, nats = self._known_sums.get("valid"), self._known_nats
        if prefix or sums is None or (keep_nats and nats is None):
            return None
        self._progress.add(len(rows))
        return _Part(rows, sums, nats)

    def _measure(
        self, blocks: Blocks, rows: NDArray[np.int64], seed: int = 0, keep_nats: bool = False
    ) -> "_Part":
        dataset = BlockDataset(self._config, blocks, self._masker)
        nats: list[NDArray[np.float32]] | None = [] if keep_nats else None
        sums = measure_loss(
            self._model, dataset, rows, seed, on_blocks=self._progress.add, token_nats=nats
        )
        return _Part(rows, sums, np.concatenate(nats) if nats else None)

    def _measure_pseudo(self, blocks: Blocks) -> dict[str, Any]:
        count, seed = self._config.pseudo_blocks, self._config.seed
        rows = sample_rows(count, len(blocks), seed, Purpose.PSEUDO_PERPLEXITY_BLOCKS)
        total = torch.zeros(len(LossSums._fields), dtype=torch.float64)
        for block in torch.from_numpy(blocks[rows]):
            total += sum_pseudo_losses(self._model, block, int(self._tokenizer.mask_token_id))
            self._progress.add(len(block))
        loss = LossSums(*total.tolist()).loss
        results = {"perplexity": to_perplexity(loss), **_by_text(loss, blocks), "blocks": len(rows)}
        return {f"pseudo_{name}": value for name, value in results.items()}


@dataclass(frozen=True)
class _Part:
    """What was measured of some blocks.

    Attributes:
        rows: their numbers [N].
        sums: over them.
        nats: the loss of each target [N, T], NaN where there is none; None if it was not kept.
    """

    rows: NDArray[np.int64]
    sums: LossSums
    nats: NDArray[np.float32] | None


def _measure_mixture(
    mixture: CountMixture, blocks: Blocks, parts: list[_Part], is_sample: bool
) -> dict[str, Any]:
    """Return the perplexity of a network and counts together."""
    losses = []
    for part in parts:
        assert part.nats is not None
        network = np.exp(-part.nats.astype(np.float64))
        counted = count_probabilities(mixture.counts, blocks, part.rows)
        losses.append(-np.log((1 - mixture.weight) * network + mixture.weight * counted))
    sums = LossSums.of_blocks(np.concatenate(losses))
    results: dict[str, Any] = {"perplexity_with_counts": to_perplexity(sums.loss)}
    if is_sample:
        error = sums.standard_error(len(blocks)) * to_perplexity(sums.loss)
        results["perplexity_with_counts_error"] = error
    return results | {
        "counts_weight": mixture.weight,
        "counts_weight_unread": mixture.is_unread,
    }


def _means(sums: list[LossSums], are_masks: bool) -> dict[str, float]:
    """Return the means over all targets, and the spread where each is of another mask."""
    all_targets = LossSums.total(sums)
    results = {
        "loss": all_targets.loss,
        "perplexity": to_perplexity(all_targets.loss),
        "perplexity_without_unk": to_perplexity(all_targets.known_loss),
        "accuracy": all_targets.accuracy,
    }
    if are_masks and len(sums) > 1:
        results["perplexity_spread"] = _spread([to_perplexity(s.loss) for s in sums if s.targets])
    return results


def _errors(sums: LossSums, of: int) -> dict[str, float]:
    """Return the standard errors of the loss and of its perplexity, e^L times the loss's."""
    error = sums.standard_error(of)
    return {"loss_error": error, "perplexity_error": error * to_perplexity(sums.loss)}


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
