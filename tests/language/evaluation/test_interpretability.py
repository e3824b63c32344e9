from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import twins

from epoque.bench.errors import UsageError
from epoque.language.evaluation.interpretability import (
    find_neighbors,
    measure_attention,
    predict_tokens,
    read_logit_lens,
)
from epoque.language.models import Model

IDS = [5, 9, 9, 21, 40, 3, 17]
TEXT = twins.text_of(IDS)


@pytest.fixture(scope="module", params=["gpt2", "bert"])
def pair(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Model]:
    make = {"gpt2": twins.gpt2, "bert": twins.bert}[request.param]
    return make(tmp_path_factory.mktemp(request.param))


@torch.no_grad()
def see(theirs: Any) -> Any:
    """Return what transformers computes for the text."""
    ids = torch.tensor([IDS])
    return theirs(ids, output_attentions=True, output_hidden_states=True)


def test_attention_is_that_of_transformers(pair: tuple[Any, Model]) -> None:
    theirs, ours = pair
    found = measure_attention(ours, twins.word_tokenizer(), TEXT)
    wanted = torch.cat(see(theirs).attentions).numpy()
    assert found.weights.shape == (len(ours.layers), ours.heads, len(IDS), len(IDS))
    np.testing.assert_allclose(found.weights, wanted, atol=1e-5)
    np.testing.assert_allclose(found.weights.sum(-1), 1, atol=1e-5)
    if ours.causal:
        assert np.triu(found.weights, 1).max() == 0
    assert found.tokens == tuple(TEXT.split())


def test_the_next_tokens_are_those_of_transformers(pair: tuple[Any, Model]) -> None:
    theirs, ours = pair
    found = predict_tokens(ours, twins.word_tokenizer(), TEXT, top=4)
    best = see(theirs).logits[0].softmax(-1).topk(4)
    np.testing.assert_array_equal(found.ids, best.indices)
    np.testing.assert_allclose(found.probabilities, best.values, atol=1e-5)
    assert found.words[0] == tuple(twins.text_of([i]) for i in found.ids[0])


def test_the_lens_ends_in_the_models_answer(pair: tuple[Any, Model]) -> None:
    theirs, ours = pair
    found = read_logit_lens(ours, twins.word_tokenizer(), TEXT, top=3)
    assert found.ids.shape == found.probabilities.shape == (len(ours.layers) + 1, len(IDS), 3)
    logs = see(theirs).logits[0].log_softmax(-1)
    np.testing.assert_array_equal(found.ids[-1], logs.topk(3).indices)
    np.testing.assert_allclose(found.entropy[-1], -(logs.exp() * logs).sum(-1), atol=1e-4)


@pytest.mark.parametrize("kind", ["gpt2", "bert"])
def test_rows_without_a_token_are_never_shown(kind: str, tmp_path: Path) -> None:
    """A model may have more rows than its tokenizer has tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    ours = getattr(twins, kind)(tmp_path)[1]
    made = Tokenizer(WordLevel({f"w{i}": i for i in range(5)}, unk_token="w0"))
    made.pre_tokenizer = WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="w0")
    found, lens = (
        look(ours, tokenizer, "w1 w2 w3", 20) for look in (predict_tokens, read_logit_lens)
    )
    assert found.ids.shape == (3, 5)
    assert lens.ids.shape == (len(ours.layers) + 1, 3, 5)
    for ids in (found.ids, lens.ids):
        np.testing.assert_array_equal(np.sort(ids), np.broadcast_to(np.arange(5), ids.shape))
    assert all(word.startswith("w") for row in found.words for word in row)
    assert (found.probabilities.sum(-1) < 0.9).all()  # of the whole vocabulary


def test_the_lens_reads_the_states_between_the_layers(tmp_path: Path) -> None:
    theirs, ours = twins.gpt2(tmp_path)
    found = read_logit_lens(ours, twins.word_tokenizer(), TEXT, top=3)
    for layer, state in enumerate(see(theirs).hidden_states[:-1]):  # the last one is normed
        with torch.no_grad():
            logits = theirs.lm_head(theirs.transformer.ln_f(state))[0]
        best = logits.softmax(-1).topk(3)
        np.testing.assert_array_equal(found.ids[layer], best.indices)
        np.testing.assert_allclose(found.probabilities[layer], best.values, atol=1e-5)


def test_neighbours_have_the_greatest_cosines(pair: tuple[Any, Model]) -> None:
    ours = pair[1]
    table = ours.embedding_weight.detach().numpy()
    norms = np.maximum(np.linalg.norm(table, axis=1), 1e-12)  # of padding it is 0
    cosine = table @ table.T / np.outer(norms, norms)
    np.fill_diagonal(cosine, -2)
    found = find_neighbors(ours, [7, 30], 5)
    for row, token in enumerate((7, 30)):
        np.testing.assert_array_equal(found.neighbors[row], np.argsort(-cosine[token])[:5])
        wanted = np.sort(cosine[token])[::-1][:5]
        np.testing.assert_allclose(found.cosines[row], wanted, atol=1e-5)
    few = find_neighbors(ours, [7, 8], 5, among=[7, 9, 11])
    assert few.neighbors.shape == (2, 2)
    assert set(few.neighbors[0]) == {9, 11}
    assert set(few.neighbors[1]) <= {7, 9, 11}


def test_bad_input_is_one_sentence(pair: tuple[Any, Model]) -> None:
    for look in (measure_attention, predict_tokens, read_logit_lens):
        with pytest.raises(UsageError, match="The text is empty"):
            look(pair[1], twins.word_tokenizer(), "")
        with pytest.raises(UsageError, match="the model takes 32 at once"):
            look(pair[1], twins.word_tokenizer(), "w1 " * 40)
