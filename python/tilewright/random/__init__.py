"""Random numbers: a counter-based generator (Philox4x32-10), with NumPy's methods.

The number at a place of the result depends on the seed and the position in the stream alone, so it is the same for any
number of threads. The functions of this module draw from `default_generator`, whose seed is taken from the operating
system until `seed` sets it.

References
----------
J. Salmon, M. Moraes, R. Dror, D. Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

from ._generator import Generator, _restore as _restore, default_generator, default_rng, source as source

__all__ = [
    "Generator",
    "bernoulli",
    "beta",
    "binomial",
    "chisquare",
    "choice",
    "default_generator",
    "default_rng",
    "dirichlet",
    "exponential",
    "f",
    "gamma",
    "geometric",
    "gumbel",
    "hypergeometric",
    "integers",
    "laplace",
    "logistic",
    "lognormal",
    "logseries",
    "multinomial",
    "multivariate_normal",
    "negative_binomial",
    "noncentral_chisquare",
    "noncentral_f",
    "normal",
    "pareto",
    "permutation",
    "permuted",
    "poisson",
    "power",
    "random",
    "rayleigh",
    "seed",
    "shuffle",
    "standard_cauchy",
    "standard_exponential",
    "standard_gamma",
    "standard_normal",
    "standard_t",
    "triangular",
    "uniform",
    "vonmises",
    "wald",
    "weibull",
    "zipf",
]

seed = default_generator.seed
bernoulli = default_generator.bernoulli
beta = default_generator.beta
binomial = default_generator.binomial
chisquare = default_generator.chisquare
choice = default_generator.choice
dirichlet = default_generator.dirichlet
exponential = default_generator.exponential
f = default_generator.f
gamma = default_generator.gamma
geometric = default_generator.geometric
gumbel = default_generator.gumbel
hypergeometric = default_generator.hypergeometric
integers = default_generator.integers
laplace = default_generator.laplace
logistic = default_generator.logistic
lognormal = default_generator.lognormal
logseries = default_generator.logseries
multinomial = default_generator.multinomial
multivariate_normal = default_generator.multivariate_normal
negative_binomial = default_generator.negative_binomial
noncentral_chisquare = default_generator.noncentral_chisquare
noncentral_f = default_generator.noncentral_f
normal = default_generator.normal
pareto = default_generator.pareto
permutation = default_generator.permutation
permuted = default_generator.permuted
poisson = default_generator.poisson
power = default_generator.power
random = default_generator.random
rayleigh = default_generator.rayleigh
shuffle = default_generator.shuffle
standard_cauchy = default_generator.standard_cauchy
standard_exponential = default_generator.standard_exponential
standard_gamma = default_generator.standard_gamma
standard_normal = default_generator.standard_normal
standard_t = default_generator.standard_t
triangular = default_generator.triangular
uniform = default_generator.uniform
vonmises = default_generator.vonmises
wald = default_generator.wald
weibull = default_generator.weibull
zipf = default_generator.zipf
