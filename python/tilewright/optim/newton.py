"""Newton's method."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._functions.manipulation import reshape, stack
from ..autograd import enable_grad, gradients
from ..linalg import eigh
from ._line_search import backtracking
from ._vector import VectorOptimizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from .optimizer import Params

__all__ = ["Newton"]

_PRECISION = {"float32": 2.0**-23, "float64": sys.float_info.epsilon}


class Newton(VectorOptimizer):
    """Newton steps with the whole Hessian: for small problems, n parameters take n backward passes and an n x n matrix.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, in one group and of one dtype.
    lr : float
        Length of a step, relative to the Newton step; where the line search starts.
    damping : float
        Added to all eigenvalues of the Hessian (Levenberg).
    line_search_fn : {"backtracking"}, optional
        Halve the step until the loss falls by at least 1e-4 of what the slope promises. None: take it as it is.

    Raises
    ------
    ValueError
        For options out of range, several groups, or several dtypes.
    TypeError
        For options of another kind.

    Notes
    -----
    The direction is `-(H + (damping + shift) I)^-1 g`. The shift is 0 where the damped Hessian is positive definite;
    else it turns the least eigenvalue into its magnitude, so that the direction goes down and leaves saddle points.
    Directions without any curvature are left alone.

    References
    ----------
    J. Nocedal, S. Wright, Numerical Optimization, 2nd edition, 2006, section 3.4.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([3.0, -2.0], requires_grad=True)
    >>> optimizer = tw.optim.Newton([x])
    >>> optimizer.step(lambda: ((x - 1) ** 2 * tw.asarray([1.0, 100.0])).sum())
    tensor(904., op=sum)
    >>> x
    tensor([1., 1.], requires_grad=True)
    """

    _needed = ()

    def __init__(
        self, params: Params, lr: float = 1.0, damping: float = 0.0, line_search_fn: str | None = "backtracking"
    ) -> None:
        super().__init__(params, {"lr": lr, "damping": damping, "line_search_fn": line_search_fn})

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "damping")
        if group["line_search_fn"] is not None:
            arguments.option(self._name, "line_search_fn", group["line_search_fn"], ("backtracking",))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a Newton step.

        Parameters
        ----------
        closure : callable
            Computes the loss and gives it, recorded; it does not call `backward()`.

        Returns
        -------
        Tensor
            The loss before the step.

        Raises
        ------
        TypeError
            Without a closure, or for options of another kind.
        ValueError
            For options out of range.
        RuntimeError
            For a loss that does not depend on the parameters, or whose graph was freed by `backward()`.
        """
        evaluate = self._require_closure(closure)
        group = self._options()
        loss = evaluate()
        gradient, hessian = self._derivatives(loss)
        direction = _descent(gradient, hessian, group["damping"])
        slope = float(gradient @ direction)
        if slope == 0:
            return loss
        start, t = self._point(), group["lr"]

        def at(t: float) -> float:
            self._move(start + direction * t)
            return float(evaluate())

        try:
            if group["line_search_fn"]:
                t = backtracking(at, float(loss), slope, t)
            self._move(start + direction * t)
        except BaseException:
            self._move(start)
            raise
        return loss

    def _derivatives(self, loss: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient (n,) and the Hessian (n, n)."""
        params = self._parameters()
        with enable_grad():
            gradient = self._vector(gradients(loss, params, create_graph=True))
            if not gradient.requires_grad:  # the loss is linear
                return gradient, reshape(gradient, (-1, 1)) * (gradient * 0)
            rows = [self._vector(gradients(gradient[i], params, retain_graph=True)) for i in range(gradient.size)]
        hessian = stack([row.detach() for row in rows])
        return gradient.detach(), (hessian + hessian.T) / 2


def _descent(gradient: Tensor, hessian: Tensor, damping: float) -> Tensor:
    """The direction of a Newton step that goes down."""
    curvatures, axes = eigh(hessian)
    least = float(curvatures[0]) + damping
    curvatures = curvatures + (damping if least >= 0 else damping - 2 * least)
    flat = gradient.size * _PRECISION[gradient.dtype.name] * float(abs(curvatures).max())
    along = gradient @ axes
    known = curvatures > flat
    return -(axes @ ((along * known) / (curvatures + ~known * 1)))
