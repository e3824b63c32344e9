import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import tasks

from epoque.bench.errors import DivergenceError
from epoque.bench.executor import LocalExecutor, Outcome, running


def all_of(executor: LocalExecutor, count: int) -> dict[int, Outcome]:
    outcomes = [executor.wait() for _ in range(count)]
    assert len({outcome.key for outcome in outcomes}) == count
    return {outcome.key: outcome for outcome in outcomes}


def wait_for(path: Path, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.01)


def children() -> set[int]:
    return {
        child.pid
        for child in psutil.Process().children(recursive=True)
        if any("spawn_main" in word for word in child.cmdline())
    }


def test_jobs_return_what_they_computed_in_other_processes() -> None:
    with running(LocalExecutor(2)) as executor:
        for key in range(10):
            executor.submit(key, tasks.power, 2, key)
        executor.submit(10, tasks.my_process)
        outcomes = all_of(executor, 11)
    assert outcomes.pop(10).value != os.getpid()
    assert {key: outcome.value for key, outcome in outcomes.items()} == {k: 2**k for k in range(10)}
    assert not children()


def test_there_are_never_more_workers_than_allowed() -> None:
    with running(LocalExecutor(2)) as executor:
        for key in range(8):
            executor.submit(key, tasks.my_process)
        assert len(children()) == 2
        processes = {outcome.value for outcome in all_of(executor, 8).values()}
    assert len(processes) <= 2


def test_where_nothing_is_given_there_are_as_many_workers_as_told() -> None:
    with running(None, 1) as executor:
        for key in range(3):
            executor.submit(key, tasks.my_process)
        processes = {executor.wait().value for _ in range(3)}
    assert len(processes) == 1


def test_a_job_that_fails_says_why_and_leaves_the_others_alone() -> None:
    with running(LocalExecutor(1)) as executor:
        for key, kind in enumerate(("divergence", "usage", "odd")):
            executor.submit(key, tasks.fail, kind)
        executor.submit(3, tasks.power, 3, 2)
        outcomes = all_of(executor, 4)
    assert outcomes[0].kind == "DivergenceError"
    assert outcomes[0].error == str(DivergenceError("w1", 7))
    assert (outcomes[1].error, outcomes[1].kind) == ("Not like that.", "UsageError")
    assert outcomes[2].error == "KeyError: 'odd'"
    assert outcomes[3] == Outcome(3, 9)


def test_a_worker_that_dies_costs_its_own_job_only() -> None:
    with running(LocalExecutor(1)) as executor:
        executor.submit(0, tasks.die)
        executor.submit(1, tasks.power, 2, 3)
        executor.submit(2, tasks.die)
        executor.submit(3, tasks.power, 2, 4)
        outcomes = all_of(executor, 4)
    assert outcomes[0].error == outcomes[2].error == "Its process ended: Killed."
    assert (outcomes[1].value, outcomes[3].value) == (8, 16)


def test_cancel_interrupts_drops_and_leaves_no_process(tmp_path: Path) -> None:
    executor = LocalExecutor(1)
    begun, waiting = tmp_path / "begun", tmp_path / "waiting"
    executor.submit(0, tasks.sleep, str(begun), 600)
    executor.submit(1, tasks.sleep, str(waiting), 600)
    wait_for(begun)
    clock = time.monotonic()
    executor.cancel()
    assert time.monotonic() - clock < 30  # the tasks would sleep for 600
    assert not children()
    assert begun.read_text() == "interrupted"
    assert not waiting.exists()
    with running(executor):  # and it can be used again
        executor.submit(2, tasks.power, 2, 5)
        assert executor.wait() == Outcome(2, 32)


def test_an_error_of_the_caller_leaves_no_process(tmp_path: Path) -> None:
    def go_wrong() -> None:
        with running(None) as executor:
            executor.submit(0, tasks.sleep, str(tmp_path / "begun"), 60)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go_wrong()
    assert not children()


def test_a_parent_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, tasks\n"
        "from epoque.bench.executor import LocalExecutor\n"
        "if __name__ == '__main__':\n"
        "    executor = LocalExecutor(2)\n"
        "    for key in range(2):\n"
        "        executor.submit(key, tasks.sleep, f'{sys.argv[1]}/{key}', 600)\n"
        "    executor.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    wait_for(tmp_path / "0")
    wait_for(tmp_path / "1")
    workers = psutil.Process(parent.pid).children(recursive=True)
    assert len(workers) >= 2
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
