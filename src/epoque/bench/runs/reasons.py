"""Why a run failed, stopped or cannot be read, in a reader's language."""

from ..i18n import mark
from ..result_labels import labels_of, translate_labels
from ..sentences import translate_sentence

__all__ = ["REASONS", "translate_reason"]

REASONS = (
    mark(
        "Training diverged: {what} is not finite at iteration {step}. What was measured before it "
        "is kept; a smaller learning rate usually helps."
    ),
    mark(
        "Memory ran out with {count} images at once: a smaller batch_gpu computes the same batch "
        "in smaller parts; a smaller cbase, cmax or resolution also helps."
    ),
    mark("Cannot write {path}: {why}. What was there is whole."),
    mark("{path} is damaged or missing: {why}."),
    mark("{path} is damaged at line {line}."),
    mark("{path} is damaged: no {name}."),
    mark("{path} is damaged: {why}."),
    mark("{path} cannot be read: {why}."),
    mark(
        "{path} was written in format {format} by {writer}; this is Epoque {version}, which reads "
        "{formats}."
    ),
    mark("Of {path}, {fault}; `epoque resume {run}` repairs what it can."),
    mark("{fault}; `epoque resume {run}` makes it again"),
    mark("{file} is not what was saved"),
    mark("{file} is missing"),
    mark("stopped by {signal}"),
    mark("a gradient of the {network}"),
)
"""Those with more words come before those that they would also fit."""
_PARTS = (
    mark("an unexpected error"),
    mark("another Epoque"),
    mark("a loss"),
    mark("the loss"),
    mark("a weight"),
    mark("a gradient"),
    mark("a number"),
    mark("generator"),
    mark("discriminator"),
    mark("it is missing"),
    mark("it is no regular file"),
    mark("it holds no JSON object"),
    mark("it is cut short or not safetensors"),
    mark("it is not what was saved"),
    mark("it is not what was written"),
    mark("No such file or directory"),
    mark("Permission denied"),
)
"""What stands in them: marked here, so that it has its French."""


def translate_reason(reason: str, language: str, lab: str = "") -> str:
    """Return a reason in a language.

    Args:
        reason: as `status.json` or an error says it; "" for none.
        language: "en" or "fr".
        lab: the lab whose words a metric is called by that a reason names by its column.
    """
    if not reason:
        return ""
    labels = translate_labels(labels_of(lab), language) if lab else {}
    return translate_sentence(reason, language, REASONS, labels)
