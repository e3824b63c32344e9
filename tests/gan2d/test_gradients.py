"""One D step's and one G step's gradients against an independent implementation in PyTorch.

They are compared in float64, to a millionth of the gradient's norm: in float32, which training
uses, rounding alone makes about 1e-5, and the float32 is compared to the float64.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from epoque.gan2d import engine, networks, steps
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.engine import State
from epoque.gan2d.plan import Dials, Plan
from epoque.gan2d.steps import Game, Network, Turn

torch = pytest.importorskip("torch", reason="PyTorch is the independent implementation")
nn = torch.nn.functional

BASE = Gan2dConfig(
    generator_layers=(5, 4),
    discriminator_layers=(6, 5),
    generator_activation="tanh",
    discriminator_activation="leaky_relu",
    generator_init="torch",
    discriminator_init="torch",
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
        "discriminator_output": "linear",
        "label_smoothing": 0.1,
    },
    "hinge": {"loss": "hinge"},
    "wasserstein": {"loss": "wasserstein"},
    "WGAN-GP": {"loss": "wasserstein", "gradient_penalty": 10.0},
    "relativistic": {"loss": "relativistic"},
    "R3GAN": {"loss": "relativistic", "r1": 0.5, "r2": 0.25},
    "log with R1": {"r1": 2.0},
    "hinge, spectral norm": {"loss": "hinge", "discriminator_spectral_norm": True},
    "batch norm": {"generator_norm": "batch", "discriminator_norm": "batch"},
    "layer norm": {"generator_norm": "layer", "discriminator_norm": "layer", "r1": 1.0},
    "instance noise": {"loss": "relativistic", "instance_noise": 0.1, "instance_noise_until": 9},
    "unrolled, SGD": {"unrolled_steps": 2},
    "unrolled, Adam": {"unrolled_steps": 2, "discriminator_optimizer": "adam", "loss": "hinge"},
}

IN_FLOAT32 = ("log, GAN Lab", "R3GAN", "WGAN-GP", "batch norm")
"""The cases of which the float32 is compared as well; each takes seconds to compile."""


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
        arrays = networks.unflatten(np.asarray(network.params, np.float64), networks.shapes(spec))
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
            case "least_squares" if c.discriminator_output == "linear":
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
                linear = self.config.discriminator_output == "linear"
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
                if c.discriminator_optimizer == "adam":
                    b1, b2 = c.discriminator_beta1, c.discriminator_beta2
                    m[n], v[n] = b1 * m[n] + (1 - b1) * g, b2 * v[n] + (1 - b2) * g**2
                    root = (v[n] / (1 - b2**t)).clamp(min=1e-300).sqrt()
                    move = m[n] / (1 - b1**t) / (root + 1e-8)
                d[n] = a - c.discriminator_learning_rate * move
        return d


def flat(loss: Any, arrays: dict[str, Any]) -> Any:
    learned = [a for n, a in arrays.items() if not n.startswith("u")]
    grads = torch.autograd.grad(loss, learned)
    return np.concatenate([g.detach().numpy().ravel() for g in grads])


def objectives(
    plan: Plan, dials: Dials, state: State, kind: type
) -> tuple[tuple[float, Any], tuple[float, Any]]:
    """Return the engine's two losses and gradients, computed in one precision."""
    dials, state = (jax.tree.map(lambda leaf: _as(leaf, kind), part) for part in (dials, state))
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
    return float(loss), np.asarray(gradient)


def near(found: Any, wanted: Any, relative: float) -> bool:
    return bool(np.linalg.norm(found - wanted) <= relative * np.linalg.norm(wanted))


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_pytorch(case: str, wide: Callable[[], Any]) -> None:
    config = BASE.replace(**CASES[case])
    plan, dials = Plan.of(config), Dials.of(config)
    state = jax.device_get(engine.start(plan, dials))
    peer = Torch(config, plan, dials, state)
    with wide():
        exact = jax.tree.map(np.asarray, _exact_dials(config, dials))
        d64, g64 = objectives(plan, exact, state, np.float64)
    peer_d, peer_g = peer.d_loss(peer.d, peer.fake().detach()), peer.g_loss()
    assert d64[0] == pytest.approx(peer_d.item(), rel=1e-6)
    assert g64[0] == pytest.approx(peer_g.item(), rel=1e-6)
    assert near(d64[1], flat(peer_d, peer.d), 1e-6), "D"
    assert near(g64[1], flat(peer_g, peer.g), 1e-6), "G"
    if case in IN_FLOAT32:
        d32, g32 = objectives(plan, dials, state, np.float32)
        assert near(d32[1], d64[1], 3e-5), "D in float32"
        assert near(g32[1], g64[1], 3e-5), "G in float32"


def _exact_dials(config: Gan2dConfig, dials: Dials) -> Dials:
    """Return dials whose settings are not rounded to float32."""
    hyper = dials.d._replace(
        learning_rate=np.float64(config.discriminator_learning_rate),
        forget1=np.float64(1 - config.discriminator_beta1),
        forget2=np.float64(1 - config.discriminator_beta2),
    )
    s, one_sided = config.label_smoothing, config.label_smoothing_form == "one_sided"
    labels = (1 - s, s, 1 - s) if one_sided else (1 - s, 0.0, 1.0)
    return dials._replace(
        d=hyper,
        labels=type(dials.labels)(*map(np.float64, labels)),
        instance_noise=np.float64(config.instance_noise),
    )


@pytest.fixture
def wide() -> Callable[[], Any]:
    return lambda: jax.enable_x64(True)
