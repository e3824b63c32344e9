"""Every block of docs/python.md runs, in order, in an empty folder; and it names every action."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

import epoque

GUIDE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guide")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block(number: int, folder: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k != "EPOQUE_RUNS"}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS[number]],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr == ""


def test_every_action_is_named() -> None:
    assert len(BLOCKS) >= 5
    (table,) = re.findall(r"\| lab \| functions \|\n(.*?)\n\n", GUIDE, re.DOTALL)
    rows = {row.split("`")[1]: row for row in table.splitlines()[1:]}
    for lab in ("neuron", "gan2d", "language", "stylegan3"):
        named = set(re.findall(r"`(\w+)`", rows[f"epoque.{lab}"]))
        assert named == set(getattr(epoque, lab).__all__)
