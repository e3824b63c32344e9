"""What the lab tells the bench: how far a run is, and how far the making of what it reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from epoque.bench.errors import UsageError
from epoque.bench.events import Metrics
from epoque.language.config import LanguageConfig
from epoque.language.lab import LAB
from epoque.language.training.train import train

Make = Callable[..., LanguageConfig]


def test_how_much_is_done_is_told_by_the_training(tiny: Make) -> None:
    config = tiny(epochs=4, max_steps=None)
    for unknown in (config, tiny(max_steps=1000, max_seconds=240.0)):
        assert LAB.measure_progress(unknown, 0, {}) == (0, None)
    assert LAB.measure_progress(config, 100, {"progress": 0.25}) == (0.25, 1.0)
    assert LAB.measure_progress(config, 100, {}) == (100, None)
    assert LAB.measure_progress(tiny(max_steps=1000), 100, {"progress": 0.1}) == (100, 1000)


@pytest.mark.parametrize("limits", [{"epochs": 0.5}, {"max_seconds": 0.05}])
def test_the_share_of_a_training_rises_to_the_end(tiny: Make, limits: dict[str, float]) -> None:
    config = tiny(max_steps=None, log_every=1, **limits)
    told = [event for event in train(config) if isinstance(event, Metrics)]
    shares = [LAB.measure_progress(config, event.step, event.values)[0] for event in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] == pytest.approx(1.0, rel=0.01)


def test_what_a_training_reads_is_made_while_it_is_told(
    tiny: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path))
    told: list[tuple[Any, ...]] = []
    LAB.prepare(tiny(), None, lambda *now: told.append(now))
    names = list(dict.fromkeys(name for _, _, name in told))
    assert names[:2] == ["Tokenizer: counting words", "Tokenizer: putting tokens together"]
    assert [name.partition(" (")[0] for name in names[2:]] == [
        "Encoding: The training text", "Encoding: The validation text", "Encoding: The test text"
    ]  # fmt: skip
    assert told[-1][0] == told[-1][1]
    before = len(told)
    LAB.prepare(tiny(), None, lambda *now: told.append(now))
    assert len(told) == before  # it is all there


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_missing_is_told_before_anything_is_made(tiny: Make) -> None:
    def never(done: int, total: int | None, what: str = "") -> None:
        raise AssertionError(what)

    with pytest.raises(UsageError, match="device: cuda is asked for"):
        LAB.prepare(tiny(device="cuda", vocabulary=301), None, never)
