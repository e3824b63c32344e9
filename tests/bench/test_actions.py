"""Actions: functions of options, declared once."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from epoque.bench.actions import (
    FilePath,
    IntegerList,
    Options,
    RunReference,
    action,
    announce_run,
    check_place,
    option,
)
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.files.output_paths import check_file
from epoque.bench.progress import Notify, Progress


class DrawOptions(Options):
    """Of `draw`."""

    run: RunReference = option("last", "A run.", positional=True)
    layers: tuple[str, ...] = option((), "Layers.", positional=True)
    width: int = option(500, "In pixels.", ge=200, le=2000)
    seeds: IntegerList = option("0", "Seeds.")
    channels: Literal[1, 3] = option(3, "Grey or colour.")
    device: str = option("auto", "Where.")
    out: FilePath | None = option(None, "Where to.")
    label: str | None = option(None, "A class, with `width`.", flag="--class")

    def conflicts(self) -> Iterator[Problem]:
        """Yield what has no effect."""
        if self.width == 500:
            yield from self.find_ignored(("label",), "it is of another `width`")


@action
def draw(options: DrawOptions, progress: Progress, notify: Notify) -> DrawOptions:
    """Draw a picture.

    As wide as `width` says.

    Returns:
        What was drawn.
    """
    progress(1, 2, "drawing")
    notify("drawn")
    return options


class HeldRun:
    path = Path("runs/held")


def test_options_are_given_by_name_by_place_or_as_objects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert draw() == DrawOptions()
    given = draw("ring", "d", "real", width="800", seeds=range(3), out="a/b")
    assert (given.run, given.layers, given.width) == ("ring", ("d", "real"), 800)
    assert (given.seeds, given.out) == ("0,1,2", Path("a/b"))
    assert draw(run=HeldRun(), layers="d", seeds=7).run == "runs/held"
    assert draw(layers="d").layers == ("d",)
    assert draw(channels="1").channels == draw(channels=1).channels == 1
    assert capsys.readouterr() == ("", "")


def test_progress_and_notes_go_where_they_are_asked_to() -> None:
    told: list[object] = []
    draw(progress=lambda done, total, what="": told.append((done, total, what)),
         notify=told.append)  # fmt: skip
    assert told == [(1, 2, "drawing"), "drawn"]


def test_every_mistake_is_told_at_once_by_its_python_name() -> None:
    with pytest.raises(ConfigError) as caught:
        draw(width=100, channels=2, seedz=1, out="s3://a/b")
    assert {problem.field for problem in caught.value.problems} == {
        "seedz",
        "width",
        "channels",
        "out",
    }
    lines = str(caught.value).splitlines()
    bounds = "it takes a whole number at least 200 and at most 2,000."
    assert f"width: 100 is not allowed; {bounds}" in lines
    assert "seedz: no such setting. Did you mean seeds?" in lines
    with pytest.raises(ConfigError, match="label: it would be ignored; it is of another `width`"):
        draw(label="cat")
    assert draw(label="cat", width=300).label == "cat"


def test_what_python_itself_would_refuse_is_a_type_error() -> None:
    class Needs(Options):
        to: FilePath = option(..., "Where to.", positional=True)
        kind: str = option(..., "Of what.")

    @action
    def write(options: Needs) -> Needs:
        """Write."""
        return options

    with pytest.raises(TypeError, match=r"write\(\) misses 'to' and 'kind'"):
        write()
    with pytest.raises(TypeError, match=r"takes 1 positional arguments, 2 are given"):
        write("a", "b")
    with pytest.raises(TypeError, match="two values for 'to'"):
        write("a", to="b", kind="c")
    assert write("a", kind="b").to == Path("a")


def test_the_signature_and_the_help_are_those_of_the_options() -> None:
    signature = inspect.signature(draw)
    assert list(signature.parameters) == [
        "run", "layers", "width", "seeds", "channels", "out", "label", "device", "progress",
        "notify",
    ]  # fmt: skip
    assert signature.parameters["width"].default == 500
    assert signature.parameters["width"].kind is inspect.Parameter.KEYWORD_ONLY
    assert signature.parameters["out"].annotation == Path | None
    assert signature.return_annotation is DrawOptions
    text = inspect.getdoc(draw) or ""
    assert "    width: In pixels.\n" in text
    assert text.index("Draw a picture.") < text.index("Args:") < text.index("Returns:")


def test_a_run_is_announced_unless_it_was_named_whole() -> None:
    told: list[str] = []
    for name in ("last", "20261122-ring", "runs/20261122-ring", "."):
        announce_run(name, "20261122-ring", told.append)
    assert told == ["last is 20261122-ring."]


def test_a_place_that_cannot_be_written_is_told_by_the_option_s_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"^out: .*cannot be written") as caught:
        check_place(check_file, "out", tmp_path / "file" / "a.png")
    assert caught.value.problems[0].field == "out"
