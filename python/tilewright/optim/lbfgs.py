"""L-BFGS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from ._line_search import Point, strong_wolfe
from ._vector import VectorOptimizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from .optimizer import Params

__all__ = ["LBFGS"]

_LEAST_CURVATURE = 1e-10  # of a pair of differences that is remembered


class LBFGS(VectorOptimizer):
    """Quasi-Newton steps: the inverse Hessian is estimated from the last changes of parameters and gradients.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, in one group and of one dtype.
    lr : float
        Length of a step, relative to the quasi-Newton step; where the line search starts.
    max_iter : int
        Iterations in a call of `step`.
    max_eval : int, optional
        Evaluations of the closure in a call of `step`; by default `max_iter * 5 // 4`.
    tolerance_grad : float
        Stop where no element of the gradient is larger.
    tolerance_change : float
        Stop where neither the parameters nor the loss change by more.
    history_size : int
        How many changes are kept; each takes memory for two vectors.
    line_search_fn : {"strong_wolfe"}, optional
        Search along the direction for a point with the strong Wolfe conditions. None: take the step as it is.

    Raises
    ------
    ValueError
        For options out of range, several groups, or several dtypes.
    TypeError
        For options of another kind.

    Notes
    -----
    The direction is -H g, with H the BFGS update of `y.s / y.y` times the identity by the pairs `s` (changes of the
    parameters) and `y` (changes of the gradient), in the two loops of Nocedal. Pairs with `y.s <= 1e-10` are left out.

    References
    ----------
    J. Nocedal, Updating quasi-Newton matrices with limited storage, Mathematics of Computation 35, 1980. J. Nocedal,
    S. Wright, Numerical Optimization, 2nd edition, 2006.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([-1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> [round(v, 3) for v in x.tolist()]
    [1.0, 1.0]
    """

    _needed = ("func_evals", "n_iter")
    _optional = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss", "al")

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        max_iter = arguments.integer(self._name, "max_iter", max_iter, at_least=1)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "tolerance_grad", "tolerance_change")
        for option in ("max_iter", "max_eval", "history_size"):
            group[option] = arguments.integer(self._name, option, group[option], at_least=1)
        if group["line_search_fn"] is not None:
            arguments.option(self._name, "line_search_fn", group["line_search_fn"], ("strong_wolfe",))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take up to `max_iter` quasi-Newton steps.

        Parameters
        ----------
        closure : callable
            Forgets the gradients, computes the loss, calls its `backward()`, and gives it.

        Returns
        -------
        Any
            What the closure gave first, before the steps.

        Raises
        ------
        TypeError
            Without a closure, or for options of another kind.
        ValueError
            For options out of range.
        """
        evaluate = self._require_closure(closure)
        group = self._options()
        state = self.state.setdefault(self._parameters()[0], {"func_evals": 0, "n_iter": 0})
        first = evaluate()
        state["func_evals"] += 1
        loss, gradient = float(first), self._gradient()
        if _largest(gradient) > group["tolerance_grad"]:
            self._iterate(group, state, evaluate, loss, gradient)
        return first

    def _iterate(
        self, group: dict[str, Any], state: dict[str, Any], closure: Callable[[], Any], loss: float, gradient: Tensor
    ) -> None:
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            state["d"], state["prev_flat_grad"], state["prev_loss"] = direction, gradient, loss
            t = group["lr"]
            if state["n_iter"] == 1:
                t *= min(1.0, 1.0 / float(abs(gradient).sum()))
            state["t"] = t
            slope = float(gradient @ direction)
            if slope > -group["tolerance_change"]:
                return
            start, before, last = self._point(), loss, iteration == group["max_iter"]
            longest = _largest(direction)

            def at(t: float, start: Tensor = start, direction: Tensor = direction) -> Point:
                self._move(start + direction * t)
                loss = float(closure())
                gradient = self._gradient()
                return Point(t, loss, float(gradient @ direction), gradient)

            try:
                count = 0
                if group["line_search_fn"]:
                    here = Point(0.0, loss, slope, gradient)
                    most = group["max_eval"] - evaluations
                    found, count = strong_wolfe(at, here, t, longest, group["tolerance_change"], most)
                    state["t"], loss, gradient = found.t, found.loss, found.gradient
                    self._move(start + direction * found.t)
                elif last:  # the loss there is not asked for, since the next call may have another batch
                    self._move(start + direction * t)
                else:
                    point, count = at(t), 1
                    loss, gradient = point.loss, point.gradient
            except BaseException:
                self._move(start)
                raise
            evaluations += count
            state["func_evals"] += count
            if last or evaluations >= group["max_eval"] or _largest(gradient) <= group["tolerance_grad"]:
                return
            change = group["tolerance_change"]
            if longest * state["t"] <= change or abs(loss - before) < change:
                return

    def _gradient(self) -> Tensor:
        return self._vector([p.grad for p in self._parameters()])

    def _direction(self, state: dict[str, Any], gradient: Tensor, history: int) -> Tensor:
        """The quasi-Newton direction, after the last change was taken into the history."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -gradient
        y, s = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        steps, changes, shares = state["old_stps"], state["old_dirs"], state["ro"]
        curvature = float(y @ s)
        if curvature > _LEAST_CURVATURE:
            if len(steps) >= history:
                for kept in (steps, changes, shares):
                    del kept[0]
            steps.append(s)
            changes.append(y)
            shares.append(1 / curvature)
            state["H_diag"] = curvature / float(y @ y)
        q, parts = -gradient, []
        for s, y, share in zip(reversed(steps), reversed(changes), reversed(shares), strict=True):
            parts.append(float(s @ q) * share)
            q = q - y * parts[-1]
        q = q * state["H_diag"]
        for s, y, share, part in zip(steps, changes, shares, reversed(parts), strict=True):
            q = q + s * (part - float(y @ q) * share)
        return q

    # ---- state -------------------------------------------------------------------------------------------------------

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over options and state: all of them, or on an error none.

        Parameters
        ----------
        state_dict : dict
            From the `state_dict` of such an optimiser over parameters of the same sizes; PyTorch's will do.

        Raises
        ------
        ValueError
            Where groups, parameters or sizes differ, an option is out of range, or the state is that of another class.
        TypeError
            For anything but such a dict, and for options and states of another kind.
        """
        super().load_state_dict(state_dict)
        for state in self.state.values():
            state.pop("al", None)  # PyTorch's scratch memory

    def _restored(self, name: str, p: Tensor, value: Any) -> Any:
        op = f"{self._name}.load_state_dict"
        if name in ("func_evals", "n_iter"):
            return arguments.integer(op, name, value, at_least=0)
        if name in ("t", "H_diag", "prev_loss"):
            return arguments.number(op, name, value)
        if name == "al":
            return []
        if name == "ro":
            return [arguments.number(op, name, one) for one in arguments.entries(op, name, value, "a list of numbers")]
        if name in ("old_dirs", "old_stps"):
            vectors = arguments.entries(op, name, value, "a list of vectors")
            return [self._restored_vector(op, name, p, one) for one in vectors]
        return self._restored_vector(op, name, p, value)


def _largest(vector: Tensor) -> float:
    return float(abs(vector).max()) if vector.size else 0.0
