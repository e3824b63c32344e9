"""The command line called in this process: much faster than in one of its own."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from epoque.cli import main


class Done(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str | list[str]], Done]:
    """Call a command line, or its words, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("EPOQUE_RUNS", "EPOQUE_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(line: str | list[str]) -> Done:
        capsys.readouterr()
        words = shlex.split(line) if isinstance(line, str) else line
        try:
            main(words)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(call: Callable[[str], Done]) -> Callable[[str], str]:
    """Call a command line that is wrong: exit code 2, one sentence, nothing printed."""

    def run(words: str) -> str:
        done = call(words)
        assert (done.code, done.out) == (2, ""), (words, done)
        assert done.err.startswith("epoque: ")
        assert done.err.count("\n") == 1, done.err
        return done.err.removeprefix("epoque: ")

    return run
