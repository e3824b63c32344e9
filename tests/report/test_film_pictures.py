"""The films of a book are drawn once, in both themes, and stand still on paper."""

from pathlib import Path

import numpy as np
import pytest

from epoque.bench.errors import UnknownNameError
from epoque.bench.figures.film import Film
from epoque.report import film_pictures, write_report
from epoque.report.film_pictures import FilmPicture
from epoque.report.library import Library


@pytest.fixture(scope="module")
def picture(made_runs: Path) -> FilmPicture:
    return FilmPicture.of(Library(made_runs).run("neuron/xor-mlp"), "learning", "fr", "film")


def test_it_has_both_themes_and_a_strip(picture: FilmPicture) -> None:
    film = picture.film()
    assert film.sheets["light"][:4] == film.sheets["dark"][:4] == b"RIFF"
    assert film.sheets["light"] != film.sheets["dark"]
    assert picture.data("light").startswith(b"\x89PNG")
    assert len(film.moments) > 10
    assert f"{len(film.moments)} images" in picture.describe()
    assert film.moments[-1] in picture.describe()


def test_a_film_is_small_enough_for_a_page(picture: FilmPicture) -> None:
    assert sum(map(len, picture.film().sheets.values())) < 400_000


def test_it_is_drawn_once(picture: FilmPicture, monkeypatch: pytest.MonkeyPatch) -> None:
    first = picture.film()
    monkeypatch.setattr(FilmPicture, "_draw", lambda self: pytest.fail("drawn again"))
    assert picture.film() == first


def test_films_of_the_same_pixels_are_encoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path))
    encoded: list[Film] = []

    def encode(film: Film) -> bytes:
        encoded.append(film)
        return b"sheet"

    dark, light = (np.full((2, 4, 3), shade, np.uint8) for shade in (0, 255))
    films = [Film([dark, light], ["a", "b"]), Film([dark, light], ["c", "d"])]
    films += [Film([light, dark], ["a", "b"]), Film([dark.reshape(4, 2, 3)] * 2, ["a", "b"])]
    assert len({film_pictures._keep(encode, film) for film in films}) == 1
    assert encoded == [films[0], films[2], films[3]]


def test_a_film_that_there_is_not(made_runs: Path) -> None:
    with pytest.raises(UnknownNameError, match="learning"):
        FilmPicture.of(Library(made_runs).run("neuron/xor"), "lerning", "en", "film")


@pytest.mark.parametrize("form", ["md", "pdf"])
def test_paper_shows_stills(made_runs: Path, tmp_path: Path, form: str) -> None:
    if form == "pdf":
        pytest.importorskip("typst")
    template = tmp_path / "mine.md"
    template.write_text('{{ film(run("neuron/xor"), "learning", caption="It learns.") }}')
    path = write_report(made_runs, tmp_path / "out", "en", form, template=template)
    if form == "md":
        (still,) = (path.parent / f"{path.stem}-figures").iterdir()
        assert still.read_bytes().startswith(b"\x89PNG")
    else:
        assert path.read_bytes().startswith(b"%PDF")
