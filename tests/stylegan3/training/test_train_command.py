"""`epoque stylegan3 train`: the same as a recipe with the same settings."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.runs.run import Runs
from epoque.cli import main
from epoque.cli import run as running
from epoque.stylegan3.config import ANALYSIS_ONLY
from epoque.stylegan3.lab import LAB
from epoque.stylegan3.training.trainer import Trainer

from ..conftest import TINY

Epoque = Callable[..., int]


@pytest.fixture
def epoque(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Epoque:
    """Run a command line in an empty folder; return how it exits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EPOQUE_RUNS", raising=False)

    def run(*words: str) -> int:
        with pytest.raises(SystemExit) as caught:
            main([*words])
        return int(caught.value.code or 0)

    return run


def options(settings: dict[str, Any]) -> list[str]:
    return [w for n, v in settings.items() for w in (f"--{n.replace('_', '-')}", str(v).lower())]


def test_it_is_what_a_recipe_with_these_settings_is(
    epoque: Epoque, pictures: Path, tmp_path: Path
) -> None:
    settings = {**TINY, "data": str(pictures), "cfg": "t", "kimg": 0.008, "layers": 4, "seed": 3}
    recipe = {"lab": "stylegan3", "config": settings}
    Path("mine.yaml").write_text(json.dumps(recipe))  # JSON is YAML
    assert epoque("run", "mine.yaml", "--no-figures", "--quiet", "--runs", "a") == 0
    words = ["--no-figures", "--quiet", "--runs", "b", *options(settings)]
    assert epoque("stylegan3", "train", *words) == 0
    (one,), (other,) = Runs("a"), Runs("b")
    assert one.config == other.config
    for name in ("metrics.jsonl", "generator.safetensors", "generator.json"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes()
    assert (other.recipe, other.status.state) == ("stylegan3/train", "finished")


def test_what_is_stopped_is_resumed(
    epoque: Epoque, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    settings = {**TINY, "data": str(pictures), "kimg": 0.016, "layers": 4, "checkpoint_every": 2}
    words = ["stylegan3", "train", "--no-figures", "--quiet", *options(settings)]
    assert epoque(*words, "--runs", "whole") == 0
    with monkeypatch.context() as patch:
        step = Trainer.step

        def stopped(self: Trainer) -> None:
            if self.steps_done == 3:
                signal.raise_signal(signal.SIGINT)
            step(self)

        patch.setattr(Trainer, "step", stopped)
        assert epoque(*words) == 130
    (stopped_run,) = Runs("runs")
    told = capsys.readouterr().err
    assert f"`epoque resume {stopped_run.path}` goes on from the checkpoint of step 4" in told
    assert epoque("resume", "last", "--quiet", "--no-figures") == 0
    (whole,), (resumed,) = Runs("whole"), Runs("runs")
    assert resumed.status.state == "finished"
    for name in ("metrics.jsonl", "generator.safetensors"):
        assert (whole.path / name).read_bytes() == (resumed.path / name).read_bytes()


def test_a_dry_run_checks_and_shows_and_writes_nothing(
    epoque: Epoque, pictures: Path, tmp_path: Path, capsys: Any
) -> None:
    words = "stylegan3", "train", "--dry-run", "--data", str(pictures), "--kimg", "3"
    assert epoque(*words) == 0
    told = capsys.readouterr().out
    assert "nothing was trained or written" in told
    assert re.search(r"^kimg +3\b", told, re.MULTILINE)
    assert "equivariance_images" not in told
    assert epoque(*words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["kimg"] == 3
    assert epoque("stylegan3", "train", "-n", "--data", "x.zip") == 2
    assert "x.zip: there is no such file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_told_at_once(epoque: Epoque, tmp_path: Path, capsys: Any) -> None:
    assert epoque("stylegan3", "train", "--data", "x.zip", "--config", "q", "--kimg", "-1") == 2
    told = capsys.readouterr().err
    assert "cfg: q is not allowed; it takes one of t, r, stylegan2." in told
    assert "kimg: -1 is not allowed; it takes a finite number greater than 0" in told
    assert epoque("stylegan3", "train", "--data", "x.zip", "--batch", "6") == 2
    assert "--mbstd-group: 4 does not divide the 6 images" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert epoque("stylegan3", "train", "--data", "x.zip", "--quiet") == 2
    assert "x.zip: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("--cfg r", {"cfg": "r"}),
        ("--config stylegan2 --resume ffhq-256-t", {"cfg": "stylegan2"}),
        ("--metrics fid,eq_t --mirror 1 --kimg 1000", {"metrics": ("fid", "eq_t"), "mirror": True}),
    ],
)
def test_settings_have_the_official_names_too(
    epoque: Epoque, words: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    monkeypatch.setattr(
        running, "_run_training", lambda _lab, config, *_, **__: trained.append(config)
    )
    assert epoque("stylegan3", "train", *words.split()) == 0
    if "--resume" in words:
        settings = settings | {"resume_from": "ffhq-256-t"}
    if "--kimg" in words:
        settings = settings | {"kimg": 1000}
    assert trained == [LAB.config_class(**settings)]


def test_it_is_in_the_lab_s_help_and_tells_its_settings(epoque: Epoque, capsys: Any) -> None:
    assert epoque("stylegan3", "--help") == 0
    assert "train  " in capsys.readouterr().out
    assert epoque("stylegan3", "train", "--help") == 0
    told = capsys.readouterr().out
    assert "epoque stylegan3 train --data photos-64.zip --cfg t" in " ".join(told.split())
    offered = set(LAB.train_command().options)
    assert offered == set(LAB.config_class.model_fields) - {"task", *ANALYSIS_ONLY}
    assert all(f"--{name.replace('_', '-')} " in told for name in offered)


def test_processes_share_it(
    epoque: Epoque, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert epoque("stylegan3", "generate", "--seeds", "1") == 2
    assert "only `epoque run` and `epoque resume` share" in capsys.readouterr().err
    assert epoque("stylegan3", "train", "--cfg", "q") == 2
    assert "cfg: q is not allowed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
