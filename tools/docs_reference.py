"""Pages of the documentation that the code writes itself: settings, recipes, commands, Python.

What a setting takes comes from the schema of its lab, what a function does from its docstring, what
a command takes from its help: nothing is said twice, so nothing can be out of date.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from typing import Any

from epoque.bench.lab import find_lab
from epoque.bench.number_text import write_decimal
from epoque.bench.recipes import Recipe, find_recipe, recipe_names

__all__ = ["reference_pages"]

LABS = ("neuron", "gan2d", "language", "stylegan3")
PYTHON = {
    "epoque": "Runs, sweeps, errors",
    **{f"epoque.{lab}": "" for lab in LABS},
    "epoque.bench.config": "What may be set",
    "epoque.bench.lab": "A lab",
    "epoque.bench.events": "What a training yields",
    "epoque.bench.actions": "Functions that are commands",
    "epoque.bench.progress": "How far it is",
    "epoque.bench.stopping": "Stopping",
    "epoque.bench.seeds": "Seeds",
    "epoque.bench.live": "Live trainings",
    "epoque.bench.views": "Views of a live page",
}
"""Modules whose public names have a page, and what the page is called beside the module's name."""

SECTION = re.compile(r"(?m)^(Args|Attributes|Returns|Yields|Raises):\n")
ENTRY = re.compile(r"(?m)^(?P<name>[*\w.]+): ")
FIELDS = {"Args": "param", "Attributes": "param", "Raises": "raises"}
METHODS = {classmethod: "classmethod", staticmethod: "staticmethod"}
OUTER = "`" * 7
"""A fence around what may hold fences."""


def reference_pages() -> dict[str, str]:
    """Return path to Markdown of all pages, in the order in which they are listed."""
    pages = {f"reference/settings-{lab}.md": settings_page(lab) for lab in LABS}
    pages["reference/recipes.md"] = recipes_page(LABS)
    pages["reference/commands.md"] = commands_page()
    pages |= {f"reference/{name}.md": python_page(name, title) for name, title in PYTHON.items()}
    return pages


# Settings and recipes


def settings_page(lab: str) -> str:
    """Return the page of a lab's settings, from the schema of its config."""
    properties = find_lab(lab).config_class.json_schema("en")["properties"]
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    for path, group, setting in iterate_settings(properties):
        row = (f"`{path}`", describe_setting(setting), write_range(setting), write_default(setting))
        groups.setdefault(group or "Run", []).append(row)
    parts = [
        f"# Settings of the lab {lab}\n\n",
        "Each is an option of `epoque run` (`checkpoint_every` is `--checkpoint-every` there), an "
        "axis of a sweep, a key of a recipe, a keyword of `epoque.run` and a field of the live "
        "page. "
        f"`epoque schema {lab}` prints them for programs.\n",
    ]
    for group, rows in groups.items():
        table = write_table(("Setting", "What it is", "Takes", "Default"), rows)
        parts.append(f"\n## {group}\n\n{table}")
    return "".join(parts)


def iterate_settings(
    properties: Mapping[str, Any], part: str = "", group: str = ""
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield path, group and schema of each setting, those of parts too."""
    for name, schema in properties.items():
        own = schema.get("group", group)
        if "properties" in schema:
            yield from iterate_settings(schema["properties"], f"{part}{name}.", own)
        else:
            yield f"{part}{name}", own, schema


def describe_setting(schema: Mapping[str, Any]) -> str:
    """Return what a setting is, and when it has an effect."""
    text = f"{schema.get('title', '')}. {schema.get('description', '')}"
    for other, values in schema.get("only", {}).items():
        text += f" Only with `{other}` {' or '.join(f'`{value}`' for value in values)}."
    return text + (" May change during a run." if schema.get("live") else "")


def write_range(schema: Mapping[str, Any]) -> str:
    """Return which values a setting takes, with its unit."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = [schema, *schema.get("anyOf", ())]
    kind: Mapping[str, Any] = next((k for k in kinds if k.get("type") not in (None, "null")), {})
    if kind.get("type") == "array":
        return f"a list: {write_range(kind.get('items', {}))}"
    words = {"integer": "a whole number", "number": "a number", "boolean": "yes or no"}
    bounds = [
        f"{word} {kind[key]:,g}" if isinstance(kind[key], float) else f"{word} {kind[key]:,}"
        for key, word in BOUNDS.items()
        if key in kind
    ]
    none = ["or none"] if any(k.get("type") == "null" for k in kinds) else []
    unit = f"({schema['unit']})" if "unit" in schema else ""
    text = ", ".join([words.get(str(kind.get("type")), "text"), *bounds, *none])
    return f"{text} {unit}".strip()


BOUNDS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
}
"""Keys of a JSON schema, and how they read."""


def write_default(schema: Mapping[str, Any]) -> str:
    """Return a setting's default as one types it."""
    default = schema.get("default")
    if default is None:
        return "none"
    if isinstance(default, list):
        return f"`{','.join(map(str, default))}`" if default else "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default != "" else "empty"


def recipes_page(labs: Iterable[str]) -> str:
    """Return the page of all recipes: what each shows, and the minutes it takes."""
    recipes = [find_recipe(name) for name in recipe_names()]
    parts = [
        "# Recipes\n\nNamed experiments: `epoque run NAME`. The minutes are those on two cores. "
        "A recipe of your own is a YAML file with the same keys.\n"
    ]
    for lab in labs:
        rows = [recipe_row(recipe) for recipe in recipes if recipe.lab == lab]
        table = write_table(("Recipe", "What it shows", "Minutes"), rows)
        parts.append(f"\n## {lab}\n\n{table}")
    return "".join(parts)


def recipe_row(recipe: Recipe) -> tuple[str, str, str]:
    """Return a recipe's line."""
    shows = f"{recipe.title}. {recipe.shows}"
    return f"`{recipe.name}`", shows, write_decimal(recipe.minutes, "en")


def write_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    cells = ([cell.replace("|", r"\|") for cell in row] for row in lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


# Python


def python_page(name: str, title: str) -> str:
    """Return the page of a module: its docstring, and those of its public names."""
    module = import_module(name)
    heading = f"{name}: {title.lower()}" if title else name
    parts = [
        f"# {heading}\n\n",
        inspect.getdoc(module) or "",
        "\n",
        f"\n{OUTER}{{py:module}} {name}\n{OUTER}\n",
    ]
    documented = module.__all__ if name != "epoque" else [n for n in module.__all__ if n[0] != "_"]
    parts.extend(document(member, getattr(module, member), module) for member in documented)
    return "".join(parts)


def document(name: str, value: Any, module: Any) -> str:
    """Return what the code says of a public name, for Sphinx's Python domain."""
    if inspect.isclass(value):
        return document_class(name, value)
    if callable(value) and inspect.getdoc(value) and hasattr(value, "__name__"):
        return directive("function", f"{name}{write_signature(value)}", read_docstring(value))
    comment = read_comment(module, name)
    return directive("data", name, comment) if comment else ""


def document_class(name: str, value: type) -> str:
    """Return a class with its public methods and properties."""
    members = []
    for key, member in list(vars(value).items()):  # pydantic adds to it where building is deferred
        function = getattr(member, "__func__", getattr(member, "func", member))
        if key.startswith("_") or not inspect.getdoc(function):
            continue
        if inspect.isfunction(function) and not hasattr(member, "func"):
            kind = METHODS.get(type(member), "method")
            line = f"{key}{write_signature(function, bound=kind != 'staticmethod')}"
            members.append(directive(kind, line, read_docstring(function)))
        elif hasattr(member, "func") or isinstance(member, property):
            members.append(directive("property", key, read_docstring(function)))
    kind = "exception" if issubclass(value, BaseException) else "class"
    return directive(kind, name, read_docstring(value) + "".join(members))


def directive(kind: str, line: str, body: str) -> str:
    """Return a directive of the Python domain; methods stand inside their class."""
    inside = kind in ("method", "classmethod", "staticmethod", "property")
    fence = "`" * 6 if inside else OUTER
    return f"\n{fence}{{py:{kind}}} {line}\n{body}\n{fence}\n"


def write_signature(function: Any, *, bound: bool = False) -> str:
    """Return a function's parameters, without those types that say nothing to a reader.

    Args:
        function: anything that has a signature.
        bound: whether its first parameter is given by the call itself.
    """
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1 if bound else 0 :]
    plain = [p.replace(annotation=p.empty, default=plain_default(p.default)) for p in parameters]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


class Literally:
    """What shows itself as a text, without quotation marks."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        """Return the text."""
        return self._text


def plain_default(default: Any) -> Any:
    """Return a default as one writes it; three points for an object that has no literal."""
    if default is inspect.Parameter.empty or isinstance(default, int | float | str | None):
        return default
    text = repr(default)
    is_literal = "<" not in text and ("(" not in text or isinstance(default, tuple))
    return Literally(text if is_literal else "...")


def read_docstring(value: Any) -> str:
    """Return a docstring with its sections as fields that Sphinx lays out."""
    text = inspect.getdoc(value) or ""
    first, *rest = SECTION.split(text)
    parts = [first.rstrip(), "\n\n"]
    for heading, section in zip(rest[::2], rest[1::2], strict=True):
        indented, _, after = partition_indented(section)
        body = textwrap.dedent(indented).strip()
        if heading in FIELDS:
            parts += [f":{FIELDS[heading]} {name}: {words}\n" for name, words in read_entries(body)]
        else:
            parts.append(f":{heading.lower()}: {join_lines(body)}\n")
        if after.strip():
            parts.append(f"\n{after.strip()}\n\n")
    return "".join(parts)


def partition_indented(text: str) -> tuple[str, str, str]:
    """Return the indented lines at the beginning of a text, and what follows them."""
    match = re.search(r"(?m)^(?=\S)", text)
    return (text, "", "") if match is None else (text[: match.start()], "", text[match.start() :])


def read_entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and words of each entry of a section."""
    starts = [*ENTRY.finditer(text)]
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        words = text[match.end() : following.start() if following else len(text)]
        yield match["name"].lstrip("*"), join_lines(words)


def join_lines(text: str) -> str:
    """Return a paragraph as one line, as a field wants it."""
    return " ".join(text.split())


def read_comment(module: Any, name: str) -> str:
    """Return the text that stands below a constant in its module's code."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, following in pairwise(body):
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = getattr(following, "value", None)
            text = getattr(value, "value", "") if isinstance(following, ast.Expr) else ""
            return text if isinstance(text, str) else ""
    return ""


# Commands


def commands_page() -> str:
    """Return the page of all commands, with what each prints for `--help`."""
    from epoque.cli import build_app

    parts = [
        "# Commands\n\nWhat `epoque COMMAND --help` says. The settings of a lab, which `run`, "
        "`sweep` and `search` take as options, have pages of their own.\n"
    ]
    of_all = describe_commands(build_app([]), "epoque", 2, without=LABS)
    # An application knows the commands of the lab alone that its command line names.
    of_labs = (
        f"\n## epoque {lab}\n\nWhat only this lab can do."
        + "".join(describe_commands(build_app([lab])[lab], f"epoque {lab}", 3, without=("train",)))
        for lab in LABS
    )
    return "".join([*parts, *of_all, *of_labs])


def describe_commands(
    app: Any, path: str, level: int, without: Iterable[str] = ()
) -> Iterator[str]:
    """Yield the help of each command below an application, but for some."""
    for name in app:
        if name.startswith(("-", "install-")) or name in without:
            continue
        command = app[name]
        yield f"\n{'#' * min(level, 4)} {path} {name}\n\n{help_text(command)}\n"
        yield from describe_commands(command, f"{path} {name}", level + 1)


def help_text(command: Any) -> str:
    """Return a command's help: its words, and its parameters as a table."""
    parts = [command.help.partition("\n\nArgs:")[0]]
    if command.default_command:
        arguments = command.assemble_argument_collection(parse_docstring=False)
        rows = [(write_names(one.names), one.parameter.help or "") for one in arguments]
        parts.append("\n\n" + write_table(("Option", "What it does"), rows) if rows else "")
    return "".join(parts)


def write_names(names: Iterable[str]) -> str:
    """Return the names of an option."""
    return ", ".join(f"`{name}`" for name in names)
