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
    reductions,
    scans,
    sorting,
)

FAMILIES = (
    *(elementwise, complex, activations, reductions, scans, matmul, losses, manipulation, indexing, sorting, creation),
    linalg,
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
