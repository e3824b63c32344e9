"""One D step's and one G step's gradients against an independent implementation in PyTorch.

The engine's float32, which training uses, is compared with the reference's float64 to 1e-5 of the
gradient's norm; its float64 to 1e-8, where no rounding hides a wrong term.
"""

from typing import Any

import jax
import numpy as np
import pytest

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.models import mlp as networks
from epoque.gan2d.network_config import DiscriminatorConfig, GeneratorConfig
from epoque.gan2d.training import engine, steps
from epoque.gan2d.training.engine import State
from epoque.gan2d.training.plan import Dials, Plan
from epoque.gan2d.training.steps import Game, Network, Turn

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


class Torch:
    """The same objectives, written anew with rows of points and torch.autograd."""

    def __init__(self, config: Gan2dConfig, plan: Plan, dials: Dials, state: State) -> None:
        self.config = config
        self.d = self._arrays(state.d, plan.discriminator)
        self.g = self._arrays(state.g, plan.generator)
        turn = Turn(engine.batches_key(dials), 4, np.uint32(0))
        self.real = self._points(steps.drawn_real(Game(plan, dials), turn))
        self.z = self._points(steps.drawn_noise(Game(plan, dials), turn))
        self.blur = 0.0
        if config.instance_noise:
            drawn = jax.random.normal(turn.stream(steps.BLUR_FAKE), (2, config.batch_size))
            left = 1 - 4 / (config.instance_noise_until or 1)
            self.blur = config.instance_noise * left * self._points(drawn)
        self.share = torch.zeros(0)
        if config.gradient_penalty:
            drawn = jax.random.uniform(turn.stream(steps.SHARE), (config.batch_size,))
            self.share = torch.tensor(np.asarray(drawn, np.float64))[:, None]

    @staticmethod
    def _points(columns: Any) -> Any:
        return torch.tensor(np.asarray(columns, np.float64).T.copy())

    @staticmethod
    def _arrays(network: Network, spec: networks.Spec) -> dict[str, Any]:
        arrays = networks.named(np.asarray(network.params, np.float64), spec)
        u = networks.unflatten(
            np.asarray(network.statistics, np.float64), networks.statistic_shapes(spec)
        )
        learned = {n: torch.tensor(a.copy(), requires_grad=True) for n, a in arrays.items()}
        return learned | {n: torch.tensor(a.copy()) for n, a in u.items() if n.startswith("u")}

    def net(self, p: dict[str, Any], x: Any, role: str) -> Any:
        kind = getattr(self.config, f"{role}_norm")
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

        real, fake = self.real, fake + self.blur
        a, b, c = judge(real), judge(fake), self.config
        loss = self._play_d(a, b)
        if c.gradient_penalty:
            norms = slope(self.share * real + (1 - self.share) * fake).norm(dim=1)
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
        b = self.net(d, fake + self.blur, "discriminator")
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


def flat(loss: Any, arrays: dict[str, Any], spec: networks.Spec) -> Any:
    learned = {n: a for n, a in arrays.items() if not n.startswith("u")}
    grads = torch.autograd.grad(loss, list(learned.values()))
    named = {n: g.detach().numpy() for n, g in zip(learned, grads, strict=True)}
    return networks.joined(named, spec)


def objectives(
    config: Gan2dConfig, plan: Plan, state: State, kind: type
) -> tuple[tuple[float, Any], tuple[float, Any]]:
    """Return the engine's two losses and gradients, computed in one precision."""
    dials, state = Dials.of(config, kind), jax.tree.map(lambda leaf: _as(leaf, kind), state)
    d, g, game = state.d, state.g, Game(plan, dials)
    turn = Turn(engine.batches_key(dials), 4, np.uint32(0))
    z = steps.drawn_noise(game, turn).astype(kind)
    fake = networks.apply(g.params, g.statistics, z, plan.generator, training=True)[0]
    told_d = jax.value_and_grad(steps.d_objective, has_aux=True)(
        d.params, game, d.statistics, fake, turn
    )
    told_g = jax.value_and_grad(steps.g_objective, has_aux=True)(
        g.params, game, d, g.statistics, turn
    )
    return _plain(told_d), _plain(told_g)


def _as(leaf: Any, kind: type) -> Any:
    array = np.asarray(leaf)
    return array.astype(kind) if np.issubdtype(array.dtype, np.floating) else array


def _plain(told: Any) -> tuple[float, Any]:
    (loss, _), gradient = told
    assert gradient.dtype == loss.dtype
    return float(loss), np.asarray(gradient)


def off(found: Any, wanted: Any) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_pytorch(case: str) -> None:
    config = BASE.replace(**CASES[case])
    plan = Plan.of(config)
    state = engine.first_state(plan, Dials.of(config))
    peer = Torch(config, plan, Dials.of(config), state)
    losses = peer.d_loss(peer.d, peer.fake().detach()), peer.g_loss()
    wanted = flat(losses[0], peer.d, plan.discriminator), flat(losses[1], peer.g, plan.generator)
    with jax.enable_x64(True):
        exact = objectives(config, plan, state, np.float64)
    trained = objectives(config, plan, state, np.float32)
    for found, limit in ((exact, IN_FLOAT64), (trained, IN_FLOAT32)):
        for (loss, gradient), peer_loss, peer_gradient in zip(found, losses, wanted, strict=True):
            assert loss == pytest.approx(peer_loss.item(), rel=limit)
            assert off(gradient, peer_gradient) <= limit
