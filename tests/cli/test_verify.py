"""`epoque runs verify`: what differs is named; what was moved, zipped or added to does not."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from epoque import run as train
from epoque.bench.runs.manifest import digest_json
from epoque.cli import main
from epoque.report.needs import recorded_folder

Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Answer:
    def ask(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["runs", *map(str, words)])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return ask


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return train("neuron/and-short", runs=tmp_path / "runs", iterations=5, figures=False).path


def test_what_was_moved_added_to_or_zipped_is_whole(
    finished: Path, answer: Answer, tmp_path: Path
) -> None:
    (finished / "film.webp").write_bytes(b"added later")
    (finished / "figures" / "mine.svg").write_text("<svg/>")
    moved = finished.rename(tmp_path / "renamed")
    assert answer("verify", moved)[:2] == (0, "renamed: whole\n")
    assert answer("export", moved, "--to", tmp_path / "run.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    code, told, _ = answer("verify", "--runs", tmp_path / "unpacked", "--json")
    (verdict,) = json.loads(told)
    assert (code, verdict["id"], verdict["whole"], verdict["wrong"]) == (0, "renamed", True, [])


def test_what_differs_is_named_by_each_command_that_reads_it(
    finished: Path, answer: Answer, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(finished, finished.with_name("whole")))
    path = finished / "results.json"
    path.write_text(path.read_text().replace("0", "1", 1))
    (finished / "weights.csv").unlink()
    for words in (
        ("show", finished),
        ("compare", finished, other),
        ("export", finished, "--to", tmp_path / "run.zip"),
        ("verify", finished),
    ):
        code, told, wrong = answer(*words)
        assert code == 1
        assert "results.json is not what" in told + wrong
    assert not (tmp_path / "run.zip").exists()
    code, told, wrong = answer("verify", "--runs", finished.parent)
    assert code == 1
    assert f"{finished.name}: weights.csv is missing" in told
    assert "whole: whole" in told
    assert "1 of 2 are not what was saved" in wrong


def test_a_report_names_what_it_leaves_out(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (finished / "results.json").write_text("{}")
    other = train("neuron/or", runs=finished.parent, iterations=5, figures=False)
    template = tmp_path / "mine.md"
    template.write_text('{{ value(run("neuron/or"), "seed") }}')
    with pytest.raises(SystemExit) as ended:
        main(["report", str(template), "--runs", str(other.path.parent), "--out", str(tmp_path)])
    assert not ended.value.code
    assert f"{finished.name}/results.json is not what was saved" in capsys.readouterr().err


@pytest.mark.parametrize("lab", ["gan2d", "language"])
def test_what_ships_measured_is_whole(answer: Answer, lab: str) -> None:
    code, told, _ = answer("verify", "--runs", recorded_folder(lab), "--json")
    assert code == 0, told
    assert {verdict["state"] for verdict in json.loads(told)} == {"finished"}


@pytest.mark.parametrize("files", [[1, 2], {"results.json": 1}, None])
def test_a_manifest_that_is_signed_and_lists_nothing(
    finished: Path, answer: Answer, files: object
) -> None:
    told = {"format": 1, "files": files}
    (finished / "manifest.json").write_text(json.dumps(told | {"sha256": digest_json(told)}))
    code, out, _ = answer("verify", finished)
    assert (code, out) == (1, f"{finished.name}: manifest.json is damaged\n")
    code, _, err = answer("show", finished)
    assert (code, err.count("\n")) == (1, 1)
    assert f"`epoque resume {finished.name}` makes it again" in err


def test_a_damaged_manifest_of_a_run_that_is_not_finished(finished: Path, answer: Answer) -> None:
    (finished / "manifest.json").write_text("")
    (finished / "status.json").unlink()
    assert answer("verify", finished)[:2] == (1, f"{finished.name}: manifest.json is damaged\n")


def test_a_missing_file_of_a_finished_run_is_told_with_its_cure(
    finished: Path, answer: Answer
) -> None:
    (finished / "results.json").unlink()
    code, _, err = answer("show", finished)
    cure = f"`epoque resume {finished.name}` makes it again"
    assert (code, err) == (
        1, f"epoque: {finished}/results.json is not what the finished run saved; {cure}.\n"
    )  # fmt: skip
