"""docs/how-to/add-a-lab.md, followed literally: its files are written, its commands run, in order.

The package is installed into an environment of its own, which finds everything else where these
tests do, so that nothing is fetched.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "how-to" / "add-a-lab.md").read_text("utf-8")
STEP = re.compile(r"(?:^`(?P<file>\S+)`\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
OFFLINE = "python -m pip install --quiet --no-deps --no-build-isolation --disable-pip-version-check"


class Follower:
    """Someone who does what the guide says, in a folder and an environment of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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

    def follow(self, file: str | None, kind: str, text: str) -> None:
        """Write a file of the guide, or run a block of commands."""
        if file:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        elif kind == "python":
            self._run([str(self.python), "-c", text])
        else:
            assert kind == "sh"
            for line in text.splitlines():
                self._command(line)

    def _command(self, line: str) -> None:
        command, _, remark = line.partition("#")
        command = re.sub(r"^pip install", f"{self.python.parent / OFFLINE}", command.strip())
        command = re.sub(r"^epoque", self.epoque, command)
        command = re.sub(r"^pybabel", f"{sys.executable} -m babel.messages.frontend", command)
        if "Ctrl-C" in remark:
            self._interrupt(command)
        else:
            self.said[line.strip()] = self._run(shlex.split(command))

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _interrupt(self, command: str) -> None:
        process = subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=self.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            begun = self.folder / "runs" / "long" / "checkpoints"
            wait_for(lambda: begun.is_dir() and any(begun.iterdir()), "a checkpoint")
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert process.returncode == 130, said
        assert "epoque resume" in said


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    follower = Follower(tmp_path_factory.mktemp("guide"))
    for step in STEP.finditer(GUIDE):
        follower.follow(**step.groupdict())
    return follower


pytestmark = pytest.mark.slow


def test_every_block_is_a_file_or_is_run() -> None:
    assert GUIDE.count("```") == 2 * len(list(STEP.finditer(GUIDE)))
    assert len([step for step in STEP.finditer(GUIDE) if step["file"]]) >= 10


def test_the_lab_is_listed_in_both_languages(guide: Follower) -> None:
    english, french = (guide.said[f"epoque list{more}"] for more in ("", " --lang fr"))
    assert "A straight line through noisy points" in english
    assert "line/fit" in english
    assert "Une droite à travers des points bruités" in french
    assert "Une droite est trouvée" in french


def test_what_was_interrupted_is_what_it_would_have_been(guide: Follower) -> None:
    words = "run line/fit --iterations 200000 --name whole --no-figures -q"
    assert not guide._run(shlex.split(f"{guide.epoque} {words}"))
    long, other = (guide.folder / "runs" / name for name in ("long", "whole"))
    for name in ("metrics.jsonl", "results.json"):
        assert (long / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["A straight line", "✓ holds", "more noise is worse"]),
     ("fr", ["Une droite", "✓ confirmée", "plus de bruit est pire"])],
)  # fmt: skip
def test_the_chapter_judges_its_claim(guide: Follower, language: str, words: list[str]) -> None:
    book = (guide.folder / f"line.{language}.md").read_text("utf-8")
    assert all(word in book for word in words), book


def test_what_goes_further_is_there() -> None:
    rows = re.findall(r"^\| (?:commands, with )?`(@?)(\w+).*\| (`.*`) \|$", GUIDE, re.M)
    assert len(rows) == 10
    for mark, name, examples in rows:
        paths = [ROOT / "src" / "epoque" / file.strip("`") for file in examples.split(", ")]
        assert all(path.is_file() for path in paths)
        assert mark + name in paths[0].read_text("utf-8"), name


def test_a_script_without_a_guard_sweeps(guide: Follower) -> None:
    script = guide.folder / "script.py"
    script.write_text(
        "import epoque\n"
        "sweep = epoque.sweep('line/fit', 'noise=0.1,0.3', iterations=5, figures=False)\n"
        "print(list(sweep.table['state']))\n"
    )
    assert guide._run([str(guide.python), str(script)]) == "['finished', 'finished']\n"
