"""The training of a generator and a discriminator, as events pulled one at a time."""

import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from io import BytesIO

from PIL import Image

from epoque.bench.events import Artifact, Checkpoint, Event, Metrics
from epoque.bench.torch.checkpoint_timer import CheckpointTimer
from epoque.bench.torch.threads import run_with_threads

from ..config import StyleGan3Config
from ..generation.image_grid import make_grid
from .checkpoint import network_files
from .data import TrainingImages, load_images
from .distributed import DistributedContext
from .estimate import explain_out_of_memory
from .metrics import TrainingMetrics
from .specs import choose_training_threads
from .trainer import Trainer
from .transfer import load_pretrained

__all__ = ["train"]


def train(config: StyleGan3Config, resume: Checkpoint | None = None) -> Iterator[Event]:
    """Yield the events of a training.

    `Metrics` every `log_every` steps and at the end, means since the last ones: `loss_g` and
    `loss_d` (nats an image), `score_real` and `score_fake` (the discriminator's answers, positive
    for "real"), `sign_real` (the r_t of adaptive augmentation), `r1_penalty` and, with loss r3gan,
    `r2_penalty`, of StyleGAN2 `path_length` and `path_penalty`, `augmentation` (the probability of
    each) and `kimg` (thousands of images seen); now and then what `metrics` asks for, such as
    `pfd`.

    `Snapshot`: `images` [N, H, W, C], what the averaged generator makes of the seeds 0 to N − 1.

    `Checkpoint` every `checkpoint_every` steps, ten minutes after the last one, and at the end;
    before each `Timings`, with `images_per_second` since the last.

    Artifacts: `reals.png`, some of the images; `first_networks.json`, what `resume_from` gave; and
    at the end the averaged generator as `generator.json` and `generator.safetensors`.

    Where many processes train together (`.distributed`), only the main one yields.

    Args:
        config: what to train.
        resume: a checkpoint of the same config to go on from.

    Raises:
        DataError: if the images, or the weights of a measure's network, cannot be used, or if the
            images are others than the checkpoint's.
        FetchError: if these weights cannot be fetched.
        DivergenceError: before a loss or gradient that is not finite changes a weight.
        UsageError: if memory runs out, or a GPU is asked for that is not there.
        DamagedRunError: if the checkpoint is of other networks.
        MissingExtraError: if portraits are to be drawn without the extra `avatars`.
    """
    distributed = DistributedContext(config.device)
    distributed.check_same_start(resume)
    with explain_out_of_memory(config):
        images = load_images(config)
        count = int(distributed.broadcast(choose_training_threads(config, images.shape, resume)))
        for event in run_with_threads(count, _events(config, distributed, images, resume)):
            if distributed.is_main:
                yield event


def _events(
    config: StyleGan3Config,
    distributed: DistributedContext,
    images: TrainingImages,
    resume: Checkpoint | None,
) -> Generator[Event, None, None]:
    trainer = Trainer(config, distributed, images, resume)
    training_metrics = TrainingMetrics(config, trainer)
    yield _reals_artifact(config, images)
    if resume is None:
        if config.resume_from is not None:
            transferred = load_pretrained(trainer, config.resume_from)
            data = json.dumps(transferred, indent=2).encode()
            yield Artifact("first_networks.json", data, once=True)
        yield trainer.make_snapshot()
    every = config.snapshot_every or max(1, config.steps // 50)
    timer = CheckpointTimer(distributed)
    while not trainer.is_finished:
        trainer.step()
        measured = training_metrics.compute_if_due()
        if trainer.is_due(config.log_every):
            yield Metrics(trainer.steps_done, trainer.pop_metrics() | measured)
        elif measured:
            yield Metrics(trainer.steps_done, measured | {"kimg": trainer.images_seen / 1000})
        if trainer.is_due(every):
            yield trainer.make_snapshot()
        scheduled = trainer.is_due(config.checkpoint_every)
        if timer.is_due(scheduled):
            yield trainer.pop_timings()
            yield replace(trainer.make_checkpoint(), scheduled=scheduled)
            timer.raise_if_stop_requested()
    yield from network_files(trainer.ema.generator, "generator", _make_card(config, trainer))


def _reals_artifact(config: StyleGan3Config, images: TrainingImages) -> Artifact:
    """Return some of the images as one picture."""
    file = BytesIO()
    rows = images.rows(0, min(config.snapshot_images, len(images)))
    Image.fromarray(make_grid(images.levels(rows).transpose(0, 2, 3, 1))).save(file, "PNG")
    return Artifact("reals.png", file.getvalue())


def _make_card(config: StyleGan3Config, trainer: Trainer) -> dict[str, object]:
    """Return what people shall know of the network."""
    settings = config.model_dump(mode="json", exclude_defaults=True)
    labels = {"labels": trainer.images.conditioning.to_json(config.seed)} if config.cond else {}
    return {
        "data": trainer.images.name,
        "images": len(trainer.images),
        "kimg": trainer.images_seen / 1000,
        "training": settings,
        **labels,
    }
