"""Commands that are built from actions."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from cyclopts import App

from epoque.bench.action_commands import add_action
from epoque.bench.actions import FilePath, Options, action, option
from epoque.bench.errors import ConfigError, DataError, Problem, UsageError
from epoque.bench.progress import Notify, Progress, no_progress


class PaintOptions(Options):
    """Of `paint_it`."""

    files: tuple[FilePath, ...] = option(..., "What to paint.", positional=True)
    size: int = option(3, "How large, beside `color`.", ge=1, le=9)
    color: Literal["red", "blue"] = option("red", "Which.")
    tag: tuple[str, ...] = option((), "Repeatable.")
    draw: bool = option(True, "Draw it.", negative="--no-draw")
    label: str | None = option(None, "A class.", flag="--class")


@action
def paint_it(options: PaintOptions, progress: Progress, notify: Notify) -> PaintOptions:
    """Paint files in a color.

    The `color` decides, as `size 3` does.

    Returns:
        All of it.
    """
    progress(1, 1, "painting")
    notify("painted")
    if options.label == "none":
        raise ConfigError([Problem("label", "none is taken; see `size`.")])
    return options


def run(*words: str, **kwargs: Any) -> Any:
    app = App()
    shown: list[Any] = []
    add_action(app, paint_it, shown.append, **kwargs)
    app(["paint-it", *words], result_action="return_value", exit_on_error=False)
    return shown[-1] if shown else None


def test_options_come_from_the_command_line_as_from_python(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = run("a", "b", "--size", "4", "--color", "blue", "--tag", "x", "--tag", "y",
                "--no-draw", "--class", "-1")  # fmt: skip
    assert given == PaintOptions.parse(
        {"files": ("a", "b"), "size": 4, "color": "blue", "tag": ("x", "y"), "draw": False,
         "label": "-1"}
    )  # fmt: skip
    assert run("a").files == (Path("a"),)
    assert capsys.readouterr().err == "painted\npainted\n"


def test_every_mistake_is_told_at_once_as_it_was_typed() -> None:
    with pytest.raises(UsageError) as caught:
        run("s3://a/b", "--size", "1_0", "--color", "green")
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["FILES", "--size", "--color"]
    assert "--size: 1_0 is not allowed" in lines[1]
    with pytest.raises(UsageError, match=r"^--class: none is taken; see --size\.$"):
        run("a", "--class", "none")


def test_help_shows_bounds_defaults_and_options_as_they_are_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = App(help_format="plaintext")
    add_action(app, paint_it, print, examples=("paint-it a",))
    app(["paint-it", "--help"], result_action="return_value")
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "The `--color` decides, as `--size 3` does." in text
    assert "How large, beside `--color`. Takes a whole number at least 1 and at most 9." in text
    assert "[default: 3]" in text
    assert "Example: `paint-it a`." in text
    assert "Returns" not in text


def test_json_quiet_and_errors_after_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    def error_of(given: PaintOptions) -> DataError | None:
        return DataError("too large") if given.size > 5 else None

    def to_json(given: PaintOptions) -> dict[str, int]:
        return {"size": given.size}

    run("a", "--json", to_json=to_json, bar=("painting", "files"))
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"size": 3}
    assert printed.err == ""
    run("a", "--quiet", bar=("painting", "files"))
    assert capsys.readouterr().err == ""
    with pytest.raises(DataError, match="too large"):
        run("a", "--size", "6", "--json", to_json=to_json, error_of=error_of)
    assert json.loads(capsys.readouterr().out) == {"size": 6}


def test_a_command_may_do_the_work_in_its_own_way() -> None:
    calls: list[bool] = []

    def call(options: PaintOptions, progress: Progress, notify: Notify) -> PaintOptions | None:
        calls.append(progress is no_progress)
        return None if options.size == 1 else options

    assert run("a", "--size", "1", call=call, bar=("painting", "files")) is None
    assert run("a", "--quiet", call=call, bar=("painting", "files")).size == 3
    assert calls == [False, True]
