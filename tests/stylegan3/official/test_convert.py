"""Official files become our networks: the same images and logits."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from assemble import module, snapshot, tensor

from epoque.bench.errors import DataError, UsageError
from epoque.stylegan3.generation.transforms import transform_matrix
from epoque.stylegan3.images import to_uint8
from epoque.stylegan3.latents import sample_latents
from epoque.stylegan3.networks.store import load_network
from epoque.stylegan3.official.convert import convert_snapshot, load_official_network, parse_spec
from epoque.stylegan3.official.snapshot import read_snapshot, read_snapshot_bytes

SEEDS = (2, 674, 1024)


@pytest.fixture(params=["tiny_t", "tiny_sg2", "tiny_cond"])
def stem(request: pytest.FixtureRequest, golden: Path) -> Path:
    return golden / request.param


def labels(stem: Path, classes: int) -> torch.Tensor | None:
    told = json.loads(str(np.load(f"{stem}_expected.npz")["meta_json"]))["class_for_seed"]
    if told is None:
        return None
    return torch.eye(classes)[[told[str(seed)] for seed in SEEDS]]


def close(found: torch.Tensor, expected: np.ndarray) -> None:
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-4 * scale)


def test_images_and_logits_of_the_official_program(stem: Path, tmp_path: Path):
    """Through the files: same images at two truncations, same logits of the three images."""
    files = convert_snapshot(stem.with_suffix(".pkl"), tmp_path / "made")
    assert [file.name for file in files] == ["G.json", "D.json", "G_ema.json"]
    generator = load_network(tmp_path / "made" / "G_ema").network
    expected = np.load(f"{stem}_expected.npz")
    c = labels(stem, generator.spec.c_dim)
    z = torch.from_numpy(sample_latents(SEEDS, generator.spec.z_dim)).float()
    for psi in (1, 0.5):
        images = generator(z, c, psi=psi)
        for i, seed in enumerate(SEEDS):
            close(images[i : i + 1], expected[f"img/psi{psi}/{seed}"])
            levels = to_uint8(images)[i].astype(int) - expected[f"u8/psi{psi}/{seed}"]
            assert np.abs(levels).max() <= 1
    discriminator = load_network(tmp_path / "made" / "D.safetensors").network
    batch = np.concatenate([expected[f"img/psi1/{seed}"] for seed in SEEDS])
    close(discriminator(torch.from_numpy(batch), c), expected["logits"])


@pytest.mark.parametrize("name", ["tiny_t", "tiny_cond"])
def test_moved_and_turned_images(golden: Path, name: str):
    generator = load_official_network(read_snapshot(golden / f"{name}.pkl"))
    expected = np.load(golden / f"{name}_expected.npz")
    seen = torch.from_numpy(transform_matrix(0.1, -0.2, 25))
    generator.synthesis.input.transform.copy_(seen)
    z = torch.from_numpy(sample_latents(SEEDS, generator.spec.z_dim)).float()
    images = generator(z, labels(golden / name, generator.spec.c_dim))
    for i, seed in enumerate(SEEDS):
        close(images[i : i + 1], expected[f"img/translate0.1,-0.2_rotate25/{seed}"])


def test_the_card(golden: Path, tmp_path: Path):
    convert_snapshot(golden / "tiny_t.pkl", tmp_path, ["G_ema"], {"licence": "whatever"})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["G_ema.json", "G_ema.safetensors"]
    card = load_network(tmp_path / "G_ema").card
    assert card["file"] == "tiny_t.pkl"
    assert len(card["file_sha256"]) == 64
    assert card["training_set"]["path"] == "tiny-32x32.zip"  # without its folders
    assert card["augment"]["p"] == 0.25
    assert card["licence"] == "whatever"


def test_a_file_of_which_a_part_is_wrong_leaves_nothing(golden: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="has no network 'E'"):
        convert_snapshot(golden / "tiny_cond.pkl", tmp_path / "made", ["G_ema", "E"])
    assert not list(tmp_path.iterdir())


def test_the_same_file_gives_the_same_bytes(golden: Path, tmp_path: Path):
    for folder in ("a", "b"):
        convert_snapshot(golden / "tiny_sg2.pkl", tmp_path / folder)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_arguments_that_old_files_do_not_tell():
    """StyleGAN2-ADA had other defaults; its modules say which."""
    layer = module("SynthesisLayer", conv_clamp=None, use_noise=False)
    block = module("SynthesisBlock", architecture="resnet", _modules={"conv1": layer})
    synthesis = module("SynthesisNetwork", _modules={"b4": block})
    mapping = module("MappingNetwork", num_layers=8, w_avg_beta=0.995)
    told = {"z_dim": 4, "w_dim": 4, "img_resolution": 4, "mapping_kwargs": {"num_layers": 3}}
    parts = {"synthesis": synthesis, "mapping": mapping}
    found = read_snapshot_bytes(snapshot(module(_init_kwargs=told, _modules=parts))).networks[
        "G_ema"
    ]
    spec = parse_spec(found, "old")
    assert (spec.conv_clamp, spec.use_noise, spec.architecture) == (None, False, "resnet")
    assert (spec.w_avg_beta, spec.mapping_layers) == (0.995, 3)
    given = told | {"synthesis_kwargs": {"conv_clamp": 100}}
    found = read_snapshot_bytes(snapshot(module(_init_kwargs=given, _modules=parts))).networks[
        "G_ema"
    ]
    assert parse_spec(found, "old").conv_clamp == 100


def test_another_network(golden: Path, tmp_path: Path):
    whole = read_snapshot(golden / "tiny_t.pkl")
    with pytest.raises(UsageError, match=r"tiny_t.pkl has no network 'E'; it has G, D, G_ema\."):
        load_official_network(whole, "E")
    whole.networks["G_ema"].arguments["img_resolution"] = 64
    with pytest.raises(DataError, match=r"tiny_t.pkl: G_ema does not hold the weights"):
        load_official_network(whole)
    with pytest.raises(DataError, match="is a AugmentPipe"):
        parse_spec(whole.augment, "It")


def test_arguments_and_weights_that_make_no_network():
    odd = snapshot(module(_init_kwargs={"z_dim": -1, "img_resolution": 32}))
    with pytest.raises(DataError, match=r"odd.pkl: G_ema: z_dim is wrong"):
        load_official_network(read_snapshot_bytes(odd, "odd.pkl"))
    huge = snapshot(module(_init_kwargs={"img_resolution": 2**40}))
    with pytest.raises(DataError, match=r"img_resolution is wrong"):
        load_official_network(read_snapshot_bytes(huge, "odd.pkl"))
    unknown = snapshot(module(_init_kwargs={"img_resolution": 32, "evil": 1}))
    with pytest.raises(DataError, match="evil"):
        load_official_network(read_snapshot_bytes(unknown, "odd.pkl"))


def test_a_network_far_larger_than_its_file():
    """What is described is compared with what is there before memory is taken for it."""
    wide = {"img_resolution": 8192, "channel_base": 2**24, "channel_max": 16_384, "w_dim": 16_384}
    part = {"input": module("SynthesisInput", _buffers={"freqs": tensor(np.ones(3))})}
    parts = {"synthesis": module("SynthesisNetwork", _modules=part)}
    data = snapshot(module(_init_kwargs=wide | {"z_dim": 16_384}, _modules=parts))
    with pytest.raises(DataError, match="does not hold the weights that it describes"):
        load_official_network(read_snapshot_bytes(data))


def test_a_number_that_is_not_finite():
    weight = tensor(np.array([1, np.nan], np.float32))
    found = read_snapshot_bytes(snapshot(module(_parameters={"weight": weight}))).networks["G_ema"]
    from epoque.stylegan3.official.convert import _copy_tensors

    with pytest.raises(DataError, match="weight holds numbers that are not finite"):
        _copy_tensors(found, "it")
