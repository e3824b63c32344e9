"""Measures of the averaged generator on the way: how good its images are, and how they move."""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.progress import Progress

from ..config import StyleGan3Config
from ..official.fetch import fetch
from .trainer import Trainer

if TYPE_CHECKING:
    from ..measures.extraction import Detector

__all__ = ["TrainingMetrics", "fetch_weights"]

BATCH = 16
"""Images that a feature network looks at at a time, little beside what a training step takes."""
TIMES = 10  # a run, unless the config says how often

Features = Mapping[str, NDArray[np.floating]]


class TrainingMetrics:
    """Takes the measures that a config asks for; nothing random that training uses is touched.

    Of the images only what stands for them is kept, so that their number costs time, not memory.
    """

    def __init__(self, config: StyleGan3Config, trainer: Trainer) -> None:
        """Open the feature networks: what is wrong with their files is told before the first step.

        Raises:
            DataError: if Inception's weights cannot be read or are of another network.
            FetchError: if they cannot be fetched.
            MissingExtraError: if EfficientNet's features are asked for without their extra.
        """
        self._config, self._trainer = config, trainer
        self._every = config.metrics_every or max(1, config.steps // TIMES)
        self._equivariance_names = [name for name in config.metrics if name.startswith("eq_")]
        self._comparisons = [name for name in config.metrics if not name.startswith("eq_")]
        self._detectors = self._load_detectors() if trainer.distributed.is_main else {}
        self._reals: Features = {}

    def _load_detectors(self) -> "dict[str, Detector]":
        """Return what the measures need to compare images, by their need."""
        if not self._comparisons:
            return {}
        from ..measures.detectors import build_detectors
        from ..measures.metrics import METRICS
        from ..measures.official_features import load_inception

        device = str(self._trainer.distributed.device)
        needs = {METRICS[name].needs for name in self._comparisons}
        detectors = build_detectors(needs, device)
        if self._config.needs_inception:
            detectors["inception"] = load_inception(self._config.inception, device)
        return detectors

    def compute_if_due(self) -> dict[str, float]:
        """Return the measures if it is time for them; the main process takes them."""
        trainer = self._trainer
        if (
            not self._config.metrics
            or not trainer.is_due(self._every)
            or not trainer.distributed.is_main
        ):
            return {}
        metrics = self._compare() | self._measure_equivariance()
        return {name: metrics[name] for name in self._config.metrics if isfinite(metrics[name])}

    def _compare(self) -> dict[str, float]:
        """Compare generated images with real ones."""
        if not self._comparisons:
            return {}
        from ..measures.metrics import METRICS, compute_metric

        pictures = self._trainer.iterate_images(self._config.metrics_images)
        generated = self._features(batch.transpose(0, 3, 1, 2) for batch in pictures)
        reals, size = self._real_features(), self._trainer.images.shape.resolution
        return {
            name: compute_metric(name, generated[need], reals[need], size)[0]
            for name in self._comparisons
            for need in [METRICS[name].needs]
        }

    def _real_features(self) -> Features:
        """Return what stands for as many real images, computed the first time."""
        if not self._reals:
            images = self._trainer.images
            rows = images.rows(0, min(self._config.metrics_images, len(images)))
            parts = (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))
            self._reals = self._features(images.levels(part) for part in parts)
        return self._reals

    def _features(self, batches: Iterable[NDArray[np.uint8]]) -> Features:
        """Return what stands for images, which come as [N, C, H, W], in each of the needed ways."""
        features: dict[str, list[NDArray[np.floating]]] = {need: [] for need in self._detectors}
        count = 0
        for levels in _split_batches(batches):
            images, numbers = torch.from_numpy(levels), range(count, count + len(levels))
            for need, detector in self._detectors.items():
                features[need].append(detector(images, numbers))
            count = numbers.stop
        return {need: np.concatenate(parts) for need, parts in features.items()}

    def _measure_equivariance(self) -> dict[str, float]:
        """Measure how well images follow their moved inputs; infinitely well, if they are empty."""
        if not self._equivariance_names:
            return {}
        from ..loading import LoadedGenerator
        from ..measures.equivariance import EQUIVARIANCE_METRICS, compute_psnr, sum_squared_errors

        trainer, count = self._trainer, self._config.metrics_images
        network = LoadedGenerator(trainer.ema.generator, "", trainer.distributed.device)
        sums = sum_squared_errors(network, range(count))
        return {name: compute_psnr(sums[:, i]) for i, name in enumerate(EQUIVARIANCE_METRICS)}


def fetch_weights(config: StyleGan3Config, progress: Progress) -> None:
    """Fetch the weights that measures need, so that the training finds them in the cache folder.

    Raises:
        FetchError: if they cannot be fetched.
    """
    if config.needs_inception:
        from ..measures.official_features import OFFICIAL

        fetch(config.inception or OFFICIAL["inception"], progress)


def _split_batches(batches: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield images in batches that a feature network can take."""
    for batch in batches:
        for at in range(0, len(batch), BATCH):
            yield np.ascontiguousarray(batch[at : at + BATCH])
