"""Penalties on weights and activations, limits on weights, and which parameters they are for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.arithmetic import abs, square
from ..._functions.creation import zeros
from ..._functions.exponential import log
from ..._functions.extrema import clip, minimum
from ..._functions.reductions import sum
from ...autograd import no_grad
from ..module import Module
from ..normalization import Affine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..parameter import Parameter

__all__ = ["elastic_net_penalty", "max_norm_", "parameter_groups", "sparsity_penalty", "weights"]


def weights(module: Module) -> list[Parameter]:
    """The parameters that are to be kept small: all but biases and those of normalisation layers.

    Parameters
    ----------
    module : Module

    Returns
    -------
    list of Parameter
        Each once, in order. Left out are those with fewer than two axes, those whose names begin with "bias" or end
        with "bias", and all of normalisation layers.

    Raises
    ------
    TypeError
        For anything but a Module.

    Notes
    -----
    Biases and the scales of normalisation layers are few, and fit no noise; to hold them near zero only makes a network
    worse.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    >>> [p.shape for p in nn.utils.weights(net)]
    [(3, 4), (2, 3)]
    """
    if not isinstance(module, Module):
        arguments.refuse("weights", "module", module, "a Module")
    found: dict[int, Parameter] = {}
    for owner in module.modules():
        if isinstance(owner, Affine):
            continue
        for name, p in owner.named_parameters(recurse=False):
            if p.ndim >= 2 and not name.startswith("bias") and not name.endswith("bias"):
                found[id(p)] = p
    return [p for p in module.parameters() if id(p) in found]


def parameter_groups(module: Module, weight_decay: float = 1e-2, **options: Any) -> list[dict[str, Any]]:
    """Parameters in two groups for an optimiser: weights, which decay, and biases and scales, which do not.

    Parameters
    ----------
    module : Module
    weight_decay : float
        Of the weights; of the others it is 0.
    **options
        For both groups, such as `lr`.

    Returns
    -------
    list of dict
        "params" and the options of `weights(module)`, then those of all others; either may be without parameters.

    Raises
    ------
    TypeError
        For anything but a Module, and a `weight_decay` that is no number.
    ValueError
        For a negative `weight_decay`.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.MLP([4, 3, 2])
    >>> groups = tw.nn.utils.parameter_groups(net, 0.1)
    >>> [(len(group["params"]), group["weight_decay"]) for group in groups]
    [(2, 0.1), (2, 0.0)]
    >>> optimizer = tw.optim.AdamW(groups, lr=1e-3)
    """
    chosen = weights(module)
    weight_decay = _factor("parameter_groups", "weight_decay", weight_decay)
    ids = {id(p) for p in chosen}
    rest = [p for p in module.parameters() if id(p) not in ids]
    return [
        {**options, "params": chosen, "weight_decay": weight_decay},
        {**options, "params": rest, "weight_decay": 0.0},
    ]


def elastic_net_penalty(parameters: Module | Tensor | Iterable[Tensor], l1: float = 0.0, l2: float = 0.0) -> Tensor:
    """A term of the loss that keeps weights small: `l1 * sum |w| + l2 / 2 * sum w^2`.

    Parameters
    ----------
    parameters : Module, Tensor, or iterable of Tensor
        Of a module: its `weights`.
    l1 : float
        Factor of the absolute values (lasso): many weights become zero.
    l2 : float
        Factor of half the squares (ridge), whose gradient is `l2 * w`: with `optim.SGD` the same as its
        `weight_decay`. With adaptive optimisers the decay of `optim.AdamW` works better.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ValueError
        For negative factors, and no parameters.
    TypeError
        For parameters that are no floating tensors.

    References
    ----------
    H. Zou, T. Hastie, Regularization and Variable Selection via the Elastic Net, Journal of the Royal Statistical
    Society B 67 (2), 2005.

    Examples
    --------
    >>> import tilewright as tw
    >>> w = tw.asarray([1.0, -2.0], requires_grad=True)
    >>> tw.nn.utils.elastic_net_penalty(w, l1=0.5, l2=1.0).backward()
    >>> w.grad
    tensor([ 1.5, -2.5])
    """
    op = "elastic_net_penalty"
    tensors = _tensors(op, parameters)
    l1, l2 = _factor(op, "l1", l1), _factor(op, "l2", l2)
    if not tensors:
        raise ValueError(f"{op}: got no parameters")
    total = zeros((), dtype=tensors[0].dtype, device=tensors[0].device)
    for w in tensors:
        if l1:
            total = total + l1 * sum(abs(w))
        if l2:
            total = total + l2 / 2 * sum(square(w))
    return total


def max_norm_(parameters: Module | Tensor | Iterable[Tensor], max_norm: float, dim: int = 0) -> None:
    """Scale weights down, in place, so that those of each unit have at most this Euclidean norm; after each step.

    Parameters
    ----------
    parameters : Module, Tensor, or iterable of Tensor
        Of a module: its `weights`. Each has at least one axis.
    max_norm : float
        Upper bound.
    dim : int
        The axis of the units, 0 in linear layers and convolutions: each index there has a norm of its own.

    Raises
    ------
    ValueError
        For a negative or NaN `max_norm`, and a parameter that is read-only.
    TypeError
        For parameters that are no floating tensors.
    IndexError
        For a `dim` that is not there. Whatever is raised, nothing has been changed.

    References
    ----------
    N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, Journal of Machine Learning
    Research 15, 2014.

    Examples
    --------
    >>> import tilewright as tw
    >>> w = tw.asarray([[3.0, 4.0], [0.5, 0.0]])
    >>> tw.nn.utils.max_norm_(w, 1.0)
    >>> w
    tensor([[0.6, 0.8],
            [0.5, 0. ]])
    """
    tensors = _tensors("max_norm_", parameters)
    max_norm = _factor("max_norm_", "max_norm", max_norm)
    dim = arguments.integer("max_norm_", "dim", dim)
    for w in tensors:
        if not -w.ndim <= dim < w.ndim:
            raise IndexError(f"max_norm_: dim is {dim}, but a parameter has shape {w.shape}")
        if w._array.readonly:
            raise ValueError(f"max_norm_: a parameter, of shape {w.shape}, is read-only; none has been changed")
    with no_grad():
        for w in tensors:
            others = tuple(axis for axis in range(w.ndim) if axis != dim % w.ndim)
            norm = sum(square(w), axis=others, keepdims=True) ** 0.5
            tiny = 1e-30 if w.dtype.itemsize >= 4 else 1e-7
            w *= minimum(max_norm / clip(norm, tiny, None), 1.0)


def sparsity_penalty(activation: Any, rho: float = 0.05, eps: float = 1e-6) -> Tensor:
    """A term of the loss that has each unit active a share `rho` of the time: a sum of Kullback-Leibler divergences.

    Parameters
    ----------
    activation : array-like, shape (B, H)
        In [0, 1], of sigmoid units.
    rho : float
        What the mean of each unit over the batch is to be, between 0 and 1.
    eps : float
        Means are taken to `[eps, 1 - eps]`, in (0, 0.5), where the logarithm is finite.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ValueError
        For other shapes, an empty batch, and `rho` or `eps` out of range.
    TypeError
        For activations that are not floating.

    Notes
    -----
    `sum_j rho log(rho / m_j) + (1 - rho) log((1 - rho) / (1 - m_j))`, with the means m of the units.

    References
    ----------
    A. Ng, Sparse Autoencoder, CS294A Lecture Notes, Stanford University, 2011.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.utils.sparsity_penalty([[0.0, 0.25], [0.5, 0.25]], rho=0.25).item() < 1e-6
    True
    """
    x = arguments.array("sparsity_penalty", "activation", activation)
    if not x.dtype.is_floating:
        raise TypeError(f"sparsity_penalty: activation has dtype {x.dtype.name}, but must be floating")
    if x.ndim != 2 or not len(x):
        raise ValueError(f"sparsity_penalty: activation has shape {x.shape}, but must be (B, H), with B at least 1")
    rho = arguments.number("sparsity_penalty", "rho", rho)
    eps = arguments.number("sparsity_penalty", "eps", eps)
    if not 0 < rho < 1 or not 0 < eps < 0.5:
        raise ValueError(f"sparsity_penalty: rho {rho} and eps {eps} must be in (0, 1) and (0, 0.5)")
    mean = clip(x.mean(0), eps, 1 - eps)
    return sum(rho * (math.log(rho) - log(mean)) + (1 - rho) * (math.log(1 - rho) - log(1 - mean)))


def _tensors(op: str, parameters: Any) -> list[Tensor]:
    """The floating tensors that a penalty is for."""
    if isinstance(parameters, Module):
        return list(weights(parameters))
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    needed = "a Module, a Tensor or an iterable of Tensors"
    tensors = arguments.entries(op, "parameters", parameters, needed)
    for i, p in enumerate(tensors):
        if not isinstance(p, Tensor):
            arguments.refuse(op, f"parameter {i}", p, "a Tensor")
        if not p.dtype.is_floating:
            raise TypeError(f"{op}: parameter {i} has dtype {p.dtype.name}, but must be floating")
    return tensors


def _factor(op: str, name: str, value: Any) -> float:
    value = arguments.number(op, name, value)
    if not value >= 0:
        raise ValueError(f"{op}: {name} is {value}, but must be at least 0")
    return value
