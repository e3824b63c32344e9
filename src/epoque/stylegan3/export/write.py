"""Programs of a generator as files, each checked by running it before it is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from epoque.bench.errors import ConfigError, EpoqueError, UsageError
from epoque.bench.files.atomic import explain_write_errors, write_atomic, write_json
from epoque.bench.progress import Progress

from ..conditioning import ANY
from ..generation.synthesis import MappingOptions, deterministic_mode, label_rngs, map_seeds
from ..images import to_uint8
from ..latents import sample_latents
from ..loading import LoadedGenerator
from ..memory import check_memory
from ..networks import Generator
from .formats import KINDS, EncodedProgram, Kind, check_installed, encode_program, load_runner
from .programs import PARTS, GeneratorProgram, Part, trace

__all__ = ["ExportCheck", "ExportedFile", "export_generator", "export_paths"]

STRENGTH = 0.7  # truncation of the check: neither end, so that the mean style counts
LARGEST = 1e-3  # difference of styles that rounding explains; they are about 1
SEEDS = (2, 674, 1024)


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """What running a file has shown, against the network itself.

    Attributes:
        by: what ran it.
        batch: images made at once.
        difference: the largest of a number; images lie between −1 and 1.
        levels: the largest of a byte; none of `mapping`, which makes no images.
    """

    by: str
    batch: int
    difference: float
    levels: int | None

    @property
    def passed(self) -> bool:
        """Whether the images are the same to one level, and the numbers but for rounding."""
        return self.difference <= LARGEST if self.levels is None else self.levels <= 1


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written.

    Attributes:
        path: where it is; what it is stands beside it, in a `.json` of its name.
        part: which part of the generator.
        check: what running it has shown; None where nothing ran it.
    """

    path: Path
    part: Part
    check: ExportCheck | None

    @property
    def describe(self) -> str:
        """What the check has shown, as a sentence."""
        if self.check is None:
            return "written, but not run."
        same = f"numbers differ by {self.check.difference:.1e} at most"
        if self.check.levels is not None:
            same += f", bytes by {self.check.levels}"
        return f"run by {self.check.by}, {same}."


def export_paths(
    to: Path, parts: Sequence[Part] = (), kinds: Sequence[Kind] = ()
) -> dict[Path, tuple[Part, Kind]]:
    """Return the files to write.

    Args:
        to: a file (`.onnx` or `.pt2`), or else a folder.
        parts: which; none are all in a folder, the whole generator in a file.
        kinds: of a folder's files; none are both.

    Raises:
        UsageError: if a file is to hold several, or be of another kind.
    """
    kind = to.suffix.lstrip(".")
    if kind not in KINDS:
        if (to.suffix and not to.is_dir()) or to.is_file():
            message = "it ends in .onnx or .pt2, or in nothing where a folder is to be made"
            raise ConfigError.of("to", f"{to} is not allowed; {message}.")
        requested_pairs = [(part, one) for part in parts or PARTS for one in kinds or KINDS]
        return {to / f"{part}.{one}": (part, one) for part, one in requested_pairs}
    if kinds:
        raise UsageError(f"--format is for folders; the ending of {to.name} tells the format.")
    if len(parts) > 1:
        raise ConfigError.of("part", f"{to.name} holds one part; name a folder for several.")
    return {to: (parts[0] if parts else "generator", kind)}


def export_generator(
    network: LoadedGenerator,
    files: dict[Path, tuple[Part, Kind]],
    *,
    cutoff: int | None = None,
    images: int = 2,
    progress: Progress | None = None,
) -> list[ExportedFile]:
    """Write parts of a generator as programs, and a card beside each.

    Args:
        network: the network, on the CPU.
        files: of `export_paths`.
        cutoff: how many of the first styles are truncated; None for all. It is fixed in the file.
        images: how many the check makes at once, 3 at most; 0 for no check.
        progress: told how many files are done, of how many.

    Raises:
        UsageError: if a value is not allowed, or the check does not fit into memory.
        MissingExtraError: for ONNX without the extra `export_generator`.
        EpoqueError: if a file does not do what the network does; it is not written.
        RunWriteError: if the system refuses.
    """
    for kind in {kind for _, kind in files.values()}:
        check_installed(kind)
    if not 0 <= images <= len(SEEDS):
        raise ConfigError.of("check", f"{images} is not allowed; it takes 0 to {len(SEEDS)}.")
    generator = network.generator
    MappingOptions(1.0, cutoff, ANY if generator.spec.c_dim else None).check(generator)
    if images:
        check_memory(generator, network.device, images=images, plain=True)
    exported_files: list[ExportedFile] = []
    for part in PARTS:
        mine = {path: kind for path, (of, kind) in files.items() if of == part}
        if not mine:
            continue
        program = GeneratorProgram(generator, part, cutoff)
        if progress is not None:
            progress(len(exported_files), len(files), f"tracing the {part}")
        exported = trace(program)
        for path, kind in mine.items():
            if progress is not None:
                progress(len(exported_files), len(files), f"writing and checking {path.name}")
            exported_files.append(
                _write(network, program, encode_program(exported, program, kind), path, images)
            )
            if progress is not None:
                progress(len(exported_files), len(files))
    return exported_files


def _write(
    network: LoadedGenerator,
    program: GeneratorProgram,
    encoded: EncodedProgram,
    path: Path,
    images: int,
) -> ExportedFile:
    check = _check_program(network, program, encoded, images) if images else None
    if check is not None and not check.passed:
        message = f"a number differs by up to {check.difference:.2g}"
        raise EpoqueError(
            f"{path} would not do what the network does: {message}. It is not written."
        )
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, encoded.data)
    write_json(path.with_name(f"{path.name}.json"), _make_card(network, program, encoded, check))
    return ExportedFile(path, program.part, check)


def _check_program(
    network: LoadedGenerator, program: GeneratorProgram, encoded: EncodedProgram, images: int
) -> ExportCheck | None:
    """Run a file, and compare with the network."""
    ready = load_runner(encoded, network.generator.spec.img_resolution)
    if ready is None:
        return None
    by, run = ready
    inputs, expected = _reference_images(network.generator, program, images)
    output = torch.from_numpy(run(inputs))
    levels = None
    if program.part != "mapping":
        levels = int(np.abs(to_uint8(output).astype(int) - to_uint8(expected)).max())
    return ExportCheck(by, images, float((output - expected).abs().max()), levels)


@torch.no_grad()
def _reference_images(
    generator: Generator, program: GeneratorProgram, images: int
) -> tuple[dict[str, NDArray[Any]], Tensor]:
    """Return inputs, and the output as the network in use makes it, image by image."""
    seeds, label = SEEDS[:images], ANY if generator.spec.c_dim else None
    options = MappingOptions(STRENGTH, program.cutoff, label)
    each = [map_seeds(generator, [seed], options) for seed in seeds]
    labels = generator.labels.sample(label, label_rngs(generator, seeds))
    classes = (labels @ np.arange(generator.spec.c_dim)).astype(np.int64)
    possible: dict[str, NDArray[Any]] = {
        "z": sample_latents(seeds, generator.spec.z_dim).astype(np.float32),
        "label": labels if generator.labels.vectors is not None else classes,
        "truncation": np.array(STRENGTH, np.float32),
        "w": torch.cat(each).numpy(),
    }
    inputs = {signal.name: possible[signal.name] for signal in program.inputs}
    if program.part == "mapping":
        return inputs, torch.cat(each)
    with deterministic_mode():
        return inputs, torch.cat([generator.synthesis(ws) for ws in each])


def _make_card(
    network: LoadedGenerator,
    program: GeneratorProgram,
    encoded: EncodedProgram,
    check: ExportCheck | None,
) -> dict[str, Any]:
    """Return what people shall know of a file."""
    return {
        "format": "ONNX" if encoded.kind == "onnx" else "torch.export",
        "opset": encoded.opset,
        "torch": torch.__version__,
        "sha256": sha256(encoded.data).hexdigest(),
        "part": program.part,
        "cutoff": program.cutoff,
        "inputs": [asdict(signal) for signal in program.inputs],
        "output": asdict(program.output),
        "check": None if check is None else asdict(check),
        "network": network.name,
        "licence": network.card.get("licence"),
        "spec": network.generator.spec.to_json(),
        "card": network.card,
    }
