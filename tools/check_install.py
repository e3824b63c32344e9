"""Check that Epoque installs: what `all` and `dev` need is pinned, and the base alone works.

`make check-install` runs it; continuous integration does too. Two things, side by side:

- pip resolves `.[all,dev]` as for an empty environment, under constraints.txt, without installing
  anything; whatever it would take must be pinned there, so that no release of tomorrow and no walk
  back through old ones can come in.
- A wheel is built and installed with the base dependencies alone, in an environment of its own. Far
  from this tree a recipe is run, the commands that need no lab answer, and everything that needs an
  extra says which, in one sentence.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"

WORKING = (
    "--help",
    "list",
    "doctor",
    "run neuron/and --quiet",
    "run gan2d/circle --iterations 40 --no-figures --quiet",
    "runs list",
    "runs show last",
    "sweep neuron/and-short seed=0:3 --quiet",
    "stylegan3 networks",
    "schema language",
)
"""Command lines that the base dependencies are enough for."""

WANTING = {
    "run language/tiny-clm": "language",
    "sweep language/tiny-clm seed=0:2": "language",
    "language generate last Once": "language",
    "language score last Once": "language",
    "run stylegan3/tiny": "stylegan3",
    "stylegan3 generate --seeds 0": "stylegan3",
    "stylegan3 metrics --network avatars-t": "stylegan3",
    "stylegan3 export --to model.onnx": "stylegan3",
    "stylegan3 dataset avatars portraits.zip --count 4": "avatars",
    "search neuron/and learning_rate=0.1:1:lin:3": "search",
    "demo": "pdf",
    "gan2d film {run} --out film.mp4": "video",
    "run neuron/and --log tensorboard": "tensorboard",
    "run neuron/and --log mlflow": "mlflow",
    "run neuron/and --log trackio": "trackio",
    "run neuron/and --log wandb": "wandb",
}
"""Command lines that need an extra, and its name."""


class InstallError(Exception):
    """Something does not hold; the message says what."""


def main() -> None:
    """Check everything; exit with 1 and a line for each thing that does not hold."""
    with tempfile.TemporaryDirectory(prefix="epoque-install-") as scratch:
        checks = (check_pins, check_base)
        with ThreadPoolExecutor(len(checks)) as pool:
            problems = [
                p for told in pool.map(lambda c: _tell(c, Path(scratch)), checks) for p in told
            ]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print("Epoque installs: all extras resolve as pinned; the base alone works and names the rest.")


def _tell(check: Callable[[Path], Sequence[str]], folder: Path) -> Sequence[str]:
    try:
        return list(check(folder))
    except InstallError as failed:
        return [str(failed)]


# Resolving


def check_pins(folder: Path) -> Sequence[str]:
    """Return what `all` and `dev` take, in an empty environment, that constraints.txt lacks."""
    report = folder / "report.json"
    where = ["-c", str(CONSTRAINTS), "--dry-run", "--ignore-installed", "--report", str(report)]
    pip(sys.executable, "install", *where, f"{ROOT}[all,dev]")
    taken = {
        normal(item["metadata"]["name"]): item["metadata"]["version"].partition("+")[0]
        for item in json.loads(report.read_text())["install"]
    }
    taken.pop("epoque")
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if "==" in line]
    pins = {normal(name): version for name, _, version in (x.partition("==") for x in lines)}
    print(f"all and dev: {len(taken)} packages, as pinned", flush=True)
    return [
        f"constraints.txt: {name}=={version} would be installed, {pins.get(name, 'no release')} "
        "is pinned."
        for name, version in sorted(taken.items())
        if pins.get(name) != version
    ]


def normal(name: str) -> str:
    """Return the name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# The base alone


def check_base(folder: Path) -> Sequence[str]:
    """Build and install the wheel, and return what does not work as it should."""
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(str(python), "install", "-c", str(CONSTRAINTS), str(wheel))
    away = folder / "away"
    away.mkdir()
    return [*check_content(wheel), *check_working(python, away), *check_wanting(python, away)]


def check_content(wheel: Path) -> Sequence[str]:
    """Return what the wheel lacks of the package, and what it holds beside it."""
    below = (path.relative_to(ROOT / "src") for path in (ROOT / "src/epoque").rglob("*.*"))
    wanted = {path.as_posix() for path in below if "__pycache__" not in path.parts}
    wanted = {name for name in wanted if (ROOT / "src" / name).is_file()}
    held = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    return [
        *(f"The wheel lacks {name}." for name in sorted(wanted - held)),
        *(f"The wheel holds {name}." for name in sorted(held - wanted)),
    ]


def check_working(python: Path, away: Path) -> Sequence[str]:
    """Return which of `WORKING` fail."""
    problems = []
    for words in WORKING:
        done = epoque(python, away, words)
        if done.returncode or not (done.stdout or "--quiet" in words):
            problems.append(f"epoque {words}: exit code {done.returncode}\n{done.stderr}")
    return problems


def check_wanting(python: Path, away: Path) -> Sequence[str]:
    """Return which of `WANTING` do not say, in one sentence, what they want, and leave nothing."""
    (run,) = away.glob("runs/*-gan2d-circle")
    before = sorted(away.rglob("*"))
    problems = []
    for words, extra in WANTING.items():
        done = epoque(python, away, words.format(run=run))
        told = done.stderr.strip()
        right = told.endswith(f"needs an extra: pip install 'epoque[{extra}]'")
        if done.returncode != 2 or not right or "\n" in told:
            problems.append(f"epoque {words}: exit code {done.returncode}, not [{extra}]: {told}")
    code = "import epoque.neuron.estimators"
    done = subprocess.run(
        [python, "-c", code], cwd=away, capture_output=True, text=True, check=False
    )
    if not done.stderr.strip().endswith("needs an extra: pip install 'epoque[sklearn]'"):
        problems.append(f"{code}: {done.stderr}")
    left = sorted(set(away.rglob("*")) - set(before))
    return [*problems, *(f"It was left behind: {path.relative_to(away)}" for path in left)]


# Processes


def pip(python: str, *words: str) -> None:
    """Run pip.

    Raises:
        InstallError: with the end of what it said, if it fails.
    """
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"pip {words[0]} failed:\n{done.stderr[-2000:]}")


def epoque(python: Path, away: Path, words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command line in a folder far from the tree, with nothing of its environment."""
    own = {"EPOQUE_CACHE": str(away.parent / "cache"), "PATH": os.environ["PATH"], "COLUMNS": "120"}
    return subprocess.run(
        [python, "-m", "epoque", *words.split()],
        cwd=away, env=own, capture_output=True, text=True, check=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
