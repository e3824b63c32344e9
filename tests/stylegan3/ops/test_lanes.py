"""Vector instructions over several lines, against NumPy, for lines of any length."""

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from epoque.stylegan3.ops import lanes  # noqa: E402  (it needs Numba)

MATRIX = np.array([[1, -1, 0, 0.5], [-2, 0, 0, 0], [0, 1, 1, 1]])
LENGTHS = [1, 7, 8, 9, 40, 53]
GUARD = np.float32(99)

_mix = lanes.make_matrix_product(MATRIX)


@numba.njit
def _mixed(dst, src, apart, n):
    _mix(dst, (1, 1 + apart, 1 + 2 * apart), src, (0, apart, 2 * apart, 3 * apart), n)


@numba.njit
def _part(dst, src, n):
    for x in range(n):
        lanes.deinterleave(dst, (0, n, 2 * n, 3 * n), src, (1,), x, 1)


@numba.njit
def _parted_by_eight(dst, src, n):
    for x in range(0, n, 8):
        lanes.deinterleave(dst, (0, n, 2 * n, 3 * n), src, (1,), x, 8)


@numba.njit
def _join(dst, src, n):
    for x in range(n):
        lanes.interleave(dst, (1,), src, (0, n, 2 * n, 3 * n), x, 1)


@numba.njit
def _joined_by_eight(dst, src, n):
    for x in range(0, n, 8):
        lanes.interleave(dst, (1,), src, (0, n, 2 * n, 3 * n), x, 8)


@pytest.mark.parametrize("n", LENGTHS)
def test_lines_are_multiplied_by_a_matrix_and_nothing_else_is_touched(n):
    lines = np.random.default_rng(n).normal(size=(4, n + 2)).astype(np.float32)
    dst = np.full(1 + 3 * (n + 2), GUARD)
    _mixed(dst, lines.ravel(), n + 2, n)
    found = dst[1:].reshape(3, n + 2)
    np.testing.assert_allclose(found[:, :n], MATRIX @ lines[:, :n], rtol=1e-5, atol=1e-6)
    assert dst[0] == GUARD
    assert (found[:, n:] == GUARD).all()


@pytest.mark.parametrize(
    ("part", "join", "n"), [(_part, _join, 5), (_parted_by_eight, _joined_by_eight, 24)]
)
def test_a_line_is_parted_and_joined(part, join, n):
    line = np.arange(-1, 4 * n, dtype=np.float32)
    parts, again = np.zeros(4 * n, np.float32), np.full(4 * n + 2, GUARD)
    part(parts, line, n)
    np.testing.assert_array_equal(parts.reshape(4, n), line[1:].reshape(n, 4).T)
    join(again, parts, n)
    np.testing.assert_array_equal(again, [GUARD, *line[1:], GUARD])
