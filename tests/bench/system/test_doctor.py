"""`epoque doctor`: what works, what is missing, in both languages."""

import tomllib
from pathlib import Path

import pytest

from epoque.bench.lab import lab_names
from epoque.bench.system import doctor

PROJECT = Path(__file__).parents[3] / "pyproject.toml"
OURS = ("gan2d", "language", "neuron", "stylegan3")


def find_check(name: str, language: str = "en") -> doctor.Check:
    return next(check for check in doctor.check_installation(language) if check.name == name)


@pytest.mark.parametrize("is_built", [False, True])
def test_it_says_whether_the_studios_page_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_built: bool
) -> None:
    page = tmp_path / "studio" / "client" / "index.html"
    if is_built:
        page.parent.mkdir(parents=True)
        page.touch()
    monkeypatch.setattr(doctor, "files", lambda package: tmp_path)
    check = find_check("studio's page")
    assert check.state == ("ok" if is_built else "missing")
    assert is_built or "make client" in check.advice


def test_it_says_whether_the_studios_extra_is_installed() -> None:
    check = find_check("fastapi [studio]")
    assert check.state in ("ok", "missing")
    assert check.state == "ok" or "epoque[studio]" in check.advice


def test_every_extra_brings_something_that_is_told() -> None:
    extras = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    told = {*doctor.EXTRAS, *doctor.FOR_DEVELOPERS, *OURS}
    assert set(extras) <= told
    names = {check.name for check in doctor.check_installation() if check.group == "feature"}
    assert names >= {*doctor.EXTRAS, *(f"lab {name}" for name in lab_names())}


def play_versions(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None]) -> None:
    """Let some packages have other versions, or None."""
    real = doctor.installed_version
    monkeypatch.setattr(doctor, "installed_version", lambda name: versions.get(name, real(name)))


def test_an_extra_is_as_good_as_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    play_versions(monkeypatch, {"optuna": None, "av": "1.0"})
    search, video = find_check("search"), find_check("video")
    assert (search.state, search.advice) == ("missing", "pip install 'epoque[search]'")
    assert (video.state, video.advice) == ("bad", "pip install 'epoque[video]'")
    assert find_check("optuna [search]").state == "missing"
    assert find_check("av [video]").result.startswith("1.0, but ")


def test_what_the_base_needs_is_broken_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    play_versions(monkeypatch, {"numpy": None})
    check = find_check("numpy")
    assert (check.state, check.result) == ("bad", "not installed")
    assert check.advice.startswith("pip install 'numpy>=")


def test_a_lab_without_its_extra_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lab:
        title = "A lab"

        def check_installed(self) -> None:
            raise doctor.MissingExtraError("The language lab", "language")

    monkeypatch.setattr(doctor, "find_lab", lambda name: Lab())
    check = find_check("lab language")
    assert (check.state, check.advice) == ("missing", "pip install 'epoque[language]'")


def test_french_says_the_same_of_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    play_versions(monkeypatch, {"optuna": None, "av": "1.0"})
    english, french = (doctor.check_installation(language) for language in ("en", "fr"))
    assert [(c.name, c.state, c.group) for c in english] == [
        (c.name, c.state, c.group) for c in french
    ]
    assert find_check("optuna [search]", "fr").result == "non installé"
    assert find_check("av [video]", "fr").result.startswith("1.0, mais il faut ")
    assert find_check("machine", "fr").result.endswith("cœurs")
    features = [c for c in english if c.name in doctor.EXTRAS]
    assert all(c.result != find_check(c.name, "fr").result for c in features)
