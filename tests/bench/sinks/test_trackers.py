"""What sinks for experiment trackers share."""

import math
import sys

import pytest

from epoque.bench.errors import RunError
from epoque.bench.sinks.trackers import drop_nan, start_tracker


def test_what_was_not_measured_is_left_out() -> None:
    assert drop_nan({"loss": 0.5, "accuracy": math.nan}) == {"loss": 0.5}


def test_what_hinders_a_tracker_is_one_sentence_and_its_notices_are_no_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def start() -> None:
        with start_tracker("clearml"):
            sys.stdout.write("a notice\n")
            raise OSError("no route")

    with pytest.raises(RunError, match=r"^clearml cannot start: no route\.$"):
        start()
    assert capsys.readouterr() == ("", "a notice\n")
