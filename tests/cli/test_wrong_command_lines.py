"""Wrong values are generated from what every option declares, and tried on every command.

Each must end with exit code 2 and a sentence that names the option as typed and the value, quickly,
and leave nothing behind.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from cyclopts import App

from epoque.bench.config import Config
from epoque.bench.lab import find_lab, lab_names
from epoque.cli import build_app

RECIPES = ("neuron/and", "gan2d/ring", "language/tiny-clm", "stylegan3/tiny")
SECONDS = 2.0
"""Of this process's CPU, for one command line; imports are not counted."""
GIVEN = {
    "RUN": "last",
    "NAME": "a/b",
    "TRUTH-TABLE": "xor",
    "LAB": "neuron",
    "RECIPE": "neuron/and",
}
"""What stands for the arguments that a command cannot do without; else a word."""
NEEDED = {
    "gan2d retrain": "--from 1",
    "runs export": "--to a.zip",
    "stylegan3 mix": "--rows 1 --columns 2",
    "stylegan3 generate": "--seeds 1",
    "stylegan3 film": "--seeds 1,2",
    "stylegan3 layers": "--layer input",
    "stylegan3 export": "--to a.onnx",
}
"""Options that a command cannot do without, beside the one that is wrong."""
MISSING_FIRST = {"language save", "language push"}


def leaves(app: App, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    """Yield the commands that do something, with the words that call them."""
    for name in app:
        if name.startswith("-") or name == "--install-completion":
            continue
        sub = app[name]
        if sub.default_command is not None:
            yield (*above, name), sub
        yield from leaves(sub, (*above, name))


@cache
def commands() -> dict[str, App]:
    """Return every command of the whole application by its words."""
    found: dict[str, App] = {}
    for argv in ([], *([name] for name in lab_names())):
        found |= {" ".join(words): app for words, app in leaves(build_app(argv))}
    return found


def kinds(hint: Any) -> set[Any]:
    if get_origin(hint) is Literal or not get_args(hint):
        return {hint}
    return set(itertools.chain.from_iterable(map(kinds, get_args(hint))))


def wrong_texts(hint: Any) -> list[str]:
    """Return texts that no value of a hint is."""
    of = kinds(hint)
    if Path in of:
        return ["s3://lab/a", ""]
    if float in of:
        return ["x", "nan", "1_000", ""]
    if int in of:
        return ["1.5", "1_000", ""]
    if bool in of:
        return ["maybe"]
    if any(get_origin(kind) is Literal for kind in of):
        return ["nonsense"]
    return []


def base(words: str, app: App) -> list[str]:
    """Return a command line without what is wrong."""
    line = words.split()
    for argument in app.assemble_argument_collection():
        if argument.required and not argument.name.startswith("--"):
            line.append(GIVEN.get(argument.name.upper(), "word"))
    return [*line, *NEEDED.get(words, "").split()]


def wrong_lines() -> Iterator[tuple[list[str], str, str]]:
    """Yield a command line, the option as typed, and the wrong value."""
    for words, app in commands().items():
        if words.endswith(" train"):
            continue  # its settings are those of `run`
        yield [*base(words, app), "--nonsense", "1"], "--nonsense", ""
        for argument in app.assemble_argument_collection():
            if argument.name.startswith("--"):
                for text in wrong_texts(argument.hint):
                    line = base(words, app)
                    if argument.name in line:
                        place = line.index(argument.name)
                        del line[place : place + 2]
                    yield [*line, f"{argument.name}={text}"], argument.name, text


def ids(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.fixture(scope="module")
def answers() -> dict[str, float]:
    """How long the slowest command lines took."""
    return {}


@pytest.fixture
def wrong(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Call a wrong command line; return what is not as it should be."""
    import shlex

    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def run(line: list[str], name: str, value: str) -> list[str]:
        before = time.process_time()
        try:
            done = call(line)  # as words: splitting a million letters takes ten seconds
        except Exception as error:  # a traceback for the user
            return [f"{shlex.join(line)}: {type(error).__name__}: {error}"]
        took = time.process_time() - before
        if took > SECONDS:  # it was the first to import a library, or memory was cleared up
            before = time.process_time()
            call(line)
            took = time.process_time() - before
        shown = value if len(value) <= 60 else value[:60]
        wanted = {
            f"exit code {done.code}": done.code == 2,
            f"printed {done.out[:80]!r}": done.out == "",
            f"said {done.err[:300]!r}": done.err != ""
            and all(line.startswith("epoque: ") for line in done.err.splitlines())
            and name in done.err
            and shown in done.err,
            f"left {sorted(ids(tmp_path))[:5]}": ids(tmp_path) <= {"file"},
            f"took {took:.1f} s": took < SECONDS,
        }
        return [f"{shlex.join(line)}: {what}" for what, right in wanted.items() if not right]

    return run


def test_every_command_is_found() -> None:
    names = set(commands())
    assert {"run", "resume", "runs delete", "demo", "report", "neuron animate"} <= names
    assert {"stylegan3 dataset make", "language generate", "gan2d film"} <= names
    assert len(names) > 35


@pytest.mark.parametrize("door", ["bench", *lab_names()])
def test_wrong_values_of_options(door: str, wrong: Callable[..., list[str]]) -> None:
    lines = [
        one for one in wrong_lines() if (one[0][0] if one[0][0] in lab_names() else "bench") == door
    ]
    wrong(*lines[0])  # imports
    faults = [fault for line in lines for fault in wrong(*line)]
    assert not faults, f"{len(faults)} of {len(lines)}:\n" + "\n".join(faults[:60])


def wrong_settings(config: type[Config]) -> Iterator[tuple[str, str]]:
    """Yield a setting and a text that it does not take, from its type and bounds."""
    for name, field in config.model_fields.items():
        of = kinds(field.annotation)
        bounds = {
            k: getattr(m, k)
            for m in field.metadata
            for k in ("gt", "ge", "lt", "le", "max_length")
            if hasattr(m, k)
        }
        texts: list[str] = []
        if get_origin(field.annotation) is tuple:
            texts = ["s3://a,b"] if str in of else ["x,1", "1.5,nan", "1,,2"]
        elif float in of:
            texts = ["nan", "1e999"]
        elif bool in of:
            texts = ["maybe"]
        elif int in of:
            texts = ["1.5", "9" * 5000]
        elif any(get_origin(kind) is Literal for kind in of):
            texts = ["nonsense"]
        if int in of or float in of:
            texts += [str(bounds[k] - 1) for k in ("ge", "gt") if k in bounds]
            texts += [str(bounds[k] + 1) for k in ("le", "lt") if k in bounds]
        if "max_length" in bounds and str in of and get_origin(field.annotation) is not tuple:
            texts.append("x" * (bounds["max_length"] + 1))
        yield from ((name, text) for text in texts)


@pytest.mark.parametrize("recipe", RECIPES)
def test_wrong_values_of_settings(recipe: str, wrong: Callable[..., list[str]]) -> None:
    config = find_lab(recipe.split("/", maxsplit=1)[0]).config_class
    lines = [
        (["run", recipe, f"--{name.replace('_', '-')}={text}"], f"--{name.replace('_', '-')}", text)
        for name, text in wrong_settings(config)
    ]
    assert len(lines) > 50
    faults = [fault for line in lines for fault in wrong(*line)]
    assert not faults, f"{len(faults)} of {len(lines)}:\n" + "\n".join(faults[:60])


OUTPUTS = ("--out", "--to", "--grid", "--styles", "--state", "--dry-run")
"""Options that say where something is written."""


def impossible(words: str, app: App) -> Iterator[tuple[str, str]]:
    """Yield an option and a value of its type that cannot be meant."""
    for argument in app.assemble_argument_collection():
        of = kinds(argument.hint)
        if not argument.name.startswith("--"):
            continue
        if int in of:  # all whole numbers are counts, sizes and seeds
            yield argument.name, "-999999999999"
        if argument.name in OUTPUTS:
            yield argument.name, "file/there.png"
        if argument.name in ("--lang", "--format"):
            yield argument.name, "nonsense"


@pytest.mark.parametrize("door", ["bench", *lab_names()])
def test_values_that_cannot_be_meant(
    door: str, wrong: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way of a folder of that name")
    lines = []
    for words, app in commands().items():
        if (
            words.endswith(" train")
            or (words.split()[0] if words.split()[0] in lab_names() else "bench") != door
        ):
            continue
        for name, text in impossible(words, app):
            line = base(words, app)
            if name in line:
                place = line.index(name)
                del line[place : place + 2]
            lines.append(([*line, f"{name}={text}"], name, text))
    wrong(*lines[0])  # imports
    faults = [fault for line in lines for fault in wrong(*line)]
    assert not faults, f"{len(faults)} of {len(lines)}:\n" + "\n".join(faults[:200])


def test_a_name_that_no_file_can_have_is_one_sentence(refused: Callable[[str], str]) -> None:
    long = "x" * 300
    for line in (f"language compare {long} b", f"run neuron/and --runs {long}"):
        assert "too long" in refused(line), line


def test_bytes_that_are_no_text_are_one_sentence(refused: Callable[[str], str]) -> None:
    assert "it is not UTF-8 text" in refused("stylegan3 generate --seeds \udcff")
