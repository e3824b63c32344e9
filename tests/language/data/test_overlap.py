"""What is learned from and measured on is counted and told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from epoque.bench.runs.run import Run
from epoque.language.config import LanguageConfig
from epoque.language.data import corpus, overlap
from epoque.language.data.corpus import Documents, file_documents
from epoque.language.data.overlap import Overlap
from epoque.language.figures.run_figures import _describe_text
from epoque.language.lab import LAB

OLD = [f"the old line number {i}" for i in range(10, 50)]
NEW = [f"the new line number {i}" for i in range(10, 50)]


def text(path: Path, lines: list[str], end: str = "\n") -> Documents:
    path.write_bytes("".join(line + end for line in lines).encode())
    return file_documents([str(path)])


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (NEW, Overlap(0, 0.0)),
        (OLD, Overlap(40, 1.0)),
        (OLD[:20] + NEW[:20], Overlap(20, 0.5)),
        ([*OLD[:10], "", "  ", *OLD[:10], *NEW[:20]], Overlap(20, 0.5)),
        ([f"  {OLD[0]}\t", "x" * 3 * len(OLD[0])], Overlap(1, 0.25)),
    ],
)
def test_lines_that_both_texts_have_are_counted(
    tmp_path: Path, lines: list[str], found: Overlap
) -> None:
    train = text(tmp_path / "train.txt", OLD, "\r\n")
    assert overlap.measure_overlap(train, text(tmp_path / "valid.txt", lines)) == found


def test_it_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = text(tmp_path / "train.txt", OLD), text(tmp_path / "valid.txt", OLD[:5])
    first = overlap.measure_overlap(*texts)
    monkeypatch.delattr(overlap, "_compare")
    assert overlap.measure_overlap(*texts) == first == Overlap(5, 1.0)
    monkeypatch.setattr(overlap, "MAX_COMPARED_TEXT_BYTES", 10)
    assert overlap.measure_overlap(*texts) is None
    assert overlap.describe_overlap(corpus.Splits(*texts, None)) is None


def test_texts_that_ship_are_apart() -> None:
    for name in ("shakespeare", "code-du-travail"):
        splits = corpus.load_splits(LanguageConfig(corpus=name))
        assert overlap.describe_overlap(splits) is None
        found = overlap.measure_overlap(splits.train, splits.valid)
        assert found is not None
        assert 0 < found.share < overlap.NOTABLE_SHARE / 4


def test_a_learner_is_told(
    tiny: Callable[..., LanguageConfig], train_run: Callable[..., Run], texts: dict[str, Any]
) -> None:
    both = {"valid_files": texts["train_files"], "test_files": texts["test_files"]}
    told = LAB.prepare(tiny(**both))
    assert told is not None
    assert told.startswith("100% of the validation text (")
    assert "(300 lines) is in the training text, too: losses measured on it are lower" in told
    run = train_run(**both, max_steps=2)
    results = run.results
    assert (results["valid_in_train_share"], results["valid_lines_in_train"]) == (1.0, 300)
    assert 0 <= results["test_in_train_share"] < 1
    assert _describe_text(run, "en") == "100\u202f% of the text measured on was learned from"
    assert "100" in _describe_text(run, "fr")
    assert _describe_text(run, "fr") != _describe_text(run, "en")
