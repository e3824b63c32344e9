"""The lab's actions as Python functions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import epoque
from epoque import gan2d

Train = Callable[..., epoque.Run[Any]]


def test_look_and_film(
    train_run: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train_run()
    moment = gan2d.look(run, step=21, out=tmp_path / "a" / "early", lang="fr")
    assert (moment.step, moment.asked_step) == (20, 21)
    assert moment._repr_png_() == moment.png.read_bytes()
    assert moment.svg == tmp_path / "a" / "early.svg"
    film = gan2d.film(str(run.path), out=tmp_path / "walk.gif", width=200, dark=True)
    with Image.open(film.paths[0]) as picture:
        assert picture.width == 200
    assert "data:image/gif;base64," in film._repr_html_()
    assert capsys.readouterr() == ("", "")


def test_multiples_of_a_run_and_of_a_recipe(train_run: Train, tmp_path: Path) -> None:
    run, out = train_run(), tmp_path / "many"
    files = gan2d.multiples(run, out=out)
    assert files.png.is_file()
    steps: list[tuple[int, int | None]] = []
    files = gan2d.multiples(
        "gan2d/ring", "loss=log,hinge", "iterations=2", out=out,
        progress=lambda done, total, _what="": steps.append((done, total)),
    )  # fmt: skip
    assert steps[-1] == (2, 2)
    assert files.remarks == ()


def test_retrain_gives_the_same_run(train_run: Train, tmp_path: Path) -> None:
    run = train_run(checkpoint_every=30)
    again = gan2d.retrain(run, start=30, runs=tmp_path, figures=False)
    assert again.first_difference is None
    assert again.old.id == run.id
    assert again.new.path.parent == tmp_path


def test_what_is_wrong_is_told_by_python_names(train_run: Train, tmp_path: Path) -> None:
    run = train_run()
    for call, told in (
        (lambda: gan2d.look(run, step=10**6), "step: 1000000 is not allowed"),
        (lambda: gan2d.look(run, layers="x"), "layers: x is not allowed"),
        (lambda: gan2d.film(run, width=20), "width: 20 is not allowed"),
        (lambda: gan2d.film(run, out=tmp_path / "a.avi"), "out: .*a.avi is not allowed"),
    ):
        with pytest.raises(epoque.ConfigError, match=f"^{told}"):
            call()
    with pytest.raises(epoque.UnknownNameError):
        gan2d.look("none", runs=tmp_path)
