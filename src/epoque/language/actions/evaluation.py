"""How well models predict a text."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from epoque.bench.actions import FilePath, RunFolderOptions, RunReference, action, option
from epoque.bench.progress import Notify, Progress

from .options import ModelOptions, use_model

if TYPE_CHECKING:
    from ..evaluation.score import Perplexity, Score

__all__ = [
    "CompareOptions",
    "ComparedModel",
    "PerplexityOptions",
    "ScoreOptions",
    "TextPerplexity",
    "compare",
    "perplexity",
    "score",
]


class PerplexityOptions(ModelOptions):
    """Of `perplexity`."""

    file: tuple[FilePath, ...] = option(
        ...,
        "A text, JSON-lines or Parquet file, or a folder; several are read as one text.",
        positional=True,
    )
    context: int = option(0, "Tokens seen at once; 0: as many as in training.", ge=0)
    first: int = option(0, "Only the first so many tokens; 0: all.", ge=0)
    text_column: str = option("text", "The column that holds the text.")
    undecodable: Literal["stop", "replace"] = option(
        "stop", "Bytes that are not UTF-8: stop there, or replace them."
    )


@dataclass(frozen=True, slots=True)
class TextPerplexity:
    """How well a model predicts a text.

    Attributes:
        value: the numbers.
        is_pseudo: whether they are of a masked model, not to be compared with a causal one's.
    """

    value: "Perplexity"
    is_pseudo: bool


@action
def perplexity(options: PerplexityOptions, progress: Progress, notify: Notify) -> TextPerplexity:
    """Measure how well a model predicts a text: lower is better.

    A perplexity of 100 means that the model hesitates as if between 100 equally likely tokens.
    Tokenizers cut texts differently, so compare models by perplexity per word or bits per byte.
    A causal model predicts each token from those before it. A masked model is given each token as
    a mask in turn (pseudo-perplexity), one reading a token: use `first` on long texts, and do not
    compare the number with a causal model's.

    Returns:
        Perplexity per token and per word, bits per byte, and what was counted.

    Raises:
        ConfigError: if an option is wrong.
        DataError: if a file cannot be read.
        UnknownNameError: if there is no such model.
    """
    from ..data.corpus import file_documents, lines

    files = list(map(str, options.file))
    documents = file_documents(files, options.text_column, options.undecodable)
    with use_model(options, "a smaller --context", progress, notify) as opened:
        from ..evaluation.score import measure_perplexity

        documents = replace(
            documents,
            keeps_blank_lines=opened.keeps_blank_lines,
            joins_lines=opened.joins_lines,
        )

        value = measure_perplexity(
            opened.model,
            opened.tokenizer,
            lines(documents),
            context=options.context or opened.context,
            first=options.first,
            progress=progress,
        )
    return TextPerplexity(value, is_pseudo=not opened.model.causal)


class ScoreOptions(ModelOptions):
    """Of `score`."""

    text: str = option(..., "The text.", positional=True)


@action
def score(options: ScoreOptions, progress: Progress, notify: Notify) -> "Score":
    """Show how likely a model finds each token of a text.

    A causal model cannot score the first token: nothing stands before it. A masked model is given
    each token as a mask in turn.

    Returns:
        The tokens, their ids and log-probabilities, and the perplexity.

    Raises:
        UnknownNameError: if there is no such model.
    """
    with use_model(options, "a shorter text", progress, notify) as opened:
        from ..evaluation.score import score_text

        return score_text(opened.model, opened.tokenizer, options.text)


class CompareOptions(RunFolderOptions):
    """Of `compare`."""

    file: FilePath = option(
        ..., "A text, JSON-lines or Parquet file, or a folder.", positional=True
    )
    models: tuple[RunReference, ...] = option(
        ..., "Runs, saved folders, or models of the Hub.", positional=True
    )
    first: int = option(0, "Only the first so many tokens of each; 0: all.", ge=0)
    text_column: str = option("text", "The column that holds the text.")
    device: str = option("auto", "auto (CUDA where it is there), cpu or cuda.")


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """A model among others that predict the same text.

    Attributes:
        name: what it is called.
        perplexity: its numbers; those per word and per byte do not depend on its tokenizer.
        is_pseudo: whether they are of a masked model, not to be compared with a causal one's.
    """

    name: str
    perplexity: "Perplexity"
    is_pseudo: bool


@action
def compare(
    options: CompareOptions, progress: Progress, notify: Notify
) -> tuple[ComparedModel, ...]:
    """Compare how well models predict one text, per word and per byte.

    Perplexities per token belong to a tokenizer; those per word and bits per byte are of the text.
    All models read the same text: without its blank lines, if one of them was trained without.

    Returns:
        The models, best first.

    Raises:
        ConfigError: if an option is wrong.
        DataError: if a file cannot be read.
        UnknownNameError: if there is no such model.
    """
    from ..data.corpus import file_documents, lines

    documents = file_documents([str(options.file)], options.text_column)
    with ExitStack() as stack:
        opened = [
            stack.enter_context(
                use_model(
                    ModelOptions(model=name, runs=options.runs, device=options.device),
                    "fewer models at once",
                    progress,
                    notify,
                )
            )
            for name in options.models
        ]
        from ..evaluation.score import measure_perplexity

        keep = all(each.keeps_blank_lines for each in opened)
        documents = replace(documents, keeps_blank_lines=keep)
        compared = [
            ComparedModel(
                each.name,
                measure_perplexity(
                    each.model,
                    each.tokenizer,
                    lines(documents),
                    context=each.context,
                    first=options.first,
                    progress=progress,
                ),
                is_pseudo=not each.model.causal,
            )
            for each in opened
        ]
    return tuple(sorted(compared, key=lambda each: each.perplexity.bits_per_byte))
