import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from epoque.bench.errors import DamagedRunError, UsageError
from epoque.bench.plot import COLOURS, house_style, rgb_array
from epoque.bench.run import Run
from epoque.language import probe
from epoque.language.figures import _busiest, _shown, figures

Train = Callable[..., Run]
ALL = ["losses", "perplexity", "attention", "attention_map", "neighbours", "frequency"]


def copied(run: Run, folder: Path) -> Run:
    """Return a copy of a run's readable parts, to be changed."""
    import shutil

    shutil.copytree(run.path, folder / "copy", ignore=shutil.ignore_patterns("checkpoints"))
    return Run(folder / "copy")


@pytest.fixture(scope="module", params=[{}, {"objective": "masked", "head": "sampled"}])
def run(request: Any, train_run: Train) -> Run:
    return train_run(**request.param, evaluate_every=10)


def test_every_figure_is_drawn_in_both_languages_and_themes(run: Run) -> None:
    for language, theme in (("en", "light"), ("fr", "dark")):
        with house_style(theme):  # type: ignore[arg-type]
            pictures = {name: draw() for name, draw in figures(run, language).items()}
        assert [name for name in ALL if name in pictures] == list(pictures)
        assert set(ALL) - set(pictures) <= {"neighbours"}  # there may be too few words
        for name, figure in pictures.items():
            pixels = rgb_array(figure, 60)
            paper = tuple(int(COLOURS[theme]["paper"][i : i + 2], 16) for i in (1, 3, 5))
            assert tuple(pixels[2, 2]) == paper
            assert pixels.std() > 4
            box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
            assert min(box.x0, box.y0) > 0, name
            assert box.x1 < width, name
            assert box.y1 < height, name


def test_the_sampled_loss_is_never_shown(train_run: Train) -> None:
    run = train_run(objective="masked", head="sampled", evaluate_every=10)
    assert "sampled_loss" in run.metrics
    with house_style():
        figure = figures(run)["losses"]()
    drawn = [line.get_ydata() for line in figure.axes[0].get_lines()]
    wanted = (run.metrics[name].dropna().to_numpy() for name in ("train_loss", "valid_loss"))
    for found, values in zip(drawn, wanted, strict=True):
        np.testing.assert_allclose(found, values)


def test_the_counting_yardsticks_stand_beside_the_model(train_run: Train) -> None:
    run = train_run(evaluate_every=10)
    with house_style():
        (axes,) = figures(run)["perplexity"]().axes
    levels = [float(line.get_ydata()[0]) for line in axes.get_lines()[1:]]
    names = ("unigram", "bigram", "trigram")
    assert levels == [run.results[f"{name}_perplexity"] for name in names]


def test_long_and_odd_words_are_written(run: Run, tmp_path: Path) -> None:
    made = copied(run, tmp_path)
    told = probe.examples(made)
    odd = ["antidisestablishmentarianism", "東京", "\n", " ", "$x$", "<unk>", "été"]
    near = [{"word": word, "cosine": -0.1} for word in odd[:5]]
    told["neighbours"] = [{"word": word, "neighbours": near} for word in odd]
    count = len(told["attention_tokens"])
    told["attention_tokens"] = (odd * count)[:count]
    (made.path / probe.EXAMPLES).write_text(json.dumps(told))
    with house_style():
        for name in ("neighbours", "attention_map"):
            figure = figures(made, "fr")[name]()
            figure.draw_without_rendering()  # a letter that is missing would warn
            assert figure.get_tightbbox().x1 < figure.get_figwidth()
    assert _shown("antidisestablishmentarianism") == "antidisesta…"
    assert [_shown(word) for word in odd[1:4]] == ["□□", "⏎", "␣"]


def test_a_large_model_shows_some_of_its_heads(run: Run, tmp_path: Path) -> None:
    made = copied(run, tmp_path)
    arrays = load((made.path / probe.PROBE).read_bytes())
    weights = np.random.default_rng(0).random((12, 16, 20, 20), np.float32)
    (made.path / probe.PROBE).write_bytes(save({**arrays, "attention": weights}))
    with house_style():
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
    assert _busiest(weights) == (1, 0)


def test_a_run_without_a_probe_still_shows_its_curves(run: Run, tmp_path: Path) -> None:
    made = copied(run, tmp_path)
    (made.path / probe.PROBE).unlink()
    assert list(figures(made)) == ["losses", "perplexity"]
    (made.path / "results.json").unlink()
    with house_style():
        (axes,) = figures(made)["perplexity"]().axes
    assert len(axes.get_lines()) == 1


def test_damage_is_one_sentence(run: Run, tmp_path: Path) -> None:
    made = copied(run, tmp_path)
    data = (made.path / probe.PROBE).read_bytes()
    (made.path / probe.PROBE).write_bytes(data[:-10])
    with pytest.raises(DamagedRunError, match=r"probe\.safetensors is damaged"), house_style():
        figures(made)["attention"]()
    (made.path / probe.EXAMPLES).write_text("{")
    with pytest.raises(DamagedRunError, match=r"examples\.json is damaged"):
        figures(made)
    with pytest.raises(UsageError, match="There is no language"):
        figures(made, "de")


def test_figures_import_no_engine(run: Run) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom epoque.bench.run import Run\n"
        "from epoque.bench.plot import house_style\nfrom epoque.language.figures import figures\n"
        "with house_style():\n"
        f"    for draw in figures(Run(Path({str(run.path)!r}))).values(): draw()\n"
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
