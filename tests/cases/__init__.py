"""The tables of op cases, one file for each family."""

from . import (
    activations,
    attention,
    complex,
    conv,
    creation,
    ctc,
    decompositions,
    elementwise,
    embedding,
    fft,
    folding,
    functions,
    indexing,
    linalg,
    losses,
    manipulation,
    margin_losses,
    matmul,
    normalization,
    norms,
    padding,
    picking,
    pooling,
    products,
    recurrent,
    reductions,
    resampling,
    scans,
    sequence_layers,
    sorting,
    statistics,
)

FAMILIES = (
    *(elementwise, functions, complex, activations, reductions, scans, matmul, losses, margin_losses, ctc),
    *(conv, normalization, pooling, recurrent, attention),
    *(manipulation, indexing, picking, embedding, sorting, creation),
    *(statistics, products, linalg, decompositions, norms, fft, padding, resampling, folding, sequence_layers),
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
