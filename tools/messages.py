"""Keep the French catalogue: collect every message a learner reads, update it, compile it.

    python tools/messages.py            update the .po, compile the .mo, list what has no French
    python tools/messages.py --check    change nothing; fail if either is not current or complete

Messages are found in the source: arguments of `mark`, `_`, `translate` and `translator(…)(…)`, the
labels, descriptions and units of `setting(…)`, and the titles and texts of the recipes.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "epoque"
PO = SOURCE / "locale" / "fr" / "LC_MESSAGES" / "epoque.po"
MO = PO.with_suffix(".mo")

TRANSLATORS = ("_", "mark", "translate", "_translate")
SETTING_TEXTS = {1: "label", 2: "description"}
HEADER = "# The French of what a learner reads. tools/messages.py collects the messages."


class FrenchCatalog(Catalog):
    """A catalogue whose header holds no date and no version: same messages, same bytes."""

    mime_headers = [  # noqa: RUF012 (Babel reads it as an attribute)
        ("Language", "fr"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
        ("Plural-Forms", "nplurals=2; plural=(n > 1);"),
    ]


Found = dict[str, set[str]]
"""Message to the files that hold it."""


def collect(source: Path = SOURCE) -> Found:
    """Return every message of the package."""
    found: Found = defaultdict(set)
    for path in sorted(source.rglob("*.py")):
        for message in code_messages(path.read_text("utf-8")):
            found[message].add(path.relative_to(source.parent.parent).as_posix())
    for path in sorted((source / "recipes").rglob("*.yaml")):
        for message in recipe_messages(path.read_text("utf-8")):
            found[message].add(path.relative_to(source.parent.parent).as_posix())
    return {message: found[message] for message in sorted(found) if message}


def code_messages(code: str) -> Iterator[str]:
    """Yield the messages of one Python file."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name == "setting":
            texts = [node.args[index] for index in SETTING_TEXTS if index < len(node.args)]
            wanted = ("unit", *SETTING_TEXTS.values())
            texts += [word.value for word in node.keywords if word.arg in wanted]
            yield from filter(None, map(_text, texts))
        elif name in TRANSLATORS and node.args:
            yield from filter(None, [_text(node.args[0])])


def recipe_messages(text: str) -> Iterator[str]:
    """Yield the messages of one recipe."""
    told = yaml.load(text, Loader=yaml.BaseLoader)
    yield from (told[key] for key in ("title", "shows") if told.get(key))


def _name(function: ast.expr) -> str:
    """Return what is called: `_` of `_(…)`, `mark` of `i18n.mark(…)`, `_` of `translator(…)(…)`."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) if _name(inner) == "translator":
            return "_"
        case _:
            return ""


def _text(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case _:
            return None


def updated(old: Catalog, found: Found) -> Catalog:
    """Return a catalogue of exactly the messages found, with the translations there are."""
    new = FrenchCatalog(locale="fr", header_comment=HEADER, fuzzy=False)
    for message, files in found.items():
        known = old.get(message)
        translation = known.string if known and isinstance(known.string, str) else ""
        new.add(message, translation, locations=[(file, 0) for file in sorted(files)])
    return new


def po_bytes(catalog: Catalog) -> bytes:
    """Return the catalogue as .po."""
    buffer = BytesIO()
    write_po(buffer, catalog, width=99, include_lineno=False, omit_header=False)
    return buffer.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """Return the catalogue compiled."""
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def read_catalog() -> Catalog:
    """Return the catalogue as it is, empty if there is none."""
    if not PO.exists():
        return Catalog(locale="fr")
    with PO.open("rb") as file:
        return read_po(file, locale="fr")


def untranslated(catalog: Catalog) -> list[str]:
    """Return the messages that have no French."""
    return [str(message.id) for message in catalog if message.id and not message.string]


def problems() -> list[str]:
    """Return what is wrong with the catalogue, one sentence each; nothing if it is current."""
    catalog = updated(read_catalog(), collect())
    told = [f"no French for {message!r}" for message in untranslated(catalog)]
    again = "run python tools/messages.py"
    if not PO.exists() or PO.read_bytes() != po_bytes(catalog):
        told.append(f"{PO.name} is not current: {again}")
    if not MO.exists() or MO.read_bytes() != mo_bytes(catalog):
        told.append(f"{MO.name} is not current: {again}")
    return told


def main(words: list[str]) -> int:
    """Update the catalogue, or check it."""
    if words == ["--check"]:
        told = problems()
    else:
        catalog = updated(read_catalog(), collect())
        PO.parent.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(po_bytes(catalog))
        MO.write_bytes(mo_bytes(catalog))
        told = [f"no French for {message!r}" for message in untranslated(catalog)]
    sys.stdout.write("".join(f"{line}\n" for line in told))
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
