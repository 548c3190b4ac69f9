"""Functions of the user's on slices and elements, and elements chosen by conditions."""

from __future__ import annotations

import functools
import itertools
import re

from .._engine.arguments import array, entries, flag, function, refuse, shown
from .._engine.dtypes import as_dtype, bool_, promote_types
from .._engine.op import is_number
from .._engine.tensor import Tensor
from .creation import zeros, zeros_like
from .indexing import nonzero, where
from .logical import logical_not, logical_or
from .manipulation import _axis, astype, broadcast_to, moveaxis, ravel, reshape, stack
from .repeating import broadcast_shapes
from .searching import exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["apply_along_axis", "piecewise", "select", "vectorize"]


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """Elements of the first array whose condition holds; the gradient goes to where each came from.

    Parameters
    ----------
    condlist : sequence of array-like of bool
        The conditions, the first counts first.
    choicelist : sequence of array-like or number
        An array for each. All broadcast together; dtypes are promoted.
    default : array-like or number
        Where no condition holds.

    Returns
    -------
    Tensor
        The broadcast shape, the promoted dtype.

    Raises
    ------
    ValueError
        Where there is no condition, the lists differ in length, or the shapes do not broadcast.
    TypeError
        Where a condition is not bool.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([0, 1, 2, 3])
    >>> tw.select([x < 1, x > 2], [x, x * 10], -1)
    tensor([ 0, -1, -1, 30])
    """
    conditions = entries("select", "condlist", condlist, "a sequence of arrays of bool")
    choices = entries("select", "choicelist", choicelist, "a sequence of arrays")
    if len(conditions) != len(choices) or not conditions:
        raise ValueError(
            f"select: {len(conditions)} conditions and {len(choices)} choices are given, but must be as many, and some"
        )
    beside = next((x for x in (*conditions, *choices, default) if isinstance(x, Tensor)), None)
    result = default if is_number(default) else array("select", "default", default, beside)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        mask = array("select", "a condition", condition, beside)
        if mask.dtype != bool_:
            raise TypeError(f"select: a condition has dtype {mask.dtype.name}, but must be bool")
        result = where(mask, choice if is_number(choice) else array("select", "a choice", choice, beside), result)
    return result


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Tensor:
    """A function that is defined piece by piece: each is called with the elements where its condition holds.

    Gradients flow through the pieces.

    Parameters
    ----------
    x : array-like
        Any shape.
    condlist : sequence of array-like of bool, or one of them
        Shape of `x` each. Where several hold, the last counts.
    funclist : sequence of callable or number
        One for each condition, and one more for where none holds, 0 without it. A callable gets a 1-D array.
    *args, **kw
        Passed on to the callables.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Raises
    ------
    ValueError
        Where there are neither as many functions as conditions nor one more, or a condition has another shape.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([-2.0, 0.5, 3.0])
    >>> tw.piecewise(x, [x < 0, x > 1], [lambda v: -v, 1.0, tw.square])
    tensor([2.  , 0.25, 1.  ])
    """
    x = array("piecewise", "x", x)
    masks = _conditions(x, condlist)
    functions = entries("piecewise", "funclist", funclist, "a sequence of functions")
    anywhere = zeros_like(x, dtype=bool_)
    for mask in masks:
        anywhere = logical_or(anywhere, mask)
    if len(functions) == len(masks) + 1:
        masks.append(logical_not(anywhere))
    if len(functions) != len(masks):
        raise ValueError(
            f"piecewise: {len(functions)} functions are given with {len(masks)} conditions, "
            "but must be as many or one more"
        )
    flat = ravel(x)
    # Zeros that know x, so that there is a gradient where no piece is called.
    zeros = zeros_like(flat)
    result = where(zeros_like(flat, dtype=bool_), flat, zeros)
    for mask, piece in zip(masks, functions, strict=True):
        places = nonzero(ravel(mask))[0]
        if not callable(piece):
            result[places] = astype(exact("piecewise", "a number", piece), x.dtype).to(x.device)
        elif places.size:
            result[places] = piece(flat[places], *args, **kw)
    return reshape(result, x.shape)


def _conditions(x: Tensor, condlist: Any) -> list[Tensor]:
    """The conditions of `piecewise`; one alone may stand for a list of one."""
    single = isinstance(condlist, bool) or (isinstance(condlist, (list, tuple)) and _holds_bools(condlist) and x.ndim)
    if single or (getattr(condlist, "ndim", None) == x.ndim and not isinstance(condlist, (list, tuple))):
        condlist = [condlist]
    masks = []
    for condition in entries("piecewise", "condlist", condlist, "a sequence of arrays of bool"):
        mask = astype(array("piecewise", "a condition", condition, beside=x), bool_)
        if mask.shape != x.shape:
            raise ValueError(f"piecewise: a condition has shape {mask.shape}, but x has {x.shape}")
        masks.append(mask)
    return masks


def _holds_bools(values: Any) -> bool:
    return bool(values) and all(isinstance(value, bool) for value in values)


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Call a function with each 1-D slice along an axis; gradients flow through it.

    A function of whole arrays with an `axis` of its own is faster: this calls as often as there are slices.

    Parameters
    ----------
    func1d : callable
        Gets a slice (n,), gives a number or an array, of one shape for all slices.
    axis : int
        The axis that slices lie along.
    arr : array-like
        At least 1-D.
    *args, **kwargs
        Passed on to the function.

    Returns
    -------
    Tensor
        Shape of `arr`, with the axes of what the function gives in place of `axis`.

    Raises
    ------
    AxisError
        Where `axis` is not one of `arr`.
    ValueError
        Where there is no slice, or results differ in shape.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.apply_along_axis(lambda v: v[0] + v[-1], 1, [[1, 2, 3], [4, 5, 6]])
    tensor([ 4, 10])
    """
    function("apply_along_axis", "func1d", func1d)
    x = array("apply_along_axis", "arr", arr)
    axis = _axis("apply_along_axis", axis, x.ndim)
    moved = moveaxis(x, axis, -1)
    outer = moved.shape[:-1]
    if not all(outer):
        raise ValueError(f"apply_along_axis: arr has shape {x.shape}, which has no slice along axis {axis}")
    results = [
        array("apply_along_axis", "what func1d gives", func1d(moved[place], *args, **kwargs))
        for place in itertools.product(*map(range, outer))
    ]
    inner = results[0].shape
    y = reshape(stack(results), (*outer, *inner))
    for k in range(len(inner)):  # the new axes go where the old one was
        y = moveaxis(y, len(outer) + k, axis + k)
    return y


class vectorize:
    """A function of numbers as one of arrays, which broadcast together: it is called with every element.

    This is for convenience, not for speed: it is a loop in Python. Elements come as Python's numbers, or as tensors
    without axes where a gradient is wanted, which then flows through the function.

    Parameters
    ----------
    pyfunc : callable
        Gets a number for each array, gives a number or a tuple of them.
    otypes : str or sequence of dtype-like, optional
        dtypes of the results; by default those of what the first call gives.
    doc : str, optional
        Docstring; by default that of the function.
    excluded : collection of int or str, optional
        Positions and names of arguments that are passed on as they are.
    cache : bool
        Whether the first call, which tells the dtypes, is used for the first element, too. It is in any case.
    signature : str, optional
        For a function of slices: the names of the axes that it gets and gives, "(m,n),(n)->(m)". The axes in front
        broadcast together.

    Examples
    --------
    >>> import tilewright as tw
    >>> larger = tw.vectorize(lambda a, b: a if a > b else b)
    >>> larger([[1], [5]], [2, 3])
    tensor([[2, 3],
            [5, 5]])
    >>> spread = tw.vectorize(lambda v: tw.max(v) - tw.min(v), signature="(n)->()")
    >>> spread([[1.0, 4.0, 2.0], [5.0, 5.0, 5.0]])
    tensor([3., 0.])
    """

    def __init__(
        self,
        pyfunc: Any,
        otypes: Any = None,
        doc: str | None = None,
        excluded: Any = None,
        cache: bool = False,
        signature: str | None = None,
    ) -> None:
        self.pyfunc = function("vectorize", "pyfunc", pyfunc)
        flag("vectorize", "cache", cache)
        self.signature = None if signature is None else _cores(signature)
        if not isinstance(otypes, str):
            otypes = () if otypes is None else entries("vectorize", "otypes", otypes, "dtypes")
        self.otypes = [as_dtype(name) for name in otypes]
        self.excluded = set(
            () if excluded is None else excluded if isinstance(excluded, (set, frozenset)) else _listed(excluded)
        )
        self.__doc__ = getattr(pyfunc, "__doc__", None) if doc is None else doc

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Results of the broadcast shape: a tensor, or a tuple of them."""
        chosen = [k for k in range(len(args)) if k not in self.excluded]
        named = [name for name in kwargs if name not in self.excluded]
        given = [(str(k), args[k]) for k in chosen] + [(name, kwargs[name]) for name in named]
        arrays = [array("vectorize", f"argument {name}", value) for name, value in given]
        if not arrays:
            return self.pyfunc(*args, **kwargs)
        if self.signature is not None:
            return self._of_slices(args, kwargs, chosen, named, arrays)
        shape = common_shape("vectorize", arrays)
        recorded = any(x.requires_grad for x in arrays)
        flat = [ravel(broadcast_to(x, shape)) for x in arrays]
        results, single = [], True
        for elements in zip(*(flat if recorded else [x.tolist() for x in flat]), strict=True):
            positional = list(args)
            for k, element in zip(chosen, elements, strict=False):
                positional[k] = element
            by_name = kwargs | dict(zip(named, elements[len(chosen) :], strict=True))
            result = self.pyfunc(*positional, **by_name)
            single = not isinstance(result, tuple)
            results.append((result,) if single else result)
        if not results:
            if not self.otypes:
                raise ValueError("vectorize: there is no element to call the function with; otypes says what it gives")
            single = len(self.otypes) == 1
        columns = list(zip(*results, strict=True)) if results else [()] * len(self.otypes)
        made = tuple([self._joined(k, column, shape, arrays) for k, column in enumerate(columns)])
        return made[0] if single else made

    def _of_slices(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], chosen: list[int], named: list[str], arrays: list[Tensor]
    ) -> Any:
        """As `__call__`, of a function with a signature."""
        inner, outer = self.signature or ((), ())
        if len(arrays) != len(inner):
            raise TypeError(f"vectorize: the signature has {len(inner)} arguments, but {len(arrays)} are given")
        sizes: dict[str, int] = {}
        for k, (x, core) in enumerate(zip(arrays, inner, strict=True)):
            if x.ndim < len(core):
                raise ValueError(
                    f"vectorize: argument {k} has shape {x.shape}, but the signature names {len(core)} axes"
                )
            _take_sizes(f"argument {k}", sizes, core, x.shape[x.ndim - len(core) :])
        loops = [x.shape[: x.ndim - len(core)] for x, core in zip(arrays, inner, strict=True)]
        loop = broadcast_shapes(*loops)
        arrays = [broadcast_to(x, loop + x.shape[x.ndim - len(core) :]) for x, core in zip(arrays, inner, strict=True)]
        columns: list[list[Tensor]] = [[] for _ in outer]
        for place in itertools.product(*map(range, loop)):
            positional, by_name = list(args), dict(kwargs)
            slices = [x[place] for x in arrays]
            for k, part in zip(chosen, slices, strict=False):
                positional[k] = part
            by_name |= dict(zip(named, slices[len(chosen) :], strict=True))
            results = self.pyfunc(*positional, **by_name)
            results = results if isinstance(results, tuple) else (results,)
            if len(results) != len(outer):
                raise ValueError(f"vectorize: pyfunc gives {len(results)} results, but the signature has {len(outer)}")
            for column, result, core in zip(columns, results, outer, strict=True):
                y = array("vectorize", "what pyfunc gives", result)
                _take_sizes("a result", sizes, core, y.shape)
                column.append(y)
        made = tuple([self._stacked(k, column, loop, outer[k], sizes) for k, column in enumerate(columns)])
        return made[0] if len(made) == 1 else made

    def _stacked(
        self, k: int, column: list[Tensor], loop: tuple[int, ...], core: tuple[str, ...], sizes: dict[str, int]
    ) -> Tensor:
        """The k-th results of all slices as one tensor."""
        if not column:
            if k >= len(self.otypes) or any(name not in sizes for name in core):
                raise ValueError("vectorize: there is no slice to call the function with, and otypes or sizes are open")
            return zeros((*loop, *[sizes[name] for name in core]), dtype=self.otypes[k])
        y = reshape(stack(column), (*loop, *column[0].shape))
        return astype(y, self.otypes[k], copy=False) if k < len(self.otypes) else y

    def _joined(self, k: int, column: tuple[Any, ...], shape: tuple[int, ...], arrays: list[Tensor]) -> Tensor:
        """The k-th results of all calls as one tensor."""
        dtype = self.otypes[k] if k < len(self.otypes) else _dtype_of(column[0], arrays)
        if any(isinstance(value, Tensor) for value in column):
            made = stack([array("vectorize", "what pyfunc gives", value) for value in column])
        else:
            made = exact("vectorize", "what pyfunc gives", list(column))
        return astype(reshape(made, shape), dtype, copy=False).to(arrays[0].device)


def _cores(signature: Any) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """The names of the axes of all arguments and of all results."""
    term = r"\((?:\w+(?:,\w+)*)?\)"
    if not isinstance(signature, str):
        refuse("vectorize", "signature", signature, 'a str such as "(m,n),(n)->(m)"')
    text = "".join(signature.split())
    if not re.fullmatch(rf"{term}(,{term})*->{term}(,{term})*", text):
        raise ValueError(f'vectorize: signature is {shown(signature)}, but must be such as "(m,n),(n)->(m)"')
    left, right = ([tuple(re.findall(r"\w+", t)) for t in re.findall(term, side)] for side in text.split("->"))
    return tuple(left), tuple(right)


def _take_sizes(what: str, sizes: dict[str, int], core: tuple[str, ...], lengths: tuple[int, ...]) -> None:
    """Enter the lengths of named axes, or compare with those that are known."""
    if len(core) != len(lengths):
        raise ValueError(f"vectorize: {what} has shape {lengths}, but the signature names {len(core)} axes")
    for name, length in zip(core, lengths, strict=True):
        if sizes.setdefault(name, length) != length:
            raise ValueError(f"vectorize: axis {name} of {what} has length {length}, but {sizes[name]} elsewhere")


def _dtype_of(value: Any, arrays: list[Tensor]) -> Any:
    """Of a result: a number of Python's is as wide as the arrays that it comes from."""
    dtype = array("vectorize", "what pyfunc gives", value).dtype
    wide = [x.dtype for x in arrays if x.dtype.is_inexact]
    if not wide or not dtype.is_inexact or not is_number(value):
        return dtype
    common = functools.reduce(promote_types, wide)
    if dtype.is_complex:
        return promote_types(common, "complex64")
    return {"complex64": as_dtype("float32"), "complex128": as_dtype("float64")}.get(common.name, common)


def _listed(excluded: Any) -> list[Any]:
    return entries("vectorize", "excluded", excluded, "a collection of positions and names")


def common_shape(op: str, arrays: list[Tensor]) -> tuple[int, ...]:
    """The shape that arrays broadcast to."""
    shape: list[int] = [1] * max([x.ndim for x in arrays])
    for x in arrays:
        for k, extent in enumerate(x.shape, len(shape) - x.ndim):
            if 1 not in (shape[k], extent) and shape[k] != extent:
                raise ValueError(f"{op}: shapes {[y.shape for y in arrays]} do not broadcast")
            shape[k] = extent if shape[k] == 1 else shape[k]
    return tuple(shape)
