"""The official feature networks behind FID, KID, IS, precision, recall and PPL, from their files.

Files may be the official ones, or others of the same networks: PyTorch archives, state_dicts or
safetensors (`official.archive` reads them without executing anything). Weights whose names are
known (torchvision's, and those of the Inception files made for FID) are taken by name; others, the
official ones among them, by shapes and order.

What could not be checked while this was written, since no official file was at hand: that the
official pickles have one of the forms that are read here, that their layers come in the networks'
order, the type of the normalisation's vectors; for VGG also how images are resized to 224 pixels
and that the second dense layer is taken after its ReLU. The networks follow their papers; the
formulas of the measures give the official numbers on the official features (tested).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.progress import Progress

from ..official.archive import read_tensors
from ..official.fetch import fetch
from ..official.inception import Inception
from ..official.vgg import Vgg, lpips_weights
from ..official.weight_matching import load_matching_weights

__all__ = ["OFFICIAL", "InceptionFeatures", "VggFeatures", "load_inception", "load_vgg"]

_HOST = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files/metrics"
OFFICIAL = {"inception": f"{_HOST}/inception-2015-12-05.pkl", "vgg": f"{_HOST}/vgg16.pkl"}
"""Where NVIDIA publishes them."""

BY = {
    "names": "recognised by names",
    "shapes": "recognised by shapes and order, which is not checked against official numbers",
}


@dataclass(frozen=True, slots=True)
class InceptionFeatures:
    """What an Inception network says of images.

    Attributes:
        network: it.
        file: of its weights, for people.
        digest: of the file.
        how: what its weights were recognised by.
        device: where it computes.
        classes: whether the classes' probabilities stand for an image, not the features.
    """

    network: Inception
    file: str
    digest: str
    how: str
    device: str
    classes: bool = False

    @property
    def name(self) -> str:
        """For people."""
        return f"Inception-v3 ({self.file}; {BY[self.how]})"

    @property
    def key(self) -> Mapping[str, Any]:
        """Which weights."""
        return {"inception": self.digest, "classes": self.classes}

    @torch.no_grad()
    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float32]:
        """Return the features, [N, 2048], or the probabilities, [N, 1008]."""
        x = levels.to(self.device)
        features: Tensor = self.network(x) if self.classes else self.network.features(x)
        return features.cpu().numpy()

    def probabilities(self) -> "InceptionFeatures":
        """Return the same network's probabilities."""
        fields = self.network, self.file, self.digest, self.how, self.device
        return InceptionFeatures(*fields, classes=True)


@dataclass(frozen=True, slots=True)
class VggFeatures:
    """What a VGG network says of images.

    Attributes:
        network: it.
        file: of its weights, for people.
        digest: of the file.
        how: what its weights were recognised by.
        device: where it computes.
        lpips: digest of the perceptual distance's weights; "" where they are not there.
    """

    network: Vgg
    file: str
    digest: str
    how: str
    device: str
    lpips: str

    @property
    def name(self) -> str:
        """For people."""
        return f"VGG-16 ({self.file}; {BY[self.how]})"

    @property
    def key(self) -> Mapping[str, Any]:
        """Which weights."""
        return {"vgg": self.digest}

    @torch.no_grad()
    def __call__(self, levels: Tensor, numbers: range) -> NDArray[np.float32]:
        """Return the features, [N, 4096]."""
        features: Tensor = self.network(levels.to(self.device))
        return features.cpu().numpy()


def load_inception(
    source: str | None = None, device: str = "cpu", progress: Progress | None = None
) -> InceptionFeatures:
    """Return the Inception network of a file or address; by default the official one, fetched.

    Raises:
        DataError: if the file cannot be read or is of another network.
        FetchError: if it cannot be fetched.
    """
    path = fetch(source or OFFICIAL["inception"], progress).path
    network = Inception()
    how = load_matching_weights(
        network, read_tensors(path), network.layers(), "Inception-v3 of 1008 classes"
    )
    network.to(device).eval().requires_grad_(False)
    return InceptionFeatures(network, path.name, _digest(path), how, device)


def load_vgg(
    source: str | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    *,
    lpips: str | Path | None = None,
) -> VggFeatures:
    """Return the VGG network of a file or address; by default the official one, fetched.

    Args:
        source: its file or address.
        device: where it computes.
        progress: told how far a download is, in bytes.
        lpips: the file of LPIPS's weights, if they are not in that file.

    Raises:
        DataError: if a file cannot be read or is of another network.
        FetchError: if it cannot be fetched.
    """
    path = fetch(source or OFFICIAL["vgg"], progress).path
    arrays, network = read_tensors(path), Vgg()
    how = load_matching_weights(network, arrays, network.layers(), "VGG-16")
    weights = lpips_weights(read_tensors(Path(lpips)) if lpips else arrays)
    if lpips and weights is None:
        raise DataError(f"{lpips} holds no weights of LPIPS: five vectors named lin0 to lin4.")
    for number, weight in enumerate(weights or ()):
        getattr(network, f"lin{number}").copy_(weight)
    vectors = b"".join(weight.numpy().tobytes() for weight in weights or ())
    apart = sha256(vectors).hexdigest() if vectors else ""
    network.to(device).eval().requires_grad_(False)
    return VggFeatures(network, path.name, _digest(path), how, device, apart)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
