"""What the lab's actions share: how a model is named, and opening it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from epoque.bench.actions import RunFolderOptions, RunReference, announce_run, option
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.progress import Notify, Progress
from epoque.bench.system.memory import explain_out_of_memory

if TYPE_CHECKING:
    from ..hub.open_model import LoadedModel

__all__ = ["LOADING", "ModelOptions", "use_model"]

LOADING = "loading PyTorch"


class ModelOptions(RunFolderOptions):
    """Of an action on a model."""

    model: RunReference = option(
        ...,
        "A run (its id, a part of it, `last` or its folder), a saved folder, or owner/name on the "
        "Hugging Face Hub.",
        positional=True,
    )
    device: str = option("auto", "auto (CUDA where it is there), cpu or cuda.")


@contextmanager
def use_model(
    options: ModelOptions, helps: str, progress: Progress, notify: Notify
) -> "Iterator[LoadedModel]":
    """Give the model; running out of memory with it is told in one sentence.

    Args:
        options: its name, and where it is and computes.
        helps: what takes less memory.
        progress: shows that something goes on.
        notify: is told which run was taken.
    """
    from ..hub.open_model import check_installed, open_model

    progress(0, None, LOADING)
    check_installed()
    progress(1, 1, LOADING)
    with explain_out_of_memory(
        f"Memory ran out: {helps} needs less; --device cpu takes the machine's own."
    ):
        opened = open_model(options.model, runs_folder(options.runs), options.device)
        announce_run(options.model, opened.name, notify)
        yield opened
