"""Make the long runs and sweeps that ship with a lab, and put them into its folder `recorded`.

    python tools/record.py language --runs runs
    python tools/record.py language --runs runs --only language/laptop-clm
    python tools/record.py --seal

What a chapter declares as `recorded` and the folder of runs does not hold yet is made there, one
after another, on a machine that has nothing else to do. Then what the book reads of each (no
checkpoints, no tokenizers) replaces what the lab's folder `recorded` held in its place, with a
manifest of what ships, so that the book notices a file that is not what was measured.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from epoque import demo
from epoque.bench.files.atomic import write_json
from epoque.bench.runs.manifest import MANIFEST, digest_files, digest_json, write_manifest
from epoque.bench.runs.run import Run, Runs
from epoque.bench.sweeps.sweep import Sweep, Sweeps
from epoque.report.needs import Need, chapter_names, chapter_needs, find_needs, recorded_folder

KEPT: tuple[str, ...] = (
    "config.json",
    "sweep.json",
    "environment.json",
    "status.json",
    "results.json",
)
KEPT += ("metrics.jsonl", "table.parquet", "examples.json", "probe.safetensors", "precision.json")
OWN_DIGEST = ("status.json", "environment.json", MANIFEST)
LARGEST = 1_000_000  # bytes of a file


def main() -> None:
    """Read the command line and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="?", help="the lab: neuron, gan2d, language, …")
    parser.add_argument(
        "--seal", action="store_true", help="write the manifests of what ships anew"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where they are made")
    parser.add_argument("--only", help="one of them, as the chapter calls it")
    arguments = parser.parse_args()
    if arguments.seal:
        for shelf in filter(None, map(recorded_folder, chapter_names())):
            for folder in sorted(path for path in shelf.iterdir() if path.is_dir()):
                seal_copy(folder)
        return
    if arguments.chapter is None:
        parser.error("which chapter?")
    needs = [
        replace(need, recorded=False) for need in chapter_needs(arguments.chapter) if need.recorded
    ]
    for need in needs:
        if arguments.only in (None, need.name):
            record(need, needs, arguments.runs)


def record(need: Need, needs: Sequence[Need], runs: Path) -> None:
    """Make what is missing, and copy it into the package, beside what the other needs have."""
    if need.name not in find_needs(runs, [need]):
        print(need.command, flush=True)
        demo.measure(need, runs, quiet=False)
    source = find_needs(runs, [need])[need.name]
    files = [source.path / name for name in KEPT if (source.path / name).is_file()]
    large = [path.name for path in files if path.stat().st_size >= LARGEST]
    if large:
        raise SystemExit(f"{source.path}: {', '.join(large)} is too large to ship.")
    for old in list(find_shipped(need, needs)):
        shutil.rmtree(old)
    shelf = recorded_folder(need.chapter)
    if shelf is None:
        raise SystemExit(f"Make the folder `recorded` of the package of lab {need.chapter} first.")
    folder = shelf / source.id
    folder.mkdir(parents=True)
    for path in files:
        shutil.copyfile(path, folder / path.name)
    seal_copy(folder)
    print(f"recorded {folder}", flush=True)


def seal_copy(folder: Path) -> None:
    """Give a shipped record a manifest of the files that ship, and bind its status to it."""
    paths = [path for path in folder.iterdir() if path.name not in OWN_DIGEST]
    write_manifest(folder, digest_files(folder, paths))
    status = json.loads((folder / "status.json").read_bytes())
    content = {name: value for name, value in status.items() if name not in ("files", "sha256")}
    bound = [folder / name for name in (MANIFEST, "environment.json")]
    content["files"] = digest_files(folder, bound)
    write_json(folder / "status.json", content | {"sha256": digest_json(content)})


def find_shipped(need: Need, needs: Sequence[Need]) -> Iterator[Path]:
    """Yield the folders with the same recipe and axes that no other need reads."""
    shelf = recorded_folder(need.chapter)
    if shelf is None:
        return
    others = [other for other in needs if other.name != need.name]
    paths_in_use = {record.path for record in find_needs(shelf, others).values()}
    records: list[Run | Sweep] = [*Runs(shelf), *Sweeps(shelf)]
    for record in records:
        axes = dict(record.axes_text) if isinstance(record, Sweep) else {}
        same = record.recipe == need.recipe and axes == dict(need.axes)
        if same and record.path not in paths_in_use:
            yield record.path


if __name__ == "__main__":
    main()
