"""How the gradient of a language model becomes a step."""

from typing import Literal

from epoque.bench.config import SettingsGroup, setting

from ..labels import OPTIMIZER_CHOICES

__all__ = ["OptimizerName", "OptimizerSettings"]

OptimizerName = Literal["adamw", "muon"]


class OptimizerSettings(SettingsGroup):
    """AdamW's or Muon's hyperparameters, and the clipping of the gradient."""

    optimizer: OptimizerName = setting(
        "muon",
        "Optimiser",
        "AdamW; or Muon for the matrices and AdamW for the rest.",
        group="Training",
        choices=OPTIMIZER_CHOICES,
    )
    learning_rate: float | None = setting(
        None,
        "Learning rate",
        "AdamW's, or with muon that of the matrices; none: 0.001 and 0.01.",
        gt=0,
        le=100,
        group="Training",
        scale="log",
    )
    embedding_learning_rate: float | None = setting(
        None,
        "Learning rate of the rest",
        "With muon: AdamW's, for embeddings, biases and norms; none: 0.005.",
        gt=0,
        le=100,
        group="Training",
        scale="log",
        only={"optimizer": ("muon",)},
    )
    weight_decay: float = setting(
        0.01,
        "Weight decay",
        "How fast the matrices are drawn to zero.",
        ge=0,
        le=100,
        group="Training",
        scale="log",
    )
    beta1: float = setting(
        0.9,
        "Beta 1",
        "AdamW's memory of the mean gradient.",
        ge=0,
        lt=1,
        group="Training",
        step=0.01,
    )
    beta2: float = setting(
        0.95,
        "Beta 2",
        "AdamW's memory of the squared gradient.",
        ge=0,
        lt=1,
        group="Training",
        step=0.001,
    )
    momentum: float = setting(
        0.95,
        "Momentum",
        "With muon: the share of the last step kept.",
        ge=0,
        lt=1,
        group="Training",
        step=0.01,
        only={"optimizer": ("muon",)},
    )
    muon_every: int = setting(
        1,
        "Muon's interval",
        "The matrices step once in so many steps, by all their gradients: cheaper small batches.",
        unit="steps",
        ge=1,
        le=1000,
        group="Training",
        step=1,
        only={"optimizer": ("muon",)},
    )
    clip: float = setting(
        1.0,
        "Gradient clipping",
        "Longest gradient that is followed (max_grad_norm); 0: any.",
        ge=0,
        le=1e6,
        group="Training",
        scale="log",
    )

    @property
    def peak_learning_rate(self) -> float:
        """The peak of `learning_rate`: AdamW's, or with muon that of the matrices."""
        return self.learning_rate or {"adamw": 1e-3, "muon": 1e-2}[self.optimizer]

    @property
    def peak_embedding_learning_rate(self) -> float:
        """The peak of `embedding_learning_rate`: of all that is no matrix, with muon."""
        return self.embedding_learning_rate or 5e-3
