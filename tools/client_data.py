"""Write what the studio's client takes from Python: colors, French texts, schemas and recipes.

    python tools/client_data.py

Nothing of it is committed: in `web/src/generated/` the house colors as CSS variables, and the
settings and recipes of the labs that compute in the browser, so that a page has them without a
server, and what the live engine says of itself; in `web/src/i18n/` the French texts
(`client_texts`). `tools/npm.py` calls this before a script.
"""

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client_texts import write_french

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "epoque"
FOLDER = ROOT / "web" / "src" / "generated"
BROWSER_LABS = ("neuron", "gan2d")
"""The labs that the live engine computes."""


def main() -> None:
    """Write every file whose content is not what it should be."""
    _make_importable()
    FOLDER.mkdir(exist_ok=True)
    write_french()
    files = {"colors.css": colors_css(), "colors.json": _json(colors())}
    shared, texts = share_texts(labs("en"), labs("fr"))
    files |= {"labs.json": _json(shared), "engine.json": _json(engine())}
    files |= {f"labs.{language}.json": _json(own) for language, own in texts.items()}
    for name, text in files.items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            temporary = path.with_name(f"{name}.tmp")
            temporary.write_text(text, "utf-8")
            temporary.replace(path)


def _make_importable() -> None:
    """Let Python find the package and its labs where it is not installed, as in a wheel's build."""
    from importlib.metadata import PackageNotFoundError, distribution

    sys.path.insert(0, str(SOURCE.parent))
    try:
        distribution("epoque")
    except PackageNotFoundError:
        sys.path.append(str(_write_metadata()))


def _write_metadata() -> Path:
    """Return a folder with the entry points that `pyproject.toml` names, as an installation has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    folder = ROOT / "build" / "metadata"
    own = folder / f"epoque-{project['version']}.dist-info"
    own.mkdir(parents=True, exist_ok=True)
    groups = project["entry-points"].items()
    lines = [
        line
        for group, entries in groups
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (own / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (own / "METADATA").write_text(f"Name: epoque\nVersion: {project['version']}\n", "utf-8")
    return folder


def colors() -> dict[str, dict[str, str]]:
    """Return theme to role to the house's color."""
    from epoque.bench.figures.styles import HOUSE

    return {theme: dict(roles) for theme, roles in HOUSE.colors.items()}


def colors_css() -> str:
    """Return the house colors as CSS variables, of the theme that is chosen or the system's."""
    light, dark = (_variables(colors()[theme]) for theme in ("light", "dark"))
    return (
        f":root {{\n  color-scheme: light;\n{light}}}\n"
        f'@media screen and (prefers-color-scheme: dark) {{\n  :root:not([data-theme="light"]) {{\n'
        f"  color-scheme: dark;\n{dark}  }}\n}}\n"
        f':root[data-theme="dark"] {{\n  color-scheme: dark;\n{dark}}}\n'
    )


def _variables(roles: dict[str, str]) -> str:
    return "".join(f"  --{role}: {color};\n" for role, color in roles.items())


def labs(language: str) -> dict[str, Any]:
    """Return the labs of the browser: name to title, schema and recipes, in one language."""
    return {name: _lab(name, language) for name in BROWSER_LABS}


def share_texts(english: Any, french: Any) -> tuple[Any, dict[str, list[str]]]:
    """Split two trees that differ in texts alone.

    Returns:
        What they share, with `{"$text": number}` in the place of each text that differs, null where
        it is the next one, and those texts of each language in this order.
        `web/src/exported-labs.ts` joins them again.

    Raises:
        ValueError: if they differ in anything but texts.
    """
    pairs: dict[tuple[str, str], int] = {}
    shared = _share(english, french, pairs)
    texts = {"en": [text for text, _ in pairs], "fr": [text for _, text in pairs]}
    return shared, texts


def _share(english: Any, french: Any, pairs: dict[tuple[str, str], int]) -> Any:
    match english, french:
        case dict(), dict() if english.keys() == french.keys():
            return {key: _share(value, french[key], pairs) for key, value in english.items()}
        case (list() | tuple(), list() | tuple()):
            return [_share(one, other, pairs) for one, other in zip(english, french, strict=True)]
        case str(), str() if english != french:
            number = pairs.get((english, french))
            pairs.setdefault((english, french), len(pairs))
            return {"$text": number}
    if english != french:
        raise ValueError(f"{english!r} and {french!r} are no texts")
    return english


def engine() -> dict[str, Any]:
    """Return what the live engine says of itself, but for the shapes of its arrays.

    The page reads a shape where the engine tells it beside an array.
    """
    said = json.loads((SOURCE / "bench" / "live_engine" / "engine.json").read_text("utf-8"))
    for lab in said["labs"].values():
        for part in (lab["snapshot"], lab["weights"], *(each["arrays"] for each in lab["phases"])):
            for array in part:
                array.pop("shape", None)
    return dict(said)


def _lab(name: str, language: str) -> dict[str, Any]:
    from epoque.bench.i18n import translator
    from epoque.bench.lab import find_lab
    from epoque.bench.recipes import find_recipe, recipe_names
    from epoque.bench.views import views_to_json

    lab, translate = find_lab(name), translator(language)
    names = [recipe for recipe in recipe_names() if recipe.startswith(f"{name}/")]
    recipes = [find_recipe(recipe) for recipe in names]
    return {
        "title": translate(lab.title),
        "labels": {name: translate(label) for name, label in lab.result_labels.items()},
        "schema": {
            **lab.config_class.json_schema(language),
            "views": views_to_json(lab.views, language),
        },
        "recipes": [_recipe(recipe, lab.config_class, translate) for recipe in recipes],
    }


def _recipe(recipe: Any, config_class: Any, translate: Callable[[str], str]) -> dict[str, Any]:
    """Return a recipe with the settings that differ from their defaults; files as it names them."""
    from epoque.bench.setting_paths import flatten

    raw = flatten(recipe.config)
    config = flatten(recipe.build(config_class, {}).model_dump(mode="json"))
    defaults = flatten(config_class().model_dump(mode="json"))
    return {
        "name": recipe.name,
        "title": translate(recipe.title),
        "shows": translate(recipe.shows),
        "minutes": recipe.minutes,
        "config": {
            path: raw[path] if str(raw.get(path)).startswith("epoque:") else value
            for path, value in config.items()
            if value != defaults[path]
        },
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
