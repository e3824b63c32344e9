"""`epoque language generate|fill-mask|perplexity|score|save|push`: using a trained model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from math import exp, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from rich.text import Text

from epoque.bench.errors import UsageError
from epoque.bench.options import AsJson, Device, RunName, RunsOption, at_least
from epoque.bench.runs.places import check_folder, runs_folder
from epoque.bench.system.memory import told_memory
from epoque.bench.telling import console, print_json, progress_bar, say_taken, table, waiting

from .generation.sampling import Sampling
from .lab import LAB

if TYPE_CHECKING:
    from .hub.open_model import Opened

__all__ = ["APP"]

APP = App(help=LAB.title)

ModelName = Annotated[
    str,
    Parameter(
        help="A run (its id, a part of it, `last` or its folder), a saved folder, or owner/name "
        "on the Hugging Face Hub."
    ),
]
Licence = Annotated[
    str | None,
    Parameter(help="Licence of the weights for the model card, such as cc-by-sa-4.0."),
]

# A terminal acts on these; a model may write them.
_CONTROLS = {
    i: "\N{REPLACEMENT CHARACTER}" for i in (*range(32), *range(127, 160)) if i not in (9, 10)
}


@contextmanager
def _opened(
    name: str, runs: Path | None, device: str, helps: str, *, quiet: bool
) -> "Iterator[Opened]":
    """Give a model of any name; running out of memory with it is told in one sentence.

    Args:
        name: see `open_model`.
        runs: the folder of runs.
        device: see `open_model`.
        helps: what takes less memory.
        quiet: do not say which run was taken.
    """
    from .hub.open_model import check_installed, open_model

    with waiting("loading PyTorch"):
        check_installed()
    with told_memory(f"Memory ran out: {helps} needs less; --device cpu takes the machine's own."):
        opened = open_model(name, runs_folder(runs), device)
        say_taken(name, opened.name, quiet=quiet)
        yield opened


@APP.command
def generate(
    model: ModelName,
    prompt: Annotated[str, Parameter(help="The text to go on with.")],
    /,
    *more: Annotated[str, Parameter(help="More prompts; all go on side by side.")],
    sampling: Annotated[Sampling, Parameter(name="*")] = Sampling(),  # noqa: B008
    device: Device = "auto",
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Continue a text with a causal model, token by token, as it is drawn.

    The next token is drawn from the model's probabilities. `--temperature 0` always takes the
    likeliest, which soon repeats itself; `--top-p 0.9` leaves out the unlikely rest, from which
    nonsense comes; `--beams 4` looks for the likeliest text as a whole, instead of drawing. The
    same `--seed` gives the same text.

    Examples: `epoque language generate last "Once upon a time" --top-p 0.9`,
    `epoque language generate last "ROMEO:" --temperature 0.7 --max-tokens 200 --seed 3`.
    """
    prompts, helps = [prompt, *more], "a smaller --context, fewer --beams or fewer prompts"
    with _opened(model, runs, device, helps, quiet=as_json) as opened:
        from .generation import generate as generation

        sampling = replace(sampling, context=sampling.context or opened.context)
        if len(prompts) == 1 and not as_json:
            _stream(opened, prompt, sampling)
            return
        texts = generation.generate(opened.model, opened.tokenizer, prompts, sampling)
    if as_json:
        rows = [{"prompt": p, "continuation": t} for p, t in zip(prompts, texts, strict=True)]
        print_json({"model": opened.name, "sampling": asdict(sampling), "texts": rows})
        return
    for number, (given, text) in enumerate(zip(prompts, texts, strict=True)):
        console().print("\n" if number else "", Text(given, "bold"), _shown(text), sep="", end="\n")


def _stream(opened: "Opened", prompt: str, sampling: Sampling) -> None:
    """Print a prompt, and each piece of what follows as soon as it is there."""
    from .generation.generate import stream

    out = console()
    pieces = stream(opened.model, opened.tokenizer, prompt, sampling)
    first = next(pieces, "")  # an error comes before anything is printed
    out.print(Text(prompt, "bold"), end="")
    out.print(_shown(first), end="")
    for piece in pieces:
        out.print(_shown(piece), end="")
    out.print()


def _shown(text: str) -> str:
    return text.translate(_CONTROLS)


@APP.command
def fill_mask(
    model: ModelName,
    text: Annotated[str, Parameter(help="A sentence that holds the model's mask, [MASK].")],
    /,
    *,
    top: Annotated[
        int, Parameter(help="How many candidates for each mask.", validator=at_least(1))
    ] = 5,
    device: Device = "auto",
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Fill the masks of a sentence with a masked model: the likeliest words at each.

    A masked model sees both sides of a mask, so it can tell what is missing, but not go on
    with a text. With several masks, each is filled as if the others stayed empty.

    Example: `epoque language fill-mask last "The king is [MASK] ."`.
    """
    from .generation.fill_mask import fill_mask as fill

    with _opened(model, runs, device, "a shorter text", quiet=as_json) as opened:
        found = fill(opened.model, opened.tokenizer, text, top)
    if as_json:
        print_json([[asdict(candidate) for candidate in place] for place in found])
        return
    out = console()
    for number, place in enumerate(found, 1):
        if len(found) > 1:
            out.print(f"{'' if number == 1 else chr(10)}Mask {number}", style="bold")
        rows = ((f"{c.probability:.2%}", _shown(c.token), _shown(c.text)) for c in place)
        out.print(table(("", "token", "sentence"), rows))


@APP.command
def perplexity(
    model: ModelName,
    file: Annotated[Path, Parameter(help="A text, JSON-lines or Parquet file, or a folder.")],
    /,
    *more: Annotated[Path, Parameter(help="More files; they are read as one text.")],
    context: Annotated[int, Parameter(help="Tokens seen at once; 0: as many as in training.")] = 0,
    first: Annotated[int, Parameter(help="Only the first so many tokens; 0: all.")] = 0,
    text_column: Annotated[str, Parameter(help="The column that holds the text.")] = "text",
    undecodable: Annotated[
        Literal["stop", "replace"],
        Parameter(help="Bytes that are not UTF-8: stop there, or replace them."),
    ] = "stop",
    device: Device = "auto",
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Measure how well a model predicts a text: lower is better.

    A perplexity of 100 means that the model hesitates as if between 100 equally likely tokens.
    Tokenizers cut texts differently, so compare models by perplexity per word or bits per byte.
    A causal model predicts each token from those before it. A masked model is given each token as
    a mask in turn (pseudo-perplexity), one reading a token: use --first on long texts, and do not
    compare the number with a causal model's.

    Example: `epoque language perplexity last my-text.txt`.
    """
    from .data.corpus import file_documents, lines
    from .evaluation.score import perplexity as measure

    for name, value in (("context", context), ("first", first)):
        if value < 0:
            raise UsageError(f"--{name}: {value} is not allowed; it takes a whole number from 0.")
    documents = file_documents([str(file), *map(str, more)], text_column, undecodable)
    with (
        _opened(model, runs, device, "a smaller --context", quiet=as_json) as opened,
        progress_bar("reading", "tokens") as told_progress,
    ):
        found = measure(
            opened.model,
            opened.tokenizer,
            lines(documents),
            context=context or opened.context,
            first=first,
            progress=told_progress,
        )
    if as_json:
        print_json(asdict(found))
        return
    pseudo = "" if opened.model.causal else "pseudo-"
    rows = (
        (f"{pseudo}perplexity per token", _number(found.per_token)),
        (f"{pseudo}perplexity per word", _number(found.per_word)),
        ("bits per byte", _number(found.bits_per_byte, 3)),
        ("tokens scored, of all", f"{found.scored:,} of {found.tokens:,}"),
        ("words, bytes", f"{found.words:,}, {found.bytes:,}"),
    )
    console().print(table(("", ""), rows))


def _number(value: float, decimals: int = 2) -> str:
    return "–" if isnan(value) else f"{value:,.{decimals}f}"


@APP.command
def score(
    model: ModelName,
    text: Annotated[str, Parameter(help="The text.")],
    /,
    *,
    device: Device = "auto",
    runs: RunsOption = None,
    as_json: AsJson = False,
) -> None:
    """Show how likely a model finds each token of a text.

    A causal model cannot score the first token: nothing stands before it. A masked model is given
    each token as a mask in turn.

    Example: `epoque language score last "To be or not to be"`.
    """
    from .evaluation.score import score as measure

    with _opened(model, runs, device, "a shorter text", quiet=as_json) as opened:
        found = measure(opened.model, opened.tokenizer, text)
    values = found.log_probabilities.tolist()
    if as_json:
        rows = [
            {"token": token, "id": i, "log_probability": None if isnan(value) else value}
            for token, i, value in zip(found.tokens, found.ids.tolist(), values, strict=True)
        ]
        mean = found.perplexity
        print_json({"tokens": rows, "perplexity": None if isnan(mean) else mean})
        return
    cells = (
        (repr(token)[1:-1], *(("", "") if isnan(v) else (f"{exp(v):.4g}", f"{v:.3f}")))
        for token, v in zip(found.tokens, values, strict=True)
    )
    out = console()
    out.print(table(("token", "probability", "log, nats"), cells))
    if isnan(found.perplexity):
        out.print("\nperplexity – (no token was scored: nothing stands before the first one)")
    else:
        out.print(f"\nperplexity {found.perplexity:,.2f}")


@APP.command
def save(
    run: RunName,
    folder: Annotated[Path, Parameter(help="A new folder.")],
    /,
    *,
    licence: Licence = None,
    runs: RunsOption = None,
) -> None:
    """Save a run's model, tokenizer and model card as a folder that transformers opens.

    Example: `epoque language save last my-model`, then in Python
    `AutoModelForCausalLM.from_pretrained("my-model")`.
    """
    from .hub.hub import files_of
    from .hub.hub import save as save_run
    from .hub.open_model import check_installed, find_run

    check_installed()
    found = find_run(run, runs_folder(runs))
    say_taken(run, found.id)
    made = save_run(found, folder, licence=licence)
    _list(made, files_of(made))


@APP.command
def push(
    model: Annotated[str, Parameter(help="A run, or a folder that `save` wrote.")],
    name: Annotated[str, Parameter(help="owner/name on the Hub, or a name of your own.")],
    /,
    *,
    private: Annotated[bool, Parameter(negative="", help="Only you may see it.")] = False,
    update: Annotated[
        bool, Parameter(negative="", help="Replace the files of a model that is there.")
    ] = False,
    dry_run: Annotated[
        Path | None,
        Parameter(help="Send nothing; write exactly what would be sent into this new folder."),
    ] = None,
    licence: Licence = None,
    runs: RunsOption = None,
) -> None:
    """Push a model, its tokenizer and its model card to the Hugging Face Hub, in one commit.

    The token is what `hf auth login` saved, or the variable HF_TOKEN. HF_ENDPOINT names another
    Hub; where that one does not know Xet, set HF_HUB_DISABLE_XET=1.

    Examples: `epoque language push last my-name/my-model --dry-run look-first`,
    `epoque language push last my-name/my-model --private`.
    """
    from .hub import hub

    check_folder("--dry-run", dry_run)
    with _folder(model, name, licence, runs) as folder:
        if dry_run is not None:
            made = hub.copy(folder, dry_run)
            _list(made, hub.files_of(made))
            return
        done = hub.push(folder, name, private=private, update=update)
    console().print(f"{len(done.files)} files: {', '.join(done.files)}")
    console().print(done.url)


@contextmanager
def _folder(model: str, name: str, licence: str | None, runs: Path | None) -> Iterator[Path]:
    """Give the folder that is pushed: a saved one as it is, or a run's, made for the occasion."""
    from .hub.hub import saved
    from .hub.open_model import check_installed, find_run, is_model_folder

    if is_model_folder(model):
        if licence is not None:
            told = "--licence goes into the model card of a run; this folder has its own README.md."
            raise UsageError(told)
        yield Path(model)
        return
    check_installed()
    found = find_run(model, runs_folder(runs))
    say_taken(model, found.id)
    with saved(found, name, licence, None) as folder:
        yield folder


def _list(folder: Path, names: list[str]) -> None:
    rows = ((f"{(folder / name).stat().st_size:,}", name) for name in names)
    console().print(table(("bytes", "file"), rows))
    console().print(f"\n{folder}")
