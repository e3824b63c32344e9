"""Images from seeds: the same bytes always, and what is refused."""

from hashlib import sha256

import numpy as np
import pytest
import torch
from golden import golden, needs_golden, network_of
from PIL import Image
from small import small

from epoque.bench.errors import UsageError
from epoque.stylegan3 import memory
from epoque.stylegan3.generation import generate as generating
from epoque.stylegan3.generation.generate import (
    InputTransform,
    compare_precision,
    generate,
    write_grid,
    write_styles,
)
from epoque.stylegan3.generation.image_grid import tile_images
from epoque.stylegan3.generation.seed_list import parse_grid, parse_layers, parse_seeds
from epoque.stylegan3.generation.synthesis import (
    MappingOptions,
    map_seeds,
    synthesize_image,
    transform_input,
)
from epoque.stylegan3.generation.transforms import transform_matrix
from epoque.stylegan3.loading import LoadedGenerator


def test_seeds_as_typed():
    with pytest.raises(UsageError, match="rows: 4294967296 is out of range"):
        parse_seeds("4294967296", "rows")
    assert parse_seeds("2,674,1024") == [2, 674, 1024]
    assert parse_seeds(" 7 , 4-6,4294967295") == [7, 4, 5, 6, 2**32 - 1]
    assert parse_layers("0-2,5", 6) == [0, 1, 2, 5]
    assert parse_grid("4x2") == parse_grid("4,2") == (4, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "takes a list"),
        ("-1", "out of range"),
        ("1.5", "takes a list"),
        ("4294967296", "4294967296 is out of range: 0 to 4294967295"),
        ("6-4", "runs backwards"),
        ("0-4294967295", "more than 100,000"),
    ],
)
def test_wrong_seeds_are_told(text, told):
    with pytest.raises(UsageError, match=told):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["", "4", "0x2", "4x65", "axb", "4x2x1"])
def test_a_wrong_grid_is_told(text):
    with pytest.raises(UsageError, match="columns and rows such as 4x2"):
        parse_grid(text)


@pytest.mark.parametrize("kind", ["t", "r", "stylegan2"])
def test_an_image_is_the_same_whatever_stands_beside_it(kind, tmp_path):
    opened = small(kind)
    noise = "random" if kind == "stylegan2" else "const"
    told = []
    for folder, seeds in (("a", [2, 674, 1024]), ("b", [1024]), ("c", [5, 1024, 2])):
        made = generate(opened, seeds, tmp_path / folder, noise=noise)
        told.append({p.start: p.sha256 for p in made})
        for picture in made:
            assert sha256(picture.path.read_bytes()).hexdigest() == picture.sha256
    assert told[0][1024] == told[1][1024] == told[2][1024]
    assert told[0][2] == told[2][2]
    assert len(set(told[0].values())) == 3


@pytest.mark.parametrize("kind", ["t", "stylegan2"])
def test_batches_make_the_same_images_but_for_rounding(kind, tmp_path):
    opened, told = small(kind), []
    options = {"noise": "random"} if kind == "stylegan2" else {"movement": InputTransform(x=0.1)}
    one = generate(opened, [1, 2, 3], tmp_path / "a", **options)
    many = generate(
        opened, [1, 2, 3], tmp_path / "b", batch=2, progress=lambda *at: told.append(at), **options
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    for a, b in zip(one, many, strict=True):
        assert a.path.name == b.path.name
        assert abs(a.pixels.astype(int) - b.pixels).max() <= 1
    with pytest.raises(UsageError, match="batch: 0 is not allowed"):
        generate(opened, [1], tmp_path, batch=0)


def test_only_one_batch_is_in_memory(monkeypatch, tmp_path):
    opened, asked = small(), []
    monkeypatch.setattr(generating, "check_memory", lambda *_, **told: asked.append(told))
    for batch, grid in ((1, False), (2, False), (8, True)):
        generate(opened, [1, 2, 3], tmp_path, batch=batch, grid=grid)
    sheet = 3 * 16 * 16 * 3  # the images; and then the sheet and its file
    assert asked == [
        {"images": 1, "extra_bytes": 0},
        {"images": 2, "extra_bytes": 0},
        {"images": 3, "extra_bytes": 3 * sheet},
    ]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", ["t", "r", "stylegan2"])
def test_a_shorter_type_tells_its_error(kind, precision, tmp_path):
    opened, noise = small(kind), "random" if kind == "stylegan2" else "const"
    (full,) = generate(opened, [4], tmp_path / "a", noise=noise)
    (short,) = generate(opened, [4], tmp_path / "b", noise=noise, precision=precision)
    found = compare_precision(opened, 4, precision, noise=noise)
    apart = abs(full.pixels.astype(int) - short.pixels)
    assert found.largest == apart.max()
    assert found.mean == pytest.approx(apart.mean())
    assert 1e-5 < found.relative < 0.05
    assert f"{precision} against float32, in the first image: at most {found.largest} of" in str(
        found
    )
    assert compare_precision(opened, 4, "float32").relative == 0
    with pytest.raises(UsageError, match="precision: int8 is not allowed; it takes float32"):
        generate(opened, [4], tmp_path, precision="int8")


def test_both_kinds_of_file_lose_nothing(tmp_path):
    opened = small()
    (png,) = generate(opened, [7], tmp_path)
    (webp,) = generate(opened, [7], tmp_path, kind="webp")
    assert png.path.name == "seed0007.png"
    for picture in (png, webp):
        with Image.open(picture.path) as image:
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), png.pixels)


@needs_golden
@pytest.mark.parametrize("name", ["tiny_t", "tiny_r", "tiny_sg2", "tiny_gray", "tiny_cond"])
def test_the_images_are_the_official_ones(name, tmp_path):
    reference = golden(name)
    opened = LoadedGenerator(network_of(name).eval().requires_grad_(False), name, None)
    for seed in (2, 1024):
        label = int(reference[f"c/{seed}"].argmax()) if f"c/{seed}" in reference else None
        ws = map_seeds(opened.generator, [seed], MappingOptions(0.5, None, label))[0]
        found = synthesize_image(opened.generator, ws).astype(int)
        wanted = reference[f"u8/psi0.5/{seed}"].reshape(*found.shape[:2], -1).astype(int)
        assert abs(found - wanted).max() <= 1


def test_gray_becomes_color(tmp_path):
    opened = small(img_channels=1)
    (made,) = generate(opened, [0], tmp_path)
    assert made.pixels.shape == (16, 16, 3)
    assert (made.pixels[..., 0] == made.pixels[..., 2]).all()


def test_moving_the_input_moves_the_image(tmp_path):
    opened = small()
    (still,) = generate(opened, [1], tmp_path / "a")
    (there,) = generate(opened, [1], tmp_path / "b", movement=InputTransform(x=4 / 16))
    (again,) = generate(opened, [1], tmp_path / "c")
    assert still.sha256 == again.sha256 != there.sha256
    near = abs(still.pixels[:, :12].astype(int) - there.pixels[:, 4:])
    far = abs(still.pixels.astype(int) - there.pixels)
    assert near.mean() < far.mean() / 2
    with pytest.raises(UsageError, match="cannot translate or rotate"):
        generate(small("stylegan2"), [1], tmp_path, movement=InputTransform(degrees=10))


def test_a_movement_for_each_image_of_a_batch():
    generator = small().generator
    ws = map_seeds(generator, [3, 3])
    places = np.stack([transform_matrix(0, 0, 0), transform_matrix(0.1, 0, 20)])
    with transform_input(generator, places):
        both = generator.synthesis(ws)
    with transform_input(generator, places[1]):
        one = generator.synthesis(ws[1:])
    np.testing.assert_allclose(both[1:], one, atol=1e-5)
    np.testing.assert_allclose(generator.synthesis.input.transform, np.eye(3))


def test_classes(tmp_path):
    opened = small(c_dim=3)
    digests = {
        generate(opened, [1], tmp_path, options=MappingOptions(label=i))[0].sha256 for i in (0, 2)
    }
    assert len(digests) == 2
    for label, told in ((None, "needs a class, 0 to 2"), (3, "0 to 2 are"), (-1, "0 to 2 are")):
        with pytest.raises(UsageError, match=told):
            map_seeds(opened.generator, [1], MappingOptions(label=label))
    with pytest.raises(UsageError, match="has no classes"):
        map_seeds(small().generator, [1], MappingOptions(label=0))


@pytest.mark.parametrize("psi", [float("nan"), float("inf")])
def test_truncation_is_a_finite_number(psi):
    with pytest.raises(UsageError, match="finite number"):
        map_seeds(small().generator, [1], MappingOptions(psi))


def test_cutoff_is_a_number_of_layers():
    generator = small().generator
    generator.mapping.w_avg.fill_(1.0)
    ws = map_seeds(generator, [1], MappingOptions(0.0, 2))[0]
    assert (ws[:2] == 1).all()
    assert not (ws[2:] == 1).any()
    with pytest.raises(UsageError, match="takes 0 to 6"):
        map_seeds(generator, [1], MappingOptions(0.5, 7))


def test_grid_and_styles_files(tmp_path):
    opened = small()
    made = generate(opened, [1, 2, 3], tmp_path)
    write_grid(made, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (33, 33)
    write_styles(opened, [1, 2, 3], tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        assert file["w"].shape == (3, 6, 8)
        assert file["seeds"].tolist() == [1, 2, 3]
        np.testing.assert_array_equal(file["w"][2], map_seeds(opened.generator, [3])[0])
    assert not list(tmp_path.glob(".*"))


def test_tiles_stand_row_by_row():
    images = [np.full((1, 2, 3), i, np.uint8) for i in range(3)]
    sheet = tile_images(images, 2, gap=1, paper=9)
    assert sheet[..., 0].tolist() == [[0, 0, 9, 1, 1], [9] * 5, [2, 2, 9, 9, 9]]


def test_limits_of_the_process_and_its_container_count(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    monkeypatch.setattr(memory, "reserved_memory", lambda: 200)  # by earlier images, used again
    assert memory.available_memory(torch.device("cpu")) == 1200
    with pytest.raises(UsageError, match="are free"):
        memory.check_memory(small().generator, torch.device("cpu"))


def test_too_little_memory_is_told_with_what_would_fit(monkeypatch):
    opened = small()
    one = memory.estimate_memory(opened.generator)
    monkeypatch.setattr(memory, "available_memory", lambda device: 3 * one)
    memory.check_memory(opened.generator, opened.device, images=3)
    with pytest.raises(UsageError, match="3 images at a time would fit"):
        memory.check_memory(opened.generator, opened.device, images=4)
    with pytest.raises(UsageError, match="50% of the images would fit"):
        memory.check_memory(opened.generator, opened.device, extra_bytes=4 * one)
    monkeypatch.setattr(memory, "available_memory", lambda device: one // 2)
    with pytest.raises(UsageError, match="about 8 × 8 pixels would fit"):
        memory.check_memory(opened.generator, opened.device)
