"""The training of a neuron or a network under a hand: what both have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epoque.bench.block_live import BlockLive
from epoque.bench.errors import DataError
from epoque.bench.events import Arrays, Checkpoint
from epoque.bench.weight_edits import Shapes, WeightEdit

from .config import NeuronConfig
from .data import Dataset, load

__all__ = ["POINTS", "NeuronLive"]

Floats = NDArray[np.float64]

POINTS = ("x", "d", "x_test", "d_test")
"""The arrays of a snapshot that never change: a run keeps them in its first one only (see
`epoque.bench.lab.Lab.constant_arrays`)."""


class NeuronLive(BlockLive[NeuronConfig]):
    """A training of the lab under a hand, whatever computes it.

    Its snapshots hold the weights, `w` [F+1] of a perceptron (w[0] multiplies the input −1) or `w1`
    [F, H1], `b1` [H1], `w2`, … of a network; the training points `x` [N, F], their classes `d` [N]
    and what the model answers, `outputs` [N], from 0 to 1; and `x_test`, `d_test`, `outputs_test`
    of the points kept from training, of which there may be none. Of scaled inputs all are scaled.

    Attributes:
        dataset: what is learned.
    """

    def __init__(
        self, config: NeuronConfig, resume: Checkpoint | None, dataset: Dataset | None = None
    ) -> None:
        super().__init__(config, resume)
        self.dataset = load(self.config) if dataset is None else dataset
        self._csv_digest = ""
        if config.data == "csv" and dataset is None:
            self._csv_digest = sha256(Path(str(config.csv)).read_bytes()).hexdigest()
        if resume is not None and resume.state.get("csv_sha256", "") != self._csv_digest:
            raise DataError(f"{config.csv} is not what it was when the run began; start a new run.")

    def snapshot(self) -> Arrays:
        """Return the weights, the points and what the model answers at each."""
        data, points = self.dataset, self._points()
        outputs = {"outputs": self._answer(data.x), "outputs_test": self._answer(data.x_test)}
        return {**self.weights(), **points, **outputs}

    def record_snapshot(self) -> Arrays:
        """Return the weights, and at the beginning the points; the answers follow from both."""
        return {**self.weights(), **(self._points() if self.step == 0 else {})}

    def _points(self) -> dict[str, NDArray[np.float32]]:
        with np.errstate(over="ignore"):  # a user's inputs may be 1e308
            return {name: getattr(self.dataset, name).astype(np.float32) for name in POINTS}

    def _state_values(self) -> Mapping[str, Any]:
        digest = {"csv_sha256": self._csv_digest} if self._csv_digest else {}
        changes = super()._state_values() if self.changes else {}
        return {**changes, **digest}

    def _weight_shapes(self) -> Shapes:
        return {name: array.shape for name, array in self._editable().items()}

    def _edit_weights(self, edits: Sequence[WeightEdit]) -> None:
        arrays = {name: np.array(array) for name, array in self._editable().items()}
        for edit in edits:
            arrays[edit.array][edit.place] = edit.value
        self._write_weights({name: arrays[name] for name in sorted({edit.array for edit in edits})})

    def _editable(self) -> Mapping[str, Floats]:
        """Return the arrays that `changes` may edit, by name."""
        return self.weights()

    @abstractmethod
    def weights(self) -> dict[str, Floats]:
        """Return the weights by name."""

    @abstractmethod
    def _write_weights(self, arrays: Mapping[str, Floats]) -> None:
        """Take some of the arrays of `_editable`, each of its shape, for those that there are."""

    @abstractmethod
    def make_weights_csv(self) -> bytes:
        """Return `weights.csv`, which a run ends with."""

    @abstractmethod
    def _answer(self, x: Floats) -> Floats:
        """Return what the model answers to inputs [N, F], each from 0 to 1."""
