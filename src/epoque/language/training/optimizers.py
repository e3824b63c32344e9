"""AdamW, and Muon for the matrices.

A matrix's gradient is mostly a few strong directions. Muon (Jordan 2024) steps equally far in all
of them: it replaces the momentum M = U S Vᵀ by about U Vᵀ, by a polynomial iteration made of
products alone. Embeddings, biases and norms are no maps and stay with AdamW (Loshchilov and Hutter
2019). The gradient of a huge embedding may be sparse: then only the touched rows step, and without
momentum, because what a rare word's row remembers is of another time.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.adamw import adamw

if TYPE_CHECKING:
    from ..config import LanguageConfig
    from ..models import Model

__all__ = ["MuonAdamW", "build", "clip", "orthogonalised", "set_rate"]

# A turn of the iteration is X ← aX + bAX + cA²X with A = XXᵀ. Together these turns take singular
# values from 1/100 to 1 to within 0.28 of 1, as evenly as three turns can (found by descent on the
# largest error); the five equal turns of Jordan (2024) do no better and cost two thirds more.
_TURNS = ((8.0797, -23.5511, 17.3929), (3.8814, -2.8972, 0.5711), (2.4484, -1.5795, 0.3139))
_EPSILON = 1e-8

Turns = Sequence[tuple[float, float, float]]


def build(model: "Model", config: "LanguageConfig") -> "MuonAdamW":
    """Return the optimiser that a config asks for.

    With muon the matrices of the layers take Muon at `learning_rate`, everything else AdamW at
    `embedding_learning_rate`; with adamw everything takes AdamW at `learning_rate`. Biases and
    norms do not decay.
    """
    maps = dict(model.matrices())
    tables = [p for p in model.parameters() if p.dim() > 1 and p not in maps]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    betas = (config.beta1, config.beta2)
    muon = config.optimizer == "muon"
    rate = config.embedding_rate if muon else config.rate
    decay = config.weight_decay
    matrices: dict[str, Any] = {"params": list(maps), "lr": config.rate, "weight_decay": decay}
    if muon:
        matrices |= {"muon": True, "momentum": config.momentum, "every": config.muon_every}
        matrices["maps"] = list(maps.values())
    groups = [
        matrices,
        {"params": tables, "lr": rate, "weight_decay": decay},
        {"params": vectors, "lr": rate, "weight_decay": 0.0},
    ]
    return MuonAdamW([group for group in groups if group["params"]], betas=betas)


def set_rate(optimizer: Optimizer, factor: float) -> None:
    """Set every group's learning rate to its highest one times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


@torch.no_grad()
def clip(parameters: Iterable[Tensor], limit: float) -> float:
    """Shorten all gradients together to a length of at most `limit`; return the length before.

    Sparse gradients are made compact on the way. A length that is not finite is returned as it is.
    """
    parts = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        if parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()
            parts.append(parameter.grad.values())
        else:
            parts.append(parameter.grad)
    if not parts:
        return 0.0
    norm = float(_whole(torch.nn.utils.get_total_norm(parts)))
    if math.isfinite(norm) and norm > limit:
        torch._foreach_mul_(parts, limit / norm)
    return norm


class MuonAdamW(Optimizer):
    """Muon for some groups of parameters, AdamW for the others.

    Args:
        params: groups. Every group has `lr` and `weight_decay` (decoupled: a step first multiplies
            by 1 − lr × decay). Groups with `muon` hold matrices [out, in], `momentum`, and `maps`,
            of each matrix how many maps of equal size stand above one another in it; `every` if
            they step once in so many steps only; `turns` of the iteration if not ours.
        betas: AdamW's memories of the mean gradient and of its square; sparse gradients use the
            second alone.
    """

    def __init__(self, params: Any, betas: tuple[float, float] = (0.9, 0.95)) -> None:
        defaults = {"lr": 1e-3, "weight_decay": 0.0, "betas": betas, "muon": False, "every": 1}
        super().__init__(params, defaults)
        for group in self.param_groups:
            group["initial_lr"] = group["lr"]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step along the gradients; parameters without one stay."""
        for group in self.param_groups:
            if group["muon"]:
                self._muon(group)
            else:
                self._adamw(group)

    def _muon(self, group: dict[str, Any]) -> None:
        """Step all matrices; those of equal size are orthogonalised in one batch."""
        sizes: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for parameter, maps in zip(group["params"], group["maps"], strict=True):
            if parameter.grad is not None:
                memory = self._gathered(parameter, group["momentum"])
                if memory["step"] % group["every"] == 0:
                    towards = parameter.grad.lerp(memory["momentum"], group["momentum"])
                    towards = _whole(towards).view(maps, -1, parameter.shape[1])
                    sizes[tuple(towards.shape[1:])].append((parameter, towards))
        for (rows, columns), members in sizes.items():
            maps = [towards.shape[0] for _, towards in members]
            together = torch.cat([towards for _, towards in members])
            units = orthogonalised(together, group.get("turns", _TURNS))
            rate = group["lr"] * max(1.0, rows / columns) ** 0.5
            for (parameter, _), unit in zip(members, torch.split(units, maps), strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(_spread(unit.flatten(0, 1), parameter), alpha=-rate)

    def _gathered(self, parameter: Tensor, momentum: float) -> dict[str, Tensor]:
        """Count the gradient and add it to the momentum."""
        memory: dict[str, Tensor] = self.state[parameter]
        if not memory:
            memory["step"] = torch.zeros(())
            memory["momentum"] = torch.zeros_like(parameter)
        memory["step"] += 1
        memory["momentum"].lerp_(parameter.grad, 1 - momentum)  # type: ignore[arg-type]
        return memory

    def _adamw(self, group: dict[str, Any]) -> None:
        found = [p for p in group["params"] if p.grad is not None]
        for parameter in found:
            self._remember(parameter)
        for parameter in (p for p in found if p.grad.is_sparse):
            self._step_rows(parameter, group)
        dense = [p for p in found if not p.grad.is_sparse]
        memories = [self.state[parameter] for parameter in dense]
        if dense:
            adamw(
                dense,
                [p.grad for p in dense],
                exp_avgs=[m["mean"] for m in memories],
                exp_avg_sqs=[m["square"] for m in memories],
                max_exp_avg_sqs=[],
                state_steps=[m["step"] for m in memories],
                fused=True,
                amsgrad=False,
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=_EPSILON,
                maximize=False,
            )

    def _remember(self, parameter: Tensor) -> None:
        memory = self.state[parameter]
        if not memory:
            memory["step"] = torch.zeros((), device=parameter.device)
            memory["square"] = torch.zeros_like(parameter)
        if "mean" not in memory and not parameter.grad.is_sparse:  # type: ignore[union-attr]
            memory["mean"] = torch.zeros_like(parameter)

    def _step_rows(self, parameter: Tensor, group: dict[str, Any]) -> None:
        """Step in the rows that the gradient touches, as AdamW without momentum; others rest."""
        grad = parameter.grad.coalesce()  # type: ignore[union-attr]
        rows, slope = grad.indices()[0], grad.values()
        memory, beta = self.state[parameter], group["betas"][1]
        memory["step"] += 1
        square = memory["square"].index_select(0, rows).mul_(beta)
        square.addcmul_(slope, slope, value=1 - beta)
        memory["square"].index_copy_(0, rows, square)
        spread = square.div_(1 - beta ** float(memory["step"])).sqrt_().add_(_EPSILON)
        values = parameter.index_select(0, rows).mul_(1 - group["lr"] * group["weight_decay"])
        parameter.index_copy_(0, rows, values.addcdiv_(slope, spread, value=-group["lr"]))


def orthogonalised(matrices: Tensor, turns: Turns = _TURNS) -> Tensor:
    """Return matrices of the same singular vectors whose singular values are about 1.

    The Newton–Schulz iteration as Jordan (2024) uses it, in bfloat16 on a GPU. All its factors are
    polynomials of A = XXᵀ, so that for a long X it is cheaper to multiply them up, turn A along
    with them, and apply their product to X once (in float32 only: A squares what is small).

    Args:
        matrices: [n, rows, columns].
        turns: the coefficients a, b, c of each turn.

    Returns:
        [n, rows, columns], singular values 0.7 to 1.3 where they were over a 100th of the
        matrix's Frobenius norm.
    """
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    high = matrices.shape[1] > matrices.shape[2]
    x = x.mT if high else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    if x.shape[2] >= 2 * x.shape[1] and not x.is_cuda:
        x = _product_of_factors(x @ x.mT, turns) @ x
    else:
        for turn in turns:
            x = torch.baddbmm(x, _polynomial(x @ x.mT, turn), x, beta=turn[0])
    made: Tensor = (x.mT if high else x).to(matrices.dtype)
    return made


def _polynomial(gram: Tensor, turn: tuple[float, float, float]) -> Tensor:
    """Return bA + cA²."""
    return torch.baddbmm(gram, gram, gram, beta=turn[1], alpha=turn[2])


def _factor(gram: Tensor, turn: tuple[float, float, float]) -> Tensor:
    """Return aI + bA + cA², by which a turn multiplies X."""
    factor = _polynomial(gram, turn)
    factor.diagonal(dim1=1, dim2=2).add_(turn[0])
    return factor


def _product_of_factors(gram: Tensor, turns: Turns) -> Tensor:
    """Return the product of all turns' factors; every one commutes with A."""
    product = factor = _factor(gram, turns[0])
    for turn in turns[1:]:
        gram = factor @ gram @ factor
        factor = _factor(gram, turn)
        product = factor @ product
    return product


def _whole(tensor: Any) -> Any:
    """Gather a tensor that is spread over processes."""
    gather = getattr(tensor, "full_tensor", None)
    return tensor if gather is None else gather()


def _spread(tensor: Tensor, like: Tensor) -> Tensor:
    """Spread a tensor over the processes as a parameter is."""
    mesh, places = getattr(like, "device_mesh", None), getattr(like, "placements", None)
    if mesh is None:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor, mesh, places)
