"""Memory that a training takes, told before it is computed."""

from collections.abc import Callable

import pytest
import torch

from epoque.bench.errors import UsageError
from epoque.stylegan3 import memory
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.ops.dispatch import use_backend
from epoque.stylegan3.training.specs import ImageShape
from epoque.stylegan3.training.train import train
from epoque.stylegan3.training.training_memory import (
    check_training_memory,
    estimate_training_memory,
)

Make = Callable[..., StyleGan3Config]
CPU = torch.device("cpu")
SMALL, LARGE = ImageShape(32, 3, 0), ImageShape(64, 3, 0)


@pytest.mark.parametrize("cfg", ["t", "r", "stylegan2"])
def test_larger_trainings_take_more(cfg: str) -> None:
    config = StyleGan3Config(data="x", cfg=cfg, cbase=2048, cmax=64)
    wider = StyleGan3Config(data="x", cfg=cfg, cbase=4096, cmax=128)
    small = estimate_training_memory(config, SMALL, CPU)
    assert 0 < small.image < estimate_training_memory(config, LARGE, CPU).image
    assert small.networks < estimate_training_memory(wider, SMALL, CPU).networks
    assert small.of(3) == small.networks + 3 * small.image


def test_the_plain_path_writes_what_others_do_not() -> None:
    config = StyleGan3Config(data="x", cbase=2048, cmax=64)
    fast = estimate_training_memory(config, SMALL, CPU)
    with use_backend("reference"):
        plain = estimate_training_memory(config, SMALL, CPU)
    assert plain.image > 5 * fast.image
    assert plain.networks == fast.networks


def test_too_little_memory_is_told_with_what_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    config = StyleGan3Config(data="x", cbase=2048, cmax=64)
    need = estimate_training_memory(config, SMALL, CPU)
    monkeypatch.setattr(memory, "available_memory", lambda _: need.of(7))
    check_training_memory(config, SMALL, CPU, 7)
    with pytest.raises(UsageError, match=r"with 12 images at once, .* free; batch_gpu 6 would fit"):
        check_training_memory(config, SMALL, CPU, 12)
    monkeypatch.setattr(memory, "available_memory", lambda _: need.networks // 2)
    with pytest.raises(UsageError, match="a smaller cbase, cmax or resolution would fit"):
        check_training_memory(config, SMALL, CPU, 12)
    monkeypatch.setattr(memory, "available_memory", lambda _: None)  # a system that does not tell
    check_training_memory(config, SMALL, CPU, 12)


def test_a_training_that_does_not_fit_is_refused_before_it_begins(
    tiny: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda _: 1000)
    with pytest.raises(UsageError, match=r"Training takes .* of memory or more"):
        next(train(tiny(1)))
