"""How the next token is chosen: temperature, filters, and one random number a token."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from epoque.bench.actions import Options, option
from epoque.bench.errors import Problem

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Sampling", "choose_tokens", "filter_logits", "penalize_repetition"]


class Sampling(Options):
    """How a text is continued."""

    temperature: float = option(
        1.0,
        "Below 1 more cautious, above 1 wilder; 0 always takes the likeliest token (greedy).",
        ge=0,
        le=100,
    )
    top_k: int = option(0, "Draw from the k likeliest tokens only; 0: from all.", ge=0, le=10**9)
    top_p: float = option(
        1.0,
        "Draw from the likeliest tokens that together reach this probability; 1: from all.",
        ge=1e-6,
        le=1,
    )
    min_p: float = option(
        0.0,
        "Draw from tokens at least this share as likely as the likeliest; 0: from all.",
        ge=0,
        le=1,
    )
    repetition_penalty: float = option(
        1.0, "Above 1, tokens that have occurred become less likely.", ge=0.01, le=100
    )
    beams: int = option(
        1,
        "Above 1, follow so many texts, take the likeliest (beam search) and draw nothing.",
        ge=1,
        le=1000,
    )
    length_penalty: float = option(
        1.0, "With `beams`: above 0 favours long texts, below 0 short ones.", ge=-10, le=10
    )
    max_tokens: int = option(100, "At most so many tokens are added.", ge=1, le=10**9)
    context: int = option(
        0, "Tokens the model looks back at; 0: as many as in training.", ge=0, le=10**9
    )
    seed: int = option(0, "The same seed gives the same text.", ge=0, le=2**32 - 1)

    def conflicts(self) -> Iterator[Problem]:
        """Yield what has no effect beside the others."""
        is_sampled, filters = self.beams == 1, ("top_k", "top_p", "min_p")
        needs = {
            "beams 1": (is_sampled, ("temperature", *filters)),
            "a temperature above 0": (not is_sampled or self.temperature > 0, filters),
            "beams above 1": (not is_sampled, ("length_penalty",)),
        }
        for condition, (is_met, names) in needs.items():
            for name in names:
                if not is_met and not self.is_default(name):
                    value = getattr(self, name)
                    yield Problem(name, f"{value} would be ignored; it needs {condition}.", True)


def penalize_repetition(
    logits: "Tensor", history: Sequence[Sequence[int]], penalty: float
) -> "Tensor":
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
        occurring = torch.tensor(sorted(set(ids)), device=row.device, dtype=torch.long)
        values = row[occurring]
        row[occurring] = torch.where(values > 0, values / penalty, values * penalty)
    return logits


def filter_logits(logits: "Tensor", sampling: Sampling) -> "Tensor":
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
        scores = scores.masked_fill(~_in_nucleus(scores, sampling.top_p), -torch.inf)
    if sampling.min_p > 0:
        p = scores.softmax(-1)
        least = sampling.min_p * p.max(-1, keepdim=True).values
        scores = scores.masked_fill(p < least, -torch.inf)
    return scores.log_softmax(-1)


def _in_nucleus(scores: "Tensor", share: float) -> "Tensor":
    """Return which tokens, bool [B, V], are in the smallest set that reaches a probability."""
    import torch

    ordered, order = scores.sort(dim=-1, descending=True, stable=True)
    p = ordered.softmax(-1)
    before = p.cumsum(-1) - p  # the probability of all that are likelier
    return torch.zeros_like(scores, dtype=torch.bool).scatter(-1, order, before < share)


def choose_tokens(logits: "Tensor", uniform: Sequence[float], sampling: Sampling) -> list[int]:
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
    cumulated = filter_logits(logits, sampling).exp().cumsum(-1)
    at = torch.tensor(uniform, dtype=cumulated.dtype, device=cumulated.device)[:, None]
    places = torch.searchsorted(cumulated, at * cumulated[:, -1:], right=True)
    return list(places[:, 0].tolist())
