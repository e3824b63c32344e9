"""What the studio answers: its page, labs, recipes, and whether settings are right."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from epoque.bench.lab import find_lab, lab_names
from epoque.bench.recipes import find_recipe


def test_the_page_is_served_anew_and_its_parts_are_kept(ask: TestClient) -> None:
    page = ask.get("/")
    assert "Epoque" in page.text
    assert page.headers["Cache-Control"] == "no-cache"
    assert "immutable" in ask.get("/assets/index-1a2b3c.js").headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "//etc/passwd",
        "/%00",
        "/assets/..\\..\\secret.txt",
    ],
)
def test_no_path_leads_out_of_the_client(ask: TestClient, client_files: Path, path: str) -> None:
    (client_files.parent / "secret.txt").write_text("secret")
    answer = ask.get(path)
    assert answer.status_code in (400, 404), path
    assert "secret" not in answer.text


def test_labs_are_told_in_both_languages(ask: TestClient) -> None:
    english, french = (ask.get("/api/labs", params={"lang": lang}).json() for lang in ("en", "fr"))
    assert [lab["name"] for lab in english] == list(lab_names())
    assert all(e["title"] != f["title"] for e, f in zip(english, french, strict=True))
    assert "neuron/and" in next(lab for lab in english if lab["name"] == "neuron")["recipes"]


def test_a_schema_is_the_lab_s_own(ask: TestClient) -> None:
    for lang in ("en", "fr"):
        schema = ask.get("/api/labs/gan2d/schema", params={"lang": lang}).json()
        assert schema.pop("views")
        assert schema["properties"]["csv"].pop("names") == ["epoque:sun.csv"]
        assert schema["properties"]["image"].pop("names") == ["epoque:cat.png"]
        assert schema["properties"]["drawing"].pop("names") == []
        assert schema == json.loads(json.dumps(find_lab("gan2d").config_class.json_schema(lang)))
    answer = ask.get("/api/labs/gam2d/schema")
    assert answer.status_code == 404
    assert "gan2d" in answer.json()["detail"]
    assert ask.get("/api/labs/gan2d/schema", params={"lang": "xx"}).status_code == 422


def test_a_recipe_resolves_to_every_setting(ask: TestClient) -> None:
    recipes = ask.get("/api/recipes", params={"lab": "gan2d", "lang": "fr"}).json()
    ring = next(recipe for recipe in recipes if recipe["name"] == "gan2d/ganlab-ring")
    assert set(ring["config"]) == set(find_lab("gan2d").config_class.settings())
    assert ring["config"]["generator.layers"] == [10, 10]
    assert ring["shows"] != find_recipe("gan2d/ganlab-ring").shows


def test_every_recipe_is_accepted_as_it_is_told(ask: TestClient) -> None:
    """What a page got, it may send back."""
    for recipe in ask.get("/api/recipes").json():
        checked = ask.post(f"/api/labs/{recipe['lab']}/check", json={"config": recipe["config"]})
        assert checked.json()["problems"] == [], recipe["name"]
        assert checked.json()["config"] == recipe["config"]


def test_all_problems_are_told_at_once_in_the_words_of_python(ask: TestClient) -> None:
    wrong = {"learning_rate": -1, "iterations": "abc", "nonsense": 1}
    problems = ask.post("/api/labs/neuron/check", json={"config": wrong}).json()["problems"]
    assert {problem["field"] for problem in problems} == set(wrong)
    (abc,) = (p["message"] for p in problems if p["field"] == "iterations")
    assert abc.startswith("abc is not allowed; it takes a whole number")


def test_settings_go_beside_a_recipe_that_ships(ask: TestClient) -> None:
    body = {"recipe": "neuron/and", "config": {"seed": 7}}
    config = ask.post("/api/labs/neuron/check", json=body).json()["config"]
    assert (config["seed"], config["truth_table"]) == (7, "0001")
    for name in ("gan2d/ring", "/etc/passwd", "mine.yaml", "neuron/../gan2d/ring"):
        answer = ask.post("/api/labs/neuron/check", json={"recipe": name})
        assert answer.status_code == 422, name


@pytest.mark.parametrize("lab", ["neuron", "gan2d", "language", "stylegan3"])
def test_no_value_of_a_setting_is_a_path(ask: TestClient, lab: str, tmp_path: Path) -> None:
    """Every setting of text that is no choice, and every one that names files, refuses them."""
    secret = tmp_path / "secret.csv"
    secret.write_text("1,2\n3,4\n")
    places = ["/etc/passwd", str(secret), "epoque:../lab.py", "https://evil.example/x", "~/x"]
    places += ["owner/name", "upload:../../etc/passwd", "upload:" + "0" * 32]
    taken = set()
    for path, info in find_lab(lab).config_class.settings().items():
        if info.field.annotation in (int, float, bool):
            continue
        for place in places:
            body = {"config": {path: place}}
            problems = ask.post(f"/api/labs/{lab}/check", json=body).json()["problems"]
            if path not in {problem["field"] for problem in problems}:
                taken.add(path)
    assert taken <= {"text_column"}, "plain text that may hold a path: is it read as one?"


def test_hostile_bodies_are_refused(ask: TestClient) -> None:
    where, headers = "/api/labs/neuron/check", {"Content-Type": "application/json"}
    bodies = [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"config": 1}',
        b"[" * 100_000,
        b'{"config": {"a": NaN}}',
    ]
    bodies += [b'{"config": {"learning_rate": 1e999}}', b'{"config": {"seed": "\\ud800"}}', b"\xff"]
    for body in bodies:
        answer = ask.post(where, content=body, headers=headers)
        assert answer.status_code in (200, 400, 422), body[:40]
    large = b'{"config": {"csv": "' + b"a" * 9_000_000 + b'"}}'
    assert ask.post(where, content=large, headers=headers).status_code == 413


def test_health_tells_the_engine(ask: TestClient) -> None:
    health = ask.get("/api/health").json()
    assert len(health["engine"]) == 64
    assert health["protocol"] == 1


def test_the_page_learns_that_a_server_is_there(ask: TestClient) -> None:
    site = ask.get("/site.json").json()
    assert (site["server"], site["language"], site["recipes"]) == (True, None, None)
