"""A reader's words for metrics and results, as a lab declares them in `Lab.result_labels`.

A name may hold `{n}`, which stands for a number: `"w{n}": mark("Weight w{n}")` is every weight's. A
value within a result, such as `outputs.01`, has the words of the result and its own name.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

from .errors import UsageError
from .i18n import translator
from .lab import find_lab

__all__ = ["NUMBER", "find_label", "labels_of", "translate_labels"]

NUMBER = "{n}"
"""Stands for a number in a name and in its words."""


def find_label(labels: Mapping[str, str], name: str) -> str | None:
    """Return the words for a metric or a result; None if the lab declares none.

    Args:
        labels: name, or pattern with `{n}`, to words in some language.
        name: of a metric, of a result, or `result.part` of a value within one.
    """
    if name in labels:
        return labels[name]
    if match := re.search(r"\d+", name):
        pattern = f"{name[: match.start()]}{NUMBER}{name[match.end() :]}"
        if pattern in labels:
            return labels[pattern].replace(NUMBER, match[0])
    first, dot, rest = name.partition(".")
    if dot and (words := find_label(labels, first)) is not None:
        return f"{words}, {rest}"
    return None


def labels_of(lab: str) -> Mapping[str, str]:
    """Return the words of a lab by its name, in English; none of one that cannot be loaded."""
    with suppress(UsageError):
        return find_lab(lab).result_labels
    return {}


def translate_labels(labels: Mapping[str, str], language: str) -> dict[str, str]:
    """Return the words of a lab, patterns too, in a language."""
    translate = translator(language)
    return {name: translate(words) for name, words in labels.items()}
