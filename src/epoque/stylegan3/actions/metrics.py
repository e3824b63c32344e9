"""How good images are, in numbers: `metrics`."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from epoque.bench.actions import FilePath, RunReference, action, option
from epoque.bench.errors import ConfigError, Problem
from epoque.bench.files import cache
from epoque.bench.files.output_paths import check_folder
from epoque.bench.progress import Notify, Progress

from ..out_of_memory import explain_out_of_memory
from .options import (
    TruncationOptions,
    VggOptions,
    batch_option,
    fetch_progress,
    load_network,
    seed_option,
)
from .reals import draw_labels, find_real_path, load_real_images

if TYPE_CHECKING:
    from ..loading import LoadedGenerator
    from ..measures.extraction import Detector
    from ..measures.image_sources import ImageSource
    from ..measures.metrics import MetricResult

__all__ = ["MetricResults", "MetricsOptions", "metrics"]

OF_NETWORKS = frozenset({"lpips", "moves"})
"""What measures need that are of a network, not of its images."""
USES = {
    "inception": {"inception", "classes"},
    "vgg": {"vgg", "lpips"},
    "lpips": {"lpips"},
    "reals": {"reals"},
    "mirror": {"reals"},
}
"""The options that some measures alone heed, and what these need."""


class MetricsOptions(TruncationOptions, VggOptions):
    """Of `metrics`."""

    network: RunReference | None = option(  # type: ignore[assignment]
        None,
        "The network to measure: its file, a finished run's folder or `last`, an official .pkl, an "
        "https address of one, or a short name such as ffhqu-256-t.",
    )
    pictures: FilePath | None = option(
        None, "Or the images to measure: a folder or zip of square pictures."
    )
    data: FilePath | None = option(
        None,
        "The real images: a folder or zip [default: those that the network learned from; drawn "
        "portraits are drawn again (extra avatars)].",
    )
    metrics: str = option(
        "pfd,pkd,pprecision,precall,swd,octaves,edges,shares",
        "Which, of those above; official names such as fid50k_full are known too, and stand for "
        "50,000 images.",
    )
    images: int | None = option(
        None,
        "How many to measure [default: 1000, and 50,000 for official names].",
        ge=1,
        le=1_000_000,
    )
    reals: int | None = option(None, "How many real images [default: all].", ge=1)
    mirror: bool = option(False, "Use the real images' mirror images too.", negative="--no-mirror")
    seed: int = seed_option("The first seed; of files, chooses them.")
    batch: int = batch_option(16)
    inception: str | None = option(
        None, "File or address of Inception's weights [default: NVIDIA's, fetched]."
    )

    def names(self) -> tuple[list[str], int]:
        """Return the metrics by our own names, and how many images are measured.

        Raises:
            UsageError: if there is no such metric.
        """
        from ..measures.metrics import default_image_count, parse_metrics

        text = self.metrics
        typed = [name.strip() for name in text.split(",")] if text.strip() else []
        return parse_metrics(typed), self.images or default_image_count(typed)

    def conflicts(self) -> Iterator[Problem]:
        """Yield a problem if it is not said what to measure."""
        if (self.network is None) == (self.pictures is None):
            yield Problem("network", "name what to measure: either it or `pictures`.")

    def check_used(self, names: Sequence[str]) -> None:
        """Refuse what is of networks, where there is none, and what no measure would heed.

        Args:
            names: of the metrics.

        Raises:
            ConfigError: with all that is wrong.
        """
        if problems := list(self._find_unused(names)):
            raise ConfigError(problems)

    def _find_unused(self, names: Sequence[str]) -> Iterator[Problem]:
        from ..measures.metrics import METRICS

        of_networks = [name for name in names if METRICS[name].needs in OF_NETWORKS]
        if self.pictures is not None and of_networks:
            message = f"{of_networks[0]} is of a network, not of pictures; name one with `network`."
            yield Problem("metrics", message)
        if self.pictures is not None:
            yield from self.find_ignored(
                ("truncation", "label"), "pictures are measured as they are"
            )
        elif "ppl" in names:
            yield from self.find_ignored(("truncation",), "ppl is measured without")
        needs = {METRICS[name].needs for name in names}
        needs |= {"reals" for name in names if METRICS[name].needs_reals}
        unused = tuple(name for name in USES if needs.isdisjoint(USES[name]))
        yield from self.find_ignored(unused, f"it is of other measures than {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class MetricResults:
    """How good images are.

    Attributes:
        metrics: a result for each metric, in the order that was asked for.
        images: what was measured, in words.
        image_count: how many images were.
        reals: what they were compared with, in words; "" if with nothing.
        real_count: how many real images there were.
        labels: where the labels are from that the network was asked for; "" without labels.
        threads: of the processor; the last digits depend on them.
        seconds: how long it took.
    """

    metrics: "tuple[MetricResult, ...]"
    images: str
    image_count: int
    reals: str
    real_count: int
    labels: str
    threads: int
    seconds: float

    def __getitem__(self, name: str) -> "MetricResult":
        """Return the result of a metric by its name, such as `pfd`."""
        return {one.name: one for one in self.metrics}[name]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        labels = {"labels": self.labels} if self.labels else {}
        of = {"images": self.images, "real": self.reals or None, **labels, "threads": self.threads}
        return {**of, "metrics": [asdict(one) for one in self.metrics]}


@action
@explain_out_of_memory()
def metrics(options: MetricsOptions, progress: Progress, notify: Notify) -> MetricResults:
    """Measure how good images are: a network's, or those of a folder or zip.

    Without any file: pfd and pkd, Fréchet and kernel distance between generated and real images in
    the features of a small network that knows cartoon portraits; pprecision and precall, the share
    of generated images that look real and of real ones that are covered, in the same features; swd,
    the sliced Wasserstein distance between patches at all scales, times 1000; octaves, by how many
    decibels the power of the octave of frequencies that differs most differs from real images';
    edges, the energy of the Laplacian as a percentage of real images'; shares, by how many points
    the attribute whose share differs most differs. They are made for portraits (swd, octaves and
    edges for any images) and comparable with one another, not with the numbers of papers.

    With the extra `features`, without any download: efd and ekd, Fréchet and kernel distance in the
    features of an EfficientNet-Lite0 that learned ImageNet and no portrait, eprecision and erecall
    likewise.

    With the official feature networks (NVIDIA's files, fetched once; their licence allows research
    and evaluation only, or name files of your own): fid, kid, is, precision, recall, ppl. The
    papers take 50,000 images and all real ones, as `metrics fid50k_full` does. Nothing in a file
    is executed.
    The official files' own names for their layers could not be checked when this was written; the
    table says when weights were recognised by shapes and order alone.

    How images follow a moved input, in decibels: eq_t (whole pixels), eq_t_frac (fractions) and
    eq_r (rotations), as `epoque stylegan3 equivariance` measures them.

    A network that has classes, or learned from other labels, is asked for labels as they are in the
    real images; where these are not there, for labels that it learned from, as far as its card
    keeps them.

    The interval holds the value for infinitely many images of the same kind 95 times of 100: 1.96
    standard errors (the delta method over images; swd, octaves, edges, shares: bootstrap over
    images; is: over splits), and Wilson's interval of shares. The largest of several deviations is
    never 0, of few images still less: hold it against that of as many other real images.
    A Fréchet distance of few images is too large: compare at equal numbers of images. What was
    computed is kept in the cache folder; an interrupted measure goes on.

    Returns:
        The value and interval of each metric, and what was measured.

    Raises:
        ConfigError: if an option is wrong, or would be ignored.
        DataError: if images or networks cannot be read.
        UsageError: if there is no such metric, or the real images are not known.
    """
    from torch import get_num_threads

    from ..loading import choose_device
    from ..measures.metrics import METRICS, compute_metrics
    from ..measures.moves import measure_movements
    from ..measures.path_length import PathImages

    start, (names, images) = time.monotonic(), options.names()
    options.check_used(names)
    check_folder("EPOQUE_CACHE", cache.cache_folder())
    of_moves = [name for name in names if METRICS[name].needs == "moves"]
    others = [name for name in names if METRICS[name].needs not in OF_NETWORKS]
    loaded = None
    if options.network is not None:
        loaded = load_network(options.network, options.device, progress, notify)
    made = _image_source(options, loaded, images)
    path, real, labels = find_real_path(options.data, loaded), None, ""
    if any(METRICS[name].needs_reals for name in others):
        real = load_real_images(
            path,
            loaded,
            made,
            reals=options.reals,
            mirror=options.mirror,
            seed=options.seed,
            progress=progress,
        )
    for source in (made, real):
        for remark in getattr(source, "remarks", ()):
            notify(remark)
    if loaded is not None:
        labels = draw_labels(loaded, real.path if real else path)
    device = str(loaded.device if loaded else choose_device(options.device))
    detectors = _load_detectors(options, names, device, progress)
    results: list[MetricResult] = []
    if others:
        results += compute_metrics(
            others,
            made,
            real,
            official=detectors,
            batch=options.batch,
            device=device,
            progress=progress,
        )
    if of_moves and loaded is not None:
        results += measure_movements(
            of_moves,
            loaded,
            images=images,
            seed=options.seed,
            psi=options.truncation,
            label=options.label,
            progress=progress,
        )
    if "ppl" in names and loaded is not None:
        # A path takes two images, so that half as many are made at a time.
        pairs = PathImages(loaded, images, options.seed, options.label)
        batch = max(1, options.batch // 2)
        results += compute_metrics(
            ["ppl"], pairs, official=detectors, batch=batch, progress=progress
        )
    results.sort(key=lambda one: names.index(one.name))
    return MetricResults(
        tuple(results),
        made.name,
        made.count,
        real.name if real else "",
        real.count if real else 0,
        labels,
        get_num_threads(),
        time.monotonic() - start,
    )


def _image_source(
    options: MetricsOptions, loaded: "LoadedGenerator | None", images: int
) -> "ImageSource":
    from ..measures.image_sources import NetworkImages, SetImages

    seed = options.seed
    if loaded is not None:
        return NetworkImages(loaded, images, seed, options.truncation, options.label)
    assert options.pictures is not None
    return SetImages(options.pictures, limit=images, seed=seed)


def _load_detectors(
    options: MetricsOptions, names: Sequence[str], device: str, progress: Progress
) -> "Mapping[str, Detector]":
    """Load the official feature networks that metrics need."""
    from ..measures.metrics import METRICS
    from ..measures.official_features import load_inception, load_vgg
    from ..measures.path_length import PathDistance

    needs = {METRICS[name].needs for name in names}
    detectors: dict[str, Detector] = {}
    if needs & {"inception", "classes"}:
        inception = load_inception(options.inception, device, fetch_progress(progress))
        detectors |= {"inception": inception, "classes": inception.probabilities()}
    if needs & {"vgg", "lpips"}:
        vgg = load_vgg(options.vgg, device, fetch_progress(progress), lpips=options.lpips)
        detectors["vgg"] = vgg
        if "lpips" in needs:
            detectors["lpips"] = PathDistance(vgg)
    return detectors
