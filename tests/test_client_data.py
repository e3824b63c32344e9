"""What the studio's client takes from Python is what Python has."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from epoque.bench.figures.styles import HOUSE
from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe, recipe_names

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "tools"


@pytest.fixture(scope="module")
def client_data() -> ModuleType:
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("client_data", TOOLS / "client_data.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    return module


def test_the_page_has_the_colors_of_the_figures(client_data: ModuleType) -> None:
    css = client_data.colors_css()
    blocks = re.findall(r"([^{}]+)\{([^{}]*--blue[^{}]*)\}", css)
    themes = ["light" if selector.strip() == ":root" else "dark" for selector, _ in blocks]
    assert themes == ["light", "dark", "dark"]
    for theme, (_, block) in zip(themes, blocks, strict=True):
        assert dict(re.findall(r"--(\w+): (#\w+);", block)) == dict(HOUSE.colors[theme])


def test_no_other_file_of_the_page_names_a_color() -> None:
    """Else the page and the figures could part."""
    for path in (ROOT / "web" / "src").rglob("*"):
        if path.suffix in (".css", ".svelte", ".ts") and "generated" not in path.parts:
            style = re.findall(r":[^;{}\"'`]*(#[0-9a-fA-F]{6}\b)", path.read_text("utf-8"))
            assert not style, f"{path}: {style}"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_has_schemas_and_recipes_without_a_server(
    client_data: ModuleType, language: str
) -> None:
    labs = json.loads(json.dumps(client_data.labs(language)))
    assert list(labs) == ["neuron", "gan2d"]
    for name, lab in labs.items():
        config = find_lab(name).config_class
        schema = json.loads(json.dumps(config.json_schema(language)))
        assert lab["schema"] | schema == lab["schema"]
        assert [recipe["name"] for recipe in lab["recipes"]] == [
            recipe for recipe in recipe_names() if recipe.startswith(f"{name}/")
        ]
        for recipe in lab["recipes"]:
            whole = find_recipe(recipe["name"]).build(config, {})
            assert config.parse(recipe["config"]) == whole, recipe["name"]


def join(shared: Any, texts: list[str]) -> Any:
    """Return a tree with its texts, as `joinTexts` of web/src/exported-labs.ts does."""
    following = iter(texts)

    def fill(part: Any) -> Any:
        if isinstance(part, list):
            return [fill(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$text" in part:
            return next(following) if part["$text"] is None else texts[part["$text"]]
        # Browsers put names that are whole numbers first, and so would take other texts.
        assert not any(name.isdigit() for name in part)
        return {name: fill(value) for name, value in part.items()}

    return fill(shared)


def test_what_both_languages_share_is_written_once(client_data: ModuleType) -> None:
    english, french = (json.loads(json.dumps(client_data.labs(name))) for name in ("en", "fr"))
    shared, texts = client_data.share_texts(english, french)
    assert join(shared, texts["en"]) == english
    assert join(shared, texts["fr"]) == french
    assert len(set(zip(texts["en"], texts["fr"], strict=True))) == len(texts["en"])


def test_trees_that_differ_in_more_than_texts_are_refused(client_data: ModuleType) -> None:
    with pytest.raises(ValueError, match="1 and 2"):
        client_data.share_texts({"a": ["x", 1]}, {"a": ["y", 2]})


def test_data_is_written_without_an_installation(tmp_path: Path) -> None:
    """As in a wheel's build, where neither Epoque nor its entry points are installed."""
    code = (
        "import sys, importlib.metadata as m\n"
        f"sys.path.insert(0, {str(TOOLS)!r})\n"
        "real = m.distribution\n"
        "def missing(name): raise m.PackageNotFoundError(name)\n"
        "m.distribution = missing\n"
        "import client_data\n"
        "client_data._make_importable()\n"
        "m.distribution = real\n"
        "assert set(client_data.labs('fr')) == {'neuron', 'gan2d'}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
