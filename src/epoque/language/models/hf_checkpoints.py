"""Checkpoints of transformers: writing them and reading them, weight by weight.

A saved folder holds `config.json`, `model.safetensors` and the tokenizer's files, and is opened by
`AutoModelForCausalLM` or `AutoModelForMaskedLM` without code of ours. What is `gpt2` here is
`GPT2LMHeadModel` there, `bert` is `BertForMaskedLM`, the modern causal model is
`NanoChatForCausalLM` (without its soft cap) and the modern masked one `EuroBertForMaskedLM`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.files.atomic import explain_write_errors, read_json, write_atomic, write_json
from epoque.bench.files.safetensors_file import read_safetensors

from ..data.tokenizer import check_vocabulary, load_tokenizer, save_tokenizer
from . import create_model
from .base import Model
from .hf_layout import (
    WeightEntry,
    duplicated_weights,
    parse_hf_config,
    to_hf_config,
    weight_entries,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["load_model", "save_model", "to_hf_state"]

WEIGHTS = "model.safetensors"
_SCALES = ("_scale", "_scale_inv", ".scales", ".absmax")
"""Ends of the names of factors that quantised weights are to be multiplied by."""


def save_model(model: Model, tokenizer: "PreTrainedTokenizerFast | None", folder: Path) -> None:
    """Write a model, and its tokenizer, as transformers does.

    Args:
        model: what to save; written as float32.
        tokenizer: its tokenizer, or None to write the model alone.
        folder: made if it does not exist; files of the same names are replaced.

    Raises:
        DataError: if the tokenizer has more tokens than the model.
        RunWriteError: if the system refuses a write.
    """
    if tokenizer is not None:
        check_vocabulary(tokenizer, model.vocabulary)
    special = _special_token_ids(model, tokenizer)
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if tokenizer is not None:
            save_tokenizer(tokenizer, folder, model.context)
    write_json(folder / "config.json", to_hf_config(model.config) | special)
    if model.causal:
        # Drawn, as Epoque does; transformers alone would take the likeliest token.
        known = {name: token for name, token in special.items() if token is not None}
        write_json(folder / "generation_config.json", {"do_sample": True, **known})
    write_atomic(folder / WEIGHTS, safetensors_bytes(to_hf_state(model), {"format": "pt"}))


def to_hf_state(model: Model) -> dict[str, Tensor]:
    """Return the weights by their names in transformers: contiguous, float32, on the CPU."""
    ours = model.state_dict()
    state: dict[str, Tensor] = {}
    for entry in weight_entries(model.config):
        parts = ours[entry.ours].detach().cpu().float().chunk(len(entry.theirs))
        for name, part in zip(entry.theirs, parts, strict=True):
            state[name] = (part.T if entry.is_transposed else part).contiguous().clone()
    for name, other in duplicated_weights(model.config).items():
        state[name] = state[other].clone()
    return state


def load_model(folder: Path) -> "tuple[Model, PreTrainedTokenizerFast | None]":
    """Read a folder that `save_model` or transformers wrote.

    Args:
        folder: holds `config.json`, `model.safetensors` and, perhaps, a tokenizer.

    Returns:
        The model (float32, on the CPU, in evaluation mode) and its tokenizer, or None.

    Raises:
        DataError: if a file is missing, cut short or damaged, if the model is of another kind, if
            a weight is missing or of another shape, or if the tokenizer has more tokens than the
            model.
        DamagedRunError: if `config.json` is damaged or missing.
    """
    content = read_json(folder / "config.json")
    model = create_model(parse_hf_config(content, str(folder / "config.json")))
    state = _read_weights(folder / WEIGHTS)
    for entry in weight_entries(model.config):
        _copy_into(model.get_parameter(entry.ours), entry, state, folder)
    tokenizer = _load_tokenizer(folder)
    if tokenizer is not None:
        check_vocabulary(tokenizer, model.vocabulary)
    return model.eval(), tokenizer


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise DataError(f"{path.parent} holds no {path.name}; weights are read from nothing else.")
    arrays = read_safetensors(path)
    if scaled := next((name for name in arrays if name.endswith(_SCALES)), None):
        raise DataError(f"{path}: {scaled} scales weights of 8 bits or fewer, which is not read.")
    return {_modern_name(name): torch.from_numpy(value) for name, value in arrays.items()}


def _modern_name(name: str) -> str:
    """Spell a weight of an old checkpoint as transformers does today."""
    prefix = "transformer." if name.startswith(("wte.", "wpe.", "ln_f.", "h.")) else ""
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    return prefix + name.replace("LayerNorm.beta", "LayerNorm.bias")


@torch.no_grad()
def _copy_into(
    parameter: Tensor, entry: WeightEntry, state: Mapping[str, Tensor], folder: Path
) -> None:
    """Copy one parameter out of a checkpoint."""
    rows = parameter.shape[0] // len(entry.theirs)
    for name, place in zip(entry.theirs, torch.split(parameter, rows), strict=True):
        if name not in state:
            raise DataError(f"{folder / WEIGHTS} lacks {name}.")
        value = state[name].T if entry.is_transposed else state[name]
        if value.shape != place.shape:
            shapes = f"{list(value.shape)}, but config.json makes it {list(place.shape)}"
            raise DataError(f"{folder / WEIGHTS}: {name} is {shapes}.")
        place.copy_(value)


def _load_tokenizer(folder: Path) -> "PreTrainedTokenizerFast | None":
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json")):
        return None
    return load_tokenizer(folder)


def _special_token_ids(
    model: Model, tokenizer: "PreTrainedTokenizerFast | None"
) -> dict[str, int | None]:
    """Return the ids of the special tokens, which transformers would otherwise assume."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    ids = {name: getattr(tokenizer, name, None) for name in names}
    mask = None if model.causal else getattr(tokenizer, "mask_token_id", None)
    return ids if mask is None else ids | {"mask_token_id": mask}
