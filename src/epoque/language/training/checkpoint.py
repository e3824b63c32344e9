"""A training's tensors as named arrays, the way checkpoints hold them, and a model made from them.

`model.NAME`: parameters; `average.NAME`: their moving average; `best.NAME`: the best measured so
far, with patience; `optimizer.NAME.KEY`: the optimizer's state of a parameter. `NAME` is the
parameter's name in the model (`epoque.language.models`), a tied one is there once.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Artifact
from epoque.bench.runs.run import Run

from ..config import LanguageConfig
from ..data.tokenizer import check_vocabulary, load_tokenizer, save_tokenizer
from ..models import Model, build_model
from .distributed import gather, shard_like

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = [
    "MEASURED_KINDS",
    "choose_vocabulary",
    "copy_arrays",
    "load_model",
    "optimizer_to_arrays",
    "restore_model",
    "restore_optimizer",
    "tensors_to_arrays",
    "tokenizer_artifacts",
]

MEASURED_KINDS = ("best", "average", "model")
"""Which weights are measured and kept in the end: the first of these that a checkpoint has."""

Array = NDArray[np.generic]
Arrays = Mapping[str, Array]


def tensors_to_arrays(kind: str, tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return copies of tensors, sharded or not, as arrays `kind.NAME`; all processes must ask."""
    return {f"{kind}.{name}": _to_array(tensor) for name, tensor in tensors.items()}


def _to_array(tensor: Tensor) -> Array:
    return np.array(gather(tensor.detach()).cpu().numpy())


@torch.no_grad()
def copy_arrays(kind: str, arrays: Arrays, tensors: Mapping[str, Tensor]) -> None:
    """Copy the arrays `kind.NAME` into the tensors, in place.

    Raises:
        KeyError, ValueError, RuntimeError: if they are of other tensors.
    """
    for name, tensor in tensors.items():
        value = torch.from_numpy(np.array(arrays[f"{kind}.{name}"]))
        if value.shape != tensor.shape:
            raise ValueError(f"{name} has another shape")
        tensor.copy_(shard_like(value, tensor))


def optimizer_to_arrays(optimizer: Optimizer, parameters: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return an optimizer's state as named arrays.

    Args:
        optimizer: any whose state of a parameter is tensors or numbers by name.
        parameters: its parameters by name.
    """
    names = {parameter: name for name, parameter in parameters.items()}
    return {
        f"optimizer.{names[parameter]}.{key}": _to_array(torch.as_tensor(value))
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
    }


def restore_optimizer(
    optimizer: Optimizer, parameters: Mapping[str, Tensor], arrays: Arrays
) -> None:
    """Give an optimizer the state that `optimizer_to_arrays` returned.

    Raises:
        KeyError, ValueError, RuntimeError: if the arrays are of other parameters.
    """
    names = {parameter: name for name, parameter in parameters.items()}
    ordered = [p for group in optimizer.param_groups for p in group["params"]]
    index_of = {names[parameter]: index for index, parameter in enumerate(ordered)}
    states: dict[int, dict[str, Tensor]] = {}
    for label, value in arrays.items():
        kind, _, rest = label.partition(".")
        if kind == "optimizer":
            name, _, key = rest.rpartition(".")
            index = index_of[name]
            tensor = shard_like(torch.from_numpy(np.array(value)), ordered[index])
            states.setdefault(index, {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


def choose_vocabulary(config: LanguageConfig, tokenizer: "PreTrainedTokenizerFast") -> int:
    """Return the rows of a model's embedding for a tokenizer.

    Raises:
        DataError: if the config asks for fewer rows than the tokenizer has tokens.
    """
    if config.model_vocabulary is not None:
        check_vocabulary(tokenizer, config.model_vocabulary)
    return config.model_vocabulary or len(tokenizer)


def load_model(config: LanguageConfig, vocabulary: int, arrays: Arrays) -> Model:
    """Return a checkpoint's model with the weights that are measured, on the CPU.

    Raises:
        DamagedRunError: if the arrays are of another model.
    """
    model = build_model(config, vocabulary)
    kind = next(k for k in MEASURED_KINDS if any(name.startswith(f"{k}.") for name in arrays))
    try:
        copy_arrays(kind, arrays, dict(model.named_parameters()))
    except (KeyError, ValueError, RuntimeError):
        raise DamagedRunError("The checkpoint is of another model than its config.") from None
    return model.eval()


def restore_model(
    run: Run[LanguageConfig], step: int | None = None
) -> "tuple[Model, PreTrainedTokenizerFast]":
    """Return a run's model and tokenizer.

    Args:
        run: a finished run, or one that has a checkpoint.
        step: which checkpoint; the last one by default.

    Returns:
        The model with the weights that are measured (the best with patience, else the average
        with `ema`, else the last), on the CPU in evaluation mode, and its tokenizer.

    Raises:
        UnknownNameError: if there is no such checkpoint.
        DamagedRunError: if a file cannot be read.
    """
    config = run.config
    checkpoint = run.checkpoint(step)
    tokenizer = load_tokenizer(run.path)
    return load_model(config, choose_vocabulary(config, tokenizer), checkpoint.arrays), tokenizer


def tokenizer_artifacts(tokenizer: "PreTrainedTokenizerFast") -> list[Artifact]:
    """Return a tokenizer's files, which make a run readable without its corpus."""
    with TemporaryDirectory() as folder:
        save_tokenizer(tokenizer, Path(folder))
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        return [Artifact(path.name, path.read_bytes()) for path in files]
