"""Teach a new generator to copy portraits, where no discriminator has to find out what they are.

    python tools/warm_start.py stylegan3/avatars-t a.json --kimg 40
    python tools/warm_start.py stylegan3/avatars-t b.json --begin a.json --learning-rate 0.007
    epoque stylegan3 generate --network b.json --seeds 0-7 --grid b.png

On one core of a processor, most of a training's time goes into finding that there are eyes and
where they are. What a drawing was made of is known, so this can be learned by copying (as the
latent optimisation of Bojanowski et al. 2018, but with latents that are given), in two halves:

- the synthesis copies portraits from styles that are sums of codes, one for each part and colour;
- the mapping learns the sum from random numbers: each kind of part and of colour owns a few of
  them, and which of its values' directions they point along most says what is shown.

Random numbers that are drawn as in any use are thus random portraits. What they do not decide
(exact shades) and what lies between two parts stays blurred. A training against a discriminator
may begin with the file, gently: `epoque run RECIPE --resume-from b.json --glr 0.0007`.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from epoque.bench.recipes import find_recipe
from epoque.bench.seeds import numpy_rng
from epoque.stylegan3 import networks
from epoque.stylegan3.config import StyleGan3Config
from epoque.stylegan3.dataset.image_set import ImageSet
from epoque.stylegan3.dataset.portraits import BEARDLESS, sample_portrait
from epoque.stylegan3.networks import Generator
from epoque.stylegan3.networks.store import load_network, save_network
from epoque.stylegan3.training.data import AVATARS_SEED, draw_avatars
from epoque.stylegan3.training.specs import ImageShape, generator_spec

COLORS = ("skin", "hair colour", "clothes colour", "background")
UNSEEN = -1
"""In place of a value: the portrait does not show it."""
POOL = 60_000
FITTED = 20_000
TELL_EVERY = 100
SAVE_EVERY = 500
MAPPING_RATE = 4.0
"""The learning rate of the mapping, which scales its weights' changes by a hundredth."""
MAPPING_STEPS, MAPPING_BATCH = 20_000, 256


def main() -> None:
    """Read the command line, copy, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", help="of the training that shall go on, on portraits")
    parser.add_argument("out", type=Path, help="the network's file to write")
    parser.add_argument("--kimg", type=float, default=24, help="thousand images to copy")
    parser.add_argument("--begin", type=Path, help="a file of an earlier copying to go on from")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=0.01, help="of the synthesis")
    told = parser.parse_args()
    config = StyleGan3Config.parse(dict(find_recipe(told.recipe).config))
    assert config.avatars is not None
    images = ImageSet(draw_avatars(config.avatars, config.resolution))
    shape = ImageShape(images.resolution, images.channels, 0)
    generator = networks.init_generator(generator_spec(config, shape), config.seed)
    pupil = Pupil(generator, Portraits(len(images), config.z_dim, config.seed))
    before = pupil.load(told.begin)["pieces"] if told.begin else []
    settings = {"batch": told.batch, "learning_rate": told.learning_rate}
    start = time.monotonic()
    for seen in pupil.copy(images, told.kimg, told.batch, told.learning_rate):
        piece = {"kimg": seen, "seconds": round(time.monotonic() - start), **settings}
        pupil.save(told.out, {"pieces": [*before, piece]})


class Pupil:
    """A generator that learns to give each portrait where the random numbers mean it.

    Attributes:
        codes: from what a portrait shows to its style; they begin as what the mapping gives.
    """

    def __init__(self, generator: Generator, portraits: "Portraits") -> None:
        self.generator, self.portraits = generator, portraits
        self.codes = fit(generator, portraits)

    def load(self, path: Path) -> dict[str, Any]:
        """Go on from a file that was saved, and return its card."""
        known = load_network(path)
        self.generator.load_state_dict(known.network.state_dict())
        self.codes.load_state_dict(load_file(_codes_file(path)))
        return known.card

    def save(self, path: Path, card: dict[str, Any]) -> None:
        """Write the generator, and its codes beside it."""
        save_network(self.generator, path, card)
        save_file(self.codes.state_dict(), _codes_file(path))

    def copy(
        self, images: ImageSet, kimg: float, batch: int, learning_rate: float
    ) -> Iterator[float]:
        """Train the synthesis and the codes to copy portraits, and in the end the mapping.

        Yields:
            Thousand images copied so far, now and then and at the end.
        """
        pictures = np.stack([images.image(row) for row in range(len(images))])
        parts = [*self.generator.synthesis.parameters(), *self.codes.parameters()]
        optimizer = torch.optim.Adam(parts, lr=learning_rate, betas=(0.9, 0.99))
        steps = round(1000 * kimg / batch)
        total, since = 0.0, time.monotonic()
        drawn = zip(range(1, steps + 1), self.portraits.rows(batch), strict=False)
        for step, (rows, mirrored) in drawn:
            optimizer.param_groups[0]["lr"] = learning_rate * min(1.0, 2 * (1 - (step - 1) / steps))
            straight = pictures[rows]
            wanted = np.where(mirrored[:, None, None, None], straight[..., ::-1], straight)
            loss = self._away(rows, mirrored, torch.from_numpy(wanted))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach())
            if step % TELL_EVERY == 0:
                rate = batch * TELL_EVERY / (time.monotonic() - since)
                told = f"{step * batch / 1000:6.1f} kimg  {total / TELL_EVERY:.4f}"
                print(f"{told}  {rate:.1f} images/s", flush=True)
                total, since = 0.0, time.monotonic()
            if step == steps:
                missed = self.teach(MAPPING_STEPS)
                print(f"the mapping misses {missed:.1%} of the styles' variance", flush=True)
            if step % SAVE_EVERY == 0 or step == steps:
                yield step * batch / 1000

    def _away(self, rows: NDArray[np.int64], mirrored: NDArray[np.bool_], wanted: Tensor) -> Tensor:
        styles = self.codes(self.portraits.shown(rows, mirrored))
        ws = styles[:, None].expand(-1, self.generator.num_ws, -1)
        made = self.generator.synthesis(ws, noise="random", update_emas=True)
        return difference(made, wanted.float() / 127.5 - 1)

    def teach(self, steps: int) -> float:
        """Train the mapping to give the styles; return the share of their variance that it misses.

        Args:
            steps: of MAPPING_BATCH portraits each.
        """
        mapping = self.generator.mapping
        optimizer = torch.optim.Adam(mapping.parameters(), lr=MAPPING_RATE, betas=(0.9, 0.99))
        last: list[float] = []
        drawn = zip(range(steps), self.portraits.rows(MAPPING_BATCH), strict=False)
        for step, (rows, mirrored) in drawn:
            optimizer.param_groups[0]["lr"] = MAPPING_RATE * (1 - step / steps)
            with torch.no_grad():
                wanted = self.codes(self.portraits.shown(rows, mirrored))
            made = mapping(self.portraits.numbers(rows, mirrored), update_emas=True)[:, 0]
            loss = (made - wanted).square().mean() / wanted.var(0).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            last = [*last[-99:], float(loss.detach())]
        return float(np.mean(last))


def _codes_file(network: Path) -> Path:
    return network.with_suffix(".codes.safetensors")


def difference(made: Tensor, wanted: Tensor) -> Tensor:
    """Return how far images are apart, on the mean of four scales (absolute differences)."""
    parts = []
    for _ in range(4):
        parts.append((made - wanted).abs().mean())
        made, wanted = functional.avg_pool2d(made, 2), functional.avg_pool2d(wanted, 2)
    return torch.stack(parts).mean()


def fit(generator: Generator, portraits: "Portraits") -> nn.Linear:
    """Return the codes whose sums are closest to what the mapping gives."""
    rows, mirrored = next(portraits.rows(FITTED))
    with torch.no_grad():
        styles = generator.mapping(portraits.numbers(rows, mirrored))[:, 0]
    shown = portraits.shown(rows, mirrored)
    shown = torch.cat([shown, torch.ones(len(shown), 1)], 1)
    ridge = torch.eye(shown.shape[1])
    found = torch.linalg.solve(shown.T @ shown + ridge, shown.T @ styles)
    codes = nn.Linear(shown.shape[1] - 1, styles.shape[1])
    codes.load_state_dict({"weight": found[:-1].T, "bias": found[-1]})
    return codes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part or of colour.

    Attributes:
        values: which of its values each portrait shows, or UNSEEN.
        owned: its random numbers.
        pools: for each value, numbers [n, width] that mean it.
    """

    values: NDArray[np.int64]
    owned: slice
    pools: list[NDArray[np.float32]]


class Portraits:
    """What drawn portraits show, and random numbers that mean them.

    Args:
        count: how many, from the first.
        z_dim: random numbers of each.
        seed: of all that is drawn here.
    """

    def __init__(self, count: int, z_dim: int, seed: int) -> None:
        self._rng = numpy_rng(seed, "copying")
        self._count, self._z_dim = count, z_dim
        self.kinds: list[Kind] = []
        first = 1  # the first number says whether the image is mirrored
        for values in shown(count):
            width = min(int(values.max()), 3 + int(values.max()) // 4)
            owned = slice(first, first + width)
            self.kinds.append(Kind(values, owned, self._pools(values, width)))
            first += width
        assert first <= z_dim

    def rows(self, size: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
        """Yield portraits [size] and which of them are mirrored, endlessly."""
        while True:
            yield self._rng.integers(self._count, size=size), self._rng.random(size) < 0.5

    def shown(self, rows: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """Return what portraits show [len(rows), values of all kinds + 1], a 1 for each."""
        have = [mirrored[:, None]]
        have += [kind.values[rows, None] == np.arange(len(kind.pools)) for kind in self.kinds]
        return torch.from_numpy(np.concatenate(have, 1).astype(np.float32))

    def numbers(self, rows: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """Return random numbers that mean portraits, [len(rows), z_dim]."""
        z = self._rng.standard_normal((len(rows), self._z_dim)).astype(np.float32)
        z[:, 0] = np.where(mirrored, 1, -1) * np.abs(z[:, 0])
        for kind in self.kinds:
            for value, pool in enumerate(kind.pools):
                places = np.nonzero(kind.values[rows] == value)[0]
                z[places, kind.owned] = pool[self._rng.integers(len(pool), size=len(places))]
        return torch.from_numpy(z)

    def _pools(self, values: NDArray[np.int64], width: int) -> list[NDArray[np.float32]]:
        """Return normal numbers [n, width] for each value, chosen as often as portraits have it."""
        shares = np.bincount(values[values != UNSEEN]) / np.sum(values != UNSEEN)
        directions = self._apart(len(shares), width)
        drawn = self._rng.standard_normal((POOL, width))
        bias = np.zeros(len(shares))
        for _ in range(500):
            chosen = np.argmax(drawn @ directions.T + bias, 1)
            found = np.bincount(chosen, minlength=len(shares)) / POOL
            bias += 0.1 * np.log((shares + 1e-3) / (found + 1e-3))
        return [drawn[chosen == value].astype(np.float32) for value in range(len(shares))]

    def _apart(self, count: int, width: int) -> NDArray[np.float64]:
        """Return directions [count, width] of length 1 that push each other away."""
        found: NDArray[np.float64] = self._rng.standard_normal((count, width))
        for _ in range(300):
            found /= np.linalg.norm(found, axis=1, keepdims=True)
            pushes = np.exp(5 * (found @ found.T))
            found -= 0.1 * (pushes @ found) / pushes.sum(1, keepdims=True)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found


def shown(count: int) -> Iterator[NDArray[np.int64]]:
    """Yield for each kind of part and of colour which of its values the first portraits show.

    No two kinds decide together: where hair forbids a beard, what its numbers say is not seen.
    """
    portraits = [sample_portrait(AVATARS_SEED, number) for number in range(count)]
    for kind in (*(name for name in portraits[0].parts if not name.endswith("color")), *COLORS):
        has = [(who.values | who.parts).get(kind) for who in portraits]
        if kind == "facial_hair":
            has = [
                None if part == "NONE" and who.values["hair"] in BEARDLESS else part
                for part, who in zip(has, portraits, strict=True)
            ]
        names = sorted({name for name in has if name})
        yield np.array([names.index(name) if name else UNSEEN for name in has])


if __name__ == "__main__":
    main()
