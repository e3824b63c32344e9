"""Drawn portraits that nobody learned from: what generated ones are held against.

`python -m epoque.stylegan3.analysis.reference` draws them anew (extra `avatars`, a minute) and
writes the file of the package: where they lie among what the reader of attributes sees, how near
to each other, and how certain it is of them.

An image's place is what the reader's last convolution gives, scaled by what it usually gives and
laid out in fewer dimensions by chance, which keeps distances (Johnson and Lindenstrauss 1984). The
64 features that the reader ends with would not do: they tell portraits from each other, and of what
is no portrait they say little.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from epoque.bench.errors import DataError
from epoque.bench.files.atomic import read_json, write_atomic, write_json
from epoque.bench.seeds import numpy_rng
from epoque.bench.terminal import print_line, progress_bar

from ..images import from_uint8
from ..measures.features import SIZE, STEM, portrait_net, resize_images

__all__ = ["Reference", "load_reference", "make_reference"]

FOLDER = Path(str(files("epoque.stylegan3") / "data"))
NAME = "portrait-reference"
PORTRAITS = 1000
SEED = 2  # generators learn from the portraits of seed 0, the reader from those of seed 1
DIMENSIONS = 128
SHARE = 0.95  # of the drawn portraits, of which a generated one should be one


@dataclass(frozen=True, slots=True)
class Reference:
    """What drawn portraits are like.

    Attributes:
        mean: [F] of what the last convolution gives.
        scale: [F] its standard deviation, or a tenth of the usual one where that is more.
        places: [N, D] of each portrait.
        reach: no more than this are 19 of 20 from the nearest other one.
        certainty: at least this is the mean probability of what is read of 19 of 20.
    """

    mean: Tensor
    scale: Tensor
    places: Tensor
    reach: float
    certainty: float

    def distances(self, images: Tensor) -> list[float]:
        """Return how far images are from the nearest portrait, in reaches.

        Args:
            images: [N, 1 or 3, S, S], −1 to 1.
        """
        there = _project(_last_features(images), self.mean, self.scale)
        nearest: list[float] = torch.cdist(there, self.places).min(1).values.tolist()
        return [distance / self.reach for distance in nearest]


@cache
def load_reference() -> Reference:
    """Return what the package knows of drawn portraits.

    Raises:
        DataError: if it is missing, or of another network that reads.
    """
    path = FOLDER / f"{NAME}.json"
    if not path.is_file():
        raise DataError(f"{path.name} is missing in the package; install it anew.")
    description = read_json(path)
    if description["network"] != _network(path.parent):
        raise DataError(f"{path.name} in the package is of another {STEM}.")
    arrays = load(path.with_suffix(".safetensors").read_bytes())
    mean, scale, places = (arrays[name].float() for name in ("mean", "scale", "places"))
    return Reference(mean, scale, places, description["reach"], description["certainty"])


def make_reference(folder: Path, count: int = PORTRAITS, seed: int = SEED) -> None:
    """Draw portraits and write what they are like."""
    from ..dataset.avatars import make_avatars
    from ..dataset.image_set import ImageSet

    with TemporaryDirectory() as folder_name, progress_bar("drawing", "portraits") as progress:
        path = Path(folder_name) / "portraits.zip"
        make_avatars(path, count, SIZE, seed, progress=progress)
        images = ImageSet(path)
        levels = torch.from_numpy(np.stack([images.image(i) for i in range(count)]))
    reference = embed(from_uint8(levels))
    arrays = {name: getattr(reference, name).half() for name in ("mean", "scale", "places")}
    write_atomic(folder / f"{NAME}.safetensors", save(arrays))
    description = {
        "what": "where drawn cartoon portraits lie in the reader's sight, to hold others against",
        "data": f"{count:,} portraits of `epoque stylegan3 dataset avatars`, seed {seed}",
        "reach": reference.reach,
        "certainty": reference.certainty,
        "network": _network(folder),
        "made_with": "python -m epoque.stylegan3.analysis.reference",
        "licence": "Apache-2.0",
    }
    write_json(folder / f"{NAME}.json", description)
    print_line(f"reach {reference.reach:.3f}, certainty {reference.certainty:.3f}")


def embed(images: Tensor) -> Reference:
    """Return what drawn portraits are like; images as in `Reference.distances`."""
    from ..measures.attributes import predict_attributes

    features = _last_features(images)
    mean, spread = features.mean(0).half().float(), features.std(0)
    scale = spread.clamp_min(float(spread.mean()) / 10).half().float()  # as the file will hold them
    places = _project(features, mean, scale).half().float()
    nearest = torch.cdist(places, places).kthvalue(2).values  # the first is itself
    certain = torch.tensor(
        [_mean([r.probability for r in one.values()]) for one in predict_attributes(images)]
    )
    reach, certainty = float(nearest.quantile(SHARE)), float(certain.quantile(1 - SHARE))
    return Reference(mean, scale, places, reach, certainty)


@torch.no_grad()
def _last_features(images: Tensor) -> Tensor:
    """Return what the reader's last convolution gives, [N, F]."""
    network = portrait_net()
    parts = (images[first : first + 100] for first in range(0, len(images), 100))
    return torch.cat([network.body(resize_images(part)) for part in parts])


def _project(features: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    directions_f64 = numpy_rng(SEED, "directions").standard_normal((len(mean), DIMENSIONS))
    directions = torch.from_numpy(directions_f64).float() / DIMENSIONS**0.5
    places: Tensor = (features - mean) / scale @ directions
    return places


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _network(folder: Path) -> str:
    """Return the digest of the network that reads, as its description tells it."""
    description: dict[str, str] = json.loads((folder / f"{STEM}.json").read_bytes())
    return description["sha256"]


if __name__ == "__main__":
    make_reference(FOLDER)
