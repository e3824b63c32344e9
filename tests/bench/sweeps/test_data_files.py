"""Files that settings name: found, and sent with a sweep to machines that lack them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tasks

from epoque.bench.errors import UsageError
from epoque.bench.lab import find_lab
from epoque.bench.sweeps import data_files
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_sweep import resume_sweep
from epoque.bench.sweeps.sweep import Sweep

Swept = Callable[..., Sweep]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Two files, named from the folder that they are in."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("near.txt", "0.5"), ("far.txt", "3")):
        Path(name).write_text(text, encoding="ascii")
    return "near.txt", "far.txt"


def test_they_are_found_in_the_base_and_on_the_axes(places: tuple[str, str]) -> None:
    base = find_lab("bowl").config_class.parse({"place": "near.txt"})
    assert data_files.find_files(base) == {"near.txt": "place"}
    axes = parse_axes(base, ["place=near.txt,far.txt", "seed=0:2"])
    assert data_files.find_files(base, axes) == {"near.txt": "place", "far.txt": "place"}
    nowhere = base.replace(place="https://example.org/far.txt")
    assert data_files.find_files(nowhere) == {}


@pytest.mark.parametrize("engine", ["together", "each"])
def test_a_sweep_that_sends_its_files_measures_the_same_without_them(
    engine: str, places: tuple[str, str], swept: Swept, tmp_path: Path
) -> None:
    axis = f"place={','.join(places)}"
    options = {"engine": engine, "executor": tasks.Here()}
    whole = swept(axis, **options, root=tmp_path / "whole")

    class Stop(tasks.Here):
        def run(self, jobs: object) -> object:
            for name in places:  # as on a machine that does not have them
                Path(name).unlink(missing_ok=True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        swept(axis, **options | {"executor": Stop(), "ship": True})
    (path,) = (tmp_path / "runs").glob("*-sweep*")
    assert len(list(path.glob("files/*/*.txt"))) == 2
    for name in places:  # the command is known by what it names
        Path(name).write_text("7", encoding="ascii")
    sent = resume_sweep(Sweep(path), execution=Execution(tasks.Here()), figures=False)
    here, there = ((sweep.path / "table.parquet").read_bytes() for sweep in (whole, sent))
    assert here == there


def test_what_is_no_file_or_too_large_is_refused(
    places: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"place: --ship copies files, and .* is a folder"):
        data_files.plan_copies({str(tmp_path): "place"})
    monkeypatch.setattr(data_files, "MAX_SHIPPED_BYTES", 1)
    with pytest.raises(UsageError, match=r"place: near.txt has 0 MB, and --ship copies files"):
        data_files.plan_copies({"near.txt": "place"})
