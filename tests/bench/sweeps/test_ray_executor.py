"""Sweeps on a Ray cluster of real processes: the same bytes, whatever goes."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tasks
from waiting import PATIENCE, wait_for
from warm import epoque

from epoque.bench.errors import UsageError
from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.sweeps.execution import Execution
from epoque.bench.sweeps.executor import choose_executor
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.jobs import Job, Needs, Outcome
from epoque.bench.sweeps.ray_executor import RayExecutor
from epoque.bench.sweeps.run_search import run_search
from epoque.bench.sweeps.run_sweep import run_sweep
from epoque.bench.sweeps.sweep import Sweep, Sweeps

HERE = Path(__file__).parent
Swept = Callable[..., Sweep]

cluster_only = pytest.mark.cluster


@pytest.fixture(scope="module")
def whole_cluster() -> Iterator[Any]:
    """Start a cluster of one node, for all tests of this file."""
    pytest.importorskip("ray", reason="Ray, the extra `ray`, is not installed")
    from ray_cluster import Cluster

    shared = HERE.parents[1] / "shared"
    path = os.pathsep.join(map(str, (HERE / "plugins", HERE, shared)))
    one = {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    cluster = Cluster(one)
    try:
        cluster.add_node()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def cluster(whole_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in whole_cluster.token.items():
        monkeypatch.setenv(name, value)
    return whole_cluster


@pytest.fixture
def on_ray(cluster: Any) -> Iterator[Callable[..., RayExecutor]]:
    """Return what makes an executor of the cluster; at the end nothing of it is left."""
    made: list[RayExecutor] = []

    def make(**options: Any) -> RayExecutor:
        made.append(RayExecutor(address=cluster.address, **options))
        return made[-1]

    yield make
    for executor in made:
        executor.cancel()


def table_bytes(sweep: Sweep) -> bytes:
    return (sweep.path / "table.parquet").read_bytes()


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("ray://", r"on: ray:// is not allowed; Ray Client is not used\. Make this machine one"),
        ("ray://me:secret@nobody:1", r"on: ray://nobody:1 is not allowed; Ray Client is not"),
        ("ray:nobody", r"on: nobody is not allowed; it takes HOST:PORT of a Ray head\."),
        ("head:99999", r"on: head:99999 is not allowed; it takes HOST:PORT of a Ray head\."),
    ],
)
def test_an_address_that_is_none_is_a_sentence(on: str, sentence: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match=sentence) as caught:
        choose_executor(on, None)
    assert "secret" not in str(caught.value)


def test_no_workers_are_none() -> None:
    pytest.importorskip("ray")
    with pytest.raises(UsageError, match=r"workers: 0 is not allowed; it takes a whole number"):
        choose_executor("ray", 0)


def test_a_cluster_that_nobody_runs_is_refused_before_anything_is_written(
    swept: Swept, tmp_path: Path
) -> None:
    executor = RayExecutor(address="127.0.0.1:1")
    with pytest.raises(UsageError) as caught:
        swept("seed=0:2", executor=executor)
    reason = "cannot be reached: connection refused."
    assert str(caught.value) == f"on: the Ray cluster at 127.0.0.1:1 {reason}"
    assert not (tmp_path / "runs").exists()


@cluster_only
def test_jobs_end_as_on_this_machine(
    on_ray: Callable[..., RayExecutor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = (2,)
    jobs = [
        Job(0, tasks.power, (5,), common),
        Job(1, tasks.fail, ("divergence",)),
        Job(2, tasks.die),
        Job(3, tasks.die_with_parent_once, (str(tmp_path / "begun"),)),
        Job(4, tasks.sleep, (str(tmp_path / "late"), 10**6), deadline=0.5),
        Job(5, os.getenv, ("NPROC",)),
        Job(6, tasks.power, (6,), common),
    ]
    outcomes = {o.key: o for o in on_ray(retries=1).run(jobs)}
    assert outcomes[0] == Outcome(0, 32)
    assert outcomes[1].kind == "DivergenceError"
    assert outcomes[2].error == "Given up after 2 attempts. Its process ended: Killed."
    assert (outcomes[3].value, outcomes[3].attempt) == ("done", 2)
    assert outcomes[4].error == "It took longer than its deadline of 0.5 s."
    assert (outcomes[5].value, outcomes[6].value) == ("1", 64)
    assert len(outcomes) == len(jobs)

    on_ray_again = on_ray()
    with pytest.raises(UsageError) as caught:
        on_ray_again.check(Needs(gpus=1))
    at = f"the Ray cluster at {on_ray_again._address}"
    assert str(caught.value) == f"A training needs 1 GPU, and no machine of {at} has one."
    newer = tmp_path / "bowl-2.0.dist-info"
    newer.mkdir()
    (newer / "METADATA").write_text("Metadata-Version: 2.1\nName: bowl\nVersion: 2.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=r" has bowl 1\.0, and this machine has 2\.0\."):
        on_ray_again.check(Needs(), ["bowl"])


@cluster_only
def test_tables_are_the_same_as_on_this_machine(
    on_ray: Callable[..., RayExecutor], swept: Swept, tmp_path: Path
) -> None:
    axes, settings = ("learning_rate=0.1,0.2",), {"checkpoint_every": 5, "engine": "each"}
    whole = swept(*axes, **settings, root=tmp_path / "whole", executor=tasks.Here())
    killed = swept(*axes, **settings, fate="stumble", executor=on_ray())
    assert table_bytes(killed) == table_bytes(whole)
    assert killed.status.timings.numbers == {"lost_jobs": 2, "retried_jobs": 2}
    lab, recipe = find_lab("neuron"), find_recipe("neuron/and-short")
    base = recipe.build(lab.config_class, {"engine": "wasm"})
    axes = parse_axes(base, ("seed=0:4",))
    tables = {
        table_bytes(
            run_sweep(
                lab, recipe.name, base, axes, tmp_path / str(number),
                execution=Execution(executor, workers=1), figures=False,
            )
        )
        for number, executor in enumerate((None, on_ray()))
    }  # fmt: skip
    assert len(tables) == 1


@cluster_only
def test_the_command_of_the_guide_measures_what_threads_do(cluster: Any, tmp_path: Path) -> None:
    """One compiled program."""
    from ray_cluster import GUIDE

    ((words, on),) = re.findall(r"^epoque (sweep .+) --on (\S+)$", GUIDE, re.MULTILINE)
    tables = set()
    for place in ("local", cluster.here(on)):
        runs = tmp_path / place
        options = ("--on", place, "--runs", str(runs), "--no-figures")
        done = epoque(*words.split(), *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert ("Joined the Ray cluster" in done.stderr) == (place != "local")
        tables |= {table_bytes(sweep) for sweep in Sweeps(runs)}
    assert len(tables) == 1


@cluster_only
def test_a_search_finds_the_same(on_ray: Callable[..., RayExecutor], tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="Optuna, the extra `search`, is not installed")
    lab = find_lab("bowl")
    base = lab.config_class.parse({"engine": "each"})
    axes = parse_axes(base, ["learning_rate=0.01:0.4:log:2", "seed=0:2"])
    searches = [
        run_search(
            lab, "bowl/test", base, axes, tmp_path / name, trials=6, trial_batch=3,
            execution=Execution(executor), figures=False,
        )
        for name, executor in (("here", tasks.Here()), ("ray", on_ray()))
    ]  # fmt: skip
    for name in ("table.parquet", "best.json"):
        here, there = ((search.path / name).read_bytes() for search in searches)
        assert here == there, name


@cluster_only
def test_a_machine_that_goes_costs_an_attempt(
    cluster: Any, on_ray: Callable[..., RayExecutor], swept: Swept, tmp_path: Path
) -> None:
    for _ in range(2):
        cluster.add_node()
    lines: list[str] = []

    def notify(line: str) -> None:
        lines.append(line)
        if line.startswith("lost host"):
            (tmp_path / "go").touch()

    executor = on_ray(notify=notify)
    axes, settings = ("seed=0:9",), {"engine": "each", "checkpoint_every": 5}
    tables = {
        table_bytes(swept(*axes, **settings, root=tmp_path / str(number), executor=each))
        for number, each in enumerate((tasks.Here(), executor))
    }
    assert len(tables) == 1
    assert executor.window == 12

    def kill_one() -> None:
        wait_for(lambda: len(list(tmp_path.glob("begun-*"))) == 3, "the jobs")
        cluster.kill(cluster.nodes.pop())

    killer = threading.Thread(target=kill_one)
    killer.start()
    outcomes = list(executor.run(Job(key, tasks.meet, (str(tmp_path),)) for key in range(3)))
    killer.join()
    assert sorted(outcome.attempt for outcome in outcomes) == [1, 1, 2]
    assert all(outcome.value == "met" for outcome in outcomes)
    assert lines[0] == f"Joined the Ray cluster at {cluster.address}."
    assert re.fullmatch(r"lost host [0-9.]+ \(1 job\): tried again elsewhere", lines[-1])


@cluster_only
def test_a_head_that_goes_interrupts_and_the_same_command_goes_on(
    cluster: Any, swept: Swept, tmp_path: Path
) -> None:
    recipe, runs = tmp_path / "slow.yaml", tmp_path / "slow"
    recipe.write_text("lab: bowl\nconfig: {engine: each, pace: 0.05}\n")
    words = ["sweep", str(recipe), "seed=0:40", "--runs", str(runs), "--no-figures"]
    command = [sys.executable, "-m", "epoque", *words]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [*command, "--on", cluster.address], env=env, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: list(runs.glob("*/parts/*/*.parquet")) or process.poll() is not None)
        cluster.kill(cluster.head)
        killed = time.monotonic()
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 1, output
    assert f"The head of the Ray cluster at {cluster.address} went away." in output
    assert "Traceback" not in output
    assert time.monotonic() - killed < 30
    (sweep,) = Sweeps(runs)
    assert sweep.status.state == "interrupted"
    again = subprocess.run([*command, "--quiet"], env=env, timeout=PATIENCE, check=False)
    assert again.returncode == 0
    (done,) = Sweeps(runs)
    assert done.is_complete
    whole = swept("seed=0:40", engine="each", root=tmp_path / "whole", executor=tasks.Here())
    assert table_bytes(done) == table_bytes(whole)
