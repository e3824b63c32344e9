"""The optimisers against torch.optim, step by step."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from epoque.gan2d.network_config import OptimizerConfig
from epoque.gan2d.training import optimizers as optimisers
from epoque.gan2d.training.optimizers import Hyper

torch = pytest.importorskip("torch", reason="torch.optim is what they are compared with")

STEPS = 100
BASE = OptimizerConfig(learning_rate=0.01, momentum=0.8, beta1=0.7, beta2=0.995, alpha=0.95)
PEERS: dict[str, Any] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.7, 0.995)),
}
one_step = jax.jit(lambda hyper, p, g, slots: optimisers.step(hyper, p, g, slots))


def gradient(p: Any) -> Any:
    """Return the gradient of a bent valley, of large and small numbers."""
    scales = np.logspace(-3, 3, len(p))
    return scales * (p - 0.5) + 0.1 * np.sin(3 * p[::-1])


@pytest.mark.parametrize("kind", PEERS)
def test_a_hundred_steps_are_those_of_torch(kind: str) -> None:
    hyper = Hyper.of(BASE.replace(name=kind))
    p = jnp.asarray(np.random.default_rng(0).normal(size=9), jnp.float32)
    slots = optimisers.empty(p)
    peer = torch.tensor(np.asarray(p, np.float64), requires_grad=True)
    optimiser = PEERS[kind]([peer])
    scale = 1.0 if kind in ("adam", "rmsprop") else 1e-2  # plain steps would leave the valley
    for step in range(STEPS):
        g = scale * gradient(peer.detach().numpy())
        peer.grad = torch.tensor(g)
        optimiser.step()
        p, slots = one_step(hyper, p, jnp.asarray(g, jnp.float32), slots)
        np.testing.assert_allclose(
            p, peer.detach().numpy(), rtol=1e-5, atol=2e-6, err_msg=f"{step}"
        )
    assert int(slots.count) == STEPS


def test_another_optimiser_is_no_other_program() -> None:
    p = jnp.ones(3)
    before = one_step._cache_size()
    for kind in PEERS:
        hyper = Hyper.of(BASE.replace(name=kind))
        one_step(hyper, p, p, optimisers.empty(p))
    assert one_step._cache_size() <= before + 1


def test_the_decay_is_a_factor_on_the_rate() -> None:
    hyper, p = Hyper.of(BASE), jnp.ones(2)
    whole, _ = optimisers.step(hyper, p, p, optimisers.empty(p))
    half, _ = optimisers.step(hyper, p, p, optimisers.empty(p), 0.5)
    np.testing.assert_allclose(1 - half, (1 - whole) / 2, rtol=1e-5)
