"""Without a token to predict there is no number, and it is said: nothing comes from nothing."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from epoque.bench.errors import DataError
from epoque.bench.events import Checkpoint, Metrics
from epoque.bench.runs.run import Run
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import load_corpus
from epoque.language.evaluation import ngram_baselines, split_evaluator
from epoque.language.evaluation.exact_loss import LossSums, mean_or_nan, to_perplexity
from epoque.language.evaluation.missing_results import explain_missing
from epoque.language.lab import LAB
from epoque.language.training.train import train

Make = Callable[..., LanguageConfig]
TrainRun = Callable[..., Run]

NAN = float("nan")
RARE: dict[str, Any] = {"objective": "masked", "mask_probability": 1e-6, "test_files": ()}


def test_means_over_nothing_are_undefined() -> None:
    assert math.isnan(mean_or_nan(0.0, 0))
    assert mean_or_nan(3.0, 2) == 1.5
    nothing = LossSums(0.0, 0.0, 0.0, 0.0, 0.0)
    assert all(map(math.isnan, (nothing.loss, nothing.known_loss, nothing.accuracy)))
    assert math.isnan(to_perplexity(NAN))
    assert math.isnan(LossSums(9.0, 3.0, 1.0, 0.0, 0.0).known_loss)


def test_a_mask_seed_without_a_target_does_not_count() -> None:
    seeds = [
        LossSums(8.0, 2.0, 1.0, 4.0, 1.0),
        LossSums(0, 0, 0, 0, 0),
        LossSums(4.0, 1.0, 0.0, 0.0, 0.0),
    ]
    found = split_evaluator._means(seeds, are_masks=True)
    assert found["loss"] == 4.0
    assert found["perplexity"] == pytest.approx(54.598, abs=1e-3)
    assert found["perplexity_without_unk"] == found["perplexity"]
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["perplexity_spread"] == 0
    assert math.isnan(split_evaluator._means(seeds[:2], are_masks=True)["perplexity_spread"])


def test_seeds_weigh_as_much_as_they_have_targets() -> None:
    seeds = [LossSums(1.0, 1.0, 1.0, 1.0, 1.0), LossSums(30.0, 10.0, 1.0, 30.0, 10.0)]
    found = split_evaluator._means(seeds, are_masks=True)
    assert found["loss"] == pytest.approx(31 / 11)
    assert found["accuracy"] == pytest.approx(2 / 11)


def test_results_without_a_number_say_why() -> None:
    told = explain_missing({"perplexity": math.inf, "test_accuracy": NAN, "loss": 1.0, "blocks": 0})
    assert told == {
        "perplexity": "larger than a number can be",
        "test_accuracy": "no block it is measured on has a token to predict",
    }
    assert (
        "unknown word"
        in explain_missing({"test_perplexity_without_unk": NAN})["test_perplexity_without_unk"]
    )


# Refused before training, where it is certain


def test_a_text_of_which_no_mask_hides_a_token_is_refused(tiny: Make) -> None:
    config = tiny(**RARE, mask_seeds=2)
    with pytest.raises(DataError) as caught:
        load_corpus(config)
    told = str(caught.value)
    assert told.startswith("The validation text (")
    assert "has no token to predict: of its" in told
    assert "mask_probability 1e-06 masks none with any of the 2 mask seeds; raise" in told
    with pytest.raises(DataError, match="mask_probability"):
        LAB.prepare(config)


def test_one_mask_seed_with_a_target_is_enough(tiny: Make) -> None:
    """What the seeds hide follows from their numbers, so this share hides something in some."""
    found = [_takes(tiny(**RARE | {"mask_probability": 0.003}, mask_seeds=n)) for n in (1, 60)]
    assert found[1]
    assert not _takes(tiny(**RARE, mask_seeds=60))


def _takes(config: LanguageConfig) -> bool:
    try:
        load_corpus(config)
    except DataError:
        return False
    return True


def test_a_text_of_special_tokens_alone_is_refused(tiny: Make, tmp_path: Path) -> None:
    (tmp_path / "greek.txt").write_text("\n".join(["αβγ δεζ"] * 40), encoding="utf-8")
    config = tiny(objective="masked", test_files=(str(tmp_path / "greek.txt"),))
    with pytest.raises(DataError, match=r"The test text .*: all of it are special tokens"):
        load_corpus(config)


def test_documents_of_one_token_are_refused(tiny: Make, tmp_path: Path) -> None:
    for name, text in (("one", "w1"), ("two", "w1 w2")):
        (tmp_path / f"{name}.jsonl").write_text("\n".join([json.dumps({"text": text})] * 80))
    one, two = (str(tmp_path / f"{name}.jsonl") for name in ("one", "two"))
    words = Tokenizer(models.WordLevel({"w1": 0, "w2": 1, "?": 2}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    known = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?")  # that ends no document
    for train_file, valid_file, name in ((one, two, "training"), (two, one, "validation")):
        files = {"train_files": (train_file,), "valid_files": (valid_file,), "test_files": ()}
        load_corpus(tiny(**files), known)
        with pytest.raises(
            DataError, match=f"The {name} text .* documents_apart, a document needs"
        ):
            load_corpus(tiny(**files, documents_apart=True), known)


# Null where it happens on the way


def test_a_step_without_a_target_changes_no_weight_and_has_no_loss(tiny: Make) -> None:
    config = tiny(
        objective="masked", test_files=(), train_mask_probability=1e-6, ema=0.5, max_steps=4,
        log_every=2, checkpoint_every=2,
    )  # fmt: skip
    events = list(train(config))
    metrics = [event.values for event in events if isinstance(event, Metrics)]
    assert all(
        math.isnan(values["loss"]) and math.isnan(values["gradient_norm"]) for values in metrics
    )
    assert [event.step for event in events if isinstance(event, Metrics)] == [2, 4]
    first, last = (event for event in events if isinstance(event, Checkpoint))
    assert [first.state["without_targets"], last.state["without_targets"]] == [2, 4]
    for name, array in last.arrays.items():
        np.testing.assert_array_equal(array, first.arrays[name])
    resumed = [event for event in train(config, first) if isinstance(event, Checkpoint)]
    assert resumed[-1].state["without_targets"] == 4


def test_patience_keeps_nothing_that_was_not_measured(
    tiny: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "epoque.language.training.trainer.measure_loss", lambda *_, **__: LossSums(0, 0, 0, 0, 0)
    )
    config = tiny(max_steps=6, evaluate_every=1, patience=1)
    *_, last = (event for event in train(config) if isinstance(event, Checkpoint))
    assert last.step == 6  # nothing was worse
    assert last.state["best_loss"] is None
    assert not any(name.startswith("best.") for name in last.arrays)


def test_a_run_that_learned_nothing_is_evaluated_and_drawn(train_run: TrainRun) -> None:
    settings = {"train_mask_probability": 1e-6, "mask_probability": 0.003, "mask_seeds": 60}
    run = train_run(objective="masked", test_files=(), max_steps=3, log_every=1, **settings)
    results = run.results
    assert results["steps_without_target"] == 3
    assert run.metrics["loss"].isna().all()
    lines = (run.path / "metrics.jsonl").read_text()
    assert '"loss":null' in lines
    assert "NaN" not in lines
    numbers = {n: v for n, v in results.items() if not n.startswith("corpus_")}
    for name, value in numbers.items():
        assert (value is None) == (name in results.get("not_measured", {}))
    for draw in LAB.figures(run).values():
        draw()


def test_figures_leave_out_what_was_not_measured(train_run: TrainRun, tmp_path: Path) -> None:
    run = train_run(objective="masked", max_steps=3, log_every=1)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("config.json", "status.json", "results.json"):
        (copy / name).write_bytes((run.path / name).read_bytes())
    rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        row.update({name: None for name in row if "loss" in name or "perplexity" in name})
    (copy / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    drawn = LAB.figures(Run(copy))
    assert set(drawn) == {"losses"}
    drawn["losses"]()


@pytest.mark.filterwarnings("error")
def test_counting_too_few_tokens_is_undefined() -> None:
    found = ngram_baselines.measure_baselines([1, 2, 3, 1, 2], [1, 2], 5)
    assert found["unigram"] > 1
    assert found["bigram"] > 1
    assert math.isnan(found["trigram"])
    assert all(map(math.isnan, ngram_baselines.measure_baselines([1, 2], [1, 2, 3, 4], 5).values()))


def test_a_run_of_the_shortest_blocks_is_evaluated(train_run: TrainRun, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ab\ncd\nef\n")
    (tmp_path / "b.txt").write_text("a\n")
    files = {"train_files": (str(tmp_path / "a.txt"),), "valid_files": (str(tmp_path / "b.txt"),)}
    run = train_run(**files, test_files=(), block_size=2, vocabulary=257, max_steps=2)
    assert run.results["trigram_perplexity"] is None
    assert run.results["not_measured"] == {
        "trigram_perplexity": "the texts are too short to count triples of tokens"
    }
    assert run.results["bigram_perplexity"] > 1
