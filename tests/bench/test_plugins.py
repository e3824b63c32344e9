"""What an installed package brings is found by its name; what it lacks is said in a sentence."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from epoque.bench.errors import MissingExtraError, UnknownNameError, UsageError
from epoque.bench.figures.plot import color, figure_style
from epoque.bench.figures.styles import find_style, use_style
from epoque.bench.lab import find_lab, lab_folder
from epoque.bench.plugins import find_entry_points, load_plugin, plugin_names
from epoque.bench.recipes import find_recipe, recipe_names
from epoque.bench.sinks.registry import make_sinks
from epoque.bench.sweeps.executor import make_executor
from epoque.bench.system.doctor import check_installation
from epoque.cli import main
from epoque.report.needs import chapter_names

CODE = '''
from epoque.bench.figures.styles import HOUSE, FigureStyle

class InTurn:
    """Runs each job in turn."""
    def __init__(self, workers, retries): self.workers, self.retries = workers, retries

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
{module}-class = {module}.labs:AClass
{module}-thing = {module}:LAB
{module}-other = {module}.labs:OTHER
name = {module}.labs:OTHER
"""
LABS = """
from epoque.bench.config import Config
from epoque.bench.lab import Lab

class AClass(Lab):
    name, title = "name", "A lab"
    config_class = Config
    def train(self, config, resume=None): yield from ()
    def evaluate(self, run, progress=None): return {}

OTHER = AClass()
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
        (package / "labs.py").write_text(LABS)
        (package / "chapter").mkdir()
        (package / "recipes").mkdir()
        (package / "recipes" / "fit.yaml").write_text("title: A fit")
        (package / "inner.py").write_text("raise ImportError('it is not asked to be imported')")
        extra = "Provides-Extra: cloud\nRequires-Dist: no-such-package; extra == 'cloud'\n"
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{extra}")
        (info / "entry_points.txt").write_text(POINTS.format(module=name))
        _forget()
        return package

    yield write
    for name in [n for n in sys.modules if n.split(".")[0] in ("visitor", "guest")]:
        sys.modules.pop(name)
    _forget()
    find_style.cache_clear()


def _forget() -> None:
    find_entry_points.cache_clear()
    recipe_names.cache_clear()


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


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("visitor", "'visitor' of the package visitor cannot be loaded: ImportError: it is not"),
        ("visitor-class", r"names the class AClass, .* `LAB = AClass\(\)`"),
        ("visitor-thing", "'visitor-thing' names no lab, but <object"),
        ("visitor-other", "'visitor-other' calls itself 'name'; the two names must be the same"),
    ],
)
def test_what_is_no_lab_of_that_name_is_refused(install: Install, name: str, message: str) -> None:
    install("visitor")
    with pytest.raises(UsageError, match=message):
        find_lab(name)


def test_a_broken_lab_disturbs_no_other(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    package = install("visitor")
    with pytest.raises(SystemExit) as end:
        main(["list"])
    assert end.value.code in (0, None)
    out = " ".join(capsys.readouterr().out.split())
    assert "neuron/and" in out
    assert "'visitor' of the package visitor cannot be loaded" in out
    checks = {check.name: check.state for check in check_installation()}
    assert (checks["lab visitor"], checks["lab neuron"]) == ("bad", "ok")
    assert {"visitor", "neuron"} < set(chapter_names())  # though it does not say what it reads
    with pytest.raises(UsageError, match="cannot be loaded"):
        find_recipe("visitor/other")
    (package / "__init__.py").write_text("1 / 0")
    sys.modules.pop("visitor")
    _forget()
    assert "neuron/and" in recipe_names()
    with pytest.raises(UsageError, match="cannot be loaded: ZeroDivisionError"):
        find_recipe("visitor/fit")


def test_a_lab_that_two_packages_bring_is_no_matter_to_the_others(
    install: Install, tmp_path: Path
) -> None:
    install("visitor")
    install("guest")
    points = tmp_path / "guest-1.dist-info" / "entry_points.txt"
    points.write_text("[epoque.labs]\nvisitor = guest:LAB\n")
    _forget()
    assert find_recipe("neuron/and").lab == "neuron"
    with pytest.raises(UsageError, match="Two packages bring a lab 'visitor'"):
        find_recipe("visitor/fit")


def test_the_help_of_a_lab_without_commands_says_how_to_run_it(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("visitor")
    with pytest.raises(SystemExit):
        main(["name", "--help"])
    out = capsys.readouterr().out
    for words in ("A lab\n", "Its recipes: name/fit.", "epoque run name/fit --help"):
        assert words in out
