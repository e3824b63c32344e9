"""Training of the small network that knows portraits; how the file in the package was made.

`python -m epoque.stylegan3.measures.train_features` draws 12,000 portraits of a seed that no
training of a generator uses (a few minutes, kept in the cache folder), learns their attributes from
10,000 of them, counts how often it is right on the other 2,000, and writes the weights and the
card. The same seed gives the same weights on the same machine and version of PyTorch.
"""

import argparse
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional

from epoque.bench.files import cache as store
from epoque.bench.files.atomic import write_atomic, write_json
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng, torch_generator
from epoque.bench.terminal import print_line, progress_bar

from ..dataset.avatars import make_avatars
from ..dataset.image_set import ImageSet
from ..dataset.portraits import GROUPS, LABEL_NAMES
from ..images import from_uint8
from .features import HEADS, NONE, SIZE, STEM, PortraitNet

__all__ = ["accuracy", "targets", "train", "write_network"]

SEED = 1  # of the portraits and of the training; generators learn from the portraits of seed 0
PORTRAITS = 12_000
HELD_OUT = 2_000
EPOCHS = 18
BATCH = 50
RATE = 4e-3
DECAY = 0.02
FAR = 2  # pixels that an image is moved by
NOISE = 0.03


def main() -> None:
    """Draw, learn, count, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="a zip of portraits, drawn before")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "data")
    arguments = parser.parse_args()
    data = arguments.data or _load_portraits()
    images = ImageSet(data)
    levels = np.stack([images.image(i) for i in range(len(images))])
    classes = targets(images.labels.vectors())
    start = time.process_time()
    with progress_bar("learning", "batches") as moves:
        network = train(levels[:-HELD_OUT], _part(classes, slice(-HELD_OUT)), progress=moves)
    seconds = time.process_time() - start
    right = accuracy(network, levels[-HELD_OUT:], _part(classes, slice(-HELD_OUT, None)))
    arguments.out.mkdir(exist_ok=True)
    write_network(network, arguments.out, _card(right, seconds))
    for name, share in right.items():
        print_line(f"{name:<16}{share:.1%}")


def _load_portraits() -> Path:
    name = f"portraits-{SEED}-{PORTRAITS}-{SIZE}"

    def make(to: Path) -> None:
        with progress_bar("drawing", "portraits") as moves:
            make_avatars(to / f"{name}.zip", PORTRAITS, SIZE, SEED, progress=moves)

    return store.build_once("datasets", name, make) / f"{name}.zip"


def targets(labels: NDArray[np.float32]) -> dict[str, NDArray[np.int64]]:
    """Return labels as which value each attribute has.

    Args:
        labels: [N, len(LABEL_NAMES)], as `Portrait.label` makes them.

    Returns:
        Attribute to [N], a place in `HEADS`.
    """
    classes = {}
    for group, values in GROUPS.items():
        places = [LABEL_NAMES.index(f"{group}={value}") for value in values]
        part = labels[:, places]
        none = HEADS[group].index(NONE) if NONE in HEADS[group] else 0
        classes[group] = np.where(part.any(1), part.argmax(1), none).astype(np.int64)
    return classes


def train(
    levels: NDArray[np.uint8],
    classes: dict[str, NDArray[np.int64]],
    *,
    epochs: int = EPOCHS,
    seed: int = SEED,
    progress: Progress | None = None,
) -> PortraitNet:
    """Train a network.

    AdamW, the rate rising over the first tenth and falling as a cosine; the images are mirrored,
    moved by up to two pixels and made a little noisy, so that the network does not hang on where
    the drawing puts each pixel.

    Args:
        levels: [N, 3, 64, 64] portraits, 0 to 255.
        classes: attribute to [N]; see `targets`.
        epochs: how often each is seen.
        seed: of the first weights, the order and what is changed.
        progress: told how many batches are done, of how many.
    """
    with torch.random.fork_rng():
        torch.manual_seed(int(numpy_rng(seed, "first weights").integers(2**31)))
        network = PortraitNet()
    steps = epochs * (len(levels) // BATCH)
    for weight in network.parameters():
        if weight.dim() == 4:  # faster on CPUs
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.1)
    answers = {name: torch.from_numpy(of) for name, of in classes.items()}
    rng = torch_generator(seed, "changed images")
    network.train()
    for done, rows in enumerate(_batches(len(levels), epochs, seed), 1):
        logits = network(_augment(torch.from_numpy(levels[rows]), rng))
        losses = [functional.cross_entropy(logits[n], answers[n][rows]) for n in HEADS]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if progress is not None:
            progress(done, steps)
    network.eval()
    return network


def _batches(count: int, epochs: int, seed: int) -> Iterator[NDArray[np.int64]]:
    for epoch in range(epochs):
        order = numpy_rng(seed, f"order of epoch {epoch}").permutation(count)
        for first in range(0, count - BATCH + 1, BATCH):
            yield order[first : first + BATCH]


def _augment(levels: Tensor, rng: torch.Generator) -> Tensor:
    """Return images mirrored, moved and made noisy by chance, −1 to 1."""
    images = from_uint8(levels)
    mirrored = torch.rand(len(images), generator=rng) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    wide = functional.pad(images, (FAR,) * 4, mode="replicate")
    y, x = torch.randint(2 * FAR + 1, (2, len(images)), generator=rng)
    down = (y[:, None] + torch.arange(SIZE))[:, None, :, None]
    across = (x[:, None] + torch.arange(SIZE))[:, None, None, :]
    row = torch.arange(len(images))[:, None, None, None]
    color = torch.arange(3)[None, :, None, None]
    shifted = wide[row, color, down, across]
    strength = NOISE * torch.rand(len(images), 1, 1, 1, generator=rng)
    return shifted + strength * torch.randn(shifted.shape, generator=rng)


@torch.no_grad()
def accuracy(
    network: PortraitNet, levels: NDArray[np.uint8], classes: dict[str, NDArray[np.int64]]
) -> dict[str, float]:
    """Return how often a network is right about each attribute, 0 to 1."""
    right = dict.fromkeys(HEADS, 0)
    for first in range(0, len(levels), 100):
        part = from_uint8(torch.from_numpy(levels[first : first + 100]))
        for name, logits in network(part).items():
            here = torch.from_numpy(classes[name][first : first + 100])
            right[name] += int((logits.argmax(1) == here).sum())
    return {name: count / len(levels) for name, count in right.items()}


def _part(classes: dict[str, NDArray[np.int64]], rows: slice) -> dict[str, NDArray[np.int64]]:
    return {name: of[rows] for name, of in classes.items()}


def _card(right: dict[str, float], seconds: float) -> dict[str, Any]:
    return {
        "what": "tells the attributes of drawn cartoon portraits; its 64 features stand for an "
        "image in the portrait distances, which are not FID or KID",
        "data": f"{PORTRAITS - HELD_OUT:,} portraits of `epoque stylegan3 dataset avatars`, "
        f"{SIZE}×{SIZE} pixels, seed {SEED}",
        "held_out": f"{HELD_OUT:,} more of the same seed",
        "accuracy": {name: round(share, 4) for name, share in right.items()},
        "seed": SEED,
        "epochs": EPOCHS,
        "cpu_seconds": round(seconds),
        "made_with": "python -m epoque.stylegan3.measures.train_features",
        "licence": "Apache-2.0",
    }


def write_network(network: PortraitNet, folder: Path, card: dict[str, Any]) -> None:
    """Write a network and its card, first the weights, then the JSON that names their digest.

    Raises:
        RunWriteError: if the system refuses.
    """
    data = save({name: of.contiguous() for name, of in network.state_dict().items()})
    write_atomic(folder / f"{STEM}.safetensors", data)
    write_json(folder / f"{STEM}.json", {**card, "sha256": sha256(data).hexdigest()})


if __name__ == "__main__":
    main()
