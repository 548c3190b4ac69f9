"""How often a decoder reads the true token in training, and how often its own: teacher forcing, and its withdrawal.

A schedule is called with the number of a training step, from 0 on, and gives the probability that the decoder's next
input is the true token: 1 is teacher forcing, 0 what happens in use.

References
----------
S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer, Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks,
NIPS 2015.

R. Williams, D. Zipser, A Learning Algorithm for Continually Running Fully Recurrent Neural Networks, Neural Computation
1, 1989 (teacher forcing).
"""

from __future__ import annotations

import math
from typing import Any

from .._engine import arguments

__all__ = [
    "ConstantTeacherForcing",
    "ExponentialTeacherForcing",
    "InverseSigmoidTeacherForcing",
    "LinearTeacherForcing",
]

_MOST = 1 << 53  # steps; a float counts no further


class _TeacherForcing:
    """A probability by the number of the step."""

    def __call__(self, step: int) -> float:
        return self._probability(arguments.integer(type(self).__name__, "step", step, at_least=0, at_most=_MOST))

    def _probability(self, step: int) -> float:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in vars(self).items())})"

    def _above_zero(self, name: str, value: Any, at_most: float) -> float:
        number = arguments.number(type(self).__name__, name, value)
        if not (0 < number <= at_most and math.isfinite(number)):
            needed = "above 0 and finite" if at_most == math.inf else f"above 0 and at most {at_most:g}"
            raise ValueError(f"{type(self).__name__}: {name} is {number}, but must be {needed}")
        return number


class ConstantTeacherForcing(_TeacherForcing):
    """The same probability in every step.

    Parameters
    ----------
    p : float
        In [0, 1]. 1: the decoder always reads the true tokens.

    Raises
    ------
    ValueError
        For a `p` outside [0, 1]; when called, for a step below 0.
    TypeError
        For what is no number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.ConstantTeacherForcing(0.5)(1000)
    0.5
    """

    def __init__(self, p: float = 1.0) -> None:
        self.p = arguments.probability("ConstantTeacherForcing", "p", p)

    def _probability(self, step: int) -> float:
        return self.p


class LinearTeacherForcing(_TeacherForcing):
    """From one probability to another along a line.

    Parameters
    ----------
    steps : int
        Until the second one is reached, where it stays.
    start, end : float
        The two probabilities, in [0, 1].

    Raises
    ------
    ValueError
        For options out of range; when called, for a step below 0.
    TypeError
        For what is no number.

    Notes
    -----
    `p(k) = start + (end - start) * min(k / steps, 1)`; in the paper's terms max(epsilon, k0 - c k) with epsilon = `end`
    and k0 = `start`.

    Examples
    --------
    >>> import tilewright as tw
    >>> schedule = tw.models.LinearTeacherForcing(100, end=0.25)
    >>> [schedule(step) for step in (0, 50, 100, 1000)]
    [1.0, 0.625, 0.25, 0.25]
    """

    def __init__(self, steps: int, start: float = 1.0, end: float = 0.0) -> None:
        self.steps = arguments.integer("LinearTeacherForcing", "steps", steps, at_least=1, at_most=_MOST)
        self.start = arguments.probability("LinearTeacherForcing", "start", start)
        self.end = arguments.probability("LinearTeacherForcing", "end", end)

    def _probability(self, step: int) -> float:
        return self.end if step >= self.steps else self.start + (self.end - self.start) * step / self.steps


class ExponentialTeacherForcing(_TeacherForcing):
    """A power of the step: `p(k) = base**k`.

    Parameters
    ----------
    base : float
        In (0, 1].

    Raises
    ------
    ValueError
        For a `base` outside (0, 1]; when called, for a step below 0.
    TypeError
        For what is no number.

    Examples
    --------
    >>> import tilewright as tw
    >>> schedule = tw.models.ExponentialTeacherForcing(0.5)
    >>> [schedule(step) for step in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, base: float) -> None:
        self.base = self._above_zero("base", base, 1.0)

    def _probability(self, step: int) -> float:
        return self.base**step


class InverseSigmoidTeacherForcing(_TeacherForcing):
    """Slowly at first, then fast, and slowly to 0: `p(k) = mu / (mu + exp(k / mu))`.

    Parameters
    ----------
    mu : float
        Above 0; with 100 the probability is a half at step 461, where k is `mu * log(mu)`. The paper's k is at least 1.

    Raises
    ------
    ValueError
        For a `mu` that is not above 0; when called, for a step below 0.
    TypeError
        For what is no number.

    Examples
    --------
    >>> import tilewright as tw
    >>> schedule = tw.models.InverseSigmoidTeacherForcing(100)
    >>> [round(schedule(step), 3) for step in (0, 300, 461, 600, 10_000)]
    [0.99, 0.833, 0.499, 0.199, 0.0]
    """

    def __init__(self, mu: float) -> None:
        self.mu = self._above_zero("mu", mu, math.inf)

    def _probability(self, step: int) -> float:
        # mu exp(-k / mu) has no overflow.
        falling = self.mu * math.exp(-step / self.mu)
        return falling / (falling + 1.0)
