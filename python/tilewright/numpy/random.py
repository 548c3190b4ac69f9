"""NumPy's `random`, in float64: its `Generator`, and the functions of the older `RandomState`.

The streams are tilewright's (see `tilewright.random`): a seed gives the same numbers at any thread count, but not those
that NumPy draws.
"""

from __future__ import annotations

from typing import Any

from .. import random as _random
from ._rules import adapted

# NumPy's parameters of what gives floating numbers, which takes a dtype here, too, and of the rest.
_FLOATING = {
    "random": "",
    "uniform": "low high",
    "normal": "loc scale",
    "standard_normal": "",
    "standard_exponential": "",
    "exponential": "scale",
    "laplace": "loc scale",
    "logistic": "loc scale",
    "gumbel": "loc scale",
    "rayleigh": "scale",
    "weibull": "a",
    "pareto": "a",
    "power": "a",
    "standard_cauchy": "",
    "lognormal": "mean sigma",
    "triangular": "left mode right",
    "wald": "mean scale",
    "vonmises": "mu kappa",
    "standard_gamma": "shape",
    "gamma": "shape scale",
    "beta": "a b",
    "chisquare": "df",
    "f": "dfnum dfden",
    "standard_t": "df",
    "noncentral_chisquare": "df nonc",
    "noncentral_f": "dfnum dfden nonc",
    "dirichlet": "alpha",
}
_OTHERS = {
    "integers": "low high size dtype endpoint",
    "permutation": "x axis",
    "permuted": "x axis -out",
    "shuffle": "x axis",
    "choice": "a size replace p axis shuffle",
    "multinomial": "n pvals size",
    "poisson": "lam size",
    "binomial": "n p size",
    "negative_binomial": "n p size",
    "geometric": "p size",
    "hypergeometric": "ngood nbad nsample size",
    "multivariate_normal": "mean cov size check_valid tol method dtype",
    "zipf": "a size",
    "logseries": "p size",
}
_NOT_LEGACY = ("integers", "permuted")  # what RandomState has not
_LEGACY = ("rand", "randint", "randn", "random_sample", "seed")

__all__ = [
    "Generator",
    "RandomState",
    "default_rng",
    *_LEGACY,
    *(name for name in (*_FLOATING, *_OTHERS) if name not in _NOT_LEGACY),
]


class Generator(_random.Generator):
    """A stream of random numbers, with the methods of NumPy's generator; `default_rng` makes one.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**64 - 1; by default taken from the operating system.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.random.default_rng(7).normal(size=3).dtype == np.float64
    True
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.state, type(self))


_FLOAT = {"dtype": "float64"}
_METHODS: dict[str, Any] = {
    **{name: (f"self {given} size dtype", _FLOAT) for name, given in _FLOATING.items()},
    **{name: (f"self {given}", _FLOAT if "tol" in given else {}) for name, given in _OTHERS.items()},
}
for _name, (_parameters, _defaults) in _METHODS.items():
    setattr(Generator, _name, adapted(_name, getattr(_random.Generator, _name), _parameters, **_defaults))


def _restore(state: dict[str, int], kind: type[Generator] = Generator) -> Generator:
    generator = kind(0)
    generator.state = state
    return generator


class RandomState(Generator):
    """A stream of random numbers, with the methods of NumPy's older generator.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**64 - 1; by default taken from the operating system.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.random.RandomState(7).rand(2, 3).shape
    (2, 3)
    """

    __slots__ = ()

    def rand(self, *args: int) -> Any:
        """Numbers uniform in `[0, 1)`.

        Parameters
        ----------
        *args : int
            Shape; by default a single number.

        Returns
        -------
        ndarray of float64

        Examples
        --------
        >>> import tilewright.numpy as np
        >>> np.random.rand(2, 3).shape
        (2, 3)
        """
        return self.random(args)

    def randn(self, *args: int) -> Any:
        """Normally distributed numbers of mean 0 and standard deviation 1.

        Parameters
        ----------
        *args : int
            Shape; by default a single number.

        Returns
        -------
        ndarray of float64

        Examples
        --------
        >>> import tilewright.numpy as np
        >>> np.random.randn(2, 3).shape
        (2, 3)
        """
        return self.standard_normal(args)

    def random_sample(self, size: Any = None) -> Any:
        """Numbers uniform in `[0, 1)`.

        Parameters
        ----------
        size : int or sequence of int, optional
            Shape; by default a single number.

        Returns
        -------
        ndarray of float64

        Examples
        --------
        >>> import tilewright.numpy as np
        >>> np.random.random_sample((2, 3)).shape
        (2, 3)
        """
        return self.random(size)

    def randint(self, low: Any, high: Any = None, size: Any = None, dtype: Any = "int64") -> Any:
        """Integers, all equally likely.

        Parameters
        ----------
        low, high : int or array-like of int
            From `low` up to, but not including, `high`; with one argument, from 0 up to it.
        size : int or sequence of int, optional
            Shape; by default that of the ends together, or a single number.
        dtype : dtype-like
            Of integers, or bool.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> import tilewright.numpy as np
        >>> np.random.randint(1, 7, size=100).max() <= 6
        array(True)
        """
        return self.integers(low, high, size, dtype)


def default_rng(seed: Any = None) -> Generator:
    """A generator of random numbers.

    Parameters
    ----------
    seed : int or Generator, optional
        From 0 to 2**64 - 1, by default taken from the operating system; a generator is returned as it is.

    Returns
    -------
    Generator

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.random.default_rng(7)
    Generator(seed=7, position=0)
    """
    return seed if isinstance(seed, Generator) else Generator(seed)


_default = RandomState()
globals().update({name: getattr(_default, name) for name in __all__ if hasattr(_default, name)})


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no {name!r} yet")
