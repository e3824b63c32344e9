"""Put a generator that has copied portraits into the package, with its card.

    python tools/warm_start.py stylegan3/avatars-t first.json --kimg 40
    python tools/ship.py avatars-t first.json --hardware "AMD EPYC (AVX2)"

The card tells how good the network is, over as many images as it learned from (pfd, pprecision,
precall) or a thousand (what needs no more to see the faults); to repeat it,
`epoque stylegan3 metrics --network avatars-t --images 10000 --metrics pfd,pprecision,precall` and
`… --images 1000 --reals 1000 --metrics octaves,edges,shares,efd,ekd,epr` (extra `features`).
"""

import argparse
from pathlib import Path
from typing import Any

from epoque.bench.recipes import find_recipe
from epoque.stylegan3.bundled import FOLDER, NAMES
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.loading import load_generator
from epoque.stylegan3.measures.image_sources import NetworkImages, SetImages
from epoque.stylegan3.measures.metrics import compute_metrics
from epoque.stylegan3.networks.store import load_network, save_network
from epoque.stylegan3.training.data import draw_avatars

MEASURES = ("pfd", "pprecision", "precall")
FINE_MEASURES = ("octaves", "edges", "shares", "efd", "ekd", "eprecision", "erecall")
FINE_IMAGES = 1000
SETTINGS = {"avatars", "mirror", "resolution", "cfg", "seed"}
"""What copying takes from a recipe, beside the network's sizes, which its file tells."""


def main() -> None:
    """Read the command line, ship the network and measure it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("network", type=Path, help="the file that `warm_start.py` wrote")
    parser.add_argument("--hardware", required=True, help="what computed, for people")
    told = parser.parse_args()
    config = StyleGan3Config.parse(dict(find_recipe(f"stylegan3/{told.name}").config))
    known = load_network(told.network)
    card = describe(known.card["pieces"], config, told.hardware)
    save_network(known.network, FOLDER / told.name, card)
    save_network(known.network, FOLDER / told.name, card | {"metrics": measured(told.name, config)})


def describe(
    pieces: list[dict[str, Any]], config: StyleGan3Config, hardware: str
) -> dict[str, Any]:
    """Return what people shall know of the network.

    Args:
        pieces: of the copying, one after the other.
        config: the recipe of the copying.
        hardware: what computed.
    """
    return {
        "data": f"{config.avatars:,} portraits of `epoque stylegan3 dataset avatars`, mirrored too",
        "images": config.avatars,
        "kimg": sum(piece["kimg"] for piece in pieces),
        "training_seconds": sum(piece["seconds"] for piece in pieces),
        "device": hardware,
        "licence": "Apache-2.0",
        "method": "copying",
        "pieces": pieces,
        "training": config.model_dump(mode="json", include=SETTINGS),
    }


def measured(name: str, config: StyleGan3Config) -> dict[str, dict[str, object]]:
    """Return measures, each as a value with its 95 % interval."""
    assert config.avatars is not None
    network, found = load_generator(name, "cpu"), []
    for names, count in ((MEASURES, config.avatars), (FINE_MEASURES, FINE_IMAGES)):
        real = SetImages(draw_avatars(count, config.resolution))
        found += compute_metrics(names, NetworkImages(network, count), real)
    return {
        one.name: {"value": one.value, "low": one.low, "high": one.high, "images": one.images}
        for one in found
    }


if __name__ == "__main__":
    main()
