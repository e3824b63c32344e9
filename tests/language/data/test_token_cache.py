"""The token cache: made once, whole or not there, and the same as encoding line by line."""

import os
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from epoque.bench.errors import DataError, RunWriteError
from epoque.bench.files import cache as store
from epoque.bench.files.atomic import draft_owner
from epoque.language.config import LanguageConfig
from epoque.language.data import corpus, token_cache, tokenizer
from epoque.language.data.corpus import Documents, file_documents
from epoque.language.evaluation import ngram_baselines

WORDS = [f"w{i}" for i in range(500)]


def config(**settings: Any) -> LanguageConfig:
    return LanguageConfig(**{"objective": "causal", "block_size": 8, **settings})


def wordlevel(words: list[str], **roles: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words, its first the one for all others."""
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token=words[0]))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, **roles)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tokens"


@pytest.fixture
def text(tmp_path: Path) -> Documents:
    path = tmp_path / "text.txt"
    lines = (" ".join(WORDS[i * j % 500] for j in range(i % 13)) for i in range(3000))
    path.write_text("\n".join(lines) + "\n")
    return file_documents([str(path)])


# What it holds


def test_blocks_are_the_lines_after_one_another_cut(text: Documents) -> None:
    made = tokenizer.train_tokenizer(config(vocabulary=400), text)
    blocks = token_cache.load_blocks(config(), made, text)
    whole = list(chain.from_iterable(made(line)["input_ids"] for line in corpus.lines(text)))
    count = len(whole) // 8
    assert len(blocks) == count
    assert blocks.ids.shape == (count, 8)
    assert blocks[np.arange(count)].ravel().tolist() == whole[: count * 8]
    assert blocks[3].dtype == np.int64
    assert blocks.tokens == len(whole)
    assert made.decode(whole) == "".join(corpus.lines(text))
    read = "".join(corpus.lines(text))
    assert (blocks.words, blocks.bytes) == (len(read.split()), len(read.encode()))


def test_framed_lines_are_encoded_with_their_frames(text: Documents) -> None:
    masked = config(objective="masked", vocabulary=300, frame_lines=True)
    made = tokenizer.train_tokenizer(masked, text)
    ids = token_cache.load_blocks(masked, made, text).stream.ids
    lines = sum(1 for _ in text)
    assert (ids == made.cls_token_id).sum() == (ids == made.sep_token_id).sum() == lines


def test_a_loaded_tokenizer_frames_lines_only_if_asked(text: Documents, folder: Path) -> None:
    made = tokenizer.train_tokenizer(
        config(objective="masked", vocabulary=300, frame_lines=True), text
    )
    bare = token_cache.load_blocks(config(objective="masked"), made, text).stream.ids
    framed = token_cache.load_blocks(
        config(objective="masked", frame_lines=True), made, text
    ).stream.ids
    lines = sum(1 for _ in text)
    special = [made.cls_token_id, made.sep_token_id]
    assert not np.isin(bare, special).any()
    assert len(framed) == len(bare) + 2 * lines
    assert len(list(folder.glob("*/tokens.bin"))) == 2


def test_texts_that_were_encoded_before_are_still_found(text: Documents) -> None:
    """The keys are those of earlier versions, where what is kept is the same."""
    plain = tokenizer.train_tokenizer(config(vocabulary=400), text)
    framing = tokenizer.train_tokenizer(
        config(objective="masked", vocabulary=300, frame_lines=True), text
    )
    for made, framed in ((plain, False), (framing, True)):
        told = {"text": text.fingerprint, "tokenizer": made.backend_tokenizer.to_str()}
        key = store.cache_key(format=2, **told, apart=False, end=None)
        assert token_cache.load_tokens(made, text, add_special_tokens=framed).fingerprint == key
    assert token_cache.load_tokens(framing, text).fingerprint != key


def test_many_words_need_wider_numbers(tmp_path: Path) -> None:
    for count, dtype in ((2**16, np.uint16), (2**16 + 1, np.uint32)):
        made = wordlevel([f"w{i}" for i in range(count)])
        (tmp_path / "a.txt").write_text(f"w{count - 1} w1 w2")
        ids = token_cache.load_tokens(made, file_documents([str(tmp_path / "a.txt")])).ids
        assert ids.dtype == dtype
        assert ids.tolist() == [count - 1, 1, 2]


def test_a_tokenizer_written_in_python_does_too(text: Documents) -> None:
    ids = token_cache.load_tokens(ByT5Tokenizer(), text).ids
    read = "".join(corpus.lines(text)).encode()
    assert bytes(i - 3 for i in ids.tolist()) == read
    framed = token_cache.load_tokens(ByT5Tokenizer(), text, add_special_tokens=True).ids
    assert len(framed) == len(ids) + sum(1 for _ in text)


def test_padding_and_truncation_left_on_a_tokenizer_do_not_matter(text: Documents) -> None:
    made = wordlevel(WORDS, pad_token="w0")
    plain = token_cache.load_tokens(made, text).ids.tolist()
    made(["w1", "w2 w3 w4"], padding=True, truncation=True, max_length=2)
    assert token_cache.load_tokens(made, text).ids.tolist() == plain


def test_a_text_shorter_than_a_block_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("w1 w2 w3")
    short = file_documents([str(tmp_path / "a.txt")], name="The validation text")
    told = r"The validation text has 3 tokens, fewer than one block of 8; .* smaller block_size"
    with pytest.raises(DataError, match=told):
        token_cache.load_blocks(config(), wordlevel(WORDS), short)
    assert len(token_cache.load_blocks(config(block_size=3), wordlevel(WORDS), short)) == 1


# Documents apart


@pytest.mark.parametrize("end", [None, "w499"])
def test_documents_are_told_apart(tmp_path: Path, end: str | None) -> None:
    texts = ["\n\nw1 w2\nw3\n\n \nw4 w5\n", "w6\n\n", "w7 w8 w9 w10 w11 w12\n"]
    for i, written in enumerate(texts):
        (tmp_path / f"{i}.txt").write_text(written)
    documents = file_documents([str(tmp_path / f"{i}.txt") for i in range(3)])
    made = wordlevel(WORDS, **({"eos_token": end} if end else {}))
    blocks = token_cache.load_blocks(config(documents_apart=True, block_size=4), made, documents)
    wanted = [[1, 2, 3], [4, 5], [6], [7, 8, 9, 10, 11, 12]]
    if end:
        wanted = [[*document, 499] for document in wanted]
    whole = list(chain.from_iterable(wanted))
    belongs = list(chain.from_iterable([i] * len(d) for i, d in enumerate(wanted)))
    assert blocks.stream.ids.tolist() == whole
    rows = np.arange(len(blocks))
    assert blocks.segments is not None
    segments = blocks.segments[rows]
    for row, (ids, numbers) in enumerate(zip(blocks[rows].tolist(), segments, strict=True)):
        assert ids == whole[4 * row : 4 * row + 4]
        inside = belongs[4 * row : 4 * row + 4]
        assert numbers.tolist() == [n - inside[0] + 1 for n in inside]
        assert blocks.segments[row].tolist() == numbers.tolist()


def test_a_row_of_a_table_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "w1 w2\\n\\nw3"}\n{"text": "w4"}\n')
    documents = file_documents([str(tmp_path / "a.jsonl")])
    blocks = token_cache.load_blocks(
        config(documents_apart=True, block_size=4), wordlevel(WORDS), documents
    )
    assert blocks.segments is not None
    assert blocks.segments[0].tolist() == [1, 1, 1, 2]


def test_without_asking_nothing_is_known_of_documents(text: Documents) -> None:
    assert token_cache.load_blocks(config(), wordlevel(WORDS), text).segments is None


# Made once


def test_nothing_is_encoded_twice(text: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    first = token_cache.load_blocks(config(), wordlevel(WORDS), text)
    monkeypatch.delattr(token_cache, "make_corpus_encoder")  # it must not be asked
    again = token_cache.load_blocks(config(block_size=16, seed=4), wordlevel(WORDS), text)
    assert again.stream.ids.tolist() == first.stream.ids.tolist()
    assert (again.words, again.bytes, again.fingerprint) == (
        first.words,
        first.bytes,
        first.fingerprint,
    )


def test_another_text_tokenizer_or_setting_is_encoded_anew(text: Documents, folder: Path) -> None:
    made = wordlevel(WORDS, eos_token="w1")
    part = Documents("", "", None, text.files, last=100)
    stored = [
        token_cache.load_blocks(config(), made, text),
        token_cache.load_blocks(config(documents_apart=True), made, text),
        token_cache.load_blocks(config(objective="masked", documents_apart=True), made, text),
        token_cache.load_blocks(config(), wordlevel(WORDS[::-1]), text),
        token_cache.load_blocks(config(), made, part),
    ]
    assert len({blocks.fingerprint for blocks in stored}) == 5
    assert len([f for f in folder.iterdir() if f.is_dir()]) == 5


def test_progress_is_reported(text: Documents) -> None:
    reports: list[tuple[int, int | None, str]] = []

    def progress(done: int, total: int | None, what: str = "") -> None:
        reports.append((done, total, what))

    token_cache.load_blocks(config(), wordlevel(WORDS), text, progress)
    counts = [done for done, _, _ in reports]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, text.size)
    assert len(counts) > 3
    assert {(total, what) for _, total, what in reports} == {(text.size, "Encoding: text.txt")}


def test_processes_wait_for_the_one_that_encodes(
    text: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, encoder, encoded = wordlevel(WORDS), token_cache.make_corpus_encoder, []

    def slow(tokenizer: Any, framed: bool) -> Any:
        encoded.append(tokenizer)
        time.sleep(0.3)
        return encoder(tokenizer, framed)

    monkeypatch.setattr(token_cache, "make_corpus_encoder", slow)
    found: list[Any] = []
    threads = [
        Thread(target=lambda: found.append(token_cache.load_tokens(made, text).ids.tolist()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(encoded) == 1
    assert len(found) == 4
    assert all(ids == found[0] for ids in found)


# Interrupted and damaged


def whole(folder: Path) -> list[Path]:
    return [f for f in folder.iterdir() if f.is_dir()] if folder.is_dir() else []


def test_an_interruption_leaves_nothing(text: Documents, folder: Path) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if total and done > 0.3 * total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        token_cache.load_blocks(config(), wordlevel(WORDS), text, stop)
    assert whole(folder) == []
    assert len(token_cache.load_blocks(config(), wordlevel(WORDS), text)) > 0


_KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from test_token_cache import WORDS, config, file_documents, token_cache, wordlevel
def kill(done, total, what=""):
    if total and done > 0.3 * total:
        os.kill(os.getpid(), signal.SIGKILL)
token_cache.load_blocks(config(), wordlevel(WORDS), file_documents([sys.argv[1]]), kill)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_a_process_that_is_killed_leaves_nothing_that_is_believed(
    text: Documents, folder: Path
) -> None:
    code = [sys.executable, "-c", _KILLED, str(text.files[0]), str(Path(__file__).parent)]
    assert subprocess.run(code, check=False).returncode == -signal.SIGKILL
    [left] = [path for path in whole(folder) if draft_owner(path)]
    after = token_cache.load_tokens(wordlevel(WORDS), text)
    assert after.ids.tolist() == [WORDS.index(word) for line in text for word in line.split()]
    assert not left.exists()


@pytest.mark.parametrize("harm", ["flip", "cut", "grow", "lose", "lose about", "garble about"])
def test_a_damaged_cache_is_made_again(text: Documents, folder: Path, harm: str) -> None:
    made = wordlevel(WORDS)
    first = token_cache.load_tokens(made, text, mark_documents=True)
    known, starts = first.ids.tolist(), np.asarray(first.starts).tolist()
    del first
    [path] = whole(folder)
    data = bytearray((path / "tokens.bin").read_bytes())
    match harm:
        case "flip":
            data[len(data) // 2] ^= 4
            (path / "tokens.bin").write_bytes(data)
        case "cut":
            (path / "tokens.bin").write_bytes(data[:-2])
        case "grow":
            (path / "tokens.bin").write_bytes(data + b"\0\0")
        case "lose":
            (path / "starts.bin").unlink()
        case "lose about":
            (path / "about.json").unlink()
        case "garble about":
            (path / "about.json").write_text("{}")
    again = token_cache.load_tokens(made, text, mark_documents=True)
    assert again.ids.tolist() == known
    assert np.asarray(again.starts).tolist() == starts


def test_a_large_file_is_checked_in_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_cache, "_WINDOW", 10)
    path = tmp_path / "large.bin"
    data = bytes(range(256)) * 40
    path.write_bytes(data)
    known = token_cache.checksum(path)
    for place, seen in ((0, True), (len(data) - 1, True), (80, False)):
        changed = bytearray(data)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert (token_cache.checksum(path) != known) == seen


def test_a_cache_folder_that_cannot_be_written_is_named(
    text: Documents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "file"))
    with pytest.raises(RunWriteError, match="a part of the path is a file"):
        token_cache.load_tokens(wordlevel(WORDS), text)


def test_the_cache_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPOQUE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in store.cache_folder().parents
    assert store.cache_folder().name == "epoque"


# Larger than memory

_ENCODED = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from test_token_cache import WORDS, token_cache, file_documents, wordlevel
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
made = wordlevel(WORDS)
token_cache.load_tokens(made, file_documents([sys.argv[2]]))
before = peak()
found = token_cache.load_tokens(made, file_documents([sys.argv[3]]), mark_documents=True)
print(len(found.ids), found.bytes, peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked of the resource module")
def test_a_text_larger_than_its_share_of_memory_is_encoded(tmp_path: Path) -> None:
    line = " ".join(WORDS[:200]) + "\n\n"  # 891 bytes; the blank line has no word
    sizes = {"small": 3_000, "large": 12_000}
    for name, count in sizes.items():
        (tmp_path / f"{name}.txt").write_text(line * count)
    paths = [str(tmp_path / f"{name}.txt") for name in sizes]
    code = [sys.executable, "-c", _ENCODED, str(Path(__file__).parent), *paths]
    told = subprocess.run(code, check=True, capture_output=True, text=True, env=os.environ)
    tokens, read, grown = map(float, told.stdout.split())
    assert tokens == 200 * 12_000
    assert read == len(line) * 12_000
    assert grown < 30  # MiB, checked file of 9 MiB included; as Python's objects it were hundreds


# WikiText-2


@pytest.mark.slow
def test_wikitext_is_encoded_counted_and_reopened(wikitext: Path) -> None:
    files = {f"{s}_files": (str(wikitext / f"{s}.txt"),) for s in ("train", "valid")}
    wanted = config(block_size=128, blank_lines="drop", **files)  # as the named corpus
    splits = corpus.load_splits(wanted)
    made = tokenizer.prepare_tokenizer(wanted, splits.train)
    train, valid = (
        token_cache.load_blocks(wanted, made, part) for part in (splits.train, splits.valid)
    )
    # All 256 bytes have their token; without those that do not occur it would be 2,205,219.
    assert (train.tokens, valid.tokens) == (2_205_843, 227_778)
    assert (len(train), len(valid)) == (17_233, 1_779)
    assert (train.words, valid.words) == (2_051_910, 213_886)
    found = ngram_baselines.measure_baselines(train.ids, valid.ids, len(made))
    assert found == pytest.approx({"unigram": 1039, "bigram": 235.6, "trigram": 195.7}, rel=1e-3)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        token_cache.load_blocks(wanted, made, splits.train)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.2
