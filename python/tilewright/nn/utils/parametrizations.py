"""Parametrizations of weights: by norm and direction, and of spectral norm 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import _core, random
from ..._engine import arguments
from ..._engine.dtypes import float16
from ..._engine.op import wrap
from ..._engine.tape import mark_written, redirect
from ..._engine.tensor import Tensor
from ..._functions.arithmetic import sqrt, square
from ..._functions.manipulation import moveaxis, reshape
from ..._functions.reductions import sum
from ...autograd import no_grad
from ..functional.normalization import normalize
from ..module import Module
from .parametrize import is_parametrized, register_parametrization, remove_parametrizations

if TYPE_CHECKING:
    from ...random import Generator

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


def _parameter(op: str, module: Any, name: Any) -> Tensor:
    """The tensor to parametrize."""
    if not isinstance(module, Module):
        arguments.refuse(op, "module", module, "a Module")
    if not isinstance(name, str):
        arguments.refuse(op, "name", name, "a str")
    value = getattr(module, name, None)
    if not isinstance(value, Tensor):
        raise ValueError(f"{op}: {type(module).__name__} has no parameter {arguments.shown(name)}")
    if not value.dtype.is_floating:
        raise TypeError(f"{op}: {name} is {value.dtype.name}, but must be floating")
    return value


def _axis(op: str, dim: Any, value: Tensor) -> int:
    dim = arguments.integer(op, "dim", dim)
    if not -value.ndim <= dim < value.ndim:
        raise _core.AxisError(f"{op}: dim {dim} is out of bounds for a parameter of shape {value.shape}")
    return dim % value.ndim


def _remove(op: str, kind: type[Module], module: Any, name: Any) -> Module:
    _parameter(op, module, name)
    if is_parametrized(module, name) and isinstance(module.parametrizations[name][0], kind):
        return remove_parametrizations(module, name)
    raise ValueError(f"{op}: {name!r} of {type(module).__name__} is not parametrized by a {kind.__name__}")


# ---- weight norm -----------------------------------------------------------------------------------------------------


class WeightNorm(Module):
    """A weight from its norms and directions, `g * v / |v|`: see `weight_norm`."""

    def __init__(self, dim: int | None) -> None:
        self.dim = dim

    def _norms(self, v: Tensor) -> Tensor:
        """Over all axes but `dim`, with them kept; over all, without axes, where that is None."""
        axes = None if self.dim is None else tuple(axis for axis in range(v.ndim) if axis != self.dim)
        wide = v.astype("float32") if v.dtype == float16 else v  # whose squares float16 does not hold
        return sqrt(sum(square(wide), axis=axes, keepdims=self.dim is not None)).astype(v.dtype, copy=False)

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        return v * (g / self._norms(v))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return self._norms(weight), weight

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn norms and directions of a weight apart: `weight = g * v / |v|`.

    Parameters
    ----------
    module : Module
        Whose parameter it is.
    name : str
        The parameter.
    dim : int or None
        The axis with a norm for each position, taken over all other axes; None for one norm of all. Negative axes are
        counted from the back (PyTorch takes -1 for None).

    Returns
    -------
    Module
        The module, of a subclass of its class: see `parametrize.register_parametrization`.

    Raises
    ------
    ValueError
        Where the module has no such parameter.
    AxisError
        For an axis that it does not have.
    TypeError
        For a parameter that is not floating, and for arguments of another kind.

    Notes
    -----
    `g` is `parametrizations.weight.original0` and `v` is `parametrizations.weight.original1`. They are new parameters:
    make optimisers afterwards. What PyTorch's older function saved under `weight_g` and `weight_v` loads under these
    names. Where all of a norm's elements are 0 they have no direction, and the weight is NaN.

    References
    ----------
    T. Salimans, D. Kingma, Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural
    Networks, NeurIPS 2016.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> [(name, p.shape) for name, p in layer.parametrizations.weight.named_parameters()]
    [('original0', (2, 1)), ('original1', (2, 3))]
    """
    value = _parameter("weight_norm", module, name)
    axis = None if dim is None else _axis("weight_norm", dim, value)
    return register_parametrization(module, name, WeightNorm(axis))


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight that `weight_norm` parametrized an ordinary parameter again, with the value that it has.

    Parameters
    ----------
    module : Module
    name : str
        The parameter.

    Returns
    -------
    Module
        The module.

    Raises
    ------
    ValueError
        Where there is no such weight.
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> from tilewright import nn
    >>> nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Linear(3, 2)))
    Linear(in_features=3, out_features=2, bias=True)
    """
    return _remove("remove_weight_norm", WeightNorm, module, name)


# ---- spectral norm ---------------------------------------------------------------------------------------------------


class SpectralNorm(Module):
    """A weight divided by its largest singular value: see `spectral_norm`.

    Attributes
    ----------
    _u, _v : Tensor
        Buffers: estimates of the left and right singular vectors. There are none for a weight that is a vector.
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int, eps: float, dim: int, generator: Generator) -> None:
        self.n_power_iterations = n_power_iterations
        self.eps = eps
        self.dim = dim
        if weight.ndim > 1:
            matrix = self._matrix(weight.detach())
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                start = generator.standard_normal(size, weight.dtype, device=weight.device)
                self.register_buffer(name, normalize(start, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        """The weight as a matrix whose rows are the positions along `dim`."""
        return reshape(moveaxis(weight, self.dim, 0), (weight.shape[self.dim], -1))

    def _iterate(self, matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The vectors after some steps of power iteration; kept in the buffers.

        Called again by a checkpoint, it starts from what it found the first time, and leaves the buffers as they are.
        """
        held = self._u._array, self._v._array
        held = redirect(held) or held
        u, v = wrap(held[0]), wrap(held[1])
        with no_grad():
            for _ in range(count):
                u = normalize(matrix @ v, dim=0, eps=self.eps)
                v = normalize(matrix.T @ u, dim=0, eps=self.eps)
        _core.assign(held[0], u._array)
        _core.assign(held[1], v._array)
        mark_written(held)
        return u, v

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            u, v = self._iterate(matrix.detach(), self.n_power_iterations)
        else:
            u, v = self._u.copy(), self._v.copy()  # the next iteration writes to the buffers
        return weight / (u @ (matrix @ v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value

    def extra_repr(self) -> str:
        return f"n_power_iterations={self.n_power_iterations}, eps={self.eps:g}, dim={self.dim}"


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int = 0,
    *,
    generator: Generator | None = None,
) -> Module:
    """Divide a weight by its largest singular value, so that as a linear map it lengthens no vector.

    Parameters
    ----------
    module : Module
        Whose parameter it is.
    name : str
        The parameter. Where it has more than two axes, it is seen as a matrix (`dim`, all others).
    n_power_iterations : int
        Steps of power iteration at each use in training mode, at least 1. In evaluation mode there are none.
    eps : float
        Shorter vectors are divided by this instead of by their length.
    dim : int
        The axis that becomes the matrix's rows: that of the outputs.
    generator : Generator, optional
        Where the first vectors are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Module
        The module, of a subclass of its class: see `parametrize.register_parametrization`.

    Raises
    ------
    ValueError
        Where the module has no such parameter, it has no elements or no axes, or for an option out of range.
    AxisError
        For an axis that it does not have.
    TypeError
        For a parameter that is not floating, and for arguments of another kind.

    Notes
    -----
    With the vectors u and v of the power iteration, `u = W v / |W v|` and `v = W^T u / |W^T u|`, the singular value is
    `u^T W v`; gradients take u and v for constants. They are the buffers `parametrizations.weight.0._u` and `._v`. A
    new layer starts with 15 steps. A weight that is a vector is divided by its length, without buffers. In a
    `checkpoint` the vectors move once.

    What PyTorch's older function saved under `weight_orig`, `weight_u` and `weight_v` loads under
    `parametrizations.weight.original`, `parametrizations.weight.0._u` and `parametrizations.weight.0._v`.

    References
    ----------
    T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, Spectral Normalization for Generative Adversarial Networks, ICLR 2018.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(3, 2))
    >>> list(layer.state_dict())[1:]
    ['parametrizations.weight.original', 'parametrizations.weight.0._u', 'parametrizations.weight.0._v']
    """
    op = "spectral_norm"
    value = _parameter(op, module, name)
    n_power_iterations = arguments.integer(op, "n_power_iterations", n_power_iterations, at_least=1)
    eps = arguments.number(op, "eps", eps)
    if not 0 <= eps < float("inf"):
        raise ValueError(f"{op}: eps is {eps}, but must be finite and at least 0")
    if not value.ndim or not value.size:
        raise ValueError(f"{op}: {name} has shape {value.shape}, but needs an axis and elements")
    axis = _axis(op, dim, value)
    source = random.source(op, generator)
    return register_parametrization(module, name, SpectralNorm(value, n_power_iterations, eps, axis, source))


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make a weight that `spectral_norm` parametrized an ordinary parameter again, with the value that it has.

    Parameters
    ----------
    module : Module
    name : str
        The parameter.

    Returns
    -------
    Module
        The module.

    Raises
    ------
    ValueError
        Where there is no such weight.
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> from tilewright import nn
    >>> nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(3, 2)))
    Linear(in_features=3, out_features=2, bias=True)
    """
    return _remove("remove_spectral_norm", SpectralNorm, module, name)
