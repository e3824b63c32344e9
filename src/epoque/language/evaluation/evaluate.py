"""The numbers of a finished run."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.events import Checkpoint
from epoque.bench.progress import Progress, no_progress
from epoque.bench.runs.run import Run
from epoque.bench.system.memory import explain_out_of_memory
from epoque.bench.torch import threads

from ..config import LanguageConfig
from ..data.batches import BatchSampler
from ..data.corpus import load_splits
from ..data.overlap import measure_overlap
from ..data.tokenized_corpus import TokenizedCorpus, load_corpus
from ..hub.roundtrip import check_roundtrip
from ..training.checkpoint import restore_model
from ..training.model_with_loss import ModelWithLoss
from ..training.resources import choose_threads
from .count_mixture import CountMixture, count_probabilities, count_triples, fit_weight
from .evaluation_plan import COUNTED_TOKENS, EVALUATED_NATS, EvaluationPlan, plan_evaluations
from .exact_loss import LossSums, find_unknown_ids
from .missing_results import explain_missing
from .ngram_baselines import measure_baselines
from .split_evaluator import MeasuringProgress, SplitEvaluator

__all__ = ["evaluate"]

EPOCH_LOSSES = ("train_loss", "valid_loss", "whole_valid_loss")
MOST_EPOCHS = 10
"""The epochs whose losses are results of their own, so that a sweep's table holds them."""


def evaluate(run: Run[LanguageConfig], progress: Progress | None = None) -> Mapping[str, Any]:
    """Return the numbers of a finished run, all by the exact softmax, and over all blocks.

    Where `evaluation_share` allows less, they are over a sample of `valid_blocks_measured` blocks
    (`test_blocks_measured`), of a masked model with one mask, and the loss and the perplexity have
    a standard error: `final_valid_loss_error`, `perplexity_error`. What the training's last
    evaluation has measured of the same weights is not measured again.

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
    losses at each epoch's end, as measured on the way; `valid_loss_epoch_1`, … the first ten of
    those over all of the validation text. `train_blocks`, `train_lines`: what was learned from, and
    how many lines the whole training text has, as `valid_lines` of the validation text; blank ones
    count. `unigram_perplexity`, …: what n-gram counts reach on the same validation tokens.
    `perplexity_with_counts`: of a causal model mixed with counted triples, whose share is
    `counts_weight` (`epoque.language.evaluation.count_mixture`); `counts_weight_unread` says
    whether it was chosen on text that the training had not read.
    `saved_…`, `reopened_…`: what a push to the Hub would send, and how transformers opens it
    (`epoque.language.hub.roundtrip`).
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
    checkpoint = run.checkpoint()
    plan = _plan(config, corpus, checkpoint.state.get("allowed_steps"))
    evaluator = SplitEvaluator(
        config,
        model_with_loss,
        tokenizer,
        plan,
        MeasuringProgress(config, plan, corpus, progress),
    )
    if not config.patience:  # with it, the weights that are kept may be older ones
        evaluator.recall(*_last_evaluation(checkpoint))
    mixture = _mix_counts(config, plan, corpus, evaluator, checkpoint.state["seen"])
    results: dict[str, Any] = {"parameters": sum(p.numel() for p in model.parameters())}
    results |= _training_course(run)
    results |= {"train_blocks": len(corpus.train), **_count_lines(config, corpus)}
    results |= evaluator.measure_split(corpus.valid, "", mixture)
    if corpus.test is not None:
        results |= evaluator.measure_split(corpus.test, "test_", mixture)
    results |= evaluator.measure_train_loss(corpus.train)
    results |= _baselines(config, corpus, len(tokenizer), mixture)
    results |= _overlaps(config, corpus.test is not None)
    results |= {f"corpus_{name}": value for name, value in corpus.source.items()}
    missing = explain_missing(results)
    results = {name: _plain(value) for name, value in results.items()}
    if missing:
        results["not_measured"] = missing
    ids = torch.from_numpy(corpus.valid[0])
    return results | check_roundtrip(run, model, tokenizer, ids, results)


def _plan(
    config: LanguageConfig, corpus: TokenizedCorpus, affordable_steps: int | None
) -> EvaluationPlan:
    steps = BatchSampler(config, len(corpus.train)).total_steps
    test = len(corpus.test) if corpus.test is not None else 0
    counts = len(corpus.train), len(corpus.valid), test
    return plan_evaluations(config, min(steps, affordable_steps or steps), *counts)


def _last_evaluation(
    checkpoint: Checkpoint,
) -> tuple[dict[str, LossSums], NDArray[np.float32] | None]:
    """Return what the training's last evaluation measured, as `SplitEvaluator.recall` takes it."""
    sums = checkpoint.state.get("evaluation", {})
    nats = checkpoint.arrays.get(EVALUATED_NATS)
    return {name: LossSums(*values) for name, values in sums.items()}, nats


def _mix_counts(
    config: LanguageConfig,
    plan: EvaluationPlan,
    corpus: TokenizedCorpus,
    evaluator: SplitEvaluator,
    blocks_read: int,
) -> CountMixture | None:
    """Return counts of the training text, with the weight that makes held-out blocks likeliest.

    The blocks are some that the training has not read; where it has read all, those that it began
    with, which only the counts then leave out. None where nothing is counted.
    """
    train = corpus.train
    if not plan.tuning or train.ids.size > COUNTED_TOKENS:
        return None
    sampler = BatchSampler(config, len(train))
    unread = sampler.unread_blocks(blocks_read)
    is_unread = len(unread) >= plan.tuning
    rows = np.sort(unread[-plan.tuning :] if is_unread else sampler.first_blocks(plan.tuning))
    vocabulary = len(corpus.tokenizer)
    counted = count_probabilities(count_triples(train, vocabulary, without=rows), train, rows)
    nats = evaluator.measure_token_nats(train, rows)
    has_target = ~np.isnan(nats)
    weight = fit_weight(np.exp(-nats[has_target].astype(np.float64)), counted[has_target])
    return CountMixture(count_triples(train, vocabulary), weight, is_unread)


def _training_course(run: Run[LanguageConfig]) -> dict[str, Any]:
    """Return how the training went: its counters, and the losses at the end of each epoch."""
    state, metrics = run.checkpoint().state, run.metrics
    ends = metrics[(metrics["epoch"] % 1 == 0) | (metrics.index == metrics.index[-1])]
    names = [name for name in ("epoch", *EPOCH_LOSSES) if name in ends]
    columns = ends[names].to_dict("records")
    last = metrics.iloc[-1]
    results = {
        "steps": int(metrics.index[-1]),
        "epoch": last["epoch"],
        "tokens": int(last["tokens"]),
        "precision": state["precision"]["kind"],
        "epochs": [{name: _plain(value) for name, value in row.items()} for row in columns],
    }
    for row in columns:
        number = row["epoch"]
        if number in range(1, MOST_EPOCHS + 1) and "whole_valid_loss" in row:
            results[f"valid_loss_epoch_{number:.0f}"] = row["whole_valid_loss"]
    if empty := state.get("without_targets", 0):
        results["steps_without_target"] = empty
    return results


def _count_lines(config: LanguageConfig, corpus: TokenizedCorpus) -> dict[str, int]:
    """Return how many lines or rows the two texts have, blank ones included; not of long texts."""
    if corpus.train.tokens > COUNTED_TOKENS:
        return {}
    splits = load_splits(config)
    return {
        "train_lines": sum(1 for _ in splits.train),
        "valid_lines": sum(1 for _ in splits.valid),
    }


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
    config: LanguageConfig, corpus: TokenizedCorpus, vocabulary: int, mixture: CountMixture | None
) -> dict[str, float]:
    """Return what n-gram counts reach; for a masked model only single tokens are comparable."""
    if corpus.train.ids.size > COUNTED_TOKENS:
        return {}
    triples = mixture.counts if mixture else None
    perplexities = measure_baselines(corpus.train.ids, corpus.valid.ids, vocabulary, triples)
    if config.objective == "masked":
        perplexities = {"unigram": perplexities["unigram"]}
    return {f"{name}_perplexity": value for name, value in perplexities.items()}


def _plain(value: Any) -> Any:
    """Return a plain JSON value, None for a number that is not finite."""
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
