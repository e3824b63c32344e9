"""Beginning, resuming and stopping trainings over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from line_plugin import forget_labs, install_line_lab
from starlette.testclient import TestClient
from waiting import wait_for

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import start
from epoque.studio.state import StudioOptions


@pytest.fixture(autouse=True)
def _the_line_lab_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    install_line_lab(monkeypatch, tmp_path / "plugin")
    yield
    forget_labs()


def wait_for_state(ask: TestClient, run_id: str, state: str) -> dict[str, Any]:
    def info() -> dict[str, Any]:
        answer: dict[str, Any] = ask.get(f"/api/runs/{run_id}").json()
        return answer

    wait_for(lambda: info()["state"] == state, state)
    return info()


def test_a_training_is_begun_watched_stopped_and_resumed(
    ask: TestClient, options: StudioOptions
) -> None:
    config = {"iterations": 400, "pause": 0.02}
    answer = ask.post("/api/trainings", json={"lab": "line", "config": config, "name": "mine"})
    assert (answer.status_code, answer.json()) == (201, {"id": "mine"})
    wait_for_state(ask, "mine", "running")
    wait_for(lambda: (ask.get("/api/runs/mine").json()["progress"] or {}).get("done", 0) > 0, "it")
    info = ask.get("/api/runs/mine").json()
    assert (info["name"], info["background"], info["resume"]) == ("mine", True, None)
    assert info["progress"]["total"] == 400
    assert ask.get("/api/health").json()["runs"] == 1
    again = ask.post("/api/runs/mine/resume")
    assert (again.status_code, again.json()["detail"]) == (
        422, "mine is being trained already.",
    )  # fmt: skip
    assert ask.post("/api/runs/mine/stop").status_code == 202
    info = wait_for_state(ask, "mine", "interrupted")
    assert (info["progress"], info["resume"]) == (None, "epoque resume mine")
    assert ask.post("/api/runs/mine/resume").status_code == 202
    wait_for_state(ask, "mine", "running")
    assert ask.post("/api/runs/mine/stop").status_code == 202
    wait_for_state(ask, "mine", "interrupted")


def test_an_id_that_is_none_is_refused(ask: TestClient, options: StudioOptions) -> None:
    lab = find_lab("line")
    start(lab, lab.config_class(), "line/fit", options.runs)
    for name in ("last", "nothing", "..%2f..%2fetc"):
        assert ask.post(f"/api/runs/{name}/resume").status_code in (404, 405), name
    answer = ask.post("/api/runs/nothing/stop")
    assert (answer.status_code, "not trained" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"lab": "line", "config": {"iterations": -1}}, "iterations"),
        ({"lab": "gan2d", "config": {"data": "csv", "csv": "/etc/passwd"}}, "csv"),
        ({"lab": "line", "name": "../up"}, "name"),
        ({"lab": "line", "recipe": "/etc/passwd"}, "ships no recipe"),
        ({"lab": "nothing"}, "There is no lab"),
    ],
)
def test_what_cannot_be_begun_is_one_sentence(
    ask: TestClient, options: StudioOptions, body: dict[str, Any], part: str
) -> None:
    answer = ask.post("/api/trainings", json=body)
    assert answer.status_code in (404, 422)
    assert part in answer.json()["detail"]
    assert not options.runs.exists()
