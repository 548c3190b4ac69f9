"""NumPy's `random`, as far as tilewright has it, in float64.

The streams are tilewright's (see `tilewright.random`): a seed gives the same numbers at any thread count, but not those
that NumPy draws.
"""

from __future__ import annotations

from typing import Any

from .. import random as _random
from ._rules import adapted

__all__ = [
    "Generator",
    "choice",
    "default_rng",
    "multinomial",
    "normal",
    "permutation",
    "random",
    "seed",
    "standard_normal",
    "uniform",
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
        return _restore, (self.state,)


_FLOAT = {"dtype": "float64"}
_METHODS: dict[str, Any] = {
    "uniform": adapted("uniform", _random.Generator.uniform, "self low high size dtype", **_FLOAT),
    "normal": adapted("normal", _random.Generator.normal, "self loc scale size dtype", **_FLOAT),
    "standard_normal": adapted("standard_normal", _random.Generator.standard_normal, "self size dtype", **_FLOAT),
    "integers": adapted("integers", _random.Generator.integers, "self low high size -dtype endpoint"),
    "permutation": adapted("permutation", _random.Generator.permutation, "self x"),
    "multinomial": adapted("multinomial", _random.Generator.multinomial, "self n pvals size"),
    "choice": adapted("choice", _random.Generator.choice, "self a size replace"),
}
for _name, _method in _METHODS.items():
    setattr(Generator, _name, _method)


def _restore(state: dict[str, int]) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator


def _random_method(self: Generator, size: Any = None, dtype: Any = "float64") -> Any:
    """Numbers uniform in `[0, 1)`.

    Parameters
    ----------
    size : int or sequence of int, optional
        Shape; by default a single number.
    dtype : dtype-like
        Floating.

    Returns
    -------
    ndarray, shape `size`

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.random.default_rng(0).random((2, 3)).shape
    (2, 3)
    """
    return self.uniform(0.0, 1.0, size, dtype)


_random_method.__name__ = "random"
Generator.random = _random_method  # type: ignore[attr-defined]


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


_default: Any = Generator()

seed = _default.seed
random = _default.random
uniform = _default.uniform
normal = _default.normal
standard_normal = _default.standard_normal
permutation = _default.permutation
multinomial = _default.multinomial
choice = _default.choice


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no {name!r} yet")
