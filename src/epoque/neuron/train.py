"""Training: the neuron or the network that a config asks for."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from epoque.bench.errors import DataError
from epoque.bench.events import Artifact, Checkpoint, Event

from .config import NeuronConfig
from .data import CSV_COPY, Dataset, load

__all__ = ["SCALING", "train"]

SCALING = "scaling.csv"
"""What was taken off each input and what it was divided by, with a run whose inputs are scaled."""


def train(config: NeuronConfig, resume: Checkpoint | None = None) -> Iterator[Event]:
    """Yield the events of a training, from the start or from a checkpoint.

    Raises:
        DataError: if the CSV cannot be used, or changed since the checkpoint.
        DivergenceError: before a number that is not finite is recorded.
    """
    if config.data == "csv":
        return _train_on_csv(config, resume)
    return _train(config, load(config), resume)


def _train(config: NeuronConfig, dataset: Dataset, resume: Checkpoint | None) -> Iterator[Event]:
    if config.model == "mlp":
        from .mlp.train import train
    else:
        from .perceptron.train import train
    return train(config, dataset, resume)


def _train_on_csv(config: NeuronConfig, resume: Checkpoint | None) -> Iterator[Event]:
    """Keep a copy of the CSV with the run, and refuse to go on with another one."""
    dataset = load(config)
    content = Path(str(config.csv)).read_bytes()
    digest = sha256(content).hexdigest()
    if resume is not None and resume.state.get("csv_sha256") != digest:
        raise DataError(f"{config.csv} is not what it was when the run began; start a new run.")
    yield Artifact(CSV_COPY, content)
    if dataset.scaling is not None:
        yield Artifact(SCALING, _scaling_csv(dataset))
    for event in _train(config, dataset, resume):
        if isinstance(event, Checkpoint):
            yield replace(event, state={**event.state, "csv_sha256": digest})
        else:
            yield event


def _scaling_csv(dataset: Dataset) -> bytes:
    """Return `input,shift,size`, a line an input: the weights go with (input − shift) / size."""
    assert dataset.scaling is not None
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("input", "shift", "size"))
    writer.writerows(zip(dataset.names, dataset.scaling.shift, dataset.scaling.size, strict=True))
    return out.getvalue().encode()
