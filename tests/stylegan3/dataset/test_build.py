"""Making sets: as the official tool does, from folders, zips and Parquet; whole or not at all."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePath

import numpy as np
import pyarrow as pa
import pytest
from drawn import picture
from PIL import Image
from pyarrow import parquet

from epoque.bench.errors import DataError, RunWriteError, UsageError
from epoque.stylegan3.dataset import sources
from epoque.stylegan3.dataset.build import BuildOptions, build_dataset, file_name
from epoque.stylegan3.dataset.image_set import ImageSet
from epoque.stylegan3.dataset.preprocess import CropOptions
from epoque.stylegan3.dataset.sources import Columns, open_source


def levels(path: Path) -> list[np.ndarray]:
    with zipfile.ZipFile(path) as file:
        names = [name for name in file.namelist() if name.endswith(".png")]
        return [np.asarray(Image.open(io.BytesIO(file.read(name)))) for name in names]


@pytest.mark.parametrize(
    ("transform", "name"), [("stretch", "scale32"), ("center-crop", "centercrop32")]
)
def test_what_the_official_tool_makes(golden: Path, tmp_path: Path, transform, name: str):
    """Pixel for pixel, with the same names and labels."""
    path = tmp_path / "out.zip"
    found = build_dataset(
        open_source(golden / "dataset_in.zip"), path, BuildOptions(CropOptions((32, 32), transform))
    )
    assert (found.count, found.resolution, found.channels) == (64, 32, 3)
    assert found.has_labels
    official = golden / f"dataset_out_{name}.zip"
    with zipfile.ZipFile(path) as ours, zipfile.ZipFile(official) as theirs:
        assert ours.namelist() == theirs.namelist()
        assert json.loads(ours.read("dataset.json")) == json.loads(theirs.read("dataset.json"))
        assert {entry.compress_type for entry in ours.infolist()} == {zipfile.ZIP_STORED}
    pairs = zip(levels(path), levels(official), strict=True)
    assert all((one == other).all() for one, other in pairs)


def test_both_directions(golden: Path, tmp_path: Path):
    """An official set goes through unchanged: zip to folder to zip."""
    official = golden / "dataset_out_scale32.zip"
    build_dataset(open_source(official), tmp_path / "folder")
    build_dataset(open_source(tmp_path / "folder"), tmp_path / "again.zip")
    ours, theirs = ImageSet(tmp_path / "again.zip"), ImageSet(official)
    assert ours.names == theirs.names
    assert all((ours.image(i) == theirs.image(i)).all() for i in range(len(theirs)))
    assert (ours.labels.vectors() == theirs.labels.vectors()).all()


def test_the_same_source_makes_the_same_bytes(pack: Callable[..., Path], tmp_path: Path):
    source = pack({f"{i}.png": picture(i) for i in range(40)})
    for name in ("a.zip", "b.zip"):
        build_dataset(open_source(source), tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_order_names_and_progress(pack: Callable[..., Path], tmp_path: Path):
    """Sorted by name; a folder for every thousand."""
    names = [f"{i:04d}.png" for i in range(1003)]
    shades = {n: picture(0, 4, 4) if i % 7 else picture(i, 4, 4) for i, n in enumerate(names)}
    source = open_source(pack(dict(reversed(shades.items()))))
    told: list[tuple[int, int]] = []
    build_dataset(source, tmp_path / "out.zip", progress=lambda *step: told.append(step))
    assert told == [(i + 1, 1003) for i in range(1003)]
    found = ImageSet(tmp_path / "out.zip")
    assert found.names[-1] == "00001/img00001002.png" == file_name(1002)
    expected = np.asarray(Image.open(io.BytesIO(shades["0994.png"]))).transpose(2, 0, 1)
    assert (found.image(994) == expected).all()


def test_labels(pack: Callable[..., Path], tmp_path: Path):
    pictures = {"cat/b.png": picture(), "ant/a.png": picture(1), "cat/a.png": picture(2)}
    source = open_source(pack(pictures), labels="folders")
    assert source.label_names == ("ant", "cat")
    build_dataset(source, tmp_path / "classes.zip")
    found = ImageSet(tmp_path / "classes.zip")
    assert found.label_names == ("ant", "cat")
    assert found.labels.vectors().tolist() == [[1, 0], [0, 1], [0, 1]]
    told = {"labels": [[name, [i, 0.5]] for i, name in enumerate(pictures)]}
    source = open_source(pack(pictures | {"dataset.json": json.dumps(told)}))
    build_dataset(source, tmp_path / "vectors.zip")
    vectors = ImageSet(tmp_path / "vectors.zip")
    assert vectors.labels.vectors().tolist() == [[1, 0.5], [2, 0.5], [0, 0.5]]
    build_dataset(open_source(pack(pictures)), tmp_path / "none.zip")
    with zipfile.ZipFile(tmp_path / "none.zip") as file:
        assert file.read("dataset.json") == b'{"labels": null}'
    with pytest.raises(DataError, match="in no folder that could label it"):
        open_source(pack({"a.png": picture()}), labels="folders")
    told["labels"].pop()
    with pytest.raises(DataError, match=r"dataset.json has no label for cat/a.png"):
        open_source(pack(pictures | {"dataset.json": json.dumps(told)}))


def test_parquet_of_the_hub(tmp_path: Path):
    pictures = [{"bytes": picture(i), "path": f"{i}.png"} for i in range(150)]
    folder = tmp_path / "data"
    folder.mkdir()
    for part in range(2):
        rows = {"image": pictures[part::2], "label": [part] * 75, "text": ["x"] * 75}
        parquet.write_table(pa.table(rows), folder / f"train-{part}.parquet")
    made = build_dataset(open_source(folder), tmp_path / "out.zip")
    assert (made.count, made.has_labels) == (150, True)
    found = ImageSet(tmp_path / "out.zip")
    assert found.labels.counts().tolist() == [75, 75]
    expected = np.asarray(Image.open(io.BytesIO(pictures[3]["bytes"]))).transpose(2, 0, 1)
    assert (found.image(76) == expected).all()
    one = open_source(folder / "train-0.parquet", labels="none")
    assert (one.count, next(one.items()).label) == (75, None)


def test_a_snapshot_of_the_hub(tmp_path: Path):
    """The splits are told apart, and the classes bear their names."""
    features = {"image": {"_type": "Image"}, "label": {"names": ["ant", "cat"]}}
    told = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    for number, name in enumerate(("train-00000-of-00002-0a1b", "train-00001-of-00002", "test-0")):
        rows = {"image": [{"bytes": picture(number)}], "label": [number % 2]}
        table = pa.table(rows).replace_schema_metadata(told)
        path = tmp_path / "pq" / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, path)
    (tmp_path / "pq" / "preview.png").write_bytes(picture())
    for folder in (tmp_path / "pq", tmp_path / "pq" / "data"):
        with pytest.raises(UsageError, match="holds several splits: test, train; name one with"):
            open_source(folder)
        assert open_source(folder, split="test").count == 1
    both = [item.name for item in open_source(tmp_path / "pq", split="train,test").items()]
    assert [name.split("-")[0] for name in both] == ["train", "train", "test"]
    made = build_dataset(open_source(tmp_path / "pq", split="train"), tmp_path / "out.zip")
    assert made.count == 2
    assert ImageSet(tmp_path / "out.zip").label_names == ("ant", "cat")
    with pytest.raises(UsageError, match=r"split: dev is not allowed; .* holds test, train"):
        open_source(tmp_path / "pq", split="dev")
    with pytest.raises(UsageError, match=r"split: train is not allowed; .* no Parquet files"):
        open_source(tmp_path / "out.zip", split="train")


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["default/test/0000.parquet", "default/train/0000.parquet"], ["test", "train"]),
        (["cats/train-0.parquet", "dogs/train-0.parquet"], ["cats/train", "dogs/train"]),
        (["data/faces64.parquet"], ["faces64"]),
        (["0000.parquet", "0001.parquet"], ["", ""]),
    ],
)
def test_splits_after_the_names_of_files_and_folders(names: list[str], splits: list[str]):
    assert sources._split_names([PurePath(name) for name in names]) == splits


def test_damaged_names_of_classes_are_none(tmp_path: Path):
    for told in (b"{", b"[]", b'{"info": {"features": {"label": {"names": [1]}}}}'):
        table = pa.table({"image": [picture()], "label": [0]})
        path = tmp_path / "x.parquet"
        parquet.write_table(table.replace_schema_metadata({b"huggingface": told}), path)
        assert open_source(path).label_names == ()


def test_parquet_that_would_fill_the_memory(tmp_path: Path):
    """One large value, written once and shown by many rows; and one column of nothing but zeros."""
    path, large = tmp_path / "a.parquet", bytes(2**24)
    parquet.write_table(pa.table({"image": [large] * 40}), path, compression="zstd")
    allocated = pa.default_memory_pool().max_memory()
    assert sum(len(item.read()) for item in open_source(path).items()) == 40 * 2**24
    assert pa.default_memory_pool().max_memory() - allocated < 10 * 2**24
    table = pa.table({"image": [large] * 5})
    parquet.write_table(table, path, compression="zstd", use_dictionary=False)
    with pytest.raises(
        DataError, match=r"its column image is [\d,]+ bytes that are said to hold 83"
    ):
        open_source(path)
    parquet.write_table(pa.table({"image": [picture()]}), tmp_path / "b.parquet")
    parquet.write_table(pa.table({"other": [picture()]}), tmp_path / "c.parquet")
    path.unlink()
    with pytest.raises(DataError, match=r"c\.parquet has no column 'image', as b\.parquet has"):
        open_source(tmp_path, split="b,c")


def test_parquet_columns(tmp_path: Path):
    path = tmp_path / "x.parquet"
    rows = {"id": [1], "png": [picture()], "jpeg": [picture(1)], "v": [[0.5, 2.0]], "w": ["x"]}
    parquet.write_table(pa.table(rows), path)
    item = next(open_source(path, columns=Columns("jpeg", "v")).items())
    assert (item.read(), item.label) == (rows["jpeg"][0], [0.5, 2.0])
    assert next(open_source(path).items()).read() == rows["png"][0]
    with pytest.raises(UsageError, match="no column of pictures 'id'; it has png, jpeg"):
        open_source(path, columns=Columns("id"))
    with pytest.raises(UsageError, match="no column 'label'; it has id, png"):
        open_source(path, columns=Columns("png", "label"))
    with pytest.raises(DataError, match="the label is 'x'; a class from 0"):
        next(open_source(path, columns=Columns("png", "w")).items())
    path.write_bytes(b"PAR1 damaged")
    with pytest.raises(DataError, match=r"x.parquet cannot be read"):
        open_source(path)
    parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DataError, match="has no column of pictures"):
        open_source(path)


def test_corrupt_pictures_are_named_and_skipped_only_if_told(
    pack: Callable[..., Path], tmp_path: Path
):
    files = {"a.png": picture(), "b.png": picture()[:50], "c.png": b"?", "d.png": picture(3)}
    path = tmp_path / "out.zip"
    with pytest.raises(DataError, match=r"^b.png is damaged .*; --skip-bad passes over such"):
        build_dataset(open_source(pack(files)), path)
    assert not path.exists()
    assert not list(tmp_path.glob(".*"))
    told = {"labels": [[name, i] for i, name in enumerate(files)]}
    source = open_source(pack(files | {"dataset.json": json.dumps(told)}))
    found = build_dataset(source, path, BuildOptions(skip_bad=True))
    assert found.count == 2
    assert [told.split()[0] for told in found.skipped] == ["b.png", "c.png"]
    assert ImageSet(path).labels.values.tolist() == [0, 3]  # each keeps its label
    source = open_source(pack({"c.png": b"?"}))
    with pytest.raises(DataError, match=r"None of the 1 pictures can be used: c.png is no picture"):
        build_dataset(source, tmp_path / "no.zip", BuildOptions(skip_bad=True))


def test_mixed_sizes_and_colors(pack: Callable[..., Path], tmp_path: Path):
    sizes = pack({"a.png": picture(), "in/b.png": picture(0, 16, 16), "in/c.png": picture(1)})
    both = "in/b.png is 16×16, a.png before it 8×8; --resolution makes all of one size; --skip-bad"
    with pytest.raises(DataError, match=both):
        build_dataset(open_source(sizes), tmp_path / "a.zip")
    made = build_dataset(open_source(sizes), tmp_path / "most.zip", BuildOptions(skip_bad=True))
    assert (made.count, made.resolution) == (2, 8)
    assert [told.split(",")[0] for told in made.skipped] == ["in/b.png is 16×16"]
    assert (
        build_dataset(
            open_source(sizes), tmp_path / "a.zip", BuildOptions(CropOptions((8, 8)))
        ).count
        == 3
    )
    mixed = pack({"a.png": picture(), "b.png": picture(mode="L"), "c.png": picture(mode="RGBA")})
    with pytest.raises(DataError, match=r"b.png is grey, a.png in colour; --channels 3 makes all"):
        build_dataset(open_source(mixed), tmp_path / "b.zip")
    for channels in (1, 3):
        path = tmp_path / f"{channels}.zip"
        assert (
            build_dataset(open_source(mixed), path, BuildOptions(channels=channels)).channels
            == channels
        )
        assert ImageSet(path).channels == channels


def test_sides_that_no_network_makes(pack: Callable[..., Path], tmp_path: Path):
    source = open_source(pack({"a.png": picture(0, 12, 12)}))
    with pytest.raises(DataError, match="is 12×12; the side must be a power of two"):
        build_dataset(source, tmp_path / "out.zip")
    source = open_source(pack({"a.png": picture(0, 16, 8)}))
    with pytest.raises(DataError, match="is 16×8, not square; --transform center-crop or stretch"):
        build_dataset(source, tmp_path / "out.zip")
    made = build_dataset(
        source, tmp_path / "out.zip", BuildOptions(CropOptions(None, "center-crop"))
    )
    assert made.resolution == 8


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            BuildOptions(CropOptions((12, 12))),
            "12x12 is not allowed; the side must be a power of two",
        ),
        (BuildOptions(CropOptions((16, 8))), "16x8 is not allowed; networks make squares"),
        (BuildOptions(CropOptions((2, 2))), "it takes 4 to 8192"),
        (BuildOptions(CropOptions((2**20, 2**20))), "it takes 4 to 8192"),
        (BuildOptions(CropOptions((8, 8), "center-crop-wide")), "needs more width than height"),
        (BuildOptions(CropOptions(None, "stretch")), "stretch needs a --resolution"),
        (BuildOptions(background="no"), "no is not a colour"),
        (BuildOptions(channels=2), "channels: 2 is not allowed"),
        (BuildOptions(limit=0), "limit: 0 is not allowed"),
    ],
)
def test_rules_that_make_no_sense(pack: Callable[..., Path], tmp_path: Path, rules, told: str):
    with pytest.raises(UsageError, match=told):
        build_dataset(open_source(pack({"a.png": picture()})), tmp_path / "out.zip", rules)


def test_limit_and_wide(pack: Callable[..., Path], tmp_path: Path):
    source = open_source(pack({f"{i}.png": picture(i, 20, 12) for i in range(9)}))
    rules = BuildOptions(CropOptions((16, 8), "center-crop-wide"), limit=4)
    made = build_dataset(source, tmp_path / "out.zip", rules)
    assert (made.count, made.resolution) == (4, 16)


def test_places_that_cannot_be_written(pack: Callable[..., Path], tmp_path: Path):
    source = open_source(pack({"a.png": picture()}))
    taken = tmp_path / "taken.zip"
    taken.write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        build_dataset(source, taken)
    assert taken.read_bytes() == b"mine"
    with pytest.raises(RunWriteError, match="Cannot write"):
        build_dataset(source, taken / "inside.zip")
    made = build_dataset(source, tmp_path / "deep/er/out.zip")
    assert made.path.is_file()


def test_sources_without_pictures(pack: Callable[..., Path], tmp_path: Path):
    for path in (pack({"a.txt": "x"}), tmp_path):
        with pytest.raises(DataError, match="holds no pictures"):
            open_source(path)
