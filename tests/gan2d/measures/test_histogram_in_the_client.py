"""The client's measures are Python's: vitest compares them with the file that this test holds."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.distributions import find_mixture
from epoque.gan2d.measures import SAMPLES, measure_samples
from epoque.gan2d.measures.histogram import divergences, histogram

EXPECTED = Path(__file__).parents[3] / "web" / "tests" / "measures.json"
COMPARED = (
    *("kl", "kl_se", "js", "js_se", "coverage", "precision", "sliced_w1", "outside"),
    *("modes_covered", "high_quality"),
)


def draw_uniform(count: int, seed: int) -> NDArray[np.float64]:
    """Return the numbers that web/tests/measures.test.ts draws too: a linear congruence."""
    numbers, state = np.empty(count), seed
    for i in range(count):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        numbers[i] = state / 2**32
    return numbers


def make_points(data: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return real and generated points; of a mixture they lie around its modes, some far away."""
    u, v, w, z = draw_uniform(4 * SAMPLES, seed=7).reshape(4, -1)
    mixture = find_mixture(Gan2dConfig(data=data))
    if mixture is None:
        real, fake = np.stack([u, v * v], axis=1), np.stack([1.1 * w - 0.05, z], axis=1)
        return real.astype(np.float32), fake.astype(np.float32)
    count = len(mixture.centers)
    real = mixture.centers[(u * count).astype(int)] + 0.05 * np.stack([v, w], axis=1)
    fake = mixture.centers[(z * z * count).astype(int)] + 0.09 * np.stack([w, u], axis=1)
    return real.astype(np.float32), fake.astype(np.float32)


@pytest.mark.parametrize("data", ["ring", "disjoint", "grid"])
def test_the_client_expects_what_python_measures(data: str) -> None:
    real, fake = make_points(data)
    measured = measure_samples(real, fake, find_mixture(Gan2dConfig(data=data)))
    backward = divergences(histogram(fake), histogram(real), SAMPLES, SAMPLES)
    expected = json.loads(EXPECTED.read_text())[data]
    assert expected == {
        **{name: pytest.approx(measured[name]) for name in COMPARED if name in measured},
        "reverse_kl": pytest.approx(backward["kl"]),
        "reverse_kl_se": pytest.approx(backward["kl_se"]),
    }
