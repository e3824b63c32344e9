"""The lab's actions as Python functions."""

from pathlib import Path

import pytest

import epoque
from epoque import neuron


def test_separable_proves_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert neuron.separable("and")
    verdict = neuron.separable("xor")
    assert not verdict
    assert verdict.separability.certificate is not None
    assert capsys.readouterr() == ("", "")
    with pytest.raises(epoque.ConfigError, match=r"^truth_table: "):
        neuron.separable("012")


def test_points_of_one_s_own_are_read(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("x1,x2,class\n0,0,0\n1,1,1\n")
    assert neuron.separable(csv=str(path))


def test_animate_a_run(tmp_path: Path) -> None:
    run = epoque.run("neuron/and", runs=tmp_path, iterations=30, figures=False)
    film = neuron.animate(run, out=tmp_path / "film" / "way")
    assert [path.name for path in film.paths] == ["way.webp", "way.gif"]
    assert all(path.is_file() for path in film.paths)


def test_gradients_are_right() -> None:
    errors = neuron.check_gradients()
    assert len(errors) > 3
    assert max(errors.values()) < 1e-6
