"""What can be seen before the first step is refused before a folder is made, at every door."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epoque import api
from epoque.bench.errors import UsageError
from epoque.neuron.lab import LAB as NEURON

BARE = "language/tiny-clm --layers 1 --width 16 --heads 1 --batch-size 4 --max-steps 4 --head full"
LM = f"{BARE} --vocabulary 300 --block-size 16"
SG = "stylegan3/tiny"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that cannot be used."""
    (tmp_path / "rows.csv").write_text("a,b,class\n0,0,0\n1,x,1\n")
    (tmp_path / "text.txt").write_text("only one line\n")
    (tmp_path / "good.txt").write_text("the cat sat on the mat and the dog ran away\n" * 40)
    (tmp_path / "latin.txt").write_bytes("\n".join(["caf\xe9"] * 40).encode("latin-1"))
    (tmp_path / "drawing.json").write_text("[")
    (tmp_path / "picture.png").write_text("no picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "images.zip").write_text("no zip")
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


WRONG = [
    ("neuron/and --data csv --csv missing.csv", "missing.csv"),
    ("neuron/and --data csv --csv rows.csv", "x"),
    ("neuron/and --data csv --csv empty", "empty"),
    ("gan2d/csv --csv missing.csv", "missing.csv"),
    ("gan2d/csv --csv rows.csv", "rows.csv"),
    ("gan2d/image --image picture.png", "picture.png"),
    ("gan2d/image --image empty", "empty"),
    ("gan2d/drawing --drawing drawing.json", "drawing.json"),
    ("gan2d/drawing --drawing missing.json", "missing.json"),
    (f"{LM} --train-files missing.txt", "missing.txt"),
    (f"{LM} --train-files text.txt", "fewer than two lines"),
    (f"{LM} --train-files latin.txt", "latin.txt"),
    (f"{LM} --train-files empty", "empty"),
    (f"{BARE} --train-files good.txt --vocabulary 20", "vocabulary"),
    (f"{BARE} --train-files good.txt --vocabulary 300 --block-size 1024", "block"),
    (f"{BARE} --tokenizer empty", "empty"),
    (f"{LM} --corpus nonsense", "nonsense"),
    (f"{LM} --device cuda", "device"),
    (f"{LM} --evaluate-test true", "test"),
    (f"{SG} --data missing.zip", "missing.zip"),
    (f"{SG} --data images.zip", "images.zip"),
    (f"{SG} --data empty", "empty"),
    (f"{SG} --device cuda", "device"),
    (f"{SG} --resume-from missing.pkl", "missing.pkl"),
    (f"{SG} --resume-from nonsense", "nonsense"),
    ("stylegan3/seeds --network nonsense", "nonsense"),
    ("stylegan3/seeds --network missing.json", "missing.json"),
]


@pytest.mark.parametrize(("words", "named"), WRONG, ids=[words[-40:] for words, _ in WRONG])
def test_a_run_is_refused_before_it_has_a_folder(
    words: str, named: str, refused: Callable[[str], str], place: Path
) -> None:
    assert named in refused(f"run {words}")
    assert not (place / "runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        "sweep neuron/and seed=0:2 --data csv --csv missing.csv",
        "search neuron/and learning_rate=0.1:1:lin:3 --data csv --csv missing.csv --trials 2",
        "sweep gan2d/csv csv=missing.csv,gone.csv",
        "stylegan3 train --data missing.zip",
        f"run {LM} --train-files missing.txt --name mine",
        "demo --out rows.csv/book",
    ],
)
def test_every_door_looks_first(words: str, refused: Callable[[str], str], place: Path) -> None:
    refused(words)
    assert not (place / "runs").exists()


def test_the_calls_look_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(UsageError, match=r"missing\.csv"):
        api.run("neuron/and", data="csv", csv="missing.csv")
    with pytest.raises(UsageError, match=r"missing\.csv"):
        api.sweep("neuron/and", "seed=0:2", data="csv", csv="missing.csv")
    assert not (place / "runs").exists()


def test_what_is_right_is_let_through(
    call: Callable[[str], Any], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def stop(*_: object, **__: object) -> None:
        looked.append("folder")
        raise UsageError("the folder would be made now.")

    monkeypatch.setattr("epoque.bench.runs.execute.create_run", stop)
    (place / "points.csv").write_text("a,b,class\n0,0,0\n1,1,1\n")
    (place / "strokes.json").write_text(json.dumps({"strokes": [[[0.1, 0.2], [0.3, 0.4]]]}))
    for words in (
        "neuron/and --data csv --csv points.csv",
        "gan2d/drawing --drawing strokes.json",
        f"{LM} --train-files good.txt",
    ):
        assert "the folder would be made now" in call(f"run {words}").err
    assert looked == ["folder"] * 3
    assert NEURON.check(NEURON.config_class()) is None
