"""The neural tangent kernel of a network as it is, and how far it moves in training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.creation import ones, zeros
from .._functions.manipulation import astype, reshape, stack
from ..autograd import enable_grad, gradients
from ..autograd._closures import described, has_parameters, named_leaves
from ._shared import norm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["kernel_change", "neural_tangent_kernel"]


def neural_tangent_kernel(model: Callable[[Any], Tensor], x1: Any, x2: Any = None, *, parameters: Any = None) -> Tensor:
    """The empirical neural tangent kernel, column by column: the Jacobian is never stored.

    Parameters
    ----------
    model : Module, or callable
        Takes a batch and returns a floating tensor of shape (n, ...), o elements for each example. In evaluation mode,
        if it has batch norm or dropout.
    x1 : array-like, shape (n1, ...)
        Inputs.
    x2 : array-like, shape (n2, ...), optional
        Other inputs; by default the same.
    parameters : Module, or dict of str to Tensor, optional
        With respect to what; by default the model's.

    Returns
    -------
    Tensor, shape (n1, o, n2, o)
        Reshaped to (n1 o, n1 o), it is symmetric and positive semidefinite where `x2` is left out.

    Raises
    ------
    ValueError
        Where there are no parameters, or the model returns something else.
    TypeError
        For parameters of another kind.

    Notes
    -----
    With the Jacobian J = df(x)/dθ, the kernel is `J(x1) J(x2)ᵀ`. Its column for one output of one example is a product
    of J(x2)ᵀ with a unit vector (a vjp), and of J(x1) with the result (a jvp): time for n2 o of both, memory for one
    vector of the size of the parameters.

    In the limit of wide layers the kernel stays what it was at initialisation, and gradient descent on the squared loss
    is kernel regression with it; `kernel_change` measures how far a network is from that.

    References
    ----------
    A. Jacot, F. Gabriel, C. Hongler, Neural Tangent Kernel: Convergence and Generalization in Neural Networks, NeurIPS
    2018. R. Novak, J. Sohl-Dickstein, S. S. Schoenholz, Fast Finite Width Neural Tangent Kernel, ICML 2022.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([[1.0, 0.0], [1.0, 1.0]])
    >>> kernel = tw.diagnose.neural_tangent_kernel(tw.nn.Linear(2, 1), x)  # x·x + 1
    >>> kernel.reshape((2, 2))
    tensor([[2., 2.],
            [2., 3.]])
    """
    op = "neural_tangent_kernel"
    arguments.function(op, "model", model)
    if parameters is None and not has_parameters(model):
        raise TypeError(f"{op}: model is {arguments.shown(model)}; give its parameters")
    inputs = list(named_leaves(op, model if parameters is None else parameters).values())
    with enable_grad():
        first = _outputs(op, model, arguments.array(op, "x1", x1))
        second = first if x2 is None else _outputs(op, model, arguments.array(op, "x2", x2))
        # u Jᵀ is linear in u, and its derivative in u in the direction of v is J v.
        u = ones(first.shape, dtype=first.dtype, device=first.device).requires_grad_()
        pulled = gradients(first, inputs, u, create_graph=True)
    kept = [(i, p) for i, p in enumerate(pulled) if p.requires_grad]
    columns = [_column(second, i, inputs, kept, u) for i in range(second.size)]
    o = math.prod(first.shape[1:])
    if second.shape[1:] != first.shape[1:]:
        raise ValueError(f"{op}: the model gives {first.shape[1:]} for each of x1, but {second.shape[1:]} for x2")
    if not columns:
        return zeros((first.shape[0], o, second.shape[0], o), dtype=first.dtype)
    return reshape(stack(columns, axis=-1), (first.shape[0], o, second.shape[0], o))


def _outputs(op: str, model: Callable[[Any], Any], x: Tensor) -> Tensor:
    y = model(x)
    if not isinstance(y, Tensor) or not y.dtype.is_floating or not y.ndim:
        raise ValueError(
            f"{op}: the model returned {described(y)}, but must return a floating tensor of shape (n, ...)"
        )
    if not y.requires_grad:
        raise ValueError(f"{op}: what the model returned depends on no parameters")
    return y


def _column(second: Tensor, i: int, inputs: list[Tensor], pulled: list[tuple[int, Tensor]], u: Tensor) -> Tensor:
    """J(x1) J(x2)ᵀ e_i, of shape (n1 o,)."""
    hot = [0.0] * second.size
    hot[i] = 1.0
    seed = reshape(asarray(hot, second.dtype, device=second.device), second.shape)
    tangent = gradients(second, inputs, seed, retain_graph=True)
    moved = gradients([p for _, p in pulled], u, [tangent[k] for k, _ in pulled], retain_graph=True)
    return reshape(moved, (-1,))


def kernel_change(before: Any, after: Any) -> float:
    """How far a kernel moved: the relative distance ‖K₁ - K₀‖ / ‖K₀‖ in the Frobenius norm.

    Parameters
    ----------
    before, after : array-like
        Kernels K₀ and K₁ of the same shape: `neural_tangent_kernel` of a network before and after training.

    Returns
    -------
    float
        0 for a kernel that stayed, as in the limit of wide layers: it falls at least about as 1/√width.

    Raises
    ------
    ValueError
        For different shapes, and where K₀ is zero.

    References
    ----------
    L. Chizat, E. Oyallon, F. Bach, On Lazy Training in Differentiable Programming, NeurIPS 2019. J. Lee et al., Wide
    Neural Networks of Any Depth Evolve as Linear Models Under Gradient Descent, NeurIPS 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diagnose.kernel_change(tw.eye(4), 1.5 * tw.eye(4))
    0.5
    """
    op = "kernel_change"
    k0, k1 = (arguments.array(op, name, k).detach() for name, k in (("before", before), ("after", after)))
    if k0.shape != k1.shape:
        raise ValueError(f"{op}: before has shape {k0.shape}, but after {k1.shape}")
    if k0.dtype.is_complex or k1.dtype.is_complex:
        raise TypeError(f"{op}: kernels are {k0.dtype.name} and {k1.dtype.name}, but must be real")
    length = norm(k0)
    if not length:
        raise ValueError(f"{op}: before is zero")
    return norm(astype(k1, "float64") - astype(k0, "float64")) / length
