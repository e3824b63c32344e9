"""Giving a model away: as a folder, or on the Hugging Face Hub."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from epoque.bench.actions import (
    FilePath,
    RunFolderOptions,
    RunReference,
    action,
    announce_run,
    option,
)
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.progress import Notify

if TYPE_CHECKING:
    from ..hub.model_card import Statements

__all__ = [
    "LicenseOptions",
    "PushOptions",
    "PushedModel",
    "SaveOptions",
    "SavedModel",
    "push",
    "save",
]


class LicenseOptions(RunFolderOptions):
    """Of a model that is given away."""

    licence: str | None = option(
        None, "Licence of the weights for the model card, such as cc-by-sa-4.0."
    )
    language: tuple[str, ...] = option(
        (), "Language of the text for the model card, such as en; known of a named corpus."
    )
    dataset: tuple[str, ...] = option(
        (), "Dataset of the Hub that the text is from, owner/name, for the model card."
    )

    def statements(self) -> "Statements":
        """Return what the author says of the model."""
        from ..hub.model_card import Statements

        return Statements(self.licence, self.language, self.dataset)


class SaveOptions(LicenseOptions):
    """Of `save`."""

    run: RunReference = option(
        ..., "A run's id, a part of it, `last`, or its folder.", positional=True
    )
    folder: FilePath = option(..., "A new folder.", positional=True)


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A folder that transformers opens.

    Attributes:
        folder: where it is.
        files: the names of its files.
    """

    folder: Path
    files: tuple[str, ...]


@action
def save(options: SaveOptions, notify: Notify) -> SavedModel:
    """Save a run's model, tokenizer and model card as a folder that transformers opens.

    Returns:
        The folder and its files.

    Raises:
        UnknownNameError: if there is no such run.
        UsageError: if the folder is there already.
    """
    from ..hub.open_model import check_installed, find_run

    check_installed()
    from ..hub.model_folder import list_files, save_run

    run = find_run(options.run, runs_folder(options.runs))
    announce_run(options.run, run.id, notify)
    folder = save_run(run, options.folder, says=options.statements())
    return SavedModel(folder, tuple(list_files(folder)))


class PushOptions(LicenseOptions):
    """Of `push`."""

    model: RunReference = option(..., "A run, or a folder that `save` wrote.", positional=True)
    name: str = option(..., "owner/name on the Hub, or a name of your own.", positional=True)
    private: bool = option(False, "Only you may see it.")
    update: bool = option(False, "Replace the files of a model that is there.")
    dry_run: FilePath | None = option(
        None, "Send nothing; write exactly what would be sent into this new folder."
    )


@dataclass(frozen=True, slots=True)
class PushedModel:
    """What is on the Hub now.

    Attributes:
        files: the names of the files.
        url: the address of the model.
    """

    files: tuple[str, ...]
    url: str


@action
def push(options: PushOptions, notify: Notify) -> PushedModel | SavedModel:
    """Push a model, its tokenizer and its model card to the Hugging Face Hub, in one commit.

    The token is what `hf auth login` saved, or the variable HF_TOKEN. HF_ENDPOINT names another
    Hub; where that one does not know Xet, set HF_HUB_DISABLE_XET=1.

    Returns:
        What was sent, and where it is; with `dry_run` the folder that was written.

    Raises:
        ConfigError: if an option is wrong.
        UnknownNameError: if there is no such run.
        HubError: if the Hub refuses or cannot be reached.
    """
    options.check_output_folder("dry_run")
    with _pushed_folder(options, notify) as folder:
        from ..hub import hub
        from ..hub.model_folder import copy_folder, list_files

        if options.dry_run is not None:
            copy = copy_folder(folder, options.dry_run)
            return SavedModel(copy, tuple(list_files(copy)))
        sent = hub.push(folder, options.name, private=options.private, update=options.update)
    return PushedModel(tuple(sent.files), sent.url)


@contextmanager
def _pushed_folder(options: PushOptions, notify: Notify) -> Iterator[Path]:
    """Give the folder that is pushed: a saved one as it is, or a run's, made for the occasion."""
    from ..hub.open_model import check_installed, find_run, is_model_folder

    if is_model_folder(options.model):
        message = "it goes into the model card of a run; this folder has its own README.md."
        stated = [n for n in ("licence", "language", "dataset") if not options.is_default(n)]
        if stated:
            raise ConfigError([Problem(name, message) for name in stated])
        yield Path(options.model)
        return
    check_installed()
    run = find_run(options.model, runs_folder(options.runs))
    announce_run(options.model, run.id, notify)
    from ..hub.model_folder import draft_model_folder

    with draft_model_folder(run, options.name, options.statements(), None) as folder:
        yield folder
