"""How much of the texts a run measures: all of them, or as much as `evaluation_share` allows.

Measuring takes the softmax over the whole vocabulary, which a training with a sampled output layer
does not: a short training on a long text would be measured for longer than it learned. So where
`max_seconds` limits a training, all that it measures takes at most a share of the operations of its
steps. What has to go then: the whole text at the end of each epoch, all masks but one, and blocks.
A sample of them is drawn once from the seed, and what is measured on it has a standard error.

The clock has no part in this: it follows from the config, the number of steps and the texts.
"""

import math
from dataclasses import dataclass

from ..config import LanguageConfig

__all__ = [
    "COUNTED_TOKENS",
    "EVALUATED_NATS",
    "EXAMPLE_TOKENS",
    "TRAIN_SAMPLE",
    "EvaluationPlan",
    "can_mix_counts",
    "plan_evaluations",
    "training_operations",
]

TRAIN_SAMPLE = 200
"""Train blocks on which the exact training loss is measured, at most."""
EXAMPLE_TOKENS = 32_768
"""Validation tokens whose loss is drawn against their frequency, at most."""
COUNTED_TOKENS = 20_000_000
"""Training tokens up to which n-grams are counted."""
EVALUATED_NATS = "evaluation.valid"
"""The array of a checkpoint with the loss of each target that was just evaluated."""
_MOST_MIXED_TOKENS = 4_000_000
"""Measured tokens up to which each loss is kept, so that counts can be mixed in."""
_TUNING_BLOCKS = 100
"""Train blocks by which the weight of counts is chosen, at most."""
_FEWEST_BLOCKS = 8
"""Of each text, whatever is allowed."""
_UNNOTABLE_OPERATIONS = 3e11
"""Operations of measuring that are always allowed: a few seconds on any machine."""


@dataclass(frozen=True)
class EvaluationPlan:
    """How many blocks are measured.

    Attributes:
        is_limited: whether it is less than all, because all would take too long.
        valid: of the validation text, at each evaluation on the way.
        train: of the training text, likewise.
        epochs: whether all of the validation text is measured at the end of each epoch.
        masks: how many fixed masks the finished model is measured over; 1 of a causal one.
        final_valid: of the validation text, of the finished model.
        final_test: of the test text, of the finished model; 0 where it is not measured.
        examples: blocks of the validation text whose tokens' losses figures show.
        tuning: train blocks by which the weight of counts is chosen; 0 of a masked model.
        blocks_on_the_way: all that evaluations read while the model learns, masks counted.
        final_blocks: all that is read of the finished model.
    """

    is_limited: bool
    valid: int
    train: int
    epochs: bool
    masks: int
    final_valid: int
    final_test: int
    examples: int
    tuning: int
    blocks_on_the_way: int
    final_blocks: int


def can_mix_counts(config: LanguageConfig, tokens: float) -> bool:
    """Return whether counts are mixed into what is measured on so many tokens."""
    return config.objective == "causal" and tokens <= _MOST_MIXED_TOKENS


def plan_evaluations(
    config: LanguageConfig, steps: int, train: int, valid: int, test: int = 0
) -> EvaluationPlan:
    """Return how much a run measures.

    Args:
        config: `evaluation_share` limits it where `max_seconds` limits the training.
        steps: optimizer steps of the training.
        train: blocks that are learned from.
        valid: blocks of the validation text.
        test: blocks of the test text, 0 without it.
    """
    tuning = min(_TUNING_BLOCKS, train // 10) if config.objective == "causal" else 0
    passes = steps * config.batch_size / train
    evaluations = 1 + steps // (config.evaluate_every or steps + 1) + math.floor(passes)
    whole = _plan(
        evaluations,
        is_limited=False,
        valid=min(config.evaluation_blocks or valid, valid),
        train=min(TRAIN_SAMPLE, train),
        whole_epochs=math.floor(passes) if config.evaluate_epochs else None,
        masks=config.mask_count,
        final=(valid, test),
        examples=max(1, EXAMPLE_TOKENS // config.block_size),
        tuning=tuning,
        text_blocks=valid,
    )
    if config.max_seconds is None or config.evaluation_share is None:
        return whole
    allowed = max(
        _UNNOTABLE_OPERATIONS,
        config.evaluation_share
        * training_operations(config, steps * config.batch_size * config.block_size),
    )
    blocks = int(allowed / _measuring_operations(config))
    if whole.blocks_on_the_way + whole.final_blocks <= blocks:
        return whole
    # Half for the curves, a quarter of which for the training text; what they leave is the end's.
    each = max(_FEWEST_BLOCKS, blocks // 2 // evaluations)
    few_train = min(whole.train, max(_FEWEST_BLOCKS, each // 4))
    few_valid = min(whole.valid, max(_FEWEST_BLOCKS, each - few_train))
    left = max(0, blocks - evaluations * (few_train + few_valid))
    examples = min(whole.examples, max(_FEWEST_BLOCKS, left // 4))
    tuning = min(tuning, max(_FEWEST_BLOCKS, left // 4))
    left = max(0, left - examples - tuning)
    final_test = min(test, max(_FEWEST_BLOCKS, left // 2)) if test else 0
    return _plan(
        evaluations,
        is_limited=True,
        valid=few_valid,
        train=few_train,
        whole_epochs=None,
        masks=1,
        final=(min(valid, few_valid + max(0, left - final_test)), final_test),
        examples=examples,
        tuning=tuning,
        text_blocks=valid,
    )


def _plan(
    evaluations: int,
    *,
    is_limited: bool,
    valid: int,
    train: int,
    whole_epochs: int | None,
    masks: int,
    final: tuple[int, int],
    examples: int,
    tuning: int,
    text_blocks: int,
) -> EvaluationPlan:
    """Return a plan; of what the last evaluation has measured, nothing is measured again."""
    known = valid if is_limited or valid == final[0] else 0
    return EvaluationPlan(
        is_limited=is_limited,
        valid=valid,
        train=train,
        epochs=whole_epochs is not None,
        masks=masks,
        final_valid=final[0],
        final_test=final[1],
        examples=examples,
        tuning=tuning,
        blocks_on_the_way=evaluations * (valid + train) + (whole_epochs or 0) * masks * text_blocks,
        final_blocks=masks * (final[0] + final[1]) - known + examples + tuning,
    )


def training_operations(config: LanguageConfig, tokens: float) -> float:
    """Return about how many operations it takes to learn from some tokens.

    Those of the matrix products: forward, and twice that backward.
    """
    rows = config.negatives if config.head == "sampled" else config.vocabulary_rows
    share = _target_share(config, config.train_mask_probability or config.mask_probability)
    return 6.0 * (config.layer_parameter_count + share * rows * config.width) * tokens


def _measuring_operations(config: LanguageConfig) -> float:
    """Return about how many operations it takes to measure a block, by the whole softmax."""
    share = _target_share(config, config.mask_probability)
    token = 2.0 * (config.layer_parameter_count + share * config.vocabulary_rows * config.width)
    return token * config.block_size


def _target_share(config: LanguageConfig, mask_probability: float) -> float:
    """Return the share of the tokens that are predicted."""
    return mask_probability if config.objective == "masked" else 1.0
