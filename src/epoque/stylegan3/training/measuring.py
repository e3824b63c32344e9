"""Measures of the averaged generator on the way, in features that need no download."""

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import StyleGan3Config
from .trainer import Trainer

__all__ = ["Measuring"]

BATCH = 100
TIMES = 10  # a run, unless the config says how often


class Measuring:
    """Takes the measures that a config asks for; nothing random that training uses is touched."""

    def __init__(self, config: StyleGan3Config, trainer: Trainer) -> None:
        self._config, self._trainer = config, trainer
        self._every = config.metrics_every or max(1, config.steps // TIMES)
        self._reals: dict[str, NDArray[np.floating]] = {}

    def due(self) -> dict[str, float]:
        """Return the measures if it is time for them; the main process takes them."""
        config, trainer = self._config, self._trainer
        if not config.metrics or not trainer.is_time(self._every):
            return {}
        if not trainer.team.main:
            return {}
        from ..measures.metrics import METRICS, computed

        needs = {METRICS[name].needs for name in config.metrics}
        if not self._reals:
            rows = trainer.images.rows(0, min(config.metrics_images, len(trainer.images)))
            self._reals = self._features(trainer.images.levels(rows), needs)
        made = trainer.generated(config.metrics_images).transpose(0, 3, 1, 2)
        found, size = self._features(made, needs), made.shape[2]
        return {
            name: computed(name, found[need], self._reals[need], size)[0]
            for name in config.metrics
            for need in [METRICS[name].needs]
        }

    def _features(
        self, levels: NDArray[np.uint8], needs: set[str]
    ) -> dict[str, NDArray[np.floating]]:
        """Return what stands for images [N, C, H, W] in each of the needed ways."""
        from ..measures.detectors import Patches, Portrait
        from ..measures.extraction import Detector

        portrait = Portrait(str(self._trainer.team.device))
        detectors: dict[str, Detector] = {"portrait": portrait, "patches": Patches()}
        images, found = torch.from_numpy(np.ascontiguousarray(levels)), {}
        for need in sorted(needs):
            parts = [
                detectors[need](images[at : at + BATCH], range(at, min(at + BATCH, len(images))))
                for at in range(0, len(images), BATCH)
            ]
            found[need] = np.concatenate(parts)
        return found
