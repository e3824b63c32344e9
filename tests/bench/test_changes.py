"""Changes of settings during a run: their text, their order, what may change."""

import pytest
from line_lab import LineConfig

from epoque.bench.changes import (
    CHANGES,
    Change,
    Timeline,
    change_settings,
    read_changes,
    write_changes,
)
from epoque.bench.errors import ConfigError
from epoque.bench.events import Artifact, Checkpoint
from epoque.neuron.config import NeuronConfig


def test_a_text_is_read_in_the_order_of_its_steps_and_written_as_it_is_read() -> None:
    text = "800:loss=hinge;500:d-steps = 5, rate=0.1;500:rate=0.2"
    changes = read_changes(text)
    assert [change.step for change in changes] == [500, 500, 800]
    assert dict(changes[0].values) == {"d_steps": "5", "rate": "0.1"}
    assert read_changes(write_changes(changes)) == changes
    assert read_changes(" ; ") == []


@pytest.mark.parametrize("text", ["x", "5", "5:", "5:loss", "-1:loss=hinge", "1.5:a=b", "5;6:a=b"])
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no change; write for instance 500:loss=hinge"):
        read_changes(text)


def test_values_of_parts_are_named_by_their_paths_and_keep_their_digits() -> None:
    change = Change.of(7, {"generator": {"optimizer": {"learning_rate": 0.1 + 0.2}}, "until": None})
    assert str(change) == "7:generator.optimizer.learning_rate=0.30000000000000004,until=none"


def test_only_live_settings_change_and_all_that_may_not_are_told() -> None:
    config = LineConfig()
    assert change_settings(config, {"learning_rate": "0.5"}) == config.replace(learning_rate=0.5)
    with pytest.raises(ConfigError) as refused:
        change_settings(config, {"centred": False, "learning_rate": 0.1, "layers": (3,)})
    assert [problem.field for problem in refused.value.problems] == ["centred", "layers"]
    with pytest.raises(ConfigError, match="no such setting"):
        change_settings(config, {"learning_rat": 0.1})


def test_a_timeline_hands_out_what_is_planned_and_a_checkpoint_what_was_made() -> None:
    timeline = Timeline("5:a=1;5:b=2;9:a=3")
    assert (timeline.next_step(0), timeline.take_due(4)) == (5, [])
    timeline.applied += timeline.take_due(5)
    assert (str(timeline), timeline.next_step(5)) == ("5:a=1;5:b=2", 9)
    assert timeline.make_artifact() == Artifact(CHANGES, b"5:a=1;5:b=2\n")
    again = Timeline("5:a=1;5:b=2;9:a=3", Checkpoint(6, {}, {"changes": str(timeline)}))
    assert str(again) == str(timeline)
    assert again.next_step(6) == 9
    assert Timeline("", None).next_step(0) is None


def test_changes_of_a_config_are_checked_when_it_is_made() -> None:
    config = NeuronConfig(iterations=20, changes="5:learning_rate=0.1;9:rule=step")
    assert [now.rule for _, now in config.timeline()] == ["delta", "step"]
    wrong = {
        "5:learning_rate=-1": "changes: learning_rate: -1",
        "5:samples=10": "cannot change during a run",
        "20:rule=step": "would come after the last iteration",
    }
    for text, message in wrong.items():
        with pytest.raises(ConfigError, match=message):
            config.replace(changes=text)
