"""The training of one pair of networks under a hand, computed by the live engine."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from epoque.bench.engine_live import EngineLive
from epoque.bench.events import Arrays, Checkpoint

from ..config import Gan2dConfig
from ..data import distributions
from ..live_engine import begin_training
from ..measures import SAMPLES
from . import evaluation
from .engine import METRICS
from .live import GanLive, trained_metrics

__all__ = ["WasmLive"]

NETWORKS = {"discriminator": "d.params", "generator": "g.params", "average": "ema"}
"""A network as the engine calls it, and as checkpoints do."""


class WasmLive(EngineLive[Gan2dConfig], GanLive):
    """A training computed by the live engine.

    Its measures are those of a run by JAX, of points that the engine drew and generated.
    """

    def __init__(self, config: Gan2dConfig, resume: Checkpoint | None = None) -> None:
        super().__init__(config, resume)
        self._modes = distributions.find_mixture(self.config)
        self.begin_engine(begin_training(self.config, self.points), resume)

    def measures(self) -> dict[str, float]:
        """Return the measures of the generator as it stands."""
        points = self._engine.samples(SAMPLES)
        layers = evaluation.layers_from_arrays(self._parameters(), "ema")
        return evaluation.measure_points(self.config, self._modes, self.step, points, layers)

    def _name_rows(self, rows: NDArray[np.float32]) -> list[Mapping[str, float]]:
        names = trained_metrics(self.config)
        columns = self._engine.manifest.metrics
        assert set(columns) == set(METRICS)
        table = rows[:, [columns.index(name) for name in names]].tolist() if len(rows) else []
        return [dict(zip(names, row, strict=True)) for row in table]

    def _parameters(self) -> Arrays:
        def rename(name: str) -> str:
            return re.sub("^[a-z]+", lambda match: NETWORKS[match[0]], name)

        return {rename(name): array for name, array in self._engine.weights().items()}
