"""generate, film and mix as Python functions."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import small

import epoque
from epoque import stylegan3
from epoque.stylegan3.networks.store import save_network


@pytest.fixture
def network(tmp_path: Path) -> Path:
    save_network(small().generator, tmp_path / "t")
    return tmp_path / "t.json"


def test_generate_returns_what_it_has_written(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[tuple[int, int | None]] = []
    images = stylegan3.generate(
        network=network,
        seeds=[2, 5],
        truncation=0.5,
        translate=(0.1, -0.2),
        out=tmp_path / "images",
        grid=tmp_path / "grid.png",
        styles=tmp_path / "w.npz",
        progress=lambda k, n, _what="": done.append((k, n)),
    )
    assert [image.start for image in images] == [2, 5]
    for image in images:
        assert sha256(image.path.read_bytes()).hexdigest() == image.sha256
    assert len(images) == 2
    shown = images._repr_html_()
    assert shown.count("<img ") == shown.count('src="data:image/png;base64,iVBOR') == 2
    assert images.grid == tmp_path / "grid.png"
    assert done[-1] == (2, 2)
    assert capsys.readouterr() == ("", "")
    again = stylegan3.generate(
        network=network, w=tmp_path / "w.npz", translate="0.1,-0.2", out=tmp_path / "again"
    )
    assert [image.sha256 for image in again] == [image.sha256 for image in images]


def test_film_and_mix(network: Path, tmp_path: Path) -> None:
    film = stylegan3.film(
        network=network, seeds=range(1, 5), grid=(2, 1), frames=2, out=tmp_path / "walk.gif"
    )
    with Image.open(film.paths[0]) as picture:
        assert picture.n_frames == 4
    assert (film.fps, film.difference) == (25, None)
    table = stylegan3.mix(network=network, rows=[1, 2], columns=3, out=tmp_path / "mix")
    assert np.asarray(Image.open(table.png)).ndim == 3


def test_what_is_wrong_is_told_at_once_by_python_names(network: Path, tmp_path: Path) -> None:
    with pytest.raises(epoque.ConfigError) as caught:
        stylegan3.generate(network=network, seeds=-1, batch=0, format="gif", translate="1")
    fields = [problem.field for problem in caught.value.problems]
    assert sorted(fields) == ["batch", "format", "seeds", "translate"]
    for call, told in (
        (lambda: stylegan3.generate(seeds=1, columns=2), "columns: it would be ignored"),
        (lambda: stylegan3.generate(seeds=1, grid="a.jpg"), r"grid: a\.jpg is not allowed"),
        (lambda: stylegan3.generate(w="w.npz", label=1), "label: it would be ignored"),
        (lambda: stylegan3.film(), "seeds: give them to walk through"),
        (lambda: stylegan3.film(run="last", frames=9), "frames: it would be ignored; `run` films"),
        (lambda: stylegan3.film(seeds=1, fps=60, out="a"), "fps: 60 is not allowed"),
        (lambda: stylegan3.generate(seeds=1, network=network, label=0), "(label|class): "),
    ):
        with pytest.raises(epoque.UsageError, match=told):
            call()
    assert not (tmp_path / "out").exists()
