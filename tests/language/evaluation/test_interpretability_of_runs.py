from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from epoque.bench.runs.run import Run
from epoque.language.config import LanguageConfig
from epoque.language.data.tokenized_corpus import TokenizedCorpus, load_corpus
from epoque.language.evaluation import example_files, examples
from epoque.language.evaluation.interpretability import compute_attention
from epoque.language.training.checkpoint import restore_model

Train = Callable[..., Run]


@pytest.fixture(scope="module", params=["causal", "masked"])
def run(request: Any, train_run: Train) -> Run:
    return train_run(objective=request.param)


def blocks(run: Run) -> TokenizedCorpus:
    config = run.config
    assert isinstance(config, LanguageConfig)
    return load_corpus(config, restore_model(run)[1])


def test_the_examples_are_of_the_model_and_the_validation_text(
    run: Run, texts: dict[str, Any]
) -> None:
    told = example_files.read_examples(run)
    text = " ".join(Path(texts["valid_files"][0]).read_text().split())
    assert len(told["examples"]) == 6
    for example in told["examples"]:
        if told["objective"] == "causal":
            seen = " ".join((example["prompt"] + example["actual"]).split())
            assert example["continuation"]
        else:
            seen = example["sentence"].replace("[MASK]", example["actual"])
            assert example["sentence"].count("[MASK]") == 1
            assert len(example["candidates"]) == 5
        assert seen.replace(" ", "") in text.replace(" ", "")


def _last_span(run: Run) -> list[int]:
    return examples._choose_spans(restore_model(run)[1], blocks(run).valid, run.config.seed)[-1][
        :20
    ]


def test_the_arrays_are_measured(run: Run) -> None:
    arrays, told = example_files.read_probe(run), example_files.read_examples(run)
    model, tokenizer = restore_model(run)
    length = len(told["attention_tokens"])
    assert arrays["attention"].shape == (len(model.layers), model.heads, length, length)
    np.testing.assert_allclose(arrays["attention"].sum(-1), 1, atol=1e-5)
    span = _last_span(run)
    assert told["attention_tokens"] == [tokenizer.decode([token]) for token in span]
    np.testing.assert_allclose(arrays["attention"], compute_attention(model, span), atol=1e-6)
    assert arrays["count"].sum() > 50
    assert (arrays["loss_low"] <= arrays["loss_high"]).all()


def test_the_loss_by_frequency_adds_up_to_the_loss(run: Run) -> None:
    """Over all bins, it is the mean loss of the same predictions, computed directly."""
    found = blocks(run)
    model, tokenizer = restore_model(run)
    arrays = example_files.read_probe(run)
    losses, tokens = [], []
    for number in range(len(found.valid)):
        ids = torch.from_numpy(np.asarray(found.valid[np.array([number])]))[0]
        if model.causal:
            inputs, places = ids, torch.arange(1, len(ids))
            at = places - 1
        else:
            at = places = torch.tensor([i for i in range(len(ids)) if (i + number) % 7 == 0])
            inputs = ids.clone()
            inputs[places] = tokenizer.mask_token_id
        with torch.no_grad():
            logs = model(inputs[None])[0].double().log_softmax(-1)
        losses.append(-logs[at, ids[places]])
        tokens.append(ids[places])
    loss, token = torch.cat(losses).numpy(), torch.cat(tokens).numpy()
    assert arrays["count"].sum() == len(loss)
    mean = float((arrays["loss"] * arrays["count"]).sum() / arrays["count"].sum())
    assert mean == pytest.approx(loss.mean(), rel=1e-4)
    train = np.asarray(found.train[np.arange(len(found.train))])
    counts = np.bincount(train.ravel(), minlength=model.vocabulary)
    rarest = arrays["frequency"][arrays["frequency"] > 0].min()
    assert counts[token][counts[token] > 0].min() <= rarest * 1.0001
    assert int((counts[token] == 0).sum()) == (
        arrays["count"][arrays["frequency"] == 0].sum() if 0 in arrays["frequency"] else 0
    )


def test_the_same_model_gives_the_same_files(run: Run) -> None:
    config = run.config
    assert isinstance(config, LanguageConfig)
    found, (model, tokenizer) = blocks(run), restore_model(run)
    made = examples.example_artifacts(config, model, tokenizer, found.train, found.valid)
    for artifact in made:
        assert artifact.data == run.artifact(artifact.name)


def test_documents_apart_and_one_block(train_run: Train) -> None:
    run = train_run(documents_apart=True)
    assert example_files.read_probe(run)["count"].sum() > 0
