"""`epoque demo` goes on with what it began."""

from pathlib import Path
from typing import Any

import pytest

from epoque.api import configure
from epoque.bench.events import Metrics
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Runs
from epoque.demo import measure
from epoque.report.needs import Need, find_left_out

NEED = Need("neuron/and-short", "neuron/and-short", settings={"iterations": 60})


class Stops:
    def log(self, event: Any) -> None:
        if isinstance(event, Metrics) and event.step == 40:
            raise KeyboardInterrupt

    def close(self, state: str, reason: str = "") -> None: ...


def begin(root: Path, **settings: Any) -> Path:
    """Begin a run that is stopped after 40 iterations."""
    told = {**NEED.settings, "checkpoint_every": 1000, **settings}
    _recipe, lab, config = configure(NEED.recipe, told)
    run = start(lab, config, NEED.recipe, root)
    with pytest.raises(KeyboardInterrupt):
        execute(run, [lambda _: Stops()], draw=False)
    return run.path


def test_it_resumes_the_run_that_it_began(tmp_path: Path) -> None:
    other, begun = begin(tmp_path, seed=9), begin(tmp_path)
    measure(NEED, tmp_path, quiet=True)
    states = {run.path: run.status.state for run in Runs(tmp_path)}
    assert states == {begun: "finished", other: "interrupted"}
    measure(NEED, tmp_path, quiet=True)  # asked for again, it runs again
    assert len(Runs(tmp_path).ids()) == 3


def test_what_cannot_be_gone_on_with_does_not_stop_it(tmp_path: Path) -> None:
    begun = begin(tmp_path)
    (begun / "metrics.jsonl").unlink()
    (begun / "config.json").write_bytes(b"{}")
    measure(NEED, tmp_path, quiet=True)
    assert sorted(run.status.state for run in Runs(tmp_path)) == ["finished", "interrupted"]


def test_it_repairs_a_damaged_run(tmp_path: Path) -> None:
    measure(NEED, tmp_path, quiet=True)
    (run,) = Runs(tmp_path)
    path = run.path / "results.json"
    saved = path.read_bytes()
    path.write_bytes(saved[:20])
    assert find_left_out(tmp_path).damaged == {run.id: "results.json"}
    measure(NEED, tmp_path, quiet=True)
    assert path.read_bytes() == saved
    assert len(Runs(tmp_path).ids()) == 1
    assert find_left_out(tmp_path).damaged == {}


def test_it_resumes_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need = Need("and", "neuron/and-short", axes={"seed": "0:4"}, settings=NEED.settings)
    monkeypatch.setattr("epoque.bench.sweeps.table_parts.join_tables", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        measure(need, tmp_path, quiet=True)
    monkeypatch.undo()
    measure(need, tmp_path, quiet=True)
    (sweep,) = tmp_path.glob("*/sweep.json")
    assert (sweep.parent / "table.parquet").is_file()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
