"""The tables of op cases, one file for each family."""

from . import (
    activations,
    applying,
    attention,
    complex,
    conv,
    creation,
    ctc,
    decompositions,
    diagonals,
    elementwise,
    embedding,
    fft,
    folding,
    functions,
    grids,
    indexing,
    joining,
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
    repeating,
    resampling,
    scans,
    searching,
    sequence_layers,
    sets,
    sorting,
    statistics,
    tolerance,
)

FAMILIES = (
    *(elementwise, functions, complex, activations, reductions, scans, matmul, losses, margin_losses, ctc),
    *(conv, normalization, pooling, recurrent, attention),
    *(manipulation, indexing, picking, embedding, sorting, creation),
    *(statistics, products, linalg, decompositions, norms, fft, padding, resampling, folding, sequence_layers),
    *(joining, repeating, diagonals, grids),
    *(searching, sets, tolerance, applying),
)
# Composed functions that make something on the CPU: not on other devices yet.
CPU_ONLY = (
    *("histogram2d", "histogramdd", "gradient", "interp", "polyfit", "roots", "logspace[of arrays]"),
    *("geomspace[of arrays]", "isclose", "allclose"),
)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
# Composed functions, which `test_device.py` does not walk yet: they read data, take operands from the CPU, or have
# gradients of some results alone.
COMPOSED = frozenset(
    case.name
    for family in (joining, repeating, diagonals, grids, searching, sets, tolerance, applying, statistics)
    for case in family.CASES
) | {
    *("float_power", "float_power[complex]", "fmax", "fmin", "copysign", "einsum_path"),
    *("linalg.solve", "linalg.tensorsolve", "linalg.eigh", "linalg.eig", "linalg.svd", "cofactors"),
}
