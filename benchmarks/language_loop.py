"""The strongest baselines of a language model: a tuned training loop, and counting.

The loop is written as nanoGPT's is (Karpathy 2022, `train.py`): AdamW with weight decay on matrices
alone, 1e-3 after a linear warm-up, a cosine down to a tenth, gradients clipped at 1, the whole
softmax. It trains the very model of the recipe that it stands beside, in the same precision.
"""

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from epoque.language import models
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import TokenizedCorpus
from epoque.language.evaluation.ngram_baselines import KneserNey, measure_perplexity

__all__ = ["count_triples", "train"]

RATE, LEAST_SHARE, WARM_UP, DECAY, CLIP = 1e-3, 0.1, 0.05, 0.1, 1.0


def train(config: LanguageConfig, texts: TokenizedCorpus, seconds: float) -> tuple[Any, int, float]:
    """Train for some seconds of CPU time, all threads together.

    Args:
        config: the model's shape, the batch size and the seed.
        texts: the blocks.
        seconds: how long; the schedule goes by their share that is over.

    Returns:
        The model, the steps, and the CPU seconds they took.
    """
    torch.manual_seed(config.seed)
    model: Any = models.build_model(config, len(texts.tokenizer))
    every = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [w for w in every if w.ndim >= 2], "weight_decay": DECAY},
        {"params": [w for w in every if w.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), fused=True)
    batches, steps, start = _batches(config, texts.train), 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = _rate(spent / seconds)
        ids = next(batches)
        with torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16()):
            logits = model(ids)
            loss = cross_entropy(logits[:, :-1].flatten(0, 1).float(), ids[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(every, CLIP)
        optimizer.step()
        steps += 1
    return model.eval(), steps, spent


def _has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 itself; without, it is slower."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def _batches(config: LanguageConfig, blocks: Any) -> Iterator[torch.Tensor]:
    rng = np.random.default_rng(config.seed)
    while True:
        order = rng.permutation(len(blocks))
        for start in range(0, len(order) - config.batch_size + 1, config.batch_size):
            rows = np.asarray(blocks[np.sort(order[start : start + config.batch_size])])
            yield torch.from_numpy(rows.astype(np.int64))


def _rate(share: float) -> float:
    if share < WARM_UP:
        return RATE * max(share / WARM_UP, 0.01)
    way = (share - WARM_UP) / (1 - WARM_UP)
    return RATE * (LEAST_SHARE + (1 - LEAST_SHARE) * 0.5 * (1 + math.cos(math.pi * min(way, 1.0))))


def count_triples(texts: TokenizedCorpus) -> tuple[float, float]:
    """Return the perplexity of counted triples on the validation text, and the CPU seconds."""
    start = time.process_time()
    counts = KneserNey(texts.train.ids, 3, len(texts.tokenizer))
    perplexity = measure_perplexity(counts, np.asarray(texts.valid.ids))
    return perplexity, time.process_time() - start
