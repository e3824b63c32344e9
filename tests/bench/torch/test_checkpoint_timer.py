import pytest

pytest.importorskip("torch")

from epoque.bench.torch import checkpoint_timer
from epoque.bench.torch.checkpoint_timer import CheckpointTimer
from epoque.bench.torch.distributed import DistributedContext


def test_a_checkpoint_is_due_when_asked_for_and_ten_minutes_after_the_last(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpoint_timer.time, "monotonic", lambda: clock[0])
    timer = CheckpointTimer(DistributedContext("cpu"))
    told = []
    for seconds, now in [(300, False), (299, True), (599, False), (2, False), (1, False)]:
        clock[0] += seconds
        told.append(timer.is_due(now))
    assert told == [False, True, False, True, False]
