"""How fast gradient descent converges on a quadratic: measured, against the theory."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tables import Table, ruled, short
from .._engine.tensor import asarray
from .._functions.creation import ones
from ..optim import SGD
from ._shared import doubles

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["convergence_rates"]


class Rate(NamedTuple):
    """How one component of the error shrinks in each step, in a table of `convergence_rates`.

    Attributes
    ----------
    curvature
        b, the eigenvalue of the Hessian.
    predicted, measured
        Factor per step: below 1 the component converges, above 1 it diverges.
    """

    curvature: float
    predicted: float
    measured: float


def convergence_rates(curvatures: Any, lr: float, *, momentum: float = 0.0, steps: int = 100) -> Table:
    """Run gradient descent on a quadratic, and measure the factor by which each component shrinks in a step.

    Parameters
    ----------
    curvatures : array-like, shape (n,)
        Eigenvalues b of the Hessian, positive.
    lr : float
        Learning rate η, positive.
    momentum : float
        μ, in [0, 1).
    steps : int
        How many are taken, from 10 to 100,000.

    Returns
    -------
    Table
        A str, with a `Rate` for each curvature in `rows`. The slowest decides.

    Raises
    ------
    ValueError
        For curvatures that are not positive, or options out of range.
    TypeError
        For options that are no numbers.

    Notes
    -----
    On f(x) = ½ Σ b x² a step is x ← (1 - η b) x, so the factor is |1 - η b|, and descent converges for η < 2 / b. The
    best learning rate for all is 2 / (b_min + b_max), with (κ - 1) / (κ + 1) for the condition number κ. With momentum,
    the factor is the larger modulus of the roots of z² - (1 + μ - η b) z + μ: √μ where they are complex. It is measured
    over the second half of the steps, of (x, its predecessor), and swings around the theory there.

    References
    ----------
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods, USSR Comput. Math. Math. Phys. 4
    (5), 1964. G. Goh, Why Momentum Really Works, Distill, 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> print(tw.diagnose.convergence_rates([0.1, 1.0, 4.0, 10.0], lr=0.15))
    curvature  |1 - lr b|  measured
    -------------------------------
          0.1       0.985     0.985
            1        0.85      0.85
            4         0.4       0.4
           10         0.5       0.5
    """
    op = "convergence_rates"
    b = doubles(op, "curvatures", curvatures)
    if b.ndim != 1 or not b.size:
        raise ValueError(f"{op}: curvatures has shape {b.shape}, but must have (n,)")
    listed = [float(v) for v in b.tolist()]
    if not all(0 < v < math.inf for v in listed):
        raise ValueError(f"{op}: curvatures are {listed[:5]}, but must be positive")
    lr = arguments.number(op, "lr", lr)
    if not 0 < lr < math.inf:
        raise ValueError(f"{op}: lr is {lr}, but must be positive")
    momentum = arguments.number(op, "momentum", momentum)
    if not 0 <= momentum < 1:
        raise ValueError(f"{op}: momentum is {momentum}, but must lie in [0, 1)")
    steps = arguments.integer(op, "steps", steps, at_least=10, at_most=100_000)
    measured = _measured(listed, lr, momentum, steps)
    rows = [Rate(v, _predicted(lr * v, momentum), m) for v, m in zip(listed, measured, strict=True)]
    head = ("curvature", "predicted" if momentum else "|1 - lr b|", "measured")
    return Table(ruled(head, [tuple(map(short, row)) for row in rows], ()), rows)


def _predicted(step: float, momentum: float) -> float:
    """Of η b and μ."""
    if not momentum:
        return abs(1 - step)
    middle = (1 + momentum - step) / 2
    root = cmath.sqrt(middle * middle - momentum)
    return max(abs(middle + root), abs(middle - root))


def _measured(curvatures: Sequence[float], lr: float, momentum: float, steps: int) -> list[float]:
    b = asarray(curvatures, dtype="float64")
    x = ones(b.shape, dtype="float64").requires_grad_()
    optimizer = SGD([x], lr, momentum=momentum)
    path = [x.tolist()]
    for _ in range(steps):
        x.grad = b * x.detach()
        optimizer.step()
        path.append(x.tolist())
    first, last = steps // 2, steps
    return [_rate([p[i] for p in path], first, last) for i in range(len(curvatures))]


def _rate(path: Sequence[float], first: int, last: int) -> float:
    start, end = (math.hypot(path[k], path[k - 1]) for k in (first, last))
    if start == 0 or not end < math.inf:
        return 0.0 if start == 0 else math.inf
    return (end / start) ** (1 / (last - first))
