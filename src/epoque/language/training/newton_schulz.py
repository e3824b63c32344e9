"""The orthogonalization inside Muon: a polynomial iteration made of matrix products alone.

`torch.optim.Muon` has one of its own: five equal steps in bfloat16, one matrix after another. Here
three unequal steps reach the same evenness, matrices of one size go through together, in float32
on a CPU (where bfloat16 without instructions for it takes ten times as long; with AVX512-BF16 ours
took a half to a quarter of its time), and the queries, keys and values of each head are matrices of
their own.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["COEFFICIENTS", "Coefficients", "orthogonalize"]

Coefficients = Sequence[tuple[float, float, float]]

# A step of the iteration is X ← aX + bAX + cA²X with A = XXᵀ. Together these steps take singular
# values from 1/100 to 1 to within 0.28 of 1, as evenly as three steps can (found by descent on the
# largest error); the five equal steps of Jordan (2024) do no better and cost two thirds more.
COEFFICIENTS: Coefficients = (
    (8.0797, -23.5511, 17.3929),
    (3.8814, -2.8972, 0.5711),
    (2.4484, -1.5795, 0.3139),
)


def orthogonalize(matrices: Tensor, coefficients: Coefficients = COEFFICIENTS) -> Tensor:
    """Return matrices of the same singular vectors whose singular values are about 1.

    The Newton–Schulz iteration as Jordan (2024) uses it, in bfloat16 on a GPU.

    Args:
        matrices: [n, rows, columns].
        coefficients: a, b, c of each step.

    Returns:
        [n, rows, columns], singular values 0.7 to 1.3 where they were over a 100th of the
        matrix's Frobenius norm.
    """
    x = matrices.bfloat16() if matrices.is_cuda else matrices
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = x.mT if is_tall else x  # A = XXᵀ is then the smaller of the two products
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    if x.shape[2] >= 2 * x.shape[1] and not x.is_cuda:
        # All factors are polynomials of A: for a long X it is cheaper to multiply them up, take A
        # along, and apply the product to X once. In float32 only: A squares what is small.
        x = _product_of_factors(x @ x.mT, coefficients) @ x
    else:
        for abc in coefficients:
            x = torch.baddbmm(x, _polynomial(x @ x.mT, abc), x, beta=abc[0])
    result: Tensor = (x.mT if is_tall else x).to(matrices.dtype)
    return result


def _polynomial(gram: Tensor, abc: tuple[float, float, float]) -> Tensor:
    """Return bA + cA²."""
    return torch.baddbmm(gram, gram, gram, beta=abc[1], alpha=abc[2])


def _factor(gram: Tensor, abc: tuple[float, float, float]) -> Tensor:
    """Return aI + bA + cA², by which a step multiplies X."""
    factor = _polynomial(gram, abc)
    factor.diagonal(dim1=1, dim2=2).add_(abc[0])
    return factor


def _product_of_factors(gram: Tensor, coefficients: Coefficients) -> Tensor:
    """Return the product of all steps' factors; every one commutes with A."""
    product = factor = _factor(gram, coefficients[0])
    for abc in coefficients[1:]:
        gram = factor @ gram @ factor  # the A of the next step, X being multiplied by this factor
        factor = _factor(gram, abc)
        product = factor @ product
    return product
