"""The networks that come with the package: small generators of drawn portraits, by short names.

They learned by this package's code from its own drawings, so that they may ship under its licence.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from epoque.bench.files.atomic import read_json

__all__ = ["DEFAULT_NETWORK", "NAMES", "BundledNetwork", "bundled_paths", "list_bundled"]

FOLDER = Path(str(files("epoque.stylegan3") / "data"))
NAMES = ("avatars-t", "avatars-stylegan2")
DEFAULT_NETWORK = NAMES[0]
"""What commands use when they are told no network."""


@dataclass(frozen=True, slots=True)
class BundledNetwork:
    """A network of the package, as a listing shows it.

    Attributes:
        name: its short name.
        config: t, r or stylegan2.
        resolution: pixels of a side.
        images: what it makes.
        license: the terms of its use.
        card: all that its file tells of it.
    """

    name: str
    config: str
    resolution: int
    images: str
    license: str
    card: dict[str, object]


def bundled_paths() -> dict[str, Path]:
    """Return short name to description, of the networks that are there."""
    paths = {name: FOLDER / f"{name}.json" for name in NAMES}
    return {name: path for name, path in paths.items() if path.is_file()}


def list_bundled() -> list[BundledNetwork]:
    """Return the networks of the package, without their weights.

    Raises:
        DamagedRunError: if a description cannot be read.
    """
    return [_read_entry(name, path) for name, path in bundled_paths().items()]


def _read_entry(name: str, path: Path) -> BundledNetwork:
    description = read_json(path)
    spec, card = description["spec"], description["card"]
    turns = "r" if spec.get("use_radial_filters") else "t"
    config = "stylegan2" if spec["network"] == "stylegan2" else turns
    license = str(card.get("licence", "Apache-2.0"))
    return BundledNetwork(name, config, spec["img_resolution"], "cartoon portraits", license, card)
