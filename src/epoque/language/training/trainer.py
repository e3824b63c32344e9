"""The state of a training, and one step of it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import DamagedRunError, DataError, DivergenceError
from epoque.bench.events import Checkpoint, Timings
from epoque.bench.seeds import torch_generator
from epoque.bench.torch.allocation import keep_freed_memory
from epoque.bench.torch.distributed import DistributedContext

from ..config import LanguageConfig
from ..data.batches import Batch, BatchSampler, BlockDataset
from ..data.encoding import find_start_token
from ..data.masking import Masker
from ..data.tokenized_corpus import TokenizedCorpus, count_tokens, sample_blocks, sample_rows
from ..evaluation.evaluation_plan import (
    EVALUATED_NATS,
    can_mix_counts,
    plan_evaluations,
    training_operations,
)
from ..evaluation.exact_loss import (
    LossSums,
    find_unknown_ids,
    mean_or_nan,
    measure_loss,
    to_perplexity,
)
from ..generation.generate import continue_ids
from ..generation.sampling import Sampling
from ..models import Model, build_model
from ..models.output_losses import compute_inclusion
from ..models.pmi_embeddings import build_embeddings_once
from ..purposes import Purpose
from .checkpoint import (
    choose_vocabulary,
    copy_arrays,
    optimizer_to_arrays,
    restore_optimizer,
    tensors_to_arrays,
)
from .distributed import prepare_model, sync_gradients
from .early_stopping import EarlyStopping
from .ema import ExponentialMovingAverage
from .model_with_loss import ModelWithLoss
from .optimizers import build_optimizer, clip_grad_norm_, set_learning_rates
from .precision import KINDS, PrecisionChoice, autocast, choose_precision, optimizer_precision
from .product_rate import measure_product_rate
from .resources import check_memory
from .schedules import learning_rate_factor
from .start_weights import copy_start_weights

__all__ = ["Trainer"]

_SAMPLED_TOKENS = 100
"""Tokens of a text that the model writes on the way."""


class Trainer:
    """A model, its optimizer and its data, where they stand.

    What a step does follows from the weights, the optimizer's state, and the counters: its blocks,
    masks, negatives and dropped activations are drawn anew from the seed and the counters.

    Attributes:
        steps_done: optimizer steps so far.
        blocks_read: train blocks so far.
        step_seconds: spent in steps since `pop_timings` was last called.
        affordable_steps: how many steps `max_seconds` allows, None without it.
        total_steps: how many steps there will be, if early stopping does not end them.
        plan: how much is measured.
        precision: what the products are computed in.
        parameters: the weights by name.
    """

    def __init__(
        self,
        config: LanguageConfig,
        distributed: DistributedContext,
        corpus: TokenizedCorpus,
        resume: Checkpoint | None = None,
        affordable_steps: int | None = None,
    ) -> None:
        """Build the model, or restore a checkpoint.

        Args:
            config: what to train.
            distributed: the processes.
            corpus: the text.
            resume: the checkpoint.
            affordable_steps: how many steps `max_seconds` allows
                (`estimate.count_affordable_steps`); a checkpoint remembers it.

        Raises:
            DataError: if the text is not that of the checkpoint, or the vocabularies do not match.
            DamagedRunError: if the checkpoint is of another model.
            UsageError: if the model cannot fit this machine's memory.
        """
        check_memory(config, distributed.device.type)
        if distributed.device.type == "cpu":
            keep_freed_memory()
        self.config, self.distributed, self.corpus = config, distributed, corpus
        train_masker, valid_masker = None, None
        if config.objective == "masked":
            train_masker = Masker(config, corpus.tokenizer, training=True)
            valid_masker = Masker(config, corpus.tokenizer)
        self._train_data = BlockDataset(config, corpus.train, train_masker)
        self._train_sample = BlockDataset(config, corpus.train, valid_masker)
        self._valid_data = BlockDataset(config, corpus.valid, valid_masker)
        self.sampler = BatchSampler(config, len(corpus.train))
        self.steps_done, self.blocks_read, self.step_seconds = 0, 0, 0.0
        self._product_rate: float | None = None
        self.affordable_steps = affordable_steps
        self._recent_losses: list[float] = []
        self._steps_without_targets = 0
        self._gradient_norm = 0.0
        self._evaluation: dict[str, list[float]] = {}
        self._evaluated_nats: dict[str, NDArray[np.float32]] = {}
        self._early_stopping = EarlyStopping(config.patience)
        self._build(new=resume is None)
        if resume is not None:
            self._restore(resume)
        else:
            self.precision = self._agree(choose_precision(config, distributed.device))
        self._timed_steps, self._timed_blocks = self.steps_done, self.blocks_read
        self.total_steps = min(self.sampler.total_steps, self.affordable_steps or 10**18)
        self.plan = plan_evaluations(
            config,
            self.total_steps,
            len(corpus.train),
            len(corpus.valid),
            len(corpus.test) if corpus.test is not None else 0,
        )

    def step(self) -> None:
        """Learn from one batch: forward, loss, backward, clip, optimizer step, moving average.

        A batch without a target, where all masks missed, changes no weight.

        Raises:
            DivergenceError: if the loss or gradient is not finite; the weights are as before.
        """
        start = time.perf_counter()
        config, distributed, device = self.config, self.distributed, self.distributed.device
        micro_batches = self._next_micro_batches()
        own_targets = sum(targets for _, targets in micro_batches)
        (all_targets,) = distributed.all_reduce_sum([own_targets])
        if all_targets:
            loss = 0.0
            for part, (batch, targets) in enumerate(micro_batches):
                is_last = part == len(micro_batches) - 1
                generator = self._generator(Purpose.NEGATIVES, part)
                with (
                    sync_gradients(distributed, self._model, last=is_last),
                    self._dropout_seed(part),
                ):
                    with autocast(self.precision.kind, device):
                        # The mean over the whole batch: each part counts by its targets.
                        part_loss = self._model(batch, generator) * (targets / all_targets)
                    # Data parallel averages gradients over the processes; we want their sum.
                    distributed.accelerator.backward(part_loss * distributed.world_size)
                loss += part_loss.item()
            (loss,) = distributed.all_reduce_sum([loss])

            self._gradient_norm = clip_grad_norm_(self.parameters.values(), config.clip or math.inf)
            for what, value in (("the loss", loss), ("a gradient", self._gradient_norm)):
                if not math.isfinite(value):
                    raise DivergenceError(what, self.steps_done + 1)

            set_learning_rates(self._optimizer, self._learning_rate_factor())
            with autocast(optimizer_precision(self.precision.kind), device):
                self._optimizer.step()
            self._optimizer.zero_grad()
            self._recent_losses.append(loss)
        else:
            self._gradient_norm = math.nan
            self._steps_without_targets += 1
        self.blocks_read += self.sampler.batch_size(self.steps_done, self.blocks_read)
        self.steps_done += 1
        self._forget_evaluation()
        if all_targets and self._ema is not None:
            self._ema.update(self.steps_done)
        self.step_seconds += time.perf_counter() - start

    def _next_micro_batches(self) -> list[tuple[Batch, int]]:
        """Return this process's part of the next batch in micro-batches, with their targets."""
        rank, world_size = self.distributed.rank, self.distributed.world_size
        rows = self.sampler.block_indices(self.steps_done, self.blocks_read)
        own_rows = rows[rank::world_size]
        count = min(self.config.accumulate, -(-len(rows) // world_size))
        epoch = self.blocks_read // self.sampler.block_count
        micro_batches = []
        for part in np.array_split(own_rows, count):
            # A process without a block goes through the layers with the others; it counts nothing.
            batch = self._train_data.batch(part if len(part) else rows[:1], self.config.seed, epoch)
            targets = batch.target_count if len(part) else 0
            micro_batches.append((batch.to(self.distributed.device), targets))
        return micro_batches

    def _generator(self, purpose: Purpose, part: int) -> torch.Generator:
        """Return what draws for a part of the next step in this process."""
        stream = purpose.format(step=self.steps_done, rank=self.distributed.rank, part=part)
        return torch_generator(self.config.seed, stream)

    @contextmanager
    def _dropout_seed(self, part: int) -> Iterator[None]:
        """Seed PyTorch's own random numbers, which dropout takes; they come back afterwards."""
        if not self.config.dropout:
            yield
            return
        device = self.distributed.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(self._generator(Purpose.DROPOUT, part).initial_seed())
            yield

    def _learning_rate_factor(self) -> float:
        progress = min(1.0, self.steps_done / self.total_steps)
        return learning_rate_factor(self.config, self.steps_done, progress)

    @property
    def is_finished(self) -> bool:
        """Whether all steps are done, or patience is at its end."""
        return self.steps_done >= self.total_steps or self._early_stopping.is_over

    def is_due(self, every: int) -> bool:
        """Whether something that happens every so many steps, and at the end, is due."""
        return self.steps_done % every == 0 or self.is_finished

    def is_evaluation_due(self) -> bool:
        """Whether the validation text is to be measured now."""
        every = self.config.evaluate_every
        by_steps = every is not None and self.steps_done % every == 0
        return by_steps or self.is_epoch_end or self.steps_done >= self.total_steps

    @property
    def is_epoch_end(self) -> bool:
        """Whether every train block was read equally often."""
        return self.blocks_read % self.sampler.block_count == 0

    def pop_metrics(self) -> dict[str, float]:
        """Return the numbers since the last call (see `epoque.language.training.train`).

        What nothing was measured for is NaN: a step without a target has no loss and no gradient.
        """
        loss = mean_or_nan(math.fsum(self._recent_losses), len(self._recent_losses))
        self._recent_losses.clear()
        return {
            "sampled_loss" if self.config.head == "sampled" else "loss": loss,
            "learning_rate": max(g["lr"] for g in self._optimizer.param_groups),
            "gradient_norm": self._gradient_norm,
            "tokens": float(self.blocks_read * self.config.block_size),
            "epoch": self.blocks_read / self.sampler.block_count,
            "progress": self.steps_done / self.total_steps,
        }

    def pop_timings(self) -> Timings:
        """Return the seconds spent in steps since the last call, and how fast these were.

        `tokens_per_second`; `product_rate_share`: the operations of the matrix products that the
        steps consist of, beside the best rate at which this machine multiplies matrices;
        `seconds_left` of steps, at this pace.
        """
        seconds, self.step_seconds = self.step_seconds, 0.0
        blocks = self.blocks_read - self._timed_blocks
        steps, self._timed_steps = self.steps_done - self._timed_steps, self.steps_done
        self._timed_blocks = self.blocks_read
        if not steps or seconds <= 0:
            return Timings(self.steps_done, seconds)
        tokens = blocks * self.config.block_size
        if self._product_rate is None:
            self._product_rate = measure_product_rate(self.distributed.device)
        operations = training_operations(self.config, tokens)
        measured = {
            "tokens_per_second": tokens / seconds,
            "product_rate_share": operations / seconds / self._product_rate,
            "seconds_left": (self.total_steps - self.steps_done) * seconds / steps,
        }
        rounded = {name: float(f"{value:.4g}") for name, value in measured.items()}
        return Timings(self.steps_done, seconds, rounded)

    def sample_text(self) -> str:
        """Return a text that the model writes from its start; the same for the same weights."""
        tokenizer = self.corpus.tokenizer
        start = find_start_token(tokenizer, self.config.documents_apart)
        with self._evaluation_weights():
            (ids,) = continue_ids(
                self._network,
                [[start or 0]],
                Sampling(max_tokens=_SAMPLED_TOKENS, seed=self.config.seed),
                tokenizer.eos_token_id,
                vocabulary=len(tokenizer),
            )
        return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))

    def evaluate(self) -> dict[str, float]:
        """Measure the validation text and some train blocks; remember the best, with patience.

        At the end of an epoch that is done for all of the validation text, too, as it is done of
        the finished model: over all its blocks, and of a masked model over all its fixed masks;
        where `evaluation_share` leaves only a sample of it to be measured, it is not.
        """
        with self._evaluation_weights():
            nats: list[NDArray[np.float32]] = []
            valid = self._measure(self._valid_data, self.plan.valid, nats)
            train = self._measure(self._train_sample, self.plan.train)
            values = {"valid_loss": valid.loss, "valid_perplexity": to_perplexity(valid.loss)}
            values["train_loss"] = train.loss
            if self.plan.epochs and self.is_epoch_end:
                values["whole_valid_loss"] = self._measure_whole(valid)
            self._early_stopping.update(valid.loss, self.parameters)
        self._evaluation = {"valid": list(valid), "train": list(train)}
        is_alone = self.distributed.world_size == 1  # else others have the rest of them
        if nats and is_alone and can_mix_counts(self.config, valid.targets):
            self._evaluated_nats = {EVALUATED_NATS: np.concatenate(nats)}
        return values

    def _forget_evaluation(self) -> None:
        """Keep nothing of the last evaluation: it was of other weights."""
        self._evaluation = {}
        self._evaluated_nats = {}

    def _measure(
        self, data: BlockDataset, most: int, token_nats: list[NDArray[np.float32]] | None = None
    ) -> LossSums:
        rows = sample_rows(most, len(data), self.config.seed, Purpose.EVALUATION_BLOCKS)
        return measure_loss(
            self._model, data, rows, distributed=self.distributed, token_nats=token_nats
        )

    def _measure_whole(self, valid: LossSums) -> float:
        """Return the loss on all of the validation text, over as many masks as are measured.

        Args:
            valid: what was just measured with the first mask; it is not measured again.
        """
        rows = np.arange(len(self._valid_data))
        sums = [valid] if self.plan.valid == len(rows) else []
        sums += [
            measure_loss(self._model, self._valid_data, rows, seed, distributed=self.distributed)
            for seed in range(len(sums), self.config.mask_count)
        ]
        return LossSums.total(sums).loss

    def time_measuring(self) -> float:
        """Return the seconds that a block takes to be measured, on some train blocks."""
        rows = np.arange(min(len(self._train_sample), max(1, 4096 // self.config.block_size)))
        start = time.perf_counter()
        with self._evaluation_weights():
            measure_loss(self._model, self._train_sample, rows, distributed=self.distributed)
        return (time.perf_counter() - start) / len(rows)

    @contextmanager
    def _evaluation_weights(self) -> Iterator[None]:
        """Put the average in the model's place, where there is one, and leave dropout out."""
        self._model.eval()
        if self._ema is not None:
            self._ema.swap()
        yield
        if self._ema is not None:
            self._ema.swap()
        self._model.train()

    def _build(self, new: bool) -> None:
        """Build the model, its loss and its optimizer on the processes' device."""
        config, distributed = self.config, self.distributed
        vocabulary = choose_vocabulary(config, self.corpus.tokenizer)
        model = build_model(config, vocabulary)
        if new and config.start_from is not None:
            copy_start_weights(config, model)
        elif new and config.first_embedding == "counted":
            self._start_from_pmi(model)
        sampled = config.head == "sampled"
        # A sparse gradient saves most of the embedding's step; processes exchange only dense ones.
        alone_on_cpu = distributed.world_size == 1 and distributed.device.type == "cpu"
        model.sparse_embedding = sampled and alone_on_cpu
        inclusion = None
        if sampled:
            counts = count_tokens(self.corpus.train, vocabulary)
            inclusion = compute_inclusion(vocabulary, config.negatives, counts)
        unknown_ids = find_unknown_ids(self.corpus.tokenizer)
        model_with_loss = ModelWithLoss(config, model, inclusion, unknown_ids)
        if config.compile:
            for layer in model.layers:  # alike: compiled once for each size of batch
                layer.compile(dynamic=False)  # sizes left open fail in PyTorch 2.13
        self._network, self._model = model, prepare_model(distributed, model_with_loss)
        self._optimizer = build_optimizer(model, config)
        self.parameters = dict(model.named_parameters())
        self._ema = None
        if config.ema:
            self._ema = ExponentialMovingAverage(self.parameters.values(), config.ema)

    @torch.no_grad()
    def _start_from_pmi(self, model: Model) -> None:
        """Begin with embeddings from counts; that counts among the training's seconds."""
        ids = sample_blocks(self.corpus.train)
        embeddings, seconds = build_embeddings_once(
            ids, model.vocabulary, model.width, self.config.seed
        )
        model.embedding_weight.copy_(embeddings)
        self.step_seconds += seconds

    def _agree(self, choice: PrecisionChoice) -> PrecisionChoice:
        """Return the main process's choice."""
        index = int(self.distributed.broadcast(KINDS.index(choice.kind)))
        return PrecisionChoice(KINDS[index], choice.reason)

    def make_checkpoint(self) -> Checkpoint:
        """Return everything that changes; all processes must ask together."""
        best = self._early_stopping.best_weights
        arrays = tensors_to_arrays("model", self.parameters) | tensors_to_arrays("best", best)
        if self._ema is not None:
            average = dict(zip(self.parameters, self._ema.tensors, strict=True))
            arrays |= tensors_to_arrays("average", average)
        arrays |= optimizer_to_arrays(self._optimizer, self.parameters)
        arrays |= self._evaluated_nats
        return Checkpoint(self.steps_done, arrays, self._state())

    def _state(self) -> dict[str, Any]:
        best = self._early_stopping.best_loss
        return {
            "seen": self.blocks_read,
            "allowed_steps": self.affordable_steps,
            "threads": torch.get_num_threads(),
            "losses": list(self._recent_losses),
            "without_targets": self._steps_without_targets,
            "best_loss": None if math.isinf(best) else best,
            "worse": self._early_stopping.bad_evaluations,
            "precision": asdict(self.precision),
            "data": self.corpus.train.fingerprint,
            "corpus": dict(self.corpus.source),
            "evaluation": dict(self._evaluation),
        }

    def _restore(self, resume: Checkpoint) -> None:
        """Go on from a checkpoint."""
        arrays, state = resume.arrays, resume.state
        if state["data"] != self.corpus.train.fingerprint:
            raise DataError("The training text is not what it was when the run began.")
        stopping = self._early_stopping
        try:
            copy_arrays("model", arrays, self.parameters)
            if self._ema is not None:
                average = dict(zip(self.parameters, self._ema.tensors, strict=True))
                copy_arrays("average", arrays, average)
            if state["best_loss"] is not None:
                stopping.update(state["best_loss"], self.parameters)
                copy_arrays("best", arrays, stopping.best_weights)
            restore_optimizer(self._optimizer, self.parameters, arrays)
        except (KeyError, ValueError, RuntimeError):
            raise DamagedRunError(
                f"The checkpoint at step {resume.step} is of another model."
            ) from None
        stopping.bad_evaluations = state["worse"]
        self.steps_done, self.blocks_read = resume.step, state["seen"]
        self.affordable_steps = state.get("allowed_steps", self.affordable_steps)
        self._recent_losses = list(state["losses"])
        self._steps_without_targets = state.get("without_targets", 0)
        precision = state["precision"]
        self.precision = PrecisionChoice(precision["kind"], precision.get("reason", ""))
