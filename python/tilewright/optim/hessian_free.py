"""Hessian-free optimisation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import Tensor, filled_like
from .._functions.creation import zeros_like
from ..autograd import enable_grad, gradients
from ._line_search import backtracking
from ._vector import VectorOptimizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .optimizer import Params

__all__ = ["HessianFree"]


class HessianFree(VectorOptimizer):
    """Gauss-Newton steps by conjugate gradients: products with the matrix, which is never stored.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, in one group and of one dtype.
    damping : float
        Levenberg-Marquardt damping at the start: what is added to all eigenvalues. It shrinks where the quadratic
        model predicts the loss well, and grows where it does not.
    cg_iter : int
        Iterations of conjugate gradients in a step, at most.
    cg_tolerance : float
        Stop them where the norm of the residual is this share of that of the gradient.

    Raises
    ------
    ValueError
        For options out of range, several groups, or several dtypes.
    TypeError
        For options of another kind.

    Notes
    -----
    With J the Jacobian of the outputs by the parameters and L the Hessian of the loss by the outputs, `G = J^T L J`.
    Conjugate gradients solve `(G + damping I) d = -g`; each product is J v (two backward passes), L times that (one),
    and J^T times that (one). The loss should be convex in the outputs, as mean squares and cross-entropy are, so that G
    has no negative eigenvalue. With the ratio r of the true to the predicted change of the loss, damping is multiplied
    by 3/2 where r < 1/4, and by 2/3 where r > 3/4. A step that does not lower the loss is halved until it does.

    References
    ----------
    J. Martens, Deep learning via Hessian-free optimization, ICML 2010. N. Schraudolph, Fast Curvature Matrix-Vector
    Products for Second-Order Gradient Descent, Neural Computation 14, 2002.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, y = tw.asarray([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), tw.asarray([[1.0], [3.0], [5.0]])
    >>> net = tw.nn.Linear(2, 1, bias=False)
    >>> optimizer = tw.optim.HessianFree(net.parameters(), damping=1e-6)
    >>> def closure():
    ...     outputs = net(x)
    ...     return tw.nn.functional.mse_loss(outputs, y), outputs
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> [round(v, 3) for v in net.weight[0].tolist()]
    [1.0, 2.0]
    """

    _needed = ("damping", "d")

    def __init__(self, params: Params, damping: float = 1.0, cg_iter: int = 100, cg_tolerance: float = 1e-6) -> None:
        super().__init__(params, {"damping": damping, "cg_iter": cg_iter, "cg_tolerance": cg_tolerance})

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "damping", "cg_tolerance")
        group["cg_iter"] = arguments.integer(self._name, "cg_iter", group["cg_iter"], at_least=1)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step.

        Parameters
        ----------
        closure : callable
            Gives the loss and the outputs of the network that it was computed from, both recorded; it does not call
            `backward()`. It is called again to see the loss after the step.

        Returns
        -------
        Tensor
            The loss before the step.

        Raises
        ------
        TypeError
            Without a closure, for one that gives anything else, or for options of another kind.
        ValueError
            For options out of range.
        RuntimeError
            For a loss that does not depend on the outputs, or whose graph was freed by `backward()`.
        """
        evaluate = self._require_closure(closure)
        group, params = self._options(), self._parameters()
        loss, outputs = self._results(evaluate())
        kept = self.state.get(params[0], {"damping": group["damping"], "d": None})
        gradient = self._vector(gradients(loss, params, retain_graph=True)).detach()
        product = self._gauss_newton(loss, outputs)
        direction, curved = self._solve(product, gradient, kept["damping"], kept["d"], group)
        slope, start, before = float(gradient @ direction), self._point(), float(loss)
        if slope >= 0:  # at the optimum
            return loss

        def at(t: float) -> float:
            self._move(start + direction * t)
            return float(self._results(evaluate())[0])

        try:
            after = at(1.0)
            predicted = slope + 0.5 * float(direction @ curved)
            t = 1.0 if after < before else backtracking(at, before, slope, 0.5)
            self._move(start + direction * t)
        except BaseException:
            self._move(start)
            raise
        ratio = (after - before) / predicted if predicted < 0 else -math.inf
        change = 1.5 if not ratio >= 0.25 else 2 / 3 if ratio > 0.75 else 1.0
        self.state[params[0]] = {"damping": kept["damping"] * change, "d": direction}
        return loss

    def _results(self, given: Any) -> tuple[Tensor, Tensor]:
        if not isinstance(given, tuple) or len(given) != 2 or not all(isinstance(one, Tensor) for one in given):
            raise TypeError(
                f"{self._name}.step: the closure gave {arguments.shown(given)}, but must give loss, outputs"
            )
        return given

    def _gauss_newton(self, loss: Tensor, outputs: Tensor) -> Callable[[Tensor], Tensor]:
        """The product of J^T L J with a vector, on the graph of this loss."""
        params = self._parameters()
        with enable_grad():
            by_outputs = gradients(loss, outputs, create_graph=True)
            dummy = zeros_like(outputs.detach()).requires_grad_()
            pulled = gradients(outputs, params, dummy, create_graph=True)  # linear in `dummy`: its own vjp is J v

        def product(vector: Tensor) -> Tensor:
            forward = gradients(pulled, dummy, self._split(vector), retain_graph=True)
            if by_outputs.requires_grad:
                forward = gradients(by_outputs, outputs, forward, retain_graph=True)
            else:  # the loss is linear in the outputs
                forward = filled_like(forward, 0)
            return self._vector(gradients(outputs, params, forward, retain_graph=True)).detach()

        return product

    def _solve(
        self,
        product: Callable[[Tensor], Tensor],
        gradient: Tensor,
        damping: float,
        before: Tensor | None,
        group: dict[str, Any],
    ) -> tuple[Tensor, Tensor]:
        """The direction d with (G + damping I) d = -gradient by conjugate gradients, from the last step's; and G d."""
        x = zeros_like(gradient) if before is None else before * 0.95
        curved = filled_like(gradient, 0) if before is None else product(x)
        residual = -gradient - curved - x * damping
        search, square = residual, float(residual @ residual)
        enough = group["cg_tolerance"] ** 2 * float(gradient @ gradient)
        for _ in range(group["cg_iter"]):
            if square <= enough:
                break
            along = product(search)
            curvature = float(search @ along) + damping * float(search @ search)
            if not curvature > 0:  # flat, or the loss is not convex in the outputs
                break
            t = square / curvature
            x, curved = x + search * t, curved + along * t
            residual = residual - (along + search * damping) * t
            last, square = square, float(residual @ residual)
            search = residual + search * (square / last)
        return x, curved

    def _restored(self, name: str, p: Tensor, value: Any) -> Any:
        op = f"{self._name}.load_state_dict"
        if name == "damping":
            return arguments.number(op, name, value)
        return self._restored_vector(op, name, p, value)
