"""What a demo took adds up over its beginnings, and is unknown where a part of it is."""

from pathlib import Path

import pytest

from epoque.report.demo_log import DemoLog, Effort


def test_it_is_kept_and_adds_up(tmp_path: Path) -> None:
    DemoLog().following("demo", "a", Effort(2.0, 10.0)).write(tmp_path)
    DemoLog.read(tmp_path).following("full", "a", Effort(3.0, 5.0)).write(tmp_path)
    DemoLog.read(tmp_path).following("full", "b", Effort(1.0, 1.0)).write(tmp_path)
    log = DemoLog.read(tmp_path)
    assert log.profile == "full"
    assert log.efforts["a"] == Effort(5.0, 15.0)
    assert log.total == Effort(6.0, 16.0)


def test_energy_that_nobody_counted_once_is_unknown(tmp_path: Path) -> None:
    log = DemoLog().following("demo", "a", Effort(2.0, 10.0))
    assert log.following("demo", "b", Effort(2.0)).total == Effort(4.0, None)
    assert log.following("demo", "a", Effort(2.0)).efforts["a"] == Effort(4.0, None)
    assert DemoLog().total == Effort(0.0, None)


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"profile": 1, "efforts": {"a": {}}}'])
def test_what_is_missing_or_damaged_is_nothing(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "demo.json").write_text(content)
    assert DemoLog.read(tmp_path) == DemoLog()
