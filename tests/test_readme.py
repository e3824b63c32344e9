"""Every command and code block of the README runs, in order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

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


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block(number: int, folder: Path) -> None:
    language, text = BLOCKS[number]
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if language == "python":
        commands = [[sys.executable, "-c", text]]
    else:
        commands = [["bash", "-ec", _shell(line)] for line in text.splitlines() if line.strip()]
    for command in commands:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}{done.stderr}"


def test_there_are_blocks_to_run() -> None:
    assert len(BLOCKS) >= 6
