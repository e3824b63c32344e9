"""What a template reads of recipes: their settings, and what follows from them."""

from pathlib import Path

import pytest

from epoque.bench.errors import UnknownNameError, UsageError
from epoque.report.book import read_book
from epoque.report.model import Paragraph, plain
from epoque.report.sources import find_setting


def test_a_setting_is_the_recipe_s_or_its_lab_s_default() -> None:
    assert find_setting("language/notebook-clm", "learning_rate") == 2e-5
    assert find_setting("language/notebook-clm", "momentum") == 0.95
    assert find_setting("gan2d/ganlab-ring", "generator.optimizer.learning_rate") > 0


def test_a_number_that_follows_from_the_settings() -> None:
    assert find_setting("language/notebook-clm", "parameter_count") == pytest.approx(
        124e6, rel=0.02
    )


@pytest.mark.parametrize("name", ["learning_rat", "model_dump", "__class__", "is_gated"])
def test_what_is_neither_is_told(name: str) -> None:
    with pytest.raises(UnknownNameError, match="no setting of language/notebook-clm named"):
        find_setting("language/notebook-clm", name)


@pytest.mark.parametrize(("language", "words"), [("en", "0.95 of 560"), ("fr", "0,95 of 560")])
def test_a_template_prints_them(tmp_path: Path, language: str, words: str) -> None:
    recipe = '"language/notebook-clm"'
    calls = f'{{{{ setting({recipe}, "momentum") }}}} of {{{{ minutes({recipe}) }}}}'
    (tmp_path / "mine.md").write_text(calls)
    (paragraph,) = read_book(tmp_path / "runs", language, template=tmp_path / "mine.md").blocks
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.children) == words


def test_an_unknown_recipe_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text('\n{{ minutes("language/notebook") }}')
    with pytest.raises(UsageError, match=r"mine\.md, line 2: .*language/notebook"):
        read_book(tmp_path / "runs", "en", template=tmp_path / "mine.md")
