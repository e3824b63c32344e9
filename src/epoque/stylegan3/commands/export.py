"""`epoque stylegan3 export`: generators as programs that run elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from epoque.bench.files.output_paths import check_file
from epoque.bench.options import AsJson, Quiet
from epoque.bench.terminal import print_json, progress_bar, say

from ..bundled import DEFAULT_NETWORK
from ..out_of_memory import explain_out_of_memory
from .shared import Cutoff, Network, open_network

__all__ = ["add_export_commands", "export"]


def add_export_commands(app: App) -> None:
    """Add these commands to the lab's."""
    app.command(explain_out_of_memory()(export))


def export(
    *,
    to: Annotated[
        Path,
        Parameter(help="A file, .onnx or .pt2 (torch.export), or a folder for all parts in both."),
    ],
    network: Network = DEFAULT_NETWORK,
    parts: Annotated[
        list[Literal["generator", "mapping", "synthesis"]] | None,
        Parameter(
            name="--part",
            help="z to images, z to styles w, or w to images; repeatable [default: the generator "
            "in a file, all in a folder].",
            negative="",
        ),
    ] = None,
    kinds: Annotated[
        list[Literal["onnx", "pt2"]] | None,
        Parameter(name="--format", help="Of a folder's files, repeatable.", negative=""),
    ] = None,
    cutoff: Cutoff = None,
    check: Annotated[
        int, Parameter(help="How many images check a file, made at once: 0 for none, 3 at most.")
    ] = 2,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write a generator as ONNX or as a `torch.export` program, and check that it does the same.

    Such a file runs without epoque. Its inputs are float32: `z` [batch, z_dim] of unit variance,
    or the styles `w` [batch, layers, w_dim]; `truncation`, a single number, 1 for images as drawn;
    and `label` [batch], whole numbers, where the network has classes, or [batch, numbers] where it
    learned from labels of many numbers. The batch is of any size. Images come out as [batch,
    channels, height, width], −1 to 1. The cutoff and, of StyleGAN2, the network's own noise are
    fixed in the file.

    Each file is run before it is written, and its images compared with the network's; the largest
    difference is told. A card beside it (`.json`) tells inputs, outputs, licence and check. ONNX
    needs the extra `export`, and ONNX Runtime (`pip install onnxruntime`) to be run where images
    are larger than 64 pixels.

    Examples: `epoque stylegan3 export --network ffhqu-256-t --to faces.onnx`,
    `epoque stylegan3 export --network last --to programs --format pt2`.
    """
    from ..export.write import export_generator as write
    from ..export.write import export_paths

    files = export_paths(to, parts or (), kinds or ())
    for path in files:
        check_file("--to", path, "", ".json")
    opened = open_network(network, "cpu", quiet=quiet or as_json)
    with progress_bar("exporting", "files", quiet=quiet) as progress:
        written = write(opened, files, cutoff=cutoff, images=check, progress=progress)
    if as_json:
        print_json([asdict(one) | {"path": str(one.path)} for one in written])
        return
    for one in written:
        say(f"{one.path}: {one.told}")
