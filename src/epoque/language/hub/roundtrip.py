"""Whether transformers opens a finished model from the files that would be pushed to the Hub."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from epoque.bench.errors import EpoqueError
from epoque.bench.files.drafts import draft_folder

from ..config import LanguageConfig
from ..models import Model
from .model_card import model_card
from .model_folder import list_files, write_model_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from epoque.bench.runs.run import Run

__all__ = ["check_roundtrip"]


def check_roundtrip(
    run: "Run[LanguageConfig]",
    model: Model,
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
    with draft_folder(run.path / "model") as parent:
        folder = parent / "model"
        card = model_card(run, run.recipe, results=results)
        write_model_folder(folder, run, model.cpu(), tokenizer, card)
        names = list_files(folder)
        size = sum((folder / name).stat().st_size for name in names)
        sizes: dict[str, Any] = {"saved_files": names, "saved_bytes": size}
        try:
            return sizes | _compare(folder, model, tokenizer, ids)
        except EpoqueError:
            raise
        except Exception as error:  # whatever a version of transformers makes of the files
            lines = str(error).splitlines() or [type(error).__name__]
            return sizes | {"reopened_error": lines[0]}


def _compare(
    folder: Path, model: Model, tokenizer: "PreTrainedTokenizerFast", ids: torch.Tensor
) -> dict[str, Any]:
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

    kind = AutoModelForCausalLM if model.causal else AutoModelForMaskedLM
    with _no_progress_bars():
        theirs = kind.from_pretrained(folder, trust_remote_code=False).eval()
        their_tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    with torch.inference_mode():
        our_logp = model.eval()(ids[None]).double().log_softmax(-1)
        their_logp = theirs(input_ids=ids[None]).logits.double().log_softmax(-1)
    text = tokenizer.decode(ids.tolist())
    return {
        "reopened_as": type(theirs).__name__,
        "reopened_difference": float((our_logp - their_logp).abs().max()),
        "reopened_tokens": tokenizer(text)["input_ids"] == their_tokenizer(text)["input_ids"],
    }


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Keep transformers' progress bars out of the terminal."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
