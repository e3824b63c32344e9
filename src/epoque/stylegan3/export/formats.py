"""Programs as the bytes of a file, and such bytes run: to check that they do what they shall."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.export import ExportedProgram

from epoque.bench.errors import ConfigError, MissingExtraError

from .programs import GeneratorProgram

__all__ = ["KINDS", "EncodedProgram", "Kind", "check_installed", "encode_program", "load_runner"]

Kind = Literal["onnx", "pt2"]
KINDS: tuple[Kind, ...] = ("onnx", "pt2")

Run = Callable[[Mapping[str, NDArray[Any]]], NDArray[np.float32]]
"""Takes the inputs by name, gives the output."""

ONNX_LIMIT = 2**31 - 2**20  # a single file; a message of Protocol Buffers is not longer
REFERENCE_PIXELS = 64  # of a side: what the evaluator that comes with ONNX does in a minute


@dataclass(frozen=True, slots=True)
class EncodedProgram:
    """A program as a file holds it.

    Attributes:
        kind: onnx or pt2.
        data: the file's content.
        opset: of ONNX, the version of its operators.
    """

    kind: Kind
    data: bytes
    opset: int | None = None


def check_installed(kind: Kind) -> None:
    """Refuse a kind that cannot be written here.

    Raises:
        MissingExtraError: naming the extra.
    """
    if kind != "onnx":
        return
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise MissingExtraError("ONNX", "export") from None


def encode_program(
    exported: ExportedProgram, program: GeneratorProgram, kind: Kind
) -> EncodedProgram:
    """Return a program as the content of a file.

    Raises:
        UsageError: if it is too large for the format.
    """
    if kind == "onnx":
        return _encode_onnx(exported, program)
    buffer = BytesIO()
    torch.export.save(exported, buffer)
    return EncodedProgram("pt2", buffer.getvalue())


def _encode_onnx(program_graph: ExportedProgram, program: GeneratorProgram) -> EncodedProgram:
    size = sum(value.nbytes for value in program_graph.state_dict.values())
    if size > ONNX_LIMIT:
        message = f"This network has {size / 2**30:.1f} GiB of weights; a file of ONNX holds 2"
        raise ConfigError.of("to", f"{message}. A .pt2 has no such limit.")
    with _silence_exporter():
        exported: Any = torch.onnx.export(
            program_graph,
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=[signal.name for signal in program.inputs],
            output_names=[program.output.name],
        )
    model = exported.model_proto
    _clean_names(model)
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    return EncodedProgram("onnx", model.SerializeToString(deterministic=True), opset)


def _clean_names(model: Any) -> None:
    """Name the free size, and leave out where each step's code lay on this machine."""
    for node in [model.graph, *model.graph.node]:
        del node.metadata_props[:]
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
        shape = value.type.tensor_type.shape
        if shape.dim and shape.dim[0].dim_param:
            shape.dim[0].dim_param = "batch"


@contextmanager
def _silence_exporter() -> Iterator[None]:
    """Keep from the user what the exporter tells its makers."""
    # It misses torchvision, whose operators no network here uses.
    talk = logging.getLogger("torch.onnx._internal.exporter._registration")
    before = talk.level
    talk.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            yield
    finally:
        talk.setLevel(before)


def load_runner(encoded: EncodedProgram, pixels: int) -> tuple[str, Run] | None:
    """Return what runs a file, and its name; None where nothing here can.

    Args:
        encoded: the file.
        pixels: of a side of its images.
    """
    if encoded.kind == "pt2":
        return f"PyTorch {torch.__version__}", _torch_runner(encoded.data)
    try:
        import onnxruntime
    except ImportError:
        return _evaluator(encoded.data) if pixels <= REFERENCE_PIXELS else None
    session = onnxruntime.InferenceSession(encoded.data, providers=["CPUExecutionProvider"])
    by = f"ONNX Runtime {onnxruntime.__version__}"
    return by, lambda inputs: session.run(None, dict(inputs))[0]


def _torch_runner(data: bytes) -> Run:
    module = torch.export.load(BytesIO(data)).module()

    def run(inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        with torch.no_grad():
            output = module(**{name: torch.from_numpy(value) for name, value in inputs.items()})
        result: NDArray[np.float32] = output.numpy()
        return result

    return run


def _evaluator(data: bytes) -> tuple[str, Run]:
    """Return the evaluator that comes with ONNX; it is slow."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    evaluator: Any = ReferenceEvaluator(onnx.load_from_string(data))
    return f"ONNX {onnx.__version__}", lambda inputs: evaluator.run(None, dict(inputs))[0]
