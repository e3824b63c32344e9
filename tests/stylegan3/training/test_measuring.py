"""Measures on the way of a training, and their curve."""

import math

import pytest

from epoque.bench.errors import ConfigError
from epoque.bench.plot import house_style
from epoque.bench.run import Run
from epoque.bench.runner import execute, start
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.lab import LAB


def _run(config, tmp_path):
    run = start(LAB, config, "test", tmp_path)
    execute(run, (), draw=False)
    return Run(run.path)


def test_measures_are_taken_and_drawn(tiny, tmp_path):
    asked = {"metrics": ("pfd", "swd"), "metrics_every": 2, "metrics_images": 20, "log_every": 3}
    run = _run(tiny(5, **asked), tmp_path / "a")
    known = run.metrics
    assert {at for at, value in known["pfd"].items() if not math.isnan(value)} == {2, 4, 5}
    assert (known["swd"].dropna() > 0).all()
    assert run.results["pfd"] == known["pfd"][5]
    plain = _run(tiny(5, log_every=3), tmp_path / "b").metrics
    assert "pfd" not in plain
    assert (plain["loss_g"] == known["loss_g"].dropna()).all()  # the training is the same
    with house_style():
        draws = run.lab.figures(run)
        assert draws["measure"]().axes[0].get_title(loc="left")


def test_settings_of_measures_need_measures():
    with pytest.raises(ConfigError, match="metrics_images: it would be ignored; it needs metrics"):
        StyleGan3Config.parse({"metrics_images": 30})
