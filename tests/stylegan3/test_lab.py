"""The lab as the bench sees it: the numbers and pictures of a finished run."""

import subprocess
import sys
from itertools import pairwise

import pytest

from epoque.bench.figures.plot import encode_png, figure_style
from epoque.bench.runs.run import Run
from epoque.cli import main
from epoque.stylegan3.config import ANALYSIS_ONLY
from epoque.stylegan3.figures import _choose_steps, figures
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.training.evaluate import evaluate


def test_the_numbers_of_a_run(finished_run: Run) -> None:
    found = evaluate(finished_run)
    assert dict(found) == dict(finished_run.results)
    assert (found["steps"], found["final_kimg"], found["image_resolution"]) == (3, 0.012, 16)
    assert found["final_gap"] == abs(found["final_score_real"] - found["final_score_fake"])
    last = finished_run.metrics.iloc[-1]
    assert found["final_loss_d"] == last["loss_d"]
    assert found["generator_parameters"] > 1000
    assert LAB.score in found
    assert LAB.measure_progress(finished_run.config, 1, {}) == (1, 3)


def test_a_training_shows_no_settings_of_an_analysis(
    finished_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    ignored = finished_run.config.ignored_settings()
    assert {*ANALYSIS_ONLY, "style_mixing", "metrics_every"} <= ignored
    assert ignored.isdisjoint({"cfg", "data", "kimg", "task"})
    with pytest.raises(SystemExit):
        main(["runs", "show", str(finished_run.path)])
    settings = capsys.readouterr().out.partition("\ntimings")[0]
    assert "  kimg " in settings
    assert all(f"  {name} " not in settings for name in ignored)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_pictures_of_a_run(finished_run: Run, language: str) -> None:
    with figure_style():
        drawn = {name: encode_png(of()) for name, of in figures(finished_run, language).items()}
    assert set(drawn) == {"samples", "history", "losses", "scores", "augmentation"}
    assert all(len(data) > 5000 for data in drawn.values())


def test_moments_begin_close_together() -> None:
    assert _choose_steps([0, 5, 9]) == [0, 5, 9]
    chosen = _choose_steps(list(range(0, 510, 10)))
    assert (chosen[0], chosen[-1], len(chosen)) == (0, 500, 6)
    gaps = [b - a for a, b in pairwise(chosen)]
    assert gaps == sorted(gaps)


def test_what_reads_runs_needs_no_engine() -> None:
    code = (
        "import sys; from epoque.stylegan3.lab import LAB; LAB.config_class; "
        "import epoque.stylegan3.figures; print([m for m in ('torch', 'jax') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
