"""Why the studio does not do what a page asks for, in the page's language."""

from collections.abc import Mapping

from epoque.bench.i18n import LANGUAGES, mark
from epoque.bench.runs.reasons import REASONS
from epoque.bench.sentences import translate_sentence

__all__ = ["language_of", "translate_refusal"]

REFUSALS = (
    mark("There is no {kind} '{name}'."),
    mark("There is no {kind} '{name}'.{hint}"),
    mark(" Did you mean {names}?"),
    mark(" There are {names}."),
    mark(" There is only {names}."),
    mark("There is a folder {path} already."),
    mark("name: {name} is not allowed; it means the newest run."),
    mark("name: {name} is not allowed; it is a device of Windows."),
    mark(
        "name: {name} is not allowed; it takes letters a to z, digits, `.`, `_` and `-`, at most "
        "{most} of them, and begins with a letter or a digit."
    ),
    mark(
        "{text} is not allowed as a filter; it is a column, one of {operators} and a value, such "
        "as seed<3 or recipe~ring."
    ),
    mark("{text} is not allowed as a filter; a quote is not closed."),
    mark(
        "The studio has {count} trainings in the background, as many as it takes (--max-runs); try "
        "again when one has ended."
    ),
    mark(
        "The studio has {count} trainings on the server, as many as it takes (--max-sessions); "
        "close one, or choose settings that this page computes itself."
    ),
    mark("{run} is not trained by this studio; nothing was stopped."),
    mark("{run} is being trained already."),
    mark("{run} is being written; nothing was deleted."),
    mark("{run} is already finished; there is nothing to resume."),
    mark("This run could not be gone on with: {why}."),
    mark("This training could not be begun: {why}."),
    mark("This training could not be computed again: {why}."),
    mark(
        "This training was computed again and came to another state after {count} iterations, so "
        "it is not kept: the page may be of another version; reload it."
    ),
    mark("The file is no text: it is {kind}."),
    mark("The file is no {ending} file."),
    mark("The picture has more than {count} megapixels, which is the most."),
    mark("The studio takes no {ending}; it takes {endings}."),
    mark("The file has more than {count} MB, which is the most for .{ending}."),
    *REASONS,
)
"""Forms; those with more words come before those that they would also fit."""
_WHOLE = (
    mark("run"),
    mark("recipe"),
    mark("training with the id"),
    mark("run in the trash named"),
    mark("column of runs"),
    mark("The process of this training ended unexpectedly."),
    mark("The studio is ending."),
    mark("This training was closed."),
    mark("Only a training of the live engine is kept; run this one instead."),
    mark("The file is empty."),
    mark("The file is no picture of a kind that is read here."),
    mark("The picture is damaged."),
    mark("The file is no text: it holds zero bytes."),
    mark("The file is no JSON."),
    mark("The file is no safetensors file."),
    mark(
        "The files that were uploaded would have more than 2 GiB together; delete some of the "
        "folder .uploads beside the runs."
    ),
)
"""What has no parts itself: marked here, so that it has its French."""


def translate_refusal(sentence: str, language: str) -> str:
    """Return a refusal in a language; one that has no form here stays English."""
    return "\n".join(translate_sentence(line, language, REFUSALS) for line in sentence.split("\n"))


def language_of(headers: Mapping[str, str]) -> str:
    """Return the language that a request prefers, as a page of ours says its own."""
    first = headers.get("accept-language", "")[:2].lower()
    return first if first in LANGUAGES else "en"
