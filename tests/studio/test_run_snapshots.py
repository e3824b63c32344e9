"""A snapshot as pages get it."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from epoque.bench.files.atomic import write_json
from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import start
from epoque.bench.runs.run import Run
from epoque.studio.run_snapshots import read_snapshot


def make_run(root: Path) -> Run:
    """Return a run of two snapshots, of which only the first holds the points."""
    lab = find_lab("neuron")
    run = start(lab, lab.config_class(iterations=9), "neuron/and", root)
    (run.path / "snapshots").mkdir()
    for step, arrays in ((0, {"x": np.ones((2, 2)), "w": np.zeros(3)}), (5, {"w": np.ones(3)})):
        (run.path / f"snapshots/step-{step:010d}.safetensors").write_bytes(save(arrays))
    return run


def test_arrays_that_never_change_are_in_each(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    later = load(read_snapshot(run, 5))
    np.testing.assert_array_equal(later["x"], np.ones((2, 2)))
    np.testing.assert_array_equal(later["w"], np.ones(3))
    file = run.path / "snapshots/step-0000000000.safetensors"
    assert read_snapshot(run, 0) == file.read_bytes()


def test_a_lab_that_is_not_installed_hides_no_snapshot(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    write_json(run.path / "config.json", {**run.metadata, "lab": "elsewhere"})
    assert load(read_snapshot(Run(run.path), 5)).keys() == {"w"}
