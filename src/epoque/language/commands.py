"""`epoque language generate|fill-mask|…`: what the actions return, printed."""

from dataclasses import asdict
from math import exp, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App
from rich.text import Text

from epoque.bench.action_commands import add_action
from epoque.bench.progress import Notify, Progress
from epoque.bench.terminal import make_console, make_table

from . import actions

if TYPE_CHECKING:
    from .evaluation.score import Score
    from .generation.fill_mask import Candidate

__all__ = ["build_app"]

# A terminal acts on these; a model may write them.
_CONTROLS = {
    i: "\N{REPLACEMENT CHARACTER}" for i in (*range(32), *range(127, 160)) if i not in (9, 10)
}
LOADING = (actions.LOADING, "")


def build_app(title: str) -> App:
    """Return the commands of the lab, under its title."""
    app = App(help=title)
    add_action(
        app,
        actions.generate,
        _show_texts,
        to_json=_texts_as_json,
        bar=LOADING,
        has_quiet=False,
        call=_stream_or_generate,
        examples=(
            'epoque language generate last "Once upon a time" --top-p 0.9',
            'epoque language generate last "ROMEO:" --temperature 0.7 --max-tokens 200 --seed 3',
        ),
    )
    add_action(
        app,
        actions.fill_mask,
        _show_candidates,
        to_json=lambda masks: [[asdict(candidate) for candidate in mask] for mask in masks],
        bar=LOADING,
        has_quiet=False,
        examples=('epoque language fill-mask last "The king is [MASK] ."',),
    )
    add_action(
        app,
        actions.perplexity,
        _show_perplexity,
        to_json=lambda measured: asdict(measured.value),
        bar=("reading", "tokens"),
        has_quiet=False,
        examples=("epoque language perplexity last my-text.txt",),
    )
    add_action(
        app,
        actions.score,
        _show_score,
        to_json=_score_as_json,
        bar=LOADING,
        has_quiet=False,
        examples=('epoque language score last "To be or not to be"',),
    )
    add_action(
        app,
        actions.save,
        _show_folder,
        examples=("epoque language save last my-model",),
    )
    add_action(
        app,
        actions.push,
        _show_pushed,
        examples=(
            "epoque language push last my-name/my-model --dry-run look-first",
            "epoque language push last my-name/my-model --private",
        ),
    )
    return app


def _stream_or_generate(
    options: actions.GenerateOptions, progress: Progress, notify: Notify
) -> actions.Generated | None:
    """Print one text while it comes; make several at once."""
    if len(options.prompt) > 1:
        return actions.generate.run(options, progress, notify)
    out = make_console()
    pieces = actions.stream.run(options, progress, notify)
    first = next(pieces, "")  # an error comes before anything is printed
    out.print(Text(options.prompt[0], "bold"), end="")
    out.print(_shown(first), end="")
    for piece in pieces:
        out.print(_shown(piece), end="")
    out.print()
    return None


def _show_texts(generated: actions.Generated) -> None:
    for number, text in enumerate(generated.texts):
        prompt = Text(text.prompt, "bold")
        make_console().print("\n" if number else "", prompt, _shown(text.text), sep="", end="\n")


def _texts_as_json(generated: actions.Generated) -> dict[str, Any]:
    return {
        "model": generated.model,
        "sampling": generated.sampling.model_dump(),
        "texts": [{"prompt": t.prompt, "continuation": t.text} for t in generated.texts],
    }


def _shown(text: str) -> str:
    return text.translate(_CONTROLS)


def _show_candidates(masks: "list[list[Candidate]]") -> None:
    out = make_console()
    for number, candidates in enumerate(masks, 1):
        if len(masks) > 1:
            out.print(f"{'' if number == 1 else chr(10)}Mask {number}", style="bold")
        rows = ((f"{c.probability:.2%}", _shown(c.token), _shown(c.text)) for c in candidates)
        out.print(make_table(("", "token", "sentence"), rows))


def _show_perplexity(measured: actions.TextPerplexity) -> None:
    value, pseudo = measured.value, "pseudo-" if measured.is_pseudo else ""
    rows = (
        (f"{pseudo}perplexity per token", _number(value.per_token)),
        (f"{pseudo}perplexity per word", _number(value.per_word)),
        ("bits per byte", _number(value.bits_per_byte, 3)),
        ("tokens scored, of all", f"{value.scored:,} of {value.tokens:,}"),
        ("words, bytes", f"{value.words:,}, {value.bytes:,}"),
    )
    make_console().print(make_table(("", ""), rows))


def _number(value: float, decimals: int = 2) -> str:
    return "–" if isnan(value) else f"{value:,.{decimals}f}"


def _score_as_json(score: "Score") -> dict[str, Any]:
    values = zip(score.tokens, score.ids.tolist(), score.log_probabilities.tolist(), strict=True)
    rows = [
        {"token": token, "id": i, "log_probability": None if isnan(value) else value}
        for token, i, value in values
    ]
    return {"tokens": rows, "perplexity": None if isnan(score.perplexity) else score.perplexity}


def _show_score(score: "Score") -> None:
    cells = (
        (repr(token)[1:-1], *(("", "") if isnan(v) else (f"{exp(v):.4g}", f"{v:.3f}")))
        for token, v in zip(score.tokens, score.log_probabilities.tolist(), strict=True)
    )
    out = make_console()
    out.print(make_table(("token", "probability", "log, nats"), cells))
    if isnan(score.perplexity):
        out.print("\nperplexity – (no token was scored: nothing stands before the first one)")
    else:
        out.print(f"\nperplexity {score.perplexity:,.2f}")


def _show_folder(model: actions.SavedModel) -> None:
    _list(model.folder, model.files)


def _show_pushed(model: actions.PushedModel | actions.SavedModel) -> None:
    if isinstance(model, actions.SavedModel):
        _show_folder(model)
        return
    make_console().print(f"{len(model.files)} files: {', '.join(model.files)}")
    make_console().print(model.url)


def _list(folder: Path, names: tuple[str, ...]) -> None:
    rows = ((f"{(folder / name).stat().st_size:,}", name) for name in names)
    make_console().print(make_table(("bytes", "file"), rows))
    make_console().print(f"\n{folder}")
