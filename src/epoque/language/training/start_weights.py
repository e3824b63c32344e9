"""The weights that a training starts from: of a run, a saved folder or a model of the Hub."""

from pathlib import Path

import torch

from epoque.bench.errors import ConfigError, DataError, Problem, first_line
from epoque.bench.files.atomic import read_json
from epoque.bench.runs.run import Run

from ..config import LanguageConfig
from ..models import Model
from ..models.hf_checkpoints import load_model
from .checkpoint import restore_model

__all__ = ["copy_start_weights", "load_start_model"]

_FILES = ["*.json", "*.safetensors"]
_SHAPE = {
    "architecture": "architecture",
    "objective": "objective",
    "layers": "layers",
    "width": "width",
    "heads": "heads",
    "feed_forward": "feed_forward",
    "vocabulary": "model_vocabulary",
    "tied": "tie_embeddings",
}
"""What of a model's shape must be that of the config, and the setting that says it."""


def load_start_model(config: LanguageConfig, vocabulary: int) -> Model:
    """Return the model that a training starts from, on the CPU.

    Args:
        config: `start_from` names it; the other settings say the same shape.
        vocabulary: rows that the config's model has.

    Raises:
        ConfigError: if it has another shape: each setting with the value that it must have.
        DataError: if there is no such model, or its files cannot be used.
        DamagedRunError: if a run's files are damaged.
    """
    assert config.start_from is not None
    model = _open(config.start_from)
    if problems := list(_differences(config, model, vocabulary)):
        raise ConfigError(problems)
    return model


@torch.no_grad()
def copy_start_weights(config: LanguageConfig, model: Model) -> None:
    """Give a new model the weights that its training starts from.

    Raises:
        ConfigError, DataError, DamagedRunError: see `load_start_model`.
    """
    model.load_state_dict(load_start_model(config, model.vocabulary).state_dict())


def _open(name: str) -> Model:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _fetch(name)
    about = folder / "config.json"
    if about.is_file() and "lab" in read_json(about):
        run = Run[LanguageConfig](folder)
        if run.lab_name != "language" or not run.checkpoint_steps:
            raise DataError(f"start_from: the run {name} holds no language model.")
        return restore_model(run)[0]
    return load_model(folder)[0]


def _fetch(name: str) -> Path:
    """Return the folder of a model of the Hub, downloaded where it is not cached."""
    from huggingface_hub import snapshot_download

    try:  # one question, asked once
        return Path(snapshot_download(name, allow_patterns=_FILES))
    except Exception as error:  # OSError, ValueError, the HTTP library's, bare ones
        raise DataError(
            f"There is no model {name!r} to start from: no such folder, and the Hugging Face Hub "
            f"does not give it ({first_line(error)})."
        ) from None


def _differences(config: LanguageConfig, model: Model, vocabulary: int) -> "list[Problem]":
    ours, theirs = config.to_model_config(vocabulary), model.config
    names = dict(_SHAPE)
    if config.architecture != "modern":  # where positions are no weights, any context will do
        names["context"] = "positions"
    return [
        Problem(
            setting,
            f"{getattr(ours, name)} is not what the model to start from has; it has "
            f"{getattr(theirs, name)}.",
        )
        for name, setting in names.items()
        if getattr(ours, name) != getattr(theirs, name)
    ]
