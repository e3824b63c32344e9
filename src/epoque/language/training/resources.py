"""What a training takes of this machine: memory and threads."""

import os
from contextlib import AbstractContextManager

from epoque.bench.errors import UsageError
from epoque.bench.events import Checkpoint
from epoque.bench.system import memory
from epoque.bench.torch import threads

from ..config import LanguageConfig

__all__ = ["check_memory", "choose_threads", "explain_out_of_memory"]


def check_memory(config: LanguageConfig, device: str) -> None:
    """Refuse a training that this machine cannot hold, before the system kills it for that.

    Args:
        config: what is to be trained.
        device: cpu or cuda.

    Raises:
        UsageError: with what is needed, what is there, and what helps.
    """
    needed, installed = config.step_bytes, _installed_bytes(device)
    if needed <= installed:
        return
    model = 16.0 * config.parameter_count
    helps = "fewer layers or a smaller width" if model > installed else "a larger accumulate"
    raise UsageError(
        f"This training needs about {needed / 2**30:,.1f} GiB of memory and the {device} has "
        f"{installed / 2**30:,.1f}: {helps} helps."
    )


def explain_out_of_memory(config: LanguageConfig) -> AbstractContextManager[None]:
    """Turn running out of memory into one sentence that names the settings to change.

    Raises:
        UsageError: instead of PyTorch's or Python's error.
    """
    return memory.explain_out_of_memory(
        f"Memory ran out with batch_size {config.batch_size} of block_size {config.block_size}: a "
        "larger accumulate computes the same batch in smaller parts; a smaller batch_size, "
        "block_size, layers or width also helps."
    )


def choose_threads(config: LanguageConfig, resume: Checkpoint | None = None) -> int:
    """Return how many threads a training computes with: a checkpoint's, or what suits its size."""
    saved = threads.saved_thread_count(resume.state if resume else {})
    return saved or threads.choose_thread_count(config.threads, config.step_flops)


def _installed_bytes(device: str) -> float:
    """Return the bytes of memory that a device has in all, infinite where no system says."""
    if device == "cuda":
        import torch

        return float(torch.cuda.get_device_properties(0).total_memory)
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError):  # Windows does not say
        return float("inf")
