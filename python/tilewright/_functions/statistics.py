"""Averages and variances over axes."""

from __future__ import annotations

from .. import _core
from .._engine.arguments import array, arrays, flag, integer, number
from .._engine.dtypes import float64, promote_types
from .._engine.op import primitive
from .._engine.tensor import Tensor
from .arithmetic import abs, sqrt, square, subtract
from .comparison import equal
from .complex import conj, real
from .creation import arange, full_like
from .extrema import clip, maximum
from .indexing import where
from .linalg import matmul
from .manipulation import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    matrix_transpose,
    permute_dims,
    reshape,
    squeeze,
)
from .reductions import EMPTY, PLAIN_AXES, Axis, any, checked, max, min, ordered, reduction, sum, with_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["average", "corrcoef", "cov", "mean", "ptp", "std", "var"]

CORRECTION = "    correction : float\n        Subtracted from the count; 1 for the sample's unbiased estimate.\n"


@primitive
def _mean(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `mean`."""


@reduction("Integers and bool give float32; NaN where there is nothing to average.")
def mean(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Arithmetic mean over axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.mean([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([2., 3.])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("mean", axis, keepdims)
    return _mean(x, axis, keepdims)


@reduction("Integers and bool give float32.", CORRECTION)
def var(x: Any, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Variance over axes, `sum(|x - mean|^2) / (count - correction)`, in two passes; real for complex `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.var([1.0, 2.0, 3.0, 4.0])
    tensor(1.25)
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("var", axis, keepdims)
    correction = number("var", "correction", correction)
    x = with_axes("var", x, axis)
    if not x.dtype.is_inexact:  # float32 does not tell large integers apart
        default = _core.default_float(x)
        return astype(var(astype(x, float64), axis=axis, correction=correction, keepdims=keepdims), default)
    deviation = subtract(x, mean(x, axis=axis, keepdims=True))
    squares = sum(square(abs(deviation) if x.dtype.is_complex else deviation), axis=axis, keepdims=keepdims)
    count = x.size // squares.size if squares.size else 0
    return squares / (count - correction) if count - correction > 0 else squares * float("nan")


@reduction("Integers and bool give float32.", CORRECTION)
def std(x: Any, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Standard deviation over axes, the root of `var`; its gradient where nothing varies is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.std([1.0, 3.0])
    tensor(1.)
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("std", axis, keepdims)
    correction = number("std", "correction", correction)
    return root_of_variance(var(with_axes("std", x, axis), axis=axis, correction=correction, keepdims=keepdims))


def root_of_variance(variance: Tensor) -> Tensor:
    """The standard deviation, whose gradient where nothing varies is 0."""
    if not variance.requires_grad:
        return sqrt(variance)
    constant = equal(variance.detach(), 0)  # the root's own derivative is infinite there
    return where(constant, 0.0, sqrt(where(constant, 1.0, variance)))


@reduction("The dtype of `a`.", raises=EMPTY)
def ptp(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Largest element over axes less the smallest.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.ptp([[1.0, 5.0], [3.0, 4.0]], axis=1)
    tensor([4., 1.])
    """
    axis, keepdims = checked("ptp", axis, keepdims)
    a = ordered("ptp", with_axes("ptp", array("ptp", "a", a), axis))
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


ptp.__doc__ = (ptp.__doc__ or "").replace("    x : ", "    a : ").replace("`x`", "`a`")


def average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """Weighted mean over axes, `sum(a * weights) / sum(weights)`.

    Parameters
    ----------
    a : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to reduce; all by default.
    weights : array-like, optional
        Shape of `a`, or lengths of the axes in the order that they are named in. All 1 by default.
    returned : bool
        Give the sums of the weights, too.
    keepdims : bool
        Keep the reduced axes with length 1.

    Returns
    -------
    Tensor, or tuple of two
        Shape of `a` without the reduced axes; with `returned` also the sum of the weights, of the same shape. Integers
        and bool give float32.

    Raises
    ------
    AxisError
        Where an axis is not one of `a`.
    TypeError
        Where the weights have another shape than `a` and no axis is named.
    ValueError
        Where their shape is not that of the axes.
    ZeroDivisionError
        Where weights add up to zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.average([1.0, 2.0, 4.0], weights=[3, 1, 0])
    tensor(1.25)
    """
    axis, keepdims = checked("average", axis, keepdims)
    a, returned = with_axes("average", array("average", "a", a), axis), flag("average", "returned", returned)
    if weights is None:
        y = mean(a, axis=axis, keepdims=keepdims)
        return (y, full_like(y, a.size / y.size if y.size else 0)) if returned else y
    w = array("average", "weights", weights, beside=a)
    if w.shape != a.shape:
        if axis is None:
            raise TypeError(f"average: weights have shape {w.shape}, but a {a.shape}; name the axis")
        axes = [k % a.ndim for k in ((axis,) if isinstance(axis, int) else axis)]
        if w.shape != tuple([a.shape[k] for k in axes]):
            raise ValueError(f"average: weights have shape {w.shape}, but axis {axis} of a {a.shape} has another")
        order = sorted(range(len(axes)), key=axes.__getitem__)
        w = reshape(permute_dims(w, tuple(order)), tuple([a.shape[k] if k in axes else 1 for k in range(a.ndim)]))
    total = sum(broadcast_to(w, a.shape), axis=axis, keepdims=keepdims)
    if bool(any(equal(total.detach(), 0))):
        raise ZeroDivisionError("average: weights add up to zero")
    y = sum(a * w, axis=axis, keepdims=keepdims) / total
    return (y, astype(total, y.dtype, copy=False)) if returned else y


def _variables(op: str, m: Any, y: Any, rowvar: bool) -> Tensor:
    """The observations of each variable in a row, floating."""
    rows = []
    given = {"m" if op == "cov" else "x": m} | ({} if y is None else {"y": y})
    for name, x in zip(given, arrays(op, **given), strict=True):
        if x.ndim > 2:
            raise ValueError(f"{op}: {name} has shape {x.shape}, but at most two axes have a meaning")
        x = reshape(x, (1, -1)) if x.ndim < 2 else x if rowvar or (x.shape[0] == 1 and name != "y") else permute_dims(x)
        default = _core.default_float(x)
        rows.append(astype(x, promote_types(x.dtype, default) if x.dtype.is_inexact else default, copy=False))
    return rows[0] if len(rows) == 1 else concatenate(rows)


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Tensor:
    """Covariances of variables, `sum((x_i - mean_i) conj(x_j - mean_j)) / (count - ddof)`.

    Parameters
    ----------
    m : array-like
        At most two axes: a variable in each row, an observation in each column.
    y : array-like, optional
        Further variables.
    rowvar : bool
        False where each column is a variable.
    bias : bool
        Divide by the count, not by one less.
    ddof : int, optional
        Subtracted from the count, in place of what `bias` says.
    fweights : array-like, optional
        How often each observation was made: integers, 1-D.
    aweights : array-like, optional
        How much each observation counts, 1-D.

    Returns
    -------
    Tensor
        Shape (variables, variables), () for one. Integers and bool give float32. NaN and
        infinities where nothing is left to divide by.

    Raises
    ------
    ValueError
        For more than two axes, and for weights that are negative or not one for each observation.
    TypeError
        Where `fweights` are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cov([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    rowvar, bias = flag("cov", "rowvar", rowvar), flag("cov", "bias", bias)
    ddof = int(not bias) if ddof is None else integer("cov", "ddof", ddof)
    x = _variables("cov", m, y, rowvar)
    count: int = x.shape[1]
    w: Any = None
    freedom: Any
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is not None:
            given = array("cov", name, given, beside=x)
            if name == "fweights" and not given.dtype.is_integer:
                raise TypeError(f"cov: fweights have dtype {given.dtype.name}, but must be integers")
            if given.shape != (count,):
                raise ValueError(f"cov: {name} have shape {given.shape}, but there are {count} observations")
            if bool(any(given.detach() < 0)):
                raise ValueError(f"cov: {name} must not be negative")
            given = astype(given, x.dtype, copy=False)
            w = given if w is None else w * given
    if w is None:
        centred = x - mean(x, axis=1, keepdims=True)
        weighted, freedom = centred, count - ddof
    else:
        total = sum(w)
        centred = x - sum(x * w, axis=1, keepdims=True) / total
        weighted = centred * w
        freedom = (
            total - ddof
            if aweights is None or not ddof
            else total - ddof * sum(w * astype(array("cov", "aweights", aweights, beside=x), x.dtype)) / total
        )
    products = matmul(weighted, matrix_transpose(conj(centred)))
    freedom = maximum(real(freedom), 0) if isinstance(freedom, Tensor) else float(freedom if freedom > 0 else 0)
    return squeeze(products / freedom)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Tensor:
    """Correlations of variables: their covariances over their standard deviations.

    Parameters
    ----------
    x : array-like
        At most two axes: a variable in each row, an observation in each column.
    y : array-like, optional
        Further variables.
    rowvar : bool
        False where each column is a variable.

    Returns
    -------
    Tensor
        Shape (variables, variables), () for one, within -1 and 1. Integers and bool give float32. NaN where a variable
        does not vary.

    Raises
    ------
    ValueError
        For more than two axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.corrcoef([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(_variables("corrcoef", x, y, flag("corrcoef", "rowvar", rowvar)))
    if not c.ndim:
        return c / c
    at = arange(c.shape[0], device=c.device)
    spread = sqrt(real(c[at, at]))
    c = c / expand_dims(spread, axis=1) / spread
    return c if c.dtype.is_complex else clip(c, -1, 1)
