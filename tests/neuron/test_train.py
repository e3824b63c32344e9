import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epoque.bench.errors import DamagedRunError, DataError, DivergenceError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot
from epoque.bench.runs.execute import execute, start
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB
from epoque.neuron.train import train
from epoque.neuron.weights_csv import history_stride


def steps(events: list[Event], kind: type[Metrics | Checkpoint | Snapshot]) -> list[int]:
    return [event.step for event in events if isinstance(event, kind)]


def weights_csv(events: list[Event]) -> bytes:
    (found,) = (e.data for e in events if isinstance(e, Artifact) and e.name == "weights.csv")
    return found


def same(a: Event, b: Event) -> bool:
    if isinstance(a, Snapshot) and isinstance(b, Snapshot):
        return (
            a.step == b.step
            and a.arrays.keys() == b.arrays.keys()
            and all(a.arrays[n].tobytes() == b.arrays[n].tobytes() for n in a.arrays)
        )
    if isinstance(a, Checkpoint) and isinstance(b, Checkpoint):
        arrays = a.arrays.keys() == b.arrays.keys() and all(
            a.arrays[n].tobytes() == b.arrays[n].tobytes() for n in a.arrays
        )
        return arrays and (a.step, dict(a.state)) == (b.step, dict(b.state))
    return a == b


def test_metrics_each_iteration_checkpoints_at_their_interval_and_the_end() -> None:
    events = list(train(NeuronConfig(iterations=2500, checkpoint_every=700)))
    assert steps(events, Metrics) == list(range(1, 2501))
    assert steps(events, Checkpoint) == [700, 1400, 2100, 2500]
    assert isinstance(events[-1], Artifact)
    assert steps(events, Snapshot) == [*range(0, 2501, 125)]
    for checkpoint, before in ((e, events[i - 1]) for i, e in enumerate(events)
                               if isinstance(e, Checkpoint)):  # fmt: skip
        assert isinstance(before, Metrics | Snapshot)
        assert before.step == checkpoint.step


def test_weights_csv_holds_all_iterations() -> None:
    events = list(train(NeuronConfig(iterations=1234)))
    lines = weights_csv(events).decode().splitlines()
    assert lines[0] == "iteration,w0,w1,w2"
    table = np.array([line.split(",") for line in lines[1:]], float)
    assert table[:, 0].tolist() == list(range(1235))
    assert ((table[0, 1:] >= -2) & (table[0, 1:] <= 0)).all()
    metrics = [[e.values[f"w{i}"] for i in range(3)] for e in events if isinstance(e, Metrics)]
    assert table[1:, 1:].tolist() == metrics


def test_a_long_run_keeps_evenly_spaced_rows() -> None:
    assert history_stride(10_000, 3) == 1
    assert history_stride(10_001, 3) == 2
    assert history_stride(10_000_000, 3) == 1000
    assert history_stride(10_000_000, 1025) * 975 >= 10_000_000
    events = list(train(NeuronConfig(iterations=10_001, checkpoint_every=10_001)))
    rows = weights_csv(events).decode().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [*range(0, 10_001, 2), 10_001]
    *_, last = (event for event in events if isinstance(event, Metrics))
    assert rows[-1].split(",")[1:] == [repr(last.values[f"w{i}"]) for i in range(3)]


@pytest.mark.parametrize(
    "config",
    [
        NeuronConfig(iterations=60, checkpoint_every=1),
        NeuronConfig(iterations=2300, checkpoint_every=333, truth_table="xor", learning_rate=3),
        NeuronConfig(iterations=10_050, checkpoint_every=2_001),
        NeuronConfig(iterations=7, checkpoint_every=2, truth_table="01" * 512),
        NeuronConfig(iterations=9, checkpoint_every=2, rule="step", update="batch", data="spiral"),
    ],
    ids=["every-step", "blocks", "thinned", "wide", "points"],
)
def test_a_resumed_run_ends_bit_identical_from_every_checkpoint(config: NeuronConfig) -> None:
    whole = list(train(config))
    for place, event in enumerate(whole):
        if isinstance(event, Checkpoint):
            rest = list(train(config, event))
            assert len(rest) == len(whole) - place - 1
            assert all(same(a, b) for a, b in zip(rest, whole[place + 1 :], strict=True))


PROGRAM = """
import hashlib, sys
from epoque.bench.events import Artifact, Checkpoint, Metrics
from epoque.neuron.config import NeuronConfig
from epoque.neuron.train import train
digest = hashlib.sha256()
for event in train(NeuronConfig.parse({settings!r})):
    match event:
        case Metrics(step, values): digest.update(repr((step, dict(values))).encode())
        case Checkpoint(_, arrays, _): [digest.update(arrays[n].tobytes()) for n in sorted(arrays)]
        case Artifact(_, data): digest.update(data)
print(digest.hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    def digest(**settings: object) -> str:
        program = PROGRAM.format(settings=settings)
        command = [sys.executable, "-c", program]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert digest(seed=5) == digest(seed=5)
    assert digest(seed=5) != digest(seed=6)


def csv(folder: Path, text: str) -> NeuronConfig:
    (folder / "points.csv").write_text(text)
    return NeuronConfig(
        data="csv", csv=str(folder / "points.csv"), iterations=50, checkpoint_every=10
    )


def test_divergence_names_the_iteration_and_keeps_what_was_before(tmp_path: Path) -> None:
    """Two huge weights of the same sign: their sum overflows in the second pass."""
    config = csv(tmp_path, "a,b,d\n1e305,1e305,0\n1e305,0,1\n0,1e305,1\n")
    training = train(config.replace(learning_rate=1000, checkpoint_every=1))
    events: list[Event] = []
    with pytest.raises(DivergenceError, match="is not finite at iteration 2") as caught:
        events.extend(training)
    assert caught.value.step == 2
    assert steps(events, Metrics) == [1]
    assert steps(events, Checkpoint) == [1]
    assert all(np.isfinite(list(e.values.values())).all() for e in events if isinstance(e, Metrics))


def test_a_run_keeps_its_csv_and_refuses_another(tmp_path: Path) -> None:
    config = csv(tmp_path, "a,d\n-1,0\n1,1\n")
    events = list(train(config))
    assert events[0] == Artifact("data.csv", b"a,d\n-1,0\n1,1\n")
    checkpoint = next(e for e in events if isinstance(e, Checkpoint))
    json.dumps(dict(checkpoint.state))
    assert weights_csv(list(train(config, checkpoint))) == weights_csv(events)
    csv(tmp_path, "a,d\n-2,0\n1,1\n")
    with pytest.raises(DataError, match="is not what it was when the run began"):
        list(train(config, checkpoint))


def test_a_checkpoint_of_another_run_is_refused() -> None:
    config = NeuronConfig(iterations=20, checkpoint_every=10)
    checkpoint = next(e for e in train(config) if isinstance(e, Checkpoint))
    for arrays in ({}, {**checkpoint.arrays, "w": np.zeros(4)}, {"w": np.zeros(3)}):
        with pytest.raises(DamagedRunError, match="checkpoint at step 10 has no whole"):
            list(train(config, Checkpoint(10, arrays)))


def test_training_does_not_change_the_precision_of_others() -> None:
    import jax.numpy as jnp

    before = jnp.ones(1).dtype
    training = train(NeuronConfig(iterations=5))
    next(training)
    assert jnp.ones(1).dtype == before


@pytest.mark.parametrize("settings", [{}, {"model": "mlp", "hidden_layers": (2,)}])
def test_a_signal_ends_a_training_with_a_checkpoint_and_changes_nothing(
    settings: dict[str, Any], tmp_path: Path, check_stopping: Callable[..., None]
) -> None:
    config = NeuronConfig(**settings, iterations=3000, checkpoint_every=2000)
    whole = execute(start(LAB, config, "neuron/and", tmp_path / "whole"), draw=False)
    check_stopping(whole, 7, 2500)
