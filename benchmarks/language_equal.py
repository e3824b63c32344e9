"""Language models at equal CPU time: a tuned loop on the same model, Trainer, and counting.

`EPOQUE_BENCH_CPU_SECONDS=60 python -m benchmarks language_equal` says how much each may spend, all
threads together; what the load of the machine is then matters little.
"""

import os
import time
from collections.abc import Iterator

import torch

from epoque.bench.errors import EpoqueError
from epoque.bench.events import Checkpoint
from epoque.bench.torch.distributed import DistributedContext
from epoque.bench.torch.threads import limit_threads
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import TokenizedCorpus, load_corpus
from epoque.language.training.checkpoint import choose_vocabulary, load_model
from epoque.language.training.train import train
from epoque.language.training.trainer import Trainer

from . import language_loop
from .language import _perplexity, _row, config_of, equal_model

SECONDS = float(os.environ.get("EPOQUE_BENCH_CPU_SECONDS", "60"))
THREADS = int(os.environ.get("EPOQUE_BENCH_THREADS", "0")) or torch.get_num_threads()
PACE_STEPS = 6


def rows() -> Iterator[dict[str, str]]:
    """Measure ours, then the baselines with what ours took."""
    config = config_of(
        "causal", max_seconds=None, evaluate_every=10**9, evaluation_blocks=8, threads=THREADS,
        checkpoint_every=10**9, batch_size=8,
    )  # fmt: skip
    try:
        texts = load_corpus(config)
    except EpoqueError as error:
        yield _row("skipped: WikiText-2 is not at hand", measured=str(error))
        return
    with limit_threads(THREADS):
        yield from _compare(config, texts)


def _compare(config: LanguageConfig, texts: TokenizedCorpus) -> Iterator[dict[str, str]]:
    perplexity, steps, spent = _train_ours(config, texts)
    load = f"{THREADS} threads, load {os.getloadavg()[0]:.0f}"
    ours = f"{perplexity:,.0f} after {steps:,} steps, {spent:.0f} CPU s"
    model, count, seconds = language_loop.train(config, texts, spent)
    loop = _perplexity(config, model, texts)
    yield _row(
        f"perplexity of the network alone ({load})",
        f"a nanoGPT-like loop: {loop:,.0f} after {count:,} steps, {seconds:.0f} CPU s",
        ours,
        f"{perplexity / loop:.2f}×",
    )
    counted, seconds = language_loop.count_triples(texts)
    triples = f"counted triples: {counted:,.0f}, {seconds:.1f} CPU s"
    yield _row("the same beside counting", triples, ours, f"{perplexity / counted:.2f}×")
    notebook, count, seconds = _train_notebook(texts, spent)
    trainer = f"Trainer, the notebook's recipe: {notebook:,.0f} after {count:,} steps"
    yield _row("the same beside Trainer", f"{trainer}, {seconds:.0f} CPU s", ours)


def _train_ours(config: LanguageConfig, texts: TokenizedCorpus) -> tuple[float, int, float]:
    """Return the perplexity, the steps and the CPU seconds of our recipe."""
    trainer = Trainer(config, DistributedContext("cpu"), texts)
    trainer.step()
    start = time.process_time()
    for _ in range(PACE_STEPS):
        trainer.step()
    steps = max(2, round(SECONDS * PACE_STEPS / (time.process_time() - start)))
    del trainer
    start, last = time.process_time(), None
    for event in train(config.replace(max_steps=steps)):
        if isinstance(event, Checkpoint):
            last = event
            break
    spent = time.process_time() - start
    assert last is not None
    vocabulary = choose_vocabulary(config, texts.tokenizer)
    return _perplexity(config, load_model(config, vocabulary, last.arrays), texts), last.step, spent


def _train_notebook(texts: TokenizedCorpus, spent: float) -> tuple[float, int, float]:
    from .language_trainer import train as baseline

    config = equal_model("causal").replace(dropout=0.1, batch_size=8)
    pace = time.process_time()
    baseline(config, texts, 1e9, 3)
    seconds = time.process_time() - pace
    steps = max(2, int(3 * spent / seconds))
    start = time.process_time()
    model, clock = baseline(config, texts, 1e9, steps)
    seconds = time.process_time() - start
    return _perplexity(config, model, texts), len(clock.each), seconds


def main() -> None:
    """Print the rows as they are measured."""
    for row in rows():
        print(row, flush=True)


if __name__ == "__main__":
    main()
