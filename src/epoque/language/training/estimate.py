"""What a training takes: memory and time, measured on its first steps."""

import math
from dataclasses import dataclass

from epoque.bench.events import Checkpoint
from epoque.bench.torch.distributed import DistributedContext
from epoque.bench.torch.threads import limit_threads

from ..config import LanguageConfig
from ..data.tokenized_corpus import TokenizedCorpus, load_corpus
from ..evaluation.evaluation_plan import plan_evaluations
from .resources import choose_threads, explain_out_of_memory
from .trainer import Trainer

__all__ = [
    "TrainingEstimate",
    "count_affordable_steps",
    "describe_long_training",
    "estimate_training",
    "format_duration",
]

_PACE_SECONDS = 3.0
"""Seconds for which the pace is measured that `max_seconds` is counted by, or a twentieth."""
_UNNOTABLE_FLOPS = 1e12
"""Operations that any machine does within the minute."""


@dataclass(frozen=True)
class TrainingEstimate:
    """What a training takes.

    Attributes:
        parameters: of the model.
        bytes: of memory, about.
        steps: that remain until the epochs or the steps are done.
        step_seconds: of one step, measured.
        measuring_seconds: of all that is measured on the way and at the end.
        seconds: of all these steps, or `max_seconds` if that is less, and of the measuring.
        device: where.
        resumed: whether some steps are done already.
    """

    parameters: int
    bytes: float
    steps: int
    step_seconds: float
    measuring_seconds: float
    seconds: float
    device: str
    resumed: bool = False

    def describe(self) -> str:
        """Return it as a sentence or two."""
        model = f"{self.parameters:,} parameters"
        if self.parameters >= 10**6:
            model = f"{self.parameters / 1e6:,.1f} million parameters"
        pace = f"about {self.step_seconds:.2g} s a step on the {self.device}"
        much = f"{max(self.bytes / 2**30, 0.1):,.1f} GiB of memory"
        what = "what remains of the training" if self.resumed else "training"
        sentence = (
            f"{model}, {pace}, about {much}: {what} takes about {format_duration(self.seconds)}, "
            f"{format_duration(self.measuring_seconds)} of it measuring."
        )
        if self.device == "cpu" and self.seconds > 2 * 3600:
            sentence += " A GPU would make this pleasant."
        return sentence


def estimate_training(
    config: LanguageConfig, resume: Checkpoint | None = None, steps: int = 2
) -> TrainingEstimate:
    """Return what a training takes; its text and tokens are made ready and a few steps measured.

    Args:
        config: what is to be trained.
        resume: where it goes on from.
        steps: how many are measured, after one that warms up.

    Raises:
        UsageError: if the model cannot fit this machine's memory, or a GPU is missing.
        DataError: if the text cannot be used.
    """
    distributed = DistributedContext(config.device)
    with explain_out_of_memory(config), limit_threads(choose_threads(config, resume)):
        trainer = Trainer(config.replace(max_seconds=None), distributed, load_corpus(config))
        total = trainer.sampler.total_steps
        trainer.step()  # warms up
        before = trainer.step_seconds
        for _ in range(min(steps, total - 1)):
            trainer.step()
        block_seconds = trainer.time_measuring()
    each = (trainer.step_seconds - before) / max(1, trainer.steps_done - 1) or before
    last = (resume.state.get("allowed_steps") if resume else None) or total
    done = resume.step if resume else 0
    remaining = max(0, min(last, total) - done)
    steps_seconds = min(each * remaining, _longest_seconds(config, resume))
    measuring = block_seconds * _blocks_to_measure(
        config, trainer.corpus, done, steps_seconds / each
    )
    return TrainingEstimate(
        parameters=sum(weight.numel() for weight in trainer.parameters.values()),
        bytes=config.step_bytes,
        steps=remaining,
        step_seconds=each,
        measuring_seconds=measuring,
        seconds=steps_seconds + measuring,
        device=distributed.device.type,
        resumed=resume is not None,
    )


def _blocks_to_measure(
    config: LanguageConfig, corpus: TokenizedCorpus, done: int, steps: float
) -> float:
    """Return how many blocks are measured in so many more steps and after them."""
    total, test = max(1, done + round(steps)), len(corpus.test) if corpus.test is not None else 0
    plan = plan_evaluations(config, total, len(corpus.train), len(corpus.valid), test)
    return plan.blocks_on_the_way * (1 - done / total) + plan.final_blocks


def describe_long_training(config: LanguageConfig, resume: Checkpoint | None = None) -> str | None:
    """Return what a user should know before a run of more than a minute or so, else None.

    Args:
        config: what is to be trained.
        resume: where it goes on from; the answer is of what remains.
    """
    if _longest_seconds(config, resume) <= 60:
        return None
    if config.max_steps is not None and config.step_flops * config.max_steps < _UNNOTABLE_FLOPS:
        return None
    estimate = estimate_training(config, resume)
    return estimate.describe() if estimate.seconds > 60 else None


def _longest_seconds(config: LanguageConfig, resume: Checkpoint | None) -> float:
    """Return what `max_seconds` leaves at most; a run that has begun has its number of steps."""
    if config.max_seconds is None or resume is not None:
        return float("inf")
    return config.max_seconds


def count_affordable_steps(
    config: LanguageConfig, distributed: DistributedContext, corpus: TokenizedCorpus
) -> int:
    """Return how many steps `max_seconds` allows, at least one: what the clock decides of a run.

    A training of its own is begun and thrown away: its first step warms up, and some more are
    measured, of the first and of the full batch where the batch grows.

    Args:
        config: what is to be trained; it has `max_seconds`.
        distributed: the processes; the main one decides.
        corpus: the text.
    """
    budget = config.max_seconds
    assert budget is not None
    trainer = Trainer(config.replace(max_seconds=None), distributed, corpus)
    before = trainer.step_seconds  # what happened before the first step
    trainer.step()
    first = full = _seconds_per_step(trainer, budget) or trainer.step_seconds - before
    if config.first_batch_size is not None:
        trainer.steps_done = max(trainer.steps_done, config.ramp_steps)
        full = _seconds_per_step(trainer, budget) or first
    ramp = 0 if config.first_batch_size is None else config.ramp_steps
    return max(1, int(distributed.broadcast(_steps_that_fit(budget - before, first, full, ramp))))


def _seconds_per_step(trainer: Trainer, budget: float) -> float | None:
    """Return the mean seconds of the next steps, None if there are none left."""
    enough = min(_PACE_SECONDS, budget / 20)
    count, before, sampler = 0, trainer.step_seconds, trainer.sampler
    least = 2 * trainer.config.muon_every  # the steps of a round differ
    while trainer.blocks_read < sampler.total_blocks and trainer.steps_done < sampler.total_steps:
        trainer.step()
        count += 1
        # Processes go on together: the main one's clock counts.
        seconds = trainer.distributed.broadcast(trainer.step_seconds - before)
        if count >= least and seconds >= enough:
            break
    return (trainer.step_seconds - before) / count if count else None


def _steps_that_fit(seconds: float, first: float, full: float, ramp: int) -> int:
    """Return how many steps fit; their time goes from `first` to `full` over the ramp."""
    if seconds <= 0:
        return 0
    ramp_seconds = ramp * (first + full) / 2
    if seconds >= ramp_seconds:
        return ramp + int((seconds - ramp_seconds) / full)
    slope = (full - first) / ramp  # solve: first n + slope n² / 2 = seconds
    return int(2 * seconds / (first + math.sqrt(first**2 + 2 * slope * seconds)))


def format_duration(seconds: float) -> str:
    """Return seconds in words, in the unit that suits them."""
    if seconds < 120:
        return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
