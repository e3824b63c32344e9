"""What axe finds on a page."""

from pathlib import Path
from typing import Any

__all__ = ["check_axe"]

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"


def check_axe(page: Any) -> None:
    """Fail where a page breaks a rule of WCAG 2.2 AA, or a good practice."""
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: tags}).then((r) => r.violations.map((v) => "
        "`${v.id}: ${v.nodes.map((n) => n.target).slice(0, 3)}`))",
        tags,
    )
    assert found == []
