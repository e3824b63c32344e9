"""The training of a neuron or a network under a hand, computed by the live engine in float64."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from epoque.bench.engine_live import EngineLive
from epoque.bench.events import Arrays, Checkpoint

from .config import NeuronConfig
from .data import Dataset
from .evaluate import compute_outputs, compute_weighted_sums
from .live import NeuronLive
from .live_engine import begin_training
from .mlp.network import outputs, params_from_arrays
from .weights_csv import WeightHistory, encode_layers

__all__ = ["WasmLive"]

Floats = NDArray[np.float64]


class WasmLive(EngineLive[NeuronConfig], NeuronLive):
    """A training computed by the live engine, with the metrics and files of a run by JAX."""

    def __init__(
        self,
        config: NeuronConfig,
        resume: Checkpoint | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        super().__init__(config, resume, dataset)
        self.begin_engine(begin_training(self.config, dataset or self.dataset), resume)
        self._is_network = self.config.model == "mlp"
        self._columns = self._choose_columns()
        if not self._is_network:
            self._begin_history(resume)

    def _choose_columns(self) -> list[str]:
        """Return the engine's metrics, without weights, that a run of this model has."""
        left_out = set() if len(self.dataset.d_test) else {"test_loss", "test_accuracy"}
        if not self._is_network:
            left_out |= {"loss", "accuracy", "test_loss", "test_accuracy"}
        names = self._engine.manifest.metrics
        return [n for n in names if n not in left_out and not n[1:].isdecimal()]

    def _begin_history(self, resume: Checkpoint | None) -> None:
        """Keep the weights after each iteration, those that the engine's metrics tell or not."""
        self._weights = [f"w{i}" for i in range(self.dataset.x.shape[1] + 1)]
        if all(name in self._engine.manifest.metrics for name in self._weights):
            self._columns += self._weights
        else:
            self.largest = 1
        self.history = WeightHistory(self.config, self.weights()["w"], resume)

    def weights(self) -> dict[str, Floats]:
        """Return the weights by name."""
        arrays = self._engine.weights().items()
        return {name: array for name, array in arrays if not name.startswith("held")}

    def _editable(self) -> Mapping[str, Floats]:
        return self._engine.weights()

    def _write_weights(self, arrays: Mapping[str, Floats]) -> None:
        self._engine.set_weights(arrays)

    def make_weights_csv(self) -> bytes:
        """Return `weights.csv`, as a run by JAX does."""
        if not self._is_network:
            return self.history.encode()
        return encode_layers(self._params)

    @property
    def _params(self) -> list[dict[str, Floats]]:
        return params_from_arrays(self.weights(), len(self.config.hidden_layers) + 1)

    def _answer(self, x: Floats) -> Floats:
        if self._is_network:
            return outputs(self._params, x, self.config.activation)
        return compute_outputs(self.config, compute_weighted_sums(self.weights()["w"], x))

    def _name_rows(self, rows: Floats) -> list[Mapping[str, float]]:
        if not len(rows):
            return []
        places = [self._engine.manifest.metrics.index(name) for name in self._columns]
        table = [dict(zip(self._columns, row, strict=True)) for row in rows[:, places].tolist()]
        if not self._is_network:
            self._add_weights(table)
        return list(table)

    def _add_weights(self, table: list[dict[str, float]]) -> None:
        """Add weights that the engine's metrics have no place for, and keep the rows of all."""
        if self.largest == 1:
            table[0] |= dict(zip(self._weights, self.weights()["w"].tolist(), strict=True))
        for step, row in enumerate(table, self.step + 1):
            self.history.add(step, np.array([row[name] for name in self._weights]))

    def _parameters(self) -> Arrays:
        history = {} if self._is_network else {"history": np.stack(self.history.rows)}
        return {**self.weights(), **history}
