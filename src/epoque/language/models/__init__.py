"""The models of the language lab: small PyTorch modules of our own."""

import torch

from epoque.bench.seeds import torch_generator

from ..config import LanguageConfig
from ..model_config import ModelConfig
from ..purposes import Purpose
from .attention import KeyValueCache
from .base import Model
from .bert import Bert
from .gpt2 import Gpt2
from .modern import ModernCausal, ModernMasked

__all__ = ["KeyValueCache", "Model", "ModelConfig", "build_model", "create_model"]


def build_model(config: LanguageConfig, vocabulary: int) -> Model:
    """Return a model with first weights from the config's seed: float32, on the CPU.

    Args:
        config: the settings.
        vocabulary: how many tokens the tokenizer has.

    Raises:
        ConfigError: if the settings make no model.
    """
    model = create_model(config.to_model_config(vocabulary))
    model.initialize_weights(torch_generator(config.seed, Purpose.INITIAL_WEIGHTS))
    return model


def create_model(config: ModelConfig) -> Model:
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
