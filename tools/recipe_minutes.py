"""Measure the minutes that recipes take, and write those that are not right.

    python tools/recipe_minutes.py                   every recipe of at most `LONGEST` minutes
    python tools/recipe_minutes.py gan2d/circle …    these

The clock of a machine that others use tells nothing; CPU time does, user and system, of the whole
command `epoque run RECIPE`: imports, training, evaluation, figures. What is compiled is compiled
anew, as for someone who has just installed. Two cores at best halve it, so a recipe's `minutes` are
right from half of it to all of it; what lies outside is replaced by all of it, rounded up.
"""

import math
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

from epoque.bench.files.atomic import write_atomic
from epoque.bench.recipes import find_recipe, recipe_names

LONGEST = 1.5
"""Minutes, by a recipe's own account, of those that are measured unasked."""
CORES = 2
STEPS = ((0.1, 0.05), (1, 0.1), (10, 0.5), (math.inf, 5))
"""Below how many minutes they are rounded to what."""
LINE = re.compile(r"(?m)^(?P<key>minutes: )(?P<minutes>[0-9.]+)")


def main(names: list[str]) -> None:
    """Measure the recipes of these names, or all short ones; write what changes."""
    for name in names or [n for n in recipe_names() if find_recipe(n).minutes <= LONGEST]:
        measured, present = measure(name) / 60, find_recipe(name).minutes
        right = choose(present, measured)
        print(f"{name}: {measured:.3f} of CPU time; {present:g} becomes {right:g}", flush=True)
        if right != present:
            lab, _, stem = name.partition("/")
            path = Path(str(files(f"epoque.{lab}") / "recipes" / f"{stem}.yaml"))
            text = LINE.sub(rf"\g<key>{right:g}", path.read_text("utf-8"), count=1)
            write_atomic(path, text.encode())


def measure(name: str) -> float:
    """Return the CPU seconds of a command that runs a recipe, in folders of its own."""
    with TemporaryDirectory(prefix="epoque-minutes-") as folder:
        places = {"EPOQUE_RUNS": f"{folder}/runs", "EPOQUE_CACHE": f"{folder}/cache"}
        before = getrusage(RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "epoque", "run", name, "--quiet"],
            env={**os.environ, **places}, check=True, capture_output=True,
        )  # fmt: skip
        after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def choose(present: float, measured: float) -> float:
    """Return the minutes to tell: those of today where two cores may well take that, else new ones.

    Args:
        present: the minutes of today.
        measured: CPU time in minutes.
    """
    above = round_up(measured)
    return present if measured / CORES <= present <= above else above


def round_up(minutes: float) -> float:
    """Return minutes as one tells them: 0.05, 0.3, 1.5, 15."""
    step = next(step for below, step in STEPS if minutes < below)
    return round(math.ceil(minutes / step - 1e-9) * step, 2)


if __name__ == "__main__":
    main(sys.argv[1:])
