"""What may be set in the StyleGAN3 lab; where a setting has an official name, it bears it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from epoque.bench.config import Config, LocalPath, PathOrHttps, other_than, setting, threads_setting
from epoque.bench.errors import Problem

from .labels import (
    AUGMENTATION_CHOICES,
    DEVICE_CHOICES,
    GENERATOR_CHOICES,
    LOSS_CHOICES,
    METRIC_CHOICES,
    PIPELINE_CHOICES,
    PRECISION_CHOICES,
    TASK_CHOICES,
)

__all__ = [
    "ANALYSIS_ONLY",
    "Aug",
    "Cfg",
    "Device",
    "Pipeline",
    "Precision",
    "StyleGan3Config",
    "Task",
]

Task = Literal["train", "analyze"]
Cfg = Literal["t", "r", "stylegan2"]
Aug = Literal["ada", "fixed", "noaug", "diffaugment"]
Loss = Literal["logistic", "hinge", "r3gan"]
Pipeline = Literal[
    "blit", "geom", "color", "filter", "noise", "cutout", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"
]
Precision = Literal["auto", "float32", "float16", "bfloat16"]
Device = Literal["auto", "cpu", "cuda"]
Measured = Literal[
    "pfd", "pkd", "pprecision", "precall", "swd", "octaves", "edges", "shares", "efd", "ekd",
    "eprecision", "erecall", "fid", "kid", "eq_t", "eq_t_frac", "eq_r",
]  # fmt: skip
ImageSeed = Annotated[int, Field(ge=0, le=2**32 - 1)]

_TRAIN = {"task": ("train",)}
_ANALYZE = {"task": ("analyze",)}
_NETWORKS = ("pkl",)


class StyleGan3Config(Config):
    """A generator and a discriminator trained against each other, or a trained generator analyzed.

    An analysis makes images from seeds, looks at them, and measures how they move.
    """

    task: Task = setting(
        "train",
        "Task",
        "Train a generator, or analyze one that is trained already.",
        group="Task",
        choices=TASK_CHOICES,
    )

    network: PathOrHttps = setting(
        "avatars-t",
        "Network",
        "To analyze: a short name, a network's file, a run's folder or an official snapshot.",
        min_length=1,
        max_length=4096,
        group="Analysis",
        only=_ANALYZE,
        file=_NETWORKS,
    )
    against: PathOrHttps | None = setting(
        "avatars-stylegan2",
        "Network beside it",
        "Measured in the same way, to compare with; none: the network alone.",
        min_length=1,
        max_length=4096,
        group="Analysis",
        only=_ANALYZE,
        file=_NETWORKS,
    )
    seeds: tuple[ImageSeed, ...] = setting(
        (2, 674, 1024),
        "Seeds of images",
        "Each makes one image, looked at closely.",
        min_length=1,
        max_length=12,
        group="Analysis",
        only=_ANALYZE,
    )
    truncation: float = setting(
        1.0,
        "Truncation",
        "How far from the mean image: 1 as drawn, 0 the mean.",
        ge=-4,
        le=4,
        group="Analysis",
        step=0.1,
        only=_ANALYZE,
    )
    label: str | None = setting(
        None,
        "Class",
        "Of networks that have some: a number, a name or any; or attributes, as in "
        "hair=long,glasses=none, of which the rest is drawn.",
        min_length=1,
        max_length=100_000,
        group="Analysis",
        only=_ANALYZE,
    )
    equivariance_images: int = setting(
        64,
        "Images moved",
        "How many are moved to measure how well they follow.",
        unit="images",
        ge=2,
        le=100_000,
        group="Analysis",
        scale="log",
        only=_ANALYZE,
    )

    cfg: Cfg = setting(
        "t",
        "Generator",
        "Alias-free for translation (t), for rotation too (r), or StyleGAN2's, to compare.",
        group="Network",
        only=_TRAIN,
        choices=GENERATOR_CHOICES,
    )

    data: LocalPath | None = setting(
        None,
        "Images",
        "A zip or folder made by `epoque stylegan3 dataset`; none: drawn cartoon portraits.",
        min_length=1,
        max_length=4096,
        group="Images",
        only=_TRAIN,
        file=("zip",),
    )
    avatars: int = setting(
        10_000,
        "Portraits",
        "Without images of your own: how many cartoon portraits are drawn.",
        unit="images",
        ge=16,
        le=1_000_000,
        group="Images",
        scale="log",
        only={**_TRAIN, "data": (None,)},
    )
    resolution: int = setting(
        64,
        "Resolution",
        "Without images of your own: width and height of the portraits.",
        unit="pixels",
        ge=16,
        le=1024,
        group="Images",
        scale="log",
        only={**_TRAIN, "data": (None,)},
    )
    max_images: int | None = setting(
        None,
        "Most images",
        "Use only so many, chosen with the seed; none: all.",
        ge=1,
        group="Images",
        scale="log",
        only=_TRAIN,
    )
    cond: bool = setting(
        False,
        "Conditional",
        "Learn the images' labels, to generate by label.",
        group="Images",
        only=_TRAIN,
    )
    mirror: bool = setting(
        False,
        "Mirror images",
        "Add each image's mirror image to the set.",
        group="Images",
        only=_TRAIN,
    )

    cbase: int = setting(
        32_768,
        "Channels times resolution",
        "Width of the networks; config r's generator has twice as much.",
        ge=16,
        le=2**20,
        group="Network",
        scale="log",
        only=_TRAIN,
    )
    cmax: int = setting(
        512,
        "Most channels",
        "Of a layer; config r's generator has twice as many.",
        ge=4,
        le=4096,
        group="Network",
        scale="log",
        only=_TRAIN,
    )
    layers: int = setting(
        14,
        "Layers",
        "Of an alias-free generator, beside the one that makes the image.",
        ge=4,
        le=32,
        group="Network",
        step=1,
        only={**_TRAIN, "cfg": ("t", "r")},
    )
    first_cutoff: float = setting(
        2.0,
        "First cutoff",
        "Of an alias-free generator: the frequency up to which its first layer's signal reaches. A "
        "few layers place small things sooner if they begin at 4.",
        unit="cycles over the image",
        gt=0,
        lt=8,
        group="Network",
        step=0.5,
        only={**_TRAIN, "cfg": ("t", "r")},
    )
    z_dim: int = setting(
        512,
        "Random numbers",
        "Random numbers that an image is made from.",
        ge=1,
        le=4096,
        group="Network",
        scale="log",
        only=_TRAIN,
    )
    w_dim: int = setting(
        512,
        "Style",
        "Numbers of a style.",
        ge=4,
        le=4096,
        group="Network",
        scale="log",
        only=_TRAIN,
    )
    map_depth: int | None = setting(
        None,
        "Mapping layers",
        "From random numbers to a style; none: 2, and 8 of StyleGAN2.",
        ge=1,
        le=32,
        group="Network",
        step=1,
        only=_TRAIN,
    )
    mbstd_group: int = setting(
        4,
        "Images compared",
        "How many images the discriminator compares with one another.",
        unit="images",
        ge=1,
        le=256,
        group="Network",
        step=1,
        only=_TRAIN,
    )
    freezed: int = setting(
        0, "Frozen layers", "First layers of the discriminator that stay as they are.",
        unit="layers", ge=0, le=64, group="Network", step=1, only=_TRAIN,
    )  # fmt: skip
    resume_from: PathOrHttps | None = setting(
        None,
        "First networks",
        "Begin with the weights of another training: a run's folder, a network's file, an official "
        "snapshot, its https address or short name (officially --resume).",
        min_length=1,
        max_length=4096,
        group="Network",
        only=_TRAIN,
        file=_NETWORKS,
    )

    kimg: float = setting(
        25_000,
        "Length",
        "Real images shown in all.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        only=_TRAIN,
    )
    batch: int = setting(
        32, "Batch size", "Images of a step, over all devices.", unit="images",
        ge=1, le=65_536, group="Training", scale="log", only=_TRAIN,
    )  # fmt: skip
    batch_gpu: int | None = setting(
        None,
        "Batch per device",
        "Images computed at once, to save memory; none: a device's whole share.",
        unit="images",
        ge=1,
        le=65_536,
        group="Machine",
        scale="log",
        only=_TRAIN,
    )
    glr: float | None = setting(
        None,
        "Generator's learning rate",
        "None: 0.0025, and 0.002 of StyleGAN2.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        only=_TRAIN,
    )
    dlr: float = setting(
        0.002,
        "Discriminator's learning rate",
        "Of Adam.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        only=_TRAIN,
    )
    loss: Loss = setting(
        "logistic",
        "Loss",
        "Of both networks: logistic (non-saturating), hinge, or r3gan (relativistic pairs, and the "
        "gradient penalty at generated images too).",
        group="Training",
        only=_TRAIN,
        choices=LOSS_CHOICES,
    )
    gamma: float | None = setting(
        None,
        "R1 weight",
        "Of the gradient penalty; none: 0.0002 times the image's pixels over the batch size.",
        ge=0,
        le=1e6,
        group="Training",
        scale="log",
        only=_TRAIN,
    )
    r1_interval: int = setting(
        16, "R1 interval", "How often the gradient penalty is computed.", unit="iterations",
        ge=1, le=10_000, group="Training", step=1, only=_TRAIN,
    )  # fmt: skip
    fourier_input: bool = setting(
        False,
        "Fourier input",
        "Of StyleGAN2: begin with waves instead of a learned constant, as config B of StyleGAN3's "
        "paper. What it begins with can then be moved without a blur: the fair opponent of an "
        "alias-free generator.",
        group="Network",
        only={**_TRAIN, "cfg": ("stylegan2",)},
    )
    style_mixing: float = setting(
        0.9,
        "Style mixing",
        "Of StyleGAN2: share of the parts in which later layers take another style.",
        ge=0,
        le=1,
        group="Training",
        step=0.05,
        only={**_TRAIN, "cfg": ("stylegan2",)},
    )
    pl_weight: float = setting(
        2.0, "Path length weight", "Of StyleGAN2's path length regularisation; 0 for none.",
        ge=0, le=1e6, group="Training", scale="log", only={**_TRAIN, "cfg": ("stylegan2",)},
    )  # fmt: skip
    pl_interval: int = setting(
        4,
        "Path length interval",
        "How often it is computed.",
        unit="iterations",
        ge=1,
        le=10_000,
        group="Training",
        step=1,
        only={**_TRAIN, "cfg": ("stylegan2",)},
    )
    blur: float = setting(
        10.0,
        "Blur",
        "Of config r: how much the discriminator's images are blurred at first.",
        unit="pixels",
        ge=0,
        le=1000,
        group="Training",
        step=1,
        only={**_TRAIN, "cfg": ("r",), "resume_from": (None,)},
    )
    blur_kimg: float | None = setting(
        None,
        "Length of the blur",
        "Until when it fades; none: 200 thousand images at a batch of 32, in proportion.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        only={**_TRAIN, "cfg": ("r",), "resume_from": (None,)},
    )

    aug: Aug = setting(
        "ada",
        "Augmentation",
        "Of what the discriminator sees: adaptive, fixed, none, or DiffAugment (always: colour, "
        "translation and a hole).",
        group="Augmentation",
        only=_TRAIN,
        choices=AUGMENTATION_CHOICES,
    )
    augpipe: Pipeline = setting(
        "bgc",
        "Augmentations",
        "Which: b blits, g geometry, c colour, f filters, n noise, c at the end holes.",
        group="Augmentation",
        only={**_TRAIN, "aug": ("ada", "fixed")},
        choices=PIPELINE_CHOICES,
    )
    p: float = setting(
        0.2,
        "Augmentation probability",
        "For aug fixed: of each augmentation.",
        ge=0,
        le=1,
        group="Augmentation",
        step=0.05,
        only={**_TRAIN, "aug": ("fixed",)},
    )
    target: float = setting(
        0.6,
        "Augmentation target",
        "For aug ada: how sure the discriminator should be of real images.",
        ge=-1,
        le=1,
        group="Augmentation",
        step=0.05,
        only={**_TRAIN, "aug": ("ada",)},
    )
    ada_kimg: float | None = setting(
        None,
        "Augmentation speed",
        "For aug ada: images in which it may go from none to all; none: 500, and 100 when begun "
        "with other networks.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Augmentation",
        scale="log",
        only={**_TRAIN, "aug": ("ada",)},
    )

    ema_kimg: float | None = setting(
        None,
        "Half-life of the average",
        "Of the averaged generator; none: 10 thousand images at a batch of 32, in proportion.",
        unit="thousand images",
        gt=0,
        le=1e6,
        group="Training",
        scale="log",
        only=_TRAIN,
    )
    ema_rampup: float | None = setting(
        0.05,
        "Ramp of the average",
        "The half-life is at most this share of the images seen; none: no ramp.",
        gt=0,
        le=1,
        group="Training",
        scale="log",
        only=_TRAIN,
    )

    precision: Precision = setting(
        "auto",
        "Precision",
        "Of the four highest resolutions; auto: float16 on a GPU, else float32.",
        group="Machine",
        only=_TRAIN,
        choices=PRECISION_CHOICES,
    )
    device: Device = setting(
        "auto",
        "Device",
        "Auto: a GPU where there is one.",
        group="Machine",
        choices=DEVICE_CHOICES,
    )
    threads: int | None = threads_setting(group="Machine")

    log_every: int = setting(
        10,
        "Metrics interval",
        "How often losses are recorded.",
        unit="iterations",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
        only=_TRAIN,
    )
    snapshot_every: int | None = setting(
        None,
        "Snapshot interval",
        "How often a grid of generated images is kept; none: fifty times a run.",
        unit="iterations",
        ge=1,
        le=10**9,
        group="Recording",
        scale="log",
        only=_TRAIN,
    )
    snapshot_images: int = setting(
        32,
        "Images of a snapshot",
        "In its grid.",
        unit="images",
        ge=1,
        le=1024,
        group="Recording",
        scale="log",
        only=_TRAIN,
    )
    metrics: tuple[Measured, ...] = setting(
        (),
        "Measures",
        "Taken of the averaged generator now and then: of portraits pfd, pkd, pprecision, precall "
        "(in the features of a small network that knows them) and shares (of attributes); of any "
        "images swd (patches), octaves and edges (sharpness), efd, ekd, eprecision, erecall "
        "(EfficientNet, extra features), fid and kid (Inception); eq_t, eq_t_frac, eq_r (how "
        "images follow a moved input).",
        max_length=17,
        choices=METRIC_CHOICES,
        group="Measures",
        only=_TRAIN,
    )
    inception: PathOrHttps | None = setting(
        None,
        "Inception's weights",
        "For fid and kid: a file or an https address; none: NVIDIA's, fetched once, whose licence "
        "allows research and evaluation only.",
        min_length=1,
        max_length=4096,
        group="Measures",
        only={**_TRAIN, "metrics": ("fid", "kid")},
        file=("pkl",),
    )
    metrics_every: int | None = setting(
        None,
        "Measures interval",
        "How often they are taken; none: ten times a run.",
        unit="iterations",
        ge=1,
        le=10**9,
        group="Measures",
        scale="log",
        only={**_TRAIN, "metrics": other_than(())},
    )
    metrics_images: int = setting(
        500,
        "Images measured",
        "How many are generated each time, compared with as many real ones.",
        unit="images",
        ge=16,
        le=100_000,
        group="Measures",
        scale="log",
        only={**_TRAIN, "metrics": other_than(())},
    )

    @property
    def steps(self) -> int:
        """Iterations of a run; of an analysis the images whose input is moved."""
        if self.task == "analyze":
            return self.equivariance_images
        return max(1, -int(-self.kimg * 1000 // self.batch))

    @property
    def generator_learning_rate(self) -> float:
        """The generator's learning rate."""
        return self.glr or (0.002 if self.cfg == "stylegan2" else 0.0025)

    @property
    def discriminator_learning_rate(self) -> float:
        """The discriminator's learning rate."""
        return self.dlr

    @property
    def ada_images(self) -> float:
        """Images in which the probability of augmentations may go from 0 to 1."""
        usual = 500.0 if self.resume_from is None else 100.0
        return 1000 * (self.ada_kimg or usual)

    @property
    def needs_inception(self) -> bool:
        """Whether a measure needs Inception's weights."""
        return not {"fid", "kid"}.isdisjoint(self.metrics)

    def r1_gamma(self, resolution: int) -> float:
        """Return the weight of R1 (Karras et al. 2020, "… with Limited Data", appendix C)."""
        return 0.0002 * resolution**2 / self.batch if self.gamma is None else self.gamma

    def blur_sigma(self, images_seen: int) -> float:
        """Return how far the discriminator's images are blurred once so many were seen."""
        if self.cfg != "r" or self.resume_from is not None:
            return 0.0
        fade = 1000 * (self.blur_kimg or self.batch * 200 / 32)
        return self.blur * max(0.0, 1 - images_seen / fade)

    def ema_half_life(self, images_seen: int) -> float:
        """Return the averaged generator's half-life in images once so many were seen."""
        images = 1000 * (self.ema_kimg or self.batch * 10 / 32)
        if self.ema_rampup is None or self.resume_from is not None:
            return images
        return min(images, images_seen * self.ema_rampup)

    def conflicts(self) -> Iterator[Problem]:
        """Yield what is wrong between fields."""
        part = self.batch_gpu or self.batch
        if self.batch % part:
            yield Problem("batch_gpu", f"{part} does not divide the batch size {self.batch}.")
        elif part > self.mbstd_group and part % self.mbstd_group:
            message = (
                f"{self.mbstd_group} does not divide the {part} images that are computed at once"
            )
            yield Problem("mbstd_group", f"{message}.")
        if self.data is None and self.resolution & (self.resolution - 1):
            yield Problem("resolution", f"{self.resolution} is not a power of two.")


ANALYSIS_ONLY = tuple(
    path
    for path, info in StyleGan3Config.settings().items()
    if any(c.path == "task" and "train" not in c.values for c in info.conditions)
)
"""What is set for analyzing a network, and for nothing else."""
