"""docs/how-to/add-a-lab.md, followed literally: files are written, commands run, in order."""

import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from guide import STEP, Follower
from waiting import PATIENCE, wait_for

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "how-to" / "add-a-lab.md").read_text("utf-8")


def interrupt(follower: Follower, command: list[str]) -> None:
    """Start a training, and press Ctrl-C once it has a checkpoint."""
    process = subprocess.Popen(
        command, cwd=follower.folder, env=follower.env,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        begun = follower.folder / "runs" / "long" / "checkpoints"
        wait_for(lambda: begun.is_dir() and any(begun.iterdir()), "a checkpoint")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "epoque resume" in said


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    follower = Follower(tmp_path_factory.mktemp("guide"), interrupt)
    follower.follow_guide(GUIDE)
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
    assert not guide.run(shlex.split(f"{guide.epoque} {words}"))
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
    assert len(rows) == 13
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
    assert guide.run([str(guide.python), str(script)]) == "['finished', 'finished']\n"
