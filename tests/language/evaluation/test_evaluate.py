"""The numbers of a finished run, against what they are by definition."""

import json
import math
import os
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from epoque.bench.errors import DamagedRunError, UsageError
from epoque.bench.events import Checkpoint
from epoque.bench.runs.run import Run
from epoque.language.config import LanguageConfig
from epoque.language.data.batches import Batch
from epoque.language.data.tokenized_corpus import load_corpus, sample_more_rows, sample_rows
from epoque.language.evaluation import split_evaluator
from epoque.language.evaluation.exact_loss import LossSums, find_unknown_ids, to_perplexity
from epoque.language.evaluation.split_evaluator import sum_pseudo_losses
from epoque.language.hub.model_card import model_card
from epoque.language.lab import LAB
from epoque.language.purposes import Purpose
from epoque.language.training import estimate
from epoque.language.training.checkpoint import restore_model
from epoque.language.training.model_with_loss import ModelWithLoss
from epoque.language.training.train import train

TrainRun = Callable[..., Run]


def nats(model: torch.nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return each target's −log p in one plain softmax in float64, in order."""
    with torch.no_grad():
        scores = model(inputs).double().log_softmax(-1)
    kept = targets >= 0
    return -scores[kept].gather(-1, targets[kept][:, None])[:, 0]


def test_a_causal_models_numbers_are_the_definitions(train_run: TrainRun) -> None:
    run = train_run()  # test files are given: they are measured
    found, (model, tokenizer) = run.results, restore_model(run)
    texts = load_corpus(run.config, tokenizer)
    for blocks, first, prefix in ((texts.valid, "valid_", ""), (texts.test, "test_", "test_")):
        ids = torch.from_numpy(np.asarray(blocks.ids, np.int64))
        each = nats(model, ids[:, :-1], ids[:, 1:])
        loss = float(each.mean())
        assert found[f"final_{first}loss"] == pytest.approx(loss, rel=1e-5)
        assert found[f"{prefix}perplexity"] == pytest.approx(math.exp(loss), rel=1e-5)
        assert found[f"{first}targets"] == ids[:, 1:].numel()
        assert found[f"{first}blocks"] == len(ids)
        per_word = math.exp(loss * blocks.tokens / blocks.words)
        assert found[f"{prefix}perplexity_per_word"] == pytest.approx(per_word, rel=1e-5)
        bits = loss * blocks.tokens / blocks.bytes / math.log(2)
        assert found[f"{prefix}bits_per_byte"] == pytest.approx(bits, rel=1e-5)
        with torch.no_grad():
            right = model(ids[:, :-1]).argmax(-1) == ids[:, 1:]
        assert found[f"{prefix}accuracy"] == pytest.approx(float(right.float().mean()), rel=1e-6)


def test_a_masked_model_is_measured_over_fixed_masks(train_run: TrainRun) -> None:
    found = train_run(objective="masked", mask_seeds=4, pseudo_blocks=2).results
    assert found["perplexity_spread"] > 0
    assert found["perplexity"] == pytest.approx(math.exp(found["final_valid_loss"]))
    hidden = found["valid_targets"] / (found["valid_blocks"] * 16 * 4)  # of all four masks
    assert 0.1 < hidden < 0.2
    assert "perplexity_per_word" not in found
    assert found["pseudo_blocks"] == 2
    assert found["pseudo_perplexity"] > 1
    one = train_run(objective="masked", mask_seeds=1).results
    assert "perplexity_spread" not in one
    assert one["final_valid_loss"] != found["final_valid_loss"]


def test_the_pseudo_likelihood_is_also_that_of_words_and_bytes(train_run: TrainRun) -> None:
    """Whatever the tokenizer, the text has as many words and bytes."""
    run = train_run(objective="masked", mask_seeds=4, pseudo_blocks=2)
    found, blocks = run.results, load_corpus(run.config, restore_model(run)[1]).valid
    nats = math.log(found["pseudo_perplexity"]) * blocks.tokens
    per_word = math.exp(nats / blocks.words)
    assert found["pseudo_perplexity_per_word"] == pytest.approx(per_word, rel=1e-6)
    bits = nats / math.log(2) / blocks.bytes
    assert found["pseudo_bits_per_byte"] == pytest.approx(bits, rel=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{}, {"objective": "masked", "mask_seeds": 4, "pseudo_blocks": 2}],
)
def test_the_measuring_tells_how_far_it_is(train_run: TrainRun, settings: dict[str, Any]) -> None:
    run, reports = train_run(**settings), []
    again = LAB.evaluate(run, lambda *report: reports.append(report))
    assert json.loads(json.dumps(dict(again))) == run.results
    shares = [done / total for done, total, _ in reports]
    assert {what for *_, what in reports} == {"measuring"}
    assert shares == sorted(shares)
    assert len(set(shares)) == len(shares) > 1
    assert 0 < shares[0] < shares[-1] == 1


def test_memory_that_runs_out_in_the_measuring_is_told(
    train_run: TrainRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_run()
    monkeypatch.setattr(
        "epoque.language.evaluation.split_evaluator.measure_loss",
        lambda *_, **__: torch.empty(2**50),
    )
    with pytest.raises(UsageError, match="Memory ran out while the model was measured"):
        LAB.evaluate(run)


def test_evaluating_again_gives_the_same_numbers(train_run: TrainRun, own_cache: Path) -> None:
    for settings in ({}, {"objective": "masked"}):
        run = train_run(**settings)
        before = sorted(own_cache.rglob("*"))
        assert json.loads(json.dumps(dict(LAB.evaluate(run)))) == run.results
        assert sorted(own_cache.rglob("*")) == before  # nothing was made twice


def test_pseudo_likelihood_masks_each_token_in_turn(train_run: TrainRun) -> None:
    run = train_run(objective="masked")
    model, tokenizer = restore_model(run)
    blocks = load_corpus(run.config, tokenizer).valid
    ids = torch.from_numpy(np.asarray(blocks.ids[0], np.int64))
    objective = ModelWithLoss(run.config, model).eval()
    by_hand = []
    for place in range(len(ids)):
        hidden = ids.clone()
        hidden[place] = tokenizer.mask_token_id
        with torch.no_grad():
            by_hand.append(-model(hidden[None])[0, place].log_softmax(-1)[ids[place]].item())
    sums = LossSums(*sum_pseudo_losses(objective, ids, tokenizer.mask_token_id).tolist())
    assert sums.targets == len(ids)
    assert sums.loss == pytest.approx(statistics.fmean(by_hand), rel=1e-5)


def test_unknown_words_can_be_left_out(train_run: TrainRun) -> None:
    run = train_run()
    model, tokenizer = restore_model(run)
    ids = torch.from_numpy(np.asarray(load_corpus(run.config, tokenizer).valid.ids[:4], np.int64))
    common = int(ids.flatten().mode().values)
    objective = ModelWithLoss(run.config, model, None, (common,)).eval()
    batch = Batch(ids[:, :-1], ids[:, 1:])
    with torch.no_grad():
        sums = LossSums(*objective(batch, exact=True)[0].tolist())
    each, known = nats(model, ids[:, :-1], ids[:, 1:]), ids[:, 1:].flatten() != common
    assert 0 < sums.known_targets < sums.targets
    assert sums.known_targets == int(known.sum())
    assert sums.known_nats == pytest.approx(float(each[known].sum()), rel=1e-5)
    assert find_unknown_ids(tokenizer) == ()  # this text has none


def test_the_epochs_table_has_the_losses_at_each_end(train_run: TrainRun) -> None:
    run = train_run(max_steps=None, epochs=2.5, evaluate_every=7)
    table = run.results["epochs"]
    assert [row["epoch"] for row in table] == [1, 2, pytest.approx(2.5, abs=0.02)]
    metrics = run.metrics.dropna(subset=["valid_loss"])
    assert len(metrics) > 3
    assert table[0]["valid_loss"] == metrics[metrics["epoch"] == 1]["valid_loss"].iloc[0]
    assert table[-1]["valid_loss"] == pytest.approx(run.results["final_valid_loss"], rel=1e-6)
    assert table[-1]["train_loss"] == pytest.approx(run.results["final_train_loss"], rel=1e-6)


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_an_epoch_s_end_is_measured_whole_however_small_the_sample(
    train_run: TrainRun, objective: str
) -> None:
    """The loss of the last epoch is that of the perplexity which is printed beside it."""
    run = train_run(objective=objective, max_steps=None, epochs=2, evaluation_blocks=2)
    whole = [row["whole_valid_loss"] for row in run.results["epochs"]]
    assert [run.results[f"valid_loss_epoch_{n}"] for n in (1, 2)] == whole
    assert whole[-1] == pytest.approx(run.results["final_valid_loss"], rel=1e-6)
    assert math.exp(whole[-1]) == pytest.approx(run.results["perplexity"], rel=1e-5)
    assert run.results["epochs"][-1]["valid_loss"] != pytest.approx(whole[-1], rel=1e-4)


def test_an_epoch_s_end_need_not_be_measured_whole(train_run: TrainRun) -> None:
    run = train_run(max_steps=None, epochs=2, evaluate_epochs=False)
    assert "whole_valid_loss" not in run.metrics
    assert not [name for name in run.results if name.startswith("valid_loss_epoch")]


def test_a_share_of_the_text_is_learned_from(train_run: TrainRun) -> None:
    half, whole = train_run(train_share=0.5), train_run()
    assert half.results["train_blocks"] == round(whole.results["train_blocks"] / 2)
    for name in ("valid_blocks", "train_lines", "valid_lines"):
        assert half.results[name] == whole.results[name] > 0
    assert half.results["final_valid_loss"] != whole.results["final_valid_loss"]
    assert half.results["bigram_perplexity"] > whole.results["bigram_perplexity"]


def test_what_is_measured_on_the_way_may_be_a_part(train_run: TrainRun) -> None:
    part, whole = train_run(evaluation_blocks=5), train_run()
    assert part.results["final_valid_loss"] == whole.results["final_valid_loss"]
    assert part.metrics["valid_loss"].iloc[-1] != whole.metrics["valid_loss"].iloc[-1]


def test_the_kept_weights_are_those_that_were_measured(train_run: TrainRun) -> None:
    for settings in ({"ema": 0.8}, {"patience": 1, "evaluate_every": 3, "learning_rate": 0.5}):
        run = train_run(**settings)
        model, _ = restore_model(run)
        arrays = run.checkpoint().arrays
        kind = "average" if "ema" in settings else "best"
        for name, weight in model.named_parameters():
            np.testing.assert_array_equal(weight.detach().numpy(), arrays[f"{kind}.{name}"])
        best = run.metrics["valid_loss"].dropna()
        measured = best.iloc[-1] if "ema" in settings else best.min()
        assert run.results["final_valid_loss"] == pytest.approx(measured, rel=1e-6)


def test_a_damaged_checkpoint_is_told(train_run: TrainRun, tmp_path: Path) -> None:
    copy = Run(shutil.copytree(train_run().path, tmp_path / "copy"))
    (file,) = (copy.path / "checkpoints").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DamagedRunError, match="damaged"):
        restore_model(copy)


def test_perplexity_of_a_huge_loss_is_infinite() -> None:
    assert to_perplexity(1e4) == math.inf
    assert to_perplexity(math.log(5)) == pytest.approx(5)


def record_rows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Return a list that collects which blocks are measured after a training."""
    rows_of, whole = [], split_evaluator.measure_loss

    def measure(model: Any, data: Any, rows: Any, *args: Any, **kwargs: Any) -> LossSums:
        rows_of.append(tuple(rows))
        return whole(model, data, rows, *args, **kwargs)

    monkeypatch.setattr(split_evaluator, "measure_loss", measure)
    return rows_of


def test_a_short_training_s_end_measures_a_sample(
    train_run: TrainRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epoque.language.training.train.count_affordable_steps", lambda *_: 12)
    monkeypatch.setattr("epoque.language.evaluation.evaluation_plan._UNNOTABLE_OPERATIONS", 0.0)
    run = train_run(max_seconds=40.0, test_files=(), evaluation_share=0.15)
    found, (model, tokenizer) = run.results, restore_model(run)
    texts = load_corpus(run.config, tokenizer)
    count, of = found["valid_blocks_measured"], found["valid_blocks"]
    first = len(run.checkpoint().arrays["evaluation.valid"])
    assert 8 <= first <= count < of == len(texts.valid)
    assert "whole_valid_loss" not in run.metrics
    rows = sample_rows(first, of, 0, Purpose.EVALUATION_BLOCKS)
    more = sample_more_rows(rows, count, of, 0)
    assert len({*rows, *more}) == count
    ids = torch.from_numpy(texts.valid[np.concatenate([rows, more])])
    each = nats(model, ids[:, :-1], ids[:, 1:]).reshape(count, -1)
    assert found["final_valid_loss"] == pytest.approx(float(each.mean()), rel=1e-5)
    error = float(each.mean(1).std()) * math.sqrt((1 - count / of) / count)
    assert found["final_valid_loss_error"] == pytest.approx(error, rel=1e-4)
    assert found["perplexity_error"] == pytest.approx(error * found["perplexity"], rel=1e-4)
    assert "± " in model_card(run, "a")
    rows_measured = record_rows(monkeypatch)
    assert json.loads(json.dumps(dict(LAB.evaluate(run)))) == found
    assert tuple(rows) not in rows_measured
    assert (tuple(more) in rows_measured) == bool(len(more))


def test_nothing_is_measured_twice(train_run: TrainRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run, rows_measured = train_run(test_files=()), record_rows(monkeypatch)
    assert json.loads(json.dumps(dict(LAB.evaluate(run)))) == run.results
    assert len(rows_measured) == 1  # those by which the weight of counts is chosen
    masked = train_run(objective="masked", mask_seeds=3, test_files=())
    rows_measured.clear()
    LAB.evaluate(masked)
    assert len(rows_measured) == 2  # the other two masks


def test_with_patience_older_weights_are_measured_anew(
    train_run: TrainRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_run(patience=1, evaluate_every=3, learning_rate=0.5)
    rows_measured = record_rows(monkeypatch)
    LAB.evaluate(run)
    assert tuple(range(run.results["valid_blocks"])) in rows_measured


def test_the_estimate_is_measured(tiny: Callable[..., LanguageConfig], train_run: TrainRun) -> None:
    found = estimate.estimate_training(tiny(max_steps=1000, epochs=1000))
    assert found.steps == 1000
    assert found.measuring_seconds > 0
    assert found.seconds == pytest.approx(found.step_seconds * 1000 + found.measuring_seconds)
    assert found.step_seconds > 0
    assert found.parameters == train_run().results["parameters"]
    least = tiny(max_steps=10**9, epochs=1e6, max_seconds=1e-6)
    shortest = estimate.estimate_training(least)
    assert shortest.seconds - shortest.measuring_seconds == pytest.approx(1e-6)


def test_the_estimate_of_a_resumed_run_is_of_what_remains(
    tiny: Callable[..., LanguageConfig],
) -> None:
    half = Checkpoint(500, {}, {"allowed_steps": None})
    found = estimate.estimate_training(tiny(max_steps=1000, epochs=1000), half)
    assert found.steps == 500
    assert found.seconds == pytest.approx(found.step_seconds * 500 + found.measuring_seconds)
    assert "what remains of the training takes" in found.describe()
    clock = tiny(max_steps=10**9, epochs=1e6, max_seconds=41.0)
    assert (
        estimate.estimate_training(clock, Checkpoint(500, {}, {"allowed_steps": 700})).steps == 200
    )


def test_measuring_first_changes_nothing(tiny: Callable[..., LanguageConfig]) -> None:
    config = tiny(max_steps=6, dropout=0.1, head="sampled", negatives=20)
    ends = []
    for measure_first in (False, True):
        if measure_first:
            estimate.estimate_training(config)
        (last,) = (event for event in train(config) if isinstance(event, Checkpoint))
        ends.append({name: value.tobytes() for name, value in last.arrays.items()})
    assert ends[0] == ends[1]


def test_only_a_long_run_has_a_notice(tiny: Callable[..., LanguageConfig]) -> None:
    assert estimate.describe_long_training(tiny()) is None
    told = estimate.describe_long_training(tiny(max_steps=10**9, epochs=1e6))
    assert " parameters, about " in told
    assert "hours" in told


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_text_may_have_a_name_in_no_encoding(train_run: TrainRun, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("some words of a text\n" * 60)
    run = train_run(train_files=(str(path),), valid_files=(), test_files=(), max_steps=2)
    assert run.results["corpus_name"] == "caf\udce9.txt"
    assert run.results["reopened_tokens"] is True  # a model card was written on the way
