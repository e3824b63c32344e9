"""Whatever is asked, no answer is an error of the server's: requests made of its own OpenAPI.

Here 600 in all; `EPOQUE_TEST_REQUESTS=5000` sends the full number.
"""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from epoque.studio.app import create_app
from epoque.studio.security import Access
from epoque.studio.state import StudioOptions

REQUESTS = int(os.environ.get("EPOQUE_TEST_REQUESTS", "600"))


@pytest.mark.slow
def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    access = Access("127.0.0.1", 8787, None, frozenset({"testserver"}))  # as its client calls it
    app = create_app(StudioOptions(tmp_path / "runs"), access)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 15, "routes are missing"
    counts: dict[str, int] = {}
    for operation in operations:
        _ask(operation, -(-REQUESTS // (len(operations) - 4)), counts)  # some have but one
    assert sum(counts.values()) >= REQUESTS, counts


def _ask(operation: Any, examples: int, counts: dict[str, int]) -> None:
    """Send so many requests of one operation."""
    name = f"{operation.method} {operation.path}"

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what requests are made with
            answer = case.call()
        counts[name] = counts.get(name, 0) + 1
        assert answer.status_code < 500, (name, answer.status_code, answer.text[:500])
        if answer.status_code >= 400:
            assert set(answer.json()) == {"detail", "problems"}, (name, answer.text[:200])

    ask()
