"""The neuron lab's pictures show what the run's folder says, in both languages and themes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from epoque.bench.errors import DamagedRunError, UsageError
from epoque.bench.figures.number_format import to_subscript
from epoque.bench.figures.plot import encode_png, encode_svg, figure_style
from epoque.bench.figures.styles import HOUSE
from epoque.bench.runs.run import Run
from epoque.bench.runs.run_writer import RunWriter, create_run
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.decision_boundary import (
    find_best_row,
    load_mlp_boundary,
    load_weight_history,
    make_perceptron_boundary,
    replay_corrections,
)
from epoque.neuron.figures import FRAMES, animation, figures
from epoque.neuron.hidden_figure import _split
from epoque.neuron.train import train

SETTINGS = {
    "and": {},
    "fast": {"learning_rate": 10},
    "short": {"iterations": 50},
    "xor": {"truth_table": "xor", "iterations": 300, "seed": 1},
    "step": {"truth_table": "and", "rule": "step", "iterations": 30},
    "three": {"truth_table": "00010111", "iterations": 40},
    "gaussian": {"data": "gaussian", "noise": 0.2, "iterations": 40, "learning_rate": 0.1},
    "squared": {"rule": "squared_error", "iterations": 20},
    "mlp": {
        "model": "mlp", "truth_table": "xor", "optimizer": "adam", "learning_rate": 0.05,
        "init": "normal", "iterations": 400, "seed": 1,
    },
    "circle": {
        "model": "mlp", "data": "circle", "hidden_layers": "3,2", "noise": 0.1,
        "optimizer": "adam", "learning_rate": 0.05, "iterations": 60, "init": "glorot_uniform",
    },
}  # fmt: skip


def trained(root: Path, recipe: str, **settings) -> Run:
    config = NeuronConfig.parse(settings)
    run = create_run(root, "neuron", recipe, config)
    folder = RunWriter(run)
    for event in train(config):
        folder.log(event)
    folder.close("finished")
    return Run(run.path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return {name: trained(root, f"own/{name}", **told) for name, told in SETTINGS.items()}


def draw(run, name, language="en", theme="light"):
    with figure_style(theme):
        figure = figures(run, language)[name]()
        encode_svg(figure)  # a glyph that is missing would warn here, and a warning is an error
    return figure


def line_of(axes, ink):
    """Return the line, and not the marks, of that colour."""
    wanted = HOUSE.colors["light"][ink]
    (line,) = [p for p in axes.lines if p.get_color() == wanted and p.get_linestyle() != "None"]
    return line


def texts(figure):
    """Return every text that is shown, the tick labels too."""
    from matplotlib.text import Text

    return [t.get_text() for t in figure.findobj(Text) if t.get_visible() and t.get_text()]


def test_names_of_the_figures(runs):
    assert list(figures(runs["and"])) == [
        "error", "weights", "weights-by-pattern", "regions",
    ]  # fmt: skip
    assert list(figures(runs["three"])) == ["error", "weights", "weights-by-pattern"]
    assert list(figures(runs["mlp"])) == ["error", "loss", "regions", "hidden"]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("fr", "dark")])
def test_every_figure_can_be_drawn(runs, name, language, theme):
    for figure in figures(runs[name], language):
        shown = texts(draw(runs[name], figure, language, theme))
        if language == "fr":
            assert not any("0." in text for text in shown), shown


# The error


def test_the_error_curve_is_the_last_pattern_s(runs):
    figure = draw(runs["and"], "error")
    (axes,) = figure.axes
    curves = {line.get_label(): line.get_ydata() for line in axes.lines}
    metrics = runs["and"].metrics
    np.testing.assert_array_equal(curves["last pattern"], metrics["error"])
    np.testing.assert_array_equal(curves["largest"], metrics["error_max"])
    np.testing.assert_array_equal(curves["mean"], metrics["error_mean"])
    np.testing.assert_array_equal(curves["RMS"], metrics["error_rms"])
    widths = {line.get_label(): line.get_zorder() for line in axes.lines}
    assert max(widths, key=widths.get) != "largest"


def test_the_error_figure_marks_where_it_goes_below_a_half(runs):
    axes = draw(runs["and"], "error").axes[0]
    error = runs["and"].metrics["error"]
    first = error.index[error >= 0.5].max() + 1
    (mark,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (first, error[first])
    expected = f"AND, learning rate 0.7; below 0.5 from iteration {first} on"
    assert axes.texts[0].get_text() == expected


def test_an_error_that_stays_above_a_half_is_not_marked(runs):
    axes = draw(runs["xor"], "error").axes[0]
    assert runs["xor"].metrics["error"].iloc[-1] > 0.5
    assert not [line for line in axes.lines if line.get_marker() == "o"]
    assert axes.texts[0].get_text() == "XOR, learning rate 0.7"


def test_the_iteration_axis_is_logarithmic_where_all_happens_early(runs):
    assert draw(runs["and"], "error").axes[0].get_xscale() == "linear"
    assert draw(runs["fast"], "error").axes[0].get_xscale() == "log"


def test_sets_of_points_show_the_mean_error_first(runs):
    axes = draw(runs["circle"], "error").axes[0]
    assert "last pattern" not in {line.get_label() for line in axes.lines}
    front = max((line for line in axes.lines), key=lambda line: line.get_zorder())
    np.testing.assert_array_equal(front.get_ydata(), runs["circle"].metrics["error_mean"])


# The weights


def test_the_weights_begin_with_the_first_ones(runs):
    axes = draw(runs["and"], "weights").axes[0]
    rows = runs["and"].artifact("weights.csv").decode().splitlines()
    first = [float(cell) for cell in rows[1].split(",")[1:]]
    assert len(axes.lines) == 3
    for i, line in enumerate(axes.lines):
        x, y = line.get_data()
        assert (x[0], y[0]) == (0, first[i])
        np.testing.assert_array_equal(x[1:], runs["and"].metrics.index)
        np.testing.assert_array_equal(y[1:], runs["and"].metrics[f"w{i}"])


def test_the_weights_are_named_at_their_ends(runs):
    axes = draw(runs["and"], "weights", "fr").axes[0]
    last = runs["and"].metrics.iloc[-1]
    names = [f"w{to_subscript(i)} {last[f'w{i}']:.2f}".replace(".", ",") for i in range(3)]
    assert [text.get_text() for text in axes.texts[:3]] == names
    assert axes.get_legend() is None


@pytest.mark.parametrize("name", ["and", "fast", "xor", "three", "squared"])
def test_each_pass_is_replayed_to_where_the_training_was(runs, name):
    run = runs[name]
    data = load(run.config)
    _, history = load_weight_history(run, len(data.names))
    met = replay_corrections(run.config, data, history)
    assert met.shape == (len(data.d), len(history) - 1, len(data.names) + 1)
    np.testing.assert_allclose(met[-1], history[1:], rtol=0, atol=1e-9)


def test_xor_s_weights_swing_in_bands_as_the_lab_book_shows(runs):
    run = runs["xor"]
    met = replay_corrections(run.config, load(run.config), load_weight_history(run, 2)[1])[:, -1]
    np.testing.assert_allclose(met[-1], [-0.423, -0.846, -0.423], atol=0.002)
    np.testing.assert_allclose(np.ptp(met[:, 1]), 0.423, atol=0.002)


@pytest.mark.parametrize(
    "settings", [{"update": "batch"}, {"rule": "step"}, {"iterations": 3, "data": "gaussian"}]
)
def test_what_cannot_be_replayed_is_not(settings):
    config = NeuronConfig.parse(settings)
    rows = 500_000 if config.data == "gaussian" else 4
    assert replay_corrections(config, load(config), np.zeros((rows, 3))) is None


def test_a_visible_swing_is_drawn_and_named(runs):
    axes = draw(runs["xor"], "weights").axes[0]
    assert len(axes.collections) == 3
    assert axes.texts[-1].get_text() == "XOR, learning rate 0.7; bands: within each pass"
    assert not draw(runs["and"], "weights").axes[0].collections


# The plane


def test_the_line_is_where_the_neuron_is_undecided(runs):
    axes = draw(runs["and"], "regions").axes[0]
    w = runs["and"].metrics[["w0", "w1", "w2"]].to_numpy()[-1]
    line = line_of(axes, "ink")
    for x1, x2 in zip(*line.get_data(), strict=True):
        assert -w[0] + w[1] * x1 + w[2] * x2 == pytest.approx(0, abs=1e-9)
    assert axes.get_title("left") == "Where the neuron says 1"
    assert axes.texts[-1].get_text() == "AND, iteration 1,000: 4 of 4 points right"


def test_the_shades_are_the_neuron_s_output(runs):
    axes = draw(runs["and"], "regions").axes[0]
    shades = axes.images[0].get_array()
    w = runs["and"].metrics[["w0", "w1", "w2"]].to_numpy()[-1]
    x1 = x2 = np.linspace(*axes.get_xlim(), len(shades))
    y = -w[0] + w[1] * x1[None, :] + w[2] * x2[:, None]
    np.testing.assert_allclose(shades, 1 / (1 + np.exp(-y)), atol=1e-12)


def test_xor_shows_its_best_line_and_the_points_it_gets_wrong(runs):
    run = runs["xor"]
    data = load(run.config)
    steps, history = load_weight_history(run, 2)
    row = find_best_row(history, data)
    o = 1 / (1 + np.exp(history[:, :1] - history[:, 1:] @ data.x.T))
    right = (abs(data.d - o) < 0.49).sum(axis=1)
    assert right[row] == right.max() == 3  # no line does better
    errors = abs(data.d - o).mean(axis=1)
    assert right[-1] < right.max()
    assert errors[row] == errors[right == right.max()].min()
    axes = draw(run, "regions").axes[0]
    (ring,) = [line for line in axes.lines if line.get_markersize() == 22]
    wrong = data.x[abs(data.d - o[row]) >= 0.5]
    np.testing.assert_array_equal(np.transpose(ring.get_data()), wrong)
    text = f"XOR, iteration {steps[row]}: 3 of 4 points right"
    assert axes.texts[-1].get_text() == text


def test_a_better_line_than_the_last_is_drawn_with_it(runs):
    run = runs["xor"]
    _, history = load_weight_history(run, 2)
    figure = draw(run, "regions")
    assert figure.axes[0].get_title("left") == "The best line the neuron found"
    assert "line at the end" in [text.get_text() for text in figure.legends[0].texts]
    for ink, row in (("ink", find_best_row(history, load(run.config))), ("muted", -1)):
        a, b, c = make_perceptron_boundary(run.config, 0, history[row]).lines[0]
        for x1, x2 in np.transpose(line_of(figure.axes[0], ink).get_data()):
            assert a * x1 + b * x2 + c == pytest.approx(0, abs=1e-9)


def test_the_last_line_is_shown_if_none_is_better(runs):
    for name in ("and", "fast", "squared"):
        _, history = load_weight_history(runs[name], 2)
        assert find_best_row(history, load(runs[name].config)) == len(history) - 1


def test_a_step_has_two_shades(runs):
    shades = draw(runs["step"], "regions").axes[0].images[0].get_array()
    assert set(np.unique(shades)) == {0.0, 1.0}


def test_train_and_test_points_are_told_apart(runs):
    figure = draw(runs["gaussian"], "regions")
    data = load(runs["gaussian"].config)
    paper = HOUSE.colors["light"]["paper"]
    points = [line for line in figure.axes[0].lines if line.get_marker() in "os"]
    full = sum(len(p.get_xdata()) for p in points if p.get_markerfacecolor() != paper)
    hollow = sum(len(p.get_xdata()) for p in points if p.get_markerfacecolor() == paper)
    assert (full, hollow) == (len(data.d), len(data.d_test)) == (250, 250)
    assert "test point" in [text.get_text() for text in figure.legends[0].texts]


def test_the_network_s_hidden_lines_and_border(runs):
    run = runs["mlp"]
    axes = draw(run, "regions").axes[0]
    weights = run.snapshot(run.snapshot_steps()[-1])
    green = HOUSE.colors["light"]["green"]
    hidden = [p for p in axes.lines if p.get_color() == green and p.get_linestyle() == "--"]
    assert 1 <= len(hidden) <= 2
    boundary = load_mlp_boundary(run, run.snapshot_steps()[-1])
    for line in hidden:
        points = np.transpose(line.get_data())
        sums = np.abs(points @ weights["w1"] + weights["b1"]).max(axis=0)
        assert sums.min() < 1e-9
    (border,) = axes.collections
    for path in border.get_paths():
        assert np.abs(boundary.output(path.vertices) - 0.5).max() < 0.02
    last = run.metrics.iloc[-1]
    assert boundary.is_correct(load(run.config)).mean() == last["accuracy"]


def test_every_hidden_neuron_has_a_map_and_the_next_layer_is_made_of_them(runs):
    run = runs["circle"]
    figure = draw(run, "hidden")
    assert [axes.get_title() for axes in figure.axes] == ["h₁,₁", "h₁,₂", "h₁,₃", "h₂,₁", "h₂,₂"]
    maps = [np.asarray(axes.images[0].get_array()).ravel() for axes in figure.axes]
    maps = np.stack(maps, axis=1)
    weights = run.snapshot(run.snapshot_steps()[-1])
    second = np.tanh(maps[:, :3] @ weights["w2"] + weights["b2"])
    assert np.abs(second - maps[:, 3:]).max() < 1e-6
    left, right, low, high = figure.axes[0].images[0].get_extent()
    corner = np.tanh(np.array([left, low]) @ weights["w1"] + weights["b1"])
    assert np.abs(corner - maps[0, :3]).max() < 1e-6
    assert (right - left) > 9 < (high - low)


@pytest.mark.parametrize(("neurons", "rows"), [(1, [1]), (8, [8]), (10, [5, 5]), (17, [6, 6, 5])])
def test_neurons_of_a_layer_stand_in_rows_of_about_one_length(neurons, rows):
    parts = _split(neurons)
    assert [len(part) for part in parts] == rows
    assert [j for part in parts for j in part] == list(range(1, neurons + 1))


def test_loss_with_and_without_test_points(runs):
    axes = draw(runs["circle"], "loss").axes[0]
    metrics = runs["circle"].metrics
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), metrics["loss"])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), metrics["test_loss"])
    assert {text.get_text() for text in axes.texts} >= {"training", "test"}
    assert len(draw(runs["mlp"], "loss").axes[0].lines) == 1


# Bytes, animations, bad input


def test_two_processes_give_the_same_bytes(runs):
    code = (
        "import sys, hashlib; from epoque.bench.runs.run import Run;"
        "from epoque.bench.figures.plot import encode_png, encode_svg, figure_style;"
        "from epoque.neuron.figures import figures;\n"
        "with figure_style('dark'):\n"
        "    drawn = [f() for f in figures(Run.open(sys.argv[1])).values()]\n"
        "files = [encode_png(f) + encode_svg(f) for f in drawn]\n"
        "print(hashlib.sha256(b''.join(files)).hexdigest())\n"
        "assert 'jax' not in sys.modules, 'drawing imports the engine'"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, str(runs["mlp"].path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_drawing_twice_gives_the_same_bytes(runs):
    for name in figures(runs["xor"]):
        assert encode_png(draw(runs["xor"], name)) == encode_png(draw(runs["xor"], name))


@pytest.mark.parametrize("name", ["short", "circle"])
def test_animation(runs, name, tmp_path):
    animation(runs[name], tmp_path / "boundary", "fr")
    sizes = {}
    for kind in ("webp", "gif"):
        path = tmp_path / f"boundary.{kind}"
        assert path.stat().st_size < 1_000_000
        with Image.open(path) as image:
            assert 12 <= image.n_frames <= FRAMES
            assert image.info["loop"] == 0
            sizes[kind] = image.size
            first = np.asarray(image.convert("RGB"), int)
            image.seek(image.n_frames - 1)
            assert np.abs(first - np.asarray(image.convert("RGB"), int)).mean() > 1
    assert sizes["webp"] == sizes["gif"] == (458, sizes["gif"][1])


def test_only_a_plane_can_be_animated(runs, tmp_path):
    with pytest.raises(UsageError, match=r"has 3 inputs; only two can be animated"):
        animation(runs["three"], tmp_path / "three")
    assert not list(tmp_path.iterdir())


def test_there_is_no_such_language(runs):
    with pytest.raises(UsageError, match="no language 'de'"):
        figures(runs["and"], "de")


def test_a_run_without_metrics_has_no_figures(tmp_path):
    run = create_run(tmp_path, "neuron", "own/empty", NeuronConfig())
    assert figures(run) == {}


def test_damage_is_one_sentence(tmp_path):
    run = trained(tmp_path, "own/damaged", iterations=5)
    (run.path / "manifest.json").unlink(missing_ok=True)  # which would name the files
    (run.path / "weights.csv").write_text("iteration,w0\n")
    with pytest.raises(DamagedRunError, match=r"weights\.csv is damaged"):
        figures(run)["weights"]()
    lines = (run.path / "metrics.jsonl").read_text().replace('"w2"', '"w9"')
    (run.path / "metrics.jsonl").write_text(lines)
    with pytest.raises(DamagedRunError, match=r"metrics\.jsonl has no column 'w2'"):
        figures(Run(run.path))["regions"]()
    lines = lines.replace('"error"', '"e"')
    (run.path / "metrics.jsonl").write_text(lines)
    with pytest.raises(DamagedRunError, match=r"metrics\.jsonl has no column 'error'"):
        figures(Run(run.path))["error"]()


def test_a_network_without_its_snapshots_cannot_be_drawn(tmp_path):
    run = trained(tmp_path, "own/mlp", model="mlp", iterations=3)
    for path in (run.path / "snapshots").iterdir():
        path.unlink()
    with pytest.raises(DamagedRunError, match="holds no snapshot"):
        figures(run)["regions"]()


def test_names_of_a_csv_are_shown_as_they_are(tmp_path):
    path = tmp_path / "prix.csv"
    path.write_text("prix_$;coût_$;classe\n1,5;2;0\n3;1;1\n0;4;0\n5;0,5;1\n", encoding="utf-8")
    run = trained(tmp_path, "own/csv", data="csv", csv=str(path), iterations=20)
    figure = draw(run, "regions", "fr")
    assert figure.axes[0].get_xlabel() == "prix_$"
    assert figure.axes[0].get_ylabel() == "coût_$"
    assert b"<!-- co\xc3\xbbt_$ -->" in encode_svg(figure)


def test_the_weights_after_each_pattern_are_the_rule_pattern_by_pattern(runs):
    run = runs["and"]
    figure = draw(run, "weights-by-pattern")
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    passes = min(50, run.config.iterations)
    assert [len(line.get_ydata()) for line in lines] == [4 * passes + 1] * 3
    w = np.array([line.get_ydata() for line in lines])  # [3, patterns + 1]
    after_a_pass = run.metrics[["w0", "w1", "w2"]].to_numpy()[:passes].T
    np.testing.assert_allclose(w[:, 4::4], after_a_pass, rtol=1e-9)
    np.testing.assert_allclose(w[1, 1::4], w[1, 0:-1:4], rtol=1e-12)  # 00 moves the bias alone
