"""`--name` on the command line and in Python."""

import json
from pathlib import Path

import pytest

import epoque
from epoque.cli import main

WORDS = ["run", "neuron/and-short", "--name", "mine", "--no-figures", "--runs"]


def answer(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def test_the_same_command_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(*WORDS, str(tmp_path), "--quiet") == 0
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert capsys.readouterr().out == ""

    assert answer(*WORDS, str(tmp_path)) == 0
    assert f"{tmp_path / 'mine'} is finished already." in capsys.readouterr().out
    assert answer(*WORDS, str(tmp_path), "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in told] == ["run", "status"]
    assert (told[0]["id"], told[1]["state"]) == ("mine", "finished")

    assert answer(*WORDS, str(tmp_path), "--seed", "8", "--learning-rate", "2") == 2
    wrong = capsys.readouterr().err.splitlines()
    assert {line.split()[1] for line in wrong} == {"--learning-rate:", "--seed:"}
    assert answer("run", "neuron/and-short", "--name", "..", "--runs", str(tmp_path)) == 2
    assert "epoque: --name: '..' is not allowed" in capsys.readouterr().err

    again = epoque.run("neuron/and-short", name="mine", runs=tmp_path)
    assert again.path == tmp_path / "mine"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize("name", ["results.json", "config.json", "metrics.jsonl"])
def test_a_damaged_one_is_made_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(*WORDS, str(tmp_path), "--quiet") == 0
    path = tmp_path / "mine" / name
    saved = path.read_bytes()
    path.write_bytes(saved[:-40])
    (tmp_path / "mine" / "weights.csv").unlink()
    assert answer(*WORDS, str(tmp_path)) == (1 if name == "metrics.jsonl" else 0)
    told = capsys.readouterr()
    if name == "metrics.jsonl":  # its one checkpoint needs all of it
        assert f"mine: {name} is not what was saved; it is made again." in told.err
        assert "no checkpoint is left to repair it from" in told.err
        return
    assert f"mine: {name} is not what was saved; it is made again." in told.err
    assert "finished already" not in told.out
    assert path.read_bytes() == saved
    assert (tmp_path / "mine" / "weights.csv").is_file()
    assert answer(*WORDS, str(tmp_path)) == 0
    assert "finished already" in capsys.readouterr().out
