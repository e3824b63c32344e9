import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
import tasks
from waiting import ended, wait_for

from epoque.bench.errors import DivergenceError, UnknownNameError, UsageError
from epoque.bench.sweeps.executor import (
    LocalExecutor,
    ThreadExecutor,
    choose_executor,
    make_executor,
    open_executor,
)
from epoque.bench.sweeps.jobs import Job, Needs, Outcome, raise_error


def all_of(executor: LocalExecutor | ThreadExecutor, *jobs: Job) -> dict[int, Outcome]:
    outcomes = list(executor.run(jobs))
    assert len({outcome.key for outcome in outcomes}) == len(jobs)
    return {outcome.key: outcome for outcome in outcomes}


def powers(count: int) -> Iterator[Job]:
    return (Job(key, tasks.power, (2, key)) for key in range(count))


def wait_for_task(path: Path) -> int:
    """Wait until a task that sleeps has begun; return its process."""
    wait_for(lambda: path.exists() and path.read_text().endswith("\n"), f"{path}")
    return int(path.read_text())


def children() -> set[int | None]:
    """Return the workers of this process's executors; what else runs here is nobody's business."""
    return {child.pid for child in active_children() if isinstance(child, SpawnProcess)}


def test_jobs_return_what_they_computed_in_other_processes() -> None:
    with open_executor(LocalExecutor(2)) as executor:
        outcomes = {o.key: o for o in executor.run([*powers(10), Job(10, tasks.my_process)])}
    assert outcomes.pop(10).value != os.getpid()
    assert {key: outcome.value for key, outcome in outcomes.items()} == {k: 2**k for k in range(10)}
    assert all(outcome.host and outcome.seconds >= 0 for outcome in outcomes.values())
    assert not children()


SCRIPT = """
import tasks
from epoque.bench.sweeps.executor import LocalExecutor, open_executor
from epoque.bench.sweeps.jobs import Job
print("once")
with open_executor(LocalExecutor(1)) as executor:
    print([outcome.value for outcome in executor.run([Job(0, tasks.power, (2, 5))])][0])
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
        outcomes = list(executor.run(Job(key, tasks.my_process) for key in range(8)))
        assert len(children()) <= 2
    assert 1 <= len({outcome.value for outcome in outcomes}) <= 2


@pytest.mark.parametrize("make", [LocalExecutor, ThreadExecutor])
def test_jobs_are_pulled_as_they_are_needed(
    make: Callable[[int], LocalExecutor | ThreadExecutor],
) -> None:
    pulled: list[int] = []

    def jobs() -> Iterator[Job]:
        for job in powers(100):
            pulled.append(job.key)
            yield job

    with open_executor(executor := make(2)) as _:
        for done, _ in enumerate(executor.run(jobs())):
            assert len(pulled) <= done + executor.window
    assert len(pulled) == 100
    assert executor.window == 8


def test_a_job_that_needs_all_cores_runs_alone(tmp_path: Path) -> None:
    """A job for one core beside it would be one process more."""
    whole = [Job(key, tasks.my_process, needs=Needs(cores=None)) for key in range(4)]
    with open_executor(LocalExecutor(2)) as executor:
        processes = {outcome.value for outcome in executor.run(whole)}
        assert len(children()) == len(processes) == 1


def test_a_job_that_fails_says_why_and_leaves_the_others_alone() -> None:
    kinds = ("divergence", "usage", "odd")
    jobs = [Job(key, tasks.fail, (kind,)) for key, kind in enumerate(kinds)]
    with open_executor(LocalExecutor(1)) as executor:
        outcomes = {o.key: o for o in executor.run([*jobs, Job(3, tasks.power, (3, 2))])}
    assert outcomes[0].kind == "DivergenceError"
    assert outcomes[0].error == str(DivergenceError("w1", 7))
    assert (outcomes[1].error, outcomes[1].kind) == ("Not like that.", "UsageError")
    assert outcomes[2].error == "KeyError: 'odd'"
    assert outcomes[3] == Outcome(3, 9)
    assert not any(outcome.lost or outcome.attempt > 1 for outcome in outcomes.values())


def test_an_error_is_raised_again_as_what_it_was() -> None:
    with open_executor(LocalExecutor(1)) as executor:
        (usage,) = executor.run([Job(0, tasks.fail, ("usage",))])
    with pytest.raises(UsageError, match="Not like that"):
        raise_error(usage)
    raise_error(Outcome(0, 3))
    with open_executor(ThreadExecutor(1)) as executor:
        (odd,) = executor.run([Job(0, tasks.fail, ("odd",))])
    with pytest.raises(KeyError):
        raise_error(odd)


def test_a_job_whose_process_dies_each_time_is_given_up_and_costs_no_other() -> None:
    jobs = [Job(0, tasks.die), Job(1, tasks.power, (2, 3)), Job(2, tasks.die, retries=0)]
    with open_executor(LocalExecutor(1, retries=1)) as executor:
        outcomes = {o.key: o for o in executor.run([*jobs, Job(3, tasks.power, (2, 4))])}
    assert outcomes[0].error == "Given up after 2 attempts. Its process ended: Killed."
    assert (outcomes[0].attempt, outcomes[0].lost) == (2, True)
    assert outcomes[2].error == "Its process ended: Killed."
    assert (outcomes[1].value, outcomes[3].value) == (8, 16)


def test_a_job_whose_process_dies_once_is_done_by_another(tmp_path: Path) -> None:
    with open_executor(LocalExecutor(1)) as executor:
        (outcome,) = executor.run([Job(0, tasks.die_once, (str(tmp_path / "begun"),))])
    assert (outcome.value, outcome.attempt, outcome.lost) == ("done", 2, False)


def test_a_job_that_takes_too_long_is_stopped_and_not_tried_again(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    late = Job(0, tasks.sleep, (str(begun), 10**6), deadline=0.5)
    with open_executor(LocalExecutor(1)) as executor:
        outcomes = {o.key: o for o in executor.run([late, Job(1, tasks.power, (2, 3))])}
    assert outcomes[0].error == "It took longer than its deadline of 0.5 s."
    assert outcomes[0].is_undecided
    assert (outcomes[0].lost, outcomes[0].attempt) == (False, 1)
    assert outcomes[1].value == 8


def test_cancel_interrupts_drops_and_leaves_no_process(tmp_path: Path) -> None:
    executor = LocalExecutor(1)
    first, waiting = tmp_path / "first", tmp_path / "waiting"
    jobs = iter([Job(0, tasks.power, (2, 2)), *sleepers(first, waiting)])
    outcomes = executor.run(jobs)
    assert next(outcomes).value == 4
    wait_for_task(first)
    outcomes.close()  # type: ignore[attr-defined]
    assert not children()
    assert first.read_text() == "interrupted"
    assert not waiting.exists()
    with open_executor(executor):  # and it can be used again
        assert list(executor.run([Job(2, tasks.power, (2, 5))])) == [Outcome(2, 32)]


def sleepers(*paths: Path) -> Iterator[Job]:
    return (Job(key, tasks.sleep, (str(path), 10**6)) for key, path in enumerate(paths, 1))


def test_an_error_of_the_caller_leaves_no_process(tmp_path: Path) -> None:
    def go_wrong() -> None:
        with open_executor(LocalExecutor(2)) as executor:
            for _ in executor.run([Job(0, tasks.power, (2, 2)), *sleepers(tmp_path / "begun")]):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go_wrong()
    assert not children()


def test_a_parent_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, tasks\n"
        "from epoque.bench.sweeps.executor import LocalExecutor\n"
        "from epoque.bench.sweeps.jobs import Job\n"
        "if __name__ == '__main__':\n"
        "    names = [f'{sys.argv[1]}/{key}' for key in range(2)]\n"
        "    jobs = [Job(k, tasks.sleep, (name, 10**6)) for k, name in enumerate(names)]\n"
        "    list(LocalExecutor(2).run(jobs))\n"
    )
    begun = [tmp_path / name for name in "01"]
    with subprocess.Popen([sys.executable, str(script), str(tmp_path)]) as parent:
        try:
            wait_for(lambda: parent.poll() is not None or all(p.exists() for p in begun), "a task")
            assert parent.poll() is None, "it ended before its jobs began"
            workers = {wait_for_task(path) for path in begun}
        finally:
            parent.kill()
    assert len(workers) == 2
    wait_for(lambda: all(map(ended, workers)), "the end of the workers")


def test_threads_share_this_process_and_answer_in_order() -> None:
    with open_executor(ThreadExecutor(2)) as executor:
        outcomes = list(executor.run([*powers(9), Job(9, tasks.my_process)]))
    assert [outcome.key for outcome in outcomes] == list(range(10))
    assert outcomes[-1].value == os.getpid()


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("kubernetes", r"There is no executor 'kubernetes'\. There are local"),
        ("locale", r"There is no executor 'locale'\. Did you mean local\?"),
        ("local:0", r"on: local:0 is not allowed; local takes no address\."),
    ],
)
def test_what_cannot_run_anything_is_said_in_a_sentence(on: str, sentence: str) -> None:
    with pytest.raises((UnknownNameError, UsageError), match=sentence):
        choose_executor(on, None)


def test_the_variable_says_where_unless_the_caller_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOQUE_ON", "nowhere")
    with pytest.raises(UnknownNameError, match="'nowhere'"):
        choose_executor(None, None)
    assert choose_executor("local", None) is None
    given = LocalExecutor(1)
    assert choose_executor(given, None) is given
    assert isinstance(make_executor("local", 3), LocalExecutor)
