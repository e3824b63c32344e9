"""Saving a model as transformers reads it: a new folder, whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from epoque.bench.errors import UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic, write_json
from epoque.bench.files.drafts import draft_folder
from epoque.bench.files.output_paths import check_folder
from epoque.bench.runs.run import Run

from ..config import LanguageConfig
from ..models import Model
from ..models.hf_checkpoints import save_model
from ..training.checkpoint import restore_model
from .model_card import NOTHING, Statements, model_card, without_folders

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["copy_folder", "draft_model_folder", "list_files", "save_run", "write_model_folder"]


def save_run(
    run: Run[LanguageConfig], folder: Path, name: str = "", says: Statements = NOTHING
) -> Path:
    """Write a finished run's model, tokenizer and model card into a new folder, whole or not.

    Args:
        run: a finished run of the language lab.
        folder: where; it must not exist, or be empty.
        name: what the model card calls it; by default the folder's name.
        says: what its author says of it.

    Raises:
        UsageError: if the run is not finished, or the folder holds something.
        DamagedRunError: if the run cannot be read.
        RunWriteError: if the system refuses.
    """
    _check_free(folder)
    with draft_model_folder(
        run, name or folder.absolute().name, says, folder.absolute().parent
    ) as draft:
        _move(draft, folder)
    return folder


@contextmanager
def draft_model_folder(
    run: Run[LanguageConfig], name: str, says: Statements, beside: Path | None
) -> Iterator[Path]:
    """Give a folder with a finished run's model inside the block; then it is deleted.

    Args:
        run: a finished run of the language lab.
        name: what the model card calls it.
        says: what its author says of it.
        beside: the folder it is made in; None takes the system's for temporary files.
    """
    if run.status.state != "finished":
        raise UsageError(f"{run.id} is not finished; `epoque resume {run.id}` goes on with it.")
    model, tokenizer = restore_model(run)
    with explain_write_errors(beside or Path(tempfile.gettempdir())):
        if beside is not None:
            beside.mkdir(parents=True, exist_ok=True)
        parent = tempfile.TemporaryDirectory() if beside is None else draft_folder(beside / "model")
        with parent as folder:
            draft = Path(folder) / "model"
            write_model_folder(draft, run, model, tokenizer, model_card(run, name, says))
            yield draft


def write_model_folder(
    folder: Path,
    run: Run[LanguageConfig],
    model: Model,
    tokenizer: "PreTrainedTokenizerFast",
    card: str,
) -> None:
    """Write what is pushed of a model: its weights, tokenizer, settings and card.

    Raises:
        RunWriteError: if the system refuses.
    """
    save_model(model, tokenizer, folder)
    write_json(folder / "epoque.json", without_folders(run))
    write_atomic(folder / "README.md", card.encode(errors="replace"))  # of a name in no encoding


def copy_folder(source: Path, folder: Path) -> Path:
    """Copy a saved model's files into a new folder, whole or not at all.

    Raises:
        UsageError: if the folder holds something.
        RunWriteError: if the system refuses.
    """
    _check_free(folder)
    check_folder("The folder", folder)
    beside = folder.absolute().parent
    with explain_write_errors(folder):
        beside.mkdir(parents=True, exist_ok=True)
        with draft_folder(beside / folder.name) as parent:
            draft = parent / "model"
            for name in list_files(source):
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, draft / name)
            _move(draft, folder)
    return folder


def _check_free(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; nothing was written.")
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is no folder, but is there; nothing was written.")


def _move(draft: Path, folder: Path) -> None:
    with explain_write_errors(folder):
        if folder.exists():
            folder.rmdir()  # it is empty, or this is an error
        draft.rename(folder)


def list_files(folder: Path) -> list[str]:
    """Return the files of a saved model that are pushed: all but hidden ones, in order.

    Raises:
        UsageError: if it is no folder with a model.
    """
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    visible = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    names = sorted(path.as_posix() for path in visible)
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        raise UsageError(f"{folder} holds no model: no config.json with model.safetensors.")
    return names
