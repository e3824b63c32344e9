"""What a corpus spells out is text; what a user types may mean special tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, pre_tokenizers
from transformers import ByT5Tokenizer

from epoque.bench.errors import DataError
from epoque.language.config import LanguageConfig
from epoque.language.data import corpus, token_cache, tokenizer
from epoque.language.data.corpus import Documents, file_documents
from epoque.language.data.encoding import encode_prompt, format_prompt, make_corpus_encoder
from epoque.language.data.tokenizer import load_tokenizer, prepare_tokenizer

WORDS = "the cat sat on the mat with <unk> and [MASK] or <|endoftext|>\n"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    path = tmp_path_factory.mktemp("encoding") / "a.txt"
    path.write_text(WORDS * 100)
    return file_documents([str(path)])


@pytest.fixture(scope="module")
def trained(text: Documents) -> Callable[..., Any]:
    known: dict[str, Any] = {}

    def train(**settings: Any) -> Any:
        name = repr(settings)
        if name not in known:
            known[name] = tokenizer.train_tokenizer(
                LanguageConfig(vocabulary=300, **settings), text
            )
        return known[name]

    return train


def tokens(made: Any, ids: list[int]) -> list[str]:
    return list(made.convert_ids_to_tokens(ids))


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
def test_the_end_of_a_text_spelt_out_in_a_corpus_is_text(
    trained: Callable[..., Any], kind: str
) -> None:
    made = trained(tokenizer_kind=kind)
    spelt = "cat<|endoftext|>the"
    assert "<|endoftext|>" not in tokens(made, make_corpus_encoder(made)([spelt])[0])
    assert "<|endoftext|>" in tokens(made, encode_prompt(made, spelt)["input_ids"])
    if kind == "bpe":
        assert made.decode(make_corpus_encoder(made)([spelt])[0]) == spelt


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
def test_a_mask_spelt_out_in_a_corpus_is_text(trained: Callable[..., Any], kind: str) -> None:
    made = trained(objective="masked", tokenizer_kind=kind, frame_lines=True)
    ids = make_corpus_encoder(made, add_special_tokens=True)(["the [MASK] sat"])[0]
    assert made.mask_token_id not in ids
    assert (ids[0], ids[-1]) == (made.cls_token_id, made.sep_token_id)  # these are of the frame
    assert made.mask_token_id in encode_prompt(made, "the [MASK] sat")["input_ids"]


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_unknown_words_of_a_corpus_stay_one_token(
    trained: Callable[..., Any], objective: str
) -> None:
    made = trained(objective=objective)
    assert tokens(made, make_corpus_encoder(made)(["the <unk> and"])[0]).count("<unk>") == 1


def test_a_tokenizer_written_in_python_does_the_same() -> None:
    made = ByT5Tokenizer()
    (ids,) = make_corpus_encoder(made)(["a</s>b"])
    assert made.eos_token_id not in ids
    assert len(ids) == len("a</s>b")


@pytest.mark.usefixtures("own_cache")
def test_no_special_token_of_a_corpus_reaches_the_blocks(
    trained: Callable[..., Any], text: Documents
) -> None:
    made = trained(objective="masked")
    ids = token_cache.load_blocks(
        LanguageConfig(objective="masked", block_size=8), made, text
    ).stream.ids
    assert made.mask_token_id not in ids
    assert (ids == made.convert_tokens_to_ids("<unk>")).sum() == 100


def test_a_pattern_that_backtracks_is_told(trained: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "greedy"
    trained(tokenizer_kind="bpe").save_pretrained(folder)
    made = tokenizer.load_tokenizer(folder)
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"(x+x+)+y"), "isolated")
    for cut in (
        lambda: make_corpus_encoder(made)(["x" * 40]),
        lambda: encode_prompt(made, "x" * 40),
    ):
        with pytest.raises(DataError, match=r"^The tokenizer .*greedy failed inside a library: "):
            cut()


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_a_word_without_end_is_learned_from_in_pieces(tmp_path: Path, objective: str) -> None:
    """Whole, the second one alone would take minutes: the time grows with the square."""
    path = tmp_path / "long.txt"
    path.write_text(WORDS * 20 + "a" * 60_000 + "\n" + "ab" * 500_000)
    documents = file_documents([str(path)])
    made = tokenizer.train_tokenizer(LanguageConfig(objective=objective, vocabulary=300), documents)
    assert "aaaa" in made.get_vocab() or "##aaaa" in made.get_vocab()
    if objective == "causal":
        *_, ids = make_corpus_encoder(made)(list(corpus.lines(documents)))
        assert made.decode(ids) == "ab" * 500_000 + "\n"


def test_only_long_words_are_divided() -> None:
    limit = tokenizer.MAX_WORD_LETTERS
    line = f"  one {'w' * (2 * limit + 1)}  three \n"
    pieces = tokenizer._cut_long_words(line)
    assert "".join(pieces) == line
    assert max(len(piece.strip()) for piece in pieces) == limit
    assert [p for p in pieces if "w" not in p] == ["  one", "  three", " \n"]
    for whole in (f"{'w' * limit} {'v' * limit}\n", " a\n", "\n", ""):
        assert tokenizer._cut_long_words(whole) == [whole]


SPACED = " The king sees the queen . \n The queen sees the king . \n" * 40


def test_a_prompt_begins_as_the_lines_of_the_corpus_do(tmp_path: Path) -> None:
    """As inside a sentence: in WikiText-2 each line begins with a space."""
    path = tmp_path / "spaced.txt"
    path.write_text(SPACED)
    config = LanguageConfig(vocabulary=300)
    made = prepare_tokenizer(config, file_documents([str(path)]))
    inside = make_corpus_encoder(made)([" sees the king ."])[0][1:]
    sentence = make_corpus_encoder(made)([" The king sees the king ."])[0]
    assert encode_prompt(made, "The king")["input_ids"] == sentence[:2]
    assert encode_prompt(made, "the king .")["input_ids"] == inside
    assert encode_prompt(made, " The king")["input_ids"] == sentence[:2]
    assert format_prompt(made, "<|endoftext|>The") == "<|endoftext|>The"
    assert format_prompt(made, "") == ""
    made.save_pretrained(str(tmp_path / "saved"))
    again = load_tokenizer(tmp_path / "saved")
    assert format_prompt(again, "The king") == " The king"
    path.write_text(SPACED.replace("\n ", "\n").strip())
    plain = prepare_tokenizer(config, file_documents([str(path)]))
    assert format_prompt(plain, "The king") == "The king"
