"""A GAN on the live engine: the run of the other engine, bytes of its own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epoque.bench.errors import (
    ConfigError,
    DamagedRunError,
    DivergenceError,
    MissingExtraError,
    UsageError,
)
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot
from epoque.bench.live_engine import engine_sha256
from epoque.bench.runs.execute import execute, resume, start
from epoque.bench.runs.run import Run
from epoque.bench.stopping import Interrupt
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.lab import LAB
from epoque.gan2d.training.train import open_live, train

pytest.importorskip("wasmtime")

CONFIG = Gan2dConfig(
    engine="wasm",
    iterations=60,
    log_every=5,
    evaluate_every=40,
    snapshot_every=20,
    checkpoint_every=25,
    d_steps=2,
    seed=5,
)


def shape_of(event: Event) -> tuple[Any, ...]:
    """Return what must be the same of a run on either engine."""
    match event:
        case Metrics(step, values):
            return "metrics", step, tuple(values)
        case Snapshot(step, arrays):
            return "snapshot", step, {n: (a.shape, a.dtype) for n, a in arrays.items()}
        case Checkpoint(step, _, _, scheduled):
            return "checkpoint", step, scheduled
        case Artifact(name, data, once):
            return name, data, once
    raise AssertionError(event)


def plain(events: list[Event]) -> list[Any]:
    """Return events as values that can be compared, to the last bit."""
    rows: list[Any] = []
    for event in events:
        if isinstance(event, Metrics):
            rows.append((event.step, {n: v.hex() for n, v in event.values.items()}))
        elif isinstance(event, Artifact):
            rows.append((event.name, event.data))
        else:
            arrays = {n: np.asarray(a).tobytes() for n, a in event.arrays.items()}  # type: ignore[union-attr]
            rows.append((event.step, arrays, getattr(event, "state", None)))
    return rows


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(train(CONFIG))


def test_its_events_are_those_of_the_other_engine(events: list[Event]) -> None:
    by_jax = list(train(CONFIG.replace(engine="jax")))
    assert list(map(shape_of, events)) == list(map(shape_of, by_jax))
    for mine, other in zip(events, by_jax, strict=True):
        if isinstance(mine, Metrics) and isinstance(other, Metrics) and mine.step <= 20:
            for name in ("loss_d", "loss_g"):
                assert mine.values[name] == pytest.approx(other.values[name], rel=1e-3)
        if isinstance(mine, Metrics) and isinstance(other, Metrics) and "js" in mine.values:
            for name in ("spread", "stretch_max", "stretch_min", "dimension"):
                assert mine.values[name] == pytest.approx(other.values[name], rel=0.05)


@pytest.mark.parametrize(
    "changes", ["", "10:loss=hinge;30:generator.optimizer.name=adam,d_steps=1"]
)
def test_a_resumed_run_ends_with_the_same_bytes(changes: str) -> None:
    config = CONFIG.replace(changes=changes)
    whole = list(train(config))
    checkpoints = [event for event in whole if isinstance(event, Checkpoint)]
    assert len(checkpoints) == 3 + 2 * bool(changes)
    for checkpoint in checkpoints[:-1]:
        (place,) = (i for i, event in enumerate(whole) if event is checkpoint)
        rest = list(train(config, checkpoint))
        without = [
            [e for e in some if not isinstance(e, Artifact)] for some in (rest, whole[place + 1 :])
        ]
        assert plain(without[0]) == plain(without[1])


def test_a_checkpoint_of_another_engine_is_refused(
    events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = next(event for event in events if isinstance(event, Checkpoint))
    made_by = engine_sha256()[:12]
    monkeypatch.setattr("epoque.bench.live_engine.module.engine_sha256", lambda: "0" * 64)
    for go_on in (train, LAB.check_resume):
        with pytest.raises(UsageError) as refused:
            go_on(CONFIG, checkpoint)
        assert f"computed by another live engine ({made_by}); this one is 0000" in str(
            refused.value
        )
        assert "\n" not in str(refused.value)
    LAB.check_resume(CONFIG.replace(engine="jax"), checkpoint)


def test_a_checkpoint_of_other_networks_is_refused(events: list[Event]) -> None:
    checkpoint = next(event for event in events if isinstance(event, Checkpoint))
    with pytest.raises(DamagedRunError, match="other networks"):
        train(CONFIG.replace(generator={"layers": (7,)}), checkpoint)


def test_what_the_engine_does_not_cover_is_refused_with_the_reason() -> None:
    wrong: list[dict[str, Any]] = [
        {"r1": 0.1}, {"generator": {"norm": "layer"}}, {"batch_size": 1025},
        {"changes": "10:gradient_penalty=1"},
    ]  # fmt: skip
    for settings in wrong:
        with pytest.raises(ConfigError, match="live engine does not compute") as caught:
            CONFIG.replace(**settings)
        (problem,) = caught.value.problems
        assert problem.field == ("changes" if "changes" in settings else "engine")
    live = open_live(CONFIG)
    live.advance(3)
    with pytest.raises(ConfigError, match="does not compute"):
        live.change(r1=0.1)
    assert live.advance(3) == 3


def test_under_a_hand_it_is_the_run_whatever_the_pace(events: list[Event]) -> None:
    live = open_live(CONFIG)
    for count in (1, 6, 13):
        assert live.advance(count) == count
    phases = [(phase.name, live.step) for phase in live.phases() or ()]
    assert len(phases) == 5 * (CONFIG.d_steps + CONFIG.g_steps)
    assert [step for _, step in phases] == [20] * (len(phases) - 1) + [21]
    assert {name.partition("_")[0] for name, _ in phases} == {"discriminator", "generator"}
    assert live.advance(39) == 39
    last = [event for event in events if isinstance(event, Checkpoint)][-1]
    assert plain([live.checkpoint()]) == plain([last])
    assert len(live.metrics()["step"]) == 60
    other = open_live(CONFIG)
    other.advance(60)
    assert live.digest() == other.digest() != open_live(CONFIG).digest()


def test_a_divergence_names_the_iteration() -> None:
    config = CONFIG.replace(
        loss="least_squares",
        discriminator={"output": "linear", "optimizer": {"learning_rate": 2.0}},
    )
    live = open_live(config)
    done = live.advance(1000)
    assert done == live.step < 1000
    with pytest.raises(DivergenceError) as caught:
        live.advance(1)
    assert caught.value.step == done + 1


def test_a_run_is_an_ordinary_folder_that_resumes(tmp_path: Path) -> None:
    def make(name: str) -> Run[Gan2dConfig]:
        return start(LAB, CONFIG, "gan2d/ring", tmp_path, name)

    whole = execute(make("whole"), draw=False)
    environment = json.loads((whole.path / "environment.json").read_text())
    assert environment["engine_sha256"] == engine_sha256()
    assert environment["device"] == "WebAssembly"
    assert whole.results["final_sliced_w1"] > 0
    assert whole.results["final_exact_w1"] > 0

    class Stop:
        """A sink that is stopped in the middle."""

        def __init__(self, run: object) -> None:
            pass

        def log(self, event: Event) -> None:
            if isinstance(event, Snapshot) and event.step == 40:
                raise Interrupt

        def close(self, state: str, reason: str = "") -> None:
            pass

    part = make("part")
    with pytest.raises(Interrupt):
        execute(part, [Stop], draw=False)
    part = resume(Run(part.path), draw=False)
    for name in ("metrics.jsonl", "results.json", "checkpoints/step-0000000060.safetensors"):
        assert (part.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_points_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("x,y\n0.1,0.2\n0.8,0.3\n0.5,0.9\n")
    config = CONFIG.replace(data="csv", csv=str(path), iterations=30)
    first, *rest = train(config)
    assert isinstance(first, Artifact)
    snapshot = next(event for event in rest if isinstance(event, Snapshot))
    shown = {tuple(np.round(point, 4).tolist()) for point in snapshot.arrays["real"]}
    assert {(round(x, 1), round(y, 1)) for x, y in shown} == {(0.1, 0.2), (0.8, 0.3), (0.5, 0.9)}


def test_without_wasmtime_there_is_no_folder_but_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.bench.engine_setting.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'epoque\[studio\]'"):
        start(LAB, CONFIG, "gan2d/ring", tmp_path)
    assert not list(tmp_path.iterdir())
    assert start(LAB, CONFIG.replace(engine="jax"), "gan2d/ring", tmp_path)


def test_a_sweep_trains_its_points_one_by_one() -> None:
    assert LAB.sweep(CONFIG, {"seed": [1, 2]}) is None
    assert LAB.sweep(CONFIG.replace(engine="jax"), {"engine": ["jax", "wasm"]}) is None
