"""The state of a training, and one step of it."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError, DataError, DivergenceError, UsageError
from epoque.bench.events import Checkpoint, Snapshot, Timings
from epoque.bench.seeds import torch_generator

from .. import networks
from ..config import StyleGan3Config
from ..images import to_uint8
from ..latents import sample_latents
from . import checkpoint
from .ada import Controller
from .augment import pipeline_transforms
from .data import TrainingImages
from .distributed import Team
from .ema import GeneratorEma, RunningMeans
from .memory import check_memory
from .optimizer import collect_gradients, lazy_adam, tame
from .specs import discriminator_spec, generator_spec
from .step import Game, Part, Seen

__all__ = ["Trainer"]

ADA_INTERVAL = 4  # steps
PATH_DECAY = 0.01

_LOW = {"float32": None, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Trainer:
    """Two networks, their optimisers and their images, where they stand.

    What a step does follows from the weights, what the optimisers remember, and the counters: its
    images and random numbers are chosen anew from the seed and the counters. A batch is computed in
    parts of `batch_gpu` images, whoever computes them: but for rounding, the numbers do not depend
    on how many processes there are.

    Attributes:
        steps: done so far.
        seen: real images seen so far.
        seconds: spent in steps since `timings` was last asked for.
        game: the networks and the rules.
        average: of the generator.
    """

    def __init__(
        self,
        config: StyleGan3Config,
        team: Team,
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
        self.config, self.team, self.images = config, team, images
        self._parts = _count_parts(config, team.world_size)
        check_memory(config, images.shape, team.device, config.batch // self._parts)
        self.steps, self.seen = 0, 0
        self.seconds, self._timed = 0.0, 0
        self._sums: dict[str, tuple[float, float]] = {}
        self.game = _game(config, images, team.device)
        self.average = GeneratorEma(self.game.generator)
        paths = config.pl_interval if self._has_paths else None
        penalty = config.r1_interval if self.game.gamma else None
        self._optimizers = {
            "generator": lazy_adam(self.game.generator, config.generator_rate, paths),
            "discriminator": lazy_adam(self.game.discriminator, config.dlr, penalty),
        }
        self._ada = Controller(config.target, config.ada_images)
        if resume is not None:
            self._take_up(resume)

    @property
    def finished(self) -> bool:
        """Whether as many images were seen as the config says."""
        return self.steps >= self.config.steps

    @property
    def at_once(self) -> int:
        """How many images are computed at once."""
        return max(1, self.config.batch // self._parts)

    @property
    def _has_paths(self) -> bool:
        return self.config.cfg == "stylegan2" and self.config.pl_weight > 0

    def step(self) -> None:
        """Learn from one batch: the generator's turn, then the discriminator's.

        Raises:
            DivergenceError: before a loss or gradient that is not finite changes a weight.
        """
        start = time.perf_counter()
        config, game, parts = self.config, self.game, self._batch()
        game.p = {"ada": self._ada.p, "fixed": config.p, "noaug": 0.0}[config.aug]
        game.sigma = config.sigma_at(self.seen)
        self._turn("generator", parts, game.generator_turn)
        if self._has_paths and self.steps % config.pl_interval == 0:
            self._turn("generator", parts, partial(game.path_turn, gain=config.pl_interval))
        means = RunningMeans(game.generator, self._parts)
        self._turn("discriminator", parts, means.following(game.discriminator_turn))
        means.join(self.team)
        if game.gamma and self.steps % config.r1_interval == 0:
            self._turn("discriminator", parts, partial(game.penalty_turn, gain=config.r1_interval))
        self.average.update(config.batch, config.half_life_at(self.seen))
        self.steps += 1
        self.seen += config.batch
        if config.aug == "ada" and self.steps % ADA_INTERVAL == 0:
            self._ada.move(config.batch * ADA_INTERVAL)
        self.seconds += time.perf_counter() - start

    def _batch(self) -> list[Part]:
        """Return this process's parts of the next batch."""
        rows = self.images.rows(self.seen, self.config.batch)
        shares = np.array_split(rows, self._parts)
        mine = range(self.team.rank, self._parts, self.team.world_size)
        return [self._part(number, shares[number]) for number in mine]

    def _part(self, number: int, rows: NDArray[np.int64]) -> Part:
        device, images, step = self.team.device, self.images, self.steps

        def dice(what: str, where: torch.device) -> torch.Generator:
            rng = torch_generator(self.config.seed, f"{what}, part {number} of step {step}")
            if where.type == "cpu":
                return rng
            return torch.Generator(where).manual_seed(rng.initial_seed())

        asked = images.drawn(len(rows), dice("labels", torch.device("cpu")))
        return Part(
            images.pixels(rows, device),
            images.labels(rows, device),
            images.labels(asked, device),
            1 / self._parts,
            dice,
        )

    def _turn(self, who: str, parts: list[Part], play: Callable[[Part], Seen]) -> None:
        """Let one of the networks learn once, and take note of what was seen."""
        network, optimizer = getattr(self.game, who), self._optimizers[who]
        optimizer.zero_grad()
        seen = self._summed([play(part) for part in parts])
        for name, (total, _count) in seen.items():
            if not math.isfinite(total):
                raise DivergenceError(name, self.steps + 1)
        found = collect_gradients(network)
        self.team.add_up(found)
        if not math.isfinite(tame(found, low=self.game.low is not None)):
            raise DivergenceError(f"a gradient of the {who}", self.steps + 1)
        optimizer.step()
        self._note(seen)

    def _summed(self, seen: list[Seen]) -> dict[str, tuple[float, float]]:
        """Return the sum and the count of each number over all parts."""
        names = list(seen[0])
        each = [torch.stack([of[name].double().sum() for name in names]) for of in seen]
        counts = [sum(of[name].numel() for of in seen) for name in names]
        sums = self.team.all_reduce_sum([*torch.stack(each).sum(0).tolist(), *map(float, counts)])
        pairs = zip(sums[: len(names)], sums[len(names) :], strict=True)
        return dict(zip(names, pairs, strict=True))

    def _note(self, seen: Mapping[str, tuple[float, float]]) -> None:
        for name, (total, count) in seen.items():
            before = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = before[0] + total, before[1] + count
        if self.config.aug == "ada" and "sign_real" in seen:
            self._ada.see(*seen["sign_real"])
        if "path_length" in seen:
            total, count = seen["path_length"]
            self.game.path_mean += PATH_DECAY * (total / count - self.game.path_mean)

    def is_time(self, every: int) -> bool:
        """Whether something that happens every so many steps, and at the end, is due."""
        return self.steps % every == 0 or self.finished

    def metrics(self) -> dict[str, float]:
        """Return the numbers since they were last asked for (see `.train`)."""
        found = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums.clear()
        found["augmentation"] = self._ada.p if self.config.aug == "ada" else self.game.p
        return {**found, "kimg": self.seen / 1000}

    def timings(self) -> Timings:
        """Return the seconds spent in steps since this was last asked for, and the speed."""
        spent, shown = self.seconds, self.seen - self._timed
        self.seconds, self._timed = 0.0, self.seen
        speed = {"images_per_second": shown / spent} if spent else {}
        return Timings(self.steps, spent, speed)

    def snapshot(self) -> Snapshot:
        """Return what the averaged generator makes of the same random numbers as ever."""
        return Snapshot(self.steps, {"images": self.generated(self.config.snapshot_images)})

    def generated(self, count: int) -> NDArray[np.uint8]:
        """Return the averaged generator's images of the seeds 0 to `count` − 1, [N, H, W, C]."""
        return np.concatenate(list(self.pictures(count)))

    def pictures(self, count: int) -> Iterator[NDArray[np.uint8]]:
        """Yield these images in batches, as many at once as a step computes."""
        generator, device = self.average.generator, self.team.device
        rng = torch_generator(self.config.seed, "labels of the snapshots")
        labels = self.images.labels(self.images.drawn(count, rng), device)
        for at in range(0, count, self.at_once):
            seeds = range(at, min(at + self.at_once, count))
            z = torch.from_numpy(sample_latents(seeds, generator.spec.z_dim)).to(device)
            with torch.no_grad():
                images = generator(z, labels[seeds.start : seeds.stop], low=self.game.low)
            yield to_uint8(images)

    def checkpoint(self) -> Checkpoint:
        """Return everything that changes."""
        game = self.game
        arrays = checkpoint.network_arrays("average", self.average.generator)
        for kind, network in (("generator", game.generator), ("discriminator", game.discriminator)):
            arrays |= checkpoint.network_arrays(kind, network)
            arrays |= checkpoint.optimizer_arrays(kind, network, self._optimizers[kind])
        ada = self._ada
        state = {
            "seen": self.seen,
            "threads": torch.get_num_threads(),
            "sums": {name: list(pair) for name, pair in self._sums.items()},
            "path_mean": game.path_mean,
            "ada": {"p": ada.p, "total": ada.total, "count": ada.count},
            "images": self.images.fingerprint,
            "generator": game.generator.spec.to_json(),
            "discriminator": game.discriminator.spec.to_json(),
        }
        return Checkpoint(self.steps, arrays, state)

    def _take_up(self, resume: Checkpoint) -> None:
        """Go on from a checkpoint."""
        told, game = resume.state, self.game
        if told["images"] != self.images.fingerprint:
            raise DataError("The training images are not what they were when the run began.")
        try:
            checkpoint.restore_network("average", self.average.generator, resume.arrays)
            for kind in ("generator", "discriminator"):
                network = getattr(game, kind)
                checkpoint.restore_network(kind, network, resume.arrays)
                checkpoint.restore_optimizer(kind, network, self._optimizers[kind], resume.arrays)
        except (KeyError, ValueError, RuntimeError):
            raise DamagedRunError(
                f"The checkpoint at step {resume.step} is of other networks."
            ) from None
        self.steps, self.seen, self._timed = resume.step, told["seen"], told["seen"]
        self._sums = {name: (total, count) for name, (total, count) in told["sums"].items()}
        game.path_mean = told["path_mean"]
        for name, value in told["ada"].items():
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


def _game(config: StyleGan3Config, images: TrainingImages, device: torch.device) -> Game:
    """Return new networks and their rules."""
    auto = "float16" if device.type == "cuda" else "float32"
    low = _LOW[auto if config.precision == "auto" else config.precision]
    mixed = config.cfg == "stylegan2"
    generator = networks.init_generator(generator_spec(config, images.shape), config.seed).to(
        device
    )
    generator.labels = images.labelling
    return Game(
        generator,
        networks.init_discriminator(discriminator_spec(config, images.shape), config.seed).to(
            device
        ),
        gamma=config.gamma_of(images.shape.resolution),
        style_mixing=config.style_mixing if mixed else 0.0,
        path_weight=config.pl_weight if mixed else 0.0,
        low=low,
        augmentations=frozenset() if config.aug == "noaug" else pipeline_transforms(config.augpipe),
    )
