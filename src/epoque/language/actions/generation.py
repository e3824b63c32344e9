"""Going on with a text, and filling the gaps of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epoque.bench.actions import action, option
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.progress import Notify, Progress

from ..generation.sampling import Sampling
from .options import ModelOptions, use_model

if TYPE_CHECKING:
    from ..evaluation.count_mixture import CountMixture
    from ..generation.fill_mask import Candidate
    from ..hub.open_model import LoadedModel

__all__ = [
    "Continuation",
    "FillMaskOptions",
    "GenerateOptions",
    "Generated",
    "fill_mask",
    "generate",
    "stream",
]

LESS_TO_GENERATE = "a smaller --context, fewer --beams or fewer prompts"


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
    with use_model(options, LESS_TO_GENERATE, progress, notify) as opened:
        from ..generation.generate import generate as continue_prompts

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
    from ..evaluation.count_mixture import open_mixture

    if opened.run is None:
        message = "true needs a run, whose training text is counted; this is a saved model."
        raise ConfigError([Problem("with_counts", message)])
    return open_mixture(opened.run, opened.tokenizer)


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
    with use_model(options, LESS_TO_GENERATE, progress, notify) as opened:
        from ..generation.generate import stream as continue_prompt

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
    with use_model(options, "a shorter text", progress, notify) as opened:
        from ..generation.fill_mask import fill_mask as fill

        return fill(opened.model, opened.tokenizer, options.text, options.top)
