"""`epoque stylegan3 equivariance|sticking|spectrum|layers`: how a network works; `metrics`."""

from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from epoque.bench.errors import UsageError
from epoque.bench.files.output_paths import check_file
from epoque.bench.options import AsJson, Dark, Language, PictureOut, Quiet, at_least
from epoque.bench.terminal import picture_style, print_json, progress_bar, say

from ..bundled import DEFAULT_NETWORK
from ..out_of_memory import explain_out_of_memory
from .metrics import metrics
from .shared import (
    Device,
    Images,
    Label,
    Network,
    Seed,
    Truncation,
    check_ending,
    finite,
    open_network,
    save_drawn,
    styling_of,
)

if TYPE_CHECKING:
    from ..generation.synthesis import MappingOptions

__all__ = ["add_measuring_commands", "equivariance", "layers", "spectrum", "sticking"]


def add_measuring_commands(app: App) -> None:
    """Add these commands to the lab's."""
    for command in (metrics, equivariance, sticking, spectrum, layers):
        app.command(explain_out_of_memory()(command))


def equivariance(
    *,
    network: Network = DEFAULT_NETWORK,
    images: Images = 1000,
    batch: Annotated[int, Parameter(help="Images at a time.")] = 4,
    seed: Seed = 0,
    truncation: Truncation = 1.0,
    label: Label = None,
    state: Annotated[
        Path | None, Parameter(help="A .npz that keeps what is measured; going on begins there.")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure how well images move with the input: EQ-T and EQ-R, in decibels.

    As in the paper of StyleGAN3, appendix E.3: shifts up to an eighth of the size, by whole pixels
    and by fractions, and any angle. The interval holds the true mean 95 times of 100. StyleGAN2 has
    no input that can be moved; its learned constant is moved instead.

    Examples: `epoque stylegan3 equivariance --images 200`,
    `epoque stylegan3 equivariance --network ffhqu-256-r --images 1000 --state eq.npz`.
    """
    from ..measures.equivariance import equivariance as measure

    check_ending(state, ".npz", "state")
    check_file("--state", state)
    opened = open_network(network, device, quiet=quiet or as_json)
    with progress_bar("measuring", "images", quiet=quiet) as progress:
        found = measure(
            opened,
            images=images,
            batch=batch,
            seed=seed,
            psi=finite(truncation, "truncation"),
            label=label,
            state=state,
            progress=progress,
        )
    if as_json:
        print_json(
            {
                name: {"db": _plain(m.decibels), "low": _plain(m.low), "high": _plain(m.high)}
                | {"images": m.images}
                for name, m in found.items()
            }
        )
        return
    for name, m in found.items():
        told = f"{m.decibels:.2f} dB ({m.low:.2f} to {m.high:.2f}, {m.images} images)"
        say(f"{name:<10} {told}")


def sticking(
    *,
    network: Network = DEFAULT_NETWORK,
    against: Annotated[
        str | None, Parameter(help="Another network, to be drawn beside the first.")
    ] = None,
    seed: Seed = 0,
    motion: Annotated[
        Literal["shift", "walk"],
        Parameter(help="Shift the input and the image back, or walk through the styles."),
    ] = "walk",
    frames: Annotated[int, Parameter(help="Moments.")] = 96,
    row: Annotated[float, Parameter(help="Which row: 0 at the top, 1 at the bottom.")] = 0.5,
    truncation: Truncation = 1.0,
    label: Label = None,
    out: PictureOut = Path("sticking"),
    device: Device = "auto",
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Draw one row of pixels through time: what sticks to the pixels shows as straight lines.

    A shift moves StyleGAN2's learned constant, as it has no other input that can be moved.

    Example: `epoque stylegan3 sticking --against avatars-stylegan2 --motion shift`.
    """
    from ..measures.slices import slice_figure, space_time

    check_file("--out", out, ".png", ".svg")
    styling, found = styling_of(truncation, None, label), []
    for name in (network, against):
        if name is not None:
            opened = open_network(name, device, quiet=quiet)
            with progress_bar("drawing", "frames", quiet=quiet) as progress:
                found.append(
                    space_time(
                        opened,
                        seed,
                        motion=motion,
                        frames=frames,
                        row=row,
                        styling=styling,
                        progress=progress,
                    )
                )
    with picture_style(dark):
        save_drawn(slice_figure(found, motion, lang), out)


def spectrum(
    *sources: Annotated[
        str, Parameter(help="Networks, folders or zips of images, or .npz of this command.")
    ],
    images: Annotated[int, Parameter(help="How many of each.", validator=at_least(1))] = 1000,
    seed: Annotated[Seed, Parameter(help="The first seed; of files, chooses them.")] = 0,
    truncation: Truncation = 1.0,
    label: Label = None,
    out: PictureOut = Path("spectrum"),
    device: Device = "auto",
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Draw the average power spectrum: a heat map of each source, and slices of all.

    The spectrum itself is written as .npz beside the pictures.

    Example: `epoque stylegan3 spectrum avatars-t avatars-stylegan2 --images 500`.
    """
    from ..measures.spectrum import spectrum_map_figure, spectrum_slices_figure, write_spectrum

    check_file("--out", out, ".npz", ".png", ".svg")
    if not sources:
        raise UsageError("Name at least one network, folder or zip.")
    styling = styling_of(truncation, None, label)
    found = [_spectrum(source, images, seed, styling, device, quiet=quiet) for source in sources]
    with picture_style(dark):
        for number, one in enumerate(found, 1):
            stem = out.with_name(f"{out.name}-{number}") if len(found) > 1 else out
            write_spectrum(one, stem.with_name(f"{stem.name}.npz"))
            say(f"{stem}.npz")
            save_drawn(spectrum_map_figure(one, lang), stem)
        save_drawn(spectrum_slices_figure(found, lang), out.with_name(f"{out.name}-slices"))


def _spectrum(
    source: str, images: int, seed: int, styling: "MappingOptions", device: str, *, quiet: bool
) -> Any:
    from ..measures.spectrum import file_spectrum, network_spectrum, read_spectrum

    path = Path(source)
    if path.suffix == ".npz":
        return read_spectrum(path)
    are_files = path.is_dir() or path.suffix == ".zip"
    opened = None if are_files else open_network(source, device, quiet=quiet)
    with progress_bar("measuring", "images", quiet=quiet) as progress:
        if opened is None:
            return file_spectrum(path, images, seed=seed, progress=progress)
        return network_spectrum(opened, images, first=seed, styling=styling, progress=progress)


def layers(
    *,
    network: Network = DEFAULT_NETWORK,
    layer: Annotated[
        str | None, Parameter(help="Which layer; without it, their names are told.")
    ] = None,
    seed: Seed = 0,
    truncation: Truncation = 1.0,
    label: Label = None,
    channels: Annotated[int, Parameter(help="How many are drawn, 48 at most.")] = 12,
    out: PictureOut = Path("layer"),
    device: Device = "auto",
    quiet: Quiet = False,
    lang: Language = "en",
    dark: Dark = False,
) -> None:
    """Draw what a layer gives: its first channels and its average power spectrum.

    Example: `epoque stylegan3 layers --layer input`.
    """
    from ..generation.activations import activation_figure, layer_names, record_activation

    if layer is not None:
        check_file("--out", out, ".png", ".svg")
    opened = open_network(network, device, quiet=quiet)
    if layer is None:
        for name in layer_names(opened.generator):
            say(name)
        return
    found = record_activation(opened, layer, seed, styling_of(truncation, None, label))
    with picture_style(dark):
        save_drawn(activation_figure(found, lang, most=channels), out)


def _plain(value: float) -> float | None:
    """Return a number for JSON, which has no infinity."""
    return None if isinf(value) else value
