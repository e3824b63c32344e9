"""What an installed package brings is found by its name; what it lacks is said in a sentence."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from epoque.bench.errors import MissingExtraError, UnknownNameError, UsageError
from epoque.bench.figures.plot import color, figure_style
from epoque.bench.figures.styles import find_style, use_style
from epoque.bench.lab import lab_folder
from epoque.bench.plugins import find_entry_points, load_plugin, plugin_names
from epoque.bench.sinks.registry import make_sinks
from epoque.bench.sweeps.executor import make_executor

CODE = '''
from epoque.bench.figures.styles import HOUSE, FigureStyle

class InTurn:
    """Runs each job where it is submitted."""
    def __init__(self, workers): self.workers = workers

def paper_sink(run): return None

ROSY = FigureStyle({**HOUSE.colors, "light": {**HOUSE.colors["light"], "blue": "#aa0055"}})
BARE = FigureStyle({"light": {}, "dark": {}})
LAB = object()
'''
POINTS = """\
[epoque.executors]
in-turn = {module}:InTurn
[epoque.sinks]
paper = {module}:paper_sink
needy = {module}:paper_sink [cloud]
gone = {module}:no_such_sink
[epoque.figure_styles]
rosy = {module}:ROSY
bare = {module}:BARE
[epoque.labs]
{module} = {module}.inner:LAB
"""
Install = Callable[[str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str) -> Path:
        package, info = tmp_path / name, tmp_path / f"{name}-1.dist-info"
        for folder in (package, info):
            folder.mkdir()
        (package / "__init__.py").write_text(CODE)
        (package / "inner.py").write_text("raise ImportError('it is not asked to be imported')")
        extra = "Provides-Extra: cloud\nRequires-Dist: no-such-package; extra == 'cloud'\n"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{extra}")
        (info / "entry_points.txt").write_text(POINTS.format(module=name))
        find_entry_points.cache_clear()
        return package

    yield write
    for name in ("visitor", "guest"):
        sys.modules.pop(name, None)
    find_entry_points.cache_clear()
    find_style.cache_clear()


def test_an_executor_a_sink_and_a_style_of_a_package(install: Install) -> None:
    install("visitor")
    assert make_executor("in-turn", 3).workers == 3  # type: ignore[attr-defined]
    assert [sink.__name__ for sink in make_sinks(["paper"])] == ["paper_sink"]  # type: ignore[attr-defined]
    with use_style("rosy"), figure_style("light"):
        assert color("blue") == "#aa0055"
    with figure_style("light"):
        assert color("blue") != "#aa0055"


def test_the_folder_of_a_lab_is_known_without_importing_it(install: Install) -> None:
    package = install("visitor")
    assert str(lab_folder("visitor")) == str(package)


def test_what_is_not_there_is_said_with_the_nearest_names(install: Install) -> None:
    install("visitor")
    with pytest.raises(UnknownNameError, match=r"no executor 'in_turn'\. Did you mean in-turn\?"):
        make_executor("in_turn")
    with (
        pytest.raises(UnknownNameError, match=r"no figure style 'rosi'\. Did you mean rosy\?"),
        use_style("rosi"),
    ):
        pass
    assert {"console", "paper"} < set(plugin_names("epoque.sinks"))


def test_what_cannot_be_loaded_is_said_in_a_sentence(install: Install) -> None:
    install("visitor")
    with pytest.raises(UsageError, match="The sink 'gone' of the package visitor cannot be loaded"):
        make_sinks(["gone"])
    with pytest.raises(MissingExtraError, match=r"pip install 'visitor\[cloud\]'"):
        make_sinks(["needy"])
    with pytest.raises(UsageError, match="'bare' has no colour for blue, vermilion, "):
        find_style("bare")


def test_two_packages_of_one_name_are_both_named(install: Install) -> None:
    install("visitor")
    install("guest")
    with pytest.raises(UsageError, match="Two packages bring a sink 'paper': "):
        load_plugin("epoque.sinks", "sink", "paper")
