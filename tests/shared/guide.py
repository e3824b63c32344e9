"""Someone who does what a guide of docs/how-to says: its files are written, its commands run.

The package that the guide makes is installed into an environment of its own, which finds everything
else where these tests do, so that nothing is fetched.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from waiting import PATIENCE

__all__ = ["STEP", "Follower"]

ROOT = Path(__file__).parents[2]
STEP = re.compile(r"(?:^`(?P<file>\S+)`\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
OFFLINE = "python -m pip install --quiet --no-deps --no-build-isolation --disable-pip-version-check"

Start = Callable[["Follower", list[str]], None]
"""Starts a command that lasts until Ctrl-C, and ends it."""


class Follower:
    """Someone who does what the guide says, in a folder and an environment of their own.

    Attributes:
        said: line of a command to what it printed.
    """

    def __init__(self, folder: Path, start: Start) -> None:
        self.folder, self._start = folder, start
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        (site,) = environment.glob("lib/python3*/site-packages")
        known = [path for path in sys.path if path and Path(path).is_dir()]
        (site / "known.pth").write_text("\n".join([str(ROOT / "src"), *known]) + "\n")
        here = Path(sys.executable).parent
        self.python = environment / "bin" / "python"
        self.epoque = f"{shlex.quote(str(self.python))} -m epoque"
        self.env = {**os.environ, "PATH": f"{environment / 'bin'}:{here}:{os.environ['PATH']}"}
        self.env |= {"EPOQUE_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
        self.env.pop("EPOQUE_RUNS", None)
        self.said: dict[str, str] = {}

    def follow_guide(self, text: str) -> None:
        """Do all that a guide says, in order."""
        for step in STEP.finditer(text):
            self.follow(**step.groupdict())

    def follow(self, file: str | None, kind: str, text: str) -> None:
        """Write a file of the guide, or run a block of commands."""
        if file:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        elif kind == "python":
            self.run([str(self.python), "-c", text])
        else:
            assert kind == "sh"
            for line in text.splitlines():
                self._command(line)

    def _command(self, line: str) -> None:
        command, _, remark = line.partition("#")
        command = re.sub(r"^pip install", f"{self.python.parent / OFFLINE}", command.strip())
        command = re.sub(r"^epoque", self.epoque, command)
        command = re.sub(r"^pybabel", f"{sys.executable} -m babel.messages.frontend", command)
        words = shlex.split(command)
        if "Ctrl-C" in remark:
            self._start(self, words)
        else:
            self.said[line.strip()] = self.run(words, fails="is refused" in remark)

    def run(self, command: list[str], *, fails: bool = False) -> str:
        """Run a command in the folder; return what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 2 if fails else done.returncode == 0, (
            f"{command}\n{done.stdout}{done.stderr}"
        )
        return done.stderr if fails else done.stdout
