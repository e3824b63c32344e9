"""The recipes: what they say. That the tiny ones reach their score is seen by test_readme."""

import pytest

from epoque.api import configure
from epoque.bench.command_line import build_command_line
from epoque.bench.errors import ConfigError
from epoque.bench.recipes import find_recipe, recipe_names
from epoque.language.config import LanguageConfig

STUDIES = [f"language/study-{what}" for what in ("causal", "rate", "share")]
NAMES = [name for name in recipe_names() if name.startswith("language/")]


def config_of(name: str) -> LanguageConfig:
    return LanguageConfig.parse(find_recipe(name).config)


def test_they_are_all_there() -> None:
    kinds = ("laptop", "notebook", "tiny")
    pairs = [f"language/{kind}-{o}" for kind in kinds for o in ("clm", "mlm")]
    assert sorted([*pairs, *STUDIES]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_they_are_configs(name: str) -> None:
    config = config_of(name)
    assert config.objective == ("masked" if name.endswith("mlm") else "causal")


@pytest.mark.parametrize(
    ("name", "parameters"),
    # transformers' own GPT2LMHeadModel and BertForMaskedLM (bert-base-cased), counted
    [("language/notebook-clm", 124_439_808), ("language/notebook-mlm", 108_340_804)],
)
def test_the_notebooks_have_its_model_and_numbers(name: str, parameters: int) -> None:
    config = config_of(name)
    assert config.model_vocabulary is not None
    assert config.to_model_config(config.model_vocabulary).parameters == parameters
    assert (config.optimizer, config.peak_learning_rate, config.weight_decay) == (
        "adamw",
        2e-5,
        0.01,
    )
    assert (config.batch_size, config.epochs, config.block_size) == (8, 3, 128)
    assert (config.vocabulary, config.schedule, config.head) == (25_000, "linear", "full")
    assert (config.beta1, config.beta2, config.clip, config.dropout) == (0.9, 0.999, 1.0, 0.1)
    assert config.corpus == "Salesforce/wikitext:wikitext-2-raw-v1"  # no <unk> but the notebook's


@pytest.mark.parametrize(
    ("name", "settings", "given_up"),
    [
        ("laptop-clm", {"optimizer": "adamw"}, ["muon_every", "embedding_learning_rate"]),
        ("laptop-clm", {"head": "full"}, ["negatives"]),
        ("laptop-mlm", {"objective": "causal"}, ["train_mask_probability"]),
        ("laptop-clm", {"schedule": "linear"}, []),
        ("tiny-clm", {"tokenizer": "X"}, ["vocabulary"]),
        ("notebook-mlm", {"tokenizer": "X"}, []),
        ("notebook-clm", {"architecture": "modern"}, ["positions"]),
    ],
)
def test_what_a_recipe_sets_gives_way_to_what_the_user_sets(
    name: str, settings: dict[str, str], given_up: list[str]
) -> None:
    recipe, _, config = configure(f"language/{name}", settings)
    usual = {n: v for n, v in recipe.config.items() if n not in (*settings, *given_up)}
    assert config == LanguageConfig.parse({**usual, **settings})
    assert not config.model_fields_set & set(given_up)
    words = build_command_line("run", recipe.name, config).split()[3:]
    assert {n[2:].replace("-", "_"): v for n, v in zip(words[::2], words[1::2], strict=True)} == (
        settings
    )


def test_what_the_user_sets_must_have_an_effect() -> None:
    with pytest.raises(ConfigError) as caught:
        configure("language/laptop-clm", {"optimizer": "adamw", "muon_every": "3"})
    assert str(caught.value) == (
        "muon_every: 3 would be ignored with optimizer adamw; it goes with optimizer muon."
    )


def test_a_recipe_may_be_given_files(texts: dict[str, tuple[str, ...]]) -> None:
    for name in ("language/laptop-clm", "language/laptop-mlm"):
        config = LanguageConfig.parse({**find_recipe(name).config, **texts, "max_seconds": "30"})
        assert (config.train_files, config.max_seconds) == (texts["train_files"], 30)
