"""Texts: read to the last sign whatever file they are in, and refused in one clear sentence."""

import codecs
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from epoque.bench.errors import DataError, UnknownNameError
from epoque.bench.files import cache as store
from epoque.language.config import LanguageConfig
from epoque.language.data import corpus, text_files, text_lines
from epoque.language.data.corpus import Documents, file_documents
from epoque.language.data.text_files import Undecodable


def write(path: Path, data: bytes | str) -> str:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def rows(path: Path, column: str, values: list[Any], kind: pa.DataType | None = None) -> str:
    parquet.write_table(pa.table({column: pa.array(values, kind), "n": range(len(values))}), path)
    return str(path)


def config(**settings: Any) -> LanguageConfig:
    return LanguageConfig(objective="causal", **settings)


# The texts that ship with the package


@pytest.mark.parametrize("name", ["shakespeare", "code-du-travail"])
def test_a_text_that_ships_is_small_free_and_has_both_parts(name: str) -> None:
    splits = corpus.load_splits(config(corpus=name))
    sizes = [splits.train.size, splits.valid.size]
    assert sum(sizes) < 1_000_000
    assert min(sizes) > 50_000
    train, valid = ("\n".join(part) for part in (splits.train, splits.valid))
    assert "free of copyright" in (splits.train.license or "") or name == "shakespeare"
    assert "gutenberg" not in (train + valid).lower()
    paragraphs = {line for line in train.split("\n") if len(line) > 150}
    assert not paragraphs & set(valid.split("\n"))


def test_the_texts_are_what_they_say() -> None:
    assert any("To be, or not to be" in line for line in corpus.load_splits(config()).train)
    french = "\n".join(corpus.load_splits(config(corpus="code-du-travail")).train)
    assert french.count("é") > 10_000


# Text files


def test_lines_end_at_line_ends_and_at_no_other_sign(tmp_path: Path) -> None:
    text = "\ufeffone\r\n\r  \ntwo \u0085 still two\u2028\x0c\n\nlast, without an end"
    documents = file_documents([write(tmp_path / "a.txt", text)])
    assert list(documents) == [
        "one",
        "",
        "  ",
        "two \u0085 still two\u2028\x0c",
        "",
        "last, without an end",
    ]
    assert [p.starts_document for p in documents.pieces()] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert "".join(corpus.lines(documents)).startswith("one\n\n  \ntwo")
    assert list(documents) == list(documents)  # again and again


def test_blank_lines_are_text_or_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "one\n\n  \ntwo\n")
    kept, dropped = (file_documents([path], keeps_blank_lines=keep) for keep in (True, False))
    assert list(corpus.lines(kept)) == ["one\n", "\n", "  \n", "two\n"]
    assert list(corpus.lines(dropped)) == ["one\n", "", "", "two\n"]
    assert kept.fingerprint != dropped.fingerprint
    table = write(tmp_path / "a.jsonl", '{"text": "one"}\n{"text": ""}\n{"text": "a\\n\\nb"}\n')
    assert list(corpus.lines(file_documents([table]))) == ["one\n", "", "a\n\nb\n"]


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, True),
        ({"blank_lines": "keep"}, True),
        ({"blank_lines": "drop"}, False),
    ],
)
def test_blank_lines_of_ones_own_text_are_kept(
    tmp_path: Path, changes: dict[str, Any], kept: bool
) -> None:
    path = write(tmp_path / "a.txt", "one\n\ntwo\n" * 9)
    splits = corpus.load_splits(config(train_files=(path,), valid_files=(path,), **changes))
    for documents in (splits.train, splits.valid):
        assert ("\n" in set(corpus.lines(documents))) == kept


def test_a_named_corpus_is_read_as_it_was_measured() -> None:
    """The chapter's numbers are of texts without blank lines."""
    assert "\n" not in set(corpus.lines(corpus.load_splits(config()).valid))
    kept = corpus.load_splits(config(blank_lines="keep")).valid
    assert "\n" in set(corpus.lines(kept))


def test_wrapped_lines_are_joined_to_paragraphs(tmp_path: Path) -> None:
    text = "It was\nthe best \n  of times,\n\n\nit was\nthe worst.\n"
    paths = [write(tmp_path / f"{i}.txt", text) for i in range(2)]
    documents = file_documents(paths, joins_lines=True)
    paragraphs = ["It was the best of times,", "", "", "it was the worst."]
    assert list(documents) == paragraphs * 2
    begins = [piece.starts_document for piece in documents.pieces()]
    assert begins == [True, False, False, True] * 2
    assert documents.fingerprint != file_documents(paths).fingerprint
    table = write(tmp_path / "a.jsonl", '{"text": "one\\ntwo"}\n{"text": "three"}\n')
    assert list(file_documents([table], joins_lines=True)) == ["one\ntwo", "three"]


def test_a_paragraph_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "LONGEST", 100)
    path = write(tmp_path / "a.txt", "some words here\n" * 100)
    joined = list(file_documents([path], joins_lines=True))
    assert " ".join(joined).split() == ["some", "words", "here"] * 100
    assert max(map(len, joined)) < 100 + 2 * 16


def test_a_document_ends_with_its_file(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{i}.txt", "a\nb\n") for i in range(2)]
    begins = [piece.starts_document for piece in file_documents(paths).pieces()]
    assert begins == [True, False, True, False]


@settings(max_examples=25, deadline=None)
@given(st.text(st.sampled_from(" aé€😀"), min_size=1, max_size=200))
def test_a_line_without_end_is_cut_and_nothing_of_it_lost(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("long") / "long.txt"
    documents = file_documents([write(path, text)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "LONGEST", 16)
        pieces = list(documents)
    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= 16


def test_a_byte_that_is_no_utf8_stops_with_its_place(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfgood\nstill good\ncaf\xe9 here\n"
    path = write(tmp_path / "latin.txt", data)
    with pytest.raises(DataError) as caught:
        list(file_documents([path]))
    assert str(caught.value).startswith(f"{path} is not UTF-8: byte 0xe9 at offset 22.")
    assert data[22] == 0xE9
    assert list(file_documents([path], undecodable="replace"))[2] == "caf\ufffd here"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_text_is_the_same_in_every_encoding_with_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, mark: bytes, end: str
) -> None:
    wanted = ["été 一 😀", "", *(f"line {i}" for i in range(50)), "no end"]
    data = mark + end.join(wanted).encode(encoding)
    monkeypatch.setattr(text_lines, "_CHUNK", 7)  # which divides signs and line ends
    assert list(file_documents([write(tmp_path / "a.txt", data)])) == wanted
    rows = end.join(json.dumps({"text": t}, ensure_ascii=False) for t in wanted)
    path = write(tmp_path / "a.jsonl", mark + rows.encode(encoding))
    assert list(file_documents([path])) == wanted


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["while the cat\n", "Чай не пьём\n", "一 二三\n", "a"])
@pytest.mark.parametrize("undecodable", ["stop", "replace"])
def test_wide_text_without_a_mark_is_named_and_never_replaced(
    tmp_path: Path, encoding: str, text: str, undecodable: Undecodable
) -> None:
    path = write(tmp_path / "wide.txt", (8 * text).encode(encoding))
    name = encoding[:6].upper()
    with pytest.raises(DataError) as caught:
        list(file_documents([path], undecodable=undecodable))
    assert str(caught.value) == (
        f"{path} is {name} without a byte-order mark; save it as UTF-8, or with the mark."
    )


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"PK\3\4", "an office document"), (b"%PDF-1.4\n", "a PDF"), (b"{\\rtf1\n", "RTF")],
)
def test_a_document_is_named_and_never_replaced(tmp_path: Path, start: bytes, kind: str) -> None:
    path = write(tmp_path / "thesis.txt", start + 40 * b"\xff\xfe a line\n")
    with pytest.raises(DataError, match=f"{kind}.*, no plain text: save it as text in UTF-8"):
        list(file_documents([path], undecodable="replace"))


@pytest.mark.parametrize("data", [b"a nul \0 here, one \0\0 there\n", b"a\0", b"\0", b"ab\0\0cd"])
def test_zero_bytes_alone_make_no_other_encoding(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path / "nul.txt", 60 * b"words and words " + data)
    assert "".join(file_documents([path])) == (60 * b"words and words " + data).decode().rstrip()


def test_a_mark_that_lies_is_told_with_its_place(tmp_path: Path) -> None:
    data = codecs.BOM_UTF16_LE + "good ".encode("utf-16-le") + b"\x00\xdc" + b"x\0"
    path = write(tmp_path / "wide.txt", data)
    with pytest.raises(DataError) as caught:
        list(file_documents([path]))
    told = f"{path} begins as UTF-16 but is not: byte 0x00 at offset 12. Convert it, or set"
    assert str(caught.value).startswith(told)
    assert list(file_documents([path], undecodable="replace")) == ["good \ufffdx"]
    write(tmp_path / "wide.txt", codecs.BOM_UTF16_LE + b"a\0b")
    with pytest.raises(DataError, match="byte 0x62 at offset 4"):
        list(file_documents([path]))


@settings(max_examples=50, deadline=None)
@given(st.text(st.sampled_from("a \r\n"), max_size=40), st.integers(1, 9))
def test_line_ends_are_those_of_python(text: str, block: int) -> None:
    whole = text.encode()
    found = iter([whole[at : at + block] for at in range(0, len(whole), block)])
    lines = list(text_lines.split_lines(found, 100, text_lines.find_cut))
    assert lines == whole.splitlines(keepends=True)


def test_a_row_without_end_is_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "MAX_JSON_BYTES", 1000)
    path = write(tmp_path / "a.jsonl", json.dumps({"text": "a" * 1000}))
    with pytest.raises(DataError, match=r"a line of more than 1,000 bytes; one object a line"):
        list(file_documents([path]))


# JSON lines and Parquet


def test_rows_of_json_lines_are_documents(tmp_path: Path) -> None:
    table = [{"body": "one\ntwo\n"}, {"body": None}, {"body": "é"}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, table)) + "\n\n")
    documents = file_documents([path], "body")
    assert list(documents) == ["one\ntwo", "", "é"]
    assert all(piece.starts_document for piece in documents.pieces())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"txt": "a"}', "line 2: there is no column 'text'; there are 'txt' (set text_column). "),
        ('{"text": 7}', "line 2: 'text' holds no text: 7"),
        ('{"text": ', "line 2: no JSON"),
        ("[1]", "line 2: no JSON object"),
        ('{"text": "\\ud800"}', "line 2 is not UTF-8: byte 0xed at offset 0"),
    ],
)
def test_a_row_of_json_that_cannot_be_used_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = write(tmp_path / "a.jsonl", '{"text": "fine"}\n' + line)
    with pytest.raises(DataError) as caught:
        list(file_documents([path]))
    assert told in str(caught.value)
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)


def test_json_is_read_as_json_lines_and_an_array_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '\n{"text": "one"}\n{"text": "two"}\n')
    assert list(file_documents([path])) == ["one", "two"]
    for text in ('[{"text": "one"}]', '[\n  {"text": "one"}\n]\n'):
        write(tmp_path / "a.json", text)
        with pytest.raises(
            DataError, match=r"a\.json cannot be used: a JSON array is not read, but"
        ):
            list(file_documents([path]))
    write(tmp_path / "a.json", '{\n  "text": "one"\n}\n')
    with pytest.raises(DataError, match=r"line 1: no JSON, .*; one object a line is read\."):
        list(file_documents([path]))


@pytest.mark.parametrize("name", ["a.csv", "a.TSV", "a.txt.gz", "a.jsonl.zst"])
def test_tables_and_archives_are_refused_with_what_is_read(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "id,text\n1,one\n")
    with pytest.raises(DataError) as caught:
        file_documents([path])
    suffix = Path(name).suffix
    assert str(caught.value) == (
        f"{path} cannot be used: text, JSON lines (.jsonl, .ndjson, .json) and Parquet are read, "
        f"{suffix} is not; convert it."
    )


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
)
def test_rows_of_parquet_are_documents(tmp_path: Path, kind: pa.DataType) -> None:
    texts = [f"é {i}\n" if i % 3 else None for i in range(600)]
    documents = file_documents([rows(tmp_path / "a.parquet", "body", texts, kind)], "body")
    assert list(documents) == [(text or "").rstrip("\n") for text in texts]


def test_parquet_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.parquet", "body", ["some text"] * 5000)
    with pytest.raises(DataError, match=r"no column 'text'; there are 'body', 'n'"):
        list(file_documents([path]))
    with pytest.raises(DataError, match="column 'n' holds no text but int64"):
        list(file_documents([path], "n"))
    write(tmp_path / "cut.parquet", Path(path).read_bytes()[:-100])
    with pytest.raises(DataError, match=r"cut\.parquet is no whole Parquet file"):
        list(file_documents([str(tmp_path / "cut.parquet")], "body"))
    raw = pa.array([b"fine", b"caf\xe9"], pa.binary()).cast(pa.string(), safe=False)
    bad = rows(tmp_path / "bad.parquet", "text", raw)
    with pytest.raises(DataError, match="row 2 is not UTF-8: byte 0xe9 at offset 3"):
        list(file_documents([bad]))
    assert list(file_documents([bad], undecodable="replace")) == ["fine", "caf\ufffd"]


# Folders


def test_a_folder_is_read_in_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "b.txt", "second")
    write(tmp_path / "a.jsonl", '{"text": "first"}')
    write(tmp_path / "deep" / "c.md", "third")
    write(tmp_path / "picture.png", b"\x89PNG")
    assert list(file_documents([str(tmp_path)])) == ["first", "second", "third"]


def test_hidden_and_backup_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "kept")
    for name in ("._a.txt", ".a.txt", "#a.txt#"):
        write(tmp_path / name, b"\x00\x05\x16\x07")
    for name in (".ipynb_checkpoints", "__MACOSX", "old.bak"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "a.txt", "a copy")
    assert list(file_documents([str(tmp_path)])) == ["kept"]
    assert list(file_documents([str(tmp_path / "old.bak")])) == ["a copy"]  # that was asked for
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match="hidden and backup files are passed over"):
        file_documents([str(tmp_path)])


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "endless.txt").symlink_to("/dev/zero")
    for name, told in (("pipe.txt", "it is a FIFO"), ("endless.txt", "it is a device")):
        with pytest.raises(DataError, match=told):
            file_documents([str(tmp_path / name)])
    with pytest.raises(DataError, match="holds no text"):  # nor in a folder
        file_documents([str(tmp_path)])


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file or folder .*nowhere"):
        file_documents([str(tmp_path / "nowhere")])
    with pytest.raises(DataError, match="A path with a comma in it stands in double quotes"):
        file_documents([str(tmp_path / "a"), "b.txt"])
    with pytest.raises(DataError, match="holds no text"):
        file_documents([str(tmp_path)])


# Splits


def test_without_validation_text_the_end_is_held_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "".join(f"line {i}\n" for i in range(200)))
    splits = corpus.load_splits(config(train_files=(path,)))
    assert [*splits.train, *splits.valid] == [f"line {i}" for i in range(200)]
    assert len(list(splits.valid)) == 10
    assert splits.train.fingerprint != splits.valid.fingerprint
    assert splits.test is None


@pytest.mark.parametrize(
    ("text", "told"), [("", "fewer than two lines"), ("\n \n\t\n", "is empty: there is no text")]
)
def test_an_empty_corpus_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path / "a.txt", text)
    with pytest.raises(DataError, match=told):
        corpus.load_splits(config(train_files=(path,)))


def test_an_empty_validation_text_is_refused(tmp_path: Path) -> None:
    full, empty = (write(tmp_path / f"{n}.txt", n) for n in ("full", " "))
    with pytest.raises(DataError, match=r"The validation text \(.*\) is empty"):
        corpus.load_splits(config(train_files=(full,), valid_files=(empty,)))


def test_an_unknown_corpus_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean shakespeare"):
        corpus.load_splits(config(corpus="shakespear"))
    assert set(corpus.corpus_names()) == {"shakespeare", "code-du-travail", "wikitext-2"}


# Fingerprints


def test_a_fingerprint_stands_for_content_and_reading(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    one, same = (write(tmp_path / where / "a.txt", "text") for where in ("", "b"))
    other = write(tmp_path / "c.txt", "Text")

    def of(*paths: str, **how: Any) -> str:
        return file_documents(paths, **how).fingerprint

    assert of(one) == of(same) == of(one, name="called otherwise")
    different = [of(one), of(other), of(one, one), of(one, column="b")]
    different += [of(one, undecodable="replace")]
    different += [Documents("", "", None, (Path(one),), last=1).fingerprint]
    assert len(set(different)) == len(different)


def test_the_digest_of_a_large_file_is_remembered_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_LARGE", 10)
    path = tmp_path / "large.txt"
    write(path, "a" * 100)
    first = store.file_digest(path)
    with monkeypatch.context() as patch:
        patch.delattr(store, "_digest")  # it must not be computed again
        assert store.file_digest(path) == first
    write(path, "b" * 101)
    assert store.file_digest(path) != first


def test_importing_it_is_light() -> None:
    code = (
        "import sys, epoque.language.data.corpus, epoque.language.data.token_cache\n"
        "import epoque.language.data.tokenizer\n"
        "heavy = {'torch', 'transformers', 'datasets', 'tokenizers', 'pyarrow', 'pandas'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Larger than memory

_READ = """
import resource, sys
from epoque.language.data.corpus import file_documents
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
small, large = sys.argv[1:]
kept = sum(len(t) for t in file_documents([small]))
before = peak()
read = sum(len(t) for t in file_documents([large]))
print(read, peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked of the resource module")
@pytest.mark.parametrize("suffix", [".txt", ".one-line.txt", ".jsonl", ".parquet"])
def test_sixty_megabytes_are_read_in_a_few(tmp_path: Path, suffix: str) -> None:
    line = "some words that fill a line of text " * 28  # 1,008 bytes
    sizes = {"small": 600, "large": 60_000}
    for name, count in sizes.items():
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".parquet":
            groups = [pa.table({"text": [line + str(i)] * 500}) for i in range(count // 500)]
            with parquet.ParquetWriter(path, groups[0].schema, use_dictionary=False) as file:
                for group in groups:
                    file.write_table(group)
        else:
            row = json.dumps({"text": line}) if suffix == ".jsonl" else line
            end = "" if suffix == ".one-line.txt" else "\n"
            with path.open("w") as file:
                file.writelines(row + end for _ in range(count))
    paths = [str(tmp_path / f"{name}{suffix}") for name in sizes]
    told = subprocess.run(
        [sys.executable, "-c", _READ, *paths], check=True, capture_output=True, text=True
    )
    read, grown = map(float, told.stdout.split())
    assert read >= 60_000_000
    assert grown < 20  # MiB
