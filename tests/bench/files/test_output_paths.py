"""Places are paths on this machine."""

from pathlib import Path

import pytest

from epoque import api
from epoque.bench.config import Config, LocalPath, PathOrHttps, setting
from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.files.output_paths import (
    check_file,
    check_folder,
    new_runs_folder,
    refuse_address,
    runs_folder,
)

ADDRESSES = ("s3://lab/runs", "gs://a/b", "http://a", "file:///tmp/a", "S3A://x/y", "hf://a/b")


class Placed(Config):
    """Settings that are places."""

    one: LocalPath | None = setting(None, "One", "A file.", min_length=1)
    many: tuple[LocalPath, ...] = setting((), "Many", "Files.")
    either: PathOrHttps = setting("x", "Either", "A file or an address.", max_length=99)


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scheme = address.split(":", maxsplit=1)[0]
    told = rf"is an address \({scheme}://\); a path on this machine is taken here\."
    for place in (address, Path(address)):  # which makes one slash of two
        with pytest.raises(ValueError, match=f"^{told}$"):
            refuse_address(place)
        with pytest.raises(UsageError, match=f"--out: {scheme}:/.* {told}"):
            check_file("--out", Path(place), ".png")
        with pytest.raises(UsageError, match=f"--out: {scheme}:/.* {told}"):
            check_folder("--out", Path(place))
    with pytest.raises(UsageError, match=f"The folder of runs: {address} {told}"):
        api.run("neuron/and", runs=address)
    monkeypatch.setenv("EPOQUE_RUNS", address)
    with pytest.raises(UsageError, match=f"The folder of runs: {address} {told}"):
        api.sweep("neuron/and", "seed=0:2")
    with pytest.raises(ConfigError) as caught:
        Placed.parse({"one": address, "many": f"a,{address}", "either": address})
    assert [problem.field for problem in caught.value.problems] == ["one", "many", "either"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["a/b.csv", "C:/a", "a:b", "x/s3://y", "./s3:", "naïve, a.txt"])
def test_paths_are_taken(place: str) -> None:
    refuse_address(place)
    assert Placed.parse({"one": place, "either": place}).one == place


def test_https_is_taken_where_a_file_is_fetched() -> None:
    assert Placed.parse({"either": "https://a/b.pkl"}).either == "https://a/b.pkl"
    with pytest.raises(ConfigError, match="this machine or an https:// address is taken here"):
        Placed.parse({"either": "http://a/b.pkl"})


def test_the_folder_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPOQUE_RUNS", raising=False)
    assert runs_folder() == Path("runs")
    monkeypatch.setenv("EPOQUE_RUNS", "there")
    assert runs_folder() == Path("there")
    assert runs_folder("here") == Path("here")


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("EPOQUE_RUNS", "~/runs")
    assert runs_folder() == runs_folder(Path("~/runs")) == tmp_path / "home" / "runs"
    assert runs_folder("~no-such-user/runs") == Path("~no-such-user/runs")
    for check in (check_file, check_folder):
        with pytest.raises(UsageError, match="--out: ~/a is not allowed; the shell did not put"):
            check("--out", Path("~/a"))
    assert list(tmp_path.iterdir()) == []


def test_new_runs_are_not_begun_below_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for place in (file, file / "runs", tmp_path / ("x" * 300)):
        with pytest.raises(UsageError, match=r"^--runs: .* cannot be written: .*; give another"):
            new_runs_folder(place)
        monkeypatch.setenv("EPOQUE_RUNS", str(place))
        with pytest.raises(UsageError, match=r"^EPOQUE_RUNS: .* cannot be written: "):
            new_runs_folder()
    with pytest.raises(UsageError, match="no path holds a NUL character"):
        new_runs_folder("a\0b")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--out: .*x cannot be written: "):
        check_file("--out", tmp_path / ("x" * 300), ".png")
