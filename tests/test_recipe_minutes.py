"""The minutes that recipes tell: what two cores may well take."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from epoque.bench.recipes import find_recipe, recipe_names

TOOL = Path(__file__).parents[1] / "tools" / "recipe_minutes.py"


@pytest.fixture(scope="module")
def minutes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipe_minutes", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("measured", "rounded"),
    [(0.012, 0.05), (0.05, 0.05), (0.051, 0.1), (0.3, 0.3), (0.31, 0.4), (1.35, 1.5), (11, 15)],
)
def test_minutes_are_rounded_up(minutes: ModuleType, measured: float, rounded: float) -> None:
    assert minutes.round_up(measured) == rounded


@pytest.mark.parametrize(
    ("present", "measured", "right"),
    [(0.4, 1.35, 1.5), (1.0, 1.35, 1.0), (1.5, 1.35, 1.5), (2, 1.35, 1.5), (0.05, 0.04, 0.05)],
)
def test_what_two_cores_may_take_stays(
    minutes: ModuleType, present: float, measured: float, right: float
) -> None:
    assert minutes.choose(present, measured) == right


def test_every_recipe_tells_minutes() -> None:
    assert all(find_recipe(name).minutes > 0 for name in recipe_names())
