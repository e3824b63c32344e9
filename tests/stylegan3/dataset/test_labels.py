"""Labels: one reading of dataset.json, and nothing of it is lost in silence."""

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import picture

from epoque.bench.errors import DataError
from epoque.stylegan3.conditioning import Conditioning
from epoque.stylegan3.dataset.build import build_dataset
from epoque.stylegan3.dataset.check import check_dataset
from epoque.stylegan3.dataset.files import open_files
from epoque.stylegan3.dataset.image_set import ImageSet
from epoque.stylegan3.dataset.labels import Labels, LabelTable, build_table, read_labels
from epoque.stylegan3.dataset.sources import open_source

Pack = Callable[..., Path]


def labelled(rows: Any, place: str = "", **more: Any) -> dict[str, bytes | str]:
    """The files of a set of four pictures of 16 pixels."""
    pictures = {f"{place}{i:02d}.png": picture(i, 16, 16) for i in range(4)}
    return pictures | {f"{place}dataset.json": json.dumps({"labels": rows, **more})}


def rows_of(*labels: Any, place: str = "", ending: str = "png") -> list[Any]:
    return [[f"{place}{i:02d}.{ending}", label] for i, label in enumerate(labels)]


def classes(path: Path) -> list[int]:
    found: list[int] = ImageSet(path).labels.values.tolist()
    return found


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("nothing", r"it is no JSON \(line 1, column 1"),
        ('{"labels": [\n  ["a.png", 0],\n ]}', r"it is no JSON \(line [23], column"),
        ("[]", 'has no list of "labels"; it must be JSON such as {"labels": '),
        ('{"labels": 3}', 'has no list of "labels"'),
        ('{"labels": {"a.png": 0}}', 'has no list of "labels"'),
        ('{"labels": [["a.png"]]}', r'\["a.png"\] is no name with a label; it must be such as'),
        ('{"labels": [["a.png", 1, 0, 0]]}', r'are a list: \["a.png", \[1, 0, 0\]\]'),
        (
            '{"labels": [["a.png", -1]]}',
            "the label of a.png is -1; it must be a class, 0 to 99,999",
        ),
        ('{"labels": [["a.png", 1000000000]]}', "it must be a class, 0 to 99,999"),
        ('{"labels": [["a.png", 1.0]]}', "the label of a.png is 1.0; it must be a class"),
        ('{"labels": [["a.png", true]]}', "the label of a.png is true; it must be a class"),
        ('{"labels": [["a.png", null]]}', "the label of a.png is null; it must be a class"),
        ('{"labels": [["a.png", [1, null]]]}', "a vector has 1 to 100,000 finite numbers"),
        ('{"labels": [["a.png", [NaN]]]}', "a vector has 1 to 100,000 finite numbers"),
        ('{"labels": [["a.png", [1e39]]]}', "a vector has 1 to 100,000 finite numbers"),
        ('{"labels": [["a.png", "3"]]}', "a class is a number without quotes, or a word"),
        ('{"labels": [["a.png", 0], ["./a.png", 0], ["a.png", 1]]}', "has two labels, 0 and 1"),
        (
            '{"labels": [["a.png", 0], ["b.png", "cat"]]}',
            "some labels are words, that of a.png is 0",
        ),
        (
            '{"labels": [["a.png", "cat"]], "label_names": ["dog"]}',
            "the label of a.png is cat, none of its label_names",
        ),
        (f'{{"labels": [["a.png", {"7" * 400}]]}}', "it must be a class, 0 to 99,999"),
        (f'{{"labels": [["a.png", [{"7" * 400}]]]}}', "a vector has 1 to 100,000 finite numbers"),
        (f'{{"labels": [["a.png", {"7" * 5000}]]}}', "a number of thousands of digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"labels": [["a.png", ' + "[" * 900 + "]" * 900 + "]]}", "the label of a.png is"),
    ],
)
def test_damaged_labels(pack: Pack, labels: str, told: str) -> None:
    path = pack({"a.png": picture(0, 16, 16), "dataset.json": labels})
    for read in (open_source, ImageSet):
        with pytest.raises(DataError, match=told) as caught:
            read(path)
        assert len(str(caught.value)) < 300
    assert any(str(caught.value) == problem for problem in check_dataset(path).problems)


@pytest.mark.parametrize("start", ["", "./", "././", ".\\"])
def test_names_may_begin_at_the_folder(pack: Pack, start: str) -> None:
    path = pack(labelled(rows_of(0, 1, 1, 0, place=start)))
    assert classes(path) == [0, 1, 1, 0]
    assert check_dataset(path).problems == ()


@pytest.mark.parametrize("place", ["", "mine/"])
def test_a_folder_that_was_zipped_whole(pack: Pack, tmp_path: Path, place: str) -> None:
    """Its labels are kept, whether their names begin in the folder or above it."""
    path = pack(labelled(rows_of(0, 1, 1, 0, place=place), "mine/"))
    assert classes(path) == [0, 1, 1, 0]
    made = build_dataset(open_source(path), tmp_path / "new.zip")
    assert made.has_labels
    assert made.remarks == ()
    assert classes(tmp_path / "new.zip") == [0, 1, 1, 0]
    assert check_dataset(path).remarks == ()


def test_several_sets_in_one(pack: Pack) -> None:
    path = pack(labelled(rows_of(0, 1, 1, 0), "a/") | labelled(rows_of(0, 1, 1, 0), "b/"))
    with pytest.raises(DataError, match=r"holds several sets \(a/dataset\.json and b/dataset"):
        open_source(path)
    assert open_source(path, labels="folders").label_names == ("a", "b")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            rows_of(0, 1, 1, 0, ending="jpg"),
            r"00\.png; it has one for 00\.jpg, which ends otherwise",
        ),
        (rows_of(0, 1, 1, 0, place="b/"), r"00\.png; it has one for b/00\.png, in another folder"),
        (rows_of(0, 1, 1, 0, place="x"), r"00\.png\. Did you mean x00\.png or .*\?$"),
        (rows_of(0, 1, 1), r"03\.png\.$"),  # those that are near have pictures of their own
    ],
)
def test_labels_under_a_name_that_is_near(pack: Pack, rows: list[Any], told: str) -> None:
    with pytest.raises(DataError, match=rf"dataset\.json has no label for {told}"):
        open_source(pack(labelled(rows)))


def test_words_become_classes(pack: Pack, tmp_path: Path) -> None:
    path = pack(labelled(rows_of("dog", "cat", "dog", "é")))
    found = ImageSet(path)
    assert (found.labels.values.tolist(), found.label_names) == ([1, 0, 1, 2], ("cat", "dog", "é"))
    build_dataset(open_source(path), tmp_path / "new.zip")
    assert ImageSet(tmp_path / "new.zip").label_names == ("cat", "dog", "é")
    named = ImageSet(pack(labelled(rows_of("b", "a", "b", "a"), label_names=["b", "c", "a"])))
    assert (named.labels.values.tolist(), named.labels.size) == ([0, 2, 0, 2], 3)


def test_classes_that_are_counted_from_one(pack: Pack, tmp_path: Path) -> None:
    """Making, checking and training agree: three classes, the first never used, and all tell."""
    path = pack(labelled(rows_of(1, 2, 1, 2)))
    told = "No picture has class 0 of 0 to 2 (classes are counted from 0)."
    found = check_dataset(path)
    assert (found.problems, found.remarks, found.classes) == ((), (told,), (0, 2, 2))
    assert build_dataset(open_source(path), tmp_path / "new.zip").remarks == (told,)
    assert ImageSet(path).remarks == (told,)
    assert Conditioning.from_labels(ImageSet(path).labels).counts.tolist() == [0, 2, 2]


def test_what_is_left_out_is_told(pack: Pack, tmp_path: Path) -> None:
    """Photographs of a telephone, labels under another name, and such of no picture."""
    files = labelled([*rows_of(0, 1, 1, 0), ["gone.png", 1]])
    path = pack(files | {"a.heic": b"1", "b.HEIC": b"2", "c.cr2": b"3", "labels.json": b""})
    told = (
        "3 pictures (2 .heic, 1 .cr2) are left out: their kinds are not read; save them as PNG or "
        "JPEG.",
        "labels.json is no picture, and is left out.",
        "dataset.json labels gone.png, which is not there (1 such).",
    )
    assert open_source(path).remarks == ImageSet(path).remarks == told
    assert set(told) <= set(check_dataset(path).remarks)
    assert build_dataset(open_source(path), tmp_path / "new.zip").remarks == told
    with pytest.raises(
        DataError, match=r"holds no pictures\. 1 pictures \(1 \.heic\) are left out"
    ):
        open_source(pack({"a.heic": b""}))


def test_one_picture_of_the_last_class_takes_little_memory(pack: Pack) -> None:
    path = pack(labelled(rows_of(99_999, 0, 5, 99_999)))
    tracemalloc.start()
    found = ImageSet(path)
    checked = check_dataset(path)
    counts = Conditioning.from_labels(found.labels).counts
    row = found.label(0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 * 2**20
    assert (found.label_dim, checked.label_dim, len(counts)) == (100_000,) * 3
    assert (row.sum(), row[99_999], counts[99_999]) == (1, 1, 2)


def test_a_table_makes_vectors_of_what_is_asked_for() -> None:
    table = LabelTable(3, np.array([2, 0, 2]))
    assert table.vectors(np.array([1, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert table.select(np.array([0, 2])).counts().tolist() == [0, 0, 2]
    vectors = build_table(Labels({"a": [1, 2.5], "b": [0, 1]}), ["b", "a"], "here")
    assert vectors.vectors().tolist() == [[0, 1], [1, 2.5]]
    assert (vectors.classes, vectors.counts(), vectors.size) == (None, None, 2)
    nothing = build_table(None, ["a", "b"], "here")
    assert nothing.vectors().shape == (2, 0)
    assert (nothing.size, nothing.counts()) == (0, None)


CASES = Path(__file__).parents[4] / "shared" / "cases" / "images"


@pytest.mark.parametrize("name", ["bom", "utf16", "dot-slash", "words", "from-one"])
def test_cases_that_are_read(name: str) -> None:
    if not CASES.is_dir():
        pytest.skip("the cases are not beside the checkout")
    found = read_labels(open_files(CASES / f"labels-{name}.zip"))
    assert sorted(found.values()) == (
        [1] * 4 + [2] * 4 if name == "from-one" else [0] * 4 + [1] * 4
    )


@pytest.mark.parametrize("labels", [(0, [1.0], 0, 0), ([1.0], [1.0, 2.0], [1.0], [1.0])])
def test_labels_that_are_unlike_are_refused_by_both(
    pack: Pack, tmp_path: Path, labels: Any
) -> None:
    path = pack(labelled(rows_of(*labels)))
    with pytest.raises(DataError, match=r"several kinds or lengths: that of 00\.png is a"):
        build_dataset(open_source(path), tmp_path / "new.zip")
    assert not (tmp_path / "new.zip").exists()
    assert "several kinds" in check_dataset(path).problems[0]


def test_labels_that_are_no_file_or_spelt_otherwise_are_not_forgotten(
    pack: Pack, tmp_path: Path
) -> None:
    named = {"Dataset.JSON" if n == "dataset.json" else n: d for n, d in labelled([]).items()}
    with pytest.raises(DataError, match=r"Dataset\.JSON is not read as labels; call it dataset"):
        open_source(pack(named))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(0, 16, 16))
    os.mkfifo(folder / "dataset.json")
    with pytest.raises(DataError, match=r"dataset\.json cannot be read: it is a FIFO"):
        open_source(folder)
