"""What may be set, and what is refused with which sentence."""

import subprocess
import sys
from typing import Any

import pytest

from epoque.bench.errors import ConfigError, UsageError
from epoque.language.config import LanguageConfig
from epoque.language.training.resources import check_memory

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"objective": "masked", "architecture": "gpt2"}, "architecture", "bert or modern do"),
    ({"architecture": "bert"}, "architecture", "gpt2 or modern do"),
    ({"heads": 3}, "heads", "do not divide the width 256"),
    ({"width": 12, "heads": 4}, "heads", "an even number"),
    ({"accumulate": 3}, "accumulate", "a batch of 16 blocks"),
    ({"first_batch_size": 16}, "first_batch_size", "not smaller than batch_size 16"),
    ({"model_vocabulary": 20_000}, "model_vocabulary", "fewer than the vocabulary of 25,000"),
    ({"architecture": "gpt2", "positions": 64}, "positions", "fewer than the block size 128"),
    ({"positions": 512}, "positions", "goes with architecture gpt2 or bert"),
    ({"mask_probability": 0.2}, "mask_probability", "goes with objective masked"),
    ({"frame_lines": True}, "frame_lines", "goes with objective masked"),
    ({"pseudo_blocks": 2}, "pseudo_blocks", "goes with objective masked"),
    ({"head": "full", "negatives": 5}, "negatives", "goes with head sampled"),
    ({"optimizer": "adamw", "momentum": 0.5}, "momentum", "goes with optimizer muon"),
    ({"schedule": "cosine", "decay_share": 0.1}, "decay_share", "goes with schedule trapezoid"),
    ({"ramp_steps": 7}, "ramp_steps", "ignored without first_batch_size"),
    ({"tokenizer": "gpt2", "vocabulary": 500}, "vocabulary", "goes with tokenizer none"),
    ({"valid_files": ("a.txt",)}, "valid_files", "ignored without train_files"),
    ({"test_files": ("a.txt",)}, "test_files", "ignored without train_files"),
    ({"tokenizer": "gpt2", "tokenizer_kind": "bpe"}, "tokenizer_kind", "goes with tokenizer none"),
    ({"text_column": "body"}, "text_column", "ignored without files or a dataset"),
    ({"train_files": ("a.txt",), "evaluate_test": True}, "evaluate_test", "needs test_files"),
    ({"width": 65_536, "layers": 100}, "width", "billion parameters; at most 20"),
    ({"batch_size": 1_000_000, "block_size": 8192}, "batch_size", "GiB; at most 1,024"),
    ({"learning_rate": 0}, "learning_rate", "greater than 0"),
    ({"vocabulary": 10}, "vocabulary", "at least 64"),
    ({"dropout": 1}, "dropout", "less than 1"),
    ({"head": "hierarchical"}, "head", "one of full, chunked, sampled"),
]


@pytest.mark.parametrize(("settings", "field", "told"), REFUSED)
def test_what_is_wrong_is_told_with_its_field(
    settings: dict[str, Any], field: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        LanguageConfig.parse(settings)
    assert [p.field for p in caught.value.problems] == [field]
    assert told in caught.value.problems[0].message


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        LanguageConfig.parse({"heads": 3, "accumulate": 3, "mask_seeds": 9})
    assert [p.field for p in caught.value.problems] == ["mask_seeds", "heads", "accumulate"]


def test_every_setting_may_be_typed_as_text() -> None:
    config = LanguageConfig.parse(
        {"train_files": "a.txt, b.jsonl", "learning_rate": "2e-5", "optimizer": "adamw",
         "max_seconds": "none", "evaluate_every": "50", "compile": "true"}
    )  # fmt: skip
    assert config.train_files == ("a.txt", "b.jsonl")
    assert (config.peak_learning_rate, config.max_seconds, config.evaluate_every) == (
        2e-5,
        None,
        50,
    )


def test_rates_that_are_not_given_follow_the_optimiser() -> None:
    assert LanguageConfig().peak_learning_rate == 0.01
    assert LanguageConfig(optimizer="adamw").peak_learning_rate == 0.001
    assert LanguageConfig().peak_embedding_learning_rate == 0.005


def test_a_config_survives_its_own_json() -> None:
    config = LanguageConfig(objective="masked", whole_words=True, train_files=("a", "b"))
    assert LanguageConfig.parse(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"objective": "masked"},
        {"objective": "masked", "layers": 24, "vocabulary": 1000},  # the layers weigh
        {"architecture": "gpt2", "tie_embeddings": False},
        {"objective": "masked", "architecture": "bert", "width": 64, "feed_forward": 100},
        {"architecture": "gpt2", "layers": 12, "width": 768, "heads": 12, "positions": 1024},
    ],
)
def test_the_parameters_are_known_before_anything_is_built(settings: dict[str, Any]) -> None:
    config = LanguageConfig(**settings)
    exact = config.to_model_config(config.vocabulary).parameters
    assert config.parameter_count == pytest.approx(exact, rel=0.03)
    assert config.to_model_config(100).feed_forward == config.feed_forward_width


def test_memory_counts_what_a_step_holds() -> None:
    config = LanguageConfig()
    assert config.step_bytes > 16 * config.parameter_count
    assert config.replace(head="full").step_bytes > config.step_bytes
    assert config.replace(accumulate=4).step_bytes < config.step_bytes
    assert config.replace(ema=0.9).step_bytes == config.step_bytes + 4 * config.parameter_count


def test_a_training_beyond_this_machine_is_refused_with_what_helps() -> None:
    config = LanguageConfig(width=16_384, layers=4, heads=64)
    with pytest.raises(UsageError, match=r"needs about [\d,.]+ GiB .* fewer layers"):
        check_memory(config, "cpu")
    config = LanguageConfig(batch_size=49_152, head="chunked")
    with pytest.raises(UsageError, match="a larger accumulate helps"):
        check_memory(config, "cpu")
    check_memory(LanguageConfig(), "cpu")


def test_the_lab_and_its_config_import_no_engine() -> None:
    code = (
        "import sys, epoque.language.lab as lab; lab.LAB.config_class();"
        "print([m for m in ('torch', 'transformers', 'datasets', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_its_packages_the_lab_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from epoque.language.lab import LAB\n"
        "LAB.train(LAB.config_class())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError" in done.stderr
    assert "pip install 'epoque[language]'" in done.stderr
