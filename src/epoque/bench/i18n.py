"""The two languages of what a learner reads, through gettext catalogues.

A package that brings a lab brings its own as `locale/fr/LC_MESSAGES/messages.mo` beside it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from .errors import UsageError
from .plugins import LABS, plugin_folder, plugin_names

__all__ = ["LANGUAGES", "LocalText", "environment_language", "mark", "translator"]

LANGUAGES = ("en", "fr")


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text in each language, of a file that brings its own translations."""

    en: str
    fr: str

    def translate(self, language: str) -> str:
        """Return the text in a language of `LANGUAGES`."""
        return {"en": self.en, "fr": self.fr}[language]


def mark(message: str) -> str:
    """Return `message` unchanged: it only marks a text that is translated where it is shown."""
    return message


def environment_language() -> str:
    """Return the language that EPOQUE_LANG names, English if it names none that there is."""
    language = os.environ.get("EPOQUE_LANG", "")
    return language if language in LANGUAGES else "en"


@cache
def translator(language: str) -> Callable[[str], str]:
    """Return the function that translates an English message into `language`.

    Raises:
        UsageError: if there is no such language.
    """
    if language not in LANGUAGES:
        raise UsageError(f"There is no language {language!r}; there are {', '.join(LANGUAGES)}.")
    import gettext  # here, since `epoque --help` translates nothing

    with as_file(files("epoque") / "locale") as folder:
        catalog = gettext.translation("epoque", folder, [language], fallback=True)
    for lab in plugin_names(LABS):
        package = plugin_folder(LABS, "lab", lab)
        if package is not None and (package / "locale").is_dir():
            with as_file(package / "locale") as folder:
                own = gettext.translation("messages", folder, [language], fallback=True)
            catalog.add_fallback(own)

    def translate(message: str) -> str:
        return catalog.gettext(message) if message else ""

    return translate
