"""How much a run measures: all of the text, or what its time allows."""

import dataclasses
from typing import Any

import pytest

from epoque.language.config import LanguageConfig
from epoque.language.evaluation import evaluation_plan
from epoque.language.evaluation.evaluation_plan import EvaluationPlan, plan_evaluations

LAPTOP: dict[str, Any] = {
    "vocabulary": 25_000, "negatives": 512, "batch_size": 8, "epochs": 20.0, "max_seconds": 240.0,
    "evaluate_every": 1000, "evaluation_blocks": 200,
}  # fmt: skip
TRAIN, VALID = 17_233, 1_779
"""Blocks of WikiText-2."""


def share_of_training(config: LanguageConfig, steps: int, plan: EvaluationPlan) -> float:
    """Return the operations of the measuring beside those of the steps."""
    blocks = plan.blocks_on_the_way + plan.final_blocks
    measuring = blocks * evaluation_plan._measuring_operations(config)
    tokens = steps * config.batch_size * config.block_size
    return measuring / evaluation_plan.training_operations(config, tokens)


@pytest.mark.parametrize("steps", [50, 100, 400, 1500, 6000])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"evaluation_blocks": None},
        {"evaluate_every": None, "negatives": 8192},
        {"evaluate_every": 20},
        {"objective": "masked", "train_mask_probability": 0.4},
    ],
)
def test_all_measuring_takes_a_share_of_the_training(steps: int, changes: dict[str, Any]) -> None:
    config = LanguageConfig(**LAPTOP | changes)
    for test in (0, 2_000):
        plan = plan_evaluations(config, steps, TRAIN, VALID, test)
        assert share_of_training(config, steps, plan) < 0.32
        assert 8 <= plan.valid <= plan.final_valid <= VALID
        assert (plan.final_test >= 8) == bool(test)


def test_what_takes_no_time_is_measured_whole() -> None:
    plan = plan_evaluations(LanguageConfig(**LAPTOP), 100_000, TRAIN, VALID)
    assert (plan.valid, plan.train, plan.final_valid) == (200, 200, VALID)
    assert plan.epochs
    small = LanguageConfig(vocabulary=300, width=16, heads=2, layers=1, max_seconds=1.0)
    assert plan_evaluations(small, 1, 300, 40).final_valid == 40


@pytest.mark.parametrize("changes", [{"max_seconds": None}, {"evaluation_share": None}])
def test_without_a_limit_all_is_measured(changes: dict[str, Any]) -> None:
    config = LanguageConfig(**LAPTOP | changes)
    for objective, masks in (("causal", 1), ("masked", 3)):
        plan = plan_evaluations(config.replace(objective=objective), 5, TRAIN, VALID, 7)
        assert (plan.valid, plan.final_valid, plan.final_test, plan.masks) == (200, VALID, 7, masks)


def test_no_clock_has_a_part_in_it() -> None:
    config = LanguageConfig(**LAPTOP)
    longer = config.replace(max_seconds=1e6)
    assert dataclasses.astuple(plan_evaluations(config, 60, TRAIN, VALID)) == dataclasses.astuple(
        plan_evaluations(longer, 60, TRAIN, VALID)
    )
