"""An image brought into the space of styles: the styles that make the image most like it.

Karras et al. 2020 ("Analyzing and improving the image quality of StyleGAN"), appendix D: Adam
from the mean style, with noise on the style that fades out, and a learning rate that rises, stays
and falls. First one style for all layers (w), then, from there, one for each (w+). With the first,
the noise of StyleGAN2's layers is looked for, too (`layer_noise`); the second keeps it. What is
made small is the difference in pixels, at all scales, and in how images look (`perceptual`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from math import cos, isfinite, pi
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from epoque.bench.errors import ConfigError, DataError, DivergenceError
from epoque.bench.figures.plot import color, new_figure
from epoque.bench.figures.ticks import format_axis
from epoque.bench.i18n import mark, translator
from epoque.bench.progress import Progress
from epoque.bench.seeds import numpy_rng, torch_generator

from ..conditioning import Label
from ..images import from_uint8
from ..loading import LoadedGenerator
from ..memory import check_memory
from ..npz import read_npz, write_npz
from . import layer_noise
from .perceptual_loss import PerceptualFeatures
from .synthesis import sample_labels, synthesize_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Loss",
    "ProjectionOptions",
    "ProjectionResult",
    "project",
    "projection_figure",
    "pyramid_loss",
    "read_target",
]  # fmt: skip

Loss = Callable[[Tensor], Tensor]
"""How far images [N, C, H, W], about −1 to 1, are from the target, one number."""
Pixels = NDArray[np.uint8]

SAMPLES = 10_000  # styles whose spread tells how much noise is much
KEEP_EVERY = 50  # steps
NOISE_WEIGHT = 1e5  # of what neighbours in the noise have in common, as in the paper

TITLE = mark("An image in the space of styles")
TARGET, W, W_PLUS = mark("target"), mark("one style (w)"), mark("a style a layer (w+)")
STEP, LOSS = mark("step"), mark("loss")


@dataclass(frozen=True, slots=True)
class ProjectionOptions:
    """How the styles are looked for.

    Attributes:
        steps: of one style for all layers.
        steps_plus: then of one for each layer.
        learning_rate: of Adam, at its highest.
        noise: at the start, in standard deviations of styles.
        seed: of the noise.
        label: the class, for a network that has some, or another label.
        fit_noise: of StyleGAN2, whether the noise of its layers is looked for, too.
    """

    steps: int = 500
    steps_plus: int = 250
    learning_rate: float = 0.1
    noise: float = 0.05
    seed: int = 0
    label: Label | None = None
    fit_noise: bool = True

    def check(self) -> None:
        """Refuse values that are not allowed.

        Raises:
            ConfigError: naming the first.
        """
        for name, least in (("steps", 1), ("steps_plus", 0)):
            if (value := getattr(self, name)) < least:
                raise ConfigError.of(name, f"{value} is not allowed; it takes {least} or more.")
        if not (isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ConfigError.of("learning_rate", f"{self.learning_rate} must be more than 0.")


DEFAULT_OPTIONS = ProjectionOptions()


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """What was found.

    Attributes:
        w: float32 [num_ws, w_dim], all rows alike.
        w_plus: float32 [num_ws, w_dim].
        losses: one a step, first those of w.
        steps: how many of them are of w.
        noise: of StyleGAN2's layers, if it was looked for: a map for each.
    """

    w: Tensor
    w_plus: Tensor
    losses: list[float]
    steps: int
    noise: Mapping[str, Tensor] = field(default_factory=dict)


def pyramid_loss(target: Tensor) -> Loss:
    """Return the mean absolute difference over scales, the target's pyramid made once.

    What differs at each scale from 1 to 1/16 of the size weighs alike (a Laplacian pyramid, Burt
    and Adelson 1983), and so do the pixels themselves.

    Args:
        target: [1, C, S, S], −1 to 1.
    """
    target_pyramid = _pyramid(target)

    def loss(images: Tensor) -> Tensor:
        pyramid = _pyramid(images)
        parts = [(a - b).abs().mean() for a, b in zip(pyramid, target_pyramid, strict=True)]
        return torch.stack([*parts, (images - target).abs().mean()]).sum()

    return loss


def _pyramid(images: Tensor) -> list[Tensor]:
    """Return what each scale adds to the next coarser one, that one last."""
    levels: list[Tensor] = []
    while images.shape[-1] >= 8 and len(levels) < 5:
        small = functional.avg_pool2d(images, 2)
        back = functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
        levels.append(images - back)
        images = small
    return [*levels, images]


def read_target(path: Path, network: LoadedGenerator) -> Tensor:
    """Read a picture as the network would make it, [1, C, S, S], −1 to 1.

    It is read as a picture of a set of images is (`bench.files.images`): transparent pixels are
    laid on white, 16-bit levels become 8-bit ones, and what is not square is cropped about its
    middle.

    Raises:
        DataError: if it cannot be read.
    """
    from epoque.bench.files.images import read_picture

    from ..dataset.preprocess import CropOptions, crop_and_scale, to_array

    spec = network.generator.spec
    shape = CropOptions((spec.img_resolution, spec.img_resolution), "center-crop")
    image = crop_and_scale(read_picture(path), shape)
    levels = to_array(image.convert("L" if spec.img_channels == 1 else "RGB"))
    return from_uint8(torch.from_numpy(levels))[None].to(network.device)


def project(
    network: LoadedGenerator,
    target: Tensor,
    projection: ProjectionOptions = DEFAULT_OPTIONS,
    *,
    loss: Loss | None = None,
    perceptual: PerceptualFeatures | None = None,
    state: Path | None = None,
    progress: Progress | None = None,
) -> ProjectionResult:
    """Look for the styles that make an image.

    Args:
        network: the network.
        target: [1, C, S, S], −1 to 1.
        projection: how.
        loss: how far an image is from the target; None is `pyramid_loss`.
        perceptual: a network that tells how far it looks from there, too; both weigh alike.
        state: a file that keeps where the search is, and from which it goes on.
        progress: told how many steps are done, of how many.

    Raises:
        UsageError: if a value is not allowed.
        DataError: if the state is damaged or of another search.
        DivergenceError: if the loss is not finite.
    """
    projection.check()
    network.generator.labels.check(projection.label)
    check_memory(
        network.generator, network.device, images=4
    )  # what the gradient keeps of every layer
    loss = _add_perceptual(loss or pyramid_loss(target), perceptual, target)
    search = _Projector(network, target, projection, loss, perceptual.name if perceptual else "")
    search.restore(state)
    total = projection.steps + projection.steps_plus
    while len(search.losses) < total:
        search.step()
        done = len(search.losses)
        if state is not None and (done % KEEP_EVERY == 0 or done == total):
            search.save(state)
        if progress is not None:
            progress(done, total)
    return search.result()


def _add_perceptual(pixels: Loss, perceptual: PerceptualFeatures | None, target: Tensor) -> Loss:
    if perceptual is None:
        return pixels
    look = perceptual.loss(target)
    return lambda images: pixels(images) + look(images)


@dataclass
class _Projector:
    """Where a search is: what is looked for, Adam's two means, and the losses so far."""

    network: LoadedGenerator
    target: Tensor
    projection: ProjectionOptions
    loss: Loss
    perceptual_name: str
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        mean, self.spread = _style_statistics(self.network, self.projection.label)
        noise = layer_noise.noise_maps(self.network.generator) if self.projection.fit_noise else {}
        self.leaves = {"w": mean[None]} | {name: one.clone() for name, one in noise.items()}
        self.one = self.leaves["w"]
        self._reset_adam()

    def _reset_adam(self) -> None:
        """Begin Adam's means anew."""
        self.means = {name: torch.zeros_like(leaf) for name, leaf in self.leaves.items()}
        self.squares = {name: torch.zeros_like(leaf) for name, leaf in self.leaves.items()}

    def step(self) -> None:
        """Take one step of Adam (β 0.9 and 0.999)."""
        plan, done = self.projection, len(self.losses)
        plus = done >= plan.steps
        if done == plan.steps:
            self._split_layers()
        place, count = (done - plan.steps, plan.steps_plus) if plus else (done, plan.steps)
        way = place / count
        moving = {"w": self.leaves["w"]} if plus else self.leaves
        moving = {name: leaf.clone().requires_grad_() for name, leaf in moving.items()}
        shake = 0.0 if plus else plan.noise * self.spread * max(0.0, 1 - way / 0.75) ** 2
        value, gradients = self._loss_and_gradients(moving, shake)
        self._adam_step(
            gradients, plan.learning_rate * _rate_schedule(way) * (0.2 if plus else 1), place + 1
        )
        self.losses.append(value)

    def _loss_and_gradients(
        self, moving: Mapping[str, Tensor], shake: float
    ) -> tuple[float, dict[str, Tensor]]:
        """Return the loss, and the gradients of all that is to become less."""
        done, noise = len(self.losses), {**self.noise, **moving}
        w = noise.pop("w")
        rng = torch_generator(self.projection.seed, f"projection {done}")
        shaken = w + torch.randn(w.shape, generator=rng).to(w) * shake
        with layer_noise.replace_noise(self.network.generator, noise):
            loss = self.loss(self._image(shaken))
        fitted = [one for one in noise.values() if one.requires_grad]
        whole = loss + NOISE_WEIGHT * layer_noise.noise_regularization(fitted) if fitted else loss
        if not torch.isfinite(whole):
            raise DivergenceError("the loss", done + 1)
        gradients = torch.autograd.grad(whole, list(moving.values()))
        return float(loss.detach()), dict(zip(moving, gradients, strict=True))

    def _adam_step(self, gradients: Mapping[str, Tensor], rate: float, count: int) -> None:
        for name, gradient in gradients.items():
            self.means[name].lerp_(gradient, 0.1)
            self.squares[name].lerp_(gradient.square(), 0.001)
            first = self.means[name] / (1 - 0.9**count)
            second = self.squares[name] / (1 - 0.999**count)
            leaf = self.leaves[name] - rate * first / (second.sqrt() + 1e-8)
            self.leaves[name] = leaf if name == "w" else layer_noise.normalize_noise(leaf)

    def _split_layers(self) -> None:
        """Begin with a style for each layer; the noise stays as it is."""
        self.one = self.leaves["w"].clone()
        self.leaves["w"] = self.one.repeat(self.network.generator.num_ws, 1)
        self._reset_adam()

    def _image(self, w: Tensor) -> Tensor:
        ws = w.expand(self.network.generator.num_ws, -1)[None]
        image: Tensor = self.network.generator.synthesis(ws, noise="const")
        return image

    @property
    def noise(self) -> dict[str, Tensor]:
        """The noise maps as they are, by layer."""
        return {name: leaf for name, leaf in self.leaves.items() if name != "w"}

    def result(self) -> ProjectionResult:
        """Return the styles as they are."""
        count, w = self.network.generator.num_ws, self.leaves["w"]
        one = self.one if len(self.losses) > self.projection.steps else w
        each = w.expand(count, -1)
        return ProjectionResult(
            one.expand(count, -1), each, list(self.losses), self.projection.steps, self.noise
        )

    def save(self, path: Path) -> None:
        """Write where the search is."""
        arrays = {name: value.cpu().numpy() for name, value in self._named_state().items()}
        write_npz(path, {"plan": self._fingerprint(), "losses": np.array(self.losses), **arrays})

    def _named_state(self) -> dict[str, Tensor]:
        groups = {"leaf": self.leaves, "mean": self.means, "square": self.squares}
        by_name = {f"{what}/{name}": v for what, of in groups.items() for name, v in of.items()}
        return {"one": self.one} | by_name

    def restore(self, path: Path | None) -> None:
        """Go on where a search was left, if it was this one."""
        if path is None or not path.exists():
            return
        names = tuple(self._named_state())
        arrays = read_npz(path, ("plan", "losses", *names), "no state of a projection")
        if str(arrays["plan"]) != self._fingerprint():
            raise DataError(f"{path} is of another search; name another file.")
        self.losses = arrays["losses"].tolist()
        groups = {"leaf": self.leaves, "mean": self.means, "square": self.squares}
        for name in names:
            what, _, leaf = name.partition("/")
            value = torch.from_numpy(arrays[name]).to(self.network.device)
            if leaf:
                groups[what][leaf] = value
            else:
                self.one = value

    def _fingerprint(self) -> str:
        """Return what tells this search from any other."""
        digest = sha256(self.target.cpu().numpy().tobytes())
        for value in self.network.generator.state_dict().values():
            digest.update(value.cpu().contiguous().numpy().tobytes())
        plan = {name: getattr(self.projection, name) for name in ProjectionOptions.__slots__}
        plan["label"] = self.network.generator.labels.key(self.projection.label)
        return json.dumps(plan | {"digest": digest.hexdigest(), "looks": self.perceptual_name})


def _rate_schedule(way: float) -> float:
    """Return the share of the learning rate: it rises in a twentieth, and falls in a quarter."""
    down = min(1.0, (1 - way) / 0.25)
    return (0.5 - 0.5 * cos(down * pi)) * min(1.0, way / 0.05 + 1e-3)


@torch.no_grad()
def _style_statistics(network: LoadedGenerator, label: Label | None) -> tuple[Tensor, float]:
    """Return the mean style [w_dim] and how far styles lie from it (root mean square)."""
    generator = network.generator
    rng = torch_generator(0, "styles of a projection")
    z = torch.randn(SAMPLES, generator.spec.z_dim, generator=rng).to(network.device)
    c = sample_labels(generator, label, [numpy_rng(0, "labels of a projection")] * SAMPLES)
    ws = generator.mapping(z, c)[:, 0]
    mean = ws.mean(0)
    return mean, float((ws - mean).square().sum(1).mean().sqrt() / generator.spec.w_dim**0.5)


def projection_figure(
    network: LoadedGenerator, target: Tensor, result: ProjectionResult, language: str = "en"
) -> "Figure":
    """Draw the target, what w and w+ make, and the loss; call it inside `figure_style`."""
    from ..images import to_uint8
    from .synthesis import to_rgb

    _ = translator(language)
    figure = new_figure(3.9)
    figure.suptitle(_(TITLE), x=0.02, ha="left")
    grid = figure.add_gridspec(2, 3, height_ratios=(1.25, 1))
    images, message = [to_rgb(to_uint8(target)[0])], [TARGET, W]
    with layer_noise.replace_noise(network.generator, result.noise):
        images.append(synthesize_image(network.generator, result.w))
        if len(result.losses) > result.steps:
            images.append(synthesize_image(network.generator, result.w_plus))
            message.append(W_PLUS)
    for place, (image, name) in enumerate(zip(images, message, strict=True)):
        axes = figure.add_subplot(grid[0, place])
        axes.imshow(image, interpolation="antialiased")
        axes.set_axis_off()
        axes.set_title(_(name), size=8.5, weight="normal", loc="center", pad=3)
    axes = figure.add_subplot(grid[1, :])
    steps = np.arange(1, len(result.losses) + 1)
    axes.plot(steps[: result.steps], result.losses[: result.steps], color=color("blue"))
    axes.plot(steps[result.steps :], result.losses[result.steps :], "--", color=color("vermilion"))
    axes.set(xlabel=_(STEP), ylabel=_(LOSS), yscale="log")
    format_axis(axes.xaxis, language, whole=True)
    format_axis(axes.yaxis, language)
    return figure


def write_projection(result: ProjectionResult, path: Path) -> None:
    """Write styles as `.npz`: `w` [1, num_ws, w_dim], `w_plus` likewise, `losses`.

    The noise of a layer, where it was looked for, is `noise/` and the layer's name.
    """
    arrays = {"w": result.w[None].cpu().numpy(), "w_plus": result.w_plus[None].cpu().numpy()}
    arrays |= {f"noise/{name}": one.cpu().numpy() for name, one in result.noise.items()}
    write_npz(path, arrays | {"losses": np.array(result.losses)})
