"""Directions in the space of styles: where images differ most, and where an attribute grows.

Principal components of w: Härkönen et al. 2020, "GANSpace". Attributes: the normal of the plane
that separates labelled styles (Shen et al. 2020, "InterFaceGAN"), or the slope of a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from epoque.bench.errors import ConfigError, DataError
from epoque.bench.figures.number_format import format_number
from epoque.bench.figures.plot import WIDTH, color, new_figure
from epoque.bench.files.csv_table import read_csv
from epoque.bench.i18n import mark, translator
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng

from ..conditioning import Label
from ..latents import LAST_SEED
from ..loading import LoadedGenerator
from ..memory import check_memory
from ..networks.dense import Dense
from ..npz import read_npz, write_npz
from .inputs import LatentInput, compute_styles
from .synthesis import (
    DEFAULT_MAPPING,
    MappingOptions,
    deterministic_mode,
    map_seeds,
    sample_labels,
    synthesize_image,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Directions",
    "concat_directions",
    "direction_figure",
    "edit_image",
    "factorize_semantics",
    "find_principal_directions",
    "fit_attribute",
    "fit_attributes",
    "read_directions",
    "read_seed_labels",
    "write_directions",
]

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

CHUNK = 1000  # styles that are mapped at a time
RIDGE = 1e-2  # of the logistic regression, for each sample: separable labels have no maximum
STEPS = 50

TITLE = mark("Directions in the space of styles")
TOLD = mark("From {low} to {high} standard deviations along each; the middle is seed {seed}.")
TOLD_FILE = mark("From {low} to {high} standard deviations along each; the middle is {name}.")
SEFA = "sefa"
"""The name of a direction of `factorize_semantics`."""
FACTOR = mark("factor {number}\n{share} % of the gain")
COMPONENT = mark("component {number}\n{share} % of variance")
ATTRIBUTE = mark("{name}\n{score} % right")
SLOPE = mark("{name}\nR² = {score}")


@dataclass(frozen=True, slots=True)
class Directions:
    """Directions in w.

    Attributes:
        vectors: [K, w_dim], each of unit length.
        scales: [K] standard deviation of styles along each.
        names: of each; "" for a principal component, "sefa" for a factor.
        scores: [K] of a component its share of the variance, NaN if there is none, of a factor its
            share of the squared gain; of an attribute
            how much of its labels it explains: the share on the right side, or R² (see
            `continuous`).
        continuous: [K] whether the labels were numbers rather than two classes.
    """

    vectors: Floats
    scales: Floats
    names: tuple[str, ...]
    scores: Floats
    continuous: tuple[bool, ...]


@torch.no_grad()
def find_principal_directions(
    network: LoadedGenerator,
    count: int = 5,
    *,
    samples: int = 10_000,
    seed: int = 0,
    label: Label | None = None,
) -> Directions:
    """Return the directions in which styles vary most, the largest first.

    Args:
        network: the network.
        count: how many, 1 to w_dim.
        samples: styles to draw.
        seed: of the draws.
        label: the class, for a network that has some, or another label.

    Raises:
        UsageError: if anything asked for is not allowed.
    """
    network.generator.labels.check(label)
    _check_count(network, count)
    if samples < 2:
        raise ConfigError.of("samples", f"{samples} is not allowed; at least 2 are needed.")
    samples_w = _sample_styles(network, samples, seed, label)
    centered = samples_w - samples_w.mean(0)
    values, vectors, shares = _largest_eigenvectors(centered.T @ centered / (samples - 1), count)
    return Directions(vectors, np.sqrt(values), ("",) * count, shares, (False,) * count)


@torch.no_grad()
def factorize_semantics(
    network: LoadedGenerator,
    count: int = 5,
    *,
    samples: int = 10_000,
    seed: int = 0,
    label: Label | None = None,
) -> Directions:
    """Return the directions to which the layers' channels answer most, the strongest first.

    SeFa: the eigenvectors of AᵀA, where A stacks the weights by which layers turn a style into
    their channels' strengths (Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in
    GANs", equation 5). No image is made; styles are drawn only for the scale of each direction.

    Args:
        network: the network.
        count: how many, 1 to w_dim.
        samples: styles to draw.
        seed: of the draws.
        label: the class, for a network that has some, or another label.

    Raises:
        ConfigError: if anything asked for is not allowed.
    """
    network.generator.labels.check(label)
    _check_count(network, count)
    weights = [
        module.weight.cpu().double().numpy()
        for name, module in network.generator.synthesis.named_modules()
        if name.endswith("affine") and name != "input.affine" and isinstance(module, Dense)
    ]
    stacked = np.concatenate(weights)
    _, vectors, shares = _largest_eigenvectors(stacked.T @ stacked, count)
    scales = (_sample_styles(network, samples, seed, label) @ vectors.T).std(0)
    return Directions(vectors, scales, (SEFA,) * count, shares, (False,) * count)


def _check_count(network: LoadedGenerator, count: int) -> None:
    w_dim = network.generator.spec.w_dim
    if not 1 <= count <= w_dim:
        raise ConfigError.of("components", f"{count} is not allowed; it takes 1 to {w_dim}.")


def _largest_eigenvectors(matrix: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """Return the largest eigenvalues of a positive matrix, their vectors, their shares of all.

    Returns:
        [K] the eigenvalues, falling; [K, N] vectors of unit length; [K] each value's share of the
        sum of all, NaN if that is 0.
    """
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = np.maximum(values[::-1], 0), vectors.T[::-1]
    # An eigenvector's sign is arbitrary: its largest entry is made positive.
    signs = np.sign(vectors[np.arange(len(vectors)), abs(vectors).argmax(1)])
    whole = values.sum()
    shares = values / whole if whole > 0 else np.full_like(values, np.nan)  # nothing to share
    return values[:count], (vectors * signs[:, None])[:count], shares[:count]


def _sample_styles(
    network: LoadedGenerator, samples: int, seed: int, label: Label | None
) -> Floats:
    """Draw styles, [samples, w_dim]."""
    generator, rng, parts = network.generator, numpy_rng(seed, "styles"), []
    labelling = numpy_rng(seed, "labels of styles")
    for first in range(0, samples, CHUNK):
        z = rng.standard_normal((min(CHUNK, samples - first), generator.spec.z_dim))
        c = sample_labels(generator, label, [labelling] * len(z))
        with deterministic_mode():
            ws = generator.mapping(torch.from_numpy(z).to(network.device), c)[:, 0]
        parts.append(ws.cpu().double().numpy())
    return np.concatenate(parts)


def fit_attribute(name: str, ws: Floats, values: Floats) -> Directions:
    """Return the direction in which an attribute grows.

    Two different values are classes: the direction is the normal of logistic regression's plane.
    More are numbers: the slope of linear least squares. Both with a little ridge, on styles
    scaled to unit variance, so that fewer samples than dimensions are enough.

    Args:
        name: of the attribute.
        ws: [N, w_dim] styles.
        values: [N] of the attribute; finite.

    Raises:
        DataError: if there are fewer than 4 samples, or all values are one.
    """
    distinct = np.unique(values)
    if len(ws) < 4 or len(distinct) < 2 or not np.isfinite(values).all():
        message = f"{len(ws)} samples with {len(distinct)} different values"
        raise DataError(f"{name}: {message} give no direction; take 4 or more, of two kinds.")
    mean, std = ws.mean(0), ws.std(0)
    std = np.where(std < 1e-12, 1.0, std)
    x = (ws - mean) / std
    if len(distinct) == 2:
        classes = (values == distinct[1]).astype(np.float64)
        slope, bias = _fit_logistic(x, classes)
        score = float(((x @ slope + bias > 0) == (classes > 0.5)).mean())
    else:
        scaled = (values - values.mean()) / values.std()
        gram = x.T @ x / len(x) + RIDGE * np.eye(x.shape[1])
        slope = np.linalg.solve(gram, x.T @ scaled / len(x))
        score = 1 - float(np.square(scaled - x @ slope).mean())
    vector = slope / std
    vector /= max(float(np.linalg.norm(vector)), 1e-300)
    scale = float(((ws - mean) @ vector).std())
    return Directions(
        vector[None], np.array([scale]), (name,), np.array([score]), (len(distinct) > 2,)
    )


@torch.no_grad()
def fit_attributes(
    network: LoadedGenerator,
    seeds: Sequence[int],
    values: dict[str, Floats],
    label: Label | None = None,
) -> Directions:
    """Return a direction for each attribute of labelled seeds; see `fit_attribute`.

    Args:
        network: the network.
        seeds: N of them, as `generate` takes them, without truncation.
        values: attribute to [N].
        label: the class that they were made with, for a network that has some, or another label.
    """
    ws = (
        map_seeds(network.generator, seeds, MappingOptions(label=label))[:, 0]
        .cpu()
        .double()
        .numpy()
    )
    return concat_directions([fit_attribute(name, ws, of) for name, of in values.items()])


def _fit_logistic(x: Floats, classes: Floats) -> tuple[Floats, float]:
    """Fit by Newton's method; return the slope and the bias."""
    ones = np.column_stack((x, np.ones(len(x))))
    ridge = np.full(ones.shape[1], RIDGE)
    ridge[-1] = 1e-9  # the bias is free
    weights = np.zeros(ones.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(ones @ weights, -30, 30)))
        gradient = ones.T @ (p - classes) / len(x) + ridge * weights
        curvature = (ones * (p * (1 - p))[:, None]).T @ ones / len(x) + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if abs(step).max() < 1e-8:
            break
    return weights[:-1], float(weights[-1])


def read_seed_labels(path: Path) -> tuple[list[int], dict[str, Floats]]:
    """Read a CSV of labelled seeds: a column `seed`, and one for each attribute.

    Returns:
        The seeds, and attribute to values [N].

    Raises:
        DataError: if it cannot be read so.
    """
    table = read_csv(path)
    names = [name for name in table.header if name != "seed"]
    if table.header.count("seed") != 1 or not names:
        message = "a column named seed and one for each attribute are needed."
        raise table.wrong(table.header_line, message)
    columns = dict(zip(table.header, table.values().T, strict=True))
    seeds = columns.pop("seed")
    for (line, _), seed in zip(table.rows, seeds.tolist(), strict=True):
        if not (seed.is_integer() and 0 <= seed <= LAST_SEED):
            raise table.wrong(line, f"the seed is {seed:g}; it must be 0 to {LAST_SEED}.")
    return [int(seed) for seed in seeds.tolist()], columns


def edit_image(
    network: LoadedGenerator,
    latent_input: LatentInput,
    directions: Directions,
    amounts: Sequence[float],
    *,
    layers: Sequence[int] | None = None,
    options: MappingOptions = DEFAULT_MAPPING,
    progress: Progress | None = None,
) -> list[list[Pixels]]:
    """Return an image moved along each direction.

    Args:
        network: the network.
        latent_input: the image's seed, or its styles from a file.
        directions: where to.
        amounts: how far, in standard deviations.
        layers: whose styles are moved; None for all.
        options: truncation and class, of a seed.
        progress: told how many images are done, of how many.

    Returns:
        A list for each direction of an image [H, W, 3] for each amount.
    """
    check_memory(network.generator, network.device)
    (ws,) = compute_styles(network.generator, [latent_input], options)
    edited_layers = list(range(network.generator.num_ws)) if layers is None else list(layers)
    table: list[list[Pixels]] = []
    count, done = len(directions.vectors) * len(amounts), 0
    for vector, scale in zip(directions.vectors, directions.scales, strict=True):
        table.append([])
        for amount in amounts:
            there = ws.clone()
            there[edited_layers] += torch.from_numpy(vector * scale * amount).to(there)
            table[-1].append(synthesize_image(network.generator, there))
            done += 1
            if progress is not None:
                progress(done, count)
    return table


def concat_directions(parts: Sequence[Directions]) -> Directions:
    """Return all directions as one."""
    return Directions(
        np.concatenate([p.vectors for p in parts]),
        np.concatenate([p.scales for p in parts]),
        tuple(name for p in parts for name in p.names),
        np.concatenate([p.scores for p in parts]),
        tuple(kind for p in parts for kind in p.continuous),
    )


def write_directions(directions: Directions, path: Path) -> None:
    """Write directions as `.npz`."""
    write_npz(path, {name: np.array(getattr(directions, name)) for name in Directions.__slots__})


def read_directions(path: Path, w_dim: int) -> Directions:
    """Read what `write_directions` wrote.

    Raises:
        DataError: if the file is none, or of a network with another space of styles.
    """
    arrays = read_npz(path, tuple(Directions.__slots__), "no directions")
    vectors, scales, names, scores, continuous = arrays.values()
    lengths = {len(np.atleast_1d(array)) for array in arrays.values()}
    if vectors.ndim != 2 or vectors.shape[1] != w_dim or len(lengths) != 1:
        raise DataError(f"{path} holds directions of another network.")
    labels = tuple(map(str, names)), tuple(map(bool, continuous))
    return Directions(vectors, scales, labels[0], scores, labels[1])


def direction_figure(
    table: Sequence[Sequence[Pixels]],
    directions: Directions,
    amounts: Sequence[float],
    latent_input: LatentInput,
    language: str = "en",
) -> "Figure":
    """Draw an image moved along each direction; call it inside `figure_style`."""
    _ = translator(language)
    across, down = len(amounts), len(table)
    cell = (WIDTH - 1.3) / across
    figure = new_figure(cell * down + 0.95)
    height = figure.get_figheight()
    figure.suptitle(_(TITLE), x=0.02, ha="left")
    subtitle = _(TOLD if isinstance(latent_input, int) else TOLD_FILE).format(
        low=format_number(min(amounts), language),
        high=format_number(max(amounts), language),
        seed=latent_input,
        name=latent_input,
    )
    figure.text(0.02, 1 - 0.36 / height, subtitle, va="top", size=9, color=color("muted"))
    figure.set_layout_engine("none")
    spaces = {"left": 1.25 / WIDTH, "right": 0.99, "bottom": 0.05 / height}
    spaces |= {"top": 1 - 0.85 / height, "wspace": 0.04, "hspace": 0.04}
    axes = figure.subplots(down, across, squeeze=False, gridspec_kw=spaces)
    for y, line in enumerate(table):
        for x, image in enumerate(line):
            place = axes[y, x]
            place.imshow(image, interpolation="antialiased")
            place.set_axis_off()
            if y == 0:
                place.set_title(format_number(amounts[x], language), size=8.5,
                                weight="normal", loc="center", pad=3)  # fmt: skip
        label = _label(directions, y, language)
        axes[y, 0].text(-0.08, 0.5, label, transform=axes[y, 0].transAxes, ha="right",
                        va="center", size=7.5)  # fmt: skip
    return figure


def _label(directions: Directions, place: int, language: str) -> str:
    _ = translator(language)
    name, score = directions.names[place], float(directions.scores[place])
    if name in ("", SEFA):
        share = format_number(100 * score, language, decimals=1)
        return _(FACTOR if name else COMPONENT).format(number=place + 1, share=share)
    if directions.continuous[place]:
        return _(SLOPE).format(name=name, score=format_number(score, language, decimals=2))
    return _(ATTRIBUTE).format(name=name, score=format_number(100 * score, language, decimals=0))
