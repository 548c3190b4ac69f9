"""Dropout of elements and of whole channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ... import random
from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.dropout import dropout as dropout_op
from ..._functions.indexing import where
from ._docstrings import joined, sections

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...random import Generator

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


F = TypeVar("F", bound="Callable[..., Any]")

_PARAMETERS = """
input : array-like{shape}
    Floating.
p : float
    Probability, in [0, 1].
training : bool
    Where False, `input` is returned.
generator : Generator, optional
    Where the mask is drawn from; by default `tilewright.random.default_generator`."""

_RAISES = """
ValueError
    For `p` outside [0, 1]{axes}.
TypeError
    For{more} `p` that is no real number or a tensor that requires a gradient, and for a generator that is none."""

_ALPHA = """
Dropped elements become `-1.7581`, the limit of SELU for large negative arguments. Then all become `a x + b` with
`a = 1 / sqrt((1 - p) (1 + p 1.7581^2))` and `b = 1.7581 p a`, which keeps a mean of 0 and a variance of 1. With `p` 1
all are 0."""

_SRIVASTAVA = """
N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014."""

_TOMPSON = """
J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, Efficient Object Localization Using Convolutional Networks,
CVPR 2015."""

_KLAMBAUER = """
G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, Self-Normalizing Neural Networks, NeurIPS 2017."""


def _documented(reference: str, shape: str = "", axes: str = "", notes: str = "") -> Callable[[F], F]:
    """Completes a docstring: all sections but the examples, for inputs of this shape; `axes` are refused."""

    def complete(function: F) -> F:
        if function.__doc__ is None:  # python -OO
            return function
        own = sections(function.__doc__)
        own["Parameters"] = _PARAMETERS.format(shape=shape and f", shape {shape}")
        own["Returns"] = "Tensor\n    Shape of `input`."
        own["Raises"] = _RAISES.format(axes=axes and f", or {axes}", more=notes and " complex numbers,")
        own["Notes"], own["References"] = notes, reference
        function.__doc__ = joined(own)
        return function

    return complete


@_documented(_SRIVASTAVA)
def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Set elements to zero with probability `p` and scale the others by `1 / (1 - p)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.dropout(tw.ones(1000), 0.5)
    >>> sorted({value for value in y.tolist()})
    [0.0, 2.0]
    """
    if type(p) is not float or not 0 <= p <= 1:
        p = arguments.probability("dropout", "p", p)
    if training is not True and training is not False:
        training = arguments.flag("dropout", "training", training)
    source = random.default_generator if generator is None else random.source("dropout", generator)
    tensor = input if isinstance(input, Tensor) else arguments.array("dropout", "input", input)
    if not training or p == 0:
        return tensor
    return dropout_op(tensor, p, *source._take(tensor.size, 1))


@_documented(_TOMPSON, "(N, C, L) or (C, L)", "another number of axes")
def dropout1d(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Set whole channels to zero with probability `p` and scale the others by `1 / (1 - p)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.dropout1d(tw.ones((64, 8, 3)), 0.5)
    >>> sorted(set(y.sum(axis=2).ravel().tolist()))
    [0.0, 6.0]
    """
    return _drop_channels("dropout1d", input, 1, p, training, generator)


@_documented(_TOMPSON, "(N, C, H, W) or (N, C, L)", "another number of axes")
def dropout2d(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Set whole channels to zero with probability `p` and scale the others by `1 / (1 - p)`.

    Three axes are a batch of (C, L), as in PyTorch.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.dropout2d(tw.ones((64, 8, 1, 3)), 0.5)
    >>> sorted(set(y.sum(axis=(2, 3)).ravel().tolist()))
    [0.0, 6.0]
    """
    return _drop_channels("dropout2d", input, 2, p, training, generator)


@_documented(_TOMPSON, "(N, C, D, H, W) or (C, D, H, W)", "another number of axes")
def dropout3d(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Set whole channels to zero with probability `p` and scale the others by `1 / (1 - p)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.dropout3d(tw.ones((64, 8, 1, 1, 3)), 0.5)
    >>> sorted(set(y.sum(axis=(2, 3, 4)).ravel().tolist()))
    [0.0, 6.0]
    """
    return _drop_channels("dropout3d", input, 3, p, training, generator)


@_documented(_KLAMBAUER, notes=_ALPHA)
def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Dropout for SELU: elements become its negative limit with probability `p`; mean and variance stay.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.alpha_dropout(tw.random.Generator(0).normal(size=100_000), 0.3, True)
    >>> abs(y.mean().item()) < 0.02 and abs(y.std().item() - 1) < 0.02
    True
    """
    x = arguments.array("alpha_dropout", "input", input)
    return _alpha_drop("alpha_dropout", x, x.shape, p, training, generator)


@_documented(_KLAMBAUER, "(N, C, ..)", "fewer than two axes", _ALPHA)
def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Dropout for SELU of whole channels: they become its negative limit with probability `p`.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.feature_alpha_dropout(tw.zeros((2, 3, 4)), 0.5, True)
    >>> [len(set(channel)) for channel in y[0].tolist()]
    [1, 1, 1]
    """
    x = arguments.array("feature_alpha_dropout", "input", input)
    if x.ndim < 2:
        raise ValueError(f"feature_alpha_dropout: input has shape {x.shape}, but needs (N, C, ..)")
    return _alpha_drop("feature_alpha_dropout", x, _of_channels(x, 2), p, training, generator)


_LIMIT = -1.7580993408473766  # of SELU, towards minus infinity: - scale * alpha


def _of_channels(x: Tensor, leading: int) -> tuple[int, ...]:
    """The shape of a mask with one element for each channel, which is the last of the leading axes."""
    return (*x.shape[:leading], *(1,) * (x.ndim - leading))


def _kept(
    op: str, x: Tensor, shape: tuple[int, ...], p: Any, training: Any, generator: Any
) -> tuple[float, Tensor | None]:
    """`p`, and a mask of the shape that is broadcast to x: what is kept; None where all is."""
    p, training = arguments.probability(op, "p", p), arguments.flag(op, "training", training)
    source = random.source(op, generator)
    return p, source.bernoulli(1 - p, shape, device=x.device) if training and p else None


def _drop_channels(op: str, input: Any, axes: int, p: Any, training: Any, generator: Any) -> Tensor:
    x = arguments.array(op, "input", input)
    if x.ndim not in (axes + 1, axes + 2):
        raise ValueError(f"{op}: input has shape {x.shape}, but needs {axes + 1} or {axes + 2} axes")
    batched = x.ndim == axes + 2 or axes == 2
    p, kept = _kept(op, x, _of_channels(x, 1 + batched), p, training, generator)
    return x if kept is None else where(kept, x * (1 / (1 - p) if p < 1 else 0.0), 0.0)


def _alpha_drop(op: str, x: Tensor, shape: tuple[int, ...], p: Any, training: Any, generator: Any) -> Tensor:
    if x.dtype.is_complex:
        raise TypeError(f"{op}: input has dtype {x.dtype.name}, but must be of real numbers")
    p, kept = _kept(op, x, shape, p, training, generator)
    if kept is None:
        return x
    a = ((1 - p) * (1 + p * _LIMIT**2)) ** -0.5 if p < 1 else 0.0
    b = -p * a * _LIMIT
    return where(kept, x * a + b, a * _LIMIT + b)
