"""Keeping what a page trained: computed again, compared, and a run like any other."""

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from waiting import wait_for

from epoque.api import run as run_recipe
from epoque.bench.lab import find_lab
from epoque.bench.recipes import find_recipe
from epoque.bench.runs.execute import resume
from epoque.bench.runs.run import Run
from epoque.studio.export import SiteOptions, export_site
from epoque.studio.state import StudioOptions

pytest.importorskip("wasmtime")

GAN = {"data": "ring", "batch_size": 32, "generator.layers": [6, 6], "seed": 5}
NEURON = {"learning_rate": 0.4, "seed": 3}


def train_as_a_page(lab: str, config: dict[str, Any], iterations: int) -> str:
    """Return the digest that the live engine comes to, changes included."""
    own = find_lab(lab)
    values = {**config, "engine": "wasm", "iterations": iterations}
    live = own.live(own.config_class.parse(values))
    while live.step < iterations:
        live.advance(iterations - live.step)
    digest = live.digest()
    assert digest is not None
    return digest


def keep(ask: TestClient, lab: str, config: dict[str, Any], **more: Any) -> Any:
    return ask.post("/api/runs", json={"lab": lab, "config": config, **more})


def finish(options: StudioOptions, identity: str) -> Run:
    run = Run(options.runs / identity)
    wait_for(lambda: Run(run.path).status.state in ("finished", "failed"), "the end of the run")
    return Run(run.path)


@pytest.mark.parametrize(("lab", "config"), [("gan2d", GAN), ("neuron", NEURON)])
def test_a_training_is_kept_as_a_run_like_any_other(
    ask: TestClient, options: StudioOptions, lab: str, config: dict[str, Any], tmp_path: Path
) -> None:
    changes = "20:d_steps=2" if lab == "gan2d" else "0:w.2=1;20:w.1=0.75,held.w.1=1"
    begun = {**config, "changes": changes}
    digest = train_as_a_page(lab, begun, 40)
    answer = keep(ask, lab, config, changes=changes, iterations=40, digest=digest, name="mine")
    assert answer.status_code == 201, answer.text
    run = finish(options, answer.json()["id"])
    assert (run.id, run.status.state, run.status.reason) == ("mine", "finished", "")
    assert run.is_complete
    assert run.figures
    assert run.results
    assert run.metrics.index[-1] == 40
    environment = json.loads((run.path / "environment.json").read_text())
    engine = (files("epoque.bench.live_engine") / "engine.wasm").read_bytes()
    assert hashlib.sha256(engine).hexdigest() in json.dumps(environment)
    _check_recipe_gives_the_same(run, lab, begun, tmp_path)


def _check_recipe_gives_the_same(kept: Run, lab: str, config: dict[str, Any], folder: Path) -> None:
    """The recipe that a page without a server saves trains to the same bytes."""
    lines = [f"  {path}: {json.dumps(_as_text(value))}\n" for path, value in config.items()]
    text = f"lab: {lab}\ntitle: Mine\nconfig:\n  engine: wasm\n  iterations: 40\n{''.join(lines)}"
    (folder / "mine.yaml").write_text(text)
    again = run_recipe(str(folder / "mine.yaml"), runs=folder / "again", figures=False)
    for name in ("metrics.jsonl", "results.json", "checkpoints/step-0000000040.safetensors"):
        assert (again.path / name).read_bytes() == (kept.path / name).read_bytes(), name


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


POINTS = "x,y,jitter\n" + "".join(f"{i / 40},{(i * 7 % 40) / 40},0.00625\n" for i in range(40))
CLASSES = "x1,x2,class\n" + "".join(f"{i},{i * i % 7},{int(i > 5)}\n" for i in range(12))


OWN_POINTS = {
    "gan2d/image": (POINTS, {"fit": False, "image": None, "batch_size": 32, "r1": 0}),
    "gan2d/csv": (POINTS, {"fit": False, "image": None, "batch_size": 32, "r1": 0}),
    "neuron/and": (CLASSES, {"scale": "standard", "learning_rate": 0.4}),
}
"""Recipe to a table, and what a page whose training it began says besides."""


@pytest.mark.parametrize("recipe", OWN_POINTS)
def test_points_of_ones_own_are_kept_with_a_run_that_is_whole(
    ask: TestClient, options: StudioOptions, client_files: Path, tmp_path: Path, recipe: str
) -> None:
    (table, config), lab = OWN_POINTS[recipe], recipe.partition("/")[0]
    (tmp_path / "own.csv").write_text(table)
    own = {**find_recipe(recipe).config, **config, "data": "csv", "csv": str(tmp_path / "own.csv")}
    own = {path: value for path, value in own.items() if path != "image"}
    digest = train_as_a_page(lab, own, 30)
    sent = ask.post("/api/uploads", params={"name": "data.csv"}, content=table.encode())
    settings = {**config, "data": "csv", "csv": f"upload:{sent.json()['id']}"}
    answer = keep(ask, lab, settings, recipe=recipe, iterations=30, digest=digest, name="own")
    assert answer.status_code == 201, answer.text
    run = finish(options, "own")
    assert (run.status.state, run.status.reason) == ("finished", "")
    assert run.is_complete
    (run.path / "results.json").unlink()
    assert resume(Run(run.path)).is_complete
    site = tmp_path / "site"
    export_site(site, SiteOptions(options.runs, ["own"], (), ("en",)), lambda _: None, client_files)
    assert json.loads((site / "site.json").read_text())["runs"] == ["own"]
    assert (site / "api/runs/own/files/data.csv").is_file()


def test_another_state_is_refused_with_a_sentence(ask: TestClient, options: StudioOptions) -> None:
    answer = keep(ask, "neuron", NEURON, iterations=40, digest="0" * 64)
    assert answer.status_code == 422
    assert "came to another state after 40 iterations" in answer.json()["detail"]
    assert not list(options.runs.glob("*-neuron*"))


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"lab": "language", "iterations": 3}, "live engine"),
        ({"lab": "gan2d", "config": {"r1": 1}, "iterations": 3}, "wasm does not compute"),
        ({"lab": "neuron", "config": {"learning_rate": -1}, "iterations": 3}, "learning_rate"),
        ({"lab": "neuron", "iterations": 3, "name": "../up"}, "name"),
        ({"lab": "neuron", "recipe": "/etc/passwd", "iterations": 3}, "ships no recipe"),
        ({"lab": "neuron", "iterations": 0}, "iterations"),
        ({"lab": "gan2d", "iterations": 3, "changes": "1:csv=/etc/passwd"}, "changes"),
        ({"lab": "neuron", "iterations": 3, "changes": "1:w.7=1"}, "w has 3 numbers"),
        ({"lab": "gan2d", "config": {"csv": "/etc/passwd"}, "iterations": 3}, "csv"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(
    ask: TestClient, body: dict[str, Any], part: str
) -> None:
    answer = ask.post("/api/runs", json={"digest": "0" * 64, **body})
    assert answer.status_code == 422
    assert part in answer.json()["detail"]


def test_there_are_only_so_many_in_the_background(ask: TestClient) -> None:
    studio = ask.app.state.studio  # type: ignore[attr-defined]
    studio.background._most = 0
    answer = keep(ask, "neuron", NEURON, iterations=3, digest="0" * 64)
    assert "--max-runs" in answer.json()["detail"]
