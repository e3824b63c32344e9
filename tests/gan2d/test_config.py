"""What may be set, and what is refused with which sentence."""

from typing import Any

import pytest

from epoque.bench.changes import Change, change_settings, read_changes, write_changes
from epoque.bench.errors import ConfigError
from epoque.bench.recipes import find_recipe, recipe_names
from epoque.gan2d.config import MAX_FLOPS, Gan2dConfig

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"d_steps": 0, "g_steps": 0}, "d_steps", "would train nothing"),
    ({"data": "csv"}, "csv", "none given"),
    ({"csv": "points.csv"}, "csv", "would be ignored"),
    ({"data": "drawing"}, "drawing", "none given"),
    ({"noise_dims": 17}, "noise_dims", "at most 16"),
    ({"d_steps": 11}, "d_steps", "at most 10"),
    ({"generator.layers": (0,)}, "generator.layers", "whole number at least 1"),
    ({"loss": "hinge", "discriminator.output": "sigmoid"}, "discriminator.output", "plain number"),
    ({"loss": "log", "discriminator.output": "linear"}, "discriminator.output", "probability"),
    ({"discriminator.norm": "batch", "r1": 1.0}, "r1", "batch normalisation"),
    ({"discriminator.norm": "batch", "batch_size": 1}, "batch_size", "at least 2"),
    ({"generator.layers": (4096,) * 8}, "generator.layers", "GFLOP"),
    ({"batch_size": 65_536, "discriminator.layers": (4096, 4096)}, "discriminator.layers", "MiB"),
    ({"loss": "wgan"}, "loss", "one of log"),
    ({"changes": "5:nothing=1"}, "changes", "nothing: no such setting"),
    ({"changes": "5:batch_size=8"}, "changes", "cannot change during a run"),
    ({"changes": "5:d_steps=99"}, "changes", "d_steps: 99"),
    ({"changes": "now:d_steps=1"}, "changes", "is no change"),
    ({"changes": "5:d_steps=0,g_steps=0"}, "changes", "would train nothing"),
    ({"changes": "2000:d_steps=2"}, "changes", "after the last iteration"),
]


@pytest.mark.parametrize(("settings", "field", "told"), REFUSED)
def test_what_is_wrong_is_told_with_its_field(
    settings: dict[str, Any], field: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Gan2dConfig.parse(settings)
    assert [p.field for p in caught.value.problems] == [field]
    assert told in caught.value.problems[0].message


def test_every_setting_may_be_typed_as_text() -> None:
    config = Gan2dConfig.parse(
        {"generator.layers": "8,4", "discriminator.layers": "", "lr_decay_until": "none"}
    )
    assert config.generator.layers == (8, 4)
    assert config.discriminator.layers == ()
    assert config.lr_decay_until is None


def test_the_cost_is_counted_product_by_product() -> None:
    config = Gan2dConfig(
        generator={"layers": (10, 10)},
        discriminator={"layers": (9, 9, 9)},
        d_steps=3,
        g_steps=1,
    )
    g, d = 2 * (2 * 10 + 10 * 10 + 10 * 2), 2 * (2 * 9 + 9 * 9 + 9 * 9 + 9)
    g_training, d_training = 3 * g - 2 * 20, 3 * d - 2 * 18
    wanted = 150 * (3 * (g + 2 * d_training) + g_training + 2 * d)
    assert config.iteration_flops == wanted
    assert config.parameter_count == (30 + 110 + 22) + (27 + 90 + 90 + 10)
    assert config.replace(r1=1.0).iteration_flops > wanted
    assert wanted < MAX_FLOPS / 1000


def test_changes_are_read_as_they_are_written() -> None:
    text = "5:loss=hinge,d_steps=5;8:generator.optimizer.learning_rate=0.01"
    changes = read_changes(" 8: generator.optimizer.learning-rate=0.01 ; 5:loss=hinge, d_steps=5;")
    assert write_changes(changes) == text
    assert changes[0] == Change.of(5, {"loss": "hinge", "d_steps": 5})
    config = Gan2dConfig(changes=text)
    (_, first), (_, second) = config.timeline()
    assert (first.loss, first.d_steps, first.generator.optimizer.learning_rate) == (
        "hinge",
        5,
        0.03,
    )
    assert (second.loss, second.generator.optimizer.learning_rate) == ("hinge", 0.01)


def test_a_change_of_a_tiny_number_loses_no_digit() -> None:
    (change,) = read_changes(
        write_changes([Change.of(1, {"r1": 0.1 + 0.2, "lr_decay_until": None})])
    )
    config = change_settings(Gan2dConfig(), change.values)
    assert config.r1 == 0.1 + 0.2
    assert config.lr_decay_until is None


def test_what_leaves_the_shapes_alone_may_change_during_a_run() -> None:
    live = {path for path, info in Gan2dConfig.settings().items() if info.is_live}
    optimizer = ("name", "learning_rate", "momentum", "beta1", "beta2", "alpha")
    assert live == {
        *(
            f"{net}.optimizer.{name}"
            for net in ("generator", "discriminator")
            for name in optimizer
        ),
        *("discriminator.output", "d_steps", "g_steps", "loss", "label_smoothing"),
        *("label_smoothing_form", "gradient_penalty", "r1", "r2", "weight_clip", "instance_noise"),
        *("instance_noise_until", "ema", "lr_decay", "lr_decay_until", "lr_final"),
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"fit": True}, "fit"),
        ({"drawing": "a.json", "data": "csv", "csv": "a.csv"}, "drawing"),
        ({"generator.optimizer.momentum": 0.5}, "generator.optimizer.momentum"),
        ({"discriminator": {"optimizer": {"beta1": 0.5}}}, "discriminator.optimizer.beta1"),
        ({"generator.optimizer": {"name": "adam", "alpha": 0.5}}, "generator.optimizer.alpha"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "label_smoothing"),
        ({"label_smoothing_form": "weight"}, "label_smoothing_form"),
        ({"instance_noise_until": 5}, "instance_noise_until"),
        ({"lr_final": 0.5}, "lr_final"),
        ({"lr_decay_until": 5}, "lr_decay_until"),
    ],
)
def test_what_another_setting_leaves_without_effect_is_refused(
    values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Gan2dConfig.parse(values)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert problem.ignored
    assert "would be ignored with" in problem.message


def test_what_has_an_effect_after_a_change_is_taken() -> None:
    later = "5:loss=hinge;9:generator.optimizer.name=adam;12:generator.optimizer.name=sgd"
    config = Gan2dConfig.parse({"generator.optimizer.beta1": 0.5, "changes": later})
    rates = [now.generator.optimizer.beta1 for _, now in config.timeline()]
    assert rates == [0.5, 0.5, 0.5]  # an optimizer that is left for a while keeps its settings
    smooth = Gan2dConfig(label_smoothing=0.1, changes="5:loss=hinge;9:loss=log")
    assert [now.label_smoothing for _, now in smooth.timeline()] == [0.1, 0.1]
    with pytest.raises(
        ConfigError, match=r"beta1: 0\.5 would be ignored with generator\.optimizer"
    ):
        Gan2dConfig.parse({"generator.optimizer.beta1": 0.5, "changes": "5:loss=hinge"})


@pytest.mark.parametrize("name", [n for n in recipe_names() if n.startswith("gan2d/")])
def test_recipes_are_configs(name: str) -> None:
    assert Gan2dConfig.parse(find_recipe(name).config).iterations > 0


def test_gan_labs_presets_have_its_numbers() -> None:
    told = {}
    for name in ("line", "gaussians", "ring", "disjoint"):
        c = Gan2dConfig.parse(find_recipe(f"gan2d/ganlab-{name}").config)
        assert (c.batch_size, c.label_smoothing, c.label_smoothing_form) == (150, 0.05, "weight")
        assert (c.generator.optimizer.name, c.discriminator.optimizer.name) == ("sgd", "sgd")
        assert c.loss == "log"
        told[name] = (
            *(c.noise, c.generator.layers, c.discriminator.layers),
            *(c.discriminator.optimizer.learning_rate, c.generator.optimizer.learning_rate),
            *(c.d_steps, c.g_steps),
        )
    assert told == {
        "line": ("uniform", (5, 5), (6, 6), 0.03, 0.01, 2, 1),
        "gaussians": ("gaussian", (8, 8), (8, 8), 0.1, 0.03, 2, 1),
        "ring": ("uniform", (10, 10), (9, 9, 9), 0.1, 0.03, 3, 1),
        "disjoint": ("gaussian", (10, 10, 10), (11, 11, 11), 0.1, 0.03, 1, 1),
    }
