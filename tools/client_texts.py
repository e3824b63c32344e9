"""The texts of the studio's client: found in its source, and their French written for its build.

    python tools/client_texts.py        write web/src/i18n/fr.json from the compiled catalogues

The English stands in the code already: in that file each French text has a short key of its English
(`message_key`), which the page computes too.

A text of the page is an argument of one of three functions of `web/src/i18n`, written out in full:

    t("Iteration {step}", {step})                       a text
    plural("{count} run", "{count} runs", count)        one for each of English's two numbers
    mark("Discriminator")                               a text that `t` is given elsewhere

Standard library only: a build has no Babel.
"""

import gettext
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "web" / "src"
ENGINE = ROOT / "src" / "epoque" / "bench" / "live_engine" / "engine.json"
FRENCH = CLIENT / "i18n" / "fr.json"

TEXTS_OF = {"t": 1, "mark": 1, "plural": 2}
"""Function to how many of its first arguments are texts."""

_CALL = re.compile(rf"(?<![\w$.#])({'|'.join(TEXTS_OF)})\(\s*")
_DEFINITION = re.compile(r"\bfunction\s+$")
_TEXT = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\s+", re.DOTALL)
_ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|\n|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\n": ""}


class UnreadableTextError(ValueError):
    """A text that can only be known when the page runs: nobody could translate it."""


class SharedKeyError(ValueError):
    """Two texts have one key: the page could not tell them apart."""


def collect_client(source: Path = CLIENT) -> Iterator[tuple[Path, str]]:
    """Yield each file of the client with a message that it holds, in order.

    Raises:
        UnreadableTextError: if a text is put together while the page runs; names the file.
    """
    files = sorted(path for kind in ("*.ts", "*.svelte") for path in source.rglob(kind))
    for path in files:
        try:
            for message in client_messages(path.read_text("utf-8")):
                yield path, message
        except UnreadableTextError as error:
            raise UnreadableTextError(f"{path}, {error}") from None
    if source == CLIENT:
        yield from ((ENGINE, message) for message in engine_messages())


def engine_messages() -> Iterator[str]:
    """Yield what the page says in the words of the live engine's description."""
    for lab in json.loads(ENGINE.read_text("utf-8"))["labs"].values():
        yield from filter(None, lab["failures"])
        yield from (rule["reason"] for rule in lab["covers"])


def client_messages(code: str) -> Iterator[str]:
    """Yield the messages of one TypeScript or Svelte file.

    A message is a text or a sum of texts. What is no text, such as a name whose text is marked
    elsewhere, is passed over.

    Raises:
        UnreadableTextError: if one holds `${…}`, or is a sum of a text and something else.
    """
    for call in _CALL.finditer(code):
        if _DEFINITION.search(code, 0, call.start()):
            continue
        at, line = call.end(), code.count("\n", 0, call.start()) + 1
        for _ in range(TEXTS_OF[call[1]]):
            text, at = _read_sum(code, at, line)
            if text is None:
                break
            yield text
            at = _skip(code, at)
            if code[at : at + 1] != ",":
                break
            at = _skip(code, at + 1)


def _read_sum(code: str, at: int, line: int) -> tuple[str | None, int]:
    """Return the text that begins at a place and where it ends; None where no text begins."""
    parts: list[str] = []
    while found := _TEXT.match(code, at):
        if found[0].startswith("`") and "${" in found[0]:
            raise UnreadableTextError(f"line {line}: a text with ${{…}} cannot be translated")
        parts.append(_ESCAPE.sub(_unescape, found[0][1:-1]))
        at = _skip(code, found.end())
        if code[at : at + 1] != "+":
            return "".join(parts), at
        at = _skip(code, at + 1)
    if parts:
        raise UnreadableTextError(f"line {line}: a sum of a text and a value cannot be translated")
    return None, at


def _unescape(escape: re.Match[str]) -> str:
    code = escape[2] or escape[3] or escape[4]
    return chr(int(code, 16)) if code else _PLAIN.get(escape[1], escape[1])


def _skip(code: str, at: int) -> int:
    """Return the place after spaces and comments."""
    while space := _COMMENT.match(code, at):
        at = space.end()
    return at


def message_key(message: str) -> str:
    """Return a message's key: 22 bits of its FNV-1a hash over UTF-16 units, in base 36.

    `web/src/i18n/key.ts` computes the same.
    """
    units = message.encode("utf-16-le")
    digest = 0x811C9DC5
    for low, high in zip(units[::2], units[1::2], strict=True):
        digest = (digest ^ (low | high << 8)) * 0x01000193 & 0xFFFFFFFF
    return _base_36(digest >> 10)


def _base_36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    rest, last = divmod(number, 36)
    return (_base_36(rest) if rest else "") + digits[last]


def french_texts(source: Path = CLIENT) -> dict[str, str]:
    """Return key to French of every text of the page, in the order of the English.

    A text without French, or with the same, is left out and stays English;
    `tools/messages.py --check` refuses one without.

    Raises:
        SharedKeyError: if two texts have one key.
    """
    catalogs = []
    for path in sorted((ROOT / "src" / "epoque").glob("**/fr/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            catalogs.append(gettext.GNUTranslations(file))
    french: dict[str, str] = {}
    message_of: dict[str, str] = {}
    for message in sorted({message for _, message in collect_client(source)} - {""}):
        key = message_key(message)
        if key in message_of:
            raise SharedKeyError(
                f"one key for two texts, reword one: {message_of[key]} | {message}"
            )
        message_of[key] = message
        known = (catalog.gettext(message) for catalog in catalogs)
        text = next((text for text in known if text != message), None)
        if text is not None:
            french[key] = text
    return french


def write_french(path: Path = FRENCH, source: Path = CLIENT) -> None:
    """Write the French of the page's texts, unless that is what the file holds already."""
    content = json.dumps(pack_texts(french_texts(source)), ensure_ascii=False, indent=1) + "\n"
    if path.exists() and path.read_text("utf-8") == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    new.write_text(content, "utf-8")
    new.replace(path)


def pack_texts(texts: dict[str, str]) -> dict[str, Any]:
    """Return texts in the order of their keys, and the keys by their differences: a tenth shorter.

    `web/src/i18n/language.svelte.ts` unpacks them.
    """
    ordered = sorted((int(key, 36), text) for key, text in texts.items())
    numbers = [number for number, _ in ordered]
    steps = (number - before for number, before in zip(numbers, [0, *numbers], strict=False))
    return {"keys": " ".join(map(_base_36, steps)), "texts": [text for _, text in ordered]}


if __name__ == "__main__":
    write_french(*map(Path, sys.argv[1:]))
