"""The tables of op cases, one file for each family."""

from . import (
    activations,
    complex,
    conv,
    creation,
    elementwise,
    indexing,
    linalg,
    losses,
    manipulation,
    margin_losses,
    matmul,
    normalization,
    picking,
    pooling,
    reductions,
    scans,
    sorting,
)

FAMILIES = (
    *(elementwise, complex, activations, reductions, scans, matmul, conv, losses, margin_losses),
    *(normalization, pooling),
    *(manipulation, indexing, picking, sorting, creation),
    linalg,
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
