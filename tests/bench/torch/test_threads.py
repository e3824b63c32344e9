"""The number of threads is part of a run."""

import json
from collections.abc import Generator

import pytest

pytest.importorskip("torch")

import line_lab
import torch

from epoque.bench.events import Checkpoint, Event, Metrics
from epoque.bench.runs.execute import execute
from epoque.bench.runs.run import Run
from epoque.bench.torch import threads


def test_small_networks_take_one_thread_and_others_the_cores(monkeypatch) -> None:
    monkeypatch.setattr(threads, "_FIRST", 6)
    monkeypatch.setattr(threads, "count_cores", lambda: 4)
    assert [threads.choose_thread_count(None, size) for size in (1e6, 1.9e10, 2e10, 1e15)] == [
        1,
        1,
        4,
        4,
    ]
    monkeypatch.setattr(threads, "_FIRST", 2)  # OMP_NUM_THREADS=2
    assert threads.choose_thread_count(None, 1e15) == 2
    assert (threads.choose_thread_count(8, 1.0), threads.choose_thread_count(8, 1e15)) == (8, 8)


@pytest.mark.parametrize(("told", "count"), [
    ({}, None), ({"threads": 3}, 3), ({"threads": 0}, None), ({"threads": "2"}, None),
    ({"threads": 10**9}, None), ({"threads": None}, None),
])  # fmt: skip
def test_what_a_file_tells_is_looked_at(told, count) -> None:
    assert threads.saved_thread_count(told) == count


def test_trainings_that_are_pulled_in_turn_keep_their_own_threads() -> None:
    def training() -> Generator[Event, None, None]:
        for step in range(1, 4):
            yield Metrics(step, {"threads": float(torch.get_num_threads())})

    before = torch.get_num_threads()
    for one, other in zip(
        threads.run_with_threads(2, training()),
        threads.run_with_threads(3, training()),
        strict=True,
    ):
        assert (one.values, other.values) == ({"threads": 2.0}, {"threads": 3.0})
        assert torch.get_num_threads() == before


def test_a_training_that_is_left_is_closed_and_gives_the_threads_back() -> None:
    closed = []

    def training() -> Generator[Event, None, None]:
        try:
            yield Metrics(1, {})
            raise ZeroDivisionError
        finally:
            closed.append(torch.get_num_threads())

    before = torch.get_num_threads()
    left = threads.run_with_threads(2, training())
    next(left)
    left.close()
    with pytest.raises(ZeroDivisionError):
        list(threads.run_with_threads(3, training()))
    assert (closed[1:], torch.get_num_threads()) == ([3], before)


def test_too_many_threads_are_told(monkeypatch) -> None:
    monkeypatch.setattr(threads, "count_cores", lambda: 1)
    assert threads.describe_oversubscription(1) is None
    assert "with 4 threads" in (told := threads.describe_oversubscription(4) or "")
    assert "1 core:" in told


def test_a_run_tells_its_threads(started, monkeypatch) -> None:
    plain = line_lab.LineLab.train

    def train(self, config, resume=None):
        for event in plain(self, config, resume):
            if isinstance(event, Checkpoint):
                event = Checkpoint(event.step, event.arrays, {**event.state, "threads": 3})
            yield event

    monkeypatch.setattr(line_lab.LineLab, "train", train)
    run: Run = execute(started(iterations=20), draw=False)
    assert run.environment["threads"] == 3
    assert threads.read_thread_count(run) == 3
    (run.path / "environment.json").write_text("{")
    assert threads.read_thread_count(Run(run.path)) is None
    (run.path / "environment.json").write_text(json.dumps({}))
    assert threads.read_thread_count(Run(run.path)) is None


def test_numpy_takes_one_thread_for_matrices() -> None:
    pool = pytest.importorskip("threadpoolctl")

    def counts() -> set[int]:
        return {p["num_threads"] for p in pool.threadpool_info() if p["user_api"] == "blas"}

    before = counts()
    with threads.limit_blas_to_one_thread():
        assert counts() == {1}
    assert counts() == before
