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

from .actions import evaluation, generation, interpretability, sharing
from .actions.options import LOADING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .evaluation.score import Score
    from .generation.fill_mask import Candidate

__all__ = ["build_app"]

# A terminal acts on these; a model may write them.
_CONTROLS = {
    i: "\N{REPLACEMENT CHARACTER}" for i in (*range(32), *range(127, 160)) if i not in (9, 10)
}
LOADING_BAR = (LOADING, "")


def build_app(title: str) -> App:
    """Return the commands of the lab, under its title."""
    app = App(help=title)
    add_action(
        app,
        generation.generate,
        _show_texts,
        to_json=_texts_as_json,
        bar=LOADING_BAR,
        has_quiet=False,
        call=_stream_or_generate,
        examples=(
            'epoque language generate last "Once upon a time" --top-p 0.9',
            'epoque language generate last "ROMEO:" --temperature 0.7 --max-tokens 200 --seed 3',
        ),
    )
    add_action(
        app,
        generation.fill_mask,
        _show_candidates,
        to_json=lambda masks: [[asdict(candidate) for candidate in mask] for mask in masks],
        bar=LOADING_BAR,
        has_quiet=False,
        examples=('epoque language fill-mask last "The king is [MASK] ."',),
    )
    add_action(
        app,
        evaluation.perplexity,
        _show_perplexity,
        to_json=lambda measured: asdict(measured.value),
        bar=("reading", "tokens"),
        has_quiet=False,
        examples=("epoque language perplexity last my-text.txt",),
    )
    add_action(
        app,
        evaluation.score,
        _show_score,
        to_json=_score_as_json,
        bar=LOADING_BAR,
        has_quiet=False,
        examples=('epoque language score last "To be or not to be"',),
    )
    add_action(
        app,
        interpretability.look,
        _show_look,
        to_json=_look_as_json,
        bar=LOADING_BAR,
        has_quiet=False,
        examples=('epoque language look last "To be or not to be"',),
    )
    add_action(
        app,
        evaluation.compare,
        _show_compared,
        to_json=lambda models: [
            {"name": m.name, **asdict(m.perplexity), "is_pseudo": m.is_pseudo} for m in models
        ],
        bar=("reading", "tokens"),
        has_quiet=False,
        examples=("epoque language compare my-text.txt last openai-community/gpt2",),
    )
    add_action(
        app,
        sharing.save,
        _show_folder,
        examples=("epoque language save last my-model",),
    )
    add_action(
        app,
        sharing.push,
        _show_pushed,
        examples=(
            "epoque language push last my-name/my-model --dry-run look-first",
            "epoque language push last my-name/my-model --private",
        ),
    )
    return app


def _stream_or_generate(
    options: generation.GenerateOptions, progress: Progress, notify: Notify
) -> generation.Generated | None:
    """Print one text while it comes; make several at once."""
    if len(options.prompt) > 1:
        return generation.generate.run(options, progress, notify)
    out = make_console()
    pieces = generation.stream.run(options, progress, notify)
    first = next(pieces, "")  # an error comes before anything is printed
    out.print(Text(options.prompt[0], "bold"), end="")
    out.print(_replace_controls(first), end="")
    for piece in pieces:
        out.print(_replace_controls(piece), end="")
    out.print()
    return None


def _show_texts(generated: generation.Generated) -> None:
    for number, text in enumerate(generated.texts):
        prompt = Text(text.prompt, "bold")
        make_console().print(
            "\n" if number else "", prompt, _replace_controls(text.text), sep="", end="\n"
        )


def _texts_as_json(generated: generation.Generated) -> dict[str, Any]:
    return {
        "model": generated.model,
        "sampling": generated.sampling.model_dump(),
        "texts": [{"prompt": t.prompt, "continuation": t.text} for t in generated.texts],
    }


def _replace_controls(text: str) -> str:
    return text.translate(_CONTROLS)


def _show_candidates(masks: "list[list[Candidate]]") -> None:
    out = make_console()
    for number, candidates in enumerate(masks, 1):
        if len(masks) > 1:
            out.print(f"{'' if number == 1 else chr(10)}Mask {number}", style="bold")
        rows = (
            (f"{c.probability:.2%}", _replace_controls(c.token), _replace_controls(c.text))
            for c in candidates
        )
        out.print(make_table(("", "token", "sentence"), rows))


def _show_perplexity(measured: evaluation.TextPerplexity) -> None:
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


def _show_look(look: interpretability.Look) -> None:
    out, tokens = make_console(), tuple(map(_on_one_line, look.attention.tokens))
    by_layer = look.attention.weights.mean(1)  # over the heads
    out.print("Where each token looks most, by layer", style="bold")
    heading = ("token", *(f"layer {n}" for n in range(1, len(by_layer) + 1)))
    rows = (
        (token, *(_most_attended(layer[i], tokens) for layer in by_layer))
        for i, token in enumerate(tokens)
    )
    out.print(make_table(heading, rows))
    out.print("\nWhat it would say after each layer, at the last token", style="bold")
    last = (
        (f"layer {n}" if n else "embedding", _guesses(words[-1], shares[-1]))
        for n, (words, shares) in enumerate(zip(look.guesses, look.lens.probabilities, strict=True))
    )
    out.print(make_table(("", "guesses"), last))
    out.print("\nTokens with like embeddings", style="bold")
    near = (
        (_on_one_line(word), ", ".join(f"{_on_one_line(w)} {cosine:.2f}" for w, cosine in row))
        for word, row in zip(look.words, look.neighbors, strict=True)
    )
    out.print(make_table(("token", "neighbours, cosine"), near))


def _on_one_line(text: str) -> str:
    return repr(_replace_controls(text))[1:-1]


def _most_attended(weights: "NDArray[np.float32]", tokens: tuple[str, ...]) -> str:
    """Return the token that is looked at most, and with which share."""
    place = int(weights.argmax())
    return f"{tokens[place]} {weights[place]:.0%}"


def _guesses(words: tuple[str, ...], shares: "NDArray[np.float32]") -> str:
    pairs = zip(words, shares.tolist(), strict=True)
    return ", ".join(f"{_on_one_line(word)} {share:.1%}" for word, share in pairs)


def _look_as_json(look: interpretability.Look) -> dict[str, Any]:
    return {
        "tokens": list(look.attention.tokens),
        "attention": look.attention.weights.tolist(),
        "lens": {
            "guesses": look.guesses,
            "probabilities": look.lens.probabilities.tolist(),
            "entropy": look.lens.entropy.tolist(),
        },
        "neighbours": {
            word: [{"token": w, "cosine": c} for w, c in row]
            for word, row in zip(look.words, look.neighbors, strict=True)
        },
    }


def _show_compared(models: tuple[evaluation.ComparedModel, ...]) -> None:
    rows = (
        (
            f"{m.name} (pseudo)" if m.is_pseudo else m.name,
            _number(m.perplexity.per_word),
            _number(m.perplexity.bits_per_byte, 3),
            _number(m.perplexity.per_token),
            f"{m.perplexity.tokens:,}",
        )
        for m in models
    )
    heading = ("model", "perplexity per word", "bits per byte", "per token", "tokens")
    make_console().print(make_table(heading, rows))


def _show_folder(model: sharing.SavedModel) -> None:
    _list(model.folder, model.files)


def _show_pushed(model: sharing.PushedModel | sharing.SavedModel) -> None:
    if isinstance(model, sharing.SavedModel):
        _show_folder(model)
        return
    make_console().print(f"{len(model.files)} files: {', '.join(model.files)}")
    make_console().print(model.url)


def _list(folder: Path, names: tuple[str, ...]) -> None:
    rows = ((f"{(folder / name).stat().st_size:,}", name) for name in names)
    make_console().print(make_table(("bytes", "file"), rows))
    make_console().print(f"\n{folder}")
