"""A training that goes on with the weights of a model that is there already."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import twins
from torch.nn import functional

from epoque.bench.errors import ConfigError, DataError
from epoque.bench.events import Checkpoint, Metrics
from epoque.bench.runs.run import Run
from epoque.language.config import LanguageConfig
from epoque.language.data.batches import BlockDataset
from epoque.language.data.masking import EVALUATION_EPOCH, Masker
from epoque.language.data.tokenized_corpus import load_corpus
from epoque.language.hub.model_folder import save_run
from epoque.language.lab import LAB
from epoque.language.training.train import train

Make = Callable[..., LanguageConfig]
SHAPES = {
    "causal": {"architecture": "gpt2", "layers": 3, "positions": 32},
    "masked": {"architecture": "bert", "layers": 2, "positions": 32, "feed_forward": 32},
}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the settings that name a text of the words that the twins know."""
    folder, rng = tmp_path_factory.mktemp("words"), np.random.default_rng(0)
    for name, count in (("train", 200), ("valid", 60)):
        rows = [twins.text_of(rng.integers(3, twins.WORDS, 12).tolist()) for _ in range(count)]
        (folder / f"{name}.txt").write_text("\n".join(rows) + "\n")
    return {f"{name}_files": (str(folder / f"{name}.txt"),) for name in ("train", "valid")}


@pytest.mark.parametrize("objective", SHAPES)
def test_before_the_first_step_it_is_the_model_of_transformers(
    objective: str, tiny: Make, words: dict[str, Any], tmp_path: Path
) -> None:
    theirs, _ = {"causal": twins.gpt2, "masked": twins.bert}[objective](tmp_path)
    given = {"objective": objective, "start_from": str(tmp_path), "test_files": (), "max_steps": 2}
    config = tiny(**given, **SHAPES[objective], **words)
    LAB.check(config)
    first = next(event for event in train(config) if isinstance(event, Metrics))
    assert first.step == 0
    corpus = load_corpus(config)
    masker = Masker(config, corpus.tokenizer) if objective == "masked" else None
    data = BlockDataset(config, corpus.valid, masker)
    batch = data.batch(np.arange(len(data)), 0, EVALUATION_EPOCH)
    with torch.no_grad():
        logits = theirs(batch.input_ids).logits.double()
    loss = functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten())
    perplexity = float(loss.exp())
    assert first.values["valid_perplexity"] == pytest.approx(perplexity, rel=1e-5)


def test_a_finished_run_goes_on_for_more_epochs(
    tiny: Make, train_run: Callable[..., Run], tmp_path: Path
) -> None:
    run = train_run(max_steps=30)
    config = tiny(max_steps=10, start_from=str(run.path))
    events = list(train(config))
    metrics = [e for e in events if isinstance(e, Metrics)]
    assert metrics[0].values["valid_loss"] == run.metrics["valid_loss"].iloc[-1]
    assert metrics[-1].values["valid_loss"] < metrics[0].values["valid_loss"]
    save_run(run, tmp_path / "saved")
    again = list(train(config.replace(start_from=str(tmp_path / "saved"))))
    ends = [[e for e in some if isinstance(e, Checkpoint)][-1] for some in (events, again)]
    for name, value in ends[0].arrays.items():
        assert value.tobytes() == ends[1].arrays[name].tobytes(), name


def test_another_shape_is_told_setting_by_setting(
    tiny: Make, train_run: Callable[..., Run]
) -> None:
    config = tiny(layers=3, width=32, start_from=str(train_run(max_steps=30).path))
    with pytest.raises(ConfigError) as caught:
        LAB.check(config)
    told = {problem.field: problem.message for problem in caught.value.problems}
    assert set(told) == {"layers", "width", "feed_forward"}
    assert told["layers"] == "3 is not what the model to start from has; it has 1."


def test_what_is_no_model_is_told(
    tiny: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="no tokenizer"):
        LAB.check(tiny(start_from=str(tmp_path)))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="There is no tokenizer 'nobody/nothing'"):
        LAB.check(tiny(start_from="nobody/nothing"))
