"""What is minimised, as one module: a model with its output layer's loss.

One `forward` is the door for training and measuring, because a wrapped module (data parallel,
sharded, compiled) sees only that.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..config import LanguageConfig
from ..data.batches import Batch
from ..models import output_losses as heads

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["Objective"]

_SCORES = 2**24
"""Scores of the output layer that are held at once while measuring: 64 MiB."""


class Objective(nn.Module):
    """A model and its loss.

    Attributes:
        model: the network.
    """

    inclusion: Tensor | None
    unknown: Tensor

    def __init__(
        self,
        config: LanguageConfig,
        model: "Model",
        inclusion: Tensor | None = None,
        unknown: tuple[int, ...] = (),
    ) -> None:
        """Join a model and its loss.

        Args:
            config: says which output layer is trained.
            model: the network.
            inclusion: for the sampled output layer, each token's probability to be drawn [V].
            unknown: ids of the tokens that stand for unknown words.
        """
        super().__init__()
        self.model = model
        self._head = config.head
        self.register_buffer("inclusion", inclusion, persistent=False)
        self.register_buffer("unknown", torch.tensor(unknown), persistent=False)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Return the loss to minimise, the mean over the batch's targets in nats.

        Without gradients (under `torch.no_grad`): the exact sums instead, see `measure`.
        """
        hidden = self.model.hidden(batch.inputs, batch.seen)
        wanted = batch.targets >= 0
        if not torch.is_grad_enabled():
            return self._sums(hidden[wanted], batch.targets[wanted])
        if not wanted.any():
            return 0.0 * hidden.sum()  # every process must go back through the same layers
        return heads.loss(
            self._head, self.model, hidden, batch.targets,
            inclusion=self.inclusion, generator=generator,
        )  # fmt: skip

    def _sums(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return sums over the targets, by the exact softmax [5] float64.

        Nats, targets, right guesses; then nats and targets without unknown words.
        """
        chunk = max(1, _SCORES // self.model.vocabulary)
        total = torch.zeros(5, dtype=torch.float64, device=hidden.device)
        for some, wanted in zip(
            torch.split(hidden, chunk), torch.split(targets, chunk), strict=True
        ):
            scores = self.model.logits(some).float()
            nats = scores.logsumexp(-1) - scores.gather(-1, wanted[:, None])[:, 0]
            right = scores.argmax(-1) == wanted
            known = ~torch.isin(wanted, self.unknown)
            columns = nats, torch.ones_like(nats), right, nats * known, known
            total += torch.stack([column.double().sum() for column in columns])
        return total
