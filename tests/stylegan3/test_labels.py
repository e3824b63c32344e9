"""Every metric and result of this lab has a learner's words (of an analysis: `test_analysis`)."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from unlabeled import find_unlabeled

from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.stylegan3.config import Measured, StyleGan3Config
from epoque.stylegan3.lab import LAB


def test_the_metrics_and_results_of_a_training_have_words(
    finished_run: Run, tiny: Callable[..., StyleGan3Config], tmp_path: Path
) -> None:
    with_paths = start(LAB, tiny(2, cfg="stylegan2"), "stylegan3/tiny", tmp_path)
    for run in (finished_run, execute(with_paths, draw=False)):
        assert find_unlabeled(run) == []


def test_what_may_be_measured_has_words() -> None:
    assert set(get_args(Measured)) <= LAB.result_labels.keys()
