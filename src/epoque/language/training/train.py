"""The training of a language model, as events pulled one at a time."""

from collections.abc import Generator, Iterator
from dataclasses import replace

from epoque.bench.events import Artifact, Checkpoint, Event, Metrics
from epoque.bench.torch.checkpoint_timer import CheckpointTimer
from epoque.bench.torch.distributed import DistributedContext
from epoque.bench.torch.threads import run_with_threads

from ..config import LanguageConfig
from ..data.tokenized_corpus import TokenizedCorpus, load_corpus
from ..evaluation.examples import example_artifacts
from .checkpoint import choose_vocabulary, load_model, tokenizer_artifacts
from .estimate import count_affordable_steps
from .resources import choose_threads, explain_out_of_memory
from .trainer import Trainer

__all__ = ["train"]


def train(config: LanguageConfig, resume: Checkpoint | None = None) -> Iterator[Event]:
    """Yield the events of a training.

    `Metrics` every `log_every` steps, at evaluations and at the end: `loss` (nats a token, the
    mean since the last ones; named `sampled_loss` with the sampled output layer, whose loss is
    biased low), `learning_rate`, `gradient_norm` (before clipping), `tokens` (seen), `epoch` and
    `progress` (the share of the steps that are done, 0 to 1).

    Evaluations are every `evaluate_every` steps, at the end of each epoch and at the end. They add
    `valid_loss`, `valid_perplexity` and `train_loss`, all by the exact softmax, the first two on
    `evaluation_blocks`, the last on some fixed train blocks; of a masked model with one fixed mask.
    At the end of an epoch `whole_valid_loss` is over all validation blocks, and all masks. With
    `max_seconds` all of that may be less: see `epoque.language.evaluation.evaluation_plan`.

    Checkpoints come every `checkpoint_every` steps, at the end, and ten minutes after the last one
    or sooner (`CheckpointTimer`).

    With `start_from` the first evaluation is at step 0. Every `sample_every` steps and at the end a
    causal model writes a text, an artifact `sample-STEP.txt`.

    The tokenizer's files and `precision.json` are artifacts. The same seed gives the same bytes;
    with `max_seconds` the clock decides once, before the first step, how many steps there will be,
    and `max_steps` of as many gives the same bytes again. `Timings` come with evaluations and
    checkpoints.

    Where many processes train together (`epoque.language.training.distributed`), only the main one
    yields.

    Args:
        config: what to train.
        resume: a checkpoint of the same config to go on from.

    Raises:
        DataError: if the text cannot be used or changed since the checkpoint.
        DivergenceError: before a loss or gradient that is not finite changes a weight.
        UsageError: if memory runs out, a GPU is asked for that is not there, or processes that
            train together would go on from different steps.
        DamagedRunError: if the checkpoint is of another model.
    """
    distributed = DistributedContext(config.device)
    distributed.check_same_start(resume)
    with explain_out_of_memory(config):
        count = int(distributed.broadcast(choose_threads(config, resume)))
        for event in run_with_threads(count, _events(config, distributed, resume)):
            if distributed.is_main:
                yield event


def _events(
    config: LanguageConfig, distributed: DistributedContext, resume: Checkpoint | None
) -> Generator[Event, None, None]:
    corpus = load_corpus(config)
    affordable = None
    if config.max_seconds is not None and "allowed_steps" not in (resume.state if resume else ()):
        affordable = count_affordable_steps(config, distributed, corpus)
    trainer = Trainer(config, distributed, corpus, resume, affordable)
    yield from tokenizer_artifacts(corpus.tokenizer)
    yield Artifact("precision.json", trainer.precision.to_json())
    checkpoint, timer = resume, CheckpointTimer(distributed, _most_lost_seconds(config))
    if config.start_from is not None and resume is None:
        yield Metrics(0, {"epoch": 0.0, "tokens": 0.0, "progress": 0.0, **trainer.evaluate()})
    while not trainer.is_finished:
        trainer.step()
        values = trainer.evaluate() if trainer.is_evaluation_due() else {}
        if values or trainer.is_due(config.log_every):
            yield Metrics(trainer.steps_done, {**trainer.pop_metrics(), **values})
        if config.sample_every is not None and trainer.is_due(config.sample_every):
            yield from _sample(trainer)
        scheduled = trainer.is_due(config.checkpoint_every)
        due = timer.is_due(scheduled)
        if values or due:
            yield trainer.pop_timings()
        if due:
            yield (checkpoint := replace(trainer.make_checkpoint(), scheduled=scheduled))
            timer.raise_if_stop_requested()
    assert checkpoint is not None
    if distributed.is_main:
        yield from _examples(config, corpus, checkpoint, trainer.plan.examples)


def _sample(trainer: Trainer) -> Iterator[Event]:
    """Yield what the model writes now; where several processes hold a part of it each, nothing."""
    if trainer.distributed.world_size == 1:
        text = trainer.sample_text().encode(errors="backslashreplace")
        yield Artifact(f"sample-{trainer.steps_done:010d}.txt", text, once=True)


def _most_lost_seconds(config: LanguageConfig) -> float:
    """Return the seconds after which a checkpoint is due: a quarter of a run of some minutes."""
    if config.max_seconds is None:
        return CheckpointTimer.SECONDS
    return min(CheckpointTimer.SECONDS, max(60.0, config.max_seconds / 4))


def _examples(
    config: LanguageConfig, corpus: TokenizedCorpus, checkpoint: Checkpoint, blocks: int
) -> Iterator[Event]:
    """Yield what the figures show of the finished model."""
    vocabulary = choose_vocabulary(config, corpus.tokenizer)
    model = load_model(config, vocabulary, checkpoint.arrays)
    yield from example_artifacts(
        config, model, corpus.tokenizer, corpus.train, corpus.valid, blocks=blocks
    )
