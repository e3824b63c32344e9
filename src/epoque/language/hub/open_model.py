"""Opening a model by whatever names it: a run, a folder, or a name on the Hub."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoque.bench.errors import HubError, MissingExtraError, UnknownNameError, UsageError
from epoque.bench.files.atomic import read_json
from epoque.bench.runs.find_record import find_lab_record
from epoque.bench.runs.run import Run, Runs
from epoque.bench.torch.device import choose_device

from ..config import LanguageConfig

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["LoadedModel", "check_installed", "find_run", "is_model_folder", "open_model"]


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to use.

    Attributes:
        name: what it was asked for by.
        model: in evaluation mode, on its device.
        tokenizer: a `PreTrainedTokenizerFast`.
        context: how many tokens it should see at once: as many as it was trained on.
        start: the token after which a text began in training, None where that is not known.
        keeps_blank_lines: whether texts were read with their blank lines; so they are measured.
        joins_lines: whether paragraphs were read as one line.
        run: the run that it is of, None of a saved folder or a model of the Hub.
    """

    name: str
    model: "Model"
    tokenizer: Any
    context: int
    start: int | None = None
    keeps_blank_lines: bool = True
    joins_lines: bool = False
    run: Run[LanguageConfig] | None = None


def open_model(name: str, runs: str | Path = "runs", device: str = "cpu") -> LoadedModel:
    """Open a model.

    Args:
        name: a run's id, a part of it, `last` (see `find_run`) or its folder; a folder that `save`
            or transformers wrote; or `owner/name` on the Hub.
        runs: the folder of runs.
        device: see `epoque.bench.torch.device.choose_device`.

    Raises:
        UnknownNameError: if there is no such run.
        UsageError: if it is a run of another lab, has no checkpoint or no tokenizer, or the device
            is not there.
        DataError: if a folder's files cannot be used.
        DamagedRunError: if a run's files are damaged.
        HubError: if the Hub cannot be reached or has no such model.
        MissingExtraError: if the lab's packages are not installed.
    """
    check_installed()
    where = choose_device(device)
    opened = _open(name, runs)
    opened.model.to(where)
    return opened


def _open(name: str, runs: str | Path) -> LoadedModel:
    if is_model_folder(name):
        return _open_folder(name, Path(name))
    if _is_run_folder(name) or name.count("/") != 1:
        try:
            return _open_run(find_run(name, runs))
        except UnknownNameError as error:
            if error.kind != "run":
                raise
            raise UnknownNameError("run", name, Runs(runs).ids(), _HINT) from None
    return _open_folder(name, _pull_folder(name))


_HINT = (
    " Nor is there such a folder; a model of the Hub is named owner/name, such as "
    "openai-community/gpt2."
)


def _pull_folder(name: str) -> Path:
    """Return the folder of a model of the Hub; a folder's name that is mistyped looks like one."""
    from .hub import pull

    try:
        return pull(name)
    except (HubError, UsageError) as error:
        reason = str(error)
        reason = reason[:1].lower() + reason[1:]
        raise type(error)(f"There is no run or folder {name!r} here, and {reason}") from error


def is_model_folder(name: str) -> bool:
    """Return whether a folder of that name exists that is none of a run."""
    return os.path.isdir(name) and not _is_run_folder(name)


def _is_run_folder(name: str) -> bool:
    path = os.path.join(name, "config.json")
    return os.path.isfile(path) and "lab" in read_json(Path(path))


def find_run(name: str, runs: str | Path = "runs") -> Run[LanguageConfig]:
    """Return a run of this lab that has a model.

    Args:
        name: its id, a part of it, its folder, or `last`: the newest of this lab that has a
            checkpoint.
        runs: the folder of runs.

    Raises:
        UnknownNameError: if there is none of that name.
        UsageError: if it is another lab's, or has no checkpoint.
        DamagedRunError: if it cannot be read.
    """
    run = find_lab_record(
        Path(runs),
        name,
        "language",
        Run[LanguageConfig],
        usable=lambda run: bool(run.checkpoint_steps),
    )
    if not run.checkpoint_steps:
        raise UsageError(f"{run.id} {_without_checkpoint(run)}")
    return run


def _without_checkpoint(run: Run[LanguageConfig]) -> str:
    if run.status.state == "finished":
        return "keeps no checkpoint; a model cannot be made of it."
    if run.is_locked():
        return "is training and has no checkpoint yet."
    return f"stopped before its first checkpoint; `epoque resume {run.id}` begins it again."


def _open_run(run: Run[LanguageConfig]) -> LoadedModel:
    from ..training.checkpoint import restore_model

    config = run.config
    model, tokenizer = restore_model(run)
    return LoadedModel(
        run.id,
        model,
        tokenizer,
        min(config.block_size, model.context),
        **_reading(tokenizer, run.metadata["config"]),
        run=run,
    )


def _open_folder(name: str, folder: Path) -> LoadedModel:
    from ..models.hf_checkpoints import load_model

    if not (folder / "config.json").is_file():
        raise UsageError(
            f"The folder {name} holds no model (no config.json); {_suggest_name(folder)}."
        )
    model, tokenizer = load_model(folder)
    if tokenizer is None:
        raise UsageError(f"{name} holds no tokenizer; without it there are no words.")
    settings = _trained_settings(folder)
    size = settings.get("block_size")
    is_told = isinstance(size, int) and size > 0
    context = min(int(size or 0), model.context) if is_told else model.context
    reading = _reading(tokenizer, settings) if settings else {}
    return LoadedModel(name, model, tokenizer, context, **reading)


def _suggest_name(folder: Path) -> str:
    """Return what to name instead of a folder that holds no model."""
    if runs := Runs(folder).ids():
        return f"it holds runs: name one, such as {folder / runs[-1]}, or give --runs {folder} last"
    return "name a run, a folder that `epoque language save` wrote, or owner/name on the Hub"


def _trained_settings(folder: Path) -> Mapping[str, Any]:
    """Return the settings that a saved model was trained with, where that is told."""
    about = folder / "epoque.json"
    settings = read_json(about).get("config", {}) if about.is_file() else {}
    return settings if isinstance(settings, dict) else {}


def _reading(tokenizer: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a training with these settings read its text, as `LoadedModel` has it.

    Runs of before there was the setting `blank_lines` left these lines out.
    """
    from ..data.encoding import find_start_token

    keeps = {"keep": True, "auto": bool(settings.get("train_files"))}
    return {
        "start": find_start_token(tokenizer, settings.get("documents_apart") is True),
        "keeps_blank_lines": keeps.get(settings.get("blank_lines", "drop"), False),
        "joins_lines": settings.get("join_lines") is True,
    }


def check_installed() -> None:
    """Check that what the lab computes with is there.

    Raises:
        MissingExtraError: if it is not.
    """
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtraError("The language lab", "language") from None
