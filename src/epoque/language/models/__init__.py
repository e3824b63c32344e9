"""The models of the language lab: small PyTorch modules of our own."""

from typing import TYPE_CHECKING

import torch

from epoque.bench.seeds import torch_generator

from .attention import Cache
from .base import Model
from .bert import Bert
from .gpt2 import Gpt2
from .modern import ModernCausal, ModernMasked
from .spec import Spec, parameters_of, spec_of

if TYPE_CHECKING:
    from epoque.language.config import LanguageConfig

__all__ = ["Cache", "Model", "Spec", "build", "create", "parameters_of", "spec_of"]


def build(config: "LanguageConfig", vocabulary: int) -> Model:
    """Return a model with first weights from the config's seed: float32, on the CPU.

    Args:
        config: the settings.
        vocabulary: how many tokens the tokenizer has.

    Raises:
        ConfigError: if the settings make no model.
    """
    model = create(spec_of(config, vocabulary))
    model.initialise(torch_generator(config.seed, "initial weights"))
    return model


def create(spec: Spec) -> Model:
    """Return a model whose weights are yet to be filled: float32, on the CPU."""
    kinds: dict[tuple[str, str], type[Model]] = {
        ("gpt2", "causal"): Gpt2,
        ("bert", "masked"): Bert,
        ("modern", "causal"): ModernCausal,
        ("modern", "masked"): ModernMasked,
    }
    with torch.device("meta"):
        model = kinds[spec.architecture, spec.objective](spec)
    return model.to_empty(device="cpu")
