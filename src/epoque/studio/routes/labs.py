"""Labs, their schemas, their recipes, and whether settings are right."""

from typing import Any

from fastapi import APIRouter

from epoque.bench.errors import ConfigError, UsageError
from epoque.bench.i18n import translator
from epoque.bench.lab import Lab, find_lab, lab_names
from epoque.bench.recipes import Recipe, find_recipe, recipe_names
from epoque.bench.result_labels import translate_labels
from epoque.bench.views import views_to_json

from ..answers import describe_problems
from ..file_values import describe_files, describe_schema, parse_config
from ..models import CheckRequest, CheckResult, LabInfo, LanguageName, RecipeInfo
from ..state import StudioDep

__all__ = ["describe_settings", "find_shipped_recipe", "list_labs", "list_recipes", "router"]

router = APIRouter(tags=["labs"])


@router.get("/labs")
def labs(lang: LanguageName = "en") -> list[LabInfo]:
    """List the labs that are installed and can be loaded."""
    return list_labs(lang)


@router.get("/labs/{lab}/schema")
def schema(lab: str, lang: LanguageName = "en") -> dict[str, Any]:
    """Return the JSON schema of a lab's settings, which the form is made from, and its views."""
    return describe_settings(find_lab(lab), lang)


@router.get("/recipes")
def recipes(lang: LanguageName = "en", lab: str | None = None) -> list[RecipeInfo]:
    """List the recipes that ship, each with every setting as it resolves."""
    return list_recipes(lang, lab)


@router.post("/labs/{lab}/check")
def check(lab: str, request: CheckRequest, studio: StudioDep) -> CheckResult:
    """Check settings: all problems at once, or what they resolve to."""
    plugin = find_lab(lab)
    recipe = find_shipped_recipe(plugin, request.recipe)
    try:
        config = parse_config(plugin, request.config, studio.uploads, recipe)
    except ConfigError as error:
        return CheckResult(problems=describe_problems(error.problems))
    return CheckResult(config=describe_files(plugin, config.model_dump(mode="json")))


def describe_settings(lab: Lab[Any], language: LanguageName) -> dict[str, Any]:
    """Return what `/api/labs/{lab}/schema` answers: the schema, and `views` beside it."""
    return {**describe_schema(lab, language), "views": views_to_json(lab.views, language)}


def list_labs(language: LanguageName) -> list[LabInfo]:
    """Return what `/api/labs` answers; a lab that cannot be loaded hides no other."""
    return [info for name in lab_names() if (info := _describe_lab(name, language)) is not None]


def _describe_lab(name: str, language: LanguageName) -> LabInfo | None:
    try:
        lab = find_lab(name)
    except UsageError:
        return None
    _ = translator(language)
    return LabInfo(
        name=name,
        title=_(lab.title),
        recipes=[recipe for recipe in recipe_names() if recipe.startswith(f"{name}/")],
        score=lab.score,
        headline=list(lab.headline),
        captions=translate_labels(lab.figure_captions, language),
        labels=translate_labels(lab.result_labels, language),
    )


def list_recipes(language: LanguageName, lab: str | None = None) -> list[RecipeInfo]:
    """Return what `/api/recipes` answers; a recipe that is damaged hides no other."""
    if lab is not None:
        find_lab(lab)
    names = [name for name in recipe_names() if lab is None or name.startswith(f"{lab}/")]
    return [info for name in names if (info := _describe_recipe(name, language)) is not None]


def _describe_recipe(name: str, language: LanguageName) -> RecipeInfo | None:
    try:
        recipe = find_recipe(name)
        config = describe_config(find_lab(recipe.lab), recipe)
    except UsageError:
        return None
    _ = translator(language)
    title, shows = _(recipe.title), _(recipe.shows)
    return RecipeInfo(
        name=name, lab=recipe.lab, title=title, shows=shows, minutes=recipe.minutes, config=config
    )


def describe_config(lab: Lab[Any], recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's settings, all of them, as a page may see them."""
    config = recipe.build(lab.config_class, {})
    return describe_files(lab, config.model_dump(mode="json"))


def find_shipped_recipe(lab: Lab[Any], name: str | None) -> Recipe | None:
    """Return the recipe of that name, which ships with the lab: never a file.

    Raises:
        UsageError: if there is none.
    """
    if name is None:
        return None
    if name not in recipe_names() or not name.startswith(f"{lab.name}/"):
        raise UsageError(f"The lab {lab.name} ships no recipe {name[:60]!r}.")
    return find_recipe(name)
