"""A neuron and a network on the live engine: runs as by JAX."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epoque.bench.errors import ConfigError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot
from epoque.bench.runs.execute import execute, start
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB
from epoque.neuron.train import open_live, train

pytest.importorskip("wasmtime")

CONFIGS: dict[str, NeuronConfig] = {
    "gate": NeuronConfig(iterations=120, checkpoint_every=50),
    "step": NeuronConfig(rule="step", update="batch", truth_table="00010111", iterations=40),
    "set": NeuronConfig(data="gaussian", samples=60, noise=0.1, iterations=20),
    "xor": NeuronConfig(model="mlp", truth_table="xor", iterations=90, checkpoint_every=40),
    "batches": NeuronConfig(
        model="mlp", data="circle", samples=80, hidden_layers=(4, 2), batch_size=7, iterations=30,
        optimizer="adam", learning_rate=0.01, l2=0.01,
    ),
    "weights": NeuronConfig(iterations=30, changes="0:w.2=1;7:w.1=1.5,rule=squared_error"),
    "layers": NeuronConfig(
        model="mlp", truth_table="xor", iterations=30, optimizer="momentum",
        changes="0:b1.1=-1;7:w1.1.0=0.25;20:w2.1.0=3,b2.0=-0.5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_its_events_are_those_of_the_other_engine(config: NeuronConfig) -> None:
    mine, other = list(train(config.replace(engine="wasm"))), list(train(config))
    assert [(type(e), getattr(e, "step", 0)) for e in mine] == [
        (type(e), getattr(e, "step", 0)) for e in other
    ]
    for a, b in zip(mine, other, strict=True):
        if isinstance(a, Metrics) and isinstance(b, Metrics):
            assert list(a.values) == list(b.values)
            np.testing.assert_allclose(
                list(a.values.values()), list(b.values.values()), rtol=1e-7, atol=1e-9
            )
        if isinstance(a, Snapshot) and isinstance(b, Snapshot):
            assert {n: (v.shape, v.dtype) for n, v in a.arrays.items()} == {
                n: (v.shape, v.dtype) for n, v in b.arrays.items()
            }
        if isinstance(a, Artifact) and isinstance(b, Artifact):
            first, second = (text.data.decode().split("\n")[0] for text in (a, b))
            assert (a.name, first, a.data.count(b"\n")) == (b.name, second, b.data.count(b"\n"))


@pytest.mark.parametrize("name", ["gate", "xor"])
def test_a_resumed_run_ends_with_the_same_bytes(name: str) -> None:
    weight = {"gate": "w.1", "xor": "w2.1.0"}[name]
    changes = f"20:learning_rate=0.3,{weight}=2,held.{weight}=1;60:held.{weight}=0"
    config = CONFIGS[name].replace(engine="wasm", changes=changes)
    whole = list(train(config))
    for place, event in enumerate(whole):
        if isinstance(event, Checkpoint):
            rest = [e for e in train(config, event) if not is_change(e)]
            after = [e for e in whole[place + 1 :] if not is_change(e)]
            assert list(map(plain, rest)) == list(map(plain, after))


def test_a_weight_is_set_and_held_as_long_as_it_is_said() -> None:
    changes = "5:w1.0.1=0.5,held.w1.0.1=1;30:learning_rate=0.3;60:held.w1.0.1=0"
    live = open_live(CONFIGS["xor"].replace(engine="wasm", changes=changes))
    seen = []
    for count in (5, 1, 54, 1):
        live.advance(count)
        seen.append(live.weights()["w1"][0, 1])
    assert seen[1:3] == [0.5, 0.5]
    assert 0.5 not in (seen[0], seen[3])
    assert live.changes == changes
    other = open_live(CONFIGS["xor"].replace(engine="wasm"))
    other.advance(5)
    other.change(**{"w1.0.1": 0.5, "held.w1.0.1": True})
    other.advance(25)
    other.change(learning_rate=0.3)
    other.advance(30)
    other.change(**{"held.w1.0.1": 0})
    other.advance(1)
    assert other.digest() == live.digest()


def test_a_weight_that_is_not_there_changes_nothing() -> None:
    live = open_live(CONFIGS["xor"].replace(engine="wasm"))
    before = live.digest()
    with pytest.raises(ConfigError, match="this model has w1, b1, w2, b2"):
        live.change(**{"w1.0.0": 1.0, "w3.0.0": 1.0, "learning_rate": 0.1})
    assert (live.digest(), live.changes) == (before, "")
    assert live.config.learning_rate != 0.1


def is_change(event: Event) -> bool:
    return isinstance(event, Artifact) and event.name == "changes.txt"


def plain(event: Event) -> Any:
    match event:
        case Snapshot(step, arrays) | Checkpoint(step, arrays):
            return step, {name: np.asarray(array).tobytes() for name, array in arrays.items()}
    return event


def test_a_csv_with_more_inputs_than_the_engine_tells_weights_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = ",".join([*(f"x{i}" for i in range(40)), "d"])
    rows = [
        ",".join([*map(repr, x.tolist()), str(int(x[0] > 0))]) for x in rng.normal(size=(9, 40))
    ]
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([names, *rows, ""]))
    config = NeuronConfig(data="csv", csv=str(path), scale="standard", iterations=6)
    mine, other = (
        [e for e in train(config.replace(engine=engine)) if isinstance(e, Metrics)]
        for engine in ("wasm", "jax")
    )
    for a, b in zip(mine, other, strict=True):
        assert list(a.values) == list(b.values)
        np.testing.assert_allclose(list(a.values.values()), list(b.values.values()), rtol=1e-7)


@pytest.mark.parametrize(("name", "count"), [("gate", 20), ("xor", 6)])
def test_an_iteration_stops_between_its_phases(name: str, count: int) -> None:
    live = open_live(CONFIGS[name].replace(engine="wasm"))
    live.advance(3)
    phases = [(phase.number, phase.count, live.step) for phase in live.phases() or ()]
    assert phases == [(i, count, 3 + (i == count - 1)) for i in range(count)]
    half = live.phases()
    assert half is not None
    next(half)
    assert (live.step, live.advance(2), live.step) == (4, 2, 6)  # it ends the one that was begun
    assert live.metrics()["step"] == [1, 2, 3, 4, 5, 6]
    other = open_live(CONFIGS[name].replace(engine="wasm"))
    other.advance(6)
    assert live.digest() == other.digest()


def test_a_run_is_an_ordinary_folder(tmp_path: Path) -> None:
    for name in ("gate", "xor"):
        run = execute(start(LAB, CONFIGS[name].replace(engine="wasm"), "neuron/own", tmp_path))
        assert run.status.state == "finished"
        assert {path.suffix for path in (run.path / "figures").iterdir()} == {".png", ".svg"}
        assert run.environment["engine"] == "wasm"
        first, last = run.snapshot_steps()[0], run.snapshot_steps()[-1]
        np.testing.assert_array_equal(run.snapshot(last)["x"], run.snapshot(first)["x"])


def test_what_the_engine_does_not_cover_is_refused() -> None:
    with pytest.raises(ConfigError, match="6 hidden layers of 64 neurons"):
        NeuronConfig().replace(model="mlp", hidden_layers=(65,), engine="wasm")
