"""Language models: WikiText-2, 4 layers × 256 (10 million parameters), 25,000 tokens."""

import gc
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
from epoque.bench.recipes import find_recipe
from epoque.language import cache, corpus, data, tokenizer
from epoque.language.config import LanguageConfig
from epoque.language.masking import Masker
from epoque.language.measure import measure, perplexity
from epoque.language.objective import Objective
from epoque.language.team import Team
from epoque.language.train import train
from epoque.language.trainer import Trainer

TEXTS = Path(__file__).parents[2] / "shared" / "data" / "wikitext-2"
"""Where WikiText-2 may lie beside the checkout; else it comes from the Hub, or its cache."""

BUDGETS = {
    "causal": ((30, "below 432"), (240, "below 120"), (900, "below 100")),
    "masked": ((15, "below 963"), (240, "below 200"), (480, "below 120")),
}
ROUNDS, STEPS = 5, 4
BASELINE_SECONDS = 240.0


def rows() -> Iterator[dict[str, str]]:
    """Measure preparation, speed and quality against transformers' Trainer; half an hour."""
    try:
        yield from _preparing()
    except EpoqueError as error:
        yield _row("skipped: WikiText-2 is not at hand", measured=str(error))
        return
    yield from _speeds()
    yield from _memories()
    for objective, budgets in BUDGETS.items():
        yield _notebook(objective)
        yield from (_quality(objective, seconds, target) for seconds, target in budgets)


def config_of(objective: str, **settings: Any) -> LanguageConfig:
    """Return our recipe for an objective, on the text at hand, with some settings changed."""
    name = {"causal": "language/laptop-clm", "masked": "language/laptop-mlm"}[objective]
    files = {f"{split}_files": str(TEXTS / f"{split}.txt") for split in ("train", "valid")}
    here = files if TEXTS.is_dir() else {}
    return LanguageConfig.parse({**find_recipe(name).config, **here, **settings})


def equal_model(objective: str) -> LanguageConfig:
    """Return the config whose model is transformers' own, and whose batch is the baseline's."""
    architecture = {"causal": "gpt2", "masked": "bert"}[objective]
    settings = {"max_seconds": None, "dropout": 0.1, "feed_forward": 1024}
    return config_of(objective, architecture=architecture, **settings)


def _row(
    name: str, baseline: str = "", measured: str = "", ratio: str = "", target: str = ""
) -> dict[str, str]:
    told = {"name": name, "baseline": baseline, "measured": measured}
    return {**told, "ratio": ratio, "target": target}


def _preparing() -> Iterator[dict[str, str]]:
    """Make tokenizer and blocks from nothing, then open the blocks again."""
    config, before = config_of("causal"), os.environ.get("EPOQUE_CACHE")
    text = corpus.load(config).train
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EPOQUE_CACHE"] = folder
        start = time.perf_counter()
        made = tokenizer.prepare(config, text)
        cache.blocks(config, made, text)
        seconds = time.perf_counter() - start
        again = [_seconds(lambda: cache.blocks(config, made, text)) for _ in range(ROUNDS)]
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
    """Measure tokens a second of both at equal model and batch, in turn."""
    from .language_trainer import train as baseline

    for objective in BUDGETS:
        config = equal_model(objective)
        texts = data.load(config)
        ours = Trainer(config, Team("cpu"), texts)
        for _ in range(STEPS):
            ours.step()
        pairs = []
        for _ in range(ROUNDS):
            _, clock = baseline(config, texts, 1e9, STEPS)
            start = ours.seconds
            for _ in range(STEPS):
                ours.step()
            pairs.append((clock.wall / STEPS, (ours.seconds - start) / STEPS))
        tokens = config.batch_size * config.block_size
        theirs, mine = (tokens / statistics.median(each) for each in zip(*pairs, strict=True))
        yield _row(
            f"tokens a second, {objective}, {config.architecture}, batch {config.batch_size}, "
            f"{ours.precision.kind}",
            f"Trainer {theirs:,.0f}",
            f"{mine:,.0f}",
            f"{statistics.median(a / b for a, b in pairs):.1f}×",
            "at least 5×" if objective == "causal" else "",
        )


def _memories() -> Iterator[dict[str, str]]:
    """Measure the peak memory of a few steps of each, in processes of their own."""
    theirs, mine = (_peak(who) for who in ("baseline", "ours"))
    yield _row(
        "peak memory of a causal training",
        f"Trainer {theirs / 2**20:,.0f} MiB",
        f"{mine / 2**20:,.0f} MiB",
        f"{mine / theirs:.2f}×",
    )


_PEAK = """
import resource, sys
from epoque.language import cache, corpus, data, tokenizer
from epoque.language.team import Team
from epoque.language.trainer import Trainer
from benchmarks.language import equal_model
config = equal_model("causal")
texts = data.load(config)
if sys.argv[1] == "ours":
    trainer = Trainer(config, Team("cpu"), texts)
    for _ in range(5):
        trainer.step()
else:
    from benchmarks.language_trainer import train
    train(config, texts, 1e9, 5)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def _peak(who: str) -> float:
    """Return the bytes that a process had at most, interpreter and libraries included."""
    root = Path(__file__).parents[1]
    told = subprocess.run(
        [sys.executable, "-c", _PEAK, who],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(told.stdout.split()[-1])


def _notebook(objective: str) -> dict[str, str]:
    """Train with the notebook's recipe, on the same small model, for a while."""
    from .language_trainer import train as baseline

    config = equal_model(objective).replace(batch_size=8)
    texts = data.load(config)
    model, clock = baseline(config, texts, BASELINE_SECONDS)
    found = _perplexity(config, model, texts)
    name = f"perplexity, {objective}, the notebook's recipe with Trainer"
    return _row(name, f"{found:,.0f} after {clock.wall:.0f} s, {clock.steps} steps")


def _quality(objective: str, seconds: float, target: str) -> dict[str, str]:
    """Train with our recipe for a budget of seconds, and measure all validation blocks."""
    from epoque.language.checkpoint import model_of, size_of

    config = config_of(
        objective, max_seconds=seconds, evaluate_every=10**9, evaluation_blocks=8,
        checkpoint_every=10**9,
    )  # fmt: skip
    *_, last = (event for event in train(config) if hasattr(event, "state"))
    texts = data.load(config)
    model = model_of(config, size_of(config, texts.tokenizer), last.arrays)
    found = _perplexity(config, model, texts)
    gc.collect()
    told = f"{found:,.0f} after {last.state['seconds']:.0f} s, {last.step:,} steps"
    return _row(f"perplexity, {objective}, our recipe", "", told, "", target)


def _perplexity(config: LanguageConfig, model: Any, texts: data.Data) -> float:
    """Return exp of the mean loss over all validation blocks, and over three masks if masked."""
    masker = Masker(config, texts.tokenizer) if config.objective == "masked" else None
    reader = data.Reader(config, texts.valid, masker)
    objective = Objective(config, model).eval()
    every = np.arange(len(reader))
    with torch.no_grad():
        seeds = range(3 if masker else 1)
        losses = [measure(objective, reader, every, seed).loss for seed in seeds]
    return perplexity(statistics.fmean(losses))
