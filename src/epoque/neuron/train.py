"""Training: the neuron or the network that a config asks for, as events pulled one at a time."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from epoque.bench.block_live import LiveTraining
from epoque.bench.events import Artifact, Checkpoint, Event

from .config import NeuronConfig
from .data import CSV_COPY, Dataset
from .live import NeuronLive

__all__ = ["SCALING", "SNAPSHOTS", "Training", "open_live", "train", "train_on"]

SCALING = "scaling.csv"
"""What was taken off each input and what it was divided by, with a run whose inputs are scaled."""

SNAPSHOTS = {"perceptron": 20, "mlp": 100}
"""About how many snapshots a run keeps unless `snapshot_every` says otherwise: of a perceptron
fewer, since weights.csv has its weights at every iteration."""


def train(config: NeuronConfig, resume: Checkpoint | None = None) -> "Training":
    """Return a training, an iterator of events, from the start or from a checkpoint.

    Every iteration is a `Metrics` of the model as it stands after it. Of a perceptron: `error` (|d
    − o| of the last pattern), `error_max`, `error_mean`, `error_rms`, `cross_entropy`, each before
    the pattern's own correction, and the weights `w0`, `w1`, …; of a network `loss` (mean, without
    penalties), the same measures after the pass, `accuracy`, and `test_loss`, `test_accuracy` where
    there are test points.

    `Snapshot`s every `snapshot_every` iterations, at 0 and at the end, hold the weights, the first
    one also the points (`epoque.neuron.live`). At the end the `Artifact` `weights.csv` lists the
    weights: of a perceptron after each iteration, of a network the final ones as
    `layer,from,to,value`: layers from 1; `from` is the neuron before, `to` the neuron after, both
    from 1; `from` 0 is the bias. A perceptron's checkpoints hold `w` [F+1] and `history`
    [R, F+1], the rows of weights.csv so far.

    Raises:
        DataError: if the CSV cannot be used, or changed since the checkpoint.
        DamagedRunError: if the checkpoint does not fit the config.
    """
    return Training(config, resume)


def train_on(
    config: NeuronConfig, dataset: Dataset, resume: Checkpoint | None = None
) -> "Training":
    """Return a training on points that are not those the config names; see `train`."""
    return Training(config, resume, dataset)


def open_live(
    config: NeuronConfig, resume: Checkpoint | None = None, dataset: Dataset | None = None
) -> NeuronLive:
    """Return the training under a hand that a config asks for.

    Args:
        config: what to train.
        resume: a checkpoint of the same config and data to go on from.
        dataset: what is learned, where that is not what the config says.

    Raises:
        DataError: if the CSV cannot be used, or changed since the checkpoint.
        DamagedRunError: if the checkpoint does not fit the config.
        MissingExtraError: if the config asks for the live engine, and wasmtime is not installed.
        UsageError: if the checkpoint is of another live engine.
    """
    if config.engine == "wasm":
        from .engine_live import WasmLive

        return WasmLive(config, resume, dataset)
    if config.model == "mlp":
        from .mlp.live import NetworkLive

        return NetworkLive(config, resume, dataset)
    from .perceptron.live import PerceptronLive

    return PerceptronLive(config, resume, dataset)


class Training(LiveTraining[NeuronConfig]):
    """A training that may be changed while it runs (see `epoque.bench.block_live`)."""

    live: NeuronLive

    def __init__(
        self,
        config: NeuronConfig,
        resume: Checkpoint | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        super().__init__(open_live(config, resume, dataset), is_resumed=resume is not None)
        self._is_own = dataset is None

    @property
    def _snapshot_every(self) -> int:
        about = -(-self.config.iterations // SNAPSHOTS[self.config.model])
        return self.config.snapshot_every or about

    def _first_events(self) -> Iterator[Event]:
        """Keep a copy of the CSV with the run."""
        if self.config.data == "csv" and self._is_own:
            yield Artifact(CSV_COPY, Path(str(self.config.csv)).read_bytes())
            if self.live.dataset.scaling is not None:
                yield Artifact(SCALING, _scaling_csv(self.live.dataset))

    def _last_events(self) -> Iterator[Event]:
        yield Artifact("weights.csv", self.live.make_weights_csv())


def _scaling_csv(dataset: Dataset) -> bytes:
    """Return `input,shift,size`, a line an input: the weights go with (input − shift) / size."""
    assert dataset.scaling is not None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("input", "shift", "size"))
    writer.writerows(zip(dataset.names, dataset.scaling.shift, dataset.scaling.size, strict=True))
    return out.getvalue().encode()
