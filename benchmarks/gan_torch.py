"""The baseline: GAN Lab's ring as eager PyTorch, the way it is usually written; and compiled."""

from itertools import pairwise

import torch
from torch import nn
from torch.func import functional_call, grad
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

__all__ = ["CompiledTorchGan", "TorchGan"]

Weights = dict[str, torch.Tensor]


def _mlp(*sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class TorchGan:
    """GAN Lab's ring: G 2-10-10-2, D 2-9-9-9-1, batch 150, three D steps and one G step, SGD."""

    def __init__(self, seed: int = 0, n: int = 150) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(1)  # kernels this small only lose by more
        self.n = n
        self.g = nn.Sequential(_mlp(2, 10, 10, 2), nn.Tanh())
        self.d = _mlp(2, 9, 9, 9, 1)
        self.g_optimiser = torch.optim.SGD(self.g.parameters(), lr=0.03)
        self.d_optimiser = torch.optim.SGD(self.d.parameters(), lr=0.1)
        self.ones, self.zeros = torch.ones(n, 1), torch.zeros(n, 1)
        self.radii, self.center = torch.tensor([0.3, 0.25]), torch.tensor([0.5, 0.45])

    def iterate(self) -> None:
        """Do one iteration."""
        for _ in range(3):
            self._d_step()
        self._g_step()

    def _real(self) -> torch.Tensor:
        angle = 2 * torch.pi * torch.rand(self.n)
        circle = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
        return self.center + self.radii * circle + 0.025 * torch.randn(self.n, 2)

    def _d_step(self) -> None:
        with torch.no_grad():
            fake = self.g(torch.rand(self.n, 2))
        a, b = self.d(torch.cat([self._real(), fake])).split(self.n)
        loss = 0.95 * cross_entropy(a, self.ones) + cross_entropy(b, self.zeros)
        self.d_optimiser.zero_grad()
        loss.backward()
        self.d_optimiser.step()

    def _g_step(self) -> None:
        loss = cross_entropy(self.d(self.g(torch.rand(self.n, 2))), self.ones)
        self.g_optimiser.zero_grad()
        loss.backward()
        self.g_optimiser.step()


class CompiledTorchGan(TorchGan):
    """A whole iteration as one function of the weights, compiled: `torch.compile` at its best.

    Where only the losses are compiled, and autograd and the optimizers call them one by one, it is
    slower than eager: 323 iterations a CPU second against 418.
    """

    def __init__(self, seed: int = 0, n: int = 150) -> None:
        super().__init__(seed, n)
        self._weights: list[Weights] = [
            {name: weight.detach() for name, weight in network.named_parameters()}
            for network in (self.g, self.d)
        ]
        self._compiled = torch.compile(self._iterate, fullgraph=True)

    def iterate(self) -> None:
        """Do one iteration."""
        with torch.no_grad():
            self._weights = self._compiled(*self._weights)

    def _iterate(self, g: Weights, d: Weights) -> list[Weights]:
        for _ in range(3):
            d = _descend(d, grad(self._d_loss)(d, g), 0.1)
        return [_descend(g, grad(self._g_loss)(g, d), 0.03), d]

    def _d_loss(self, d: Weights, g: Weights) -> torch.Tensor:
        fake = functional_call(self.g, g, (torch.rand(self.n, 2),))
        both = functional_call(self.d, d, (torch.cat([self._real(), fake]),))
        a, b = both.split(self.n)
        return 0.95 * cross_entropy(a, self.ones) + cross_entropy(b, self.zeros)

    def _g_loss(self, g: Weights, d: Weights) -> torch.Tensor:
        fake = functional_call(self.g, g, (torch.rand(self.n, 2),))
        return cross_entropy(functional_call(self.d, d, (fake,)), self.ones)


def _descend(weights: Weights, slopes: Weights, rate: float) -> Weights:
    return {name: weights[name] - rate * slopes[name] for name in weights}
