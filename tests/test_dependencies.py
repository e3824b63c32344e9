"""What pyproject.toml asks for is what constraints.txt pins, nothing much older, and all of it."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    name: [Requirement(text) for text in texts]
    for name, texts in {
        "": PROJECT["dependencies"],
        **PROJECT["optional-dependencies"],
    }.items()
}
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINS = {
    canonicalize_name(name): Version(version)
    for name, _, version in (line.partition("==") for line in LINES if not line.startswith("#"))
}
DIRECT = sorted(
    {(r.name, str(r.specifier)) for needs in EXTRAS.values() for r in needs if r.name != "epoque"}
)


@pytest.mark.parametrize(("name", "ranges"), DIRECT)
def test_a_floor_is_of_the_series_that_is_pinned(name: str, ranges: str) -> None:
    needed, pin = Requirement(f"{name}{ranges}"), PINS[canonicalize_name(name)]
    assert pin in needed.specifier
    (floor,) = [Version(s.version) for s in needed.specifier if s.operator == ">="]
    assert floor.major == pin.major
    assert floor.major or floor.minor == pin.minor  # before 1.0 each minor release may break


def test_a_package_has_one_range_wherever_it_is_asked_for() -> None:
    names = [name for name, _ in DIRECT]
    assert len(names) == len(set(names))


def test_constraints_are_plain_pins() -> None:
    """No index, no link, no local build: they hold on every machine that has these releases."""
    assert all("==" in line and not set("/@;+ ") & set(line) for line in LINES[1:])
    names = [line.partition("==")[0].lower() for line in LINES[1:]]
    assert names == sorted(names)
    assert len(PINS) == len(LINES) - 1


def test_all_is_every_extra_but_the_developers() -> None:
    (every,) = EXTRAS["all"]
    assert every.extras == set(EXTRAS) - {"", "all", "client", "dev", "docs"}
