"""Which text a language model learns from, and how its files are read."""

from collections.abc import Iterator
from typing import Literal

from epoque.bench.config import SettingsGroup, other_than, setting
from epoque.bench.errors import Problem
from epoque.bench.files.path_list import Paths

from ..labels import BLANK_LINES_CHOICES, UNDECODABLE_CHOICES

__all__ = ["TextSettings"]

_TEXTS = ("txt", "text", "tokens", "md", "jsonl", "ndjson", "json", "parquet")


class TextSettings(SettingsGroup):
    """The texts that are learned from and measured on."""

    corpus: str = setting(
        "shakespeare",
        "Corpus",
        "A named corpus, or a dataset of the Hugging Face Hub: owner/name or owner/name:config.",
        min_length=1,
        max_length=1000,
        group="Text",
        file=(),
    )
    train_files: Paths = setting(
        (),
        "Training files",
        "Your own text, Parquet or JSON-lines files or folders, or none.",
        group="Text",
        file=_TEXTS,
    )
    valid_files: Paths = setting(
        (),
        "Validation files",
        "Your own files that are only measured on, or none.",
        group="Text",
        only={"train_files": other_than(())},
        file=_TEXTS,
    )
    test_files: Paths = setting(
        (),
        "Test files",
        "Your own files that are measured once, at the end, or none.",
        group="Text",
        only={"train_files": other_than(())},
        file=_TEXTS,
    )
    text_column: str = setting(
        "text",
        "Text column",
        "In a Parquet or JSON-lines file or a Hub dataset: the column that holds the text.",
        min_length=1,
        max_length=1000,
        group="Text",
    )
    train_share: float = setting(
        1.0,
        "Share of the training text",
        "How much is learned from, counted from its start; the tokenizer is made from all of it.",
        gt=0,
        le=1,
        group="Text",
        step=0.05,
    )
    undecodable: Literal["stop", "replace"] = setting(
        "stop",
        "Bytes that are not UTF-8",
        "Stop there, or replace them by the sign �.",
        group="Text",
        choices=UNDECODABLE_CHOICES,
    )
    blank_lines: Literal["auto", "keep", "drop"] = setting(
        "auto",
        "Blank lines",
        "Keep those of text files, which part paragraphs, or drop them; auto: kept in your own "
        "files, dropped in a named corpus.",
        group="Text",
        choices=BLANK_LINES_CHOICES,
    )
    join_lines: bool = setting(
        False,
        "Join wrapped lines",
        "For your own text files that are wrapped at a fixed width: a paragraph becomes one line.",
        group="Text",
        only={"train_files": other_than(())},
    )
    evaluate_test: bool = setting(
        False,
        "Measure the test split",
        "Also measure the test split, once, at the end.",
        group="Text",
    )

    @property
    def keeps_blank_lines(self) -> bool:
        """Whether the blank lines of text files are part of the text."""
        if self.blank_lines == "auto":
            return bool(self.train_files)
        return self.blank_lines == "keep"

    @property
    def measures_test(self) -> bool:
        """Whether a test split is measured at the end: if it is asked for, or given."""
        return self.evaluate_test or bool(self.test_files)

    def _text_conflicts(self) -> Iterator[Problem]:
        if self.text_column != "text" and not self._has_columns():
            message = f"{self.text_column} would be ignored without files or a dataset of the Hub."
            yield Problem("text_column", message, ignored=True)
        if self.evaluate_test and self.train_files and not self.test_files:
            yield Problem("evaluate_test", "true needs test_files beside your own training files.")

    def _has_columns(self) -> bool:
        return bool(self.train_files or self.valid_files or self.test_files) or "/" in self.corpus
