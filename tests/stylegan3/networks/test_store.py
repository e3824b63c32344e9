"""Networks on disk: what comes back, and what is said of files that are not whole."""

import json
from hashlib import sha256

import pytest
import torch
from safetensors.torch import save_file

from epoque.bench.errors import DataError
from epoque.stylegan3 import networks
from epoque.stylegan3.latents import sample_latents
from epoque.stylegan3.networks import DiscriminatorSpec, StyleGan2Spec, StyleGan3Spec
from epoque.stylegan3.networks.store import (
    load_generator_file,
    load_network,
    load_weights,
    save_network,
)

SMALL = {"img_resolution": 16, "channel_base": 128, "channel_max": 8}
SPECS = {
    "t": StyleGan3Spec(**SMALL, z_dim=8, w_dim=8, num_layers=4, c_dim=2),
    "r": StyleGan3Spec(**SMALL, z_dim=8, w_dim=8, conv_kernel=1, use_radial_filters=True),
    "stylegan2": StyleGan2Spec(**SMALL, z_dim=8, w_dim=8, conv_clamp=None),
}


@pytest.fixture
def saved(tmp_path):
    """A small network on disk."""
    save_network(
        networks.init_generator(SPECS["t"], seed=3), tmp_path / "face", {"licence": "Apache-2.0"}
    )
    return tmp_path / "face"


@pytest.mark.parametrize("name", SPECS)
@torch.no_grad()
def test_a_generator_comes_back(name, tmp_path):
    network = networks.init_generator(SPECS[name], seed=5)
    network.mapping.w_avg.normal_()
    path = tmp_path / "net-1.5"
    save_network(network, path, {"kimg": 3})
    found = load_network(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "net-1.5.json",
        "net-1.5.safetensors",
    ]
    assert found.card == {"kimg": 3}
    assert found.network.spec == SPECS[name]
    state = network.state_dict()
    assert found.network.state_dict().keys() == state.keys()
    assert all(torch.equal(v, state[k]) for k, v in found.network.state_dict().items())
    z, c = torch.from_numpy(sample_latents([2], 8)), torch.eye(2)[:1]
    assert torch.equal(found.network(z, c, psi=0.7), network(z, c, psi=0.7))
    assert not any(p.requires_grad for p in found.network.parameters())


def test_a_discriminator_comes_back_with_its_frozen_layers(tmp_path):
    network = networks.init_discriminator(DiscriminatorSpec(**SMALL, freeze_layers=2, c_dim=2))
    save_network(network, tmp_path / "d")
    found = load_network(tmp_path / "d").network
    assert found.spec == network.spec
    images, labels = torch.zeros(4, 3, 16, 16), torch.eye(2)[[0, 1, 0, 1]]
    assert torch.equal(found(images, labels), network(images, labels))
    with pytest.raises(DataError, match="holds a discriminator; a generator was expected"):
        load_generator_file(tmp_path / "d")


@pytest.mark.parametrize("suffix", ["", ".json", ".safetensors"])
def test_either_file_names_the_network(saved, suffix):
    assert load_generator_file(saved.with_name(saved.name + suffix)).spec == SPECS["t"]


def test_the_same_network_is_the_same_bytes(saved, tmp_path):
    save_network(load_generator_file(saved), tmp_path / "again", {"licence": "Apache-2.0"})
    for suffix in (".json", ".safetensors"):
        assert saved.with_suffix(suffix).read_bytes() == (tmp_path / f"again{suffix}").read_bytes()


def test_missing_files_are_told(saved):
    with pytest.raises(DataError, match=r"nowhere\.json is damaged or missing"):
        load_network(saved.with_name("nowhere"))
    saved.with_suffix(".safetensors").unlink()
    with pytest.raises(DataError, match=r"face\.safetensors: there is no such file"):
        load_network(saved)


@pytest.mark.parametrize(
    "harm", [lambda b: b[:-1], lambda b: b[:-9] + b"\x00" + b[-8:], lambda b: b""]
)
def test_damaged_weights_are_told(saved, harm):
    weights = saved.with_suffix(".safetensors")
    harmed = harm(weights.read_bytes())
    assert harmed != weights.read_bytes()
    weights.write_bytes(harmed)
    with pytest.raises(DataError, match=r"face\.safetensors is damaged, or not what face\.json"):
        load_network(saved)


def rewrite(saved, weights=None, **changes):
    """Change the JSON; with weights of another content, its digest too."""
    description = saved.with_suffix(".json")
    told = json.loads(description.read_text()) | changes
    if weights is not None:
        saved.with_suffix(".safetensors").write_bytes(weights)
        told["sha256"] = sha256(weights).hexdigest()
    description.write_text(json.dumps(told))


def test_weights_that_are_no_safetensors_are_told(saved):
    rewrite(saved, b"\x10\x00\x00\x00\x00\x00\x00\x00{not JSON at all}")
    with pytest.raises(DataError, match=r"The header of .* it is no JSON"):
        load_network(saved)


def test_weights_of_another_network_are_told(saved, tmp_path):
    state = dict(load_generator_file(saved).state_dict())
    state["stranger"] = torch.zeros(1)
    save_file(state, tmp_path / "other")
    rewrite(saved, (tmp_path / "other").read_bytes())
    with pytest.raises(DataError, match="has an unknown 'stranger'; it is of another network"):
        load_network(saved)
    del state["stranger"], state["mapping.w_avg"]
    save_file(state, tmp_path / "other")
    rewrite(saved, (tmp_path / "other").read_bytes())
    with pytest.raises(DataError, match=r"lacks 'mapping\.w_avg'"):
        load_network(saved)


def test_a_shape_of_another_network_is_told():
    network = networks.build_network(SPECS["t"])
    state = network.state_dict() | {"mapping.w_avg": torch.zeros(3)}
    with pytest.raises(DataError, match=r"here: mapping.w_avg has shape \[3\], not \[8\]"):
        load_weights(network, state, "here")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 2}, "has format 2; this Epoque reads 1"),
        ({"role": "critic"}, "neither a generator nor a discriminator"),
        ({"spec": []}, "neither a generator nor a discriminator"),
        ({"spec": {"network": "biggan"}}, "network is 'biggan'; it is stylegan3 or stylegan2"),
        ({"spec": {"network": "stylegan3"}}, "img_resolution is wrong: Field required"),
        ({"spec": {"network": ["stylegan3"]}}, "it is stylegan3 or stylegan2"),
        (
            {"spec": SPECS["t"].to_json() | {"first_cutoff": 1e-9, "first_stopband": 2e-9}},
            "first_stopband must be at least 0.5",
        ),
    ],
)
def test_a_wrong_description_is_told(saved, changes, told):
    rewrite(saved, **changes)
    with pytest.raises(DataError, match=told):
        load_network(saved)


def test_a_description_of_a_giant_takes_no_memory(saved):
    giant = SPECS["t"].to_json() | {"channel_base": 2**24, "channel_max": 16_384, "conv_kernel": 15}
    rewrite(saved, spec=giant)
    with pytest.raises(DataError, match="it is of another network"):
        load_network(saved)


def test_weights_that_were_not_followed_by_their_description_are_told(saved):
    """As after a crash between the two files."""
    save_network(networks.init_generator(SPECS["t"], seed=4), saved.with_name("new"))
    saved.with_name("new.safetensors").replace(saved.with_suffix(".safetensors"))
    with pytest.raises(DataError, match=r"or not what face\.json describes"):
        load_network(saved)
