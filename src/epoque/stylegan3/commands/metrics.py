"""`epoque stylegan3 metrics`: how good images are, in numbers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from epoque.bench.errors import UsageError
from epoque.bench.options import AsJson, Quiet
from epoque.bench.telling import console, downloading, print_json, progress_bar, say, table

from .shared import Device, Images, Label, Truncation, finite, open_network

if TYPE_CHECKING:
    from ..measures.extraction import Detector
    from ..measures.metrics import Measure
    from ..measures.official_features import VggFeatures
    from ..measures.sources import Source
    from ..opening import Opened

__all__ = ["metrics"]

DEFAULT = "pfd,pkd,pprecision,precall,swd"


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
            help="The real images: a folder or zip [default: what the network was trained on, if "
            "it is there; else as many drawn portraits (extra avatars)]."
        ),
    ] = None,
    metrics: Annotated[
        str,
        Parameter(help="Which, of those above; official names such as fid50k_full are known too."),
    ] = DEFAULT,
    images: Images = 1000,
    reals: Annotated[int | None, Parameter(help="How many real images [default: all].")] = None,
    mirror: Annotated[bool, Parameter(help="Use the real images' mirror images too.")] = False,
    seed: Annotated[int, Parameter(help="The first seed; of files, chooses them.")] = 0,
    truncation: Truncation = 1.0,
    label: Label = None,
    batch: Annotated[int, Parameter(help="Images at a time.")] = 16,
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
    papers take 50,000 images and all real ones: `--images 50000`. Nothing in a file is executed.
    The official files' own names for their layers could not be checked when this was written; the
    table says when weights were recognised by shapes and order alone.

    The interval holds the value for infinitely many images of the same kind 95 times of 100: 1.96
    standard errors (the delta method over images; swd: bootstrap over images; is: over splits), and
    Wilson's interval of shares.
    A Fréchet distance of few images is too large: compare at equal numbers of images. What was
    computed is kept in the cache folder; an interrupted measure goes on.

    Example: `epoque stylegan3 metrics --network last --images 2000 --metrics pfd,swd`.
    """
    from ..measures.metrics import METRICS, kinds, measure
    from ..measures.path_length import PathImages

    start = time.monotonic()
    names = kinds([name.strip() for name in metrics.split(",") if name.strip()])
    _check(network, pictures, images=images, reals=reals, batch=batch)
    finite(truncation, "truncation")
    of_paths = [name for name in names if name == "ppl"]
    if of_paths and network is None:
        raise UsageError("ppl is of a network, not of pictures; name one with --network.")
    opened = None if network is None else open_network(network, device, quiet=quiet)
    made = _made(opened, pictures, images=images, seed=seed, psi=truncation, label=label)
    others = [name for name in names if name not in of_paths]
    real = None
    if any(METRICS[name].against for name in others):
        real = _real(data, opened, made, reals=reals, mirror=mirror, seed=seed, quiet=quiet)
    where = _device(opened, device)
    have = _official(names, inception, vgg, lpips, where, quiet=quiet)
    found: list[Measure] = []
    if others:
        with progress_bar("measuring", "images", quiet=quiet) as progress:
            found += measure(
                others, made, real, official=have, batch=batch, device=where, progress=progress
            )
    if of_paths and opened is not None:
        found += _paths(PathImages(opened, images, seed, label), have, batch, quiet=quiet)
    found.sort(key=lambda one: names.index(one.name))
    if as_json:
        against = real.name if real else None
        rows = [asdict(one) for one in found]
        print_json({"images": made.name, "real": against, "metrics": rows})
        return
    _tell(found, made, real, time.monotonic() - start)


def _check(
    network: str | None, pictures: Path | None, *, images: int, reals: int | None, batch: int
) -> None:
    if (network is None) == (pictures is None):
        raise UsageError("Name what to measure: either --network or --pictures.")
    for option, value in (("images", images), ("reals", reals), ("batch", batch)):
        if value is not None and value < 1:
            raise UsageError(f"--{option}: {value} is not allowed; at least 1 is needed.")


def _made(
    opened: "Opened | None",
    pictures: Path | None,
    *,
    images: int,
    seed: int,
    psi: float,
    label: int | None,
) -> "Source":
    from ..measures.sources import NetworkImages, SetImages

    if opened is not None:
        return NetworkImages(opened, images, seed, psi, label)
    assert pictures is not None
    return SetImages(pictures, limit=images, seed=seed)


def _real(
    data: Path | None,
    opened: "Opened | None",
    made: "Source",
    *,
    reals: int | None,
    mirror: bool,
    seed: int,
    quiet: bool,
) -> "Source":
    """Return the real images; portraits are drawn where there are none."""
    from ..measures.sources import SetImages

    path = data or _trained_on(opened)
    if path is None:
        from ..training.data import avatars

        with progress_bar("drawing", "portraits", quiet=quiet) as progress:
            path = avatars(reals or made.count, made.size, progress)
        drawn = SetImages(path, mirror=mirror)
        drawn.name = "drawn portraits"
        return drawn
    return SetImages(path, limit=reals, mirror=mirror, seed=seed)


def _trained_on(opened: "Opened | None") -> Path | None:
    """Return the images that a network's card says it learnt from, if they are there."""
    training = opened.card.get("training") if opened else None
    told = training.get("data") if isinstance(training, Mapping) else None
    path = Path(told) if isinstance(told, str) else None
    return path if path is not None and path.exists() else None


def _device(opened: "Opened | None", device: str) -> str:
    from ..opening import choose_device

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
    from ..measures.official_features import open_inception, open_vgg

    needs = {METRICS[name].needs for name in names}
    have: dict[str, Detector] = {}
    if needs & {"inception", "classes"}:
        with downloading(quiet=quiet) as progress:
            found = open_inception(inception, device, progress)
        have |= {"inception": found, "classes": found.probabilities()}
    if needs & {"vgg", "lpips"}:
        with downloading(quiet=quiet) as progress:
            known = open_vgg(vgg, device, progress, lpips=lpips)
        have["vgg"] = known
        if "lpips" in needs:
            have["lpips"] = _steps(known)
    return have


def _steps(vgg: "VggFeatures") -> "Detector":
    from ..measures.path_length import Steps

    return Steps(vgg)


def _paths(
    pairs: "Source", have: "Mapping[str, Detector]", batch: int, *, quiet: bool
) -> "list[Measure]":
    from ..measures.metrics import measure

    with progress_bar("measuring", "paths", quiet=quiet) as progress:
        return measure(["ppl"], pairs, official=have, batch=max(1, batch // 2), progress=progress)


def _tell(
    found: "Sequence[Measure]", made: "Source", real: "Source | None", seconds: float
) -> None:
    against = f" against {real.count:,} of {real.name}" if real else ""
    say(f"{made.count:,} images of {made.name}{against}")
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
