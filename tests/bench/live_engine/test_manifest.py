"""engine.json, as Python reads it."""

import numpy as np
import pytest

from epoque.bench.live_engine.manifest import Slot, read_manifest
from epoque.gan2d.config import Gan2dConfig
from epoque.gan2d.training.engine import METRICS


def test_the_choices_are_those_of_the_settings() -> None:
    schema = Gan2dConfig.settings()
    for slot in read_manifest("gan2d").settings:
        assert slot.path in schema
        if slot.kind == "choice":
            values = [Gan2dConfig().get(slot.path), *slot.choices]
            assert set(values) == set(slot.choices)


def test_a_setting_that_trains_is_a_slot_or_a_rule() -> None:
    """What the engine neither takes nor refuses would be ignored in silence."""
    manifest = read_manifest("gan2d")
    known = {slot.path for slot in manifest.settings} | {str(r["path"]) for r in manifest.covers}
    elsewhere = {"image", "csv", "drawing", "fit", "changes"}  # points, and changes, are given
    paces = {"log_every", "evaluate_every", "snapshot_every", "checkpoint_every"}
    engines = {"engine"}
    assert set(Gan2dConfig.settings()) - known <= elsewhere | paces | engines


def test_settings_become_slots_in_order() -> None:
    config = Gan2dConfig(seed=7, data="moons").replace(
        **{"generator.layers": (3, 4), "lr_decay": "linear", "lr_decay_until": 9}
    )
    manifest = read_manifest("gan2d")
    slots = manifest.encode(config.flatten())
    assert slots.dtype == np.float64
    assert slots[0] == 7
    assert manifest.setting_at(0) == "seed"
    layers = next(i for i in range(len(slots)) if manifest.setting_at(i) == "generator.layers")
    assert slots[layers : layers + 7].tolist() == [2, 3, 4, 0, 0, 0, 0]
    assert np.isnan(slots).sum() == 1  # instance_noise_until
    with pytest.raises(IndexError):
        manifest.setting_at(len(slots))


def test_what_is_no_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="tuple"):
        Slot("loss", "choice", ("log",)).encode("hinge")
    with pytest.raises(ValueError, match="at most 2"):
        Slot("layers", "list", max=2).encode((1, 2, 3))


def test_metrics_have_the_names_of_the_python_engine() -> None:
    assert read_manifest("gan2d").metrics == METRICS


def test_a_lab_without_an_engine_is_unknown() -> None:
    with pytest.raises(KeyError):
        read_manifest("language")
