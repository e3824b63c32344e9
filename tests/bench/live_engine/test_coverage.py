"""What the live engine computes, by the rules of engine.json."""

from typing import Any

import pytest

from epoque.bench.live_engine import find_uncovered
from epoque.gan2d.config import Gan2dConfig


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, None),
        ({"batch_size": 1024}, None),
        ({"batch_size": 1025}, "batches"),
        ({"generator.layers": (64,) * 6}, None),
        ({"generator.layers": ()}, None),
        ({"generator.layers": (65,)}, "generator"),
        ({"discriminator.layers": (2,) * 7}, "discriminator"),
        ({"generator.norm": "layer"}, "normalisation"),
        ({"discriminator.norm": "batch"}, "normalisation"),
        ({"discriminator.spectral_norm": True}, "spectral"),
        ({"gradient_penalty": 0.1}, "gradient penalty"),
        ({"r1": 0.1}, "R1"),
        ({"r2": 0.1}, "R2"),
        ({"unrolled_steps": 1}, "unrolled"),
    ],
)
def test_rules(settings: dict[str, Any], word: str | None) -> None:
    reason = find_uncovered("gan2d", Gan2dConfig().replace(**settings).flatten())
    assert (reason is None) if word is None else (reason is not None and word in reason)
