"""When a setting has an effect: declared once, refused by the bench, told to a form."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from epoque.bench.config import Config, Settings, other_than, setting, sub_config
from epoque.bench.errors import AxesError, ConfigError, UsageError
from epoque.bench.files.path_list import IS_PATHS, LocalPath, PathOrHttps
from epoque.bench.lab import find_lab, lab_names
from epoque.bench.setting_types import number_kind
from epoque.bench.sweeps.grid import parse_axes


class OptimizerConfig(Settings):
    name: Literal["sgd", "adam"] = setting("sgd", "Optimiser", "How to step.", live=True)
    beta: float = setting(0.9, "Beta", "Memory.", ge=0, lt=1, only={"name": ("adam",)}, live=True)


class EffectConfig(Config):
    loss: Literal["log", "hinge"] = setting("log", "Loss", "Which.", group="Training", live=True)
    smoothing: float = setting(
        0.0, "Smoothing", "How much.", ge=0, le=1, only={"loss": ("log",)}, step=0.1
    )
    form: Literal["one", "two"] = setting(
        "one", "Form", "Of smoothing.", only={"smoothing": other_than(0), "loss": ("log",)}
    )
    measures: tuple[Literal["fid", "kid", "swd"], ...] = setting((), "Measures", "Taken.")
    images: int = setting(
        9, "Images", "How many.", ge=1, scale="log", only={"measures": other_than(())}
    )
    weights: str | None = setting(
        None, "Weights", "A file.", only={"measures": ("fid", "kid")}, file=("pkl",)
    )
    size: int = setting(4, "Size", "Of new weights.", ge=1, only={"weights": (None,)})
    network: OptimizerConfig = sub_config(
        OptimizerConfig(beta=0.5), "Optimiser", "Of it.", group="Generator"
    )
    later: str = setting("", "Later", "A loss that comes later, or none.")

    def moments(self) -> Iterator["EffectConfig"]:
        yield self
        if self.later:
            yield self.change({"loss": self.later, "later": ""})


def problems(**values: Any) -> list[tuple[str, str, bool]]:
    with pytest.raises(ConfigError) as caught:
        EffectConfig.parse(values)
    return [(p.field, p.message, p.ignored) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        (
            {"loss": "hinge", "smoothing": "0.1"},
            "smoothing",
            "0.1 would be ignored with loss hinge; it goes with loss log.",
        ),
        ({"form": "two"}, "form", "two would be ignored with smoothing 0.0; it goes with another."),
        ({"images": 3}, "images", "3 would be ignored without measures."),
        (
            {"measures": "swd", "weights": "a.pkl"},
            "weights",
            "a.pkl would be ignored with measures swd; it goes with measures fid or kid.",
        ),
        (
            {"measures": "swd,kid", "weights": "a.pkl", "size": 5},
            "size",
            "5 would be ignored with weights a.pkl; it goes with weights none.",
        ),
        (
            {"network.beta": 0.9},
            "network.beta",
            "0.9 would be ignored with network.name sgd; it goes with network.name adam.",
        ),
    ],
)
def test_a_value_without_effect_is_refused(values: Any, field: str, message: str) -> None:
    assert problems(**values) == [(field, message, True)]


def test_a_value_with_an_effect_is_taken() -> None:
    config = EffectConfig.parse({"measures": "swd,kid", "weights": "a.pkl", "images": 3})
    assert (config.images, config.weights) == (3, "a.pkl")
    assert EffectConfig.parse({"network": {"name": "adam", "beta": 0.9}}).network.beta == 0.9
    assert EffectConfig(smoothing=0.1, form="two").form == "two"
    assert EffectConfig.parse({"network.beta": 0.5}) == EffectConfig()  # as it is there by default


def test_an_effect_at_a_later_moment_is_one() -> None:
    assert EffectConfig(loss="hinge", smoothing=0.1, later="log").smoothing == 0.1
    assert problems(loss="hinge", smoothing=0.1, later="hinge")[0][0] == "smoothing"


def test_what_is_idle_for_a_while_stays_through_a_change() -> None:
    config = EffectConfig(smoothing=0.1).change({"loss": "hinge"})
    assert (config.loss, config.smoothing) == ("hinge", 0.1)
    assert config.change({"loss": "log"}) == EffectConfig(smoothing=0.1)
    assert EffectConfig(smoothing=0.1).replace(loss="hinge").smoothing == 0.0


def test_a_record_is_read_with_settings_without_effect() -> None:
    values = {**EffectConfig().model_dump(mode="json"), "loss": "hinge", "smoothing": 0.1}
    assert EffectConfig.from_record(values).smoothing == 0.1
    with pytest.raises(ConfigError, match=r"smoothing: 2\.0 is not allowed"):
        EffectConfig.from_record({**values, "smoothing": 2.0})


def test_an_axis_may_be_idle_at_some_points_and_not_at_all() -> None:
    axes = parse_axes(EffectConfig(), ["loss=log,hinge", "smoothing=0,0.1"])
    assert len(axes) == 2
    point = EffectConfig().at_point({"loss": "hinge", "smoothing": 0.1})
    assert (point.loss, point.smoothing) == ("hinge", 0.1)
    with pytest.raises(AxesError) as caught:
        parse_axes(EffectConfig(loss="hinge"), ["smoothing=0,0.1", "seed=0:2"])
    assert str(caught.value) == (
        "smoothing: 0.1 would be ignored with loss hinge; it goes with loss log "
        "(at smoothing=0.1, seed=0)."
    )


def test_a_sweep_gives_up_what_a_point_leaves_idle() -> None:
    assert EffectConfig(smoothing=0.1).at_point({"loss": "hinge"}).smoothing == 0.0


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ({"lss": ("log",)}, r"'odd' of Odd has an effect only with 'lss', no setting\. Did you me"),
        ({"loss": ("hing",)}, "with loss 'hing', which takes one of log, hinge"),
        ({"loss": (None,)}, "with loss None"),
        ({"measures": ("is",)}, "with measures 'is'"),
        ({"network": ("sgd",)}, "with 'network', no setting"),
        ({"name": ("sgd",)}, "with 'name', no setting"),
    ],
)
def test_a_condition_that_can_never_be_met_is_refused_where_it_is_declared(
    only: Any, message: str
) -> None:
    odd = setting(0, "Odd", "It is odd.", only=only)
    with pytest.raises(UsageError, match=message):
        type("Odd", (EffectConfig,), {"__annotations__": {"odd": int}, "odd": odd})


def test_a_condition_is_a_tuple_of_values() -> None:
    with pytest.raises(TypeError, match="needs a tuple of values, not 'log'"):
        setting(0, "Odd", "It is odd.", only={"loss": "log"})


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_form_is_told_all_of_it(language: str) -> None:
    schema = EffectConfig.json_schema(language)["properties"]
    assert schema["images"]["scale"] == "log"
    assert schema["images"]["only"] == {"measures": {"not": [[]]}}
    assert schema["smoothing"]["step"] == 0.1
    assert schema["smoothing"]["only"] == {"loss": ["log"]}
    assert schema["form"]["only"] == {"smoothing": {"not": [0]}, "loss": ["log"]}
    assert schema["weights"]["file"] == ["pkl"]
    assert schema["size"]["only"] == {"weights": [None]}
    assert schema["loss"]["live"] is True
    assert "live" not in schema["size"]
    assert schema["loss"]["group"] == {"en": "Training", "fr": "Entraînement"}[language]
    assert schema["network"]["group"] == {"en": "Generator", "fr": "Générateur"}[language]
    assert schema["network"]["properties"]["beta"]["only"] == {"network.name": ["adam"]}
    assert list(schema)[-2:] == ["seed", "checkpoint_every"]


def test_a_setting_knows_the_group_of_its_part() -> None:
    settings = EffectConfig.settings()
    assert settings["network.beta"].group == "Generator"
    assert settings["loss"].group == "Training"
    assert settings["network.name"].is_live
    assert settings["weights"].file == ("pkl",)
    assert settings["loss"].file is None


PATHS = {str(get_args(place)[1]) for place in (LocalPath, PathOrHttps)} | {IS_PATHS}
"""What marks the type of a setting whose value is a path."""


def iterate_marks(field: FieldInfo) -> Iterator[object]:
    """Yield what annotates a setting's type, at whatever depth."""
    yield from field.metadata
    pending = [field.annotation]
    while pending:
        kind = pending.pop()
        yield from getattr(kind, "__metadata__", ())
        pending.extend(get_args(kind))


@pytest.mark.parametrize("lab", lab_names())
def test_every_lab_tells_a_form_what_it_needs(lab: str) -> None:
    for path, info in find_lab(lab).config_class.settings().items():
        assert info.group, path
        declared = info.field.json_schema_extra
        extra = declared if isinstance(declared, dict) else {}
        if extra.get("scale") or extra.get("step"):
            assert number_kind(info.field), path
        if extra.get("scale") == "log":
            lows = [getattr(m, name) for m in info.field.metadata for name in ("ge", "gt")
                    if hasattr(m, name)]  # fmt: skip
            assert lows, path
            assert lows[0] >= 0, path
        is_file = not PATHS.isdisjoint(map(str, iterate_marks(info.field)))
        assert (info.file is not None) == (is_file or path == "corpus"), path
        assert not (info.is_live and info.file), path
        assert get_origin(info.field.annotation) is not list, path


def test_a_word_for_a_value_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'loss'.* has a word for 'hing'.*log, hinge"):

        class WrongConfig(Config):
            loss: Literal["log", "hinge"] = setting(
                "log", "Loss", "Which.", choices={"hing": "hinge"}
            )


@pytest.mark.parametrize("name", ["neuron", "gan2d"])
def test_every_choice_of_a_small_lab_has_words_in_both_languages(name: str) -> None:
    config = find_lab(name).config_class
    english, french = (list(_choices(config.json_schema(language))) for language in ("en", "fr"))
    assert len(english) >= 9
    for (path, values, words), (_, _, translated) in zip(english, french, strict=True):
        if path != "engine":
            assert words.keys() == set(values), path
            assert translated.keys() == words.keys()
    words = {path: words for path, _, words in french}
    assert words["data"].get("ring", "anneau") == "anneau"
    assert words["loss"]["hinge"] == "charnière"


def _choices(schema: dict[str, Any], part: str = "") -> Iterator[tuple[str, list[str], Any]]:
    for name, node in schema["properties"].items():
        if "properties" in node:
            yield from _choices(node, f"{part}{name}.")
        elif "enum" in node:
            yield f"{part}{name}", node["enum"], node.get("choices", {})
