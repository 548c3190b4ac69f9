"""The tables of op cases, one file for each family."""

from . import (
    activations,
    applying,
    attention,
    complex,
    conv,
    creation,
    ctc,
    elementwise,
    embedding,
    folding,
    indexing,
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
    resampling,
    scans,
    searching,
    sequence_layers,
    sets,
    sorting,
    tolerance,
)

FAMILIES = (
    *(elementwise, complex, activations, reductions, scans, matmul, losses, margin_losses, ctc),
    *(conv, normalization, pooling, recurrent, attention),
    *(manipulation, indexing, picking, embedding, sorting, creation),
    *(searching, sets, tolerance, applying),
    *(linalg, padding, resampling, folding, sequence_layers),
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
