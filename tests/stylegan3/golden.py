"""Reference numbers of the official networks, where they are at hand beside this checkout."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from epoque.stylegan3 import networks

FOLDER = Path(__file__).parents[2].parent / "shared" / "golden" / "stylegan3"

needs_golden = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no reference numbers in {FOLDER}")


class Golden:
    """One file of arrays, and what its `meta_json` says."""

    def __init__(self, name):
        with np.load(FOLDER / f"{name}.npz") as file:
            self.arrays = dict(file)
        self.meta = json.loads(str(self.arrays.pop("meta_json")))

    def __contains__(self, name):
        return name in self.arrays

    def __getitem__(self, name):
        return self.arrays[name]

    def tensor(self, name, dtype=None):
        """An array as tensor; None where there is none."""
        return torch.from_numpy(self[name]).to(dtype) if name in self else None

    def under(self, prefix):
        """Arrays by the rest of their names."""
        rest = len(prefix)
        return {name[rest:]: v for name, v in self.arrays.items() if name.startswith(prefix)}

    def state(self):
        return {name: torch.from_numpy(value) for name, value in self.under("sd/").items()}


@cache
def golden(name):
    return Golden(name)


def spec_of(name):
    """The description of a network of the reference numbers."""
    meta = golden(name).meta
    if meta["role"] == "Discriminator":
        return networks.DiscriminatorSpec.from_official(meta["init_kwargs"])
    return networks.parse_official_generator(meta["network"], meta["init_kwargs"])


def network_of(name):
    """A new network with the weights of the reference numbers."""
    network = networks.build_network(spec_of(name))
    network.load_state_dict(golden(name).state())
    return network


def assert_near(found, wanted, relative):
    """Fail where the largest difference is more than a share of the largest wanted number."""
    found = found.detach().numpy() if isinstance(found, torch.Tensor) else np.asarray(found)
    assert found.shape == wanted.shape
    difference = np.abs(found.astype(np.float64) - wanted).max(initial=0)
    assert difference <= relative * np.abs(wanted).max(initial=0), difference
