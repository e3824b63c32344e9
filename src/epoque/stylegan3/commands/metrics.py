"""`epoque stylegan3 metrics`: how good images are, in numbers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from epoque.bench.errors import UsageError
from epoque.bench.files import cache as store
from epoque.bench.files.output_paths import check_folder
from epoque.bench.options import AsJson, Quiet, at_least
from epoque.bench.terminal import console, downloading, note, print_json, progress_bar, say, table

from .reals import draw_labels, real_images, real_path
from .shared import Device, Label, Seed, Truncation, finite, open_network, refuse_ignored

if TYPE_CHECKING:
    from ..loading import LoadedGenerator
    from ..measures.extraction import Detector
    from ..measures.image_sources import ImageSource
    from ..measures.metrics import MetricResult
    from ..measures.official_features import VggFeatures

__all__ = ["metrics"]

DEFAULT = "pfd,pkd,pprecision,precall,swd"
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


def metrics(
    *,
    network: Annotated[
        str | None,
        Parameter(
            help="The network to measure: its file, a finished run's folder or `last`, an official "
            ".pkl, an https address of one, or a short name such as ffhqu-256-t."
        ),
    ] = None,
    pictures: Annotated[
        Path | None, Parameter(help="Or the images to measure: a folder or zip of square pictures.")
    ] = None,
    data: Annotated[
        Path | None,
        Parameter(
            help="The real images: a folder or zip [default: those that the network learned from; "
            "drawn portraits are drawn again (extra avatars)]."
        ),
    ] = None,
    metrics: Annotated[
        str,
        Parameter(
            help="Which, of those above; official names such as fid50k_full are known too, "
            "and stand for 50,000 images."
        ),
    ] = DEFAULT,
    images: Annotated[
        int | None,
        Parameter(
            help="How many to measure [default: 1000, and 50,000 for official names].",
            validator=at_least(1),
        ),
    ] = None,
    reals: Annotated[
        int | None, Parameter(help="How many real images [default: all].", validator=at_least(1))
    ] = None,
    mirror: Annotated[bool, Parameter(help="Use the real images' mirror images too.")] = False,
    seed: Annotated[Seed, Parameter(help="The first seed; of files, chooses them.")] = 0,
    truncation: Truncation = 1.0,
    label: Label = None,
    batch: Annotated[int, Parameter(help="Images at a time.", validator=at_least(1))] = 16,
    inception: Annotated[
        str | None,
        Parameter(help="File or address of Inception's weights [default: NVIDIA's, fetched]."),
    ] = None,
    vgg: Annotated[
        str | None, Parameter(help="Of VGG-16's weights [default: NVIDIA's, fetched].")
    ] = None,
    lpips: Annotated[
        Path | None, Parameter(help="LPIPS's weights, where they are not in VGG's file.")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure how good images are: a network's, or those of a folder or zip.

    Without any file: pfd and pkd, Fréchet and kernel distance between generated and real images in
    the features of a small network that knows cartoon portraits; pprecision and precall, the share
    of generated images that look real and of real ones that are covered, in the same features; swd,
    the sliced Wasserstein distance between patches at all scales, times 1000. They are made for
    portraits and comparable with one another, not with the numbers of papers.

    With the official feature networks (NVIDIA's files, fetched once; their licence allows research
    and evaluation only, or name files of your own): fid, kid, is, precision, recall, ppl. The
    papers take 50,000 images and all real ones, as `--metrics fid50k_full` does. Nothing in a file
    is executed.
    The official files' own names for their layers could not be checked when this was written; the
    table says when weights were recognised by shapes and order alone.

    How images follow a moved input, in decibels: eq_t (whole pixels), eq_t_frac (fractions) and
    eq_r (rotations), as `epoque stylegan3 equivariance` measures them.

    A network that has classes, or learned from other labels, is asked for labels as they are in the
    real images; where these are not there, for labels that it learned from, as far as its card
    keeps them.

    The interval holds the value for infinitely many images of the same kind 95 times of 100: 1.96
    standard errors (the delta method over images; swd: bootstrap over images; is: over splits), and
    Wilson's interval of shares.
    A Fréchet distance of few images is too large: compare at equal numbers of images. What was
    computed is kept in the cache folder; an interrupted measure goes on.

    Example: `epoque stylegan3 metrics --network last --images 2000 --metrics pfd,swd`.
    """
    from torch import get_num_threads

    from ..measures.metrics import METRICS, compute_metrics, default_image_count, parse_metrics
    from ..measures.moves import movements
    from ..measures.path_length import PathImages

    start = time.monotonic()
    typed = [name.strip() for name in metrics.split(",")] if metrics.strip() else []
    names, images = parse_metrics(typed), default_image_count(typed) if images is None else images
    _check(network, pictures, images=images, reals=reals, batch=batch)
    _check_used(
        names,
        pictures=pictures is not None,
        of_images={"truncation": finite(truncation, "truncation") != 1, "class": label is not None},
        given={
            "inception": inception is not None,
            "vgg": vgg is not None,
            "lpips": lpips is not None,
            "reals": reals is not None,
            "mirror": mirror,
        },
    )
    check_folder("EPOQUE_CACHE", store.folder())
    of_moves = [name for name in names if METRICS[name].needs == "moves"]
    others = [name for name in names if METRICS[name].needs not in OF_NETWORKS]
    opened = None if network is None else open_network(network, device, quiet=quiet or as_json)
    made = _made(opened, pictures, images=images, seed=seed, psi=truncation, label=label)
    path, real, drawn = real_path(data, opened), None, ""
    if any(METRICS[name].against for name in others):
        real = real_images(path, opened, made, reals=reals, mirror=mirror, seed=seed, quiet=quiet)
    if not quiet:
        note(told for some in (made, real) for told in getattr(some, "remarks", ()))
    if opened is not None:
        drawn = draw_labels(opened, real.path if real else path)
    where = _device(opened, device)
    have = _official(names, inception, vgg, lpips, where, quiet=quiet)
    found: list[MetricResult] = []
    if others:
        with progress_bar("measuring", "images", quiet=quiet) as progress:
            found += compute_metrics(
                others, made, real, official=have, batch=batch, device=where, progress=progress
            )
    if of_moves and opened is not None:
        with progress_bar("measuring", "moved images", quiet=quiet) as progress:
            found += movements(
                of_moves,
                opened,
                images=images,
                batch=batch,
                seed=seed,
                psi=truncation,
                label=label,
                progress=progress,
            )
    if "ppl" in names and opened is not None:
        found += _paths(PathImages(opened, images, seed, label), have, batch, quiet=quiet)
    found.sort(key=lambda one: names.index(one.name))
    if as_json:
        against = real.name if real else None
        rows = [asdict(one) for one in found]
        labels = {"labels": drawn} if drawn else {}
        told = {"images": made.name, "real": against, **labels, "threads": get_num_threads()}
        print_json({**told, "metrics": rows})
        return
    _tell(found, made, real, drawn, time.monotonic() - start)


def _check(
    network: str | None, pictures: Path | None, *, images: int, reals: int | None, batch: int
) -> None:
    if (network is None) == (pictures is None):
        raise UsageError("Name what to measure: either --network or --pictures.")
    for option, value in (("images", images), ("reals", reals), ("batch", batch)):
        if value is not None and value < 1:
            raise UsageError(f"--{option}: {value} is not allowed; at least 1 is needed.")


def _check_used(
    names: Sequence[str],
    *,
    pictures: bool,
    of_images: Mapping[str, bool],
    given: Mapping[str, bool],
) -> None:
    """Refuse what is of networks, where there is none, and what no measure would heed.

    Args:
        names: of the measures.
        pictures: whether pictures are measured, not a network.
        of_images: options of how a network makes images, and whether they are given.
        given: likewise options of the measures.
    """
    from ..measures.metrics import METRICS

    of_networks = [name for name in names if METRICS[name].needs in OF_NETWORKS]
    if pictures and of_networks:
        told = f"{of_networks[0]} is of a network, not of pictures"
        raise UsageError(f"--metrics: {told}; name one with --network.")
    if pictures:
        refuse_ignored(of_images, "pictures are measured as they are")
    if "ppl" in names:
        refuse_ignored({"truncation": of_images["truncation"]}, "ppl is measured without")
    needs = {METRICS[name].needs for name in names}
    needs |= {"reals" for name in names if METRICS[name].against}
    unused = {
        option: is_given and needs.isdisjoint(USES[option]) for option, is_given in given.items()
    }
    refuse_ignored(unused, f"it is of other measures than {', '.join(names)}")


def _made(
    opened: "LoadedGenerator | None",
    pictures: Path | None,
    *,
    images: int,
    seed: int,
    psi: float,
    label: str | None,
) -> "ImageSource":
    from ..measures.image_sources import NetworkImages, SetImages

    if opened is not None:
        return NetworkImages(opened, images, seed, psi, label)
    assert pictures is not None
    return SetImages(pictures, limit=images, seed=seed)


def _device(opened: "LoadedGenerator | None", device: str) -> str:
    from ..loading import choose_device

    return str(opened.device if opened else choose_device(device))


def _official(
    names: Sequence[str],
    inception: str | None,
    vgg: str | None,
    lpips: Path | None,
    device: str,
    *,
    quiet: bool,
) -> "dict[str, Detector]":
    """Open the official feature networks that measures need."""
    from ..measures.metrics import METRICS
    from ..measures.official_features import load_inception, load_vgg

    needs = {METRICS[name].needs for name in names}
    have: dict[str, Detector] = {}
    if needs & {"inception", "classes"}:
        with downloading(quiet=quiet) as progress:
            found = load_inception(inception, device, progress)
        have |= {"inception": found, "classes": found.probabilities()}
    if needs & {"vgg", "lpips"}:
        with downloading(quiet=quiet) as progress:
            known = load_vgg(vgg, device, progress, lpips=lpips)
        have["vgg"] = known
        if "lpips" in needs:
            have["lpips"] = _steps(known)
    return have


def _steps(vgg: "VggFeatures") -> "Detector":
    from ..measures.path_length import PathDistance

    return PathDistance(vgg)


def _paths(
    pairs: "ImageSource", have: "Mapping[str, Detector]", batch: int, *, quiet: bool
) -> "list[MetricResult]":
    from ..measures.metrics import compute_metrics

    with progress_bar("measuring", "paths", quiet=quiet) as progress:
        return compute_metrics(
            ["ppl"], pairs, official=have, batch=max(1, batch // 2), progress=progress
        )


def _tell(
    found: "Sequence[MetricResult]",
    made: "ImageSource",
    real: "ImageSource | None",
    drawn: str,
    seconds: float,
) -> None:
    against = f" against {real.count:,} of {real.name}" if real else ""
    labels = f", labels drawn as in {drawn}" if drawn else ""
    say(f"{made.count:,} images of {made.name}{against}{labels}")
    columns = ("", "", "value", "95 % interval", "unit", "better", "images", "real", "seconds")
    rows: list[tuple[Any, ...]] = [
        (
            one.name,
            one.title,
            one.value,
            f"{one.low:.4g} to {one.high:.4g}",
            one.unit,
            one.better,
            one.images,
            one.reals or "",
            f"{one.seconds:.1f}",
        )
        for one in found
    ]
    console().print(table(columns, rows))
    say(f"{seconds:.0f} s in all")
    for features in dict.fromkeys(one.features for one in found):
        having = ", ".join(one.name for one in found if one.features == features)
        say(f"{having}: {features}")
