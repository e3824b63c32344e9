"""The lab's actions as Python functions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import epoque
from epoque import language

Train = Callable[..., epoque.Run[Any]]
PROMPT = "the cat sees"


@pytest.fixture(scope="module")
def causal(train_run: Train) -> epoque.Run[Any]:
    return train_run()


@pytest.fixture(scope="module")
def masked(train_run: Train) -> epoque.Run[Any]:
    return train_run(objective="masked")


def test_generate_and_stream_say_the_same(
    causal: epoque.Run[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    how: dict[str, Any] = {"max_tokens": 12, "seed": 3}
    both = language.generate(causal, prompt=[PROMPT, "a dog"], **how)
    assert [text.prompt for text in both.texts] == [PROMPT, "a dog"]
    assert both.sampling.seed == 3
    assert both.sampling.context > 0
    one = language.generate(causal, PROMPT, **how)
    assert str(one) == PROMPT + one.texts[0].text
    assert "".join(language.stream(str(causal.path), PROMPT, **how)) == one.texts[0].text
    assert capsys.readouterr() == ("", "")
    with pytest.raises(epoque.ConfigError, match=r"^prompt: one text is streamed"):
        language.stream(causal, prompt=["a", "b"])


def test_fill_mask_score_and_perplexity(
    causal: epoque.Run[Any], masked: epoque.Run[Any], tmp_path: Path
) -> None:
    (candidates,) = language.fill_mask(masked, "the [MASK] sees the house .", top=3)
    assert len(candidates) == 3
    score = language.score(causal, "the cat sees the house .")
    assert score.perplexity > 1
    text = tmp_path / "text.txt"
    text.write_text("the cat sees the house .\n" * 5)
    steps: list[int] = []
    found = language.perplexity(
        masked, text, first=20, progress=lambda done, _total, _what="": steps.append(done)
    )
    assert found.is_pseudo
    assert found.value.per_token > 1
    assert steps


def test_save_and_a_dry_push(causal: epoque.Run[Any], tmp_path: Path) -> None:
    told: list[str] = []
    runs = causal.path.parent
    saved = language.save(causal.id[:-1], tmp_path / "model", runs=runs, notify=told.append)
    assert "README.md" in saved.files
    assert told == [f"{causal.id[:-1]} is {causal.id}."]
    sent = language.push(saved.folder, "me/model", dry_run=tmp_path / "sent")
    assert sent.folder == tmp_path / "sent"
    assert sorted(sent.files) == sorted(saved.files)
    with pytest.raises(epoque.ConfigError, match=r"^licence: it goes into the model card of a run"):
        language.push(saved.folder, "me/model", licence="mit")


def test_what_is_wrong_is_told_by_python_names(causal: epoque.Run[Any]) -> None:
    with pytest.raises(epoque.ConfigError) as caught:
        language.generate(causal, PROMPT, top_p=2, beams=0)
    assert [problem.field for problem in caught.value.problems] == ["top_p", "beams"]
    with pytest.raises(epoque.ConfigError, match=r"^top_k: 3 would be ignored; it needs beams 1"):
        language.generate(causal, PROMPT, top_k=3, beams=2)
