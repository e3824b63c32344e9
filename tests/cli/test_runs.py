"""`epoque runs`, and which run a name means in each command."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import epoque
from epoque.bench.files.atomic import write_json
from epoque.bench.files.parquet_table import encode_table
from epoque.bench.runs.creation_time import next_creation_time
from epoque.bench.runs.execute import start
from epoque.bench.runs.record_folder import create_record, make_record_name
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.study import make_metadata
from epoque.bench.sweeps.table_blocks import TableBlock
from epoque.bench.sweeps.table_parts import TableParts
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB as GAN2D
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB as NEURON

Call = Callable[[str], Any]
Refused = Callable[[str], str]


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, sweep and search, in this order, as trainings leave them."""
    root = tmp_path_factory.mktemp("measured") / "runs"
    run = start(NEURON, NeuronConfig(iterations=2), "neuron/and", root)
    (run.path / "metrics.jsonl").write_text('{"step":1,"error":0.5}\n{"step":2,"error":0.25}\n')
    write_json(run.path / "results.json", {"final_error": 0.25})
    told = {"engine": "compiled", "points": 2, "part_points": 2, "score": "final_error"}
    _study(root, "sweep", "seed=0:2", told)
    told = {"engine": "compiled", "sampler": "random", "trials": 2, "objective": "final_error"}
    found = _study(root, "search", "learning_rate=0.1:1:lin:2", told | {"direction": "minimize"})
    write_json(found / "best.json", {"trial": 1, "config": {}, "median": 0.25})
    for path in root.iterdir():
        status = json.loads((path / "status.json").read_text())
        write_json(path / "status.json", {**status, "state": "finished", "reason": ""})
    return root


def _study(root: Path, kind: str, axis: str, told: dict[str, Any]) -> Path:
    axes = parse_axes(NeuronConfig(), [axis])
    manifest = make_metadata(NEURON, "neuron/and", NeuronConfig(), axes) | told
    moment = next_creation_time(root)

    def fill(draft: Path) -> None:
        write_json(draft / f"{kind}.json", manifest)

    path = create_record(root, make_record_name("neuron/and", f"-{kind}", moment), 0, fill, moment)
    parts = TableParts(path / "parts", {})
    columns = {"trial": [0, 1], "seed": [0, 1], "final_error": [0.5, 0.25]}
    parts.write(0, TableBlock(encode_table(columns), 2))
    parts.concatenate(path / "table.parquet")
    return path


@pytest.fixture
def runs(tmp_path: Path, measured: Path) -> list[str]:
    """The same in `./runs`: the ids."""
    shutil.copytree(measured, tmp_path / "runs")
    return sorted(os.listdir(measured))


def begun(root: Path, recipe: str = "neuron/and", **settings: int) -> str:
    """Make a run that is not trained."""
    if recipe.startswith("gan2d"):
        return start(GAN2D, Gan2dConfig(), recipe, root).id
    return start(NEURON, NeuronConfig(**settings), recipe, root).id


def ids(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if not path.name.startswith(".")}


@pytest.mark.parametrize("name", [".", "''", "neuron", "20", "T", "and", "*", "..", "/"])
def test_nothing_is_deleted_by_a_part_of_its_name(
    name: str, refused: Refused, runs: list[str], tmp_path: Path
) -> None:
    told = refused(f"runs delete {name} --yes")
    assert told.startswith("There is no")
    assert ids(tmp_path / "runs") == set(runs)


def test_a_part_of_one_name_only_is_told_whole(refused: Refused, runs: list[str]) -> None:
    told = refused("runs delete search --yes")
    rule = "A whole id, `last` or a path is wanted here, and this is a part of"
    assert told == f"There is no run 'search'. {rule} {runs[2]}.\n"


def test_whole_names_delete(
    call: Call, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, swept, searched = runs
    assert call("runs delete last --yes").code == 0
    assert ids(tmp_path / "runs") == {run, swept}
    assert call(f"runs delete ./runs/{swept}/ --yes").code == 0
    assert ids(tmp_path / "runs") == {run}
    monkeypatch.chdir(tmp_path / "runs" / run)
    assert call("runs delete . --yes").code == 0
    assert ids(tmp_path / "runs") == set()
    assert searched not in ids(tmp_path / "runs")


def test_all_names_are_found_before_anything_is_deleted(
    refused: Refused, runs: list[str], tmp_path: Path
) -> None:
    refused(f"runs delete {runs[0]} nothing --yes")
    assert ids(tmp_path / "runs") == set(runs)


def test_last_is_any_kind_where_any_is_taken(call: Call, runs: list[str], tmp_path: Path) -> None:
    assert json.loads(call("runs show last --json").out)["id"] == runs[2]
    done = call("resume last")
    assert (done.code, f"{runs[2]} is already finished" in done.err) == (2, True)
    shutil.rmtree(tmp_path / "runs" / runs[2])
    done = call("resume last")
    assert (done.code, f"{runs[1]} is already finished" in done.err) == (2, True)


def test_last_is_a_run_where_only_runs_are_taken(call: Call, runs: list[str]) -> None:
    done = call("runs export last --to last.csv")
    assert (done.code, done.err) == (0, f"last is {runs[0]}.\n")


def test_studies_are_shown(call: Call, runs: list[str]) -> None:
    told = json.loads(call(f"runs show {runs[1]} --json").out)
    assert told["axes"] == {"seed": "0:2"}
    assert told["command"].startswith("epoque sweep neuron/and seed=0:2")
    shown = call(f"runs show {runs[2]}").out
    assert "best" in shown
    assert "epoque search neuron/and" in shown


def test_results_are_shown_with_the_words_of_their_lab(call: Call, runs: list[str]) -> None:
    for words in (f"runs show {runs[0]}", f"runs compare {runs[0]} {runs[0]}"):
        [line] = [line for line in call(words).out.splitlines() if "final_error" in line]
        assert line.split()[-2:] == ["Final", "error"]


def test_a_near_name_is_told_whole(call: Call, runs: list[str]) -> None:
    done = call("runs show and-sweep")
    assert (done.code, done.err) == (0, f"and-sweep is {runs[1]}.\n")
    assert call(f"runs show {runs[1]}").err == ""
    assert call(f"runs show runs/{runs[1]}/").err == ""
    assert call("runs show and-sweep --json").err == ""


def test_the_clock_does_not_decide_what_is_last(call: Call, tmp_path: Path) -> None:
    first = begun(tmp_path / "runs")
    (tmp_path / "runs" / first).rename(tmp_path / "runs" / "20991231T000000.000-neuron-and")
    second = begun(tmp_path / "runs")
    assert call("runs delete last --yes").code == 0
    assert ids(tmp_path / "runs") == {"20991231T000000.000-neuron-and"}
    assert second > "20991231T000000.000"


@pytest.mark.parametrize(
    ("words", "lab", "others"),
    [
        ("neuron animate", "neuron", "gan2d/ring"),
        ("gan2d look", "gan2d", "neuron/and"),
        ("gan2d film", "gan2d", "neuron/and"),
        ("gan2d multiples", "gan2d", "neuron/and"),
        ("gan2d retrain --from 1", "gan2d", "neuron/and"),
        ("stylegan3 film --run", "stylegan3", "neuron/and"),
        ("language save last new", "language", "neuron/and"),
        ("language generate last a", "language", "neuron/and"),
    ],
)
def test_a_lab_takes_its_own_runs(
    words: str, lab: str, others: str, refused: Refused, tmp_path: Path
) -> None:
    run = begun(tmp_path / "runs", others)
    told = refused(words if "last" in words else f"{words} last")
    assert told == f"{run} is a run of the lab {others.split('/', maxsplit=1)[0]}, not of {lab}.\n"
    assert ids(tmp_path) == {"runs"}


def test_last_of_a_lab_is_its_newest(call: Call, tmp_path: Path) -> None:
    ours = begun(tmp_path / "runs")
    begun(tmp_path / "runs", "gan2d/ring")
    done = call("neuron animate last")  # which has not begun: no film
    assert done.err.startswith(f"last is {ours}.\n")


def test_lists_show_the_newest(call: Call, tmp_path: Path) -> None:
    made = [begun(tmp_path / "runs", seed=seed) for seed in range(5)]
    listed = call("runs list --limit 2")
    assert [name in listed.out for name in made] == [False, False, False, True, True]
    assert "These are the newest 2; --all lists all" in listed.out
    for words in ("runs list", "runs list --all", "runs list --limit 5"):
        shown = call(words).out
        assert all(name in shown for name in made)
        assert "newest" not in shown
    rows = json.loads(call("runs list --json").out)
    assert [row["id"] for row in rows] == made
    assert [row["seed"] for row in json.loads(call("runs list --json --limit 2").out)] == [3, 4]


def test_a_list_reads_each_run_once(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from epoque.bench.runs import index_stamps
    from epoque.bench.runs.run import Run

    monkeypatch.setattr(index_stamps, "SETTLED_SECONDS", -1.0)  # nothing counts as changed just now
    runs = [begun(tmp_path / "runs", seed=seed) for seed in range(6)]
    read = list[str]()
    metadata = Run.metadata.func
    monkeypatch.setattr(Run, "metadata", property(lambda run: read.append(run.id) or metadata(run)))
    first = call("runs list --limit 2").out
    assert set(read) == set(runs)
    read.clear()
    assert call("runs list --limit 2").out == first
    assert read == []


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5"])
def test_a_list_of_nothing_is_refused(limit: str, refused: Refused) -> None:
    assert limit in refused(f"runs list --limit {limit}")


def test_a_list_says_where_there_is_nothing(
    call: Call, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is no folder runs; `epoque run" in call("runs list").out
    assert "--runs: there is no folder nowhere." in refused("runs list --runs nowhere")
    (tmp_path / "file").write_text("")
    assert "file cannot be read: a part of the path is a file" in refused("runs list --runs file")
    monkeypatch.setenv("EPOQUE_RUNS", "elsewhere")
    assert "there is no folder elsewhere; `epoque run" in call("runs list").out
    (tmp_path / "elsewhere").mkdir()
    assert "There are no runs in elsewhere" in call("runs list").out


def test_comparing_is_refused_before_anything_is_printed(
    call: Call, refused: Refused, runs: list[str], tmp_path: Path
) -> None:
    assert "There is only error." in refused("runs compare last last --metric nope")
    assert "'nope'" in refused("runs compare last last --metric nope --out both")
    assert "a part of the path is a file" in refused(
        f"runs compare last last --out runs/{runs[0]}/config.json/x"
    )
    assert call("runs compare last last --metric error").code == 0
    assert ids(tmp_path) == {"runs"}


def test_exporting_is_refused_before_anything_is_read(refused: Refused, runs: list[str]) -> None:
    assert "--to: a.txt should end in .zip" in refused("runs export last --to a.txt")
    Path("file").touch()
    assert "--to: file/a.zip cannot be written" in refused("runs export last --to file/a.zip")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8(call: Call, tmp_path: Path, measured: Path) -> None:
    folder = os.fsdecode(b"r\xe9sultats")
    shutil.copytree(measured, tmp_path / folder)
    for words in ("runs show last", "runs show last --json", "runs list", "runs compare last last"):
        done = call(f"{words} --runs {folder}")
        assert done.code == 0, done.err


def test_the_variable_holds_for_networks(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOQUE_RUNS", "elsewhere")
    told = refused("stylegan3 generate --network last --seeds 1")
    assert told == "There is no network 'last'. elsewhere/ holds no finished training.\n"


def test_help_tells_the_type_of_a_setting(call: Call) -> None:
    told = call("stylegan3 train --help").out
    for words in (
        "--seed INT",
        "--kimg FLOAT",
        "--cond BOOL",
        "--cfg --config CHOICE",
        "--data PATH",
    ):
        assert words in told
    told = call("run neuron/and --help").out
    for words in (
        "--learning-rate FLOAT",
        "--iterations INT",
        "--hidden-layers LIST",
        "--csv PATH",
    ):
        assert words in told
    assert "STR" not in told.split("Settings of neuron")[1]


def test_a_recipe_that_is_no_yaml_is_named_as_such(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("{}")
    assert (
        refused("run r.json")
        == "r.json is no recipe: recipes are files that end in .yaml or .yml.\n"
    )
    assert "There is no recipe 'missing.json'" in refused("run missing.json")


def test_a_list_shows_that_half_of_xor_is_wrong(call: Call, tmp_path: Path) -> None:
    run = epoque.run("neuron/xor", iterations=300, figures=False, runs=tmp_path / "runs")
    assert run.results["final_error_max"] > 0.5
    head, row = call("runs list").out.splitlines()[:2]
    assert head.split() == [
        "id", "state", "seconds", "seed", "final_error", "final_error_max", "accuracy", "reason"
    ]  # fmt: skip
    shown = [f"{run.results[name]:.4g}" for name in ("final_error", "final_error_max", "accuracy")]
    assert row.split()[-3:] == shown


def test_a_sweep_shows_the_largest_error_beside_its_score(call: Call) -> None:
    told = call("sweep neuron/xor seed=0:3 --iterations 50 --no-figures").out
    assert told.split()[:6] == [
        "runs", "final_error_median", "final_error_low", "final_error_high",
        "final_error_max_median", "accuracy_median",
    ]  # fmt: skip
