"""Loops over several lines at once, as vector instructions.

LLVM vectorises no such loop: it would have to know that none of a dozen lines overlaps another. So
its steps are written out for a vector of neighbouring samples; LLVM fits it to the processor.

A step is called from compiled code as `step(dst, to, src, at, x, lanes)`: flat arrays of float32,
tuples of the places where lines begin in them, the first sample and a literal number of samples,
which may be 1. It does not look where lines end.

Numba keeps what it compiled until the calling file changes: after a change here, touch
`winograd.py`.
"""

# mypy: disallow-untyped-defs=False, disallow-untyped-decorators=False

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from .jit import jit_inline

__all__ = ["LANES", "deinterleave", "interleave", "make_matrix_product"]

LANES = 8
"""Samples of a vector; processors with shorter ones take two."""

_FLOAT = ir.FloatType()
_FUSED = ("contract",)  # products may be fused with sums, as in all compiled loops


def make_matrix_product(matrix: NDArray[Any]) -> Any:
    """Return a compiled function that multiplies lines by a constant matrix [n, m].

    It is called as `mix(dst, to, src, at, n)`: the first n samples of m lines become those of n.
    Zeros and ones of the matrix cost nothing.
    """
    rows = [[(j, float(value)) for j, value in enumerate(row) if value] for row in matrix]

    def multiply(step: _VectorStep) -> None:
        lines = [step.load(k, step.x, step.lanes) for k in range(step.lines_in)]
        for k, row in enumerate(rows):
            step.store(step.sum(lines, row), k, step.x)

    mixed = _make_step(multiply)

    @jit_inline
    def mix(dst, to, src, at, n):
        whole = n - n % LANES
        # Two instances of one step: of whole vectors, and of single samples for what is left.
        for x in range(0, whole, LANES):
            mixed(dst, to, src, at, x, LANES)
        for x in range(whole, n):
            mixed(dst, to, src, at, x, 1)

    return mix


class _VectorStep:
    """What a step was called with, as LLVM's values, and the instructions that it consists of."""

    def __init__(self, context: Any, builder: ir.IRBuilder, signature: Any, operands: Any) -> None:
        dst, self.to, src, self.at, self.x, _ = operands
        kinds = signature.args
        self.dst = context.make_array(kinds[0])(context, builder, dst).data
        self.src = context.make_array(kinds[2])(context, builder, src).data
        self.lines_out, self.lines_in = len(kinds[1]), len(kinds[3])
        self.lanes: int = kinds[5].literal_value
        self.builder = builder

    def load(self, line: int, x: ir.Value, count: int) -> Any:
        """Read samples of a line."""
        # Lines begin anywhere: no more alignment may be promised than that of a sample.
        return self.builder.load(self._place(self.src, self.at, line, x, count), align=4)

    def store(self, vector: ir.Value, line: int, x: ir.Value) -> None:
        """Write samples of a line."""
        place = self._place(self.dst, self.to, line, x, vector.type.count)
        self.builder.store(vector, place, align=4)

    def times(self, factor: int) -> Any:
        """Return the first sample's number times a factor."""
        return self.builder.mul(self.x, ir.Constant(self.x.type, factor))

    def shuffle(self, a: ir.Value, b: ir.Value, places: list[int]) -> Any:
        """Choose samples from two vectors, one behind the other."""
        kind = ir.VectorType(ir.IntType(32), len(places))
        return self.builder.shuffle_vector(a, b, ir.Constant(kind, places))

    def sum(self, vectors: list[Any], taps: list[tuple[int, float]]) -> Any:
        """Add up some vectors, each times its tap."""
        builder, total = self.builder, None
        # The sign goes into the sum, so that taps of ±1, most of Winograd's, need no product.
        for j, tap in taps:
            kind = vectors[j].type
            factor = ir.Constant(kind, [ir.Constant(_FLOAT, abs(tap))] * kind.count)
            term = vectors[j]
            if abs(tap) != 1:
                term = builder.fmul(term, factor, flags=_FUSED)
            if total is None:
                total = term if tap > 0 else builder.fneg(term)
            else:
                add = builder.fadd if tap > 0 else builder.fsub
                total = add(total, term, flags=_FUSED)
        return total

    def _place(self, base: ir.Value, starts: ir.Value, line: int, x: ir.Value, count: int) -> Any:
        where = self.builder.add(self.builder.extract_value(starts, line), x)
        kind = ir.VectorType(_FLOAT, count).as_pointer()
        return self.builder.bitcast(self.builder.gep(base, [where]), kind)


def _make_step(write: Callable[[_VectorStep], None]) -> Any:
    """Return what compiled code calls, given what writes its instructions."""

    @intrinsic(prefer_literal=True)
    def step(_context, dst, to, src, at, x, lanes):  # noqa: PLR0917  (called by place)
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, operands: Any) -> Any:
            write(_VectorStep(context, builder, signature, operands))
            return context.get_dummy_value()

        return types.void(dst, to, src, at, x, lanes), generate

    return step


def _deinterleave(step: _VectorStep) -> None:
    n = step.lines_out
    line = step.load(0, step.times(n), n * step.lanes)
    for k in range(n):
        places = [n * lane + k for lane in range(step.lanes)]
        step.store(step.shuffle(line, line, places), k, step.x)


def _interleave(step: _VectorStep) -> None:
    count, n = step.lanes, step.lines_in
    a, b, c, d = (step.load(k, step.x, count) for k in range(n))
    behind = [*range(2 * count)]
    places = [k * count + lane for lane in range(count) for k in range(n)]
    whole = step.shuffle(step.shuffle(a, b, behind), step.shuffle(c, d, behind), places)
    step.store(whole, 0, step.times(n))


deinterleave = _make_step(_deinterleave)
"""The step that parts one line into n: its sample n·x + k becomes sample x of the line k."""

interleave = _make_step(_interleave)
"""The step that joins four lines to one, which `deinterleave` undoes."""
