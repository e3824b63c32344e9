"""Hostile templates end in one sentence, soon, and without much memory."""

import gc
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.errors import RunError, UsageError
from epoque.bench.progress import no_progress
from epoque.report import limited, write_report
from epoque.report.book import read_book
from epoque.report.limited import MemoryLimit, TimeLimit, run_in_child

LOOPS = "{% for a in big %}{% for b in big %}{% for c in big %}{% endfor %}{% endfor %}{% endfor %}"
BIG = "{% set big = ('x' * 2000)|list %}"

REFUSED = {
    "a text without end": ("{{ 'x' * 99999999999 }}", "line 1: .*too large"),
    "a list without end": ("{{ [1] * 99999999999 }}", "line 1: .*too large"),
    "a tower": ("{{ 9 ** (9 ** (9 ** 9)) }}", "line 1: .*too large"),
    "a product": ("{{ (10 ** 3000) * (10 ** 3000) }}", "line 1: .*too large"),
    "a width": ("{{ '%99999999999d' % 1 }}", "line 1: .*too large"),
    "padding": ("{{ 'x'.ljust(99999999999) }}", "line 1: .*may not"),
    "a format": ("{{ '{:>99999999999}'.format(1) }}", "line 1: .*memory"),
    "a macro that calls itself": (
        "{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", "nested too deeply"
    ),
    "braces": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deeply"),
    "brackets": ("{{ " + "[" * 5000 + "]" * 5000 + " }}", "nested too deeply"),
    "loops in the text": ("{% for a in [1] %}" * 40 + "{% endfor %}" * 40, "nested too deeply"),
    "conditions": ("{% if 1 %}" * 3000 + "{% endif %}" * 3000, "nested too deeply"),
    "sums": ("{{ 1" + " + 1" * 20000 + " }}", "nested too deeply"),
    "a long print": (
        "{% set t = 'x' * 1000000 %}{% for a in 'xxxxxxxxxx' %}{% raw %}x{% endraw %}{% endfor %}"
        + "y" * 4_000_001, "prints more than 4,000,000 characters"
    ),
    "columns": ("|a" * 5000 + "|\n" + "|-" * 5000 + "|\n", "5,000 columns; at most 200"),
    "a grid of columns": ("{{ grid(['a'] * 5000, []) }}", "line 1: a table has 5,000 columns"),
    "quotes": (">" * 5000 + " x", "nested more than 30 deep"),
    "lists": ("\n".join("  " * n + "- x" for n in range(500)), "nested more than 30 deep"),
    "braces in a formula": (f"${'{a' * 1000}{'}' * 1000}$", "nested 1,000 deep"),
    "fences in a formula": (f"${chr(92)}left({'' * 9}x$" * 3, "cannot be read"),
    "a long formula": (f"${'x' * 5000}$", "has 5,000 characters; at most 4,000"),
    "aliases": ("---\ntitle: &a [x, x]\nauthor: [*a, *a]\n---\n", "line 1: what stands between"),
    "a deep title": (f"---\ntitle: {'[' * 1500}\n---\n", "line 1: what stands between"),
    "a list as title": ("---\ntitle: [a, b]\n---\n", "line 1: what stands between"),
    "a class": ("{{ ''.__class__ }}", "may not"),
}  # fmt: skip


def template(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.md"
    path.write_text(text, encoding="utf-8")
    return path


def refuse(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read_book(tmp_path / "runs", "en", template=template(tmp_path, text))
    message = str(caught.value)
    assert message.startswith("mine.md")
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_template_is_refused(tmp_path: Path, name: str) -> None:
    import re

    text, told = REFUSED[name]
    assert re.search(told, refuse(tmp_path, text))


# The signal may fall into a callback, where Python drops it with a warning; it comes again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_loops_in_loops_run_out_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimeLimit.__init__, "__defaults__", (0.2,))
    assert "computes for more than 0.2 seconds" in refuse(tmp_path, BIG + LOOPS)
    many = "{{ grid(['a'], ([['*b*']] * 100000)) }}"
    assert "computes for more than 0.2 seconds" in refuse(tmp_path, many)


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


class Callback:
    """What Python drops when it raises."""

    def __del__(self) -> None:
        busy(0.3)


def compute_and_drop() -> None:
    Callback()
    busy(5)


def test_a_signal_that_is_lost_in_a_callback_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: None)
    with pytest.raises(UsageError, match="computes for more than"), TimeLimit(0.1).apply():
        compute_and_drop()


def test_an_ordinary_template_is_not_disturbed(tmp_path: Path) -> None:
    path = template(tmp_path, "\ufeff---\r\ntitle: T\r\n---\r\n\r\n{{ 2 ** 10 }} {{ 'a' * 3 }}\r\n")
    document = read_book(tmp_path / "runs", "en", template=path)
    assert document.title == "T"


def test_the_book_of_a_reader_is_made_by_a_child(tmp_path: Path) -> None:
    messages: list[str] = []
    path = template(tmp_path, "# One\n\n$y = x$ {{ number(0.25) }}\n")
    made = write_report(
        tmp_path / "runs",
        tmp_path / "out.html",
        template=path,
        progress=lambda _done, _total, what="": messages.append(what),
    )
    assert made == tmp_path / "out.html"
    assert "0.250" in made.read_text()
    assert messages[-1] == f"writing {made}"


def test_what_a_child_refuses_is_told_here(tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    with pytest.raises(UsageError, match=r"^mine\.md, line 2: There is no run 'neuron/nad'"):
        write_report(tmp_path, out, template=template(tmp_path, "a\n{{ run('neuron/nad') }}"))
    # Each text is within the limit of one, and all of them are kept. On a slow machine the time is
    # up before the memory is full.
    texts = "".join(f"{{% set a{n} = big ~ '{n}' %}}" for n in range(600))
    path = template(tmp_path, "{% set big = 'x' * 3000000 %}" + texts)
    with pytest.raises(UsageError, match=r"^mine\.md.*(too much memory|computes for more than)"):
        write_report(tmp_path, out, template=path)
    assert not out.exists()


def works(value: int, *, progress: Any) -> int:
    progress(1, 2, "at it")
    return value + 1


def fails(_value: int, *, progress: Any) -> int:
    raise RunError("a reason")


def dies(_value: int, *, progress: Any) -> int:
    os._exit(7)


def hangs(_value: int, *, progress: Any) -> int:
    time.sleep(600)
    return 0


def outlasts(_value: int, *, progress: Any) -> int:
    raise limited.OutOfTimeError  # as a signal does that comes while the first is on its way out


def test_a_child_gives_back_what_it_made() -> None:
    calls: list[object] = []
    assert run_in_child(works, 1, progress=lambda *call: calls.append(call), silence=60) == 2
    assert calls == [(1, 2, "at it")]


def test_a_child_that_fails_dies_or_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="a reason"):
        run_in_child(fails, 1, progress=no_progress, silence=60)
    with pytest.raises(UsageError, match=r"^it computes for more than 3 seconds"):
        run_in_child(outlasts, 1, progress=no_progress, silence=60)
    with pytest.raises(UsageError, match=r"was ended \(exit code 7\)"):
        run_in_child(dies, 1, progress=no_progress, silence=60)
    monkeypatch.setattr(limited, "HEARTBEAT", 600.0)
    with pytest.raises(UsageError, match=r"made no progress for 0\.3 seconds"):
        run_in_child(hangs, 1, progress=no_progress, silence=0.3)


def test_memory_is_limited_and_given_back() -> None:
    gc.collect()  # what other tests left must not be given back inside: it would make room
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = MemoryLimit(2**20)
    with limit.apply():
        kept = limit.exempt(bytearray)(2**28)
        with pytest.raises(MemoryError):
            bytearray(2**31)  # more than what other tests left can make room for, given back inside
    assert len(kept) == 2**28
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(2**28)) == 2**28


def test_the_clock_stands_still_in_functions_that_read_runs() -> None:
    def busy(seconds: float) -> None:
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    budget = TimeLimit(0.15)
    with budget.apply():
        budget.exempt(busy)(0.4)
    with pytest.raises(UsageError, match="computes for more than"), budget.apply():
        busy(5)
