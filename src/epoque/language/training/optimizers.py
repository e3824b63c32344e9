"""AdamW, and Muon for the matrices.

A matrix's gradient is mostly a few strong directions. Muon (Jordan 2024) steps equally far in all
of them: it replaces the momentum M = U S Vᵀ by about U Vᵀ (`newton_schulz`). Embeddings, biases and
norms are no maps and stay with AdamW (Loshchilov and Hutter 2019). The gradient of a huge embedding
may be sparse: then only the touched rows step, and without momentum, because what a rare word's row
remembers is of another time.

PyTorch's own `torch.optim.Muon` and `AdamW` are not enough: neither steps sparse rows, and Muon's
takes no per-head matrices, no interval (`muon_every`) and no sharded weights.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.adamw import adamw

from ..config import LanguageConfig
from ..models import Model
from .distributed import gather, shard_like
from .newton_schulz import COEFFICIENTS, orthogonalize

__all__ = ["MuonAdamW", "build_optimizer", "clip_grad_norm_", "set_learning_rates"]

_EPSILON = 1e-8

Group = dict[str, Any]
"""A group of parameters, as `torch.optim.Optimizer` holds it."""


def build_optimizer(model: Model, config: LanguageConfig) -> "MuonAdamW":
    """Return the optimizer that a config asks for.

    With muon the matrices of the layers take Muon at `learning_rate`, everything else AdamW at
    `embedding_learning_rate`; with adamw everything takes AdamW at `learning_rate`. Biases and
    norms do not decay.
    """
    matrix_counts = dict(model.hidden_matrices())
    tables = [p for p in model.parameters() if p.dim() > 1 and p not in matrix_counts]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    uses_muon, decay = config.optimizer == "muon", config.weight_decay
    adamw_learning_rate = (
        config.peak_embedding_learning_rate if uses_muon else config.peak_learning_rate
    )
    matrices: Group = {
        "params": list(matrix_counts),
        "lr": config.peak_learning_rate,
        "weight_decay": decay,
    }
    if uses_muon:
        matrices |= {"muon": True, "momentum": config.momentum, "step_interval": config.muon_every}
        matrices["matrix_counts"] = list(matrix_counts.values())
    groups = [
        matrices,
        {"params": tables, "lr": adamw_learning_rate, "weight_decay": decay},
        {"params": vectors, "lr": adamw_learning_rate, "weight_decay": 0.0},
    ]
    betas = (config.beta1, config.beta2)
    return MuonAdamW([group for group in groups if group["params"]], betas=betas)


def set_learning_rates(optimizer: Optimizer, factor: float) -> None:
    """Set every group's learning rate to its highest one times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


@torch.no_grad()
def clip_grad_norm_(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients together to a norm of at most `max_norm`; return the norm before.

    As `torch.nn.utils.clip_grad_norm_`, which takes no sparse gradients; these are coalesced on the
    way. A norm that is not finite changes nothing and is returned as it is.
    """
    grads = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            grads.append(parameter.grad.values())
        else:
            grads.append(parameter.grad)
    if not grads:
        return 0.0
    norm = float(gather(torch.nn.utils.get_total_norm(grads)))
    if math.isfinite(norm) and norm > max_norm:
        torch._foreach_mul_(grads, max_norm / norm)
    return norm


class MuonAdamW(Optimizer):
    """Muon for some groups of parameters, AdamW for the others.

    Args:
        params: groups. Every group has `lr` and `weight_decay` (decoupled: a step first multiplies
            by 1 − lr × decay). Groups with `muon` hold matrices [out, in], `momentum`, and
            `matrix_counts`, of each parameter how many maps of equal size stand above one another
            in it; `step_interval` if they step once in so many steps only; `coefficients` of the
            iteration if not ours.
        betas: AdamW's decays of the mean gradient and of its square; sparse gradients use the
            second alone.
    """

    def __init__(self, params: Iterable[Group], betas: tuple[float, float] = (0.9, 0.95)) -> None:
        defaults = {
            "lr": 1e-3,
            "weight_decay": 0.0,
            "betas": betas,
            "muon": False,
            "step_interval": 1,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            group["initial_lr"] = group["lr"]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step along the gradients; parameters without one stay."""
        for group in self.param_groups:
            if group["muon"]:
                self._muon_step(group)
            else:
                self._adamw_step(group)

    def _muon_step(self, group: Group) -> None:
        """Step all matrices; those of equal size are orthogonalized in one batch."""
        by_size: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for parameter, count in zip(group["params"], group["matrix_counts"], strict=True):
            if parameter.grad is not None:
                state = self._update_momentum(parameter, group["momentum"])
                if state["step"] % group["step_interval"] == 0:
                    # Nesterov: the gradient is followed a step further along the momentum.
                    update = parameter.grad.lerp(state["momentum"], group["momentum"])
                    update = gather(update).view(count, -1, parameter.shape[1])
                    by_size[tuple(update.shape[1:])].append((parameter, update))
        for (rows, columns), members in by_size.items():
            counts = [update.shape[0] for _, update in members]
            stacked = torch.cat([update for _, update in members])
            updates = orthogonalize(stacked, group.get("coefficients", COEFFICIENTS))
            # All singular values are 1: a tall matrix changes its outputs less, by √(columns/rows).
            matrix_learning_rate = group["lr"] * max(1.0, rows / columns) ** 0.5
            for (parameter, _), update in zip(members, torch.split(updates, counts), strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(
                    shard_like(update.flatten(0, 1), parameter), alpha=-matrix_learning_rate
                )

    def _update_momentum(self, parameter: Tensor, momentum: float) -> dict[str, Tensor]:
        """Count the gradient and add it to the momentum."""
        assert parameter.grad is not None
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["momentum"] = torch.zeros_like(parameter)
        state["step"] += 1
        state["momentum"].lerp_(parameter.grad, 1 - momentum)
        return state

    def _adamw_step(self, group: Group) -> None:
        parameters = [p for p in group["params"] if p.grad is not None]
        for parameter in parameters:
            self._init_adamw_state(parameter)
        for parameter in (p for p in parameters if p.grad.is_sparse):
            self._step_rows(parameter, group)
        dense = [p for p in parameters if not p.grad.is_sparse]
        states = [self.state[parameter] for parameter in dense]
        if dense:
            adamw(
                dense,
                [p.grad for p in dense],
                exp_avgs=[state["mean"] for state in states],
                exp_avg_sqs=[state["square"] for state in states],
                max_exp_avg_sqs=[],
                state_steps=[state["step"] for state in states],
                fused=True,
                amsgrad=False,
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=_EPSILON,
                maximize=False,
            )

    def _init_adamw_state(self, parameter: Tensor) -> None:
        assert parameter.grad is not None
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), device=parameter.device)
            state["square"] = torch.zeros_like(parameter)
        if "mean" not in state and not parameter.grad.is_sparse:
            state["mean"] = torch.zeros_like(parameter)

    def _step_rows(self, parameter: Tensor, group: Group) -> None:
        """Step in the rows that the gradient touches, as AdamW without momentum; others rest."""
        assert parameter.grad is not None
        sparse_grad = parameter.grad.coalesce()
        rows, grad = sparse_grad.indices()[0], sparse_grad.values()
        state, beta2 = self.state[parameter], group["betas"][1]
        state["step"] += 1
        square = state["square"].index_select(0, rows).mul_(beta2)
        square.addcmul_(grad, grad, value=1 - beta2)
        state["square"].index_copy_(0, rows, square)
        # √v̂ + ε, with the usual correction of a running mean that began at 0.
        denominator = square.div_(1 - beta2 ** float(state["step"])).sqrt_().add_(_EPSILON)
        values = parameter.index_select(0, rows).mul_(1 - group["lr"] * group["weight_decay"])
        parameter.index_copy_(0, rows, values.addcdiv_(grad, denominator, value=-group["lr"]))
