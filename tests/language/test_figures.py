import json
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from epoque.bench.errors import DamagedRunError, UsageError
from epoque.bench.figures.plot import figure_style, render_rgb
from epoque.bench.figures.styles import HOUSE
from epoque.bench.runs.run import Run
from epoque.language.evaluation import example_files
from epoque.language.figures.busiest_head import find_busiest_head
from epoque.language.figures.examples_figure import FIRST, GUTTER, SENTENCE, break_lines
from epoque.language.figures.figure_values import figure_values
from epoque.language.figures.run_figures import _displayable, figures

Train = Callable[..., Run]
ALL = ["losses", "perplexity", "attention", "attention_map", "neighbours", "frequency", "examples"]


def find_copied(run: Run, folder: Path) -> Run:
    """Return a copy of a run's readable parts, to be changed; its manifest would name what is."""
    import shutil

    left = shutil.ignore_patterns("checkpoints", "manifest.json")
    shutil.copytree(run.path, folder / "copy", ignore=left)
    return Run(folder / "copy")


@pytest.fixture(scope="module", params=[{}, {"objective": "masked", "head": "sampled"}])
def run(request: Any, train_run: Train) -> Run:
    return train_run(**request.param, evaluate_every=10)


def test_every_figure_is_drawn_in_both_languages_and_themes(run: Run) -> None:
    for language, theme in (("en", "light"), ("fr", "dark")):
        with figure_style(theme):  # type: ignore[arg-type]
            pictures = {name: draw() for name, draw in figures(run, language).items()}
        assert [name for name in ALL if name in pictures] == list(pictures)
        assert set(ALL) - set(pictures) <= {"neighbours"}  # there may be too few words
        for name, figure in pictures.items():
            pixels = render_rgb(figure, 60)
            paper = tuple(int(HOUSE.colors[theme]["paper"][i : i + 2], 16) for i in (1, 3, 5))
            assert tuple(pixels[2, 2]) == paper
            assert pixels.std() > 4
            box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
            assert min(box.x0, box.y0) > 0, name
            assert box.x1 < width, name
            assert box.y1 < height, name


def test_the_sampled_loss_is_never_shown(train_run: Train) -> None:
    run = train_run(objective="masked", head="sampled", evaluate_every=10)
    assert "sampled_loss" in run.metrics
    with figure_style():
        figure = figures(run)["losses"]()
    drawn = [line.get_ydata() for line in figure.axes[0].get_lines()]
    wanted = (run.metrics[name].dropna().to_numpy() for name in ("train_loss", "valid_loss"))
    for found, values in zip(drawn, wanted, strict=True):
        np.testing.assert_allclose(found, values)


def test_the_counting_yardsticks_stand_beside_the_model(train_run: Train) -> None:
    run = train_run(evaluate_every=10)
    with figure_style():
        (axes,) = figures(run)["perplexity"]().axes
    levels = [float(line.get_ydata()[0]) for line in axes.get_lines()[1:]]
    names = [f"{name}_perplexity" for name in ("unigram", "bigram", "trigram")]
    assert levels == [run.results[name] for name in (*names, "perplexity_with_counts")]


def test_long_and_odd_words_are_written(run: Run, tmp_path: Path) -> None:
    made = find_copied(run, tmp_path)
    told = example_files.read_examples(made)
    odd = ["antidisestablishmentarianism", "東京", "\n", " ", "$x$", "<unk>", "été"]
    near = [{"word": word, "cosine": -0.1} for word in odd[:5]]
    told["neighbours"] = [{"word": word, "neighbours": near} for word in odd]
    count = len(told["attention_tokens"])
    told["attention_tokens"] = (odd * count)[:count]
    (made.path / example_files.EXAMPLES).write_text(json.dumps(told))
    with figure_style():
        for name in ("neighbours", "attention_map"):
            figure = figures(made, "fr")[name]()
            figure.draw_without_rendering()  # a letter that is missing would warn
            assert figure.get_tightbbox().x1 < figure.get_figwidth()
    assert _displayable("antidisestablishmentarianism") == "antidisesta…"
    assert [_displayable(word) for word in odd[1:4]] == ["□□", "⏎", "␣"]


LONG = "antidisestablishmentarianism"
ODD = ["", "東京 été " * 30, "a $x$\n\n\tb " * 40, LONG * 9, "W" * 300, "[x] {y} \\frac \x07"]


def odd_examples(run: Run, folder: Path) -> Run:
    """Return a copy of a run whose examples are of any length, with letters of any kind."""
    made = find_copied(run, folder)
    told = example_files.read_examples(made)
    for example, text in zip(told["examples"], ODD, strict=True):
        if "prompt" in example:
            example |= {"prompt": text, "continuation": f"{text} end {text}"}
        else:
            words = [LONG, "été", text[:40], "\n"]
            near = [{"word": word, "probability": 1.0} for word in words]
            sentence = f"{text} [MASK], {text}"
            example |= {"sentence": sentence, "actual": text[:40], "candidates": near}
    (made.path / example_files.EXAMPLES).write_text(json.dumps(told))
    return made


def test_examples_of_any_length_stay_in_their_columns(run: Run, tmp_path: Path) -> None:
    made = odd_examples(run, tmp_path)
    for language in ("en", "fr"):
        with figure_style():
            figure = figures(made, language)["examples"]()
            figure.draw_without_rendering()  # a letter that is missing would warn
        (axes,) = figure.axes
        scale, left = figure.dpi / 72, axes.bbox.x0
        first = SENTENCE if run.config.objective == "masked" else FIRST
        for text in axes.texts:
            box = text.get_window_extent()
            assert figure.bbox.x0 < box.x0
            assert box.x1 < figure.bbox.x1
            if box.x0 - left < first * scale and text.get_text() and box.y1 < axes.bbox.y1:
                assert box.x1 - left <= (first + GUTTER) * scale, text.get_text()
        spread = [text.get_window_extent() for text in axes.texts if text.get_text()]
        assert not any(a.overlaps(b) and _same_row(a, b) for a, b in combinations(spread, 2))


def _same_row(a: Any, b: Any) -> bool:
    """Return whether two texts overlap by more than letters reach over their line."""
    return min(a.y1, b.y1) - max(a.y0, b.y0) > 6 and min(a.x1, b.x1) - max(a.x0, b.x0) > 1


def test_examples_show_what_the_run_keeps(run: Run) -> None:
    told = example_files.read_examples(run)["examples"]
    with figure_style():
        (axes,) = figures(run, "fr")["examples"]().axes
    texts = [text.get_text() for text in axes.texts]
    drawn = " ".join(texts).replace("\ue000", "").replace("\ue001", "")
    if run.config.objective == "causal":
        for example in told:
            assert " ".join(example_files.join_lines(example["prompt"]).split()[:3]) in drawn
        return
    assert not any("[MASK]" in text for text in texts)
    boxes = [text for text in axes.texts if text.get_bbox_patch() is not None]
    assert [box.get_text() for box in boxes] == [_displayable(row["actual"]) for row in told]
    bold = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    right = [row["actual"] for row in told for c in row["candidates"][:4]
             if c["word"] == row["actual"]]  # fmt: skip
    assert bold[::2] == [_displayable(word) for word in right]


def test_texts_are_broken_between_words_and_end_in_an_ellipsis() -> None:
    assert break_lines("one two", 500) == ["one two"]
    lines = break_lines("one two three " * 40, 90, most=3)
    assert len(lines) == 3
    assert lines[2].endswith("…")
    assert " ".join(lines[:2]).replace("one two three", "").strip() in ("", "one", "one two")
    assert "".join(break_lines(LONG, 60)) == LONG
    assert break_lines("", 60) == [""]


def test_a_large_model_shows_some_of_its_heads(run: Run, tmp_path: Path) -> None:
    made = find_copied(run, tmp_path)
    arrays = load((made.path / example_files.PROBE).read_bytes())
    weights = np.random.default_rng(0).random((12, 16, 20, 20), np.float32)
    (made.path / example_files.PROBE).write_bytes(save({**arrays, "attention": weights}))
    with figure_style():
        figure = figures(made)["attention"]()
    assert len(figure.axes) == 16
    titles = [axes.get_title(loc="center") for axes in figure.axes[:4]]
    assert titles == ["Head 1", "Head 6", "Head 11", "Head 16"]


def test_the_busiest_head_looks_at_others() -> None:
    weights = np.zeros((2, 2, 3, 3), np.float32)
    weights[0, 0] = np.eye(3)
    weights[0, 1, :, 0] = 1
    weights[1, 0] = [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.5, 0.3]]
    weights[1, 1] = [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.4, 0.1]]
    assert find_busiest_head(weights) == (1, 0)


def test_what_a_text_says_is_read_off_what_is_drawn(run: Run, tmp_path: Path) -> None:
    made = find_copied(run, tmp_path)
    told = example_files.read_examples(made)
    near = {"six": [("four", 0.8), ("two", 0.1)], "party": [("company", 0.4)]}
    told["neighbours"] = [
        {"word": f" {word}", "neighbours": [{"word": f" {n}", "cosine": c} for n, c in pairs]}
        for word, pairs in near.items()
    ]
    (made.path / example_files.EXAMPLES).write_text(json.dumps(told))
    weights = np.zeros((1, 2, 3, 3), np.float32)
    weights[0, 1] = [[1, 0, 0], [0.25, 0.75, 0], [0.25, 0.5, 0.25]]
    bins = {
        "frequency": [0.0, 10.0, 2000.0],  # the first: tokens that never occur
        "loss": [20.0, 9.0, 1.0],
        "counting": [np.nan, 12.0, 3.0],
        "count": [5.0, 10.0, 30.0],
    }
    arrays = {name: np.array(values) for name, values in bins.items()} | {"attention": weights}
    (made.path / example_files.PROBE).write_bytes(save(arrays))
    values = figure_values(made)
    assert values["attention"] == {
        "layer": 1, "head": 2, "first": 0.25, "own": 0.5, "before": 0.375, "later": 0.0,
    }  # fmt: skip
    assert values["neighbours"] == {
        "nearest": {"word": "six", "neighbour": "four", "cosine": 0.8},
        "farthest": {"word": "party", "neighbour": "company", "cosine": 0.4},
    }
    assert values["frequency"] == {
        "rarest": {"occurrences": 10.0, "loss": 9.0, "counting": 12.0},
        "frequent": {"occurrences": 2000.0, "loss": 1.0, "counting": 3.0},
        "gain": {"low": 2.0, "high": 3.0},
        "rare": {"below": 1000, "share": 0.25, "loss": 0.75},
    }
    nothing = {name: np.zeros(0) for name in bins} | {"attention": weights}
    (made.path / example_files.PROBE).write_bytes(save(nothing))
    assert figure_values(made)["frequency"]["rare"] == {"below": 1000, "share": None, "loss": None}
    (made.path / example_files.PROBE).unlink()
    assert figure_values(made) == {}


def test_a_run_without_a_probe_still_shows_its_curves(run: Run, tmp_path: Path) -> None:
    made = find_copied(run, tmp_path)
    (made.path / example_files.PROBE).unlink()
    assert list(figures(made)) == ["losses", "perplexity"]
    (made.path / "results.json").unlink()
    with figure_style():
        (axes,) = figures(made)["perplexity"]().axes
    assert len(axes.get_lines()) == 1


def test_damage_is_one_sentence(run: Run, tmp_path: Path) -> None:
    made = find_copied(run, tmp_path)
    data = (made.path / example_files.PROBE).read_bytes()
    (made.path / example_files.PROBE).write_bytes(data[:-10])
    with pytest.raises(DamagedRunError, match=r"probe\.safetensors is damaged"), figure_style():
        figures(made)["attention"]()
    (made.path / example_files.EXAMPLES).write_text("{")
    with pytest.raises(DamagedRunError, match=r"examples\.json is damaged"):
        figures(made)
    with pytest.raises(UsageError, match="There is no language"):
        figures(made, "de")


def test_figures_import_no_engine(run: Run) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom epoque.bench.runs.run import Run\n"
        "from epoque.bench.figures.plot import figure_style\n"
        "from epoque.language.figures.run_figures import figures\n"
        "with figure_style():\n"
        f"    for draw in figures(Run(Path({str(run.path)!r}))).values(): draw()\n"
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
