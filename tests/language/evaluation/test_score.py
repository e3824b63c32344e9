from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import twins
from transformers import AutoTokenizer

from epoque.bench.errors import ConfigError, DataError, UsageError
from epoque.language.evaluation.score import measure_perplexity, score_ids, score_text
from epoque.language.models import Model

IDS = np.random.default_rng(0).integers(3, twins.WORDS, 150).tolist()


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Model]:
    return twins.gpt2(tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Model]:
    return twins.bert(tmp_path_factory.mktemp("bert"))


@torch.no_grad()
def by_transformers(theirs: Any, ids: list[int]) -> torch.Tensor:
    """Return log-probabilities of every token at every position, [T, V]."""
    return theirs(torch.tensor([ids])).logits[0].double().log_softmax(-1)


def test_a_causal_text_scores_as_in_transformers(causal: tuple[Any, Model]) -> None:
    theirs, ours = causal
    ids = IDS[:20]
    found = score_text(ours, twins.word_tokenizer(), twins.text_of(ids))
    wanted = by_transformers(theirs, ids)[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    assert np.isnan(found.log_probabilities[0])
    np.testing.assert_allclose(found.log_probabilities[1:], wanted, atol=1e-5)
    assert found.tokens == tuple(twins.text_of(ids).split())
    assert found.ids.tolist() == ids
    loss = theirs(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item()
    assert found.perplexity == pytest.approx(np.exp(loss), rel=1e-4)


def test_a_masked_text_scores_each_token_behind_a_mask(masked: tuple[Any, Model]) -> None:
    theirs, ours = masked
    ids = IDS[:12]
    found = score_text(ours, twins.word_tokenizer(), twins.text_of(ids))
    for i, token in enumerate(ids):
        hidden = [*ids[:i], twins.SPECIAL.index("[MASK]"), *ids[i + 1 :]]
        wanted = float(by_transformers(theirs, hidden)[i, token])
        assert found.log_probabilities[i] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("context", [0, 2, 7, 31])
def test_a_long_causal_text_is_read_in_windows_that_overlap(
    causal: tuple[Any, Model], context: int
) -> None:
    theirs, ours = causal
    found = score_ids(ours, twins.word_tokenizer(), IDS, context)
    size = context or 32
    stride, done = max(size // 2, 1), size
    wanted = [np.nan]
    first = by_transformers(theirs, IDS[:size])
    wanted += [float(first[i - 1, IDS[i]]) for i in range(1, size)]
    while done < len(IDS):
        end = min(done + stride, len(IDS))
        window = by_transformers(theirs, IDS[end - size : end])
        wanted += [float(window[i - 1 - (end - size), IDS[i]]) for i in range(done, end)]
        done = end
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_long_masked_text_is_read_in_windows_side_by_side(masked: tuple[Any, Model]) -> None:
    theirs, ours = masked
    ids = IDS[:40]
    told: list[tuple[int, int]] = []
    found = score_ids(
        ours, twins.word_tokenizer(), ids, 9, lambda done, of: told.append((done, of))
    )
    for i, token in enumerate(ids):
        begin = min(i // 9 * 9, len(ids) - 9)  # the last one is as long as the others
        window = ids[begin : begin + 9]
        window[i - begin] = twins.SPECIAL.index("[MASK]")
        wanted = float(by_transformers(theirs, window)[i - begin, token])
        assert found[i] == pytest.approx(wanted, abs=1e-5)
    assert told[-1] == (40, 40)


def test_perplexity_of_a_file_by_its_definitions(causal: tuple[Any, Model]) -> None:
    _theirs, ours = causal
    tokenizer = twins.word_tokenizer()
    lines = [twins.text_of(IDS[i : i + 10]) + "\n" for i in range(0, 150, 10)]
    found = measure_perplexity(ours, tokenizer, lines)
    nats = -score_ids(ours, tokenizer, IDS)[1:]
    assert found.per_token == pytest.approx(np.exp(nats.mean()))
    assert (found.tokens, found.scored, found.words) == (150, 149, 150)
    assert found.bytes == sum(len(line) for line in lines)
    assert found.per_word == pytest.approx(found.per_token)  # a token a word here
    assert found.bits_per_byte == pytest.approx(nats.mean() * 150 / log(2) / found.bytes)
    some = measure_perplexity(ours, tokenizer, lines, first=64)
    assert (some.tokens, some.scored) == (64, 63)
    assert some.per_token == pytest.approx(np.exp(-score_ids(ours, tokenizer, IDS[:64])[1:].mean()))


def test_a_masked_text_a_little_longer_than_the_context_has_no_short_window(
    masked: tuple[Any, Model],
) -> None:
    theirs, ours = masked
    found = score_ids(ours, twins.word_tokenizer(), IDS[:34])
    hidden = [*IDS[2:33], twins.SPECIAL.index("[MASK]")]
    wanted = float(by_transformers(theirs, hidden)[-1, IDS[33]])
    assert found[-1] == pytest.approx(wanted, abs=1e-5)
    few = score_ids(ours, twins.word_tokenizer(), IDS[:5], 9)
    assert not np.isnan(few).any()


@pytest.fixture
def framing(tmp_path: Path) -> Any:
    """Return a tokenizer that puts special tokens around a text."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = twins.word_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[PAD] $A [UNK]", special_tokens=[("[PAD]", 0), ("[UNK]", 1)]
    )
    tokenizer.save_pretrained(tmp_path)
    return AutoTokenizer.from_pretrained(tmp_path)


def test_special_tokens_that_the_tokenizer_adds_are_not_scored(
    masked: tuple[Any, Model], framing: Any
) -> None:
    found = score_text(masked[1], framing, "w3 w4")
    assert found.tokens == ("[PAD]", "w3", "w4", "[UNK]")
    assert np.isnan(found.log_probabilities).tolist() == [True, False, False, True]


@pytest.mark.parametrize("kind", ["causal", "masked"])
def test_a_file_has_the_same_perplexity_whatever_a_tokenizer_puts_around_its_lines(
    kind: str, framing: Any, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)[1]
    lines = ["w3 w4 w5\n", "\n", "w6 w7\n", "\n"]
    found = measure_perplexity(model, framing, lines)
    assert found == measure_perplexity(model, twins.word_tokenizer(), lines)
    assert found.tokens == found.words == 5


def test_bad_input_is_one_sentence(causal: tuple[Any, Model]) -> None:
    ours, tokenizer = causal[1], twins.word_tokenizer()
    with pytest.raises(UsageError, match="The text is empty"):
        score_text(ours, tokenizer, " ")
    with pytest.raises(UsageError, match="The text has 33 tokens; the model takes 32 at once"):
        score_text(ours, tokenizer, "w1 " * 33)
    with pytest.raises(DataError, match="too short: it takes two tokens or more"):
        measure_perplexity(ours, tokenizer, ["w1\n"])
    assert np.isnan(score_text(ours, tokenizer, "w1").perplexity)


def test_a_context_in_which_nothing_can_be_predicted_is_refused(
    causal: tuple[Any, Model], masked: tuple[Any, Model]
) -> None:
    tokenizer, lines = twins.word_tokenizer(), ["w1 w2 w3\n"]
    told = "context: 1 is not allowed; a causal model takes 2 or more, or 0 for all."
    with pytest.raises(ConfigError, match=told):
        measure_perplexity(causal[1], tokenizer, lines, context=1)
    assert measure_perplexity(masked[1], tokenizer, lines, context=1).scored == 3
    with pytest.raises(ConfigError, match="context: -1 is not allowed; a masked model takes 1"):
        measure_perplexity(masked[1], tokenizer, lines, context=-1)
