"""The optimizers against torch.optim, step by step."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from epoque.gan2d.network_config import OptimizerConfig
from epoque.gan2d.training.optimizers import OptimizerHyperparameters, make_optimizer

torch = pytest.importorskip("torch", reason="torch.optim is what they are compared with")

STEPS = 100
BASE = OptimizerConfig(learning_rate=0.01, momentum=0.8, beta1=0.7, beta2=0.995, alpha=0.95)
PEERS: dict[str, Any] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.95),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.7, 0.995)),
}


@partial(jax.jit, static_argnames="name")
def one_step(name: Any, hyper: Any, p: Any, g: Any, state: Any, *, factor: Any = 1.0) -> Any:
    updates, state = make_optimizer(name, hyper, factor).update(g, state, p)
    return optax.apply_updates(p, updates), state


def start(name: Any, p: Any, **changes: Any) -> tuple[Any, Any]:
    """Return an optimizer's numbers and its first state."""
    hyper = OptimizerHyperparameters.from_config(BASE.replace(**changes))
    return hyper, make_optimizer(name, hyper).init(p)


def gradient(p: Any) -> Any:
    """Return the gradient of a bent valley, of large and small numbers."""
    scales = np.logspace(-3, 3, len(p))
    return scales * (p - 0.5) + 0.1 * np.sin(3 * p[::-1])


@pytest.mark.parametrize("name", PEERS)
def test_a_hundred_steps_are_those_of_torch(name: str) -> None:
    p = jnp.asarray(np.random.default_rng(0).normal(size=9), jnp.float32)
    hyper, state = start(name, p)
    peer = torch.tensor(np.asarray(p, np.float64), requires_grad=True)
    optimizer = PEERS[name]([peer])
    scale = 1.0 if name in ("adam", "rmsprop") else 1e-2  # plain steps would leave the valley
    for step in range(STEPS):
        g = scale * gradient(peer.detach().numpy())
        peer.grad = torch.tensor(g)
        optimizer.step()
        p, state = one_step(name, hyper, p, jnp.asarray(g, jnp.float32), state)
        np.testing.assert_allclose(
            p, peer.detach().numpy(), rtol=1e-5, atol=2e-6, err_msg=f"{step}"
        )


def test_another_learning_rate_is_no_other_program() -> None:
    p = jnp.ones(3)
    sizes = []
    for rate in (0.01, 0.02):
        hyper, state = start("adam", p, learning_rate=rate)
        one_step("adam", hyper, p, p, state)
        sizes.append(one_step._cache_size())
    assert sizes[0] == sizes[1]


def test_the_decay_is_a_factor_on_the_rate() -> None:
    p = jnp.ones(2)
    hyper, state = start("sgd", p)
    whole, _ = one_step("sgd", hyper, p, p, state)
    half, _ = one_step("sgd", hyper, p, p, state, factor=0.5)
    np.testing.assert_allclose(1 - half, (1 - whole) / 2, rtol=1e-5)


@pytest.mark.parametrize("name", PEERS)
def test_a_dead_neuron_keeps_the_derivative_of_a_step_finite(name: str) -> None:
    p = jnp.ones(2)
    hyper, state = start(name, p)
    slope = jax.grad(lambda g: one_step(name, hyper, p, g, state)[0].sum())(jnp.zeros(2))
    assert np.isfinite(slope).all()
