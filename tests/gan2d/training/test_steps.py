"""One D step's and one G step's gradients against an independent implementation in PyTorch.

The engine's float32, which training uses, is compared with the reference's float64 to 1e-5 of the
gradient's norm; its float64, which NumPy computes of the same program, to 1e-8, where no rounding
hides a wrong term.
"""

from typing import Any

import jax
import numpy as np
import pytest
from numpy_jaxpr import flatten_program

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.models.mlp import apply
from epoque.gan2d.network_config import DiscriminatorConfig, GeneratorConfig
from epoque.gan2d.seeds import Draw
from epoque.gan2d.training import engine, steps
from epoque.gan2d.training.engine import TrainState
from epoque.gan2d.training.hyperparameters import Hyperparameters, StaticConfig
from epoque.gan2d.training.steps import NetworkState, StepContext

torch = pytest.importorskip("torch", reason="PyTorch is the independent implementation")
nn = torch.nn.functional

BASE = Gan2dConfig(
    generator=GeneratorConfig(layers=(5, 4), activation="tanh", init="torch"),
    discriminator=DiscriminatorConfig(layers=(6, 5), activation="leaky_relu", init="torch"),
    batch_size=16,
    seed=3,
)
CASES: dict[str, dict[str, Any]] = {
    "log": {},
    "log one-sided smoothing": {"label_smoothing": 0.1},
    "log, GAN Lab": {"label_smoothing": 0.05, "label_smoothing_form": "weight"},
    "minimax": {"loss": "minimax"},
    "least squares, GAN Lab": {"loss": "least_squares"},
    "least squares": {
        "loss": "least_squares",
        "discriminator.output": "linear",
        "label_smoothing": 0.1,
    },
    "hinge": {"loss": "hinge"},
    "wasserstein": {"loss": "wasserstein"},
    "wasserstein, clipped": {"loss": "wasserstein", "weight_clip": 0.2, "unrolled_steps": 1},
    "WGAN-GP": {"loss": "wasserstein", "gradient_penalty": 10.0},
    "relativistic": {"loss": "relativistic"},
    "R3GAN": {"loss": "relativistic", "r1": 0.5, "r2": 0.25},
    "log with R1": {"r1": 2.0},
    "hinge, spectral norm": {"loss": "hinge", "discriminator.spectral_norm": True},
    "batch norm": {"generator.norm": "batch", "discriminator.norm": "batch"},
    "layer norm": {"generator.norm": "layer", "discriminator.norm": "layer", "r1": 1.0},
    "instance noise": {"loss": "relativistic", "instance_noise": 0.1, "instance_noise_until": 9},
    "unrolled, SGD": {"unrolled_steps": 2},
    "unrolled, Adam": {"unrolled_steps": 2, "discriminator.optimizer.name": "adam"},
}

IN_FLOAT32 = 1e-5
IN_FLOAT64 = 1e-8

QUICKLY: dict[str, Any] = {
    "compiler_options": {
        "xla_backend_optimization_level": 0,
        "xla_llvm_disable_expensive_passes": True,
    }
}
"""How XLA compiles what is computed once."""


class Torch:
    """The same objectives, written anew with rows of points and torch.autograd."""

    def __init__(self, config: Gan2dConfig, context: StepContext, state: TrainState) -> None:
        self.config = config
        self.d = self._arrays(state.d)
        self.g = self._arrays(state.g)
        self.real = self._points(steps.sample_real(context))
        self.z = self._points(steps.sample_noise(context))
        self.fake_noise = 0.0
        if config.instance_noise:
            left = config.instance_noise * (1 - 4 / (config.instance_noise_until or 1))
            self.fake_noise = left * self._normal(context, Draw.FAKE_INSTANCE_NOISE)
            self.real = self.real + left * self._normal(context, Draw.REAL_INSTANCE_NOISE)
        self.mixing = torch.zeros(0)
        if config.gradient_penalty:
            rng = context.rng(Draw.MIXING_COEFFICIENTS)
            mixing = jax.random.uniform(rng, (config.batch_size,))
            self.mixing = torch.tensor(np.asarray(mixing, np.float64))[:, None]

    def _normal(self, context: StepContext, draw: Draw) -> Any:
        return self._points(jax.random.normal(context.rng(draw), (2, self.config.batch_size)))

    @staticmethod
    def _points(columns: Any) -> Any:
        return torch.tensor(np.asarray(columns, np.float64).T.copy())

    @staticmethod
    def _arrays(network: NetworkState) -> dict[str, Any]:
        params, statistics = by_name(network.params), by_name(network.statistics)
        learned = {n: torch.tensor(a, requires_grad=True) for n, a in params.items()}
        return learned | {n: torch.tensor(a) for n, a in statistics.items() if n.startswith("u")}

    def net(self, p: dict[str, Any], x: Any, role: str) -> Any:
        parts = {"generator": self.config.generator, "discriminator": self.config.discriminator}
        kind = parts[role].norm
        depth = sum(name.startswith("w") for name in p)
        for k in range(depth):
            w = p[f"w{k}"]
            if f"u{k}" in p:
                v = nn.normalize(w.detach().T @ p[f"u{k}"], dim=0)
                w = w / torch.dot(p[f"u{k}"], w @ v)
            x = nn.linear(x, w, p[f"b{k}"])
            if k == depth - 1:
                break
            if kind == "batch":
                x = nn.batch_norm(x, None, None, p[f"scale{k}"], p[f"shift{k}"], training=True)
            elif kind == "layer":
                x = nn.layer_norm(x, (x.shape[1],), p[f"scale{k}"], p[f"shift{k}"])
            x = torch.tanh(x) if role == "generator" else nn.leaky_relu(x, 0.2)
        return torch.tanh(x) if role == "generator" else x[:, 0]

    def fake(self) -> Any:
        return self.net(self.g, self.z, "generator")

    def d_loss(self, d: dict[str, Any], fake: Any) -> Any:
        def judge(x: Any) -> Any:
            return self.net(d, x, "discriminator")

        def slope(x: Any) -> Any:
            x = x.detach().requires_grad_() if not x.requires_grad else x
            return torch.autograd.grad(judge(x).sum(), x, create_graph=True)[0]

        real, fake = self.real, fake + self.fake_noise
        a, b, c = judge(real), judge(fake), self.config
        loss = self._play_d(a, b)
        if c.gradient_penalty:
            norms = slope(self.mixing * real + (1 - self.mixing) * fake).norm(dim=1)
            loss = loss + c.gradient_penalty * ((norms - 1) ** 2).mean()
        for weight, x in ((c.r1, real), (c.r2, fake)):
            if weight:
                loss = loss + weight / 2 * (slope(x).norm(dim=1) ** 2).mean()
        return loss

    def _play_d(self, a: Any, b: Any) -> Any:
        c, bce = self.config, nn.binary_cross_entropy_with_logits
        ones, zeros, s = torch.ones_like(a), torch.zeros_like(b), self.config.label_smoothing
        match c.loss:
            case "log" | "minimax" if c.label_smoothing_form == "weight":
                return (1 - s) * bce(a, ones) + bce(b, zeros)
            case "log" | "minimax":
                return bce(a, (1 - s) * ones) + bce(b, zeros)
            case "least_squares" if c.discriminator.output == "linear":
                return nn.mse_loss(a, (1 - s) * ones) + nn.mse_loss(b, zeros)
            case "least_squares":
                return nn.mse_loss(torch.sigmoid(a), ones) + nn.mse_loss(torch.sigmoid(b), zeros)
            case "hinge":
                return torch.clamp(1 - a, min=0).mean() + torch.clamp(1 + b, min=0).mean()
            case "wasserstein":
                return b.mean() - a.mean()
        return bce(a - b, ones)

    def g_loss(self) -> Any:
        fake = self.fake()
        d = self._unrolled(fake)
        b = self.net(d, fake + self.fake_noise, "discriminator")
        bce, ones = nn.binary_cross_entropy_with_logits, torch.ones_like(b)
        match self.config.loss:
            case "log":
                return bce(b, ones)
            case "minimax":
                return torch.log(1 - torch.sigmoid(b)).mean()
            case "least_squares":
                linear = self.config.discriminator.output == "linear"
                return nn.mse_loss(b if linear else torch.sigmoid(b), ones)
            case "hinge" | "wasserstein":
                return -b.mean()
        return bce(b - self.net(d, self.real, "discriminator"), ones)

    def _unrolled(self, fake: Any) -> dict[str, Any]:
        c, d = self.config, dict(self.d)
        m = {n: torch.zeros_like(a) for n, a in d.items()}
        v = dict(m)
        for t in range(1, c.unrolled_steps + 1):
            grads = torch.autograd.grad(self.d_loss(d, fake), list(d.values()), create_graph=True)
            for (n, a), g in zip(d.items(), grads, strict=True):
                move = g
                if c.discriminator.optimizer.name == "adam":
                    b1, b2 = c.discriminator.optimizer.beta1, c.discriminator.optimizer.beta2
                    m[n], v[n] = b1 * m[n] + (1 - b1) * g, b2 * v[n] + (1 - b2) * g**2
                    root = (v[n] / (1 - b2**t)).clamp(min=1e-300).sqrt()
                    move = m[n] / (1 - b1**t) / (root + 1e-8)
                d[n] = a - c.discriminator.optimizer.learning_rate * move
                if c.weight_clip:
                    d[n] = d[n].clamp(-c.weight_clip, c.weight_clip)
        return d


def by_name(layers: Any) -> dict[str, Any]:
    """Return a network's arrays in float64, by name and layer: w0, b0, …"""
    return {
        f"{name}{number}": np.array(array, np.float64)
        for number, layer in enumerate(layers)
        for name, array in layer.items()
    }


def flatten(arrays: dict[str, Any]) -> Any:
    return np.concatenate([np.ravel(arrays[name]) for name in sorted(arrays)])


def torch_gradient(loss: Any, arrays: dict[str, Any]) -> Any:
    learned = {n: a for n, a in arrays.items() if not n.startswith("u")}
    grads = torch.autograd.grad(loss, list(learned.values()))
    return flatten({n: g.detach().numpy() for n, g in zip(learned, grads, strict=True)})


def step_context(config: Gan2dConfig, dtype: type[np.floating[Any]] = np.float32) -> StepContext:
    static, hyper = StaticConfig.from_config(config), Hyperparameters.from_config(config, dtype)
    numbers: Any = (np.uint32(4), np.uint32(0), dtype(1))
    return StepContext(static, hyper, engine.batches_key(hyper), *numbers)


def objectives(
    config: Gan2dConfig, state: TrainState, dtype: type[np.floating[Any]]
) -> tuple[tuple[float, Any], tuple[float, Any]]:
    """Return the engine's two losses and gradients, computed in one precision."""
    context = step_context(config, dtype)
    d, g, _, _ = jax.tree.map(lambda leaf: cast(leaf, dtype), state)
    real = steps.sample_real(context).astype(dtype)
    z = steps.sample_noise(context).astype(dtype)
    architecture = context.static.generator_architecture

    def both(d: NetworkState, g: NetworkState, z: Any, real: Any) -> tuple[Any, Any]:
        fake, _ = apply(g.params, g.statistics, z, architecture, training=True)
        of_d = jax.value_and_grad(steps.discriminator_objective, has_aux=True)(
            d.params, d.statistics, real, fake, context
        )
        of_g = jax.value_and_grad(steps.generator_objective, has_aux=True)(
            g.params, g, d, (z, real), context
        )
        return of_d, of_g

    given = (d, g, z, real)
    program = flatten_program(both, *given) if dtype is np.float64 else jax.jit(both, **QUICKLY)
    of_d, of_g = program(*given)
    return plain(of_d), plain(of_g)


def cast(leaf: Any, dtype: type) -> Any:
    array = np.asarray(leaf)
    return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array


def plain(objective: Any) -> tuple[float, Any]:
    (loss, _), gradient = objective
    assert all(leaf.dtype == loss.dtype for leaf in jax.tree.leaves(gradient))
    return float(loss), flatten(by_name(gradient))


def relative_error(value: Any, expected: Any) -> float:
    return float(np.linalg.norm(value - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_pytorch(case: str) -> None:
    config = BASE.replace(**CASES[case])
    context = step_context(config)
    state = engine.init_state(context.static, context.hyper)
    peer = Torch(config, context, state)
    losses = peer.d_loss(peer.d, peer.fake().detach()), peer.g_loss()
    expected = torch_gradient(losses[0], peer.d), torch_gradient(losses[1], peer.g)
    state = jax.device_get(state)
    with jax.enable_x64(True):
        exact = objectives(config, state, np.float64)
    trained = objectives(config, state, np.float32)
    for both, limit in ((exact, IN_FLOAT64), (trained, IN_FLOAT32)):
        for (loss, gradient), peer_loss, peer_gradient in zip(both, losses, expected, strict=True):
            assert loss == pytest.approx(peer_loss.item(), rel=limit)
            assert relative_error(gradient, peer_gradient) <= limit
