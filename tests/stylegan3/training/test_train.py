"""Training: the same bytes again, whatever stops it, however many share it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import FOLDER
from waiting import PATIENCE

from epoque.bench.errors import (
    DamagedRunError,
    DataError,
    DivergenceError,
    UnknownNameError,
    UsageError,
)
from epoque.bench.events import Artifact, Checkpoint, Event, Metrics, Snapshot, Timings
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.run import Run
from epoque.bench.torch.checkpoint_timer import CheckpointTimer
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.training.data import load_images
from epoque.stylegan3.training.distributed import DistributedContext
from epoque.stylegan3.training.ema import GeneratorEma, RunningMeans
from epoque.stylegan3.training.estimate import (
    TrainingCost,
    describe_cost,
    explain_out_of_memory,
    measure_cost,
)
from epoque.stylegan3.training.train import train
from epoque.stylegan3.training.trainer import Trainer

Make = Callable[..., StyleGan3Config]
STYLEGAN2 = {"cfg": "stylegan2", "pl_interval": 2, "r1_interval": 2}


def told(events: Iterable[Event]) -> list[Any]:
    """Return events as values that can be compared to the last bit; clocks left out."""
    return [_plain(event) for event in events if not isinstance(event, Timings)]


def _plain(event: Event) -> Any:
    if isinstance(event, Metrics):
        return event.step, {name: value.hex() for name, value in event.values.items()}
    if isinstance(event, Artifact):
        return event.name, event.data
    arrays = {name: (a.shape, a.dtype, a.tobytes()) for name, a in event.arrays.items()}
    if isinstance(event, Snapshot):
        return event.step, arrays
    return event.step, arrays, event.state


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def trainer_of(config: StyleGan3Config) -> Trainer:
    return Trainer(config, DistributedContext("cpu"), load_images(config))


def test_events_come_at_their_times(tiny: Make) -> None:
    config = tiny(5, log_every=2, snapshot_every=3, checkpoint_every=4, r1_interval=2)
    events = list(train(config))
    metrics = of(Metrics, events)
    assert [m.step for m in metrics] == [2, 4, 5]
    assert [s.step for s in of(Snapshot, events)] == [0, 3, 5]
    assert [c.step for c in of(Checkpoint, events)] == [4, 5]
    names = {"loss_g", "loss_d", "score_real", "score_fake", "sign_real", "augmentation", "kimg"}
    assert all(names <= set(m.values) for m in metrics)
    assert all("r1_penalty" in m.values for m in metrics)
    assert all(np.isfinite(value) for m in metrics for value in m.values.values())
    assert metrics[-1].values["kimg"] == 0.02
    images = of(Snapshot, events)[-1].arrays["images"]
    assert (images.shape, images.dtype) == ((3, 16, 16, 3), np.uint8)
    artifacts = [artifact.name for artifact in of(Artifact, events)]
    assert artifacts == ["reals.png", "generator.json", "generator.safetensors"]


@pytest.mark.parametrize("loss", ["hinge", "r3gan"])
def test_other_losses_train_and_go_on_bit_identically(tiny: Make, loss: str) -> None:
    config = tiny(3, loss=loss, aug="diffaugment", checkpoint_every=2, r1_interval=1)
    events = list(train(config))
    checkpoints = of(Checkpoint, events)
    values = of(Metrics, events)[-1].values
    assert ("r2_penalty" in values) == (loss == "r3gan")
    assert all(np.isfinite(value) for value in values.values())
    resumed = list(train(config, resume=checkpoints[0]))
    for name, array in of(Checkpoint, resumed)[-1].arrays.items():
        np.testing.assert_array_equal(array, checkpoints[-1].arrays[name], err_msg=name)
    usual = of(Checkpoint, list(train(tiny(3, aug="diffaugment", r1_interval=1))))[-1].arrays
    assert any((usual[n] != a).any() for n, a in checkpoints[-1].arrays.items())


def test_checkpoints_by_the_clock_change_nothing_else(
    tiny: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(4, checkpoint_every=3)
    usual = list(train(config))
    monkeypatch.setattr(CheckpointTimer, "SECONDS", 0.0)
    often = list(train(config))
    assert [c.step for c in of(Checkpoint, usual)] == [3, 4]
    assert [(c.step, c.scheduled) for c in of(Checkpoint, often)] == [
        (1, False), (2, False), (3, True), (4, True)
    ]  # fmt: skip
    places = [often.index(c) for c in of(Checkpoint, often)]
    for before, checkpoint in zip(places, of(Checkpoint, often), strict=True):
        timings = often[before - 1]
        assert (timings.step, timings.seconds > 0) == (checkpoint.step, True)
        assert timings.measured["images_per_second"] > 0
    kept = [event for event in often if not isinstance(event, Checkpoint) or event.step > 2]
    assert told(kept) == told(usual)


@pytest.mark.parametrize(
    ("own", "told"),
    [({"aug": "noaug"}, 0.0), ({"aug": "fixed", "p": 0.3}, 0.3), ({"aug": "ada"}, 0.0)],
)
def test_the_probability_of_augmentations_is_told(
    tiny: Make, own: dict[str, Any], told: float
) -> None:
    events = list(train(tiny(1, log_every=1, **own)))
    assert of(Metrics, events)[0].values["augmentation"] == told


CASES: list[dict[str, Any]] = [
    {"cond": True, "batch_gpu": 2, "ada_kimg": 0.02, "r1_interval": 3, "mirror": True},
    {"cfg": "r", "aug": "fixed", "p": 0.5, "augpipe": "bgcfnc", "freezed": 2, "blur_kimg": 0.01},
    STYLEGAN2,
]


@pytest.mark.parametrize("settings", CASES, ids=["t", "r", "stylegan2"])
def test_a_resumed_training_ends_with_the_same_bytes(tiny: Make, settings: dict[str, Any]) -> None:
    config = tiny(7, checkpoint_every=3, log_every=2, **settings)
    events = list(train(config))
    first = of(Checkpoint, events)[0]
    (place,) = (i for i, event in enumerate(events) if event is first)
    again = [e for e in train(config, first) if getattr(e, "name", "") != "reals.png"]
    assert told(again) == told(events[place + 1 :])
    assert json.loads(json.dumps(first.state)) == first.state


def test_another_seed_gives_another_training(tiny: Make) -> None:
    ends = [told(of(Checkpoint, train(tiny(1, seed=seed)))) for seed in (0, 0, 1)]
    assert ends[0] == ends[1] != ends[2]


def test_two_processes_give_the_weights_of_one(tiny: Make, tmp_path: Path) -> None:
    config = tiny(3, batch_gpu=2, ada_kimg=0.01, **{**STYLEGAN2, "style_mixing": 0.5})
    alone = of(Checkpoint, train(config))[-1]
    shared = _torchrun(config, tmp_path)
    assert set(shared) == set(alone.arrays)
    for name, value in alone.arrays.items():
        np.testing.assert_allclose(shared[name], value, rtol=1e-3, atol=2e-5, err_msg=name)


_WORKER = """
import json, sys
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from epoque.bench.events import Checkpoint
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.training.train import train
config = StyleGan3Config.parse(json.loads(Path(sys.argv[1]).read_text()))
events = list(train(config))
if events:
    last = [event for event in events if isinstance(event, Checkpoint)][-1]
    np.savez(Path(sys.argv[2]), **last.arrays)
"""


def _torchrun(config: StyleGan3Config, folder: Path) -> dict[str, np.ndarray]:
    """Train in two processes; only one of them may tell events."""
    (folder / "worker.py").write_text(_WORKER)
    (folder / "config.json").write_text(config.model_dump_json(exclude_unset=True))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    more = {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "PYTHONWARNINGS": "ignore"}
    workers = []
    for rank in range(2):
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
        place |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = {**os.environ, **more, **{k: str(v) for k, v in place.items()}}
        command = [sys.executable, "worker.py", "config.json", f"weights-{rank}.npz"]
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


def test_processes_that_cannot_share_a_batch_are_told(tiny: Make) -> None:
    config, context = tiny(1, batch_gpu=4), DistributedContext("cpu")
    context.world_size = 2
    with pytest.raises(UsageError, match="4 images in 1 parts cannot be shared"):
        Trainer(config, context, load_images(config))


def test_frozen_layers_stay_and_the_others_learn(tiny: Make) -> None:
    trainer = trainer_of(tiny(2, freezed=3, aug="noaug"))
    judge = trainer.gan.discriminator
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    trainer.step()
    moved = {n for n, v in judge.state_dict().items() if not torch.equal(v, before[n])}
    first = ("b16.fromrgb", "b16.conv0", "b16.conv1")
    assert not any(name.startswith(first) for name in moved)
    assert {"b16.skip.weight", "b4.out.weight"} <= moved


@pytest.mark.parametrize("who", ["generator", "discriminator"])
def test_a_diverging_training_stops_before_the_step(tiny: Make, who: str) -> None:
    trainer = trainer_of(tiny(3, aug="noaug"))
    trainer.step()
    network = getattr(trainer.gan, who)
    with torch.no_grad():
        next(iter(network.parameters())).fill_(float("inf"))
    before = {name: value.clone() for name, value in network.named_parameters()}
    with pytest.raises(DivergenceError, match="at iteration 2") as caught:
        trainer.step()
    assert caught.value.step == 2
    assert all(torch.equal(v, before[n]) for n, v in network.named_parameters())


def test_a_batch_in_parts_moves_the_means_as_one(tiny: Make) -> None:
    generator, context = trainer_of(tiny(1)).gan.generator, DistributedContext("cpu")
    z = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    first = {name: value.clone() for name, value in generator.named_buffers()}
    found = []
    for count in (1, 2, 4):
        means = RunningMeans(generator, count)
        follow = means.follow(lambda part: iter([generator(part, update_emas=True)]))
        for part in z.chunk(count):
            list(follow(part))
        means.merge(context)
        found.append({name: value.clone() for name, value in generator.named_buffers()})
        for name, value in generator.named_buffers():
            value.copy_(first[name])
    whole, *others = found
    layer = generator.synthesis.layer_names[0]  # what later ones see depends on these
    for name in ("mapping.w_avg", f"synthesis.{layer}.magnitude_ema"):
        assert not torch.equal(whole[name], first[name])
        for parts in others:
            torch.testing.assert_close(parts[name], whole[name])


def test_the_average_forgets_with_its_half_life(tiny: Make) -> None:
    generator = trainer_of(tiny(1)).gan.generator
    average = GeneratorEma(generator)
    first = next(generator.parameters()).detach().clone()
    with torch.no_grad():
        next(generator.parameters()).add_(1)
        next(generator.buffers()).add_(1)
    average.update(100, half_life=50)
    moved = next(average.generator.parameters()) - first
    torch.testing.assert_close(moved, torch.full_like(moved, 0.75))
    assert torch.equal(next(average.generator.buffers()), next(generator.buffers()))
    average.update(100, half_life=0)
    assert torch.equal(next(average.generator.parameters()), next(generator.parameters()))


def test_another_set_or_network_is_not_resumed(tiny: Make) -> None:
    config = tiny(1)
    last = of(Checkpoint, train(config))[-1]
    with pytest.raises(DataError, match="not what they were"):
        list(train(config.replace(max_images=8), last))
    with pytest.raises(DamagedRunError, match="step 1 is of other networks"):
        list(train(config.replace(cmax=4), last))


def test_a_finished_run_gives_its_network(finished_run: Run) -> None:
    from epoque.stylegan3.networks.store import load_network
    from epoque.stylegan3.training.checkpoint import load_run_network

    stored = load_network(finished_run.path / "generator.json")
    ours = load_run_network(finished_run)
    for name, value in stored.network.state_dict().items():
        assert torch.equal(value, ours.state_dict()[name])
    assert stored.card["data"] == "halves"
    judge = load_run_network(finished_run, None, "discriminator")
    assert judge.spec.c_dim == 2


def test_a_network_s_card_tells_where_the_images_are_and_what_labels_mean(
    tiny: Make, pictures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from epoque.stylegan3.loading import load_generator

    run = pictures.parent / "runs" / "own"
    run.mkdir(parents=True)
    for cond in (True, False):
        monkeypatch.chdir(pictures.parent)
        events = train(tiny(1, data=pictures.name, cond=cond))
        for artifact in of(Artifact, events):
            (run / artifact.name).write_bytes(artifact.data)
        card = json.loads((run / "generator.json").read_text())["card"]
        assert card["training"]["data"] == pictures.name  # as it was given
        monkeypatch.chdir(tmp_path)
        assert load_generator(run).card["training"]["data"] == str(pictures)
        assert card.get("labels") == ({"names": [], "counts": [5, 5]} if cond else None)


def test_the_networks_know_how_often_each_label_is_there(tiny: Make) -> None:
    trainer = trainer_of(tiny(1, cond=True, max_images=7))
    for network in (trainer.gan.generator, trainer.ema.generator):
        assert network.labels.counts.sum() == 7


def test_a_finished_run_opens_by_its_folder_and_as_last(
    finished_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from epoque.stylegan3.loading import load_generator

    opened = load_generator(finished_run.path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownNameError, match="runs/ holds no finished training"):
        load_generator("last")
    with monkeypatch.context() as patch:
        patch.setenv("EPOQUE_RUNS", str(finished_run.path.parent))
        assert load_generator("last").generator.spec == opened.generator.spec
    shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.path.name)
    state = load_generator("last").generator.state_dict()
    for name, value in opened.generator.state_dict().items():
        assert torch.equal(value, state[name])


def test_a_training_begins_with_the_networks_of_another(tiny: Make, finished_run: Run) -> None:
    from epoque.stylegan3.training.transfer import load_pretrained

    config = tiny(1, cond=True, resume_from=str(finished_run.path))
    trainer = trainer_of(config)
    filled = load_pretrained(trainer, str(finished_run.path))
    assert all(count == of_all for count, of_all in filled.values())
    last = finished_run.checkpoint().arrays
    for kind, network in (
        ("generator", trainer.gan.generator),
        ("discriminator", trainer.gan.discriminator),
        ("average", trainer.ema.generator),
    ):
        for name, value in network.state_dict().items():
            assert np.array_equal(value.numpy(), last[f"{kind}.{name}"]), name
    (note,) = [a for a in of(Artifact, train(config)) if a.name == "first_networks.json"]
    assert json.loads(note.data)["generator"][0] > 0
    alone = load_pretrained(
        trainer_of(tiny(1, cond=True)), str(finished_run.path / "generator.json")
    )
    assert set(alone) == {"generator", "average"}


def test_official_networks_can_begin_a_training(tiny: Make) -> None:
    from epoque.stylegan3.training.transfer import load_pretrained

    found = sorted((FOLDER / "snapshots").glob("*.pkl")) if FOLDER.is_dir() else []
    if not found:
        pytest.skip("no official snapshots beside this checkout")
    filled = load_pretrained(trainer_of(tiny(1)), str(found[0]))
    assert set(filled) == {"generator", "discriminator", "average"}


def test_what_cannot_begin_a_training_is_told(
    tiny: Make, finished_run: Run, tmp_path: Path
) -> None:
    from epoque.stylegan3.training.transfer import load_pretrained

    with pytest.raises(UsageError, match="nothing-there"):
        load_pretrained(trainer_of(tiny(1)), "nothing-there")
    other = tiny(1, cfg="stylegan2", freezed=0, cbase=16, cmax=4, z_dim=4, w_dim=4)
    network = str(finished_run.path / "generator.json")
    with pytest.raises(DataError, match=r"nothing of .* fits"):
        load_pretrained(trainer_of(other), network)


def test_a_gpu_that_is_not_there_is_told(tiny: Make) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(UsageError, match="finds no GPU"):
        list(train(tiny(1, device="cuda")))


def test_memory_that_runs_out_names_the_setting_to_change(tiny: Make) -> None:
    told = "4 images at once: a smaller batch_gpu"
    with pytest.raises(UsageError, match=told), explain_out_of_memory(tiny()):
        torch.empty(2**50)  # PyTorch's own error


def test_a_long_training_is_announced(tiny: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny(10_000_000)
    said = describe_cost(config)
    assert said is not None
    assert "images a second on the cpu: training takes about" in said
    assert describe_cost(StyleGan3Config(resolution=16, avatars=16, kimg=0.1, batch=4)) is None
    told = "No picture has class 0 of 0 to 2 (classes are counted from 0)."
    estimate = TrainingCost((1, 1), 1, 1.0, 1, "cpu", remarks=(told,))
    monkeypatch.setattr(
        "epoque.stylegan3.training.estimate.measure_cost", lambda *_, **__: estimate
    )
    assert describe_cost(config) == told
    monkeypatch.undo()
    estimate = measure_cost(config)
    assert estimate.steps == 10_000_000
    assert estimate.parameters[0] > 1000


def test_a_signal_ends_a_training_with_a_checkpoint_and_changes_nothing(
    tiny: Make, tmp_path: Path, check_stopping: Callable[..., None]
) -> None:
    config = tiny(5, snapshot_every=2, checkpoint_every=4)
    whole = execute(start(LAB, config, "stylegan3/tiny", tmp_path / "whole"), draw=False)
    check_stopping(whole, 1, 3)
