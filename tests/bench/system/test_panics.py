"""Panics of libraries written in Rust are one sentence, and what they print is not seen."""

import os

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from epoque.bench.errors import DataError
from epoque.bench.system.panics import explain_panics, is_panic
from epoque.cli import main


def backtracking() -> Tokenizer:
    """Return a tokenizer whose pattern does not end on a row of x."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"(x+x+)+y"), "isolated")
    return made


def test_a_panic_is_one_sentence_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    made = backtracking()
    with pytest.raises(DataError) as caught, explain_panics("The tokenizer mine"):
        made.encode_batch(["x" * 40])
    told = "The tokenizer mine failed inside a library: Onig: Regex search error: retry-limit"
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_what_is_written_meanwhile_is_seen_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    with explain_panics("Nothing"):
        os.write(2, b"one\n")
        os.write(2, b"two\n")
        with explain_panics("Nothing inside"):
            os.write(2, b"three\n")
        assert capfd.readouterr().err == ""
    os.write(2, b"four\n")
    assert capfd.readouterr().err.split() == ["one", "two", "three", "four"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_other_exceptions_pass(
    error: type[BaseException], capfd: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        os.write(2, b"said\n")
        raise error

    with pytest.raises(error), explain_panics("Nothing"):
        work()
    assert capfd.readouterr().err == "said\n"
    assert not is_panic(error())


def test_a_panic_nobody_thought_of_ends_a_command_in_a_sentence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.cli.build_app", lambda _: lambda _: backtracking().encode("x" * 40))
    with pytest.raises(SystemExit) as ended:
        main(["list"])
    assert ended.value.code == 1
    assert "epoque: The command failed inside a library: Onig" in capfd.readouterr().err
