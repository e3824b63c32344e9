"""The state of a training, and one step of it."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from epoque.bench.errors import DamagedRunError, DataError, DivergenceError
from epoque.bench.events import Checkpoint, Timings
from epoque.bench.seeds import torch_generator
from epoque.bench.torch.allocation import keep_freed_memory
from epoque.bench.torch.distributed import DistributedContext

from .. import models
from ..config import LanguageConfig
from ..data.batches import TRAIN_SAMPLE, Batch, Data, Order, Reader, counts, sample, some_blocks
from ..data.masking import Masker
from ..evaluation.exact_loss import mean, measure, perplexity, unknown_ids
from ..models import output_losses as heads
from ..models import pmi_embeddings as counted
from . import checkpoint, precision, schedules
from . import optimizers as optimisers
from .distributed import prepare_model, sync_gradients
from .ema import Average
from .model_with_loss import Objective
from .resources import check_memory

__all__ = ["Trainer"]


class Trainer:
    """A model, its optimiser and its data, where they stand.

    What a step does follows from the weights, what the optimiser remembers, and the counters: its
    blocks, masks, negatives and dropped activations are drawn anew from the seed and the counters.

    Attributes:
        steps: done so far.
        seen: train blocks seen so far.
        seconds: spent in steps since `timings` was last asked for.
        allowed: how many steps `max_seconds` allows, None without it.
        last: how many steps there will be, if patience does not end them.
        precision: what the products are computed in.
    """

    def __init__(
        self,
        config: LanguageConfig,
        team: DistributedContext,
        data: Data,
        resume: Checkpoint | None = None,
        allowed: int | None = None,
    ) -> None:
        """Build the model, or take up a checkpoint.

        Args:
            config: what to train.
            team: the processes.
            data: the text.
            resume: the checkpoint.
            allowed: how many steps `max_seconds` allows (`estimate.count_affordable_steps`); a
                checkpoint remembers it.

        Raises:
            DataError: if the text is not that of the checkpoint, or the vocabularies do not match.
            DamagedRunError: if the checkpoint is of another model.
            UsageError: if the model cannot fit this machine's memory.
        """
        check_memory(config, team.device.type)
        if team.device.type == "cpu":
            keep_freed_memory()
        self.config, self.team, self.data = config, team, data
        hides, measures = None, None
        if config.objective == "masked":
            hides = Masker(config, data.tokenizer, training=True)
            measures = Masker(config, data.tokenizer)
        self._train = Reader(config, data.train, hides)
        self._seen = Reader(config, data.train, measures)
        self._valid = Reader(config, data.valid, measures)
        self.order = Order(config, len(data.train))
        self.steps, self.seen, self.seconds = 0, 0, 0.0
        self.allowed = allowed
        self._losses: list[float] = []
        self._without_targets = 0
        self._norm, self._best, self._worse = 0.0, math.inf, 0
        self._kept: dict[str, torch.Tensor] = {}
        self._build(new=resume is None)
        if resume is not None:
            self._take_up(resume)
        else:
            self.precision = self._agreed(precision.chosen(config, team.device))
        self.last = min(self.order.steps, self.allowed or self.order.steps)

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or patience is at its end."""
        return self._over() or (0 < self.config.patience <= self._worse)

    def step(self) -> None:
        """Learn from one batch; one without a target, where all masks missed, changes no weight.

        Raises:
            DivergenceError: if its loss or gradient is not finite; the weights are as before.
        """
        start = time.perf_counter()
        parts = self._parts()
        (targets,) = self.team.all_reduce_sum([sum(count for _, count in parts)])
        if targets:
            self._learn(parts, targets)
        else:
            self._norm = math.nan
            self._without_targets += 1
        self.seen += self.order.size(self.steps, self.seen)
        self.steps += 1
        if targets and self._average:
            self._average.update(self.steps)
        self.seconds += time.perf_counter() - start

    def _learn(self, parts: list[tuple[Batch, int]], targets: float) -> None:
        """Take the optimiser's step from the gradients of a batch."""
        loss = self._gradients(parts, targets)
        self._norm = optimisers.clip(self.weights.values(), self.config.clip or math.inf)
        for what, value in (("the loss", loss), ("a gradient", self._norm)):
            if not math.isfinite(value):
                raise DivergenceError(what, self.steps + 1)
        optimisers.set_rate(self._optimizer, self._factor())
        with precision.computing(precision.of_optimizer(self.precision.kind), self.team.device):
            self._optimizer.step()
        self._optimizer.zero_grad()
        self._losses.append(loss)

    def _parts(self) -> list[tuple[Batch, int]]:
        """Return this process's share of the next batch in parts, each with its targets' number."""
        rows = self.order.take(self.steps, self.seen)
        mine = rows[self.team.rank :: self.team.world_size]
        count = min(self.config.accumulate, -(-len(rows) // self.team.world_size))
        parts = []
        for some in np.array_split(mine, count):
            # A process without a block goes through the layers with the others; it counts nothing.
            epoch = self.seen // self.order.blocks
            batch = self._train.batch(some if len(some) else rows[:1], self.config.seed, epoch)
            targets = int((batch.targets >= 0).sum()) if len(some) else 0
            parts.append((batch.to(self.team.device), targets))
        return parts

    def _gradients(self, parts: list[tuple[Batch, int]], targets: float) -> float:
        """Go forward and back through the parts; return the joint batch's mean loss."""
        total = 0.0
        for number, (batch, count) in enumerate(parts):
            share = count / targets
            negatives = self._generator("negatives", number)
            with (
                sync_gradients(self.team, self._wrapped, last=number == len(parts) - 1),
                self._dice(number),
            ):
                with precision.computing(self.precision.kind, self.team.device):
                    loss = self._wrapped(batch, negatives) * share
                # Data parallel takes the mean of the processes' gradients; we want their sum.
                self.team.accelerator.backward(loss * self.team.world_size)
            total += loss.item()
        return self.team.all_reduce_sum([total])[0]

    def _generator(self, what: str, part: int) -> torch.Generator:
        """Return what draws something for a part of the next step in this process."""
        place = f"step {self.steps}, process {self.team.rank}, part {part}"
        return torch_generator(self.config.seed, f"{what} of {place}")

    @contextmanager
    def _dice(self, part: int) -> Iterator[None]:
        """Seed PyTorch's own random numbers, which dropout takes; they come back afterwards."""
        if not self.config.dropout:
            yield
            return
        gpus = [self.team.device] if self.team.device.type == "cuda" else []
        with torch.random.fork_rng(gpus):
            torch.manual_seed(self._generator("dropout", part).initial_seed())
            yield

    def _factor(self) -> float:
        """Return the share of the learning rates that the next step takes."""
        return schedules.factor(self.config, self.steps, min(1.0, self.steps / self.last))

    def _over(self) -> bool:
        return self.steps >= self.last

    def is_time(self, every: int) -> bool:
        """Whether something that happens every so many steps, and at the end, is due."""
        return self.steps % every == 0 or self.finished

    def evaluation_is_due(self) -> bool:
        """Whether the validation text is to be measured now."""
        every = self.config.evaluate_every
        due = every is not None and self.steps % every == 0
        return due or self.seen % self.order.blocks == 0 or self._over()

    def metrics(self) -> dict[str, float]:
        """Return the numbers since they were last asked for (see `epoque.language.training.train`).

        What nothing was measured for is NaN: a step without a target has no loss and no gradient.
        """
        loss = mean(math.fsum(self._losses), len(self._losses))
        self._losses.clear()
        return {
            "sampled_loss" if self.config.head == "sampled" else "loss": loss,
            "learning_rate": max(g["lr"] for g in self._optimizer.param_groups),
            "gradient_norm": self._norm,
            "tokens": float(self.seen * self.config.block_size),
            "epoch": self.seen / self.order.blocks,
            "progress": self.steps / self.last,
        }

    def timings(self) -> Timings:
        """Return the seconds spent in steps since this was last asked for."""
        spent, self.seconds = self.seconds, 0.0
        return Timings(self.steps, spent)

    def evaluate(self) -> dict[str, float]:
        """Measure the validation text and some train blocks; remember the best, with patience."""
        most = self.config.evaluation_blocks or len(self._valid)
        with self._measured_weights():
            valid = self._loss(self._valid, most)
            train = self._loss(self._seen, TRAIN_SAMPLE)
            if self.config.patience:
                self._judge(valid)
        return {"valid_loss": valid, "valid_perplexity": perplexity(valid), "train_loss": train}

    def _loss(self, reader: Reader, most: int) -> float:
        rows = sample(most, len(reader), self.config.seed, "evaluation blocks")
        return measure(self._wrapped, reader, rows, team=self.team).loss

    @contextmanager
    def _measured_weights(self) -> Iterator[None]:
        """Put the average in the model's place, where there is one, and leave dropout out."""
        self._wrapped.eval()
        if self._average:
            self._average.swap()
        yield
        if self._average:
            self._average.swap()
        self._wrapped.train()

    def _judge(self, loss: float) -> None:
        """Keep the weights if they are the best so far, else lose patience; NaN tells nothing."""
        if math.isnan(loss):
            return
        if loss < self._best:
            self._best, self._worse = loss, 0
            self._kept = {name: w.detach().clone() for name, w in self.weights.items()}
        else:
            self._worse += 1

    def checkpoint(self) -> Checkpoint:
        """Return everything that changes; all processes must ask together."""
        arrays = _named("model", self.weights) | _named("best", self._kept)
        if self._average:
            arrays |= _named("average", dict(zip(self.weights, self._average.tensors, strict=True)))
        arrays |= checkpoint.optimizer_arrays(self._optimizer, self._names())
        return Checkpoint(self.steps, arrays, self._state())

    def _state(self) -> dict[str, Any]:
        best = None if math.isinf(self._best) else self._best
        return {
            "seen": self.seen,
            "allowed_steps": self.allowed,
            "threads": torch.get_num_threads(),
            "losses": list(self._losses),
            "without_targets": self._without_targets,
            "best_loss": best,
            "worse": self._worse,
            "precision": asdict(self.precision),
            "data": self.data.train.fingerprint,
            "corpus": dict(self.data.source),
        }

    def _names(self) -> Mapping[torch.Tensor, str]:
        return {weight: name for name, weight in self.weights.items()}

    def _build(self, new: bool) -> None:
        """Build the model, its loss and its optimiser on the team's device."""
        config, team = self.config, self.team
        vocabulary = checkpoint.size_of(config, self.data.tokenizer)
        model = models.build(config, vocabulary)
        if new and config.first_embedding == "counted":
            self._count(model)
        sampled = config.head == "sampled"
        # A sparse gradient saves most of the embedding's step; processes exchange only dense ones.
        model.sparse_embedding = sampled and team.world_size == 1 and team.device.type == "cpu"
        inclusion = None
        if sampled:
            often = counts(self.data.train, vocabulary)
            inclusion = heads.inclusion(vocabulary, config.negatives, often)
        objective = Objective(config, model, inclusion, unknown_ids(self.data.tokenizer))
        if config.compile:
            for block in model.blocks:  # alike: compiled once for each size of batch
                block.compile(dynamic=False)  # sizes left open fail in PyTorch 2.13
        self._wrapped = prepare_model(team, objective)
        self._optimizer = optimisers.build(model, config)
        self.weights = dict(model.named_parameters())
        self._average = Average(self.weights.values(), config.ema) if config.ema else None

    @torch.no_grad()
    def _count(self, model: models.Model) -> None:
        """Begin with embeddings from counts; that counts among the training's seconds."""
        start = time.perf_counter()
        ids = some_blocks(self.data.train)
        made = counted.vectors(ids, model.vocabulary, model.width, self.config.seed)
        model.embedding_weight.copy_(made)
        self.seconds += time.perf_counter() - start

    def _agreed(self, mine: precision.Chosen) -> precision.Chosen:
        """Return the main process's choice."""
        kind = precision.KINDS[int(self.team.broadcast(precision.KINDS.index(mine.kind)))]
        return precision.Chosen(kind, mine.reason)

    def _take_up(self, resume: Checkpoint) -> None:
        """Go on from a checkpoint."""
        arrays, told = resume.arrays, resume.state
        if told["data"] != self.data.train.fingerprint:
            raise DataError("The training text is not what it was when the run began.")
        try:
            checkpoint.load_weights(self.weights, arrays, "model")
            if self._average:
                average = dict(zip(self.weights, self._average.tensors, strict=True))
                checkpoint.load_weights(average, arrays, "average")
            if told["best_loss"] is not None:
                self._kept = {name: w.detach().clone() for name, w in self.weights.items()}
                checkpoint.load_weights(self._kept, arrays, "best")
                self._best = told["best_loss"]
            checkpoint.restore_optimizer(self._optimizer, self._names(), arrays)
        except (KeyError, ValueError, RuntimeError):
            raise DamagedRunError(
                f"The checkpoint at step {resume.step} is of another model."
            ) from None
        self.steps, self.seen = resume.step, told["seen"]
        self.allowed = told.get("allowed_steps", self.allowed)
        self._losses, self._worse = list(told["losses"]), told["worse"]
        self._without_targets = told.get("without_targets", 0)
        chosen = told["precision"]
        self.precision = precision.Chosen(chosen["kind"], chosen.get("reason", ""))


def _named(kind: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    return {f"{kind}.{name}": checkpoint.array(tensor) for name, tensor in tensors.items()}
