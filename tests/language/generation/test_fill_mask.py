from pathlib import Path
from typing import Any

import pytest
import twins
from transformers import pipeline

from epoque.bench.errors import UsageError
from epoque.language.generation.fill_mask import fill_mask
from epoque.language.models import Model


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Model]:
    return twins.bert(tmp_path_factory.mktemp("bert"))


def test_the_candidates_are_those_of_transformers_pipeline(pair: tuple[Any, Model]) -> None:
    theirs, ours = pair
    tokenizer = twins.word_tokenizer()
    fill = pipeline("fill-mask", model=theirs, tokenizer=tokenizer, device="cpu")
    for text in ("w3 w4 [MASK] w5", "[MASK]", "w1 w2 w3 [MASK]"):
        (found,) = fill_mask(ours, tokenizer, text, top=7)
        wanted = fill(text, top_k=7)
        assert [c.id for c in found] == [row["token"] for row in wanted]
        assert [c.token for c in found] == [row["token_str"] for row in wanted]
        assert [c.probability for c in found] == pytest.approx(
            [row["score"] for row in wanted], abs=1e-6
        )
        assert [c.text for c in found] == [row["sequence"] for row in wanted]


def test_each_of_several_masks_is_filled_as_if_the_others_stayed(pair: tuple[Any, Model]) -> None:
    theirs, ours = pair
    tokenizer = twins.word_tokenizer()
    text = "w3 [MASK] w4 [MASK]"
    found = fill_mask(ours, tokenizer, text, top=3)
    fill = pipeline("fill-mask", model=theirs, tokenizer=tokenizer, device="cpu")
    assert [[c.id for c in place] for place in found] == [
        [row["token"] for row in place] for place in fill(text, top_k=3)
    ]
    assert found[0][0].text.startswith(f"w3 {found[0][0].token} w4")
    assert found[0][0].text.count("[MASK]") == 1


def test_all_candidates_together_are_certain(pair: tuple[Any, Model]) -> None:
    (found,) = fill_mask(pair[1], twins.word_tokenizer(), "w3 [MASK]", top=10**6)
    assert len(found) == twins.WORDS
    assert sum(candidate.probability for candidate in found) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "top", "message"),
    [
        ("w1 w2", 5, r"There is no \[MASK\] in the text"),
        ("", 5, "The text is empty"),
        ("  ", 5, "The text is empty"),
        ("[MASK] " * 33, 5, "The text has 33 tokens; the model takes 32 at once"),
        ("[MASK]", 0, "top: 0 is not allowed"),
    ],
)
def test_bad_input_is_one_sentence(
    pair: tuple[Any, Model], text: str, top: int, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        fill_mask(pair[1], twins.word_tokenizer(), text, top)


def test_a_causal_model_cannot(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="This model is causal"):
        fill_mask(twins.gpt2(tmp_path)[1], twins.word_tokenizer(), "w1 [MASK]")
