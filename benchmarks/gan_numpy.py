"""The baseline: GAN Lab's ring as hand-fused NumPy, float32, derivatives written out.

Points stand in columns, real and generated ones go through the discriminator in one pass, and all
large arrays are written in place. Nothing here is slowed down on purpose.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["NumpyGan"]

Floats = NDArray[np.float32]
f = np.float32
TURN = f(2 * np.pi)


class _Network:
    """Layers w [out, in], b [out, 1], and the arrays a batch of n points needs."""

    def __init__(self, sizes: tuple[int, ...], n: int, rng: np.random.Generator) -> None:
        pairs = list(pairwise(sizes))
        self.w = [(rng.normal(size=(o, i)) / np.sqrt(i)).astype(f) for i, o in pairs]
        self.b = [np.zeros((o, 1), f) for _, o in pairs]
        self.a = [np.empty((size, n), f) for size in sizes]
        self.delta = [np.empty((size, n), f) for size in sizes]
        self.mask = [np.empty((size, n), bool) for size in sizes]

    def forward(self) -> Floats:
        """Go from a[0] to the last layer's sums."""
        last = len(self.w) - 1
        for k, (w, b) in enumerate(zip(self.w, self.b, strict=True)):
            y = np.matmul(w, self.a[k], out=self.a[k + 1])
            y += b
            if k < last:
                np.maximum(y, 0, out=y)
        return self.a[-1]

    def backward(self, rate: f | None, *, to_input: bool = False) -> None:
        """Go back from delta[-1]; step the parameters unless `rate` is None."""
        for k in range(len(self.w) - 1, -1, -1):
            delta = self.delta[k + 1]
            if k or to_input:
                np.matmul(self.w[k].T, delta, out=self.delta[k])
                if k:
                    np.greater(self.a[k], 0, out=self.mask[k])
                    self.delta[k] *= self.mask[k]
            if rate is not None:
                self.w[k] -= rate * (delta @ self.a[k].T)
                self.b[k] -= rate * delta.sum(1, keepdims=True)


class NumpyGan:
    """GAN Lab's ring: G 2-10-10-2, D 2-9-9-9-1, batch 150, three D steps and one G step, SGD."""

    def __init__(self, seed: int = 0, n: int = 150) -> None:
        self.n, self.rng = n, np.random.default_rng(seed)
        self.g = _Network((2, 10, 10, 2), n, self.rng)
        self.d = _Network((2, 9, 9, 9, 1), 2 * n, self.rng)
        self.judge = _Network((2, 9, 9, 9, 1), n, self.rng)
        self.judge.w, self.judge.b = self.d.w, self.d.b

    def iterate(self) -> None:
        """Do one iteration."""
        for _ in range(3):
            self._d_step(f(0.1))
        self._g_step(f(0.03))

    def _fake(self) -> Floats:
        self.rng.random(out=self.g.a[0], dtype=f)
        y = self.g.forward()
        return np.tanh(y, out=y)

    def _real(self, out: Floats) -> None:
        angle = TURN * self.rng.random(self.n, dtype=f)
        np.cos(angle, out=out[0])
        np.sin(angle, out=out[1])
        out *= _RADII
        out += _CENTRE
        out += f(0.025) * self.rng.standard_normal((2, self.n), dtype=f)

    def _d_step(self, rate: f) -> None:
        """Cross the gradient of −0.95·mean log D(x) − mean log(1 − D(G(z)))."""
        d, n = self.d, self.n
        self._real(d.a[0][:, :n])
        d.a[0][:, n:] = self._fake()
        delta = _sigmoid(d.forward(), d.delta[-1])
        delta[:, :n] -= 1
        delta[:, :n] *= f(0.95 / n)
        delta[:, n:] *= f(1 / n)
        d.backward(rate)

    def _g_step(self, rate: f) -> None:
        """Cross the gradient of −mean log D(G(z))."""
        judge = self.judge
        judge.a[0][:] = self._fake()
        delta = _sigmoid(judge.forward(), judge.delta[-1])
        delta -= 1
        delta *= f(1 / self.n)
        judge.backward(None, to_input=True)
        fake = self.g.a[-1]
        np.multiply(judge.delta[0], 1 - fake * fake, out=self.g.delta[-1])
        self.g.backward(rate)


_RADII = np.array([[0.3], [0.25]], f)
_CENTRE = np.array([[0.5], [0.45]], f)


def _sigmoid(x: Floats, out: Floats) -> Floats:
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)
