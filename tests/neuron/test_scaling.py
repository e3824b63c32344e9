"""Scaled inputs: what training sees, and how it finds back to the units of the file."""

from pathlib import Path

import numpy as np
import pytest

import epoque
from epoque.bench.errors import ConfigError
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load, load_run, remarks
from epoque.neuron.decision_boundary import make_perceptron_boundary
from epoque.neuron.evaluate import compute_weighted_sums
from epoque.neuron.figures import figures
from epoque.neuron.scaling import Scaling

X = np.array([[100, 5000.0], [660, 17000], [420, 29000], [180, 41000], [740, 13000], [260, 37000]])
D = [0, 1, 0, 0, 1, 0]
SETTINGS = {"data": "csv", "iterations": 30, "figures": False}


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "points.csv"
    rows = [f"{a:g},{b:g},{d}" for (a, b), d in zip(X, D, strict=True)]
    path.write_text("\n".join(["length,weight,class", *rows]) + "\n")
    return str(path)


def test_standard_gives_mean_0_and_deviation_1() -> None:
    scaling = Scaling.of("standard", X)
    assert scaling is not None
    u = scaling.apply(X)
    np.testing.assert_allclose(u.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(u.std(axis=0), 1)
    np.testing.assert_array_equal(scaling.shift, X.mean(axis=0))


def test_minmax_gives_0_to_1_and_none_nothing() -> None:
    scaling = Scaling.of("minmax", X)
    assert scaling is not None
    u = scaling.apply(X)
    assert (u.min(axis=0).tolist(), u.max(axis=0).tolist()) == ([0, 0], [1, 1])
    assert Scaling.of("none", X) is None


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize(
    "column", [[7.0, 7, 7], [0.0, 0, 0], [1e308, -1e308, 0], [1e-300, 0, 0], [0.1, 0.1, 0.1]]
)
def test_no_column_is_too_even_too_large_or_too_small(scale, column) -> None:
    x = np.array(column)[:, None]
    scaling = Scaling.of(scale, x)
    assert scaling is not None
    u = scaling.apply(x)
    assert np.isfinite(u).all()
    assert np.abs(u).max() <= 2
    if len(set(column)) == 1:
        assert np.abs(u).max() < 1e-15
        assert scaling.size.tolist() == [1]


def test_unscaled_weights_say_the_same_of_inputs_as_given() -> None:
    scaling = Scaling.of("standard", X)
    assert scaling is not None
    w, b = np.array([[1.0, -2], [3, 0.5]]), np.array([0.25, -1])
    v, c = scaling.unscale_weights(w, b)
    np.testing.assert_allclose(X @ v + c, scaling.apply(X) @ w + b)


def test_training_sees_scaled_inputs_and_the_run_keeps_how(table: str, tmp_path: Path) -> None:
    run = epoque.run("neuron/and", csv=table, scale="standard", runs=tmp_path / "runs", **SETTINGS)
    plain = epoque.run("neuron/and", csv=table, runs=tmp_path / "runs", **SETTINGS)
    assert (run.results["accuracy"], plain.results["accuracy"]) == (
        1,
        pytest.approx(1 / 2, abs=0.4),
    )
    assert plain.results["accuracy"] < 1
    assert run.results["scaling"]["shift"] == X.mean(axis=0).tolist()
    assert "scaling" not in plain.results
    kept = run.artifact("scaling.csv").decode().splitlines()
    assert kept[0] == "input,shift,size"
    assert kept[1].startswith("length,")
    # What parts the classes is told in the units of the file, whatever the scaling.
    for name in ("separating_line", "separating_margin"):
        assert run.results[name] == plain.results[name]
    data = load_run(run)
    np.testing.assert_array_equal(data.in_original_units.x, X)
    w = np.array(run.results["final_weights"])
    boundary = make_perceptron_boundary(run.config, 30, w, data.scaling)  # type: ignore[arg-type]
    np.testing.assert_allclose(boundary.y(X), compute_weighted_sums(w, data.x), atol=1e-9)


@pytest.mark.parametrize("model", ["perceptron", "mlp"])
def test_figures_show_the_units_of_the_file(table: str, tmp_path: Path, model: str) -> None:
    run = epoque.run(
        "neuron/and", csv=table, scale="minmax", model=model, runs=tmp_path / "runs", **SETTINGS
    )
    axes = figures(run)["regions"]().axes[0]
    assert axes.get_xlim()[1] > 740
    assert axes.get_ylim()[1] > 41000
    points = np.concatenate([line.get_xydata() for line in axes.lines if line.get_marker() in "os"])
    assert {(100.0, 5000.0), (180.0, 41000.0)} <= {tuple(p) for p in np.asarray(points).tolist()}
    if model == "mlp":
        a, b, c = np.array(run.results["hidden_lines"]).T
        sums = X @ np.stack([a, b]) + c
        first = run.checkpoint().arrays
        np.testing.assert_allclose(sums, load_run(run).x @ first["w1"] + first["b1"], atol=1e-9)


@pytest.mark.parametrize("model", ["perceptron", "mlp"])
def test_a_sweep_over_scalings_is_the_runs(table: str, tmp_path: Path, model: str) -> None:
    given = {**SETTINGS, "csv": table, "model": model}
    swept = epoque.sweep("neuron/and", "scale=none,standard,minmax", runs=tmp_path / "s", **given)
    for scale, found in zip(swept.table["scale"], swept.table["final_error_max"], strict=True):
        run = epoque.run("neuron/and", scale=scale, runs=tmp_path / "r", **given)
        assert found == pytest.approx(run.results["final_error_max"], rel=1e-9)


def test_scikit_learn_scales_likewise(table: str, tmp_path: Path) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    from epoque.neuron.estimators import PerceptronClassifier

    run = epoque.run("neuron/and", csv=table, scale="standard", runs=tmp_path / "runs", **SETTINGS)
    u = preprocessing.StandardScaler().fit_transform(X)
    found = PerceptronClassifier(iterations=30, random_state=run.config.seed).fit(u, D)
    np.testing.assert_allclose(found.coef_[0], run.results["final_weights"][1:], rtol=1e-9)


def test_scale_goes_with_a_csv_alone() -> None:
    with pytest.raises(
        ConfigError, match=r"scale: standard would be ignored with data truth_table"
    ):
        NeuronConfig.parse({"scale": "standard"})


def collect_remarks(table: str, **settings: object) -> list[str]:
    return list(remarks(NeuronConfig.parse({"data": "csv", "csv": table, **settings})))


def test_large_inputs_are_remarked_upon(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (told,) = collect_remarks(table)
    assert told.startswith("Inputs up to 41,000 saturate the sigmoid")
    assert "--scale standard" in told
    assert collect_remarks(table, scale="standard") == []
    monkeypatch.setenv("EPOQUE_LANG", "fr")
    (told,) = collect_remarks(table)
    assert told.startswith("Des entrées jusqu’à 41\u202f000 saturent")


def test_a_column_that_counts_the_rows_is_remarked_upon(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("id;x;class\n1;0,5;0\n2;0,7;1\n3;0,1;0\n")
    read, counting = collect_remarks(str(path))
    assert read == f"{path} is read as: separator semicolon, decimal comma."
    assert counting == "The input id only counts the rows: is it meant to be learned from?"
    assert load(NeuronConfig(data="csv", csv=str(path))).names == ("id", "x")
    assert list(remarks(NeuronConfig())) == []
