"""`epoque stylegan3 …`: what the actions return, printed."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import App

from epoque.bench.action_commands import add_action
from epoque.bench.errors import DataError
from epoque.bench.figure_files import FigureFiles
from epoque.bench.terminal import make_console, make_table, print_line

from .actions import analysis, datasets, images, metrics, networks, styles

if TYPE_CHECKING:
    from .dataset.build import BuildReport
    from .export.write import ExportedFile

__all__ = ["build_app"]

SHOWN_PARTS = 8
"""Of how many attributes' shares `metrics` tells the deviations; `--json` tells all."""

SHOWN_CLASSES = 100
"""Of how many classes `check` tells the pictures; `--json` tells all."""


def build_app(title: str) -> App:
    """Return the commands of the lab, under its title."""
    app = App(help=title)
    _add_images(app)
    _add_analyses(app)
    _add_styles(app)
    _add_networks(app)
    app.command(_dataset_app())
    return app


# Images


def _add_images(app: App) -> None:
    add_action(
        app,
        images.generate,
        _show_images,
        to_json=_images_as_json,
        bar=("drawing", "images"),
        examples=(
            "epoque stylegan3 generate --seeds 2,674,1024",
            "epoque stylegan3 generate --network ffhqu-256-t --seeds 0-7 --truncation 0.7",
            "epoque stylegan3 generate --w projected.npz",
        ),
    )
    add_action(
        app,
        images.film,
        _show_film,
        bar=("drawing", "frames"),
        examples=(
            "epoque stylegan3 film --seeds 0-7 --grid 2x2 --out walk.webp",
            "epoque stylegan3 film --run last --out training.webp",
        ),
    )
    add_action(
        app,
        images.mix,
        _show_figure,
        bar=("drawing", "images"),
        examples=("epoque stylegan3 mix --rows 2,674 --columns 4-7 --layers 0-5",),
    )


def _show_images(generated: images.GeneratedImages) -> None:
    for image in generated:
        print_line(f"{image.path}  {image.sha256}")
    for line in (generated.grid, generated.styles, generated.difference):
        if line is not None:
            print_line(str(line))


def _images_as_json(generated: images.GeneratedImages) -> list[dict[str, Any]]:
    """Return a row for each image; of the first, also how far it is from float32."""
    rows: list[dict[str, Any]] = []
    for image in generated:
        start = image.start
        source = {"seed": start} if isinstance(start, int) else {"styles": start.name}
        rows.append({**source, "path": str(image.path), "sha256": image.sha256})
    if generated.difference is not None:
        rows[0]["error"] = generated.difference.to_json()
    return rows


def _show_film(film: images.WalkFilm) -> None:
    from epoque.bench.figures.animation import round_gif_duration

    for path in film.paths:
        print_line(str(path))
    assert film.fps is not None
    real = 1000 / round_gif_duration(1000 / film.fps)
    if real != film.fps and any(path.suffix == ".gif" for path in film.paths):
        print_line(f"The GIF shows {real:.3g} frames a second: it counts in hundredths of one.")
    if film.difference is not None:
        print_line(str(film.difference))


def _show_figure(files: FigureFiles) -> None:
    print_line(str(files.png))
    print_line(str(files.svg))


# How a network works, and how good its images are


def _add_analyses(app: App) -> None:
    add_action(
        app,
        metrics.metrics,
        _show_metrics,
        to_json=metrics.MetricResults.to_json,
        bar=("measuring", "images"),
        examples=("epoque stylegan3 metrics --network last --images 2000 --metrics pfd,swd",),
    )
    add_action(
        app,
        analysis.equivariance,
        _show_equivariance,
        to_json=_equivariance_as_json,
        bar=("measuring", "images"),
        examples=(
            "epoque stylegan3 equivariance --images 200",
            "epoque stylegan3 equivariance --network ffhqu-256-r --images 1000 --state eq.npz",
        ),
    )
    add_action(
        app,
        analysis.sticking,
        _show_figure,
        bar=("drawing", "frames"),
        examples=("epoque stylegan3 sticking --against avatars-stylegan2 --motion shift",),
    )
    add_action(
        app,
        analysis.spectrum,
        _show_spectra,
        bar=("measuring", "images"),
        examples=("epoque stylegan3 spectrum avatars-t avatars-stylegan2 --images 500",),
    )
    add_action(
        app,
        analysis.layers,
        _show_layers,
        bar=("drawing", "channels"),
        examples=("epoque stylegan3 layers --layer input",),
    )


def _show_metrics(results: metrics.MetricResults) -> None:
    against = f" against {results.real_count:,} of {results.reals}" if results.reals else ""
    labels = f", labels drawn as in {results.labels}" if results.labels else ""
    print_line(f"{results.image_count:,} images of {results.images}{against}{labels}")
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
        for one in results.metrics
    ]
    make_console().print(make_table(columns, rows))
    for one in results.metrics:
        if one.parts:
            print_line(f"{one.name}: {_describe_parts(one.parts)}")
    print_line(f"{results.seconds:.0f} s in all")
    for features in dict.fromkeys(one.features for one in results.metrics):
        names = ", ".join(one.name for one in results.metrics if one.features == features)
        print_line(f"{names}: {features}")


def _describe_parts(parts: Mapping[str, float]) -> str:
    """Return what a measure is of, in words; of many parts only the largest ones."""
    names = list(parts)
    if len(parts) > SHOWN_PARTS:
        names = sorted(parts, key=lambda name: -abs(parts[name]))[:SHOWN_PARTS]
    return ", ".join(f"{name} {parts[name]:.3g}" for name in names)


def _show_equivariance(measured: Mapping[str, Any]) -> None:
    for name, m in measured.items():
        interval = f"{m.low:.2f} to {m.high:.2f}, {m.images} images"
        print_line(f"{name:<10} {m.decibels:.2f} dB ({interval})")


def _equivariance_as_json(measured: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"db": _plain(m.decibels), "low": _plain(m.low), "high": _plain(m.high)}
        | {"images": m.images}
        for name, m in measured.items()
    }


def _plain(value: float) -> float | None:
    """Return a number for JSON, which has neither infinity nor NaN."""
    return value if isfinite(value) else None


def _show_spectra(files: analysis.SpectrumFiles) -> None:
    for npz, figure in zip(files.npz, files.maps, strict=True):
        print_line(str(npz))
        _show_figure(figure)
    _show_figure(files.slices)


def _show_layers(files: analysis.LayerFiles) -> None:
    if files.figure is not None:
        _show_figure(files.figure)
        return
    for name in files.names:
        print_line(name)


# Styles


def _add_styles(app: App) -> None:
    add_action(
        app,
        styles.directions,
        _show_directions,
        bar=("drawing", "images"),
        examples=(
            "epoque stylegan3 directions --components 4 --layers 0-3",
            "epoque stylegan3 directions --network mine --labels smiles.csv --out smiles",
            "epoque stylegan3 directions --network mine --use smiles.npz --w projected.npz",
        ),
    )
    add_action(
        app,
        styles.project,
        _show_projection,
        bar=("searching", "steps"),
        examples=(
            "epoque stylegan3 project portrait.png --state portrait-state.npz",
            "epoque stylegan3 project face.png --network ffhqu-256-t --perceptual vgg",
        ),
    )


def _show_directions(files: styles.DirectionFiles) -> None:
    print_line(str(files.npz))
    _show_figure(files)


def _show_projection(files: styles.ProjectionFiles) -> None:
    if files.features:
        print_line(f"Looks are compared in the features of {files.features}.")
    print_line(str(files.npz))
    _show_figure(files)


# Files of networks


def _add_networks(app: App) -> None:
    add_action(
        app,
        networks.import_network,
        _show_imported,
        name="import",
        to_json=_imported_as_json,
        bar=("converting", "networks"),
        examples=(
            "epoque stylegan3 import network-snapshot-000200.pkl --out mine",
            "epoque stylegan3 import ffhqu-256-t --only G_ema",
        ),
    )
    add_action(
        app,
        networks.list_networks,
        _show_networks,
        name="networks",
        to_json=lambda known: [*map(asdict, known.bundled), *map(asdict, known.official)],
        examples=("epoque stylegan3 networks",),
    )
    add_action(
        app,
        networks.export_network,
        _show_exported,
        name="export",
        to_json=lambda files: [asdict(one) | {"path": str(one.path)} for one in files],
        bar=("exporting", "files"),
        examples=(
            "epoque stylegan3 export --network ffhqu-256-t --to faces.onnx",
            "epoque stylegan3 export --network last --to programs --format pt2",
        ),
    )


def _show_imported(network: networks.ImportedNetwork) -> None:
    for file in network.files:
        print_line(f"{file}: {_describe_network(file)}")
    print_line(f"Licence: {network.license or 'not stated; ask whoever made it'}.")


def _imported_as_json(network: networks.ImportedNetwork) -> dict[str, Any]:
    of = {"license": network.license, "sha256": network.sha256}
    return {"files": [str(file) for file in network.files]} | of


def _describe_network(file: Path) -> str:
    """Return what a description tells of its network, in a few words."""
    spec = json.loads(file.read_bytes())["spec"]
    kind = spec.get("network", "discriminator")
    if kind == "stylegan3":
        kind += ", config R" if spec["use_radial_filters"] else ", config T"
    side, color = spec["img_resolution"], "grey" if spec["img_channels"] == 1 else "colour"
    classes = f", labels of {spec['c_dim']}" if spec["c_dim"] else ""
    return f"{kind}, {side}×{side} in {color}{classes}"


def _show_networks(known: networks.KnownNetworks) -> None:
    from rich import box
    from rich.table import Table

    rows = Table("name", "config", "pixels", "images", "licence", box=box.SIMPLE_HEAD)
    for entry in known.bundled:
        images = f"{entry.images}{_training_length(entry.card)}"
        rows.add_row(entry.name, entry.config, str(entry.resolution), images, entry.license)
    for other in known.official:
        size = str(other.resolution)
        rows.add_row(other.name, other.config, size, other.images, "NVIDIA, non-commercial")
    make_console().print(rows)
    if known.bundled:
        print_line("The first ones come with the package; the others are fetched when asked for.")
    print_line(f"Licence of the official ones: {known.official_license}.")


def _training_length(card: Mapping[str, Any]) -> str:
    """Return how long a network was trained, as the end of a sentence."""
    kimg = card.get("kimg")
    verb = "copied" if card.get("method") == "copying" else "seen"
    return f"; {kimg:,.0f} thousand images {verb}" if isinstance(kimg, int | float) else ""


def _show_exported(files: "tuple[ExportedFile, ...]") -> None:
    for one in files:
        print_line(f"{one.path}: {one.describe}")


# Sets of images


def _dataset_app() -> App:
    app = App(name="dataset", help="Make and check sets of images in the official format.")
    add_action(
        app,
        datasets.make_dataset,
        _show_built,
        name="make",
        to_json=lambda built: asdict(built) | {"path": str(built.path)},
        bar=("reading", "pictures"),
        examples=(
            "epoque stylegan3 dataset make photos photos-64.zip --resolution 64 "
            "--transform center-crop",
            "epoque stylegan3 dataset make train.parquet set.zip --resolution 128",
        ),
    )
    add_action(
        app,
        datasets.check_dataset,
        _show_checked,
        name="check",
        to_json=lambda checked: asdict(checked.report),
        bar=("reading", "pictures"),
        error_of=_dataset_error,
        examples=("epoque stylegan3 dataset check photos-64.zip",),
    )
    add_action(
        app,
        datasets.draw_avatars,
        _show_built,
        name="avatars",
        to_json=lambda built: asdict(built) | {"path": str(built.path)},
        bar=("drawing", "portraits"),
        examples=("epoque stylegan3 dataset avatars faces.zip --count 5000 --resolution 64",),
    )
    return app


def _show_built(built: "BuildReport") -> None:
    color = "grey" if built.channels == 1 else "colour"
    labels = "with labels" if built.has_labels else "without labels"
    side = f"{built.resolution}×{built.resolution}"
    print_line(f"{built.path}: {built.count:,} pictures, {side} in {color}, {labels}.")
    for reason in built.skipped:
        print_line(f"Passed over: {reason}.")
    for remark in built.remarks:
        print_line(f"- {remark}")


def _show_checked(checked: datasets.CheckedDataset) -> None:
    report = checked.report
    color = "grey" if report.channels == 1 else "colour"
    side, most = f"{report.width}×{report.height}", "mostly " if report.sizes > 1 else ""
    size = f"{report.bytes / 2**20:,.1f} MiB"
    print_line(f"{report.count:,} pictures, {most}{side} in {color}, {size}.")
    shown = ", ".join(map(str, report.classes[:SHOWN_CLASSES]))
    more = len(report.classes) - SHOWN_CLASSES
    classes = f"classes of {shown}{f' … ({more:,} more)' * (more > 0)} pictures"
    vectors = f"vectors of {report.label_dim} numbers" if report.label_dim else "none"
    print_line(f"Labels: {classes if report.classes else vectors}.")
    for remark in (*report.problems, *report.remarks):
        print_line(f"- {remark}")
    if not report.problems:
        print_line("It can be trained on.")


def _dataset_error(checked: datasets.CheckedDataset) -> DataError | None:
    count = len(checked.report.problems)
    message = f"{checked.path} has {count} problem{'s' if count > 1 else ''}."
    return DataError(message) if count else None
