"""A sweep or search is one thing: whatever file is damaged, it ends whole or in one sentence."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from damages import DAMAGES, content, file_names, refusal
from tasks import Here

from epoque.bench.errors import DamagedRunError
from epoque.bench.files.atomic import read_json, write_json
from epoque.bench.lab import find_lab
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_search import resume_search, run_search
from epoque.bench.sweeps.run_sweep import resume_sweep, run_sweep
from epoque.bench.sweeps.search import Search
from epoque.bench.sweeps.study import Study
from epoque.bench.sweeps.sweep import Sweep

ALL = "EPOQUE_TEST_DAMAGES" in os.environ
"""Whether each file is damaged in each way; else one after another takes the next way."""

KINDS: Mapping[str, tuple[type[Study], dict[str, str]]] = {
    "compiled": (Sweep, {}),
    "each": (Sweep, {"engine": "each", "iterations": "2", "checkpoint_every": "1"}),
    "search": (Search, {}),
}

STOPS = {"compiled": 4, "each": 2, "search": 5}


def stop_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, _: int) -> None:
        if done == count:
            raise KeyboardInterrupt

    return progress


def make(kind: str, root: Path, seed: int, progress: Any = None) -> None:
    """Make a sweep of six points in three parts, one of three runs, or a search of six trials."""
    lab, (of, settings) = find_lab("bowl"), KINDS[kind]
    base = lab.config_class.parse({**settings, "seed": str(seed)})
    options: dict[str, Any] = {"root": root, "execution": Execution(Here()), "progress": progress}
    options["figures"] = kind != "each"
    if of is Search:
        axes = parse_axes(base, ["learning_rate=0.01:0.4:log:2", "seed=0:2"])
        run_search(lab, "bowl/test", base, axes, trials=6, **options)
    else:
        axes = parse_axes(base, [f"seed={seed}:{seed + (3 if kind == 'each' else 6)}"])
        run_sweep(lab, "bowl/test", base, axes, **options)


def resumed(study: Study, notify: Callable[[str], None], *, figures: bool = False) -> Study:
    if isinstance(study, Search):
        return resume_search(study, execution=Execution(Here()), notify=notify, figures=figures)
    assert isinstance(study, Sweep)
    return resume_sweep(study, execution=Execution(Here()), notify=notify, figures=figures)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Study]]:
    """Return what makes, once, a finished study of a kind, a stopped one, and others."""
    made: dict[str, dict[str, Study]] = {}

    def get(kind: str) -> dict[str, Study]:
        if kind not in made:
            made[kind] = dict(_studies(kind, tmp_path_factory.mktemp(kind)))
        return made[kind]

    return get


def _studies(kind: str, root: Path) -> Iterator[tuple[str, Study]]:
    of, _ = KINDS[kind]
    for seed in (0, 7):
        for state in ("finished", "stopped"):
            folder = root / f"{state}-{seed}"
            if state == "finished":
                make(kind, folder, seed)
            else:
                with pytest.raises(KeyboardInterrupt):
                    make(kind, folder, seed, stop_after(STOPS[kind]))
            (path,) = folder.iterdir()
            yield folder.name, of(path)


@pytest.fixture(autouse=True)
def _parts_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epoque.bench.sweeps.run_sweep.PART_SIZE_LIMITS", (2, 2))
    monkeypatch.setattr("epoque.bench.sweeps.blocks.MAX_POINTS", 1)  # a run a part, however fast


def without_figures(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Drop the figures, which take the time, and what tells of them."""
    return {n: d for n, d in files.items() if n != "manifest.json" and not n.startswith("figures")}


TOLD = ("sweep.json", "search.json", "environment.json", "table.parquet", "manifest.json")
"""Each of these is always damaged in each way."""


def cases(study: Study, other: Study) -> Iterator[tuple[str, str, bytes]]:
    for number, name in enumerate(file_names(study.path)):
        data, beside = (study.path / name).read_bytes(), other.path / name
        foreign = beside.read_bytes() if beside.is_file() else data + b"1"
        few = ALL or name in TOLD or name.startswith("parts/")
        for way in DAMAGES if few else [list(DAMAGES)[number % len(DAMAGES)]]:
            if (damaged := DAMAGES[way](data, foreign)) != data:
                yield name, way, damaged


@pytest.mark.parametrize("state", ["finished", "stopped"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_file_damaged(
    kind: str, state: str, studies: Callable[[str], dict[str, Study]], tmp_path: Path
) -> None:
    made = studies(kind)
    whole, study, other = (made[name] for name in ("finished-0", f"{state}-0", f"{state}-7"))
    expected, outcomes = content(whole.path), []
    for name, way, damaged in cases(study, other):
        copy = type(study)(Path(shutil.copytree(study.path, tmp_path / study.id)))
        (copy.path / name).write_bytes(damaged)
        outcomes.append((name, way, ending(copy, name, expected)))
        shutil.rmtree(copy.path)
    refused = [one for one in outcomes if one[2] != "whole"]
    assert {name for name, *_ in refused} <= {study.metadata_file}, refused


def ending(copy: Study, name: str, expected: dict[str, bytes]) -> str:
    """Resume, and return "whole" or the one sentence; nothing else may come of it."""
    before = content(copy.path)
    if copy.is_complete:  # a journal, or a file of a run inside that its manifest stands for
        assert name == "journal.log" or name.startswith("runs/")
        return "whole"
    try:
        done = resumed(copy, lambda _: None, figures=name.startswith("figures/"))
    except DamagedRunError as error:
        return refusal(error, copy.path, before)
    actual = content(done.path)
    if not any(n.startswith("figures/") for n in actual):
        actual, expected = without_figures(actual), without_figures(expected)
    assert [n for n in actual | expected if actual.get(n) != expected.get(n)] == []
    assert done.is_complete
    assert read_json(done.path / "environment.json")["seed"] == 0
    return "whole"


def test_parts_of_another_sweep_and_a_changed_sweep_json(
    studies: Callable[[str], dict[str, Study]], tmp_path: Path
) -> None:
    made = studies("compiled")
    whole, study, other = (made[name] for name in ("finished-0", "stopped-0", "stopped-7"))
    path = Path(shutil.copytree(study.path, tmp_path / study.id))
    part, journal = "parts/0000/part-0000002.parquet", path / "parts" / "done.jsonl"
    shutil.copy(other.path / part, path / part)
    *_, line = (other.path / "parts" / "done.jsonl").read_bytes().splitlines(keepends=True)
    journal.write_bytes(journal.read_bytes() + line)
    assert list(Sweep(path).table["seed"]) == [0, 1]
    messages: list[str] = []
    resumed(Sweep(path), messages.append)
    assert without_figures(content(path)) == without_figures(content(whole.path))
    assert messages == [f"{path / part} is of another study; what it stands for is measured again."]

    path = Path(shutil.copytree(study.path, tmp_path / "changed"))
    manifest = read_json(path / "sweep.json")
    write_json(path / "sweep.json", {**manifest, "axes": {"seed": "1:7"}})
    before = content(path)
    with pytest.raises(DamagedRunError) as caught:
        resumed(Sweep(path), messages.append)
    assert "(axes" in str(caught.value)
    assert f"delete {path / 'parts'} to measure all of it" in str(caught.value)
    assert content(path) == before

    (path / "sweep.json").write_text("")
    messages.clear()
    resumed(Sweep(path), messages.append)
    assert without_figures(content(path)) == without_figures(content(whole.path))
    assert messages == ["changed: sweep.json was damaged; its parts tell it."]


def test_a_run_of_other_settings_is_not_taken_for_a_point(
    studies: Callable[[str], dict[str, Study]], tmp_path: Path
) -> None:
    made = studies("each")
    study, other = made["stopped-0"], made["finished-7"]
    last, gone = ("point-0000002", "point-0000001")
    path = Path(shutil.copytree(study.path, tmp_path / study.id))
    shutil.copytree(other.path / "runs" / "0000" / last, path / "runs" / "0000" / last)
    shutil.rmtree(path / "parts")  # then each run is asked for its numbers
    shutil.rmtree(path / "runs" / "0000" / gone / "checkpoints")
    (path / "runs" / "0000" / gone / "metrics.jsonl").write_bytes(b"")
    resumed(Sweep(path), lambda _: None)
    assert content(path) == content(made["finished-0"].path)
    assert Run(path / "runs" / "0000" / last).config.seed == 2
