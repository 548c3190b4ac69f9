"""The functions of tilewright that NumPy has, under NumPy's names; and the few whose meaning differs."""

from __future__ import annotations

import math
from typing import Any

from .._engine.arguments import flag, integer, option
from .._engine.dtypes import bool_, promote_types
from .._engine.tensor import Tensor, asarray as _asarray, from_dlpack as _from_dlpack
from .._functions import (
    arithmetic,
    bitwise,
    comparison,
    complex as complex_numbers,
    creation,
    data_types,
    diagonals,
    einsum as einsums,
    exponential,
    extrema,
    grids,
    indexing,
    joining,
    linalg,
    logical,
    manipulation,
    padding,
    products,
    reductions,
    repeating,
    rounding,
    scans,
    signs,
    sorting,
    triangular,
    trigonometric,
)
from .._functions.aliases import ALIASES
from ._layout import LAYOUT
from ._parts import PARTS
from ._placing import PLACING
from ._polynomials import POLYNOMIALS
from ._reductions import REDUCTIONS
from ._rules import adapted, elementwise, same, shortcut, under_numpy_rules, written
from ._searching import SEARCHING
from ._statistics import STATISTICS
from ._ufuncs import with_methods
from ._windows import WINDOWS

# What NumPy does not have, or what is declared below.
_NOT_ELEMENTWISE = {"rsqrt", "erf", "clip", "round", "reciprocal", "divmod"}


def _elementwise_functions() -> dict[str, Any]:
    families = (arithmetic, bitwise, comparison, exponential, extrema, logical, rounding, signs, trigonometric)
    found = {name: getattr(family, name) for family in families for name in family.__all__}
    found["conj"] = complex_numbers.conj
    return {
        name: with_methods(
            name, elementwise(name, function), getattr(function, "__wrapped__", function).__code__.co_posonlyargcount
        )
        for name, function in found.items()
        if name not in _NOT_ELEMENTWISE
    }


_FLOAT = "float64"
_REDUCTION = "a=x axis -out keepdims"

# NumPy's parameters: see `adapted`.
_ADAPTED: dict[str, tuple[Any, str] | tuple[Any, str, dict[str, Any]]] = {
    # creation
    "empty": (creation.empty, "shape dtype +order", {"dtype": _FLOAT}),
    "zeros": (creation.zeros, "shape dtype +order", {"dtype": _FLOAT}),
    "ones": (creation.ones, "shape dtype +order", {"dtype": _FLOAT}),
    "full": (creation.full, "shape fill_value dtype +order"),
    "empty_like": (creation.empty_like, "prototype=x dtype +order"),
    "zeros_like": (creation.zeros_like, "a=x dtype +order"),
    "ones_like": (creation.ones_like, "a=x dtype +order"),
    "full_like": (creation.full_like, "a=x fill_value dtype +order"),
    "eye": (creation.eye, "N=n_rows M=n_cols k dtype +order", {"M": None, "dtype": _FLOAT}),
    "identity": (creation.eye, "n=n_rows dtype", {"dtype": _FLOAT}),
    "arange": (creation.arange, "start stop step dtype", {"stop": None, "step": 1}),
    "from_dlpack": (_from_dlpack, "x device copy"),
    "tri": (triangular.tri, "N=n_rows M=n_cols k dtype", {"M": None, "dtype": _FLOAT}),
    # shape
    "permute_dims": (manipulation.permute_dims, "a=x axes"),
    "matrix_transpose": (manipulation.matrix_transpose, "x"),
    "swapaxes": (manipulation.swapaxes, "a=x axis1 axis2"),
    "moveaxis": (manipulation.moveaxis, "a=x source destination"),
    "squeeze": (manipulation.squeeze, "a=x axis"),
    "expand_dims": (manipulation.expand_dims, "a=x axis"),
    "broadcast_to": (manipulation.broadcast_to, "array=x shape"),
    "flip": (manipulation.flip, "m=x axis"),
    "astype": (manipulation.astype, "x dtype copy"),
    "concatenate": (manipulation.concatenate, "arrays axis -out"),
    "stack": (manipulation.stack, "arrays axis -out"),
    "pad": (padding.pad, "array=x pad_width mode constant_values", {"mode": "constant"}),
    "split": (manipulation.split, "ary=x indices_or_sections=sections axis"),
    "unstack": (joining.unstack, "x axis"),
    "repeat": (repeating.repeat, "a=x repeats axis"),
    "roll": (repeating.roll, "a=x shift axis"),
    "tile": (repeating.tile, "A=x reps=repetitions"),
    # parts
    "take": (indexing.take, "a=x indices axis -out"),
    "take_along_axis": (indexing.take_along_axis, "arr=x indices axis"),
    "nonzero": (indexing.nonzero, "a=x"),
    "tril": (triangular.tril, "m=x k"),
    "triu": (triangular.triu, "m=x k"),
    "tril_indices": (triangular.tril_indices, "n k m"),
    "triu_indices": (triangular.triu_indices, "n k m"),
    "diag_indices": (triangular.diag_indices, "n ndim"),
    "real": (complex_numbers.real, "val=x"),
    "imag": (complex_numbers.imag, "val=x"),
    # reductions
    "argmax": (reductions.argmax, _REDUCTION),
    "argmin": (reductions.argmin, _REDUCTION),
    # scans
    "cumsum": (scans.cumsum, "a=x axis dtype -out"),
    "cumprod": (scans.cumprod, "a=x axis dtype -out"),
    "cumulative_sum": (scans.cumulative_sum, "x axis dtype -out include_initial"),
    "cumulative_prod": (scans.cumulative_prod, "x axis dtype -out include_initial"),
    "divmod": (arithmetic.divmod, "x1 x2 -out"),
    "promote_types": (promote_types, "type1=a type2=b"),
    "can_cast": (data_types.can_cast, "from_ to -casting"),
    # products
    "matmul": (linalg.matmul, "x1 x2 -out dtype"),
    "matvec": (products.matvec, "x1 x2 -out"),
    "vecmat": (products.vecmat, "x1 x2 -out"),
    "vecdot": (products.vecdot, "x1 x2 -out axis"),
    "dot": (products.dot, "a=x1 b=x2 -out"),
    "vdot": (products.vdot, "a=x1 b=x2"),
    "inner": (products.inner, "a=x1 b=x2"),
    "outer": (products.outer, "a=x1 b=x2 -out"),
    "kron": (products.kron, "a=x1 b=x2"),
    "tensordot": (products.tensordot, "a=x1 b=x2 axes"),
}


# Families whose functions have NumPy's arguments, but for those above.
_SHARED = (diagonals, grids, joining, repeating)
_NOT_SHARED = {*_ADAPTED, "mgrid", "ogrid"}


def _shared_functions() -> dict[str, Any]:
    names = {name: family for family in _SHARED for name in family.__all__ if name not in _NOT_SHARED}
    return {name: same(getattr(family, name)) for name, family in names.items()}


def _adapted_functions() -> dict[str, Any]:
    return {
        name: adapted(name, function, parameters, **(defaults[0] if defaults else {}))
        for name, (function, parameters, *defaults) in _ADAPTED.items()
    }


@under_numpy_rules
def angle(z: Any, deg: bool = False) -> Any:
    """Angle of complex numbers with the positive real axis.

    Parameters
    ----------
    z : array-like
        Any shape; of real numbers the angle is 0, or pi below 0.
    deg : bool
        Degrees in place of radians.

    Returns
    -------
    ndarray
        Shape of `z`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.angle([1j, -1.0], deg=True)
    array([ 90., 180.])
    """
    radians = complex_numbers.angle(z)
    return radians * (180 / math.pi) if flag("angle", "deg", deg) else radians


@under_numpy_rules
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Limit the elements to an interval.

    Parameters
    ----------
    a : array-like
        Any shape.
    a_min, a_max : array-like or number, optional
        Bounds that broadcast with `a`; None leaves that side open.
    out : ndarray, optional
        What the result is written to.
    min, max : array-like or number, optional
        Other names of the bounds.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.clip([-1.0, 0.5, 3.0], 0, 1)
    array([0. , 0.5, 1. ])
    """
    y = extrema.clip(a, a_min if min is None else min, a_max if max is None else max)
    return y if out is None else written("clip", y, out)


@under_numpy_rules
def reciprocal(x: Any, /) -> Any:
    """One over x; of integers the quotient rounded towards zero, and 0 of 0.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    ndarray
        Shape and dtype of `x`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.reciprocal([2.0, -4.0])
    array([ 0.5 , -0.25])
    """
    x = _asarray(x)
    if x.dtype.is_inexact:
        return arithmetic.reciprocal(x)
    x = manipulation.astype(x, "int8") if x.dtype == bool_ else x
    return indexing.where(comparison.equal(arithmetic.abs(x), 1), x, 0)


@under_numpy_rules
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """Round to so many decimals; halves go to the even neighbour.

    Parameters
    ----------
    a : array-like
        Any shape.
    decimals : int
        Digits after the point, before it where negative.
    out : ndarray, optional
        What the result is written to.

    Returns
    -------
    ndarray
        Shape and dtype of `a`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.round([0.125, 2.5], 2)
    array([0.12, 2.5 ])
    """
    y = _rounded(_asarray(a), integer("round", "decimals", decimals, at_least=-400, at_most=400))
    return y if out is None else written("round", y, out)


def _rounded(x: Any, decimals: int) -> Any:
    if x.dtype == bool_:
        x = manipulation.astype(x, "float16")
    if decimals == 0 or (decimals > 0 and not x.dtype.is_inexact):
        return rounding.round(x) if x.dtype.is_inexact else manipulation.copy(x)
    scale = 10.0 ** min(abs(decimals), 308)
    if decimals > 0:
        return rounding.round(x * scale) / scale
    return manipulation.astype(rounding.round(x / scale) * scale, x.dtype)


@under_numpy_rules
def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """Elements of `x` where the condition holds, of `y` elsewhere; with the condition alone, where it holds.

    Parameters
    ----------
    condition : array-like
        Broadcasts with `x` and `y`; what is not 0 counts as true.
    x, y : array-like or number, optional
        What to choose from; both or neither.

    Returns
    -------
    ndarray, or tuple of ndarray
        The broadcast shape, the promoted dtype; of a condition alone what `nonzero` gives.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.where([True, False], [1.0, 2.0], 0)
    array([1., 0.])
    >>> np.where([0, 3, 0, 4])
    (array([1, 3]),)
    """
    if (x is None) != (y is None):
        raise ValueError("where: either both or neither of x and y should be given")
    if x is None:
        return indexing.nonzero(condition)
    if not isinstance(condition, Tensor) or condition.dtype is not bool_:
        condition = _asarray(condition, "bool")
    return indexing.where(condition, x, y)


def _to_sort(op: str, a: Any, axis: Any, kind: Any, order: Any, stable: Any) -> tuple[Any, Any]:
    """The array and the axis; NumPy's choices of an algorithm are all the same here."""
    if kind is not None:
        option(op, "kind", kind, ("quicksort", "heapsort", "mergesort", "stable"))
    if stable is not None:
        flag(op, "stable", stable)
    if order is not None:
        raise TypeError(f"{op}: order names fields of structured arrays, which there are none of")
    return (manipulation.ravel(a), 0) if axis is None else (a, axis)


@under_numpy_rules
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The elements in ascending order along an axis, NaN last.

    Parameters
    ----------
    a : array-like
        Any shape, real.
    axis : int, optional
        The axis to sort along; None sorts all elements as one row.
    kind, stable : optional
        Whatever they are, equals keep their order.
    order : None
        For structured arrays of NumPy's, which there are none of.

    Returns
    -------
    ndarray
        Shape of `a`, or 1-D.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.sort([3.0, 1.0, 2.0])
    array([1., 2., 3.])
    """
    a, axis = _to_sort("sort", a, axis, kind, order, stable)
    return sorting.sort(a, axis)


@under_numpy_rules
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The positions of the elements in ascending order along an axis, those of NaN last.

    Parameters
    ----------
    a : array-like
        Any shape, real.
    axis : int, optional
        The axis to sort along; None sorts all elements as one row.
    kind, stable : optional
        Whatever they are, equals keep their order.
    order : None
        For structured arrays of NumPy's, which there are none of.

    Returns
    -------
    ndarray
        int64, shape of `a`, or 1-D.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.argsort([3.0, 1.0, 2.0])
    array([1, 2, 0])
    """
    a, axis = _to_sort("argsort", a, axis, kind, order, stable)
    return sorting.argsort(a, axis)


@under_numpy_rules
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Cross product of vectors in three dimensions.

    Parameters
    ----------
    a, b : array-like
        Of length 3 along their axis; the other axes broadcast.
    axisa, axisb, axisc : int
        The axis of the vectors in `a`, in `b` and in the result.
    axis : int, optional
        All three of them.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    array([0., 0., 1.])
    """
    a, b = products.operands("cross", ("a", "b"), (a, b))
    if axis is not None:
        axisa = axisb = axisc = axis
    a = a if axisa == -1 else manipulation.moveaxis(a, axisa, -1)
    b = b if axisb == -1 else manipulation.moveaxis(b, axisb, -1)
    product = products.cross(a, b)
    return product if axisc == -1 else manipulation.moveaxis(product, -1, axisc)


@under_numpy_rules
def einsum(
    *operands: Any, out: Any = None, dtype: Any = None, order: Any = "K", casting: Any = "safe", optimize: Any = True
) -> Any:
    """Sums of products over named axes; see `tilewright.einsum`.

    Parameters
    ----------
    *operands
        Subscripts and arrays, or each array with a list of labels after it.
    dtype : dtype-like, optional
        Convert all to this first.
    optimize : bool, str or list
        The order of the products of more than two arrays.
    out : ndarray, optional
        What the result is written to.
    order, casting : optional
        Only NumPy's defaults.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.einsum("ij,j", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0])
    array([21., 43.])
    """
    if not (type(order) is type(casting) is str and order == "K" and casting == "safe"):
        option("einsum", "order", order, ["K"])
        option("einsum", "casting", casting, ["safe"])
    y = einsums.einsum(*operands, dtype=dtype, optimize=optimize)
    return y if out is None else written("einsum", y, out)


@under_numpy_rules
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """The order of products that `einsum` takes; see `tilewright.einsum_path`.

    Parameters
    ----------
    *operands
        As of `einsum`; only the shapes count.
    optimize : bool, str or list
        As of `einsum`.
    einsum_call : bool
        Only False.

    Returns
    -------
    path : list
        "einsum_path", then the positions of the operands that each step takes out; their product goes to the end.
    report : str
        What it costs.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.einsum_path("ij,jk,k->i", np.ones((9, 9)), np.ones((9, 9)), np.ones(9))[0]
    ['einsum_path', (1, 2), (0, 1)]
    """
    if flag("einsum_path", "einsum_call", einsum_call):
        raise TypeError("einsum_path: the argument einsum_call of NumPy's function is not there")
    return einsums.einsum_path(*operands, optimize=optimize)


FUNCTIONS: dict[str, Any] = {
    **_elementwise_functions(),
    **_adapted_functions(),
    **{
        f.__name__: f
        for f in (
            angle,
            argsort,
            clip,
            cross,
            einsum,
            einsum_path,
            reciprocal,
            round,
            sort,
            where,
        )
    },
    "result_type": elementwise("result_type", data_types.result_type),
    **LAYOUT,
    **REDUCTIONS,
    **STATISTICS,
    **POLYNOMIALS,
    **_shared_functions(),
    **PLACING,
    **SEARCHING,
    **PARTS,
    **WINDOWS,
}
_SHORT = ("arange", "array", "asarray", "empty", "ones", "ravel", "zeros")
FUNCTIONS |= {name: shortcut(FUNCTIONS[name]) for name in _SHORT}
FUNCTIONS |= {"row_stack": FUNCTIONS["vstack"], "around": FUNCTIONS["round"], "asanyarray": FUNCTIONS["asarray"]}
FUNCTIONS |= {alias: FUNCTIONS[function.__name__] for alias, function in ALIASES.items()}
for _function in FUNCTIONS.values():
    _function.__module__ = "tilewright.numpy"
