"""The tables of op cases, one file for each family."""

from . import (
    activations,
    attention,
    complex,
    conv,
    creation,
    ctc,
    diagonals,
    elementwise,
    embedding,
    folding,
    grids,
    indexing,
    joining,
    linalg,
    losses,
    manipulation,
    margin_losses,
    matmul,
    normalization,
    padding,
    picking,
    pooling,
    recurrent,
    reductions,
    repeating,
    resampling,
    scans,
    sequence_layers,
    sorting,
)

FAMILIES = (
    *(elementwise, complex, activations, reductions, scans, matmul, losses, margin_losses, ctc),
    *(conv, normalization, pooling, recurrent, attention),
    *(manipulation, indexing, picking, embedding, sorting, creation),
    *(joining, repeating, diagonals, grids),
    *(linalg, padding, resampling, folding, sequence_layers),
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
