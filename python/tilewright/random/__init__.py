"""Random numbers: a counter-based generator (Philox4x32-10), with NumPy's methods.

The number at a place of the result depends on the seed and the position in the stream alone, so it is the same for any
number of threads. The functions of this module draw from `default_generator`, whose seed is taken from the operating
system until `seed` sets it.

References
----------
J. Salmon, M. Moraes, R. Dror, D. Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

from ._generator import Generator, _restore as _restore, default_generator, source as source

__all__ = [
    "Generator",
    "bernoulli",
    "choice",
    "default_generator",
    "integers",
    "multinomial",
    "normal",
    "permutation",
    "seed",
    "standard_normal",
    "uniform",
]

seed = default_generator.seed
uniform = default_generator.uniform
normal = default_generator.normal
standard_normal = default_generator.standard_normal
integers = default_generator.integers
permutation = default_generator.permutation
choice = default_generator.choice
multinomial = default_generator.multinomial
bernoulli = default_generator.bernoulli
