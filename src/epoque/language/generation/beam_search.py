"""Beam search: several texts side by side, and the likeliest of those that ended."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .generate import Reading, reading
from .sampling import Sampling, penalised

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["beam_search"]


class _Candidate(NamedTuple):
    """A text one token longer: its log-probability, the beam it grows from, and the token."""

    score: float
    beam: int
    token: int


def beam_search(
    model: "Model", read: Reading, sampling: Sampling, end: int | None = None
) -> list[int]:
    """Return the likeliest continuation that beam search finds, without the end token.

    A text that ended scores its log-probability (end token included) divided by its number of
    new tokens to the power `length_penalty`; the search stops when `beams` texts have ended and
    the likeliest running one scores no better than the worst of them. That is what transformers'
    `generate` does with `early_stopping=False`, repetition penalty included (on
    log-probabilities).

    Args:
        model: a causal model.
        read: the prompt, one row, not yet continued.
        sampling: `beams`, `length_penalty`, `repetition_penalty` and `max_tokens` are used.
        end: the token that ends a text, or None.
    """
    beams, given, scores = sampling.beams, len(read.rows[0]), [0.0]
    ended: list[tuple[float, list[int]]] = []
    for step in range(1, sampling.max_tokens + 1):
        running: list[_Candidate] = []
        length = step**sampling.length_penalty
        with reading(model):
            candidates = _candidates(read, scores, sampling)
        for rank, candidate in enumerate(candidates):
            if candidate.token != end and step < sampling.max_tokens:
                running.append(candidate)
            elif rank < beams:
                text = [*read.rows[candidate.beam][given:], candidate.token]
                ended.append((candidate.score / length, text))
        ended = sorted(ended, key=lambda found: -found[0])[:beams]
        running = running[:beams]
        if not running or (len(ended) == beams and running[0].score / length <= ended[-1][0]):
            break
        read.keep([candidate.beam for candidate in running])
        read.append([candidate.token for candidate in running])
        scores = [candidate.score for candidate in running]
    best = ended[0][1]
    return best[:-1] if best[-1] == end else best


def _candidates(read: Reading, scores: Sequence[float], sampling: Sampling) -> list[_Candidate]:
    """Return the likeliest continuations by one token, best first.

    Twice as many as there are beams: if each beam's end is among them, as many can go on.
    """
    import torch

    new = penalised(read.logits().log_softmax(-1), read.rows, sampling.repetition_penalty)
    total = new + torch.tensor(scores, device=new.device)[:, None]
    vocabulary = total.shape[-1]
    best = total.flatten().topk(min(2 * sampling.beams, total.numel()))
    return [
        _Candidate(score, place // vocabulary, place % vocabulary)
        for score, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]
