"""Language models: WikiText-2, 4 layers × 256 (10 million parameters), 25,000 tokens."""

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from epoque.bench.errors import EpoqueError
from epoque.bench.events import Checkpoint, Timings
from epoque.bench.recipes import find_recipe
from epoque.language.config import LanguageConfig
from epoque.language.data import corpus, token_cache, tokenizer
from epoque.language.data.batches import BlockDataset
from epoque.language.data.masking import Masker
from epoque.language.data.tokenized_corpus import TokenizedCorpus, load_corpus
from epoque.language.evaluation.exact_loss import measure_loss, to_perplexity
from epoque.language.training.model_with_loss import ModelWithLoss
from epoque.language.training.train import train

TEXTS = Path(__file__).parents[2] / "shared" / "data" / "wikitext-2"
"""Where WikiText-2 may lie beside the checkout; else it comes from the Hub, or its cache."""

BUDGETS = {
    "causal": ((30, "below 432"), (240, "below 120"), (900, "below 100")),
    "masked": ((15, "below 963"), (240, "below 200"), (480, "below 120")),
}
ROUNDS, WARM, STEPS = 3, 2, 10
"""Processes of each, steps that warm up, and steps that count."""
BASELINE_SECONDS = 240.0


def rows() -> Iterator[dict[str, str]]:
    """Measure preparation, speed and quality against transformers' Trainer; 45 minutes."""
    try:
        yield from _preparing()
    except EpoqueError as error:
        yield _row("skipped: WikiText-2 is not at hand", measured=str(error))
        return
    yield from _speeds()
    for objective, budgets in BUDGETS.items():
        yield _notebook(objective)
        yield from (_quality(objective, seconds, target) for seconds, target in budgets)


def config_of(objective: str, **settings: Any) -> LanguageConfig:
    """Return our recipe for an objective, on the text at hand, with some settings changed."""
    name = {"causal": "language/laptop-clm", "masked": "language/laptop-mlm"}[objective]
    files = {f"{split}_files": str(TEXTS / f"{split}.txt") for split in ("train", "valid")}
    here = files if TEXTS.is_dir() else {}
    return LanguageConfig.parse({**find_recipe(name).config, **here, **settings})


def equal_model(objective: str, architecture: str | None = None) -> LanguageConfig:
    """Return our recipe, its model a transformers architecture with four times the width inside.

    Args:
        objective: causal or masked.
        architecture: transformers' classic GPT-2 or BERT by default, or modern.
    """
    chosen = architecture or {"causal": "gpt2", "masked": "bert"}[objective]
    return config_of(objective, architecture=chosen, max_seconds=None)


def _row(
    name: str, baseline: str = "", measured: str = "", ratio: str = "", target: str = ""
) -> dict[str, str]:
    texts = {"name": name, "baseline": baseline, "measured": measured}
    return {**texts, "ratio": ratio, "target": target}


def _preparing() -> Iterator[dict[str, str]]:
    """Make tokenizer and blocks from nothing, then open the blocks again."""
    config, before = config_of("causal"), os.environ.get("EPOQUE_CACHE")
    text = corpus.load_splits(config).train
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EPOQUE_CACHE"] = folder
        start = time.perf_counter()
        trained = tokenizer.prepare_tokenizer(config, text)
        token_cache.load_blocks(config, trained, text)
        seconds = time.perf_counter() - start
        again = [
            _seconds(lambda: token_cache.load_blocks(config, trained, text)) for _ in range(ROUNDS)
        ]
        os.environ.pop("EPOQUE_CACHE")
    os.environ |= {"EPOQUE_CACHE": before} if before else {}
    yield _row("tokenizer and blocks from the text", "", f"{seconds:.1f} s", "", "under 20 s")
    opened = statistics.median(again)
    yield _row("the token cache opened again", "", f"{opened:.3f} s", "", "under 0.2 s")


def _seconds(task: Any) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def _speeds() -> Iterator[dict[str, str]]:
    """Measure tokens a second and memory of both at equal model, batch and dropout (none)."""
    for objective, classic in {"causal": "gpt2", "masked": "bert"}.items():
        for architecture in (classic, "modern"):
            yield from _beside(objective, architecture)


def _beside(objective: str, architecture: str) -> Iterator[dict[str, str]]:
    """Measure transformers' model under Trainer, and the same here, in turn."""
    theirs, mine = [], []
    for _ in range(ROUNDS):
        theirs.append(_steps("trainer", objective, architecture))
        mine.append(_steps("ours", objective, architecture))
    config = equal_model(objective, architecture)
    tokens = config.batch_size * config.block_size
    their, our = ([statistics.fmean(r["seconds"][WARM:]) for r in each] for each in (theirs, mine))
    name = f"{objective}, {architecture}, batch {config.batch_size}"
    yield _row(
        f"tokens a second, {name}, {mine[0]['precision']}",
        f"Trainer {tokens / statistics.median(their):,.0f}",
        f"{tokens / statistics.median(our):,.0f}",
        f"{statistics.median(a / b for a, b in zip(their, our, strict=True)):.1f}×",
        "at least 5×" if objective == "causal" else "",
    )
    peaks = [statistics.median(r["peak"] for r in each) / 2**20 for each in (theirs, mine)]
    yield _row(
        f"peak memory, {name}, the whole process",
        f"Trainer {peaks[0]:,.0f} MiB",
        f"{peaks[1]:,.0f} MiB",
        f"{peaks[1] / peaks[0]:.2f}×",
    )


def _steps(who: str, objective: str, architecture: str) -> dict[str, Any]:
    """Return what `benchmarks.language_steps` prints."""
    task = ["benchmarks.language_steps", who, objective, architecture, str(WARM + STEPS)]
    process = subprocess.run(
        [sys.executable, "-m", *task],
        cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return figures


def _notebook(objective: str) -> dict[str, str]:
    """Train with the notebook's recipe, on the same small model, for a while."""
    from .language_trainer import train as baseline

    config = equal_model(objective).replace(dropout=0.1, batch_size=8)
    texts = load_corpus(config)
    model, clock = baseline(config, texts, BASELINE_SECONDS)
    perplexity = _perplexity(config, model, texts)
    name = f"perplexity, {objective}, the notebook's recipe with Trainer"
    return _row(name, f"{perplexity:,.0f} after {clock.wall:.0f} s, {len(clock.each):,} steps")


def _quality(objective: str, seconds: float, target: str) -> dict[str, str]:
    """Train with our recipe for a budget of seconds, and measure all validation blocks."""
    from epoque.language.training.checkpoint import choose_vocabulary, load_model

    config = config_of(
        objective, max_seconds=seconds, evaluate_every=10**9, evaluation_blocks=8,
        checkpoint_every=10**9,
    )  # fmt: skip
    events = list(train(config))
    *_, last = (event for event in events if isinstance(event, Checkpoint))
    spent = sum(event.seconds or 0.0 for event in events if isinstance(event, Timings))
    texts = load_corpus(config)
    model = load_model(config, choose_vocabulary(config, texts.tokenizer), last.arrays)
    perplexity = _perplexity(config, model, texts)
    gc.collect()
    measured = f"{perplexity:,.0f} after {spent:.0f} s, {last.step:,} steps"
    return _row(f"perplexity, {objective}, our recipe", "", measured, "", target)


def _perplexity(config: LanguageConfig, model: Any, texts: TokenizedCorpus) -> float:
    """Return exp of the mean loss over all validation blocks, and over three masks if masked."""
    masker = Masker(config, texts.tokenizer) if config.objective == "masked" else None
    reader = BlockDataset(config, texts.valid, masker)
    objective = ModelWithLoss(config, model).eval()
    every = np.arange(len(reader))
    with torch.no_grad():
        seeds = range(3 if masker else 1)
        losses = [measure_loss(objective, reader, every, seed).loss for seed in seeds]
    return to_perplexity(statistics.fmean(losses))
