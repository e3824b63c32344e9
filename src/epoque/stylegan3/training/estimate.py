"""What a training costs: parameters and time, measured; and what helps where memory runs out."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from epoque.bench.progress import Progress, no_progress
from epoque.bench.system import memory

if TYPE_CHECKING:
    from epoque.bench.events import Checkpoint

    from ..config import StyleGan3Config

__all__ = [
    "TrainingCost",
    "describe_cost",
    "explain_out_of_memory",
    "measure_cost",
    "prepare_inputs",
]

_NOTABLE = 2e7
"""Pixels seen in a training that any machine does within the minute."""


def explain_out_of_memory(config: "StyleGan3Config") -> AbstractContextManager[None]:
    """Turn running out of memory into one sentence that names the settings to change.

    Raises:
        UsageError: instead of PyTorch's or Python's error.
    """
    return memory.explain_out_of_memory(
        f"Memory ran out with {config.batch_gpu or config.batch} images at once: a smaller "
        "batch_gpu computes the same batch in smaller parts; a smaller cbase, cmax or resolution "
        "also helps."
    )


@dataclass(frozen=True)
class TrainingCost:
    """What a training takes.

    Attributes:
        parameters: of the generator and the discriminator.
        steps: that remain.
        step_seconds: of one step on the average, measured.
        batch: images of a step.
        device: where.
        is_resumed: whether some steps are done already.
        remarks: sentences on what is unusual about the images.
    """

    parameters: tuple[int, int]
    steps: int
    step_seconds: float
    batch: int
    device: str
    is_resumed: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Of all steps that remain."""
        return self.steps * self.step_seconds

    def describe(self) -> str:
        """Return it as a sentence or two."""
        sizes = " and ".join(f"{count / 1e6:,.1f}" for count in self.parameters)
        pace = f"{self.batch / self.step_seconds:,.3g} images a second on the {self.device}"
        what = "what remains of the training" if self.is_resumed else "training"
        length = _format_duration(self.seconds)
        text = f"{sizes} million parameters, {pace}: {what} takes about {length}."
        if self.device == "cpu" and self.seconds > 2 * 3600:
            text += " A GPU would make this pleasant."
        return text


def check_inputs(config: "StyleGan3Config") -> None:
    """Check that the images and networks that a training begins with are there.

    Raises:
        DataError: if they cannot be used.
        UnknownNameError: if there is no network of that name.
    """
    from ..official.fetch import check_source
    from .data import check_images
    from .transfer import check_networks

    check_images(config)
    if config.resume_from is not None:
        check_networks(config.resume_from)
    if config.needs_inception and config.inception is not None:
        check_source(config.inception)


def prepare_inputs(config: "StyleGan3Config", progress: Progress) -> None:
    """Draw, look at and fetch what a training needs and is not there yet.

    Args:
        config: what is to be trained.
        progress: receives how far it is.

    Raises:
        DataError: if the images cannot be used.
        FetchError: if a network cannot be fetched.
    """
    from .data import load_images
    from .metrics import fetch_weights
    from .transfer import fetch_networks

    load_images(config, progress)
    if config.resume_from is not None:
        fetch_networks(config.resume_from, progress)
    fetch_weights(config, progress)


def measure_cost(
    config: "StyleGan3Config", resume: "Checkpoint | None" = None, progress: Progress = no_progress
) -> TrainingCost:
    """Return what a training takes; its images are made ready and three steps measured.

    The first step, which also computes what is computed now and then, warms up and is measured
    again with its share.

    Args:
        config: what is to be trained.
        resume: where it goes on from; the answer is of what remains.
        progress: receives how many steps are measured.

    Raises:
        UsageError: if memory runs out, or a GPU is missing.
        DataError: if the images cannot be used.
    """
    from epoque.bench.torch.threads import limit_threads

    from .data import load_images
    from .distributed import DistributedContext
    from .specs import choose_training_threads
    from .trainer import Trainer

    distributed = DistributedContext(config.device)
    images = load_images(config)
    count = choose_training_threads(config, images.shape, resume)
    with explain_out_of_memory(config), limit_threads(count):
        trainer = Trainer(config, distributed, images)
        progress(0, 3, "measuring three steps")
        trainer.step()
        progress(1, 3, "measuring three steps")
        plain = _time(trainer.step)
        progress(2, 3, "measuring three steps")
        trainer.steps_done = 0  # all turns are due again
        whole = _time(trainer.step)
    share = 1 / (config.pl_interval if config.cfg == "stylegan2" else config.r1_interval)
    each = distributed.broadcast(plain + max(0.0, whole - plain) * share)
    networks = (trainer.gan.generator, trainer.gan.discriminator)
    sizes = tuple(sum(p.numel() for p in network.parameters()) for network in networks)
    remain = max(0, config.steps - (resume.step if resume else 0))
    device = distributed.device.type
    again, remarks = resume is not None, trainer.images.remarks
    return TrainingCost((sizes[0], sizes[1]), remain, each, config.batch, device, again, remarks)


def _time(step: "Callable[[], None]") -> float:
    start = perf_counter()
    step()
    return perf_counter() - start


def describe_cost(
    config: "StyleGan3Config",
    resume: "Checkpoint | None" = None,
    progress: Progress = no_progress,
) -> str | None:
    """Return what a user should know before a run, or None if there is nothing.

    That is what is unusual about the images, and of more than a minute or so what it takes.

    Args:
        config: what is to be trained.
        resume: where it goes on from; the answer is of what remains.
        progress: receives how far it is.
    """
    if config.data is None and 1000 * config.kimg * config.resolution**2 < _NOTABLE:
        return None
    estimate = measure_cost(config, resume, progress)
    sentences = [*estimate.remarks, *([estimate.describe()] if estimate.seconds > 60 else [])]
    return "\n".join(sentences) or None


def _format_duration(seconds: float) -> str:
    """Return seconds in words, in the unit that suits them."""
    units = ((172_800, 86_400, "days"), (7200, 3600, "hours"), (120, 60, "minutes"))
    for least, unit, name in units:
        if seconds >= least:
            return f"{seconds / unit:.1f} {name}" if unit > 60 else f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"
