"""Whether transformers opens a finished model from the files that would be pushed to the Hub."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from epoque.bench.errors import EpoqueError
from epoque.bench.files.drafts import draft_folder

from . import hub
from .model_card import model_card

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from epoque.bench.runs.run import Run

    from ..config import LanguageConfig
    from ..models import Model

__all__ = ["reopened"]


def reopened(
    run: "Run[LanguageConfig]",
    model: "Model",
    tokenizer: "PreTrainedTokenizerFast",
    ids: torch.Tensor,
    results: Mapping[str, Any],
) -> dict[str, Any]:
    """Write what a push would send, open it with transformers alone, and compare.

    Args:
        run: the run, whose folder the files are in for a moment.
        model: its model; it is moved to the CPU.
        tokenizer: its tokenizer.
        ids: tokens of the text, [T] int64.
        results: what the model card tells.

    Returns:
        `saved_files` and `saved_bytes`; `reopened_as`: the class that `AutoModelFor…` made;
        `reopened_difference`: the largest difference of a log-probability over these tokens, in
        nats; `reopened_tokens`: whether the tokenizer cuts their text as ours does. Where
        transformers cannot open it, `reopened_error` says why instead of the last three: nothing
        measured before is lost for that.
    """
    with draft_folder(run.path / "model") as made:
        folder = made / "model"
        hub.write(folder, run, model.cpu(), tokenizer, model_card(run, run.recipe, None, results))
        names = hub.files_of(folder)
        size = sum((folder / name).stat().st_size for name in names)
        told: dict[str, Any] = {"saved_files": names, "saved_bytes": size}
        try:
            return told | _compared(folder, model, tokenizer, ids)
        except EpoqueError:
            raise
        except Exception as error:  # whatever a version of transformers makes of the files
            lines = str(error).splitlines() or [type(error).__name__]
            return told | {"reopened_error": lines[0]}


def _compared(
    folder: Path, model: "Model", tokenizer: "PreTrainedTokenizerFast", ids: torch.Tensor
) -> dict[str, Any]:
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

    kind = AutoModelForCausalLM if model.causal else AutoModelForMaskedLM
    with _quiet():
        theirs = kind.from_pretrained(folder, trust_remote_code=False).eval()
        cuts = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    with torch.inference_mode():
        first = model.eval().logits(model.hidden(ids[None])).double().log_softmax(-1)
        second = theirs(input_ids=ids[None]).logits.double().log_softmax(-1)
    text = tokenizer.decode(ids.tolist())
    return {
        "reopened_as": type(theirs).__name__,
        "reopened_difference": float((first - second).abs().max()),
        "reopened_tokens": tokenizer(text)["input_ids"] == cuts(text)["input_ids"],
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' progress bars out of the terminal."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
