"""Views are data: what a page is told of them, in both languages, and what they may be."""

import json

import pytest

from epoque.bench.errors import UsageError
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.views import (
    Arrows,
    Cells,
    Curves,
    Images,
    Lattice,
    Network,
    Plane,
    Points,
    Text,
    views_to_json,
)

VIEWS = (
    Plane(
        "Points",
        (
            Cells("d", "Loss", -1, 1),
            Lattice("m", "real"),
            Points("x", "real points", "blue", classes="c"),
            Arrows("g", "x", "real"),
        ),
        corner=(-1, -1),
        size=2,
    ),
    Network("Weights", inputs=("x", "y")),
    Images("Images", "images"),
    Text("Text", "text"),
    Curves("Losses", {"loss": "training"}, log=True, references={1.386: "log 4"}),
)


def test_a_page_is_told_all_of_a_view() -> None:
    plane, network, images, text, curves = views_to_json(VIEWS)
    assert [view["kind"] for view in views_to_json(VIEWS)] == [
        "plane", "network", "images", "text", "curves"
    ]  # fmt: skip
    assert (plane["corner"], plane["size"]) == ([-1, -1], 2)
    assert [layer["kind"] for layer in plane["layers"]] == ["cells", "lattice", "points", "arrows"]
    assert plane["layers"][2] == {
        "kind": "points",
        "array": "x",
        "label": "real points",
        "color": "blue",
        "form": "disc",
        "classes": "c",
    }
    assert (plane["layers"][3]["at"], plane["layers"][0]["low"]) == ("x", -1)
    assert network["inputs"] == ["x", "y"]
    assert (images["array"], images["high"], text["array"]) == ("images", 255.0, "text")
    assert curves["metrics"] == [{"name": "loss", "label": "training"}]
    assert curves["references"] == [{"value": 1.386, "label": "log 4"}]


def test_a_page_is_told_in_its_language() -> None:
    french = views_to_json(VIEWS, "fr")
    assert french[-1]["title"] == "Pertes"
    assert french[0]["layers"][2]["label"] == "points réels"


def test_what_no_page_could_draw_is_refused() -> None:
    with pytest.raises(UsageError, match="'Losses' has 0 curves; 1 to 10"):
        Curves("Losses", {})
    with pytest.raises(UsageError, match="no color 'red'"):
        views_to_json([Plane("P", (Points("x", "x", "red"),))])  # type: ignore[arg-type]


@pytest.mark.parametrize("lab", lab_names())
def test_the_views_of_every_lab_are_json_in_both_languages(lab: str) -> None:
    views = find_lab(lab).views
    assert views
    english, french = (views_to_json(views, language) for language in ("en", "fr"))
    assert json.loads(json.dumps(english)) == english
    assert [view["kind"] for view in english] == [view["kind"] for view in french]
