"""Keep the French catalogue: collect every message a learner reads, update it, compile it.

    python tools/messages.py            update each .po, compile each .mo, list what has no French
    python tools/messages.py --check    change nothing; fail if either is not current or complete

Messages are found in the source: arguments of `mark`, `_`, `translate` and `translator(…)(…)`, the
labels, descriptions, units and groups of `setting(…)`, the titles and texts of the recipes, and the
texts of the studio's client (`tools/client_texts.py`). What only one lab says stands in that lab's
catalogue, as it would in a package of its own.
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

sys.path.insert(0, str(Path(__file__).parent))
from client_texts import UnreadableTextError, collect_client

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "epoque"
CORE = SOURCE / "locale" / "fr" / "LC_MESSAGES" / "epoque.po"
LABS = {path.parent.name for path in SOURCE.glob("*/recipes")}
"""The names of the folders of the labs."""

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


FilesByMessage = dict[str, set[str]]
"""Message to the files that hold it."""


def collect(source: Path = SOURCE) -> FilesByMessage:
    """Return every message of the package."""
    files_of: FilesByMessage = defaultdict(set)
    for path in sorted(source.rglob("*.py")):
        try:
            for message in code_messages(path.read_text("utf-8")):
                files_of[message].add(path.relative_to(source.parent.parent).as_posix())
        except UnreadableError as error:
            raise UnreadableError(f"{path}, {error}") from None
    for path in sorted(source.glob("*/recipes/*.yaml")):
        for message in recipe_messages(path.read_text("utf-8")):
            files_of[message].add(path.relative_to(source.parent.parent).as_posix())
    for path, message in collect_client(source.parent.parent / "web" / "src"):
        files_of[message].add(path.relative_to(source.parent.parent).as_posix())
    return {message: files_of[message] for message in sorted(files_of) if message}


class UnreadableError(ValueError):
    """A message that can only be known when the program runs: nobody could translate it."""


def code_messages(code: str) -> Iterator[str]:
    """Yield the messages of one Python file.

    A message is a text, a constant of the same file, or a sum of them.

    Raises:
        UnreadableError: if one is an f-string or, of a setting, anything else.
    """
    tree = ast.parse(code)
    constants = _constants(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name in ("setting", "sub_config", "threads_setting"):
            texts = [node.args[index] for index in SETTING_TEXTS if index < len(node.args)]
            words = ("unit", "context", "group", *SETTING_TEXTS.values())
            texts += [word.value for word in node.keywords if word.arg in words]
            yield from filter(None, (_setting_text(text, constants) for text in texts))
        elif name in TRANSLATORS and node.args:
            if isinstance(node.args[0], ast.JoinedStr):
                raise UnreadableError(f"line {node.lineno}: an f-string cannot be translated")
            yield from filter(None, [_text(node.args[0], constants)])


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a file gives names to at its top."""
    constants: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                text = _text(value, constants)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                text = _text(value, constants)
            case _:
                continue
        if text is not None:
            constants[name] = text
    return constants


def _setting_text(node: ast.expr, constants: dict[str, str]) -> str | None:
    """Return a setting's text, None for a unit that it does not have."""
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    text = _text(node, constants)
    if text is None:
        problem = "a setting's text must be one, or a constant of the same file"
        raise UnreadableError(f"line {node.lineno}: {problem}")
    return text


def recipe_messages(text: str) -> Iterator[str]:
    """Yield the messages of one recipe."""
    recipe = yaml.load(text, Loader=yaml.BaseLoader)
    yield from (recipe[key] for key in ("title", "shows") if recipe.get(key))


def _name(function: ast.expr) -> str:
    """Return what is called: `_` of `_(…)`, `mark` of `i18n.mark(…)`, `_` of `translator(…)(…)`."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) if _name(inner) == "translator":
            return "_"
        case _:
            return ""


def _text(node: ast.expr, constants: dict[str, str]) -> str | None:
    """Return the text that an expression is, or None if that is not plain from the file."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return constants.get(name)
        case ast.Call(func=function, args=[inner]) if _name(function) == "mark":
            return _text(inner, constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = _text(left, constants), _text(right, constants)
            return None if None in parts else "".join(filter(None, parts))
        case _:
            return None


def catalog_path(files: set[str]) -> Path:
    """Return the catalogue in which a message stands that these files hold."""
    folders = {Path(file).parts[2] if file.startswith("src/") else "" for file in files}
    if len(folders) == 1 and folders <= LABS:
        return SOURCE / folders.pop() / "locale" / "fr" / "LC_MESSAGES" / "messages.po"
    return CORE


def catalogs() -> dict[Path, Catalog]:
    """Return every catalogue as it should be: path to content."""
    old = read_catalog()
    shares: dict[Path, FilesByMessage] = {CORE: {}}
    for message, files in collect().items():
        shares.setdefault(catalog_path(files), {})[message] = files
    return {path: update_catalog(old, share) for path, share in shares.items()}


def update_catalog(old: Catalog, messages: FilesByMessage) -> Catalog:
    """Return a catalogue of exactly these messages, with the translations there are."""
    new = FrenchCatalog(locale="fr", header_comment=HEADER, fuzzy=False)
    for message, files in messages.items():
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
    """Return all catalogues as they are in one, empty if there is none."""
    whole = Catalog(locale="fr")
    for path in sorted(SOURCE.glob("**/LC_MESSAGES/*.po"), key=lambda path: path == CORE):
        with path.open("rb") as file:
            for message in read_po(file, locale="fr"):
                if message.id and (message.string or message.id not in whole):
                    whole[message.id] = message
    return whole


def list_untranslated(catalog: Catalog) -> list[str]:
    """Return the messages that have no French."""
    return [str(message.id) for message in catalog if message.id and not message.string]


def find_problems() -> list[str]:
    """Return what is wrong with the catalogues, one sentence each; nothing if they are current."""
    try:
        current = catalogs()
    except (UnreadableError, UnreadableTextError) as error:
        return [str(error)]
    sentences = []
    for path, catalog in current.items():
        sentences += [f"no French for {message!r}" for message in list_untranslated(catalog)]
        files = {path: po_bytes(catalog), path.with_suffix(".mo"): mo_bytes(catalog)}
        for file, content in files.items():
            if not file.exists() or file.read_bytes() != content:
                name = file.relative_to(SOURCE)
                sentences.append(f"{name} is not current: run python tools/messages.py")
    return sentences


def main(words: list[str]) -> int:
    """Update the catalogues, or check them."""
    if words == ["--check"]:
        sentences = find_problems()
    else:
        sentences = []
        for path, catalog in catalogs().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po_bytes(catalog))
            path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
            sentences += [f"no French for {message!r}" for message in list_untranslated(catalog)]
    sys.stdout.write("".join(f"{line}\n" for line in sentences))
    return 1 if sentences else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
