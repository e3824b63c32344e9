"""How the next token is chosen: temperature, filters, and one random number a token."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epoque.bench.errors import ConfigError, Problem

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Sampling", "choose", "filtered", "penalised"]

# Of each number: whether it is whole, its least and greatest value.
_BOUNDS: dict[str, tuple[bool, float, float]] = {
    "temperature": (False, 0, 100),
    "top_k": (True, 0, 10**9),
    "top_p": (False, 1e-6, 1),
    "min_p": (False, 0, 1),
    "repetition_penalty": (False, 0.01, 100),
    "beams": (True, 1, 1000),
    "length_penalty": (False, -10, 10),
    "max_tokens": (True, 1, 10**9),
    "context": (True, 0, 10**9),
    "seed": (True, 0, 2**32 - 1),
}


@dataclass(frozen=True)
class Sampling:
    """How a text is continued.

    Attributes:
        temperature: Below 1 bolder, above 1 wilder; 0 always takes the likeliest token (greedy).
        top_k: Draw from the k likeliest tokens only; 0: from all.
        top_p: Draw from the likeliest tokens that together reach this probability; 1: from all.
        min_p: Draw from tokens at least this share as likely as the likeliest; 0: from all.
        repetition_penalty: Above 1, tokens that have occurred become less likely.
        beams: Above 1, follow so many texts, take the likeliest (beam search) and draw nothing.
        length_penalty: With beams: above 0 favours long texts, below 0 short ones.
        max_tokens: At most so many tokens are added.
        context: Tokens the model looks back at; 0: as many as it can.
        seed: The same seed gives the same text.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    beams: int = 1
    length_penalty: float = 1.0
    max_tokens: int = 100
    context: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every number, and that none would be ignored.

        Raises:
            ConfigError: with everything that is not allowed.
        """
        if problems := list(self._out_of_bounds()) or list(self._without_effect()):
            raise ConfigError(problems)

    def _out_of_bounds(self) -> Iterator[Problem]:
        for name, (whole, low, high) in _BOUNDS.items():
            value = getattr(self, name)
            kinds = int if whole else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
                kind = "a whole number" if whole else "a number"
                told = f"it takes {kind} from {low:g} to {high:,}."
                yield Problem(name, f"{value} is not allowed; {told}")

    def _without_effect(self) -> Iterator[Problem]:
        drawn, filters = self.beams == 1, ("top_k", "top_p", "min_p")
        needs = {
            "beams 1": (drawn, ("temperature", *filters)),
            "a temperature above 0": (not drawn or self.temperature > 0, filters),
            "beams above 1": (not drawn, ("length_penalty",)),
        }
        for wanted, (given, names) in needs.items():
            for name in names:
                if not given and (value := getattr(self, name)) != getattr(type(self), name):
                    yield Problem(name, f"{value} would be ignored; it needs {wanted}.")


def penalised(logits: "Tensor", history: Sequence[Sequence[int]], penalty: float) -> "Tensor":
    """Return logits [B, V] where the tokens of each row's history are less likely.

    A positive logit is divided by the penalty, another multiplied (Keskar et al., "CTRL: a
    conditional transformer language model", 2019, section 4.1, as transformers does it).

    Args:
        logits: float [B, V].
        history: the tokens of each row so far.
        penalty: above 0; 1 changes nothing.
    """
    import torch

    if penalty == 1:
        return logits
    logits = logits.clone()
    for row, ids in zip(logits, history, strict=True):
        seen = torch.tensor(sorted(set(ids)), device=row.device, dtype=torch.long)
        values = row[seen]
        row[seen] = torch.where(values > 0, values / penalty, values * penalty)
    return logits


def filtered(logits: "Tensor", sampling: Sampling) -> "Tensor":
    """Return log-probabilities [B, V], −∞ where a token may not be drawn.

    In this order: temperature, top-k (Fan et al., "Hierarchical neural story generation", 2018),
    top-p (Holtzman et al., "The curious case of neural text degeneration", 2020) and min-p (Nguyen
    et al., "Turning up the heat", 2024), each on the distribution that the one before it left.

    Args:
        logits: float [B, V].
        sampling: with a temperature above 0.
    """
    import torch

    assert sampling.temperature > 0
    scores = logits.double() / sampling.temperature  # a float32 may overflow near temperature 0
    vocabulary = scores.shape[-1]
    if 0 < sampling.top_k < vocabulary:
        least = scores.topk(sampling.top_k).values[:, -1:]
        scores = scores.masked_fill(scores < least, -torch.inf)
    if sampling.top_p < 1:
        scores = scores.masked_fill(~_nucleus(scores, sampling.top_p), -torch.inf)
    if sampling.min_p > 0:
        p = scores.softmax(-1)
        least = sampling.min_p * p.max(-1, keepdim=True).values
        scores = scores.masked_fill(p < least, -torch.inf)
    return scores.log_softmax(-1)


def _nucleus(scores: "Tensor", share: float) -> "Tensor":
    """Return which tokens, bool [B, V], are in the smallest set that reaches a probability."""
    import torch

    ordered, order = scores.sort(dim=-1, descending=True, stable=True)
    p = ordered.softmax(-1)
    before = p.cumsum(-1) - p  # the probability of all that are likelier
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, order, before < share)


def choose(logits: "Tensor", uniform: Sequence[float], sampling: Sampling) -> list[int]:
    """Return the next token of each row.

    Args:
        logits: float [B, V].
        uniform: a random number in [0, 1) for each row; the token drawn is the first, in order of
            its id, at which the cumulated probability is above it. So the device does not matter.
        sampling: how.
    """
    import torch

    if sampling.temperature == 0:
        return list(logits.argmax(-1).tolist())
    cumulated = filtered(logits, sampling).exp().cumsum(-1)
    at = torch.tensor(uniform, dtype=cumulated.dtype, device=cumulated.device)[:, None]
    places = torch.searchsorted(cumulated, at * cumulated[:, -1:], right=True)
    return list(places[:, 0].tolist())
