"""Draw the pictures of the labs that the README and the tutorials show: docs/pictures/*.png.

    python tools/picture_labs.py            all
    python tools/picture_labs.py neuron …   those of these labs

Each comes of the command that its page tells; the same commands draw the same pictures.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import epoque

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
COLORS = 255
"""Of a picture's palette: a file stays well below a megabyte."""
WIDTH = 1100
"""Pixels; wider than any page shows."""

Pictures = Iterator[tuple[str, Path]]


def main(labs: list[str]) -> None:
    """Draw and write the pictures of these labs, or all."""
    PICTURES.mkdir(exist_ok=True)
    for lab in labs or DRAWN:
        with TemporaryDirectory(prefix="epoque-pictures-") as folder:
            for name, path in DRAWN[lab](Path(folder)):
                write(path, PICTURES / f"{name}.png")
                print(f"docs/pictures/{name}.png", flush=True)


def write(path: Path, out: Path) -> None:
    """Write a picture with few colors, no wider than a page."""
    picture = Image.open(path).convert("RGB")
    if picture.width > WIDTH:
        picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)))
    picture.quantize(COLORS).save(out, optimize=True)


def draw_neuron(folder: Path) -> Pictures:
    """Yield name and file of the neuron's pictures."""
    for name, recipe in (("neuron-and", "neuron/and"), ("neuron-xor", "neuron/xor-mlp")):
        yield name, epoque.run(recipe, runs=folder).path / "figures" / "regions.png"
    axes = ("learning_rate=0.01:10:log:5", "seed=0:20")
    sweep = epoque.sweep("neuron/and", *axes, runs=folder)
    yield "neuron-sweep", sweep.path / "figures" / "strip.png"


def draw_gan2d(folder: Path) -> Pictures:
    """Yield name and file of the pictures of two networks at work, early and late."""
    run = epoque.run("gan2d/ganlab-ring", runs=folder, iterations=500, figures=False)
    yield "gan2d-ring", epoque.gan2d.look(run, step=300, out=folder / "early").png
    run = epoque.run("gan2d/ganlab-ring", runs=folder, iterations=3000, figures=False)
    yield "gan2d-learned", epoque.gan2d.look(run, step=3000, out=folder / "late").png


def draw_stylegan3(folder: Path) -> Pictures:
    """Yield name and file of portraits that are mixed."""
    mix = epoque.stylegan3.mix(rows=[2, 674], columns="4-6", layers="0-3", out=folder / "mix")
    yield "stylegan3-mix", mix.png


def draw_language(folder: Path) -> Pictures:
    """Yield name and file of what a language model learns."""
    figures = epoque.run("language/tiny-clm", runs=folder).path / "figures"
    yield "language-perplexity", figures / "perplexity.png"
    yield "language-attention", figures / "attention.png"


DRAWN: dict[str, Callable[[Path], Pictures]] = {
    "neuron": draw_neuron,
    "gan2d": draw_gan2d,
    "stylegan3": draw_stylegan3,
    "language": draw_language,
}

if __name__ == "__main__":
    main(sys.argv[1:])
