"""Linear algebra beyond products: inverses, determinants, decompositions, norms. Each takes stacks of matrices.

The decompositions are LAPACK's, by way of NumPy; the gradients are this library's. What LAPACK refuses, and what has no
gradient, raises NumPy's `LinAlgError`, which is a ValueError.
"""

from __future__ import annotations

from .._functions.linalg import matmul
from .._functions.manipulation import matrix_transpose
from .._functions.products import cross, tensordot, vecdot
from ._decompositions import cholesky, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from ._norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from ._parts import diagonal, outer, trace
from ._powers import expm, matrix_power, multi_dot
from ._results import EighResult, EigResult, LstsqResult, QRResult, SlogdetResult, SVDResult
from ._systems import det, inv, lstsq, pinv, slogdet, solve, tensorinv, tensorsolve

__all__ = [
    "EigResult",
    "EighResult",
    "LstsqResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]
