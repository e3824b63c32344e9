"""Training: the same bytes again, whatever stops it, however many share it."""

import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from waiting import PATIENCE

from epoque.bench.errors import DamagedRunError, DataError, DivergenceError, UsageError
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Timings
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.torch import threads
from epoque.bench.torch.distributed import DistributedContext
from epoque.language.config import LanguageConfig
from epoque.language.data.batches import BatchSampler
from epoque.language.data.tokenized_corpus import load_corpus
from epoque.language.evaluation.evaluation_plan import EVALUATED_NATS
from epoque.language.lab import LAB
from epoque.language.models import pmi_embeddings
from epoque.language.models.pmi_embeddings import build_embeddings
from epoque.language.training import precision
from epoque.language.training.ema import ExponentialMovingAverage
from epoque.language.training.estimate import (
    _steps_that_fit,
    count_affordable_steps,
    estimate_training,
)
from epoque.language.training.resources import choose_threads, explain_out_of_memory
from epoque.language.training.train import _most_lost_seconds, train
from epoque.language.training.trainer import Trainer

Make = Callable[..., LanguageConfig]
MASKED = {"objective": "masked"}


def told(events: Iterable[Event]) -> list[Any]:
    """Return events as values that can be compared to the last bit; clocks left out."""
    return [_plain(event) for event in events if not isinstance(event, Timings)]


def _plain(event: Event) -> Any:
    if isinstance(event, Metrics):
        return event.step, {name: value.hex() for name, value in event.values.items()}
    if isinstance(event, Artifact):
        return event.name, event.data
    arrays = {name: (a.shape, a.dtype, a.tobytes()) for name, a in event.arrays.items()}
    return event.step, arrays, event.state


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def weights(events: Iterable[Event], kind: str = "model") -> dict[str, np.ndarray]:
    """Return the last checkpoint's arrays of a kind."""
    last = of(Checkpoint, events)[-1]
    return {k: v for k, v in last.arrays.items() if k.startswith(f"{kind}.")}


def trained(config: LanguageConfig) -> list[Event]:
    return list(train(config))


def test_events_come_at_their_times(tiny: Make) -> None:
    config = tiny(max_steps=23, log_every=4, evaluate_every=10, checkpoint_every=15)
    events = trained(config)
    metrics = of(Metrics, events)
    per_epoch = -(-len(load_corpus(config).train) // config.batch_size)
    ends = [step for step in range(1, 24) if step % per_epoch == 0]
    measured = sorted({10, 20, 23, *ends})
    assert [m.step for m in metrics if "valid_loss" in m.values] == measured
    assert [m.step for m in metrics] == sorted({4, 8, 12, 16, 20, 23, *measured})
    assert [c.step for c in of(Checkpoint, events)] == [15, 23]
    assert all(np.isfinite(value) for m in metrics for value in m.values.values())
    last = metrics[-1].values
    assert last["valid_perplexity"] == pytest.approx(np.exp(last["valid_loss"]))
    assert {"loss", "learning_rate", "gradient_norm", "tokens", "epoch", "train_loss"} < set(last)
    names = [artifact.name for artifact in of(Artifact, events)]
    assert {"tokenizer.json", "precision.json"} < set(names)


@pytest.mark.parametrize("settings", [{}, MASKED], ids=["causal", "masked"])
def test_it_learns(tiny: Make, settings: dict[str, Any]) -> None:
    metrics = of(Metrics, trained(tiny(max_steps=60, evaluate_every=1, **settings)))
    first, last = metrics[0].values["valid_loss"], metrics[-1].values["valid_loss"]
    assert last < first - 1.0
    assert last > 0.1


@pytest.mark.parametrize("settings", [{}, MASKED], ids=["causal", "masked"])
def test_counted_embeddings_begin_ahead(tiny: Make, settings: dict[str, Any]) -> None:
    losses = {}
    for kind in ("random", "counted"):
        config = tiny(first_embedding=kind, max_steps=20, evaluate_every=20, **settings)
        trainer = Trainer(config, DistributedContext("cpu"), load_corpus(config))
        spent = trainer.pop_timings()
        assert (spent.seconds > 0) == (kind == "counted")
        for _ in range(20):
            trainer.step()
        losses[kind] = trainer.evaluate()["valid_loss"]
    assert losses["counted"] < losses["random"] - 0.02


def test_seconds_that_counting_uses_up_leave_one_step_and_it_counts_once(
    tiny: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(*arguments: Any) -> torch.Tensor:
        built.append(arguments)
        return build_embeddings(*arguments)

    pmi_embeddings._last.clear()
    monkeypatch.setattr(pmi_embeddings, "build_embeddings", build)
    config = tiny(first_embedding="counted", max_seconds=1e-9)
    estimate_training(config, steps=1)
    assert [checkpoint.step for checkpoint in of(Checkpoint, trained(config))] == [1]
    assert len(built) == 1


CASES: list[dict[str, Any]] = [
    {"head": "sampled", "negatives": 20, "ema": 0.9, "first_embedding": "counted", "muon_every": 2},
    {
        **MASKED,
        "train_mask_probability": 0.3,
        "dropout": 0.1,
        "optimizer": "adamw",
        "accumulate": 2,
    },
    {"first_batch_size": 2, "ramp_steps": 9, "patience": 2, "evaluate_every": 4},
    {**MASKED, "architecture": "bert", "documents_apart": True, "schedule": "cosine"},
]


@pytest.mark.parametrize("settings", CASES, ids=["sampled", "masked", "ramp", "apart"])
def test_a_resumed_training_ends_with_the_same_bytes(tiny: Make, settings: dict[str, Any]) -> None:
    config = tiny(max_steps=20, checkpoint_every=7, **settings)
    events = trained(config)
    assert told(train(config)) == told(events)
    assert told(train(config.replace(seed=1))) != told(events)
    checkpoints = of(Checkpoint, events)
    assert len(checkpoints) >= 2
    for checkpoint in checkpoints[:-1]:
        (place,) = (i for i, event in enumerate(events) if event is checkpoint)
        again = [e for e in train(config, checkpoint) if not _is_first(e)]
        assert told(again) == told(e for e in events[place + 1 :] if not _is_first(e))


def test_a_checkpoint_is_also_taken_by_the_clock(
    tiny: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(max_steps=6, checkpoint_every=10**9, muon_every=2)
    events = trained(config)
    assert [c.step for c in of(Checkpoint, events)] == [6]
    monkeypatch.setattr("epoque.bench.torch.checkpoint_timer.CheckpointTimer.SECONDS", 0.0)
    by_clock = of(Checkpoint, trained(config))
    assert [(c.step, c.scheduled) for c in by_clock] == [(n, n == 6) for n in range(1, 7)]
    for again in (by_clock, of(Checkpoint, train(config, by_clock[2]))):  # taking them is all
        assert told(again[-1:]) == told(of(Checkpoint, events))


def test_a_run_of_some_minutes_loses_a_quarter_at_most(tiny: Make) -> None:
    most = {240: 60, 480: 120, 60: 60, 36_000: 600, None: 600}
    assert {seconds: _most_lost_seconds(tiny(max_seconds=seconds)) for seconds in most} == most


def _is_first(event: Event) -> bool:
    """Return whether an event is told whenever a training begins."""
    names = ("tokenizer", "precision")
    return isinstance(event, Artifact) and any(name in event.name for name in names)


def test_logging_and_saving_change_nothing(tiny: Make) -> None:
    quiet = trained(tiny(log_every=1000, checkpoint_every=1000))
    busy = trained(tiny(log_every=1, checkpoint_every=3, evaluate_every=2))
    assert told([of(Checkpoint, quiet)[-1]]) == told([of(Checkpoint, busy)[-1]])


@pytest.mark.parametrize("settings", [{}, MASKED], ids=["causal", "masked"])
def test_a_batch_in_parts_is_the_same_batch(tiny: Make, settings: dict[str, Any]) -> None:
    whole = weights(trained(tiny(max_steps=3, optimizer="adamw", **settings)))
    parts = weights(trained(tiny(max_steps=3, optimizer="adamw", accumulate=4, **settings)))
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("way", ["data parallel", "sharded"])
def test_two_processes_give_the_weights_of_one(tiny: Make, tmp_path: Path, way: str) -> None:
    config = tiny(max_steps=12, optimizer="adamw", accumulate=2, head="chunked", ema=0.5)
    alone = of(Checkpoint, trained(config))[-1]
    shared = _torchrun(config, tmp_path, way)
    arrays = {n: a for n, a in alone.arrays.items() if n != EVALUATED_NATS}  # of one process only
    assert set(shared) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_allclose(shared[name], value, rtol=1e-3, atol=2e-5, err_msg=name)


_WORKER = """
import json, sys
from pathlib import Path
import numpy as np
from epoque.bench.events import Checkpoint
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import load_corpus
from epoque.bench.torch.distributed import DistributedContext
from epoque.language.training.train import train
from epoque.language.training.trainer import Trainer
config = LanguageConfig.parse(json.loads(Path(sys.argv[1]).read_text()))
weights = Trainer(config, DistributedContext("cpu"), load_corpus(config)).parameters.values()
assert all(hasattr(w, "placements") is (sys.argv[3] == "sharded") for w in weights)
events = list(train(config))
if events:
    last = [event for event in events if isinstance(event, Checkpoint)][-1]
    np.savez(Path(sys.argv[2]), **last.arrays)
"""


def _torchrun(config: LanguageConfig, folder: Path, way: str) -> dict[str, np.ndarray]:
    """Train in two processes; only one of them may tell events."""
    (folder / "worker.py").write_text(_WORKER)
    (folder / "config.json").write_text(config.model_dump_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    more = {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "PYTHONWARNINGS": "ignore"}
    if way == "sharded":
        more |= {"ACCELERATE_USE_FSDP": "true"}
    workers = []
    for rank in range(2):
        told_rank = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
        told_rank |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = {**os.environ, **more, **{k: str(v) for k, v in told_rank.items()}}
        command = [sys.executable, "worker.py", "config.json", f"weights-{rank}.npz", way]
        workers.append(
            subprocess.Popen(
                command, cwd=folder, env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        )  # fmt: skip
    output = [worker.communicate(timeout=PATIENCE)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], output
    assert [p.name for p in sorted(folder.glob("weights-*.npz"))] == ["weights-0.npz"]
    return dict(np.load(folder / "weights-0.npz"))


def test_a_diverging_training_stops_before_the_step(tiny: Make) -> None:
    config = tiny(optimizer="adamw", learning_rate=100, clip=0, schedule="constant", layers=2)
    trainer = Trainer(config, DistributedContext("cpu"), load_corpus(config))
    trainer.step()
    next(iter(trainer.parameters.values())).data.fill_(float("inf"))
    before = {name: weight.clone() for name, weight in trainer.parameters.items()}
    with pytest.raises(DivergenceError, match="at iteration 2") as caught:
        trainer.step()
    assert caught.value.step == 2
    for name, weight in trainer.parameters.items():
        assert torch.equal(weight, before[name])


def test_early_stopping_keeps_the_best(tiny: Make) -> None:
    config = tiny(
        max_steps=400, evaluate_every=10, patience=2, learning_rate=0.3, schedule="constant"
    )
    events = trained(config)
    losses = [m.values["valid_loss"] for m in of(Metrics, events) if "valid_loss" in m.values]
    last = of(Checkpoint, events)[-1]
    assert last.step < 400
    assert last.state["worse"] == 2
    assert last.state["best_loss"] == min(losses) == losses[-3]
    assert set(weights(events, "best")) == {f"best.{n[6:]}" for n in weights(events)}


def test_the_clock_decides_only_how_many_steps_there_are(
    tiny: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"max_steps": 500, "schedule": "linear", "log_every": 1, "checkpoint_every": 3}
    monkeypatch.setattr("epoque.language.training.train.count_affordable_steps", lambda *_: 7)
    events = trained(tiny(max_seconds=60.0, **limits))
    assert [c.step for c in of(Checkpoint, events)] == [3, 6, 7]
    assert [m.values["progress"] for m in of(Metrics, events)] == [n / 7 for n in range(1, 8)]
    counted = trained(tiny(**{**limits, "max_steps": 7}))
    assert told(of(Metrics, counted)) == told(of(Metrics, events))
    assert {n: a.tobytes() for n, a in weights(counted).items()} == {
        n: a.tobytes() for n, a in weights(events).items()
    }
    monkeypatch.setattr(
        "epoque.language.training.train.count_affordable_steps", lambda *_: 1 / 0
    )  # once a run
    again = list(train(tiny(max_seconds=60.0, **limits), of(Checkpoint, events)[0]))
    assert told(of(Checkpoint, again)) == told(of(Checkpoint, events)[1:])


def test_the_steps_that_fit_are_measured(tiny: Make) -> None:
    config = tiny(max_steps=10**6, epochs=1e6, max_seconds=3600.0, first_batch_size=1)
    texts, alone = load_corpus(config), DistributedContext("cpu")
    hour = count_affordable_steps(config.replace(max_seconds=2.0), alone, texts)
    assert 1 < hour < 2 / 1e-4  # a step takes more than a tenth of a millisecond
    assert (
        count_affordable_steps(config.replace(max_seconds=1e-6), DistributedContext("cpu"), texts)
        == 1
    )
    assert _steps_that_fit(-1.0, 1.0, 1.0, 0) == 0
    assert _steps_that_fit(10.0, 0.5, 0.5, 0) == 20
    assert _steps_that_fit(10.0, 1.0, 3.0, 4) == 4 + 0  # the ramp takes 8 seconds, the next step 3
    assert _steps_that_fit(14.0, 1.0, 3.0, 4) == 4 + 2
    assert _steps_that_fit(3.0, 1.0, 3.0, 4) == 2  # 2 · 1 + 2² / 4 = 3


def test_a_text_is_written_every_so_many_steps(tiny: Make) -> None:
    config = tiny(max_steps=23, sample_every=10, checkpoint_every=10)
    events = trained(config)
    samples = {e.name: e for e in of(Artifact, events) if e.name.startswith("sample-")}
    assert list(samples) == [f"sample-{step:010d}.txt" for step in (10, 20, 23)]
    assert all(sample.data and sample.once for sample in samples.values())
    assert told(of(Checkpoint, trained(config.replace(sample_every=None)))) == told(
        of(Checkpoint, events)
    )
    again = list(train(config, of(Checkpoint, events)[0]))
    later = [e for e in of(Artifact, again) if e.name.startswith("sample-")]
    assert [(e.name, e.data) for e in later] == [
        (name, samples[name].data) for name in list(samples)[1:]
    ]


def test_the_clock_tells_how_fast_it_goes(tiny: Make) -> None:
    events = trained(tiny(max_steps=20, evaluate_every=10))
    measured = [timings.measured for timings in of(Timings, events)]
    assert all(each["tokens_per_second"] > 0 for each in measured)
    assert all(each["product_rate_share"] > 0 for each in measured)
    assert measured[-1]["seconds_left"] == 0
    assert measured[0]["seconds_left"] > 0


def test_another_text_or_model_is_not_resumed(tiny: Make, tmp_path: Path) -> None:
    config = tiny(max_steps=2)
    checkpoint = of(Checkpoint, trained(config))[-1]
    other = tmp_path / "other.txt"
    other.write_text("one two three four five six seven eight nine ten .\n" * 50)
    with pytest.raises(DataError, match="not what it was"):
        list(train(config.replace(train_files=(str(other),)), checkpoint))
    with pytest.raises(DamagedRunError, match="step 2 is of another model"):
        list(train(config.replace(layers=2), checkpoint))


def test_a_model_smaller_than_its_tokenizer_is_refused(tiny: Make) -> None:
    config = tiny(max_steps=2)
    made = load_corpus(config).tokenizer
    wrong = config.model_copy(update={"model_vocabulary": len(made) - 1})
    with pytest.raises(DataError, match=str(len(made))):
        list(train(wrong))


def test_a_gpu_that_is_not_there_is_told(tiny: Make) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UsageError, match="finds no GPU"):
        list(train(tiny(device="cuda")))


def test_memory_that_runs_out_names_the_setting_to_change(tiny: Make) -> None:
    with (
        pytest.raises(UsageError, match="batch_size 8 of block_size 16: a larger accumulate"),
        explain_out_of_memory(tiny()),
    ):
        torch.empty(2**50)  # PyTorch's own error
    with pytest.raises(RuntimeError, match="shape"), explain_out_of_memory(tiny()):
        torch.zeros(3).view(2)


def test_memory_that_runs_out_in_a_training_is_told_and_nothing_is_lost(
    tiny: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Trainer.step

    def step(self: Trainer) -> None:
        whole(self) if self.steps_done < 7 else torch.empty(2**50)

    monkeypatch.setattr(Trainer, "step", step)
    config, told = tiny(checkpoint_every=5), "Memory ran out with batch_size 8 of block_size 16: a"
    events = train(config)
    with pytest.raises(UsageError, match=told):
        list(events)
    run = start(LAB, config, "language/tiny-clm", tmp_path)
    with pytest.raises(UsageError, match=told):
        execute(run, (), draw=False)
    failed = Run(run.path)
    assert failed.status.state == "failed"
    assert failed.status.reason.startswith(told)
    assert failed.checkpoint_steps == [5]


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 2.5},
        {"epochs": 0.3},
        {"first_batch_size": 3, "ramp_steps": 10, "epochs": 4},
        {"first_batch_size": 1, "ramp_steps": 100, "epochs": 2},
        {"max_steps": 5, "epochs": 100},
    ],
)
def test_the_order_shows_every_block_once_an_epoch(settings: dict[str, Any]) -> None:
    config = LanguageConfig(**{"batch_size": 8, **settings})
    sampler, steps, blocks_read, shown = BatchSampler(config, 53), 0, 0, []
    total = sampler.total_blocks
    while blocks_read < total and steps < (config.max_steps or 10**9):
        rows = sampler.block_indices(steps, blocks_read)
        assert 0 < len(rows) <= 8
        shown.extend(rows.tolist())
        blocks_read, steps = blocks_read + len(rows), steps + 1
    assert steps == sampler.total_steps
    if config.max_steps is None:
        assert blocks_read == total == round(config.epochs * 53)
    epochs = [shown[at : at + 53] for at in range(0, len(shown), 53)]
    assert all(len(set(epoch)) == len(epoch) for epoch in epochs)
    assert len(epochs) < 2 or epochs[0] != epochs[1]


def test_the_average_follows_the_weights() -> None:
    weight = torch.zeros(3)
    average = ExponentialMovingAverage([weight], 0.5)
    expected = 0.0
    for step in range(1, 30):
        weight += 1
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    assert average.tensors[0].tolist() == pytest.approx([expected] * 3)
    average.swap()
    assert (weight[0].item(), average.tensors[0][0].item()) == pytest.approx((expected, 29))
    average.swap()
    assert weight[0].item() == 29


LARGE = {"batch_size": 16, "block_size": 64, "width": 128}
"""Of 1,024 tokens: 2²⁶ products a matrix."""


@pytest.mark.parametrize(
    ("processor", "settings", "kind"),
    [
        (("cpu", {"amx_bf16": True}), LARGE, "bfloat16"),
        (("cpu", {"avx512_bf16": True, "amx_bf16": False}), LARGE, "bfloat16"),
        (("cpu", {"avx512_f": True}), LARGE, "float32"),
        (("cpu", {"amx_bf16": True}), {}, "float32"),  # small products
        (("cpu", {"amx_bf16": True}), {**LARGE, "accumulate": 16}, "float32"),
        (("cuda", (8, 0)), LARGE, "bfloat16"),
        (("cuda", (7, 5)), LARGE, "float32"),
        (("cpu", {"avx512_f": True}), {"precision": "bfloat16"}, "bfloat16"),
    ],
)
def test_precision_is_what_the_processor_has(
    tiny: Make,
    monkeypatch: pytest.MonkeyPatch,
    processor: tuple[str, Any],
    settings: dict[str, Any],
    kind: str,
) -> None:
    device, has = processor
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: has)
    config = tiny(**{"precision": "auto", **settings})
    chosen = precision.choose_precision(config, torch.device(device))
    assert chosen.kind == kind
    assert json.loads(chosen.to_json()) == {"kind": kind, "reason": chosen.reason}


def test_precision_leaves_no_trace() -> None:
    before = torch.get_float32_matmul_precision()
    x = torch.randn(4, 4)
    with precision.autocast("bfloat16", x.device):
        assert (x @ x).dtype == torch.bfloat16
    with precision.autocast("medium", x.device):
        assert torch.get_float32_matmul_precision() == "medium"
    assert (x @ x).dtype == torch.float32
    assert torch.get_float32_matmul_precision() == before


def test_bfloat16_trains_float32_weights(tiny: Make) -> None:
    rough, fine = (trained(tiny(precision=kind)) for kind in ("bfloat16", "float32"))
    assert {value.dtype for value in weights(rough).values()} == {np.dtype(np.float32)}
    ends = [of(Metrics, events)[-1].values["valid_loss"] for events in (rough, fine)]
    assert ends[0] == pytest.approx(ends[1], rel=0.05)
    assert ends[0] != ends[1]


def test_clipping_bounds_what_is_followed(tiny: Make) -> None:
    config = tiny(clip=1e-3)
    trainer = Trainer(config, DistributedContext("cpu"), load_corpus(config))
    trainer._optimizer.zero_grad = lambda: None  # the gradients stay to be looked at
    trainer.step()
    assert trainer.pop_metrics()["gradient_norm"] > 1e-3
    grads = [w.grad.coalesce().values() if w.grad.is_sparse else w.grad
             for w in trainer.parameters.values() if w.grad is not None]  # fmt: skip
    length = float(torch.sqrt(sum((g**2).sum() for g in grads)))
    assert length == pytest.approx(1e-3, rel=1e-3)


def test_a_signal_ends_a_training_with_a_checkpoint_and_changes_nothing(
    train_run: Callable[..., Run], check_stopping: Callable[..., None]
) -> None:
    check_stopping(train_run(log_every=2, max_steps=14, checkpoint_every=5), 2, 11)


def test_a_run_keeps_the_threads_that_it_began_with(tiny: Make) -> None:
    config = tiny(max_steps=4, checkpoint_every=2, threads=2, width=64, batch_size=16)
    events = trained(config)
    first, last = of(Checkpoint, events)
    assert first.state["threads"] == last.state["threads"] == 2
    before = torch.get_num_threads()
    elsewhere = config.replace(threads=None)  # where another number would be chosen
    again = list(train(elsewhere, first))
    assert told(of(Checkpoint, again)) == told([last])
    assert torch.get_num_threads() == before
    assert choose_threads(elsewhere) == 1  # so small a network
    assert choose_threads(elsewhere, first) == 2
    large = tiny(width=512, layers=8, block_size=256, heads=8)
    assert choose_threads(large) == threads.choose_thread_count(None, math.inf)
    assert choose_threads(large.replace(threads=3)) == 3
