"""A record in a format that this version does not read says so first, whatever it is."""

import json
from pathlib import Path

import pytest

from epoque.bench.errors import RunFormatError
from epoque.bench.runs.record import Record
from epoque.bench.runs.record_format import FORMAT, check_format
from epoque.bench.runs.run import Run
from epoque.bench.sweeps.search import Search
from epoque.bench.sweeps.sweep import Sweep
from epoque.report.needs import find_left_out


@pytest.mark.parametrize("kind", [Run, Sweep, Search])
@pytest.mark.parametrize("version", [FORMAT - 1, FORMAT + 1])
def test_both_versions_are_named(tmp_path: Path, kind: type[Record], version: int) -> None:
    (tmp_path / kind.metadata_file).write_text(json.dumps({"format": version}))
    environment = {"packages": {"epoque": "7.7"}}
    (tmp_path / "environment.json").write_text(json.dumps(environment))
    with pytest.raises(RunFormatError) as raised:
        _ = kind(tmp_path).metadata
    assert str(raised.value).startswith(
        f"{tmp_path} was written in format {version} by Epoque 7.7; this is Epoque "
    )
    assert str(raised.value).endswith(f", which reads format {FORMAT}.")


@pytest.mark.parametrize("environment", ["{", "[]", '{"packages": 3}', '{"packages": {}}', None])
def test_who_wrote_it_may_be_unknown(tmp_path: Path, environment: str | None) -> None:
    if environment is not None:
        (tmp_path / "environment.json").write_text(environment)
    with pytest.raises(RunFormatError, match="format 9 by another Epoque; this is Epoque"):
        check_format(tmp_path, 9)


@pytest.mark.parametrize("version", [FORMAT, None, "2", 2.5])
def test_what_is_no_other_format_is_for_others_to_refuse(tmp_path: Path, version: object) -> None:
    check_format(tmp_path, version)


def test_a_book_says_that_it_left_it_out_and_does_not_call_it_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "20261122T101500.123-neuron-and-sweep"
    folder.mkdir()
    (folder / "sweep.json").write_text(json.dumps({"format": 2}))
    (folder / "status.json").write_text(json.dumps({"state": "finished"}))
    assert find_left_out(tmp_path).damaged == {}
    (sentence,) = find_left_out(tmp_path).describe()
    assert "was written in format 2 by another Epoque" in sentence
