"""What the studio answers about runs, from folders as trainings leave them."""

import io
import json
import shutil
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load
from starlette.testclient import TestClient

from epoque.bench.lab import find_lab
from epoque.bench.runs.execute import execute, start
from epoque.bench.runs.lock import lock_record
from epoque.bench.runs.run import Run
from epoque.studio.state import StudioOptions

HOSTILE = ["..", "%2e%2e", "..%2f..%2fetc", "%2fetc%2fpasswd", ".trash", "x" * 290, "%00", "*"]


def train(root: Path, *, draw: bool = False, **settings: Any) -> Run:
    lab = find_lab("neuron")
    return execute(start(lab, lab.config_class.parse(settings), "neuron/and", root), draw=draw)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two finished runs of the neuron lab, the first with its figures."""
    root = tmp_path_factory.mktemp("trained") / "runs"
    train(root, draw=True, iterations=40, seed=1)
    train(root, iterations=30, seed=2, learning_rate=0.5)
    return root


@pytest.fixture
def ids(trained: Path, options: StudioOptions) -> list[str]:
    """The ids of the same runs in the studio's folder, oldest first."""
    shutil.copytree(trained, options.runs)
    return sorted(path.name for path in options.runs.iterdir() if path.name[0] != ".")


def test_a_page_of_the_table(ask: TestClient, ids: list[str]) -> None:
    page = ask.get("/api/runs", params={"columns": True, "show": "seed,learning_rate,nope"}).json()
    assert [row["id"] for row in page["rows"]] == ids[::-1]
    assert (page["total"], page["unread"], page["in_memory"]) == (2, 0, False)
    assert page["rows"][0]["values"] == {"seed": 2, "learning_rate": 0.5}
    assert page["rows"][0]["state"] == "finished"
    parts = {column["name"]: column["part"] for column in page["columns"]}
    assert (parts["seed"], parts["final_error"], parts["state"]) == (
        "settings", "results", "about",
    )  # fmt: skip
    assert " words" not in parts


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"where": "seed<2"}, [0]),
        ({"where": "and learning_rate=0.5"}, [1]),
        ({"where": "recipe~AND lab!=gan2d", "sort": "seed", "descending": False}, [0, 1]),
        ({"limit": 1, "offset": 1}, [0]),
        ({"limit": 0}, []),
        ({"offset": 99}, []),
    ],
)
def test_filters_orders_and_pages(
    ask: TestClient, ids: list[str], params: dict[str, Any], expected: list[int]
) -> None:
    rows = ask.get("/api/runs", params=params).json()["rows"]
    assert [row["id"] for row in rows] == [ids[index] for index in expected]


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"where": "seeed<2"}, 404, "Did you mean seed?"),
        ({"where": "seed<"}, 422, "not allowed as a filter"),
        ({"where": '"'}, 422, "a quote is not closed"),
        ({"sort": "seeed"}, 404, "Did you mean seed?"),
        ({"limit": -1}, 422, "limit"),
        ({"limit": 10**9}, 422, "limit"),
        ({"offset": "x"}, 422, "offset"),
        ({"where": "x" * 3000}, 422, "where"),
        ({"nonsense": 1}, 422, "nonsense"),
    ],
)
def test_a_wrong_question_is_one_sentence(
    ask: TestClient, ids: list[str], params: dict[str, Any], code: int, words: str
) -> None:
    answer = ask.get("/api/runs", params=params)
    assert answer.status_code == code
    assert words in answer.json()["detail"]


def test_a_folder_that_is_not_there(ask: TestClient, options: StudioOptions) -> None:
    page = ask.get("/api/runs", params={"where": "lab=gan2d"}).json()
    assert (page["rows"], page["total"]) == ([], 0)
    assert not options.runs.exists()
    assert ask.get("/api/runs/last").status_code == 404
    options.runs.touch()
    answer = ask.get("/api/runs")
    assert answer.status_code == 422
    assert "cannot be read" in answer.json()["detail"]


def test_a_run(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    info = ask.get(f"/api/runs/{ids[1]}").json()
    run = Run(options.runs / ids[1])
    assert info["results"] == {k: v for k, v in run.results.items() if k != "not_measured"}
    assert info["settings"]["learning_rate"] == 0.5
    assert info["recipe_settings"]["learning_rate"] != 0.5
    assert "seed" in info["recipe_settings"]
    assert info["environment"]["python"] == run.environment["python"]
    assert info["figures"] == sorted(run.figures)
    assert {"config.json", "metrics.jsonl", "manifest.json"} <= {f["name"] for f in info["files"]}
    assert "--learning-rate 0.5" in info["command"]
    assert info["resume"] is None
    assert info["notes"] == []
    assert ask.get("/api/runs/last").json() == info


@pytest.mark.parametrize("name", HOSTILE)
def test_an_id_that_is_none_reaches_nothing(
    ask: TestClient, ids: list[str], options: StudioOptions, name: str
) -> None:
    for path in ("", "/metrics", "/snapshots", "/snapshots/1", "/figures/x.svg", "/files.zip"):
        assert ask.get(f"/api/runs/{name}{path}").status_code in (404, 405), path
    assert ask.delete(f"/api/runs/{name}").status_code in (404, 405)
    assert ask.post(f"/api/runs/{name}/restore").status_code in (404, 405)
    assert ask.delete("/api/runs/last").status_code == 404
    assert all((options.runs / one).is_dir() for one in ids)


def test_a_damaged_run_says_so_and_hides_no_other(
    ask: TestClient, ids: list[str], options: StudioOptions
) -> None:
    (options.runs / ids[0] / "config.json").write_text("{")
    (options.runs / ids[0] / "metrics.jsonl").write_bytes(b'{"step":1,"error":1}\nnonsense\n')
    rows = ask.get("/api/runs").json()["rows"]
    assert [row["state"] for row in rows] == ["finished", "damaged"]
    assert "config.json" in rows[1]["reason"]
    info = ask.get(f"/api/runs/{ids[0]}").json()
    assert info["state"] == "damaged"
    assert any("config.json" in note for note in info["notes"])
    answer = ask.get(f"/api/runs/{ids[0]}/metrics")
    assert answer.status_code == 409
    assert "metrics.jsonl" in answer.json()["detail"]


def test_text_of_a_run_stays_text(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    odd = "<img src=x onerror=alert(1)>"
    shutil.copytree(options.runs / ids[0], options.runs / odd)
    answer = ask.get(f"/api/runs/{odd}")
    assert answer.json()["id"] == odd
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_curves_and_what_is_new(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    run = Run(options.runs / ids[0])
    curves = ask.get(f"/api/runs/{run.id}/metrics").json()
    assert curves["steps"] == run.metrics.index.tolist()
    assert curves["values"]["error"] == run.metrics["error"].tolist()
    assert (curves["reset"], curves["state"]) == (True, "finished")
    assert curves["seconds"] is None  # this lab tells no times
    more = ask.get(f"/api/runs/{run.id}/metrics", params={"from": curves["cursor"]}).json()
    assert (more["steps"], more["rows"], more["reset"]) == ([], 0, False)
    one = ask.get(f"/api/runs/{run.id}/metrics", params={"names": "error,none"}).json()
    assert list(one["values"]) == ["error"]
    window = {"low": 5, "high": 9, "points": 2}
    few = ask.get(f"/api/runs/{run.id}/metrics", params=window).json()
    assert (few["steps"], few["rows"]) == ([5, 9], 5)
    for wrong in ({"points": 2001}, {"points": 1}, {"low": "x"}, {"from": "9" * 61}):
        assert ask.get(f"/api/runs/{run.id}/metrics", params=wrong).status_code == 422


def test_snapshots_are_the_files_of_the_run(
    ask: TestClient, options: StudioOptions, tmp_path: Path
) -> None:
    lab = find_lab("neuron")
    config = lab.config_class.parse({"iterations": 5})
    run = start(lab, config, "neuron/and", options.runs)
    (run.path / "snapshots").mkdir()
    import numpy as np
    from safetensors.numpy import save

    data = save({"weights": np.arange(6.0).reshape(2, 3)})
    (run.path / "snapshots/step-0000000003.safetensors").write_bytes(data)
    assert ask.get(f"/api/runs/{run.id}/snapshots").json() == {"steps": [3]}
    answer = ask.get(f"/api/runs/{run.id}/snapshots/3")
    assert load(answer.content)["weights"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert ask.get(f"/api/runs/{run.id}/snapshots/4").status_code == 404
    assert ask.get(f"/api/runs/{run.id}/snapshots/x").status_code == 422


def test_figures_in_each_language_and_theme(ask: TestClient, ids: list[str]) -> None:
    name = ask.get(f"/api/runs/{ids[0]}").json()["figures"][0]
    drawn = {
        (lang, theme): ask.get(
            f"/api/runs/{ids[0]}/figures/{name}.svg", params={"lang": lang, "theme": theme}
        )
        for lang, theme in (("en", "light"), ("fr", "light"), ("en", "dark"))
    }
    assert {answer.headers["content-type"].partition(";")[0] for answer in drawn.values()} == {
        "image/svg+xml"
    }
    assert len({answer.content for answer in drawn.values()}) == 3
    assert b"#14161a" in drawn["en", "dark"].content
    png = ask.get(f"/api/runs/{ids[0]}/figures/{name}.png")
    assert png.content.startswith(b"\x89PNG")
    assert ask.get(f"/api/runs/{ids[0]}/figures/none.svg").status_code == 404
    assert ask.get(f"/api/runs/{ids[0]}/figures/{name}.pdf").status_code in (404, 422)


def test_a_figure_that_cannot_be_drawn_is_one_sentence(
    ask: TestClient, ids: list[str], options: StudioOptions
) -> None:
    name = ask.get(f"/api/runs/{ids[0]}").json()["figures"][0]
    (options.runs / ids[0] / "metrics.jsonl").write_text("nonsense\n")
    answer = ask.get(f"/api/runs/{ids[0]}/figures/{name}.svg")
    assert answer.status_code == 409
    assert "metrics.jsonl" in answer.json()["detail"]


def test_the_zip_is_the_folder(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    path = options.runs / ids[0]
    (path.parent / "secret").write_text("secret")
    (path / "link").symlink_to(path.parent / "secret")
    answer = ask.get(f"/api/runs/{ids[0]}/files.zip")
    assert answer.headers["content-disposition"].endswith(f"{ids[0]}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert archive.read(f"{ids[0]}/config.json") == (path / "config.json").read_bytes()
    assert f"{ids[0]}/link" not in names
    assert not any(name.endswith((".lock", ".owner")) for name in names)
    assert f"{ids[0]}/manifest.json" in names


def test_a_file_is_one_of_the_list(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    path = options.runs / ids[0]
    (options.runs.parent / "secret").write_text("secret")
    (path / "link").symlink_to(options.runs.parent / "secret")
    (path / "page.html").write_text("<script>alert(1)</script>")
    answer = ask.get(f"/api/runs/{ids[0]}/files/page.html")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    name = ask.get(f"/api/runs/{ids[0]}").json()["figures"][0]
    picture = ask.get(f"/api/runs/{ids[0]}/files/figures/{name}.png")
    assert picture.headers["content-type"] == "image/png"
    for hostile in ("link", "../../secret", "..%2f..%2fsecret", "%2fetc%2fpasswd", ".lock", "nope"):
        answer = ask.get(f"/api/runs/{ids[0]}/files/{hostile}")
        assert answer.status_code == 404, hostile
        assert answer.text != "secret"


def test_delete_and_undo(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    before = ask.get(f"/api/runs/{ids[0]}").json()
    assert ask.delete(f"/api/runs/{ids[0]}").json()["id"] == ids[0]
    assert ask.get(f"/api/runs/{ids[0]}").status_code == 404
    assert ask.get(f"/api/runs/{ids[0]}/metrics").status_code == 404
    assert [row["id"] for row in ask.get("/api/runs").json()["rows"]] == [ids[1]]
    assert ask.delete(f"/api/runs/{ids[0]}").status_code == 404
    assert ask.post(f"/api/runs/{ids[0]}/restore").json() == {"id": ids[0]}
    assert ask.get(f"/api/runs/{ids[0]}").json() == before
    assert ask.post(f"/api/runs/{ids[0]}/restore").status_code == 404


def test_a_run_that_is_written_is_not_deleted(
    ask: TestClient, ids: list[str], options: StudioOptions
) -> None:
    with lock_record(options.runs / ids[0]):
        answer = ask.delete(f"/api/runs/{ids[0]}")
    assert answer.status_code == 409
    assert "is being written" in answer.json()["detail"]
    assert (options.runs / ids[0]).is_dir()


def test_a_name_that_is_taken_again(
    ask: TestClient, ids: list[str], options: StudioOptions
) -> None:
    ask.delete(f"/api/runs/{ids[0]}")
    shutil.copytree(options.runs / ids[1], options.runs / ids[0])
    answer = ask.post(f"/api/runs/{ids[0]}/restore")
    assert answer.status_code == 409
    assert "again" in answer.json()["detail"]


def test_a_training_is_followed_while_another_thread_writes(
    ask: TestClient, options: StudioOptions
) -> None:
    lab = find_lab("neuron")
    config = lab.config_class.parse({"iterations": 3})
    run = start(lab, config, "neuron/and", options.runs)
    metrics = run.path / "metrics.jsonl"

    def write() -> None:
        for step in range(1, 2001):
            with metrics.open("a") as file:
                file.write(json.dumps({"step": step, "error": 1 / step}) + "\n")

    writer = threading.Thread(target=write)
    steps: list[int] = []
    cursor = ""
    writer.start()
    while True:
        alive = writer.is_alive()
        answer = ask.get(f"/api/runs/{run.id}/metrics", params={"from": cursor, "points": 2000})
        told = answer.json()
        assert told["reset"] == (cursor == "")
        steps += told["steps"]
        cursor = told["cursor"]
        if not alive and not told["steps"]:
            break
    writer.join()
    assert steps == list(range(1, 2001))
    metrics.write_text('{"step":1,"error":5}\n')
    told = ask.get(f"/api/runs/{run.id}/metrics", params={"from": cursor}).json()
    assert (told["reset"], told["steps"]) == (True, [1])


def test_a_new_run_is_the_last(ask: TestClient, ids: list[str], options: StudioOptions) -> None:
    assert ask.get("/api/runs/last").json()["id"] == ids[1]
    lab = find_lab("neuron")
    new = start(lab, lab.config_class.parse({}), "neuron/or", options.runs)
    assert ask.get("/api/runs/last").json()["id"] == new.id
    told = ask.get("/api/runs/last").json()
    assert (told["state"], told["reason"]) == ("interrupted", "not started")
    assert told["resume"] == f"epoque resume {new.id}"


def test_the_disk_that_refuses(
    ask: TestClient, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "no space")

    monkeypatch.setattr(Path, "rename", refuse)
    answer = ask.delete(f"/api/runs/{ids[0]}")
    assert answer.status_code == 507
    assert "the disk is full" in answer.json()["detail"]
