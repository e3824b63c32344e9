"""The state of a training, and one step of it."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DamagedRunError, DataError, DivergenceError, UsageError
from epoque.bench.events import Checkpoint, Snapshot, Timings
from epoque.bench.seeds import torch_generator

from .. import networks
from ..config import StyleGan3Config
from ..images import to_uint8
from ..latents import sample_latents
from . import checkpoint
from .ada import AdaController
from .augment import pipeline_transforms
from .data import TrainingImages
from .distributed import DistributedContext, all_reduce_sum_
from .ema import GeneratorEma, RunningMeans
from .gan import NETWORKS, Gan, LossFunction, Microbatch, NetworkName, train_only
from .optimizers import gradient_norm, make_lazy_adam, replace_non_finite
from .specs import discriminator_spec, generator_spec
from .training_memory import check_training_memory

__all__ = ["Trainer"]

ADA_INTERVAL = 4  # steps
PATH_DECAY = 0.01

_LOW_PRECISION_DTYPES = {"float32": None, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Trainer:
    """Two networks, their optimisers and their images, where they stand.

    What a step does follows from the weights, what the optimisers remember, and the counters: its
    images and random numbers are chosen anew from the seed and the counters. A batch is computed in
    parts of `batch_gpu` images, whoever computes them: but for rounding, the numbers do not depend
    on how many processes there are.

    Attributes:
        steps_done: steps so far.
        images_seen: real images seen so far.
        step_seconds: spent in steps since `pop_timings` was last called.
        gan: the networks and their losses.
        ema: the averaged generator.
    """

    def __init__(
        self,
        config: StyleGan3Config,
        distributed: DistributedContext,
        images: TrainingImages,
        resume: Checkpoint | None = None,
    ) -> None:
        """Make the networks, or take up a checkpoint.

        Raises:
            DataError: if the images are not those of the checkpoint.
            DamagedRunError: if the checkpoint is of other networks.
            UsageError: if the batch cannot be shared among the processes, or does not fit into
                memory.
        """
        self.config, self.distributed, self.images = config, distributed, images
        self._parts = _count_parts(config, distributed.world_size)
        check_training_memory(config, images.shape, distributed.device, config.batch // self._parts)
        self.steps_done, self.images_seen = 0, 0
        self.step_seconds, self._timed = 0.0, 0
        self._sums: dict[str, tuple[float, float]] = {}
        self.gan = _make_gan(config, images, distributed.device)
        self.ema = GeneratorEma(self.gan.generator)
        path_length_interval = config.pl_interval if self._has_path_penalty else None
        r1_interval = config.r1_interval if self.gan.r1_gamma else None
        self._optimizers = {
            "generator": make_lazy_adam(
                self.gan.generator, config.generator_learning_rate, path_length_interval
            ),
            "discriminator": make_lazy_adam(
                self.gan.discriminator, config.discriminator_learning_rate, r1_interval
            ),
        }
        self._ada = AdaController(config.target, config.ada_images)
        if resume is not None:
            self._restore(resume)

    @property
    def is_finished(self) -> bool:
        """Whether as many images were seen as the config says."""
        return self.steps_done >= self.config.steps

    @property
    def microbatch_size(self) -> int:
        """How many images are computed at once."""
        return max(1, self.config.batch // self._parts)

    @property
    def _has_path_penalty(self) -> bool:
        return self.config.cfg == "stylegan2" and self.config.pl_weight > 0

    def step(self) -> None:
        """Learn from one batch: the generator first, then the discriminator.

        Raises:
            DivergenceError: before a loss or gradient that is not finite changes a weight.
        """
        start = time.perf_counter()
        config, gan, batches = self.config, self.gan, self._load_batch()
        gan.augment_p = {"ada": self._ada.p, "fixed": config.p}.get(config.aug, 0.0)
        gan.blur_sigma = config.blur_sigma(self.images_seen)
        self._update("generator", gan.generator_loss, batches)
        if self._has_path_penalty and self.steps_done % config.pl_interval == 0:
            self._update("generator", gan.path_length_penalty, batches, gain=config.pl_interval)
        means = RunningMeans(gan.generator, self._parts)
        self._update("discriminator", means.follow(gan.discriminator_losses), batches)
        means.merge(self.distributed)
        if gan.r1_gamma and self.steps_done % config.r1_interval == 0:
            self._update("discriminator", gan.gradient_penalties, batches, gain=config.r1_interval)
        self.ema.update(config.batch, config.ema_half_life(self.images_seen))
        self.steps_done += 1
        self.images_seen += config.batch
        if config.aug == "ada" and self.steps_done % ADA_INTERVAL == 0:
            self._ada.adjust(config.batch * ADA_INTERVAL)
        self.step_seconds += time.perf_counter() - start

    def _update(
        self,
        name: NetworkName,
        compute_losses: LossFunction,
        batches: Sequence[Microbatch],
        gain: float = 1.0,
    ) -> None:
        """Forward, loss, backward on each microbatch; then one step of a network's optimizer."""
        network, optimizer = self.gan.network(name), self._optimizers[name]
        optimizer.zero_grad()
        metrics: list[dict[str, Tensor]] = []
        with train_only(network, self.gan):
            for batch in batches:
                metrics.append({})
                for loss, values in compute_losses(batch):
                    (loss.mean() * (batch.weight * gain)).backward()  # type: ignore[no-untyped-call]
                    metrics[-1].update(values)
        sums = self._reduce_metrics(metrics)
        for metric, (total, _count) in sums.items():
            if not math.isfinite(total):
                raise DivergenceError(metric, self.steps_done + 1)
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        all_reduce_sum_(self.distributed, gradients)
        if self.gan.low_precision_dtype is not None:
            replace_non_finite(gradients)
        if not math.isfinite(gradient_norm(gradients)):
            raise DivergenceError(f"a gradient of the {name}", self.steps_done + 1)
        optimizer.step()
        self._record_metrics(sums)

    def _load_batch(self) -> list[Microbatch]:
        """Return this process's microbatches of the next batch."""
        rows = self.images.rows(self.images_seen, self.config.batch)
        parts = np.array_split(rows, self._parts)
        mine = range(self.distributed.rank, self._parts, self.distributed.world_size)
        return [self._load_microbatch(number, parts[number]) for number in mine]

    def _load_microbatch(self, number: int, rows: NDArray[np.int64]) -> Microbatch:
        device, images, step = self.distributed.device, self.images, self.steps_done

        def make_rng(what: str, where: torch.device) -> torch.Generator:
            rng = torch_generator(self.config.seed, f"{what}, part {number} of step {step}")
            if where.type == "cpu":
                return rng
            return torch.Generator(where).manual_seed(rng.initial_seed())

        gen_rows = images.sample_rows(len(rows), make_rng("labels", torch.device("cpu")))
        return Microbatch(
            images.pixels(rows, device),
            images.labels(rows, device),
            images.labels(gen_rows, device),
            1 / self._parts,
            make_rng,
        )

    def _reduce_metrics(
        self, metrics: Sequence[Mapping[str, Tensor]]
    ) -> dict[str, tuple[float, float]]:
        """Return the sum and the count of each metric over all microbatches and processes."""
        names = list(metrics[0])
        each = [torch.stack([of[name].double().sum() for name in names]) for of in metrics]
        counts = [sum(of[name].numel() for of in metrics) for name in names]
        sums = self.distributed.all_reduce_sum(
            [*torch.stack(each).sum(0).tolist(), *map(float, counts)]
        )
        pairs = zip(sums[: len(names)], sums[len(names) :], strict=True)
        return dict(zip(names, pairs, strict=True))

    def _record_metrics(self, sums: Mapping[str, tuple[float, float]]) -> None:
        for name, (total, count) in sums.items():
            before = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = before[0] + total, before[1] + count
        if self.config.aug == "ada" and "sign_real" in sums:
            self._ada.record(*sums["sign_real"])
        if "path_length" in sums:
            total, count = sums["path_length"]
            self.gan.pl_mean += PATH_DECAY * (total / count - self.gan.pl_mean)

    def is_due(self, every: int) -> bool:
        """Whether something that happens every so many steps, and at the end, is due."""
        return self.steps_done % every == 0 or self.is_finished

    def pop_metrics(self) -> dict[str, float]:
        """Return the numbers since they were last asked for (see `.train`)."""
        metrics = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums.clear()
        metrics["augmentation"] = self._ada.p if self.config.aug == "ada" else self.gan.augment_p
        return {**metrics, "kimg": self.images_seen / 1000}

    def pop_timings(self) -> Timings:
        """Return the seconds spent in steps since this was last asked for, and the speed."""
        seconds, images = self.step_seconds, self.images_seen - self._timed
        self.step_seconds, self._timed = 0.0, self.images_seen
        speed = {"images_per_second": images / seconds} if seconds else {}
        return Timings(self.steps_done, seconds, speed)

    def make_snapshot(self) -> Snapshot:
        """Return what the averaged generator makes of the same random numbers as ever."""
        return Snapshot(
            self.steps_done, {"images": self.generate_images(self.config.snapshot_images)}
        )

    def generate_images(self, count: int) -> NDArray[np.uint8]:
        """Return the averaged generator's images of the seeds 0 to `count` − 1, [N, H, W, C]."""
        return np.concatenate(list(self.iterate_images(count)))

    def iterate_images(self, count: int) -> Iterator[NDArray[np.uint8]]:
        """Yield these images in batches, as many at once as a step computes."""
        generator, device = self.ema.generator, self.distributed.device
        rng = torch_generator(self.config.seed, "labels of the snapshots")
        labels = self.images.labels(self.images.sample_rows(count, rng), device)
        for at in range(0, count, self.microbatch_size):
            seeds = range(at, min(at + self.microbatch_size, count))
            z = torch.from_numpy(sample_latents(seeds, generator.spec.z_dim)).to(device)
            with torch.no_grad():
                images = generator(
                    z,
                    labels[seeds.start : seeds.stop],
                    low_precision_dtype=self.gan.low_precision_dtype,
                )
            yield to_uint8(images)

    def make_checkpoint(self) -> Checkpoint:
        """Return everything that changes."""
        gan = self.gan
        arrays = checkpoint.network_arrays("average", self.ema.generator)
        for kind in NETWORKS:
            network = gan.network(kind)
            arrays |= checkpoint.network_arrays(kind, network)
            arrays |= checkpoint.optimizer_arrays(kind, network, self._optimizers[kind])
        ada = self._ada
        state = {
            "seen": self.images_seen,
            "threads": torch.get_num_threads(),
            "sums": {name: list(pair) for name, pair in self._sums.items()},
            "path_mean": gan.pl_mean,
            "ada": {"p": ada.p, "total": ada.total, "count": ada.count},
            "images": self.images.fingerprint,
            "generator": gan.generator.spec.to_json(),
            "discriminator": gan.discriminator.spec.to_json(),
        }
        return Checkpoint(self.steps_done, arrays, state)

    def _restore(self, resume: Checkpoint) -> None:
        """Go on from a checkpoint."""
        state, gan = resume.state, self.gan
        if state["images"] != self.images.fingerprint:
            raise DataError("The training images are not what they were when the run began.")
        try:
            checkpoint.restore_network("average", self.ema.generator, resume.arrays)
            for kind in NETWORKS:
                network = gan.network(kind)
                checkpoint.restore_network(kind, network, resume.arrays)
                checkpoint.restore_optimizer(kind, network, self._optimizers[kind], resume.arrays)
        except (KeyError, ValueError, RuntimeError):
            raise DamagedRunError(
                f"The checkpoint at step {resume.step} is of other networks."
            ) from None
        self.steps_done, self.images_seen, self._timed = resume.step, state["seen"], state["seen"]
        self._sums = {name: (total, count) for name, (total, count) in state["sums"].items()}
        gan.pl_mean = state["path_mean"]
        for name, value in state["ada"].items():
            setattr(self._ada, name, value)


def _count_parts(config: StyleGan3Config, world: int) -> int:
    """Return in how many parts a batch is computed, over all processes."""
    parts = config.batch // (config.batch_gpu or max(1, config.batch // world))
    if parts % world or config.batch % parts:
        raise UsageError(
            f"A batch of {config.batch} images in {parts} parts cannot be shared evenly among "
            f"{world} processes: the batch size must be a multiple of batch_gpu times these."
        )
    return parts


def _make_gan(config: StyleGan3Config, images: TrainingImages, device: torch.device) -> Gan:
    """Return new networks, and what their losses depend on."""
    auto = "float16" if device.type == "cuda" else "float32"
    low_precision_dtype = _LOW_PRECISION_DTYPES[
        auto if config.precision == "auto" else config.precision
    ]
    mixed = config.cfg == "stylegan2"
    generator = networks.init_generator(generator_spec(config, images.shape), config.seed).to(
        device
    )
    generator.labels = images.conditioning
    return Gan(
        generator,
        networks.init_discriminator(discriminator_spec(config, images.shape), config.seed).to(
            device
        ),
        r1_gamma=config.r1_gamma(images.shape.resolution),
        loss=config.loss,
        style_mixing_prob=config.style_mixing if mixed else 0.0,
        pl_weight=config.pl_weight if mixed else 0.0,
        low_precision_dtype=low_precision_dtype,
        augmentations=(
            pipeline_transforms(config.augpipe) if config.aug in ("ada", "fixed") else frozenset()
        ),
        uses_diff_augment=config.aug == "diffaugment",
    )
