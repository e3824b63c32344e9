"""Settings that are long texts are shortened for trackers, and stay told apart."""

import json

from epoque.bench.limits import MAX_PARAMETER_CHARACTERS
from epoque.bench.sinks.parameters import shorten_parameters


def drawing(points: int) -> str:
    return json.dumps({"strokes": [[[0.1, 0.001 * i] for i in range(points)]]})


def test_a_drawing_fits_a_tracker() -> None:
    short, other = (shorten_parameters({"drawing": drawing(n)})["drawing"] for n in (400, 401))
    assert len(short) == len(other) == MAX_PARAMETER_CHARACTERS
    assert short.startswith('{"strokes"')
    assert "characters, sha256" in short
    assert short.endswith("whole in config.json)")
    assert short != other


def test_what_is_short_stays_what_it_is() -> None:
    config = {"rate": 0.7, "layers": [4, 2], "csv": None, "text": "x" * MAX_PARAMETER_CHARACTERS}
    assert shorten_parameters(config) == config
