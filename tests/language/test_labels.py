"""Every metric and result of this lab has a learner's words."""

from collections.abc import Callable
from typing import Any

import pytest
from unlabeled import find_unlabeled

from epoque.bench.runs.run import Run


@pytest.mark.parametrize(
    "settings",
    [{}, {"objective": "masked", "mask_seeds": 4, "pseudo_blocks": 2}, {"head": "sampled"}],
    ids=str,
)
def test_its_metrics_and_results_have_words(
    train_run: Callable[..., Run], settings: dict[str, Any]
) -> None:
    assert find_unlabeled(train_run(**settings)) == []
