"""weights.csv, which a run ends with: shortest digits that read back to the same float64."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Checkpoint

from .config import NeuronConfig

__all__ = ["WeightHistory", "encode_layers", "history_stride"]

Floats = NDArray[np.float64]

MAX_ROWS = 10_000
MAX_CELLS = 1_000_000
"""weights.csv holds at most so many rows and numbers (see `history_stride`)."""


def history_stride(iterations: int, weights: int) -> int:
    """Return how many iterations lie between two rows of weights.csv.

    It is 1 up to 10,000 iterations. Longer runs keep at most 10,000 rows (and 1,000,000 numbers,
    for many weights), evenly spaced, and always the first and the last: the rows travel in every
    checkpoint. metrics.jsonl has each iteration in any case.
    """
    rows = max(min(MAX_ROWS, MAX_CELLS // weights), 100)
    return -(-iterations // rows)


class WeightHistory:
    """The rows of a perceptron's weights.csv so far: of every so many iterations, first and last.

    Iterations beyond the config's last are not kept.

    Attributes:
        rows: the weights [F+1] of each.
    """

    def __init__(self, config: NeuronConfig, first: Floats, resume: Checkpoint | None) -> None:
        """Begin with the first weights, or go on with the rows of a checkpoint.

        Raises:
            DamagedRunError: if the checkpoint has not the rows that it must have.
        """
        self._iterations = config.iterations
        self._stride = history_stride(config.iterations, len(first))
        self.rows = [first]
        if resume is None:
            return
        done = min(resume.step, config.iterations)
        rows = 1 + done // self._stride
        rows += done == config.iterations and done % self._stride > 0
        for name, shape in {"w": first.shape, "history": (rows, *first.shape)}.items():
            if name not in resume.arrays or resume.arrays[name].shape != shape:
                message = f"The checkpoint at step {resume.step} has no whole {name!r}."
                raise DamagedRunError(message)
        self.rows = list(resume.arrays["history"])

    def add(self, step: int, w: Floats) -> None:
        """Take in the weights after `step` iterations, where they are a row."""
        is_row = step % self._stride == 0 and step < self._iterations
        if is_row or step == self._iterations:
            self.rows.append(w)

    def encode(self) -> bytes:
        """Return weights.csv: `iteration,w0,w1,…`."""
        steps = [*range(0, self._iterations, self._stride), self._iterations]
        header = ",".join(["iteration", *(f"w{i}" for i in range(len(self.rows[0])))])
        pairs = zip(steps, self.rows, strict=True)
        lines = (f"{step},{','.join(map(repr, w.tolist()))}" for step, w in pairs)
        return "\n".join([header, *lines, ""]).encode()


def encode_layers(params: Sequence[Mapping[str, Floats]]) -> bytes:
    """Return a network's weights.csv: `layer,from,to,value`; `from` 0 is the bias."""
    lines = ["layer,from,to,value"]
    for number, layer in enumerate(params, 1):
        for i, row in enumerate(np.vstack([layer["b"], layer["w"]]).tolist()):
            lines += [f"{number},{i},{j},{value!r}" for j, value in enumerate(row, 1)]
    return ("\n".join(lines) + "\n").encode()
