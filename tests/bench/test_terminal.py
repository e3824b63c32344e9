"""What commands show on the way."""

import io

import pytest

from epoque.bench.terminal import preparation_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(
    stream: io.StringIO, told: list[tuple[int, int | None, str]], *, quiet: bool = False
) -> str:
    """Return what is written to standard error while something is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", "100")
        with preparation_bar(quiet=quiet) as progress:
            for done, total, what in told:
                progress(done, total, what)
    return stream.getvalue()


def test_what_is_made_is_shown_from_when_it_is_told() -> None:
    assert "━" not in shown(Terminal(), [])
    half = shown(Terminal(), [(1, 4, "The [training] text"), (2, 4, "The [training] text")])
    assert "The [training] text" in half
    assert " 50%" in half
    assert "Putting" not in half
    last = shown(Terminal(), [(2, 4, "The [training] text"), (0, None, "Putting together")])
    assert "Putting together" in last
    assert "%" not in last.rpartition("Putting together")[2]


def test_nothing_is_shown_if_asked_or_where_nobody_looks() -> None:
    assert shown(Terminal(), [(1, 2, "Encoding")], quiet=True) == ""
    assert shown(io.StringIO(), [(1, 2, "Encoding")]) == ""
