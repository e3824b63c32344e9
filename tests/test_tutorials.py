"""The tutorials, followed literally: files written, commands run; what they say comes true."""

import importlib.util
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guide import STEP
from warm import epoque

from epoque.bench.runs.run import Run, Runs
from epoque.bench.sweeps.sweep import Sweeps

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = sorted((DOCS / "tutorials").glob("*.md"))
NEEDED = {"language": "transformers", "stylegan3": "numba"}
"""Packages without which a lab does nothing."""

pytestmark = pytest.mark.slow


def follow(guide: Path, folder: Path) -> None:
    """Write the files of a guide, run its commands; what is in other blocks is to be read."""
    for step in STEP.finditer(guide.read_text("utf-8")):
        if step["file"]:
            path = folder / step["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step["text"], "utf-8")
        for line in step["text"].splitlines() if step["kind"] == "sh" else ():
            name, *words = shlex.split(line, comments=True)
            assert name == "epoque", line
            done = epoque(*words, cwd=folder, EPOQUE_RUNS=str(folder / "runs"), OMP_NUM_THREADS="1")
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def newest(folder: Path, recipe: str, **settings: Any) -> Run:
    """Return the newest run of a recipe with these settings."""
    return next(
        run
        for run in Runs(folder / "runs")
        if run.recipe == recipe
        and all(run.config.get(name) == value for name, value in settings.items())
    )


def check_neuron(folder: Path) -> None:
    usual = newest(folder, "neuron/and", learning_rate=0.7, truth_table="0001")
    fast = newest(folder, "neuron/and", learning_rate=10)
    assert fast.results["final_error"] < usual.results["final_error"]
    assert usual.config.get("iterations") == 1000
    xor = newest(folder, "neuron/xor")
    errors = xor.metrics["error"]
    assert errors.iloc[-1] >= errors.iloc[9] > 0.5  # no nearer than after ten
    assert newest(folder, "neuron/xor-mlp").results["solved"] is True
    sweeps = {sweep.recipe: sweep for sweep in Sweeps(folder / "runs")}
    medians = sweeps["neuron/and"].table.groupby("learning_rate")["final_error"].median()
    assert len(sweeps["neuron/and"].table) == 100
    assert medians.is_monotonic_decreasing
    assert 0 < sweeps["neuron/xor-mlp"].table["solved"].mean() < 1
    assert "<svg" in (folder / "my-book.html").read_text("utf-8")


def check_gan2d(folder: Path) -> None:
    usual, five = (newest(folder, "gan2d/ganlab-ring", d_steps=steps) for steps in (3, 5))
    assert {"final_js", "final_js_se", "final_coverage"} <= usual.results.keys()
    assert five.config.get("iterations") == 300
    (sweep,) = Sweeps(folder / "runs")
    assert len(sweep.table) == 16


def check_stylegan3(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} >= {
        *("seeds.png", "average", "moved", "mix.png", "walk.webp", "training.webp")
    }
    assert newest(folder, "stylegan3/tiny").config.get("resolution") == 16


def check_language(folder: Path) -> None:
    run = newest(folder, "language/tiny-clm")
    assert {"perplexity", "unigram_perplexity", "bigram_perplexity"} <= run.results.keys()
    assert (folder / "my-model" / "README.md").is_file()
    text = (DOCS / "tutorials" / "language.md").read_text("utf-8")
    assert f"{run.config.get('vocabulary'):,} would be no idea" in text


CHECKS: dict[str, Callable[[Path], None]] = {
    "neuron": check_neuron,
    "gan2d": check_gan2d,
    "stylegan3": check_stylegan3,
    "language": check_language,
}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_does_what_it_says(guide: Path, tmp_path: Path) -> None:
    package = NEEDED.get(guide.stem)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    follow(guide, tmp_path)
    CHECKS[guide.stem](tmp_path)


def test_every_lab_has_a_tutorial_with_a_picture_and_a_notebook() -> None:
    for lab in ("gan2d", "language", "neuron", "stylegan3"):
        text = (DOCS / "tutorials" / f"{lab}.md").read_text("utf-8")
        assert re.search(r"!\[[^\]]{40,}\]\(\.\./[\w/-]+\.png\)", text), lab
        assert f"](../notebooks/{lab}.ipynb)" in text


def test_notebooks_hold_no_outputs() -> None:
    for path in (DOCS / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
        assert len({cell["id"] for cell in cells}) == len(cells)
