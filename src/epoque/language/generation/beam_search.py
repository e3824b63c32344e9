"""Beam search: several texts side by side, and the likeliest of those that ended."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from ..models import Model
from .decoder import Decoder, inference
from .sampling import Sampling, penalize_repetition

__all__ = ["beam_search"]


class _Candidate(NamedTuple):
    """A text one token longer: its log-probability, the beam it grows from, and the token."""

    score: float
    beam: int
    token: int


def beam_search(
    model: Model, decoder: Decoder, sampling: Sampling, end: int | None = None
) -> list[int]:
    """Return the likeliest continuation that beam search finds, without the end token.

    A text that ended scores its log-probability (end token included) divided by its number of
    new tokens to the power `length_penalty`; the search stops when `beams` texts have ended and
    the likeliest running one scores no better than the worst of them. That is what transformers'
    `generate` does with `early_stopping=False`, repetition penalty included (on
    log-probabilities).

    Args:
        model: a causal model.
        decoder: the prompt, one row, not yet continued.
        sampling: `beams`, `length_penalty`, `repetition_penalty` and `max_tokens` are used.
        end: the token that ends a text, or None.
    """
    beams, prompt_length, scores = sampling.beams, len(decoder.rows[0]), [0.0]
    finished: list[tuple[float, list[int]]] = []
    for step in range(1, sampling.max_tokens + 1):
        running: list[_Candidate] = []
        length = step**sampling.length_penalty
        with inference(model):
            candidates = _candidates(decoder, scores, sampling)
        for rank, candidate in enumerate(candidates):
            if candidate.token != end and step < sampling.max_tokens:
                running.append(candidate)
            elif rank < beams:
                text = [*decoder.rows[candidate.beam][prompt_length:], candidate.token]
                finished.append((candidate.score / length, text))
        finished = sorted(finished, key=lambda scored: -scored[0])[:beams]
        running = running[:beams]
        if not running or (len(finished) == beams and running[0].score / length <= finished[-1][0]):
            break
        decoder.reorder([candidate.beam for candidate in running])
        decoder.append([candidate.token for candidate in running])
        scores = [candidate.score for candidate in running]
    best = finished[0][1]
    return best[:-1] if best[-1] == end else best


def _candidates(decoder: Decoder, scores: Sequence[float], sampling: Sampling) -> list[_Candidate]:
    """Return the likeliest continuations by one token, best first.

    Twice as many as there are beams: if each beam's end is among them, as many can go on.
    """
    logp = decoder.next_logits().log_softmax(-1)
    logp = penalize_repetition(logp, decoder.rows, sampling.repetition_penalty)
    total = logp + torch.tensor(scores, device=logp.device)[:, None]
    vocabulary = total.shape[-1]
    best = total.flatten().topk(min(2 * sampling.beams, total.numel()))
    return [
        _Candidate(score, place // vocabulary, place % vocabulary)
        for score, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]
