"""The client makes of drawings what Python makes: vitest compares with the file held here."""

import json
from pathlib import Path

import pytest

from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.data.user_points import load_points

EXPECTED = Path(__file__).parents[3] / "web" / "tests" / "drawing.json"
DRAWINGS = (
    [[[0.5, 0.5], [0.51, 0.5]]],
    [
        [[0.3, 0.08], [0.3, 0.12]],
        [[0.44, 0.82]],
        [[0.1, 0.1], [0.1, 0.1], [0.13, 0.14], [0.12, 0.1]],
    ],
)


def sample(strokes: list[list[list[float]]]) -> list[list[float]]:
    """Return the points that real points are drawn from."""
    config = Gan2dConfig(data="drawing", drawing=json.dumps({"strokes": strokes}))
    user_points = load_points(config)
    assert user_points is not None
    return [[float(x), float(y)] for x, y in user_points.points]


@pytest.mark.parametrize("number", range(len(DRAWINGS)))
def test_the_client_expects_what_python_samples(number: int) -> None:
    expected = json.loads(EXPECTED.read_text())[number]
    assert expected["strokes"] == DRAWINGS[number]
    assert sample(DRAWINGS[number]) == [pytest.approx(point) for point in expected["points"]]
