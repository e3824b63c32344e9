import os
import subprocess
import sys
from multiprocessing import active_children
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
import tasks
from waiting import ended, wait_for

from epoque.bench.errors import DivergenceError
from epoque.bench.sweeps.executor import JobResult, LocalExecutor, open_executor


def all_of(executor: LocalExecutor, count: int) -> dict[int, JobResult]:
    outcomes = [executor.wait() for _ in range(count)]
    assert len({outcome.key for outcome in outcomes}) == count
    return {outcome.key: outcome for outcome in outcomes}


def wait_for_task(path: Path) -> int:
    """Wait until a task that sleeps has begun; return its process."""
    wait_for(lambda: path.exists() and path.read_text().endswith("\n"), f"{path}")
    return int(path.read_text())


def children() -> set[int | None]:
    """Return the workers of this process's executors; what else runs here is nobody's business."""
    return {child.pid for child in active_children() if isinstance(child, SpawnProcess)}


def test_jobs_return_what_they_computed_in_other_processes() -> None:
    with open_executor(LocalExecutor(2)) as executor:
        for key in range(10):
            executor.submit(key, tasks.power, 2, key)
        executor.submit(10, tasks.my_process)
        outcomes = all_of(executor, 11)
    assert outcomes.pop(10).value != os.getpid()
    assert {key: outcome.value for key, outcome in outcomes.items()} == {k: 2**k for k in range(10)}
    assert not children()


SCRIPT = """
import tasks
from epoque.bench.sweeps.executor import LocalExecutor, open_executor
print("once")
with open_executor(LocalExecutor(1)) as executor:
    executor.submit(0, tasks.power, 2, 5)
    print(executor.wait().value)
"""


@pytest.mark.parametrize("from_stdin", [False, True])
def test_a_script_needs_no_guard(tmp_path: Path, from_stdin: bool) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-" if from_stdin else str(script)],
        input=SCRIPT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["once", "32"], done.stderr
    assert not done.stderr


def test_there_are_never_more_workers_than_allowed() -> None:
    with open_executor(LocalExecutor(2)) as executor:
        for key in range(8):
            executor.submit(key, tasks.my_process)
        assert len(children()) == 2
        processes = {outcome.value for outcome in all_of(executor, 8).values()}
    assert len(processes) <= 2


def test_where_nothing_is_given_there_are_as_many_workers_as_told() -> None:
    with open_executor(None, 1) as executor:
        for key in range(3):
            executor.submit(key, tasks.my_process)
        processes = {executor.wait().value for _ in range(3)}
    assert len(processes) == 1


def test_a_job_that_fails_says_why_and_leaves_the_others_alone() -> None:
    with open_executor(LocalExecutor(1)) as executor:
        for key, kind in enumerate(("divergence", "usage", "odd")):
            executor.submit(key, tasks.fail, kind)
        executor.submit(3, tasks.power, 3, 2)
        outcomes = all_of(executor, 4)
    assert outcomes[0].kind == "DivergenceError"
    assert outcomes[0].error == str(DivergenceError("w1", 7))
    assert (outcomes[1].error, outcomes[1].kind) == ("Not like that.", "UsageError")
    assert outcomes[2].error == "KeyError: 'odd'"
    assert outcomes[3] == JobResult(3, 9)


def test_a_worker_that_dies_costs_its_own_job_only() -> None:
    with open_executor(LocalExecutor(1)) as executor:
        executor.submit(0, tasks.die)
        executor.submit(1, tasks.power, 2, 3)
        executor.submit(2, tasks.die)
        executor.submit(3, tasks.power, 2, 4)
        outcomes = all_of(executor, 4)
    assert outcomes[0].error == outcomes[2].error == "Its process ended: Killed."
    assert (outcomes[1].value, outcomes[3].value) == (8, 16)


def test_cancel_interrupts_drops_and_leaves_no_process(tmp_path: Path) -> None:
    executor = LocalExecutor(1)
    first, waiting = tmp_path / "first", tmp_path / "waiting"
    executor.submit(0, tasks.sleep, str(first), 10**6)
    executor.submit(1, tasks.sleep, str(waiting), 10**6)
    wait_for_task(first)
    executor.cancel()
    assert not children()
    assert first.read_text() == "interrupted"
    assert not waiting.exists()
    with open_executor(executor):  # and it can be used again
        executor.submit(2, tasks.power, 2, 5)
        assert executor.wait() == JobResult(2, 32)


def test_an_error_of_the_caller_leaves_no_process(tmp_path: Path) -> None:
    def go_wrong() -> None:
        with open_executor(None) as executor:
            executor.submit(0, tasks.sleep, str(tmp_path / "begun"), 60)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go_wrong()
    assert not children()


def test_a_parent_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, tasks\n"
        "from epoque.bench.sweeps.executor import LocalExecutor\n"
        "if __name__ == '__main__':\n"
        "    executor = LocalExecutor(2)\n"
        "    for key in range(2):\n"
        "        executor.submit(key, tasks.sleep, f'{sys.argv[1]}/{key}', 10**6)\n"
        "    executor.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    workers = {wait_for_task(tmp_path / name) for name in "01"}
    assert len(workers) == 2
    parent.kill()
    parent.wait()
    wait_for(lambda: all(map(ended, workers)), "the end of the workers")
