"""What the studio answers about the trash."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from epoque.bench.runs.execute import start
from epoque.neuron.config import NeuronConfig
from epoque.neuron.lab import LAB as NEURON
from epoque.studio.state import StudioOptions


def make_run(options: StudioOptions, name: str | None = None, iterations: int = 2) -> str:
    config = NeuronConfig(iterations=iterations)
    return start(NEURON, config, "neuron/and", options.runs, name).id


def entries(ask: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask.get("/api/trash").json()["entries"]
    return found


def choose(entry: dict[str, Any]) -> dict[str, str]:
    return {"id": entry["id"], "moment": entry["moment"]}


def test_what_was_deleted_is_listed_restored_and_deleted_for_good(
    ask: TestClient, options: StudioOptions
) -> None:
    assert ask.get("/api/trash").json() == {
        "entries": [], "total": 0, "folder": str(options.runs),
    }  # fmt: skip
    first, mine = make_run(options), make_run(options, "mine")
    for run in (first, mine):
        assert ask.delete(f"/api/runs/{run}").status_code == 200
    newest, oldest = entries(ask)
    assert [newest["id"], oldest["id"]] == [mine, first]
    assert [newest["name"], oldest["name"]] == ["mine", None]
    assert {entry["recipe"] for entry in (newest, oldest)} == {"neuron/and"}
    assert newest["deleted"].endswith("+00:00")
    assert newest["bytes"] > 100
    answer = ask.post("/api/trash/restore", json={"entry": choose(newest)})
    assert (answer.status_code, answer.json()) == (200, {"id": "mine"})
    assert (options.runs / "mine" / "config.json").is_file()
    assert ask.post("/api/trash/empty", json=[choose(oldest)]).json() == 1
    assert entries(ask) == []
    assert not (options.runs / ".trash").exists()


def test_of_two_of_one_name_each_comes_back(ask: TestClient, options: StudioOptions) -> None:
    for iterations in (3, 4):
        make_run(options, "mine", iterations)
        ask.delete("/api/runs/mine")
    newest, oldest = entries(ask)
    assert ask.post("/api/trash/restore", json={"entry": choose(oldest)}).json() == {"id": "mine"}
    assert ask.get("/api/runs/mine").json()["settings"]["iterations"] == 3
    taken = ask.post("/api/trash/restore", json={"entry": choose(newest)})
    assert (taken.status_code, "There is a folder" in taken.json()["detail"]) == (409, True)
    answer = ask.post("/api/trash/restore", json={"entry": choose(newest), "name": "mine-2"})
    assert answer.json() == {"id": "mine-2"}
    assert ask.get("/api/runs/mine-2").json()["settings"]["iterations"] == 4


def test_only_what_a_page_showed_is_deleted_for_good(
    ask: TestClient, options: StudioOptions
) -> None:
    make_run(options, "shown")
    ask.delete("/api/runs/shown")
    shown = entries(ask)
    make_run(options, "later")
    ask.delete("/api/runs/later")
    assert ask.post("/api/trash/empty", json=[choose(entry) for entry in shown]).json() == 1
    assert [entry["id"] for entry in entries(ask)] == ["later"]


@pytest.mark.parametrize("name", ["..", "../mine", "/etc", ".trash", ""])
def test_what_is_not_there_reaches_nothing(
    ask: TestClient, options: StudioOptions, name: str
) -> None:
    make_run(options, "mine")
    make_run(options, "other")
    ask.delete("/api/runs/mine")
    [entry] = entries(ask)
    for wrong in ({**choose(entry), "id": name}, {**choose(entry), "moment": name}):
        assert ask.post("/api/trash/empty", json=[choose(entry), wrong]).status_code == 404
        assert ask.post("/api/trash/restore", json={"entry": wrong}).status_code == 404
    for odd in ("../up", "last", "a/b"):
        body = {"entry": choose(entry), "name": odd}
        assert ask.post("/api/trash/restore", json=body).status_code == 422
    assert [entry["id"] for entry in entries(ask)] == ["mine"]
    assert (options.runs / "other").is_dir()


def test_what_cannot_be_read_is_listed_too(ask: TestClient, options: StudioOptions) -> None:
    run = make_run(options)
    ask.delete(f"/api/runs/{run}")
    [entry] = entries(ask)
    (options.runs / ".trash" / entry["moment"] / run / "config.json").write_text("{")
    (options.runs / ".trash" / "no moment" / "odd").mkdir(parents=True)
    told = {entry["id"]: entry for entry in entries(ask)}
    assert (told[run]["lab"], told[run]["recipe"], told["odd"]["deleted"]) == (None, None, "")
