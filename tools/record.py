"""Make the long runs and sweeps that ship with the package, and put them into its folder.

    python tools/record.py language --runs runs
    python tools/record.py language --runs runs --only language/laptop-clm

What a chapter declares as `recorded` and the folder of runs does not hold yet is made there, one
after another, on a machine that has nothing else to do. Then what the book reads of each (no
checkpoints, no tokenizers) replaces what `src/epoque/recorded` held in its place.
"""

import argparse
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from epoque import demo
from epoque.bench.run import Run, Runs
from epoque.bench.sweep import Sweep, Sweeps
from epoque.report.needs import RECORDED, Need, chapter_needs, found_needs

KEPT = ("config.json", "sweep.json", "environment.json", "status.json", "results.json")
KEPT += ("metrics.jsonl", "table.parquet", "examples.json", "probe.safetensors", "precision.json")
LARGEST = 1_000_000  # bytes of a file


def main() -> None:
    """Read the command line and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", help="neuron, gan2d, language, …")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where they are made")
    parser.add_argument("--only", help="one of them, as the chapter calls it")
    told = parser.parse_args()
    needs = [replace(need, recorded=False) for need in chapter_needs(told.chapter) if need.recorded]
    for need in needs:
        if told.only in (None, need.name):
            record(need, needs, told.runs)


def record(need: Need, needs: Sequence[Need], runs: Path) -> None:
    """Make what is missing, and copy it into the package, beside what the other needs have."""
    if need.name not in found_needs(runs, [need]):
        print(need.command, flush=True)
        demo.measure(need, runs, quiet=False)
    found = found_needs(runs, [need])[need.name]
    files = [found.path / name for name in KEPT if (found.path / name).is_file()]
    large = [path.name for path in files if path.stat().st_size >= LARGEST]
    if large:
        raise SystemExit(f"{found.path}: {', '.join(large)} is too large to ship.")
    for old in list(shipped(need, needs)):
        shutil.rmtree(old)
    folder = RECORDED / found.id
    folder.mkdir(parents=True)
    for path in files:
        shutil.copyfile(path, folder / path.name)
    print(f"recorded {folder}", flush=True)


def shipped(need: Need, needs: Sequence[Need]) -> Iterator[Path]:
    """Yield the folders with the same recipe and axes that no other need reads."""
    others = [other for other in needs if other.name != need.name]
    read = {found.path for found in found_needs(RECORDED, others).values()}
    records: list[Run | Sweep] = [*Runs(RECORDED), *Sweeps(RECORDED)]
    for found in records:
        axes = dict(found.axes_text) if isinstance(found, Sweep) else {}
        same = found.recipe == need.recipe and axes == dict(need.axes)
        if same and found.path not in read:
            yield found.path


if __name__ == "__main__":
    main()
