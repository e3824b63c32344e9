"""Measures on the way of a training, and their curve."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from epoque.bench.errors import ConfigError, DataError
from epoque.bench.figures.plot import figure_style
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.loading import load_generator
from epoque.stylegan3.measures import official_features
from epoque.stylegan3.measures.equivariance import measure_equivariance
from epoque.stylegan3.training.train import train


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
    with figure_style():
        draws = LAB.figures(run)
        assert draws["measure"]().axes[0].get_title(loc="left")


def _inception_of(means):
    """A stand-in for Inception, which would take minutes: the colours' means and spreads."""

    def opened(told, device):
        assert (Path(told).name, device) == ("weights.pkl", "cpu")

        def features(levels, numbers):
            assert (len(levels), levels.dtype) == (len(numbers), torch.uint8)
            assert len(levels) <= 16
            means.append(levels.float().mean((2, 3)).numpy())
            return np.concatenate((means[-1], levels.float().std((2, 3)).numpy()), 1)

        return features

    return opened


def test_official_measures_and_movements_are_taken(tiny, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(official_features, "load_inception", _inception_of(seen))
    names = ("eq_r", "fid", "kid", "eq_t", "eq_t_frac")
    (tmp_path / "weights.pkl").touch()  # that there is one is checked before the run is made
    asked = {"metrics": names, "inception": str(tmp_path / "weights.pkl"), "metrics_images": 18}
    run = _run(tiny(4, cond=True, metrics_every=2, **asked), tmp_path / "a")
    known = run.metrics[list(names)].dropna()
    assert list(known.index) == [2, 4]
    assert (known["fid"] > 0).all()
    assert (known[["eq_t", "eq_t_frac", "eq_r"]] > 20).all(axis=None)
    assert {name: run.results[name] for name in names} == dict(known.loc[4])
    # 18 generated, 10 real, 18 generated again: of each batch as many as a step computes.
    assert [len(part) for part in seen] == [4, 4, 4, 4, 2, 10, 4, 4, 4, 4, 2]
    plain = _run(tiny(4, cond=True), tmp_path / "b").metrics
    assert (plain["loss_g"] == run.metrics["loss_g"]).all()  # the training is the same
    last = [Run(path).checkpoint().arrays for path in sorted(tmp_path.glob("*/*"))]
    assert all(np.array_equal(last[0][name], last[1][name]) for name in last[0])
    with figure_style():
        axes = LAB.figures(run, "fr")["measure"]().axes[0]
        assert axes.get_ylim()[0] != 0  # decibels


def test_the_movement_measured_is_that_of_the_command(tiny, tmp_path):
    run = _run(tiny(1, metrics=("eq_t",), metrics_images=16), tmp_path)
    found = measure_equivariance(load_generator(run.path, "cpu"), images=16)
    assert run.results["eq_t"] == pytest.approx(found["eq_t"].decibels, rel=1e-6)


def test_weights_that_cannot_be_read_stop_a_training_before_its_first_step(tiny, tmp_path):
    (tmp_path / "inception.pkl").write_bytes(b"nothing")
    events = train(tiny(1, metrics=("fid",), inception=str(tmp_path / "inception.pkl")))
    with pytest.raises(DataError, match=r"inception.pkl"):
        next(events)


def test_settings_of_measures_need_measures():
    with pytest.raises(ConfigError, match=r"metrics_images: .* ignored without metrics"):
        StyleGan3Config.parse({"metrics_images": 30})
    with pytest.raises(ConfigError, match=r"inception: .* it goes with metrics fid or kid"):
        StyleGan3Config.parse({"metrics": "pfd", "inception": "x.pkl"})
