"""The tables of op cases, one file for each family."""

from . import (
    activations,
    complex,
    creation,
    elementwise,
    indexing,
    linalg,
    losses,
    manipulation,
    matmul,
    picking,
    reductions,
)

FAMILIES = (
    *(elementwise, complex, activations, reductions, matmul, losses, manipulation, indexing, picking, creation),
    linalg,
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
