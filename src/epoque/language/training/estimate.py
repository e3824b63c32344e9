"""What a config costs: parameters, memory and time, and the refusal of what is out of reach."""

import math
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epoque.bench.errors import Problem, UsageError
from epoque.bench.system import memory as memory_errors

if TYPE_CHECKING:
    from epoque.bench.events import Checkpoint

    from ..config import LanguageConfig
    from ..data.batches import Data
    from .distributed import Team
    from .trainer import Trainer

__all__ = [
    "MAX_BYTES",
    "MAX_PARAMETERS",
    "Estimate",
    "allowed_steps",
    "check_memory",
    "duration",
    "measured",
    "memory",
    "notice",
    "operations",
    "parameters",
    "refusals",
    "threads",
    "told_memory",
]

MAX_PARAMETERS = 20 * 10**9
MAX_BYTES = 2**40
"""What no single machine that this is made for has."""
_PACED = 3.0
"""Seconds for which the pace is measured that `max_seconds` is counted by, or a twentieth."""
_NOTABLE = 1e12
"""Operations that any machine does within the minute."""


def parameters(config: "LanguageConfig") -> int:
    """Return about how many parameters a model has: those of its matrices, 99 % of them.

    Where the tokenizer is loaded, `vocabulary` stands for its unknown size.
    """
    rows = config.model_vocabulary or config.vocabulary
    embeddings = rows * config.width * (1 if config.tie_embeddings else 2)
    layer = 4 * config.width**2 + (3 if config.gated else 2) * config.width * config.inner
    return embeddings + config.layers * layer


def memory(config: "LanguageConfig") -> float:
    """Return about how many bytes a training step holds at once.

    Four float32 numbers a parameter (weight, gradient, two of the optimiser), two more with
    averaging and patience; what the layers keep for the backward pass; the output layer's scores
    and their gradient.
    """
    copies = 4 + (config.ema > 0) + (config.patience > 0)
    tokens = config.batch_size // config.accumulate * config.block_size
    layer = 16 * config.width + 4 * config.inner + 2 * config.heads * config.block_size
    scores = {
        "full": config.model_vocabulary or config.vocabulary,
        "chunked": 0,
        "sampled": config.negatives,
    }
    return 4.0 * (copies * parameters(config) + tokens * (config.layers * layer))\
        + 12.0 * tokens * scores[config.head]  # fmt: skip


def operations(config: "LanguageConfig") -> float:
    """Return about how many operations a step takes, forward and backward."""
    return 6.0 * parameters(config) * config.batch_size * config.block_size


def threads(config: "LanguageConfig", resume: "Checkpoint | None" = None) -> int:
    """Return how many threads a training computes with: a checkpoint's, or what suits its size."""
    from epoque.bench.torch.threads import choose, kept

    return kept(resume.state if resume else {}) or choose(config.threads, operations(config))


def refusals(config: "LanguageConfig") -> Iterator[Problem]:
    """Yield the refusal of a model or a batch that no machine could hold."""
    count, needed = parameters(config), memory(config)
    if count > MAX_PARAMETERS:
        told = f"{config.width:,} with {config.layers:,} layers makes about {count / 1e9:,.0f}"
        yield Problem("width", f"{told} billion parameters; at most {MAX_PARAMETERS // 10**9}.")
    elif needed > MAX_BYTES:
        told = f"{config.batch_size:,} blocks of {config.block_size:,} tokens need about"
        much = f"{needed / 2**30:,.0f} GiB; at most {MAX_BYTES // 2**30:,}"
        yield Problem("batch_size", f"{told} {much}. More accumulate or a smaller one helps.")


def check_memory(config: "LanguageConfig", device: str) -> None:
    """Refuse a training that this machine cannot hold, before the system kills it for that.

    Args:
        config: what is to be trained.
        device: cpu or cuda.

    Raises:
        UsageError: with what is needed, what is there, and what helps.
    """
    needed, there = memory(config), _installed(device)
    if needed <= there:
        return
    model = 16.0 * parameters(config)
    helps = "fewer layers or a smaller width" if model > there else "a larger accumulate"
    raise UsageError(
        f"This training needs about {needed / 2**30:,.1f} GiB of memory and the {device} has "
        f"{there / 2**30:,.1f}: {helps} helps."
    )


def told_memory(config: "LanguageConfig") -> AbstractContextManager[None]:
    """Turn running out of memory into one sentence that names the settings to change.

    Raises:
        UsageError: instead of PyTorch's or Python's error.
    """
    return memory_errors.told_memory(
        f"Memory ran out with batch_size {config.batch_size} of block_size {config.block_size}: a "
        "larger accumulate computes the same batch in smaller parts; a smaller batch_size, "
        "block_size, layers or width also helps."
    )


def _installed(device: str) -> float:
    """Return the bytes of memory that a device has in all, infinite where that is not told."""
    if device == "cuda":
        import torch

        return float(torch.cuda.get_device_properties(0).total_memory)
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError):  # Windows does not tell
        return float("inf")


@dataclass(frozen=True)
class Estimate:
    """What a training takes.

    Attributes:
        parameters: of the model.
        bytes: of memory, about.
        steps: that remain until the epochs or the steps are done.
        step_seconds: of one step, measured.
        seconds: of all these steps, or `max_seconds` if that is less.
        device: where.
        begun: whether some steps are done already.
    """

    parameters: int
    bytes: float
    steps: int
    step_seconds: float
    seconds: float
    device: str
    begun: bool = False

    def told(self) -> str:
        """Return it as a sentence or two."""
        model = f"{self.parameters:,} parameters"
        if self.parameters >= 10**6:
            model = f"{self.parameters / 1e6:,.1f} million parameters"
        pace = f"about {self.step_seconds:.2g} s a step on the {self.device}"
        much = f"{max(self.bytes / 2**30, 0.1):,.1f} GiB of memory"
        what = "what remains of the training" if self.begun else "training"
        told = f"{model}, {pace}, about {much}: {what} takes about {duration(self.seconds)}."
        if self.device == "cpu" and self.seconds > 2 * 3600:
            told += " A GPU would make this pleasant."
        return told


def measured(
    config: "LanguageConfig", resume: "Checkpoint | None" = None, steps: int = 2
) -> Estimate:
    """Return what a training takes; its text and tokens are made ready and a few steps measured.

    Args:
        config: what is to be trained.
        resume: where it goes on from.
        steps: how many are measured, after one that warms up.

    Raises:
        UsageError: if the model cannot fit this machine's memory, or a GPU is missing.
        DataError: if the text cannot be used.
    """
    from epoque.bench.torch.threads import computing

    from ..data.batches import load
    from .distributed import Team
    from .trainer import Trainer

    team = Team(config.device)
    with told_memory(config), computing(threads(config, resume)):
        trainer = Trainer(config.replace(max_seconds=None), team, load(config))
        trainer.step()  # warms up
        before = trainer.seconds
        for _ in range(min(steps, trainer.order.steps - 1)):
            trainer.step()
    each = (trainer.seconds - before) / max(1, trainer.steps - 1) or before
    last = (resume.state.get("allowed_steps") if resume else None) or trainer.order.steps
    remain = max(0, min(last, trainer.order.steps) - (resume.step if resume else 0))
    seconds = min(each * remain, _most_seconds(config, resume))
    count = sum(weight.numel() for weight in trainer.weights.values())
    device = team.device.type
    return Estimate(count, memory(config), remain, each, seconds, device, resume is not None)


def notice(config: "LanguageConfig", resume: "Checkpoint | None" = None) -> str | None:
    """Return what a user should know before a run of more than a minute or so, else None.

    Args:
        config: what is to be trained.
        resume: where it goes on from; the answer is of what remains.
    """
    if _most_seconds(config, resume) <= 60:
        return None
    if config.max_steps is not None and operations(config) * config.max_steps < _NOTABLE:
        return None
    estimate = measured(config, resume)
    return estimate.told() if estimate.seconds > 60 else None


def _most_seconds(config: "LanguageConfig", resume: "Checkpoint | None") -> float:
    """Return what `max_seconds` leaves at most; a run that has begun has its number of steps."""
    if config.max_seconds is None or resume is not None:
        return float("inf")
    return config.max_seconds


def allowed_steps(config: "LanguageConfig", team: "Team", data: "Data") -> int:
    """Return how many steps `max_seconds` allows, at least one: what the clock decides of a run.

    A training of its own is begun and thrown away: its first step warms up, and some more are
    measured, of the first and of the full batch where the batch grows.

    Args:
        config: what is to be trained; it has `max_seconds`.
        team: the processes; the main one decides.
        data: the text.
    """
    from .trainer import Trainer

    budget = config.max_seconds
    assert budget is not None
    trainer = Trainer(config.replace(max_seconds=None), team, data)
    before = trainer.seconds  # what happened before the first step
    trainer.step()
    first = full = _pace(trainer, budget) or trainer.seconds - before
    if config.first_batch_size is not None:
        trainer.steps = max(trainer.steps, config.ramp_steps)
        full = _pace(trainer, budget) or first
    ramp = 0 if config.first_batch_size is None else config.ramp_steps
    return max(1, int(team.agree(_fitting(budget - before, first, full, ramp))))


def _pace(trainer: "Trainer", budget: float) -> float | None:
    """Return the mean seconds of the next steps, None if there are none left."""
    enough = min(_PACED, budget / 20)
    count, before = 0, trainer.seconds
    least = 2 * trainer.config.muon_every  # the steps of a round differ
    while trainer.seen < trainer.order.total and trainer.steps < trainer.order.steps:
        trainer.step()
        count += 1
        # Processes go on together: the main one's clock counts.
        if count >= least and trainer.team.agree(trainer.seconds - before) >= enough:
            break
    return (trainer.seconds - before) / count if count else None


def _fitting(seconds: float, first: float, full: float, ramp: int) -> int:
    """Return how many steps fit; their time goes from `first` to `full` over the ramp."""
    if seconds <= 0:
        return 0
    whole = ramp * (first + full) / 2
    if seconds >= whole:
        return ramp + int((seconds - whole) / full)
    slope = (full - first) / ramp  # first n + slope n² / 2 = seconds
    return int(2 * seconds / (first + math.sqrt(first**2 + 2 * slope * seconds)))


def duration(seconds: float) -> str:
    """Return seconds in words, in the unit that suits them."""
    if seconds < 120:
        return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
