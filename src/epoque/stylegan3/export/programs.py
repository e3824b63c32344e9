"""The parts of a generator as programs: what goes in, what comes out, and the tracing of both."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ..networks import Generator
from ..ops.dispatch import use_backend

__all__ = ["PARTS", "GeneratorProgram", "Part", "Signal", "trace"]

Part = Literal["generator", "mapping", "synthesis"]
PARTS: tuple[Part, ...] = ("generator", "mapping", "synthesis")

MOST = 4096  # images of a batch; a program must be told a bound


@dataclass(frozen=True, slots=True)
class Signal:
    """What goes into a program, or comes out.

    Attributes:
        name: of the argument.
        shape: `batch`, then numbers; nothing for a single number.
        type: float32 or int64.
        meaning: for people.
    """

    name: str
    shape: tuple[str | int, ...]
    type: str
    meaning: str


class GeneratorProgram(nn.Module):
    """A part of a generator as a function of tensors alone.

    Args:
        generator: on the CPU, in evaluation mode.
        part: `generator` (z to images), `mapping` (z to styles w) or `synthesis` (w to images).
        cutoff: how many of the first styles are truncated; None for all.

    Attributes:
        inputs: its arguments, in their order.
        output: its result.
    """

    classes: Tensor

    def __init__(self, generator: Generator, part: Part, cutoff: int | None = None) -> None:
        super().__init__()
        self.part, self.cutoff = part, cutoff
        self.mapping = None if part == "synthesis" else generator.mapping
        self.synthesis = None if part == "mapping" else generator.synthesis
        if generator.labels.size and generator.labels.vectors is None and self.mapping is not None:
            self.register_buffer("classes", torch.eye(generator.spec.c_dim))
        self.inputs = _input_signals(generator, part)
        self.output = _output_signal(generator, part)

    def forward(
        self,
        z: Tensor | None = None,
        label: Tensor | None = None,
        truncation: Tensor | None = None,
        w: Tensor | None = None,
    ) -> Tensor:
        """Return images [N, C, H, W], about −1 to 1, or styles [N, num_ws, w_dim].

        Args:
            z: [N, z_dim] random numbers of unit variance; not of `synthesis`.
            label: where the network has any, [N] classes from 0, or [N, c_dim] numbers.
            truncation: [] how far from the mean style: 1 as drawn, 0 the mean.
            w: [N, num_ws, w_dim] styles; only of `synthesis`.
        """
        if self.mapping is not None:
            if label is not None and not label.is_floating_point():
                label = self.classes[label]
            ws: Tensor = self.mapping(z, label)
            assert truncation is not None
            w = self._truncate(ws, truncation)
        assert w is not None
        return w if self.synthesis is None else self.synthesis(w)

    def _truncate(self, ws: Tensor, truncation: Tensor) -> Tensor:
        """As the mapping does it, the strength being an input here."""
        assert self.mapping is not None
        if self.mapping.w_avg is None:
            return ws
        near = self.mapping.w_avg.lerp(ws[:, : self.cutoff], truncation)
        return near if self.cutoff is None else torch.cat((near, ws[:, self.cutoff :]), 1)


def _input_signals(generator: Generator, part: Part) -> tuple[Signal, ...]:
    spec = generator.spec
    if part == "synthesis":
        return (Signal("w", ("batch", generator.num_ws, spec.w_dim), "float32", "styles"),)
    signals = [Signal("z", ("batch", spec.z_dim), "float32", "random numbers of unit variance")]
    if spec.c_dim and generator.labels.vectors is None:
        signals.append(Signal("label", ("batch",), "int64", f"classes, 0 to {spec.c_dim - 1}"))
    elif spec.c_dim:
        signals.append(Signal("label", ("batch", spec.c_dim), "float32", "labels"))
    meaning = "how far from the mean style: 1 as drawn, 0 the mean"
    return (*signals, Signal("truncation", (), "float32", meaning))


def _output_signal(generator: Generator, part: Part) -> Signal:
    spec = generator.spec
    if part == "mapping":
        return Signal("w", ("batch", generator.num_ws, spec.w_dim), "float32", "styles")
    size = ("batch", spec.img_channels, spec.img_resolution, spec.img_resolution)
    meaning = (
        "images, −1 black to 1 white: floor(127.5 x + 128), clamped to 0 to 255, are their bytes"
    )
    return Signal("image", size, "float32", meaning)


def trace(program: GeneratorProgram) -> ExportedProgram:
    """Return a program of PyTorch's own functions, for batches of any size up to `MOST`."""
    example = {signal.name: torch.from_numpy(_example_input(signal)) for signal in program.inputs}
    batch = Dim("batch", min=1, max=MOST)
    shapes = {signal.name: {0: batch} if signal.shape else {} for signal in program.inputs}
    with use_backend("reference"), torch.no_grad():
        exported = torch.export.export(program, (), example, dynamic_shapes=shapes, strict=False)
    for node in exported.graph.nodes:  # where the code lay on this machine is nobody's business
        node.meta.pop("stack_trace", None)
    return exported


def _example_input(signal: Signal) -> NDArray[np.generic]:
    """Two of each: of a batch of one a tracer would conclude that it is always one."""
    shape = tuple(2 if size == "batch" else int(size) for size in signal.shape)
    return np.ones(shape, signal.type) if signal.type == "float32" else np.zeros(shape, signal.type)
