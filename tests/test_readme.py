"""Every command and code block of the README runs, in order, in an empty folder.

What it trains by a recipe's own settings reaches the score that the recipe promises: the slow ones
are trained nowhere else.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE
from warm import epoque

from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.run import Runs

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def _shell(line: str) -> str:
    """Return a command as the test runs it.

    What this very test run stands on (pip, make) is asked for without doing it again.
    """
    if line.startswith("make "):
        return f"make -n -C {ROOT} {line.split()[1]}"
    if line.startswith(". .venv/bin/activate"):
        return f"make -n -C {ROOT} .venv/bin/python"
    if line.startswith("pip install"):
        return "python -m pip show --quiet epoque"
    return line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block(number: int, folder: Path) -> None:
    language, text = BLOCKS[number]
    if language == "python":
        done = _run([sys.executable, "-c", text], folder)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return
    for line in filter(str.strip, text.splitlines()):
        words = shlex.split(line, comments=True)
        if words[0] == "epoque" and words[1] != "doctor":  # that one is the installed command
            done = epoque(*words[1:], cwd=folder, patience=2.5 * PATIENCE)  # the demo: minutes
        else:
            done = _run(["bash", "-ec", _shell(line)], folder)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.slow
def test_recipes_reach_the_scores_they_promise(folder: Path) -> None:
    """Of all that was run by a recipe's own settings in the blocks above, the demo's among them."""
    reached = set()
    for run in Runs(folder / "runs"):
        recipe = find_recipe(run.recipe)
        own = find_lab(recipe.lab).config_class.parse(recipe.config)
        if recipe.expect and run.config == own:
            reached.add(run.recipe)
            low, value, high = (
                recipe.expect.low,
                run.results[recipe.expect.metric],
                recipe.expect.high,
            )
            assert low <= value <= high, run.recipe
    assert {"language/tiny-clm", "language/tiny-mlm", "gan2d/ganlab-ring", "neuron/or"} <= reached


def test_there_are_blocks_to_run() -> None:
    assert len(BLOCKS) >= 6
