"""Lists of paths: commas between them, double quotes around a comma in one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epoque.bench.errors import ConfigError
from epoque.bench.files.path_list import join_paths, merge_paths, split_paths
from epoque.bench.sweeps.grid import parse_axes, to_cell
from epoque.cli import main
from epoque.language.config import LanguageConfig


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.txt", ["a.txt"]),
        ("a.txt,b.txt", ["a.txt", "b.txt"]),
        (" a.txt , b c.txt ", ["a.txt", "b c.txt"]),
        ('"b,c.txt",a.txt', ["b,c.txt", "a.txt"]),
        ('"said ""so"", twice"', ['said "so", twice']),
        ('été,an "aside".txt', ["été", 'an "aside".txt']),
        ('"unclosed,a', ['"unclosed', "a"]),
        ("a,,b", ["a", "", "b"]),
        ("", []),
        ("  ", []),
    ],
)
def test_split(text: str, paths: list[str]) -> None:
    assert split_paths(text) == paths


@given(st.lists(st.text(st.sampled_from('ab ,"\n\té;'), max_size=5), min_size=1, max_size=4))
def test_what_is_joined_is_split_again(paths: list[str]) -> None:
    assert split_paths(join_paths(paths)) == paths


def test_a_text_that_is_a_path_is_that_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "poèmes, prose.txt"
    assert split_paths(name) == ["poèmes", "prose.txt"]
    Path(name).write_text("x")
    assert split_paths(name) == [name]
    assert merge_paths([name, "a,b"]) == f'"{name}",a,b'
    assert LanguageConfig.parse({"train_files": name}).train_files == (name,)


def test_a_list_is_literal_and_typed_again_with_quotes() -> None:
    config = LanguageConfig.parse({"train_files": ["b,c.txt", "a.txt"]})
    assert config.train_files == ("b,c.txt", "a.txt")
    assert to_cell(config.train_files) == '"b,c.txt",a.txt'


@pytest.mark.parametrize("value", ["a.txt,,b.txt", "a.txt,", [""], [3]])
def test_a_path_without_a_name_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="it takes a list such as"):
        LanguageConfig.parse({"train_files": value})


def test_an_axis_of_paths_has_one_path_a_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = LanguageConfig(train_files=("a.txt",))
    (axis,) = parse_axes(base, ['train_files="b,c.txt",a.txt'])
    assert axis.values == (("b,c.txt",), ("a.txt",))
    (axis,) = parse_axes(base, ["train_files=a.txt,b.txt;c.txt"])
    assert axis.values == (("a.txt", "b.txt"), ("c.txt",))
    (tmp_path / "b,c.txt").touch()
    (axis,) = parse_axes(base, ["train_files=b,c.txt"])
    assert axis.values == (("b,c.txt",),)


def test_options_of_paths_may_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("été, hiver.txt").write_text("words\n" * 40)
    Path("a.txt").write_text("words\n" * 40)
    words = ["--train-files", "été, hiver.txt", "--train-files", '"gone, too.txt",a.txt']
    with pytest.raises(SystemExit) as ended:
        main(["run", "language/tiny-clm", *words])
    assert ended.value.code == 2
    assert "There is no file or folder gone, too.txt." in capsys.readouterr().err
