"""The models of the language lab: small PyTorch modules of our own."""

from typing import TYPE_CHECKING

import torch

from epoque.bench.seeds import torch_generator

from ..model_config import ModelConfig
from .attention import Cache
from .base import Model
from .bert import Bert
from .gpt2 import Gpt2
from .modern import ModernCausal, ModernMasked

if TYPE_CHECKING:
    from epoque.language.config import LanguageConfig

__all__ = ["Cache", "Model", "ModelConfig", "build", "create"]


def build(config: "LanguageConfig", vocabulary: int) -> Model:
    """Return a model with first weights from the config's seed: float32, on the CPU.

    Args:
        config: the settings.
        vocabulary: how many tokens the tokenizer has.

    Raises:
        ConfigError: if the settings make no model.
    """
    model = create(config.to_model_config(vocabulary))
    model.initialise(torch_generator(config.seed, "initial weights"))
    return model


def create(config: ModelConfig) -> Model:
    """Return a model whose weights are yet to be filled: float32, on the CPU."""
    kinds: dict[tuple[str, str], type[Model]] = {
        ("gpt2", "causal"): Gpt2,
        ("bert", "masked"): Bert,
        ("modern", "causal"): ModernCausal,
        ("modern", "masked"): ModernMasked,
    }
    with torch.device("meta"):
        model = kinds[config.architecture, config.objective](config)
    return model.to_empty(device="cpu")
