"""Tokenizers: the same text gives the same one, and nothing of a text is lost in it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from epoque.bench.errors import ConfigError, DataError
from epoque.bench.files import cache as store
from epoque.language.config import LanguageConfig
from epoque.language.data import corpus, token_cache, tokenizer
from epoque.language.data.corpus import Documents, file_documents

TEXT = "The cat sees the <unk> .\n\nA dog, a <unk> dog!\nÉté 123 été.\n" * 30


def config(objective: str = "causal", **changes: Any) -> LanguageConfig:
    return LanguageConfig(objective=objective, **{"vocabulary": 300, **changes})


@pytest.fixture
def text(tmp_path: Path) -> Documents:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    return file_documents([str(tmp_path / "text.txt")])


@pytest.fixture
def plain(tmp_path: Path) -> Documents:
    (tmp_path / "plain.txt").write_text(TEXT.replace("<unk>", "thing"), encoding="utf-8")
    return file_documents([str(tmp_path / "plain.txt")])


# Trained


@pytest.fixture(scope="module")
def bpe() -> PreTrainedTokenizerFast:
    return tokenizer.train_tokenizer(config(vocabulary=1000), corpus.load_splits(config()).valid)


@settings(max_examples=100, deadline=None)
@given(st.text().filter(lambda text: tokenizer.END not in text))
def test_byte_level_bpe_writes_any_text(bpe: PreTrainedTokenizerFast, text: str) -> None:
    assert bpe.decode(bpe.encode(text)) == text


def test_a_tokenizer_has_as_many_tokens_as_asked(bpe: PreTrainedTokenizerFast) -> None:
    assert len(bpe) == 1000
    assert sorted(bpe.get_vocab().values()) == list(range(1000))
    wordpiece = tokenizer.train_tokenizer(
        config("masked", vocabulary=500), corpus.load_splits(config()).valid
    )
    assert len(wordpiece) == 500


def test_unknown_words_of_the_corpus_are_one_token_each(text: Documents) -> None:
    made = tokenizer.train_tokenizer(config(), text)
    tokens = made.convert_ids_to_tokens(made.encode("the <unk> ."))
    assert tokens[-2:] == ["<unk>", "Ġ."]  # the space before it went along
    assert tokens[-3] == "the"
    assert (made.unk_token, made.eos_token) == ("<unk>", "<|endoftext|>")
    masked = tokenizer.train_tokenizer(config("masked"), text)
    assert masked.convert_ids_to_tokens(masked.encode("the <unk> ."))[-2] == "<unk>"


def test_a_corpus_without_unknown_words_gets_no_token_for_them(plain: Documents) -> None:
    made = tokenizer.train_tokenizer(config(), plain)
    assert "<unk>" not in made.get_vocab()
    assert made.unk_token is None


def test_wordpiece_has_the_tokens_of_bert(text: Documents) -> None:
    made = tokenizer.train_tokenizer(config("masked"), text)
    special = [made.pad_token, made.unk_token, made.cls_token, made.sep_token, made.mask_token]
    assert special == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert made.convert_tokens_to_ids(special) == [0, 1, 2, 3, 4]
    assert made.tokenize("The dog [MASK] it.").count("[MASK]") == 1
    assert made("The cat")["input_ids"] == made("The cat", add_special_tokens=False)["input_ids"]


def test_either_kind_can_be_trained_for_either_objective(text: Documents) -> None:
    bpe = tokenizer.train_tokenizer(config("masked", tokenizer_kind="bpe", frame_lines=True), text)
    special = [bpe.pad_token, bpe.unk_token, bpe.cls_token, bpe.sep_token, bpe.mask_token]
    assert special == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert bpe.decode(bpe("Le café ☃\n", add_special_tokens=False)["input_ids"]) == "Le café ☃\n"
    ids = bpe("the [MASK] sees")["input_ids"]
    assert (ids[0], ids[-1]) == (bpe.cls_token_id, bpe.sep_token_id)
    without = bpe("the sees")["input_ids"]  # the mask stands for a word with the space before it
    assert [i for i in ids if i != bpe.mask_token_id] == without
    tokenizer.check_objective(bpe, "masked")
    wordpiece = tokenizer.train_tokenizer(config(tokenizer_kind="wordpiece"), text)
    assert any(token.startswith("##") for token in wordpiece.get_vocab())
    assert (wordpiece.eos_token, wordpiece.unk_token) == ("<|endoftext|>", "[UNK]")
    assert "[MASK]" not in wordpiece.get_vocab()


@pytest.mark.usefixtures("own_folder")
def test_the_kind_is_kept_and_read_again(text: Documents) -> None:
    wanted = config("masked", tokenizer_kind="bpe")
    first, again = (tokenizer.prepare_tokenizer(wanted, text) for _ in range(2))
    assert first("a [MASK] b")["input_ids"] == again("a [MASK] b")["input_ids"]
    tokenizer.prepare_tokenizer(config("masked"), text)
    assert len(cached()) == 2
    tokenizer.prepare_tokenizer(
        config("masked", tokenizer_kind="wordpiece"), text
    )  # what it is anyway
    assert len(cached()) == 2


@pytest.mark.usefixtures("own_folder")
def test_tokenizers_that_were_trained_before_are_still_found(text: Documents) -> None:
    """The keys are those of earlier versions."""
    tokenizer.prepare_tokenizer(config("masked", frame_lines=True), text)
    told = {"vocabulary": 300, "lowercase": False, "frame_lines": True}
    key = store.cache_key(format=2, text=text.fingerprint, objective="masked", **told)
    assert [path.parent.name for path in cached()] == [key]


def test_training_reports_its_progress(text: Documents) -> None:
    reports: list[tuple[int, int | None, str]] = []

    def progress(done: int, total: int | None, what: str = "") -> None:
        reports.append((done, total, what))

    tokenizer.train_tokenizer(config("masked"), text, progress)
    assert reports == [
        (0, text.size, "Tokenizer: counting signs"),
        (0, None, "Tokenizer: putting tokens together"),
        (0, text.size, "Tokenizer: counting words"),
        (0, None, "Tokenizer: putting tokens together"),
    ]


def test_lines_are_framed_if_asked(text: Documents) -> None:
    made = tokenizer.train_tokenizer(config("masked", frame_lines=True), text)
    for line in ("The cat", ""):
        inner = made(line, add_special_tokens=False)["input_ids"]
        assert made(line)["input_ids"] == [2, *inner, 3]


def test_capitals_become_small_letters_if_asked(text: Documents) -> None:
    for objective in ("causal", "masked"):
        small = tokenizer.train_tokenizer(config(objective, lowercase=True), text)
        assert small.tokenize("The CAT") == small.tokenize("the cat")
        large = tokenizer.train_tokenizer(config(objective), text)
        assert large.tokenize("The CAT") != large.tokenize("the cat")


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_the_same_text_gives_the_same_tokenizer(objective: str) -> None:
    wanted = config(objective, vocabulary=2000)
    valid = corpus.load_splits(config(corpus="code-du-travail")).valid
    first, again = (
        tokenizer.train_tokenizer(wanted, valid).backend_tokenizer.to_str() for _ in range(2)
    )
    assert first == again


def test_a_vocabulary_that_is_too_small_is_refused(text: Documents) -> None:
    with pytest.raises(ConfigError, match=r"vocabulary: 257 is too few .* at least 258"):
        tokenizer.train_tokenizer(config(vocabulary=257), text)
    assert len(tokenizer.train_tokenizer(config(vocabulary=258), text)) == 258


def test_rare_signs_become_unknown_and_always_the_same_ones(tmp_path: Path) -> None:
    signs = [chr(0x4E00 + i) for i in range(400)]  # each a word of its own
    (tmp_path / "a.txt").write_text("".join(s * (9 if s in signs[300:330] else 1) for s in signs))
    documents = file_documents([str(tmp_path / "a.txt")])
    made = [
        tokenizer.train_tokenizer(config("masked", vocabulary=400), documents) for _ in range(3)
    ]
    known = [sign for sign in signs if made[0].tokenize(sign) == [sign]]
    assert known == [*signs[:70], *signs[300:330]]
    assert len({m.backend_tokenizer.to_str() for m in made}) == 1


def test_training_looks_at_the_start_of_a_large_text(
    text: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "MOST_CHARACTERS", 10)
    assert [line for batch in tokenizer._read_sample(text) for line in batch] == [
        "The cat sees the <unk> .\n"
    ]


# Kept


def cached() -> list[Path]:
    return list((store.cache_folder() / "tokenizers").glob("*/tokenizer.json"))


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("own_folder")
def test_a_tokenizer_is_trained_once(text: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tokenizer.prepare_tokenizer(config(), text)
    with monkeypatch.context() as patch:
        patch.delattr(tokenizer, "train_tokenizer")
        again = tokenizer.prepare_tokenizer(config(block_size=32, seed=3), text)
    assert again.backend_tokenizer.to_str() == first.backend_tokenizer.to_str()
    assert again.special_tokens_map == first.special_tokens_map


@pytest.mark.usefixtures("own_folder")
def test_another_text_or_setting_is_another_tokenizer(text: Documents, plain: Documents) -> None:
    for wanted, documents in (
        (config(), text),
        (config(), plain),
        (config(vocabulary=290), text),
        (config(lowercase=True), text),
        (config("masked"), text),
        (config("masked", frame_lines=True), text),
    ):
        tokenizer.prepare_tokenizer(wanted, documents)
    assert len(cached()) == 6


@pytest.mark.usefixtures("own_folder")
def test_a_damaged_tokenizer_is_trained_again(text: Documents) -> None:
    first = tokenizer.prepare_tokenizer(config(), text)
    [path] = cached()
    path.write_bytes(path.read_bytes()[:500])
    again = tokenizer.prepare_tokenizer(config(), text)
    assert again.backend_tokenizer.to_str() == first.backend_tokenizer.to_str()


# Loaded


def wordlevel(words: dict[str, int], **roles: str) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.WordLevel(words, unk_token="a"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, **roles)


def test_a_folder_is_loaded_whatever_else_lies_in_it(text: Documents, tmp_path: Path) -> None:
    made = tokenizer.train_tokenizer(config("masked"), text)
    made.save_pretrained(tmp_path / "kept")
    (tmp_path / "kept" / "config.json").write_text(json.dumps({"model_type": 7, "layers": 2}))
    loaded = tokenizer.prepare_tokenizer(
        config("masked", tokenizer=str(tmp_path / "kept"), vocabulary=25_000), text
    )
    assert loaded("The cat")["input_ids"] == made("The cat")["input_ids"]
    assert loaded.mask_token_id == made.mask_token_id


def test_a_loaded_tokenizer_frames_only_if_asked(text: Documents, tmp_path: Path) -> None:
    named = {"tokenizer": str(tmp_path / "kept"), "vocabulary": 25_000}
    tokenizer.train_tokenizer(config("masked", frame_lines=True), text).save_pretrained(
        tmp_path / "kept"
    )
    framed = tokenizer.prepare_tokenizer(config("masked", **named, frame_lines=True), text)
    inner = framed("The cat", add_special_tokens=False)["input_ids"]
    assert framed("The cat")["input_ids"] == [2, *inner, 3]
    bare = tokenizer.prepare_tokenizer(config("masked", **named), text)
    bare.save_pretrained(tmp_path / "run")
    for made in (
        bare,
        tokenizer.load_tokenizer(tmp_path / "run"),
    ):  # a run keeps it as the model knows it
        assert made("The cat")["input_ids"] == inner
        assert made.mask_token_id == framed.mask_token_id


def test_framed_lines_need_a_tokenizer_that_frames(text: Documents, tmp_path: Path) -> None:
    named = {"tokenizer": str(tmp_path), "vocabulary": 25_000, "frame_lines": True}
    tokenizer.train_tokenizer(config("masked", frame_lines=True), text).save_pretrained(tmp_path)
    assert tokenizer.prepare_tokenizer(config("masked", **named), text).cls_token == "[CLS]"
    tokenizer.train_tokenizer(config("masked"), text).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"frame_lines: the tokenizer .* puts no special tokens"):
        tokenizer.prepare_tokenizer(config("masked", **named), text)


def test_what_cannot_be_loaded_is_said(text: Documents, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no tokenizer '/no/such'"):
        tokenizer.load_tokenizer("/no/such")
    with pytest.raises(DataError, match=f"{tmp_path} holds no tokenizer"):
        tokenizer.load_tokenizer(tmp_path)
    tokenizer.train_tokenizer(config(), text).save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0", "trunc')
    with pytest.raises(DataError, match=f"{tmp_path} holds no tokenizer") as caught:
        tokenizer.load_tokenizer(tmp_path)
    assert "\n" not in str(caught.value)


def test_gaps_in_the_ids_are_refused(tmp_path: Path) -> None:
    wordlevel({"a": 0, "b": 5}).save_pretrained(tmp_path)
    with pytest.raises(DataError, match="ids go up to 5 though it has 2 tokens"):
        tokenizer.load_tokenizer(tmp_path)


def test_a_masked_model_needs_a_mask_token(text: Documents, tmp_path: Path) -> None:
    without = wordlevel({"a": 0, "b": 1})
    tokenizer.check_objective(without, "causal")
    without.save_pretrained(tmp_path)
    with pytest.raises(DataError, match=r"has no mask token, which the objective masked needs"):
        tokenizer.prepare_tokenizer(
            config("masked", tokenizer=str(tmp_path), vocabulary=25_000), text
        )
    tokenizer.check_objective(wordlevel({"a": 0, "[MASK]": 1}, mask_token="[MASK]"), "masked")


def test_a_model_must_know_every_token(text: Documents) -> None:
    made = tokenizer.train_tokenizer(config(), text)
    tokenizer.check_vocabulary(made, len(made))
    tokenizer.check_vocabulary(made, 50_257)
    with pytest.raises(DataError, match=r"has \d+ tokens, but the model knows 100"):
        tokenizer.check_vocabulary(made, 100)


# WikiText-2


@pytest.mark.slow
def test_wordpiece_of_wikitext_gives_the_blocks_of_the_notebook(wikitext: Path) -> None:
    """The notebook's way: lower case, every line framed, a tail dropped every 1,000 lines."""
    files = {f"{s}_files": (str(wikitext / f"{s}.txt"),) for s in ("train", "valid")}
    wanted = config("masked", vocabulary=25_000, lowercase=True, frame_lines=True, **files)
    splits = corpus.load_splits(wanted)
    made = tokenizer.prepare_tokenizer(wanted, splits.train)
    found = [token_cache.load_blocks(wanted, made, part) for part in (splits.train, splits.valid)]
    assert [blocks.tokens for blocks in found] == [2_254_802, 233_573]
    assert [len(blocks) for blocks in found] == [17_615, 1_824]
    by_thousands = [_by_thousands(blocks.stream.ids, made.cls_token_id) for blocks in found]
    assert by_thousands == [17_599, 1_823]


def _by_thousands(ids: Any, begin: int) -> int:
    """Return the blocks of 128 where each 1,000 lines are cut alone, as `datasets.map` does."""
    starts = np.append(np.flatnonzero(ids == begin)[::1000], len(ids))
    return int((np.diff(starts) // 128).sum())


def test_what_is_no_tokenizer_says_what_to_name(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("words")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "notes.md").write_text("words")
    wanted = "name a folder that `epoque language save` or transformers wrote, or owner/name on"
    for name, told in (("file.txt", "is a file"), ("dir", "holds no tokenizer")):
        with pytest.raises(DataError) as caught:
            tokenizer.load_tokenizer(tmp_path / name)
        assert told in str(caught.value)
        assert wanted in str(caught.value)


def test_a_tokenizer_with_code_of_its_own_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    told = {"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}, "tokenizer_class": "Evil"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(told))
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(DataError, match="holds no tokenizer that can be read"):
        tokenizer.load_tokenizer(tmp_path)
    assert not (tmp_path / "ran").exists()
