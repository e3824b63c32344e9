"""What is done with a trained model: generate, perplexity, score, look, compare, save, push …"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epoque.bench.actions import (
    FilePath,
    RunFolderOptions,
    RunReference,
    action,
    announce_run,
    option,
)
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.files.output_paths import runs_folder
from epoque.bench.progress import Notify, Progress
from epoque.bench.system.memory import explain_out_of_memory

from .generation.sampling import Sampling

if TYPE_CHECKING:
    from .evaluation.count_mixture import CountMixture
    from .evaluation.interpretability import AttentionMaps, Lens
    from .evaluation.score import Perplexity, Score
    from .generation.fill_mask import Candidate
    from .hub.model_card import Statements
    from .hub.open_model import LoadedModel

__all__ = [
    "ComparedModel",
    "Continuation",
    "Generated",
    "Look",
    "PushedModel",
    "SavedModel",
    "TextPerplexity",
    "compare",
    "fill_mask",
    "generate",
    "look",
    "perplexity",
    "push",
    "save",
    "score",
    "stream",
]


class ModelOptions(RunFolderOptions):
    """Of an action on a model."""

    model: RunReference = option(
        ...,
        "A run (its id, a part of it, `last` or its folder), a saved folder, or owner/name on the "
        "Hugging Face Hub.",
        positional=True,
    )
    device: str = option("auto", "auto (CUDA where it is there), cpu or cuda.")


class LicenseOptions(RunFolderOptions):
    """Of a model that is given away."""

    licence: str | None = option(
        None, "Licence of the weights for the model card, such as cc-by-sa-4.0."
    )
    language: tuple[str, ...] = option(
        (), "Language of the text for the model card, such as en; known of a named corpus."
    )
    dataset: tuple[str, ...] = option(
        (), "Dataset of the Hub that the text is from, owner/name, for the model card."
    )

    def statements(self) -> "Statements":
        """Return what the author says of the model."""
        from .hub.model_card import Statements

        return Statements(self.licence, self.language, self.dataset)


@contextmanager
def _open(
    options: ModelOptions, helps: str, progress: Progress, notify: Notify
) -> "Iterator[LoadedModel]":
    """Give the model; running out of memory with it is told in one sentence.

    Args:
        options: its name, and where it is and computes.
        helps: what takes less memory.
        progress: shows that something goes on.
        notify: is told which run was taken.
    """
    from .hub.open_model import check_installed, open_model

    progress(0, None, LOADING)
    check_installed()
    progress(1, 1, LOADING)
    with explain_out_of_memory(
        f"Memory ran out: {helps} needs less; --device cpu takes the machine's own."
    ):
        opened = open_model(options.model, runs_folder(options.runs), options.device)
        announce_run(options.model, opened.name, notify)
        yield opened


LOADING = "loading PyTorch"


class GenerateOptions(ModelOptions, Sampling):
    """Of `generate`."""

    prompt: tuple[str, ...] = option(
        ...,
        "The text to go on with; of several, all go on side by side. An empty one begins a text.",
        positional=True,
    )

    with_counts: bool = option(
        False, "Of a run: mix in the counted triples of its training text, with its weight."
    )

    def sampling(self, context: int) -> Sampling:
        """Return how the text is continued, by default looking back at `context` tokens."""
        values = {name: getattr(self, name) for name in Sampling.model_fields}
        return Sampling(**values | {"context": self.context or context})


@dataclass(frozen=True, slots=True)
class Continuation:
    """A text that a model has continued.

    Attributes:
        prompt: what was given.
        text: what follows it.
    """

    prompt: str
    text: str

    def __str__(self) -> str:
        """Return the whole."""
        return self.prompt + self.text


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model made of prompts.

    Attributes:
        model: the name of the model.
        sampling: how tokens were chosen.
        texts: a continuation for each prompt.
    """

    model: str
    sampling: Sampling
    texts: tuple[Continuation, ...]

    def __str__(self) -> str:
        """Return the texts, an empty line between them."""
        return "\n\n".join(map(str, self.texts))


@action
def generate(options: GenerateOptions, progress: Progress, notify: Notify) -> Generated:
    """Continue a text with a causal model, token by token, as it is drawn.

    The next token is drawn from the model's probabilities. `temperature 0` always takes the
    likeliest, which soon repeats itself; `top_p 0.9` leaves out the unlikely rest, from which
    nonsense comes; `beams 4` looks for the likeliest text as a whole, instead of drawing. The
    same `seed` gives the same text.

    Returns:
        The texts, and the sampling that made them.

    Raises:
        ConfigError: if an option is wrong, or would be ignored.
        UsageError: if the model is not causal.
        UnknownNameError: if there is no such model.
    """
    with _open(options, LESS_TO_GENERATE, progress, notify) as opened:
        from .generation.generate import generate as continue_prompts

        sampling, mixture = options.sampling(opened.context), _open_mixture(options, opened)
        texts = continue_prompts(
            opened.model,
            opened.tokenizer,
            options.prompt,
            sampling,
            start=opened.start,
            mixture=mixture,
        )
    pairs = zip(options.prompt, texts, strict=True)
    return Generated(opened.name, sampling, tuple(Continuation(*pair) for pair in pairs))


def _open_mixture(options: GenerateOptions, opened: "LoadedModel") -> "CountMixture | None":
    """Return the counts that are asked for, or None."""
    if not options.with_counts:
        return None
    from .evaluation.count_mixture import open_mixture

    if opened.run is None:
        message = "true needs a run, whose training text is counted; this is a saved model."
        raise ConfigError([Problem("with_counts", message)])
    return open_mixture(opened.run, opened.tokenizer)


LESS_TO_GENERATE = "a smaller --context, fewer --beams or fewer prompts"


@action
def stream(options: GenerateOptions, progress: Progress, notify: Notify) -> Iterator[str]:
    """Continue one text as `generate` does, and yield each piece as soon as it is there.

    Returns:
        An iterator over the pieces; with beam search there is one, at the end.

    Raises:
        ConfigError: if an option is wrong, or there is more than one prompt.
        UsageError: if the model is not causal.
        UnknownNameError: if there is no such model.
    """
    if len(options.prompt) > 1:
        raise ConfigError([Problem("prompt", "one text is streamed; `generate` takes several.")])
    return _stream(options, progress, notify)


def _stream(options: GenerateOptions, progress: Progress, notify: Notify) -> Iterator[str]:
    with _open(options, LESS_TO_GENERATE, progress, notify) as opened:
        from .generation.generate import stream as continue_prompt

        sampling, mixture = options.sampling(opened.context), _open_mixture(options, opened)
        yield from continue_prompt(
            opened.model,
            opened.tokenizer,
            options.prompt[0],
            sampling,
            start=opened.start,
            mixture=mixture,
        )


class FillMaskOptions(ModelOptions):
    """Of `fill_mask`."""

    text: str = option(..., "A sentence that holds the model's mask, [MASK].", positional=True)
    top: int = option(5, "How many candidates for each mask.", ge=1)


@action
def fill_mask(
    options: FillMaskOptions, progress: Progress, notify: Notify
) -> "list[list[Candidate]]":
    """Fill the masks of a sentence with a masked model: the likeliest words at each.

    A masked model sees both sides of a mask, so it can tell what is missing, but not go on
    with a text. With several masks, each is filled as if the others stayed empty.

    Returns:
        For each mask its candidates, the likeliest first.

    Raises:
        ConfigError: if an option is wrong.
        UsageError: if the text has no mask, or the model is not masked.
        UnknownNameError: if there is no such model.
    """
    with _open(options, "a shorter text", progress, notify) as opened:
        from .generation.fill_mask import fill_mask as fill

        return fill(opened.model, opened.tokenizer, options.text, options.top)


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
    from .data.corpus import file_documents, lines

    files = list(map(str, options.file))
    documents = file_documents(files, options.text_column, options.undecodable)
    with _open(options, "a smaller --context", progress, notify) as opened:
        from .evaluation.score import measure_perplexity

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
    with _open(options, "a shorter text", progress, notify) as opened:
        from .evaluation.score import score_text

        return score_text(opened.model, opened.tokenizer, options.text)


class LookOptions(ModelOptions):
    """Of `look`."""

    text: str = option(..., "The text that the model reads.", positional=True)
    top: int = option(3, "How many guesses and neighbours are shown of each.", ge=1, le=100)


@dataclass(frozen=True, slots=True)
class Look:
    """What goes on in a model that reads a text.

    Attributes:
        attention: where each token looks, of every layer and head.
        lens: what the model would predict if it ended after each layer.
        guesses: the tokens of `lens.ids` as text, [layer + 1][T][k].
        words: the different tokens of the text, as text.
        neighbors: of each of them, the tokens whose embeddings are nearest, with their cosines.
    """

    attention: "AttentionMaps"
    lens: "Lens"
    guesses: tuple[tuple[tuple[str, ...], ...], ...]
    words: tuple[str, ...]
    neighbors: tuple[tuple[tuple[str, float], ...], ...]


@action
def look(options: LookOptions, progress: Progress, notify: Notify) -> Look:
    """Look into a model while it reads a text: attention, layers, and its words' neighbours.

    Attention says from which tokens each one takes what it needs. The lens lets the model answer
    after each layer, as if it were the last. Neighbours are tokens whose embeddings point the same
    way: the model has found them used alike.

    Returns:
        All of it, as arrays and as text.

    Raises:
        UsageError: if the text is empty or longer than the model's context.
        UnknownNameError: if there is no such model.
    """
    with _open(options, "a shorter text", progress, notify) as opened:
        from .evaluation import interpretability
        from .generation.fill_mask import decode_token, encode_text

        model, tokenizer = opened.model, opened.tokenizer
        attention = interpretability.measure_attention(model, tokenizer, options.text)
        lens = interpretability.read_logit_lens(model, tokenizer, options.text, options.top)
        ids = list(dict.fromkeys(encode_text(model, tokenizer, options.text)))
        near = interpretability.find_neighbors(model, ids, options.top, range(len(tokenizer)))
        guesses = tuple(
            tuple(tuple(decode_token(tokenizer, int(i)) for i in row) for row in layer)
            for layer in lens.ids
        )
        neighbors = tuple(
            tuple((decode_token(tokenizer, int(i)), float(c)) for i, c in zip(*pair, strict=True))
            for pair in zip(near.neighbors, near.cosines, strict=True)
        )
        words = interpretability.decode_tokens(tokenizer, ids)
    return Look(attention, lens, guesses, words, neighbors)


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
    from .data.corpus import file_documents, lines

    documents = file_documents([str(options.file)], options.text_column)
    with ExitStack() as stack:
        opened = [
            stack.enter_context(
                _open(
                    ModelOptions(model=name, runs=options.runs, device=options.device),
                    "fewer models at once",
                    progress,
                    notify,
                )
            )
            for name in options.models
        ]
        from .evaluation.score import measure_perplexity

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


class SaveOptions(LicenseOptions):
    """Of `save`."""

    run: RunReference = option(
        ..., "A run's id, a part of it, `last`, or its folder.", positional=True
    )
    folder: FilePath = option(..., "A new folder.", positional=True)


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A folder that transformers opens.

    Attributes:
        folder: where it is.
        files: the names of its files.
    """

    folder: Path
    files: tuple[str, ...]


@action
def save(options: SaveOptions, notify: Notify) -> SavedModel:
    """Save a run's model, tokenizer and model card as a folder that transformers opens.

    Returns:
        The folder and its files.

    Raises:
        UnknownNameError: if there is no such run.
        UsageError: if the folder is there already.
    """
    from .hub.open_model import check_installed, find_run

    check_installed()
    from .hub.model_folder import list_files, save_run

    run = find_run(options.run, runs_folder(options.runs))
    announce_run(options.run, run.id, notify)
    folder = save_run(run, options.folder, says=options.statements())
    return SavedModel(folder, tuple(list_files(folder)))


class PushOptions(LicenseOptions):
    """Of `push`."""

    model: RunReference = option(..., "A run, or a folder that `save` wrote.", positional=True)
    name: str = option(..., "owner/name on the Hub, or a name of your own.", positional=True)
    private: bool = option(False, "Only you may see it.")
    update: bool = option(False, "Replace the files of a model that is there.")
    dry_run: FilePath | None = option(
        None, "Send nothing; write exactly what would be sent into this new folder."
    )


@dataclass(frozen=True, slots=True)
class PushedModel:
    """What is on the Hub now.

    Attributes:
        files: the names of the files.
        url: the address of the model.
    """

    files: tuple[str, ...]
    url: str


@action
def push(options: PushOptions, notify: Notify) -> PushedModel | SavedModel:
    """Push a model, its tokenizer and its model card to the Hugging Face Hub, in one commit.

    The token is what `hf auth login` saved, or the variable HF_TOKEN. HF_ENDPOINT names another
    Hub; where that one does not know Xet, set HF_HUB_DISABLE_XET=1.

    Returns:
        What was sent, and where it is; with `dry_run` the folder that was written.

    Raises:
        ConfigError: if an option is wrong.
        UnknownNameError: if there is no such run.
        HubError: if the Hub refuses or cannot be reached.
    """
    options.check_output_folder("dry_run")
    with _pushed_folder(options, notify) as folder:
        from .hub import hub
        from .hub.model_folder import copy_folder, list_files

        if options.dry_run is not None:
            copy = copy_folder(folder, options.dry_run)
            return SavedModel(copy, tuple(list_files(copy)))
        sent = hub.push(folder, options.name, private=options.private, update=options.update)
    return PushedModel(tuple(sent.files), sent.url)


@contextmanager
def _pushed_folder(options: PushOptions, notify: Notify) -> Iterator[Path]:
    """Give the folder that is pushed: a saved one as it is, or a run's, made for the occasion."""
    from .hub.open_model import check_installed, find_run, is_model_folder

    if is_model_folder(options.model):
        message = "it goes into the model card of a run; this folder has its own README.md."
        stated = [n for n in ("licence", "language", "dataset") if not options.is_default(n)]
        if stated:
            raise ConfigError([Problem(name, message) for name in stated])
        yield Path(options.model)
        return
    check_installed()
    run = find_run(options.model, runs_folder(options.runs))
    announce_run(options.model, run.id, notify)
    from .hub.model_folder import draft_model_folder

    with draft_model_folder(run, options.name, options.statements(), None) as folder:
        yield folder
