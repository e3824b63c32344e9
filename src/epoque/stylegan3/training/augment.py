"""Augmentation of what the discriminator sees, and of nothing else.

The transformations are those of "Training Generative Adversarial Networks with Limited Data"
(Karras et al. 2020), appendix B. What happens to each image is drawn first, as plain numbers
(`sample_params`), then done (`augment`): every step is differentiable with regard to the images,
twice, as the gradient penalty needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt

import torch
from torch import Tensor
from torch.nn import functional

from epoque.bench.errors import UsageError

from .. import ops
from ..config import Pipeline
from .grid_sample import grid_sample

__all__ = ["AugmentParams", "augment", "pipeline_transforms", "sample_params"]

_KINDS: dict[str, tuple[str, ...]] = {
    "blit": ("xflip", "rotate90", "xint"),
    "geom": ("scale", "rotate", "aniso", "xfrac"),
    "color": ("brightness", "contrast", "lumaflip", "hue", "saturation"),
    "filter": ("imgfilter",),
    "noise": ("noise",),
    "cutout": ("cutout",),
}
_PARTS = {
    "bg": ("blit", "geom"),
    "bgc": ("blit", "geom", "color"),
    "bgcf": ("blit", "geom", "color", "filter"),
    "bgcfn": ("blit", "geom", "color", "filter", "noise"),
    "bgcfnc": tuple(_KINDS),
}

# The published taps of Daubechies' symlet of 12 taps, of unit sum.
_SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
    0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
    -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
_MARGIN = len(_SYM6) // 4  # of the image's pixels that the filter reaches over the edge, a side
_OFFSET = 0.25  # of the image's pixels that the filter's weight lies off its middle

_BAND_POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""The share of each octave, the lowest first, in the spectrum of natural images."""


def pipeline_transforms(pipeline: Pipeline) -> frozenset[str]:
    """Return the names of a pipeline's transformations."""
    parts = _PARTS.get(pipeline, (pipeline,))
    return frozenset(name for part in parts for name in _KINDS[part])


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """What happens to each image of a batch; the defaults of `identity` change nothing.

    Attributes:
        flip: [N] 1 where it is mirrored, else 0.
        quarters: [N] quarter turns, 0 to 3.
        step: [N, 2] shift in x and y in whole pixels of the image, as shares of its size.
        scale: [N] factor of size.
        turn: [N] radians, before the stretching.
        stretch: [N] factor of the width, and divisor of the height.
        turn_after: [N] radians, after it.
        shift: [N, 2] shift in x and y as shares of the image's size.
        brightness: [N] added to every channel.
        contrast: [N] factor of every channel.
        luma: [N] 1 where light and dark change places, else 0.
        hue: [N] radians around the grey axis.
        saturation: [N] factor of the distance from the grey axis.
        bands: [N, 4] factor of each octave of frequencies, the lowest first.
        noise: [N] standard deviation of the noise.
        hole: [N, 3] its centre's x and y as shares of the image's size, and its side; 0 for none.
    """

    flip: Tensor
    quarters: Tensor
    step: Tensor
    scale: Tensor
    turn: Tensor
    stretch: Tensor
    turn_after: Tensor
    shift: Tensor
    brightness: Tensor
    contrast: Tensor
    luma: Tensor
    hue: Tensor
    saturation: Tensor
    bands: Tensor
    noise: Tensor
    hole: Tensor

    @classmethod
    def identity(cls, batch: int) -> "AugmentParams":
        """Return what leaves a batch as it is."""
        zero, one, two = torch.zeros(batch), torch.ones(batch), torch.zeros(batch, 2)
        return cls(
            flip=zero, quarters=zero, step=two, scale=one, turn=zero, stretch=one, turn_after=zero,
            shift=two, brightness=zero, contrast=one, luma=zero, hue=zero, saturation=one,
            bands=torch.ones(batch, 4), noise=zero, hole=torch.zeros(batch, 3),
        )  # fmt: skip


def sample_params(
    names: frozenset[str], p: float, batch: int, rng: torch.Generator
) -> AugmentParams:
    """Draw what happens to each image.

    Args:
        names: the transformations to choose from (`pipeline_transforms`).
        p: with which probability each of them is done to an image, 0 to 1.
        batch: how many images.
        rng: on the CPU.
    """
    sampler = _ParamSampler(names, p, batch, rng)
    # A rotation before and one after stretching, so that one or both happen with probability p.
    once = 1 - sqrt(1 - p)
    return AugmentParams(
        flip=sampler.sample_int("xflip", 2),
        quarters=sampler.sample_int("rotate90", 4),
        step=sampler.sample_uniform("xint", 0.125, 2),
        scale=sampler.sample_factor("scale", 0.2),
        turn=sampler.sample_uniform("rotate", pi, p=once),
        stretch=sampler.sample_factor("aniso", 0.2),
        turn_after=sampler.sample_uniform("rotate", pi, p=once),
        shift=sampler.sample_normal("xfrac", 0.125, 2),
        brightness=sampler.sample_normal("brightness", 0.2),
        contrast=sampler.sample_factor("contrast", 0.5),
        luma=sampler.sample_int("lumaflip", 2),
        hue=sampler.sample_uniform("hue", pi),
        saturation=sampler.sample_factor("saturation", 1.0),
        bands=sampler.sample_bands(),
        noise=sampler.sample_normal("noise", 0.1).abs(),
        hole=sampler.sample_cutout(),
    )


class _ParamSampler:
    """Draws numbers, and puts what changes nothing where a transformation is not done."""

    def __init__(self, names: frozenset[str], p: float, batch: int, rng: torch.Generator) -> None:
        self._names, self._p, self._batch, self._rng = names, p, batch, rng

    def sample_int(self, name: str, below: int) -> Tensor:
        values = torch.randint(below, (self._batch,), generator=self._rng)
        return self._where(name, values.float(), 0.0)

    def sample_uniform(self, name: str, most: float, *shape: int, p: float | None = None) -> Tensor:
        values = torch.rand(self._batch, *shape, generator=self._rng)
        return self._where(name, (2 * values - 1) * most, 0.0, p)

    def sample_normal(self, name: str, deviation: float, *shape: int) -> Tensor:
        values = torch.randn(self._batch, *shape, generator=self._rng)
        return self._where(name, values * deviation, 0.0)

    def sample_factor(self, name: str, octaves: float, *shape: int) -> Tensor:
        values = torch.randn(self._batch, *shape, generator=self._rng)
        return self._where(name, (values * octaves).exp2(), 1.0)

    def sample_bands(self) -> Tensor:
        """Each octave in its turn; the others make up for it, so that the power stays."""
        gains = torch.ones(self._batch, 4)
        for band in range(4):
            one = torch.ones(self._batch, 4)
            one[:, band] = self.sample_factor("imgfilter", 1.0)
            gains = gains * normalize_gains(one)
        return gains

    def sample_cutout(self) -> Tensor:
        center = torch.rand(self._batch, 2, generator=self._rng)
        side = self._where("cutout", torch.full((self._batch,), 0.5), 0.0)
        return torch.cat((center, side[:, None]), 1)

    def _where(self, name: str, values: Tensor, otherwise: float, p: float | None = None) -> Tensor:
        chance = torch.rand(self._batch, generator=self._rng)
        applies = chance < (self._p if p is None else p) if name in self._names else chance < 0
        return torch.where(applies.reshape(-1, *[1] * (values.dim() - 1)), values, otherwise)


def normalize_gains(gains: Tensor) -> Tensor:
    """Scale gains of octaves [N, 4] so that a natural image keeps its power."""
    power = (gains.square() * gains.new_tensor(_BAND_POWER)).sum(1, keepdim=True)
    return gains * power.rsqrt()


def augment(images: Tensor, params: AugmentParams, rng: torch.Generator | None = None) -> Tensor:
    """Do to each image what was drawn for it.

    Args:
        images: [N, C, H, W], −1 to 1; 3 channels, or 1 for grey.
        params: of N images, on the CPU.
        rng: what noise is drawn from, on any device; None is PyTorch's global one.

    Raises:
        UsageError: if the images have other channels.
    """
    size = (images.shape[3], images.shape[2])
    images = _apply_where_needed(images, _geometry_matrix(params, size), _resample)
    images = _apply_where_needed(images, _color_matrix(params), _transform_colors)
    images = _apply_where_needed(images, params.bands, _filter_octaves)
    if params.noise.any():
        device = images.device if rng is None else rng.device
        noise = torch.randn(images.shape, generator=rng, device=device).to(images)
        images = images + noise * params.noise.to(images)[:, None, None, None]
    if params.hole[:, 2].any():
        images = images * _cutout_mask(params.hole, size).to(images)
    return images


def _apply_where_needed(
    images: Tensor, numbers: Tensor, change: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """Change those images whose numbers say so; identity matrices and ones do not."""
    nothing = torch.eye(numbers.shape[1]) if numbers.dim() == 3 else torch.ones(numbers.shape[1])
    needed = (numbers != nothing).flatten(1).any(1)
    if needed.all():
        return change(images, numbers)
    (rows,) = needed.nonzero(as_tuple=True)
    if not len(rows):
        return images
    place = rows.to(images.device)
    return images.index_copy(0, place, change(images[place], numbers[rows]))


def _geometry_matrix(params: AugmentParams, size: tuple[int, int]) -> Tensor:
    """Where a pixel of the image goes, [N, 3, 3], in pixels from the centre."""
    wide_high = torch.tensor(size)
    moves = _scale_matrix(1 - 2 * params.flip, torch.ones_like(params.flip))
    moves = _rotation_matrix(-params.quarters * (pi / 2)) @ moves
    moves = _translation_matrix((params.step * wide_high).round()) @ moves
    moves = _scale_matrix(params.scale, params.scale) @ moves
    moves = _rotation_matrix(-params.turn) @ moves
    moves = _scale_matrix(params.stretch, 1 / params.stretch) @ moves
    moves = _rotation_matrix(-params.turn_after) @ moves
    return _translation_matrix(params.shift * wide_high) @ moves


def _scale_matrix(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack((x, y, torch.ones_like(x)), 1).diag_embed()


def _rotation_matrix(angle: Tensor) -> Tensor:
    cosine, sine = angle.cos(), angle.sin()
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    rows = [cosine, -sine, zero, sine, cosine, zero, zero, zero, one]
    return torch.stack(rows, 1).reshape(-1, 3, 3)


def _translation_matrix(by: Tensor) -> Tensor:
    matrix = torch.eye(3).repeat(len(by), 1, 1)
    matrix[:, :2, 2] = by
    return matrix


def _resample(images: Tensor, moves: Tensor) -> Tensor:
    """Resample images at twice their rate, with a wavelet as filter.

    Each pixel of the result looks back to where it comes from; beyond the edges the image is
    reflected, as far as that is needed, once at most.
    """
    height, width = images.shape[2:]
    back = moves.inverse()
    left, top, right, bottom = _margins(back, width, height)
    padded = functional.pad(images, [left, right, top, bottom], mode="reflect")
    kernel = torch.tensor(_SYM6, dtype=images.dtype, device=images.device) / sum(_SYM6)
    fine = ops.upsample2d(padded, kernel)
    wide, high = width + 2 * _MARGIN, height + 2 * _MARGIN
    middle = torch.tensor([[(right - left) / 2, (bottom - top) / 2]])
    view = (
        _translation_matrix(torch.full((1, 2), _OFFSET))
        @ torch.tensor([wide / 2, high / 2, 1.0]).diag()
    )
    unit = torch.tensor([2 / padded.shape[3], 2 / padded.shape[2], 1.0]).diag()
    places = (unit @ _translation_matrix(-middle - _OFFSET) @ back @ view)[:, :2]
    shape = [len(images), images.shape[1], 2 * high, 2 * wide]
    grid = functional.affine_grid(places.to(images), shape, align_corners=False)
    fine = grid_sample(fine, grid)
    return ops.downsample2d(fine, kernel, padding=-2 * _MARGIN, flip=True)


def _margins(back: Tensor, width: int, height: int) -> list[int]:
    """Return what is added left, top, right and bottom for all places of a batch to be there."""
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = torch.tensor([[-x, -y, 1], [x, -y, 1], [x, y, 1], [-x, y, 1]])
    reached = (back @ corners.T)[:, :2].transpose(0, 1).flatten(1)
    beyond = torch.cat((-reached.amin(1), reached.amax(1)))
    beyond = beyond + 2 * _MARGIN - torch.tensor([x, y, x, y])
    most = torch.tensor([width - 1, height - 1] * 2)
    return [int(m) for m in beyond.clamp(min=0).minimum(most).ceil()]


def _color_matrix(params: AugmentParams) -> Tensor:
    """What becomes of a colour, [N, 4, 4], in homogeneous coordinates."""
    batch = len(params.hue)
    gray = torch.tensor([1.0, 1.0, 1.0, 0.0]) / sqrt(3)
    along = gray.outer(gray)
    matrix = torch.eye(4).repeat(batch, 1, 1)
    matrix[:, :3, 3] = params.brightness[:, None]
    contrast = params.contrast[:, None]
    matrix = torch.cat((contrast.expand(-1, 3), torch.ones(batch, 1)), 1).diag_embed() @ matrix
    matrix = (torch.eye(4) - 2 * along * params.luma[:, None, None]) @ matrix
    matrix = _hue_matrix(params.hue) @ matrix
    return (along + (torch.eye(4) - along) * params.saturation[:, None, None]) @ matrix


def _hue_matrix(angle: Tensor) -> Tensor:
    """Rotations about the grey axis, [N, 4, 4] (Rodrigues' formula)."""
    part = 1 / sqrt(3)
    cross = torch.tensor([[0.0, -part, part], [part, 0.0, -part], [-part, part, 0.0]])
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    matrix = torch.eye(4).repeat(len(angle), 1, 1)
    matrix[:, :3, :3] = torch.eye(3) * cosine + cross * sine + (1 - cosine) / 3
    return matrix


def _transform_colors(images: Tensor, colors: Tensor) -> Tensor:
    batch, channels, height, width = images.shape
    if channels not in (1, 3):
        raise UsageError(f"Images of {channels} channels cannot be augmented; 1 or 3 can.")
    colors = colors.to(images)
    if channels == 1:
        mixed = colors[:, :3].mean(1, keepdim=True)
        factor, added = mixed[:, :, :3].sum(2, keepdim=True), mixed[:, :, 3:]
        return images * factor[..., None] + added[..., None]
    pixels = colors[:, :3, :3] @ images.flatten(2) + colors[:, :3, 3:]
    return pixels.reshape(batch, channels, height, width)


def _filter_octaves(images: Tensor, gains: Tensor) -> Tensor:
    """Scale the octaves of frequencies; beyond the edges the image is reflected."""
    batch, channels, height, width = images.shape
    kernels = (gains @ _octave_filters()).to(images).repeat_interleave(channels, 0)
    reach = kernels.shape[1] // 2
    x = _pad_reflect(images, reach).reshape(1, batch * channels, height + 2 * reach, -1)
    x = functional.conv2d(x, kernels[:, None, None, :], groups=batch * channels)
    x = functional.conv2d(x, kernels[:, None, :, None], groups=batch * channels)
    return x.reshape(batch, channels, height, width)


def _pad_reflect(images: Tensor, reach: int) -> Tensor:
    """Reflect an image at its edges, as often as it takes."""
    while reach > 0:
        step = min(reach, *(side - 1 for side in images.shape[2:]))
        images, reach = functional.pad(images, [step] * 4, mode="reflect"), reach - step
    return images


def _octave_filters() -> Tensor:
    """Filters that let one octave through each, the lowest first, [4, 43]; their sum is 1 tap.

    Daubechies' wavelet of 4 taps halves the lowest band again and again.
    """
    root = sqrt(3)
    low = torch.tensor([1 + root, 3 + root, 3 - root, 1 - root], dtype=torch.float64) / sqrt(32)
    high = low.flip(0) * torch.tensor([1, -1, 1, -1])
    lower, upper = (_convolve(f[None], f.flip(0)) / 2 for f in (low, high))
    bank = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(3):
        upsampled = functional.pad(bank[:, :, None], [0, 1]).flatten(1)[:, :-1]
        bank = _convolve(upsampled, lower[0])
        around = (bank.shape[1] - upper.shape[1]) // 2
        bank = torch.cat((bank, functional.pad(upper, [around, around])))
    return bank.float()


def _convolve(rows: Tensor, taps: Tensor) -> Tensor:
    """Convolve each row of [N, T] with taps [K], to [N, T + K − 1]."""
    return functional.conv1d(rows[:, None], taps.flip(0)[None, None], padding=len(taps) - 1)[:, 0]


def _cutout_mask(hole: Tensor, size: tuple[int, int]) -> Tensor:
    """1 where an image is kept, 0 in its hole, [N, 1, H, W]."""
    inside = []
    for axis, pixels in enumerate(size):
        middle = (torch.arange(pixels) + 0.5) / pixels
        inside.append((middle - hole[:, axis, None]).abs() < hole[:, 2, None] / 2)
    x, y = inside
    return (~(x[:, None, None, :] & y[:, None, :, None])).float()
