"""A training's state as named arrays, the way checkpoints hold it, and a model made from them.

`model.NAME`: parameters; `average.NAME`: their moving average; `best.NAME`: the best measured so
far, with patience; `optimizer.NAME.KEY`: what the optimiser remembers of a parameter. `NAME` is
the parameter's name in the model (`epoque.language.models`), a tied one is there once.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DamagedRunError
from epoque.bench.events import Artifact
from epoque.bench.runs.run import Run

from .. import models
from ..config import LanguageConfig
from ..data import tokenizer
from .distributed import gather

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from ..models import Model

__all__ = [
    "MEASURED",
    "array",
    "load_weights",
    "model_of",
    "optimizer_arrays",
    "restore",
    "restore_optimizer",
    "size_of",
    "tokenizer_files",
]

MEASURED = ("best", "average", "model")
"""Which weights are measured and kept in the end: the first of these that a checkpoint has."""

Arrays = Mapping[str, NDArray[Any]]


def array(tensor: Tensor) -> NDArray[Any]:
    """Return a copy of a tensor, spread or not, as NumPy array."""
    return np.array(gather(tensor.detach()).cpu().numpy())


def optimizer_arrays(optimizer: "Optimizer", names: Mapping[Tensor, str]) -> dict[str, Any]:
    """Return what an optimiser remembers, as named arrays.

    Args:
        optimizer: any whose state of a parameter is tensors or numbers by name.
        names: each of its parameters' names.
    """
    return {
        f"optimizer.{names[parameter]}.{key}": array(torch.as_tensor(value))
        for parameter, memory in optimizer.state.items()
        for key, value in memory.items()
    }


def restore_optimizer(optimizer: "Optimizer", names: Mapping[Tensor, str], arrays: Arrays) -> None:
    """Give an optimiser the memory that `optimizer_arrays` returned.

    Raises:
        KeyError, ValueError, RuntimeError: if the arrays are of other parameters.
    """
    places = [p for group in optimizer.param_groups for p in group["params"]]
    memories: dict[int, dict[str, Tensor]] = {}
    by_name = {names[parameter]: index for index, parameter in enumerate(places)}
    for label, value in arrays.items():
        kind, _, rest = label.partition(".")
        if kind == "optimizer":
            name, _, key = rest.rpartition(".")
            index = by_name[name]
            told = _spread_like(torch.from_numpy(np.array(value)), places[index])
            memories.setdefault(index, {})[key] = told
    optimizer.load_state_dict({**optimizer.state_dict(), "state": memories})


def _spread_like(tensor: Tensor, like: Tensor) -> Tensor:
    """Spread a tensor over the processes as a parameter of the same shape is."""
    if not hasattr(like, "device_mesh") or tensor.shape != like.shape:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    placements: Any = getattr(like, "placements")  # noqa: B009 (a DTensor has them)
    return distribute_tensor(tensor.to(like.device), like.device_mesh, placements)


@torch.no_grad()
def load_weights(tensors: Mapping[str, Tensor], arrays: Arrays, kind: str) -> None:
    """Copy the arrays `kind.NAME` into the tensors, in place.

    Raises:
        KeyError, ValueError, RuntimeError: if they are of other tensors.
    """
    for name, tensor in tensors.items():
        value = torch.from_numpy(np.array(arrays[f"{kind}.{name}"]))
        if value.shape != tensor.shape:
            raise ValueError(f"{name} has another shape")
        tensor.copy_(_spread_like(value, tensor))


def size_of(config: LanguageConfig, made: Any) -> int:
    """Return the rows of a model's embedding for a tokenizer.

    Raises:
        DataError: if the config asks for fewer rows than the tokenizer has tokens.
    """
    if config.model_vocabulary is not None:
        tokenizer.check_vocabulary(made, config.model_vocabulary)
    return config.model_vocabulary or len(made)


def model_of(config: LanguageConfig, vocabulary: int, arrays: Arrays) -> "Model":
    """Return a checkpoint's model with the weights that are measured, on the CPU.

    Raises:
        DamagedRunError: if the arrays are of another model.
    """
    model = models.build(config, vocabulary)
    kind = next(k for k in MEASURED if any(name.startswith(f"{k}.") for name in arrays))
    try:
        load_weights(dict(model.named_parameters()), arrays, kind)
    except (KeyError, ValueError, RuntimeError):
        raise DamagedRunError("The checkpoint is of another model than its config.") from None
    return model.eval()


def restore(run: Run[LanguageConfig], step: int | None = None) -> "tuple[Model, Any]":
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
    made = tokenizer.load(run.path)
    return model_of(config, size_of(config, made), checkpoint.arrays), made


def tokenizer_files(made: Any) -> list[Artifact]:
    """Return a tokenizer's files, which make a run readable without its corpus."""
    with TemporaryDirectory() as folder:
        made.save_pretrained(folder)
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
        return [Artifact(path.name, path.read_bytes()) for path in files]
