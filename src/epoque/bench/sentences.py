"""English sentences in a reader's language, known again by their form.

Who raises an error, or trains a run, writes a sentence in English, whoever will read it. A reader
has the forms of those that he knows, with their parts in braces, and says them in his own language;
one that has no form stays as it was written, such as an error that nobody foresaw.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from .i18n import translator
from .result_labels import find_label

__all__ = ["translate_sentence"]

WORDS = ("what", "why", "kind", "hint", "fault", "network", "signal", "writer")
"""Names of parts that are words themselves; the others are paths, names and numbers."""


def translate_sentence(
    text: str, language: str, forms: Sequence[str], labels: Mapping[str, str] | None = None
) -> str:
    """Return a sentence in a language.

    Args:
        text: the sentence, in English.
        language: "en" or "fr".
        forms: marked messages whose parts stand in braces; the first that fits counts.
        labels: metric to its words in that language, for parts that name one by its column.
    """
    return _translate(text, translator(language), forms, labels or {})


def _translate(
    text: str,
    translate: Callable[[str], str],
    forms: Sequence[str],
    labels: Mapping[str, str],
) -> str:
    if (label := find_label(labels, text)) is not None:
        return label
    if (words := translate(text)) != text:
        return words
    for form in forms:
        if match := _pattern_of(form).fullmatch(text):
            values = {
                name: _translate(part, translate, forms, labels) if name in WORDS else part
                for name, part in match.groupdict().items()
            }
            return translate(form).format(**values)
    return text


@cache
def _pattern_of(form: str) -> re.Pattern[str]:
    """Return what recognizes a form, with a group for each of its parts."""
    pieces = re.split(r"\{(\w+)\}", form)
    texts, names = map(re.escape, pieces[::2]), pieces[1::2]
    groups = [f"(?P<{name}>.+?)" for name in names]
    return re.compile("".join(t + g for t, g in zip(texts, [*groups, ""], strict=True)), re.DOTALL)
