"""Train recipes of the 2-D GAN over 16 seeds, and write what was measured into their comments.

    python tools/score_recipes.py              every recipe that says what score to expect
    python tools/score_recipes.py gan2d/ring   one of them

It takes about 20 minutes of two cores. `EPOQUE_SEEDS=16 pytest tests/gan2d/test_recipes.py` checks
the same numbers without writing them.
"""

import re
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np

from epoque.bench.files.atomic import write_atomic
from epoque.bench.recipes import find_recipe, recipe_names
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB

SEEDS = 16
SCORE = re.compile(r"(?<=# over 16 seeds: )median [0-9.]+, highest [0-9.]+")
DISTANCE = re.compile(
    r"(?<=# )(?:all|[0-9]+ of the) 16 converge: sliced W1 [0-9.]+, at most [0-9.]+"
)


def main(names: list[str]) -> None:
    """Measure and write the recipes of these names, or all."""
    for name in names or recipe_names():
        lab, _, stem = name.partition("/")
        path = Path(str(files("epoque.gan2d") / "recipes" / f"{stem}.yaml"))
        if lab == "gan2d" and SCORE.search(text := path.read_text("utf-8")):
            score, distance = measure(name)
            write_atomic(path, DISTANCE.sub(distance, SCORE.sub(score, text)).encode())
            print(f"{name}: {score}; {distance}", flush=True)


def measure(name: str) -> tuple[str, str]:
    """Return what a recipe's two comments say: of its score, and of its distance."""
    config = Gan2dConfig.parse(find_recipe(name).config)
    results = LAB.sweep(config, {"seed": list(range(SEEDS))})
    assert results is not None
    js, w1 = np.array(results["final_js"], float), np.array(results["final_sliced_w1"], float)
    count = int(np.isfinite(np.array(results["converged_at"], float)).sum())
    share = "all 16" if count == SEEDS else f"{count} of the 16"
    return (
        f"median {np.median(js):.3f}, highest {js.max():.3f}",
        f"{share} converge: sliced W1 {np.median(w1):.4f}, at most {w1.max():.4f}",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
