"""The documentation tells every limit, with its value and a reason."""

from pathlib import Path

import pytest

from epoque.bench import limits

ROWS = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", limits.__all__)
def test_a_limit_is_documented(name: str) -> None:
    rows = [row.split("|") for row in ROWS if row.startswith(f"| `{name}`")]
    assert len(rows) == 1, f"docs/limits.md needs one row that begins with | `{name}`"
    _, _, value, reason, _ = rows[0]
    assert value.strip() == f"{getattr(limits, name):,}"
    assert len(reason.strip()) > 20


def test_every_documented_limit_is_there() -> None:
    told = [row.split("`")[1] for row in ROWS if row.startswith("| `")]
    assert sorted(told) == sorted(limits.__all__) == sorted(n for n in dir(limits) if n.isupper())
