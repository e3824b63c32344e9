"""Put the averaged generator of a training on portraits into the package, with its card.

    epoque run portraits.yaml --runs runs
    python tools/ship.py avatars-t RUN --runs runs --hardware "one thread of an AMD EPYC (AVX2)"

A training that was stopped ships as far as it came: its last checkpoint. The card tells how good
the network is, measured here over as many images as the training had.
"""

import argparse
from pathlib import Path
from typing import Any

from epoque.bench.run import Run, Runs
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.measures.metrics import measure
from epoque.stylegan3.measures.sources import NetworkImages, SetImages
from epoque.stylegan3.networks import Generator
from epoque.stylegan3.networks.store import load, save
from epoque.stylegan3.opening import open_generator
from epoque.stylegan3.shipped import FOLDER, NAMES
from epoque.stylegan3.training.checkpoint import restore
from epoque.stylegan3.training.data import avatars

MEASURES = ("pfd", "pprecision", "precall")


def main() -> None:
    """Read the command line, ship the network and measure it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("run", help="the training: its id, or the beginning of it")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where it is")
    parser.add_argument("--hardware", required=True, help="what computed, for people")
    told = parser.parse_args()
    run = Runs(told.runs).find(told.run)
    config = StyleGan3Config.parse(dict(run.manifest["config"]))
    network = restore(run)
    assert isinstance(network, Generator)
    card = described(run, config, told.hardware)
    save(network, FOLDER / told.name, card)
    save(network, FOLDER / told.name, card | {"metrics": measured(told.name, config)})


def described(run: Run, config: StyleGan3Config, hardware: str) -> dict[str, object]:
    """Return what people shall know of the network."""
    told = pieces(run)
    return {
        "data": f"{config.avatars:,} portraits of `epoque stylegan3 dataset avatars`, mirrored too",
        "images": config.avatars,
        "kimg": sum(piece["kimg"] for piece in told),
        "training_seconds": round(sum(piece["seconds"] for piece in told)),
        "device": hardware,
        "licence": "Apache-2.0",
        "training": settings(config),
        "pieces": told,
    }


def pieces(run: Run) -> list[dict[str, Any]]:
    """Return what was done one after the other: copying (`warm_start`), then training."""
    config = StyleGan3Config.parse(dict(run.manifest["config"]))
    last = {
        "what": "training against a discriminator",
        "kimg": run.checkpoint().step * config.batch / 1000,
        "seconds": round(run.status.seconds),
        "settings": settings(config),
    }
    if config.resume_from is None:
        return [last]
    before = Path(config.resume_from)
    if before.is_dir():
        return [*pieces(Run(before)), last]
    card = load(before).card
    first = {"what": "copying", "kimg": card["copied_kimg"], "seconds": card["seconds"]}
    return [first, last]


def settings(config: StyleGan3Config) -> dict[str, Any]:
    """Return what was set of a training, but for its length and what it began with."""
    left = {"kimg", "resume_from"}
    return config.model_dump(mode="json", exclude_defaults=True, exclude=left)


def measured(name: str, config: StyleGan3Config) -> dict[str, dict[str, object]]:
    """Return measures, each as a value with its 95 % interval."""
    assert config.avatars is not None
    real = SetImages(avatars(config.avatars, config.resolution), mirror=config.mirror)
    made = NetworkImages(open_generator(name, "cpu"), config.avatars)
    found = measure(MEASURES, made, real)
    return {
        one.name: {"value": one.value, "low": one.low, "high": one.high, "images": config.avatars}
        for one in found
    }


if __name__ == "__main__":
    main()
