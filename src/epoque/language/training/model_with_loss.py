"""A model together with its loss, as one module.

One `forward` is the door for training and measuring, because a wrapped module (data parallel,
sharded, compiled) sees only that.
"""

import torch
from torch import Tensor, nn

from ..config import LanguageConfig
from ..data.batches import Batch
from ..models import Model
from ..models.output_losses import IGNORE_INDEX, output_loss

__all__ = ["ModelWithLoss"]

_LOGITS_AT_ONCE = 2**24
"""Logits that are held at once while measuring: 64 MiB."""


class ModelWithLoss(nn.Module):
    """A model and its loss.

    Attributes:
        model: the network.
    """

    inclusion: Tensor | None
    unknown_ids: Tensor

    def __init__(
        self,
        config: LanguageConfig,
        model: Model,
        inclusion: Tensor | None = None,
        unknown_ids: tuple[int, ...] = (),
    ) -> None:
        """Join a model and its loss.

        Args:
            config: says which output layer is trained.
            model: the network.
            inclusion: for the sampled output layer, each token's probability to be drawn [V].
            unknown_ids: the tokens that stand for unknown words.
        """
        super().__init__()
        self.model = model
        self._head = config.head
        self.register_buffer("inclusion", inclusion, persistent=False)
        self.register_buffer("unknown_ids", torch.tensor(unknown_ids), persistent=False)

    def forward(
        self, batch: Batch, generator: torch.Generator | None = None, *, exact: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Return the loss to minimise, the mean over the batch's targets in nats.

        Args:
            batch: inputs and targets.
            generator: what the sampled output layer draws its sample from.
            exact: return exact losses instead, by the full softmax, as they are measured: their
                sums [9] float64, see `epoque.language.evaluation.exact_loss`, and those of each
                target in nats [B, T] float64, NaN where there is none.
        """
        hidden = self.model.compute_hidden_states(batch.input_ids, batch.attention_mask)
        has_target = batch.targets != IGNORE_INDEX
        if exact:
            return self._exact_losses(hidden, batch.targets, has_target)
        if not has_target.any():
            return 0.0 * hidden.sum()  # every process must go back through the same layers
        return output_loss(
            self._head, self.model, hidden, batch.targets,
            inclusion=self.inclusion, generator=generator,
        )  # fmt: skip

    def _exact_losses(
        self, hidden: Tensor, targets: Tensor, has_target: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the sums of `LossSums` over a batch, and the loss of each target."""
        chunk = max(1, _LOGITS_AT_ONCE // self.model.vocabulary)
        sums = torch.zeros(5, dtype=torch.float64, device=hidden.device)
        each = torch.zeros(has_target.shape, dtype=torch.float64, device=hidden.device)
        losses = [each.new_zeros(0)]
        for rows, row_targets in zip(
            torch.split(hidden[has_target], chunk),
            torch.split(targets[has_target], chunk),
            strict=True,
        ):
            logits = self.model.compute_logits(rows).float()
            nats = logits.logsumexp(-1) - logits.gather(-1, row_targets[:, None])[:, 0]
            is_right = logits.argmax(-1) == row_targets
            is_known = ~torch.isin(row_targets, self.unknown_ids)
            columns = nats, torch.ones_like(nats), is_right, nats * is_known, is_known
            sums += torch.stack([column.double().sum() for column in columns])
            losses.append(nats.double())
        each[has_target] = torch.cat(losses)
        moments = _block_moments(each.sum(1), has_target.sum(1).double())
        return torch.cat([sums, moments]), each.masked_fill(~has_target, torch.nan)


def _block_moments(nats: Tensor, targets: Tensor) -> Tensor:
    """Return how many blocks there are, and the sums of n², n t and t² over them, [4]."""
    count = nats.new_tensor(len(nats))
    return torch.stack([count, nats @ nats, nats @ targets, targets @ targets])
