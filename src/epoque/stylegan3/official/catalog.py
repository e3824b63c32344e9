"""The official networks by short names.

The addresses are those that NVIDIA publishes; nothing of theirs is shipped. Their licence allows
research and evaluation only.
"""

from dataclasses import dataclass

from epoque.bench.errors import UnknownNameError

from ..bundled import bundled_paths

__all__ = ["LICENSE", "OFFICIAL", "OfficialNetwork", "find_official"]

LICENSE = "NVIDIA Source Code License (non-commercial: research and evaluation only)"

_HOST = "https://api.ngc.nvidia.com/v2/models/nvidia/research"

_THREE = {
    "ffhq-1024": "faces of Flickr, aligned",
    "ffhqu-1024": "faces of Flickr, not aligned",
    "ffhqu-256": "faces of Flickr, not aligned",
    "metfaces-1024": "faces of paintings, aligned",
    "metfacesu-1024": "faces of paintings, not aligned",
    "afhqv2-512": "animals' faces",
}
_TWO = _THREE | {
    "ffhq-512": "faces of Flickr, aligned",
    "ffhq-256": "faces of Flickr, aligned",
    "afhqcat-512": "cats' faces",
    "afhqdog-512": "dogs' faces",
    "afhqwild-512": "wild animals' faces",
    "brecahad-512": "tissue under the microscope",
    "celebahq-256": "faces of celebrities",
    "lsundog-256": "dogs",
    "cifar10-32": "objects of ten classes",
}


@dataclass(frozen=True, slots=True)
class OfficialNetwork:
    """An official network.

    Attributes:
        name: its short name: images, resolution, config.
        url: where it is published.
        images: what it makes.
        config: t, r or stylegan2.
        resolution: pixels of a side.
        license: the terms of its use.
    """

    name: str
    url: str
    images: str
    config: str
    resolution: int
    license: str = LICENSE


def _entry(stem: str, config: str, images: str) -> OfficialNetwork:
    family = "stylegan2" if config == "stylegan2" else "stylegan3"
    dataset, size = stem.rsplit("-", 1)
    kind = family if config == family else f"{family}-{config}"
    file = f"{kind}-{dataset}-{size}x{size}.pkl"
    url = f"{_HOST}/{family}/versions/1/files/{file}"
    return OfficialNetwork(f"{stem}-{config}", url, images, config, int(size))


_ALL = [_entry(stem, config, details) for config in ("t", "r") for stem, details in _THREE.items()]
_ALL += [_entry(stem, "stylegan2", details) for stem, details in _TWO.items()]

OFFICIAL: dict[str, OfficialNetwork] = {entry.name: entry for entry in _ALL}
"""Short names to networks: six each of config T and R, and fifteen of StyleGAN2."""


def find_official(name: str) -> OfficialNetwork:
    """Return the network of a short name.

    Raises:
        UnknownNameError: if there is none; it names the nearest, the package's own among them.
    """
    if (entry := OFFICIAL.get(name)) is None:
        hint = " A network is a file, an https address, or a short name such as ffhq-1024-t."
        raise UnknownNameError("network", name, [*bundled_paths(), *OFFICIAL], hint)
    return entry
