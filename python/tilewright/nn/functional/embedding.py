"""Classes and tokens as vectors."""

from __future__ import annotations

import math
from typing import Any

from ... import _core
from ..._engine import arguments
from ..._engine.arguments import array, integer
from ..._engine.dtypes import as_dtype, int64
from ..._engine.op import wrap
from ..._engine.tensor import Tensor
from ..._functions import reductions
from ..._functions.arithmetic import sqrt
from ..._functions.comparison import equal, greater, less, not_equal
from ..._functions.creation import arange, ones, zeros
from ..._functions.embedding import embedding as look_up, embedding_backward as add_rows
from ..._functions.extrema import maximum
from ..._functions.indexing import gather, scatter_add, setitem, take, take_along_axis, where
from ..._functions.logical import logical_and, logical_not, logical_or
from ..._functions.manipulation import astype, concatenate, expand_dims, reshape
from ..._functions.scans import cumulative_sum
from ...autograd import no_grad
from ._checks import not_negative, operand, positions_of, positive, refuse_where

__all__ = ["embedding", "embedding_bag", "one_hot"]

_MOST = (1 << 59) - 1  # elements of an array


def one_hot(input: Any, num_classes: int = -1, *, dtype: Any = int64) -> Tensor:
    """Classes as vectors of zeros with a one at the class.

    Parameters
    ----------
    input : array-like of int
        Classes, of any shape.
    num_classes : int
        How many there are; by default one more than the largest of `input`, which has to be read for it.
    dtype : dtype-like
        Of the result.

    Returns
    -------
    Tensor
        Shape of `input` and a further axis of `num_classes`.

    Raises
    ------
    IndexError
        Where a class is negative or not below `num_classes`.
    TypeError
        Where `input` are not integers.
    ValueError
        Where `num_classes` is neither -1 nor at least 1, or is left out and `input` is empty.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.one_hot([0, 2])
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    classes, wanted = array("one_hot", "input", input), as_dtype(dtype)
    if not classes.dtype.is_integer:
        raise TypeError(f"one_hot: input has dtype {classes.dtype.name}, but must be integers")
    count = integer("one_hot", "num_classes", num_classes, at_most=_MOST)
    if count == -1:
        if not classes.size:
            raise ValueError(f"one_hot: input {classes.shape} is empty, so num_classes has to be given")
        count = max(reductions.max(classes).item() + 1, 1)
    return wrap(_core.one_hot(classes._array, count, wanted), None, classes)


# ---- rows of a table -------------------------------------------------------------------------------------------------


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table by their numbers, `weight[input]`: tokens as vectors.

    Parameters
    ----------
    input : array-like of int
        Numbers of rows, of any shape and integer dtype. Negative ones do not count from the back.
    weight : array-like, shape (rows, columns)
    padding_idx : int, optional
        A row that gets no gradient, counted from the back where negative.
    max_norm : float, optional
        Rows that are looked up and longer than this are first shortened to it, in `weight` itself, off the tape.
    norm_type : float
        The p of the p-norm that tells how long they are; `math.inf` for the largest magnitude.
    scale_grad_by_freq : bool
        Whether what arrives at each row is divided by how often it stands in `input`: the mean, not the sum.
    sparse : bool
        Taken for the sake of programs that have it. Gradients are dense arrays either way, and either way only the rows
        looked up are written: see Notes.

    Returns
    -------
    Tensor
        Shape of `input` and a further axis of `columns`. New memory.

    Raises
    ------
    IndexError
        Where a number is negative or not below `rows`.
    TypeError
        Where `input` are not integers, an option is of another kind, or, with `max_norm`, `weight` is no floating
        tensor.
    ValueError
        Where `weight` is not 2-D, `padding_idx` is none of its rows, `norm_type` is not positive, or `max_norm` is
        negative.

    Notes
    -----
    The gradient of `weight` is added into the `.grad` that is there, and touches the rows looked up alone: with a
    vocabulary of 50,000 that is a thousandth of the memory. Where there is no `.grad`, one of zeros is made; so where
    the table is large, keep it: `module.zero_grad(set_to_none=False)`. Rows that are looked up several
    times get their sum in an order that does not depend on the number of threads.

    Examples
    --------
    >>> import tilewright as tw
    >>> table = tw.asarray([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
    >>> tw.nn.functional.embedding([2, 0, 1], table)
    tensor([[3., 4.],
            [0., 0.],
            [1., 2.]])
    """
    table, indices = _operands("embedding", input, weight)
    left_out = _row("embedding", padding_idx, table)
    scale_grad_by_freq = arguments.flag("embedding", "scale_grad_by_freq", scale_grad_by_freq)
    arguments.flag("embedding", "sparse", sparse)
    if max_norm is not None:
        _shorten_rows("embedding", weight, indices, max_norm, norm_type)
    return look_up(table, indices._array, left_out, scale_grad_by_freq)


def _operands(op: str, input: Any, weight: Any) -> tuple[Tensor, Tensor]:
    """The table, and numbers of its rows in memory that backward can rely on."""
    table = weight if isinstance(weight, Tensor) else array(op, "weight", weight)
    if table.ndim != 2:
        raise ValueError(f"{op}: weight has shape {table.shape}, but must be (rows, columns)")
    indices = positions_of(op, "input", input, table)
    if not indices.dtype.is_integer:
        raise TypeError(f"{op}: input has dtype {indices.dtype.name}, but must be integers")
    return table, indices


def _row(op: str, padding_idx: Any, table: Tensor) -> int:
    """Which row is for padding; -1 for none."""
    if padding_idx is None:
        return -1
    rows = table.shape[0]
    row = integer(op, "padding_idx", padding_idx)
    if not -rows <= row < rows:
        raise ValueError(f"{op}: padding_idx is {arguments.shown(row)}, but weight {table.shape} has {rows} rows")
    return row + rows if row < 0 else row


def _shorten_rows(op: str, weight: Any, indices: Tensor, max_norm: Any, norm_type: Any) -> None:
    """Shorten the rows looked up to `max_norm`, in place."""
    max_norm = not_negative(op, "max_norm", max_norm)
    norm_type = positive(op, "norm_type", norm_type)
    if not isinstance(weight, Tensor) or not weight.dtype.is_floating:
        kind = weight.dtype.name if isinstance(weight, Tensor) else f"a {type(weight).__name__}"
        raise TypeError(f"{op}: weight is {kind}, but max_norm writes to it, so it must be a floating tensor")
    with no_grad():
        flat = reshape(indices, (-1,))
        rows = look_up(weight, flat._array, -1, False)
        if rows.dtype.itemsize < 4:
            rows = astype(rows, "float32")
        if norm_type == math.inf:
            norms = reductions.max(abs(rows), axis=1) if rows.shape[1] else zeros(flat.shape)
        elif norm_type == 2:
            norms = sqrt(reductions.sum(rows * rows, axis=1))
        else:
            norms = reductions.sum(abs(rows) ** norm_type, axis=1) ** (1 / norm_type)
        long = greater(norms, max_norm)
        if reductions.any(long).item():
            factors = max_norm / (norms[long] + 1e-7)
            setitem(weight, flat[long], rows[long] * expand_dims(factors, axis=1), op)


# ---- bags of rows ----------------------------------------------------------------------------------------------------

MODES = ("sum", "mean", "max")


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sums, means or maxima of bags of rows of a table: texts as the mean of their tokens' vectors.

    Parameters
    ----------
    input : array-like of int, shape (bags, length) or (n,)
        Numbers of rows: bags of one length, or one bag behind another.
    weight : array-like, shape (rows, columns)
        Floating.
    offsets : array-like of int, shape (bags,), optional
        Where each bag begins in a 1-D `input`: the first at 0. They do not fall; a bag may be empty.
    max_norm : float, optional
        Rows that are looked up and longer than this are first shortened to it, in `weight` itself, off the tape.
    norm_type : float
        The p of the p-norm that tells how long they are.
    scale_grad_by_freq : bool
        Whether what arrives at each row is divided by how often it stands in `input`. Not for "max".
    mode : {"mean", "sum", "max"}
        What becomes of the rows of a bag.
    sparse : bool
        Taken for the sake of programs that have it, as in `embedding`.
    per_sample_weights : array-like, optional
        Shape of `input`; a factor for each row that is summed. For "sum" only.
    include_last_offset : bool
        Whether `offsets` has one entry more: where the last bag ends, the length of `input`.
    padding_idx : int, optional
        A row that belongs to no bag: it does not count for the mean, and gets no gradient.

    Returns
    -------
    Tensor, shape (bags, columns)
        Zeros for an empty bag.

    Raises
    ------
    IndexError
        Where a number is negative or not below `rows`.
    TypeError
        Where `input` or `offsets` are not integers, `weight` is not floating, or an option is of another kind.
    ValueError
        Where `input` is neither 1-D nor 2-D, shapes do not fit, offsets are missing, out of place, fall or lie beyond
        `input`, or for an option that does not go with the mode.

    Notes
    -----
    Of equal maxima, the first in the bag gets the gradient.

    Examples
    --------
    >>> import tilewright as tw
    >>> table = tw.asarray([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
    >>> tw.nn.functional.embedding_bag([2, 1, 0, 2], table, offsets=[0, 2, 2])
    tensor([[2. , 3. ],
            [0. , 0. ],
            [1.5, 2. ]])
    """
    op = "embedding_bag"
    table, indices = _operands(op, input, weight)
    if not table.dtype.is_floating:
        raise TypeError(f"{op}: weight has dtype {table.dtype.name}, but must be floating")
    arguments.option(op, "mode", mode, MODES)
    by_frequency = arguments.flag(op, "scale_grad_by_freq", scale_grad_by_freq)
    if by_frequency and mode == "max":
        raise ValueError(f'{op}: scale_grad_by_freq does not go with mode "max"')
    arguments.flag(op, "sparse", sparse)
    left_out = _row(op, padding_idx, table)
    factors = _sample_weights(op, per_sample_weights, indices, mode, table)
    with_end = arguments.flag(op, "include_last_offset", include_last_offset)
    starts, lengths = _bags(op, indices, offsets, with_end)
    if max_norm is not None:
        _shorten_rows(op, weight, indices, max_norm, norm_type)
    if mode == "max":
        return _maxima(table, *_as_matrix(indices, starts, lengths), left_out)
    flat = reshape(indices, (-1,))
    counts = not_equal(astype(flat, "int64", copy=False), left_out)
    rows = look_up(table, flat._array, left_out, by_frequency)
    if factors is not None:
        rows = rows * expand_dims(reshape(factors, (-1,)), axis=1)
    if left_out >= 0:
        rows = where(expand_dims(counts, axis=1), rows, 0.0)
    sums = _summed(rows, indices, starts)
    if mode == "sum":
        return sums
    number = _summed(expand_dims(astype(counts, sums.dtype), axis=1), indices, starts)
    return sums / maximum(number, 1.0)


def _sample_weights(op: str, given: Any, indices: Tensor, mode: str, table: Tensor) -> Tensor | None:
    if given is None:
        return None
    if mode != "sum":
        raise ValueError(f'{op}: per_sample_weights go with mode "sum", but mode is {mode!r}')
    factors = operand(op, "per_sample_weights", given, table)
    if factors.shape != indices.shape:
        raise ValueError(f"{op}: per_sample_weights have shape {factors.shape}, but input has {indices.shape}")
    if factors.dtype.is_complex:
        raise TypeError(f"{op}: per_sample_weights have dtype {factors.dtype.name}, but must be of real numbers")
    return astype(factors, table.dtype, copy=False)


def _bags(op: str, indices: Tensor, offsets: Any, with_end: bool) -> tuple[Any, Any]:
    """Where each bag of a 1-D input begins and how long it is; None, None for a 2-D one."""
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError(f"{op}: input {indices.shape} is 2-D, a bag for each row, so offsets must be None")
        return None, None
    if indices.ndim != 1:
        raise ValueError(f"{op}: input has shape {indices.shape}, but must be 1-D or 2-D")
    if offsets is None:
        raise ValueError(f"{op}: input {indices.shape} is 1-D, so offsets must say where bags begin")
    given = positions_of(op, "offsets", offsets, indices)
    if not given.dtype.is_integer:
        raise TypeError(f"{op}: offsets have dtype {given.dtype.name}, but must be integers")
    if given.ndim != 1 or (with_end and not given.size):
        raise ValueError(f"{op}: offsets have shape {given.shape}, but must be (bags{' + 1' * with_end},)")
    count = indices.shape[0]
    ends = astype(given, "int64", copy=False)
    places = arange(ends.shape[0], device=ends.device)
    wrong = logical_or(ends < 0, ends > count)
    refuse_where(op, "offsets", ends, wrong, ValueError, f"input has {count} entries")
    refuse_where(op, "offsets", ends, logical_and(equal(places, 0), ends != 0), ValueError, "the first must be 0")
    if with_end:
        at_end = logical_or(not_equal(places, ends.shape[0] - 1), equal(ends, count))
        needed = f"the last must be where input ends, {count}"
        refuse_where(op, "offsets", ends, logical_not(at_end), ValueError, needed)
        starts, ends = ends[:-1], ends[1:]
    else:
        starts, ends = ends, concatenate([ends[1:], zeros(1, dtype="int64", device=ends.device) + count])
    lengths = ends - starts
    refuse_where(op, "offsets", starts, less(lengths, 0), ValueError, "the next is smaller: they must not fall")
    return starts, lengths


def _summed(rows: Tensor, indices: Tensor, starts: Any) -> Tensor:
    """The sums (bags, columns) of rows (entries, columns) of the index."""
    if starts is None:
        return reductions.sum(reshape(rows, (*indices.shape, rows.shape[1])), axis=1)
    count = rows.shape[0]
    begun = scatter_add(zeros(count + 1, dtype="int64", device=rows.device), 0, starts, 1)
    bags = cumulative_sum(begun, axis=0)[:count] - 1
    return add_rows(rows, bags._array, starts.shape[0], -1)


def _as_matrix(indices: Tensor, starts: Any, lengths: Any) -> tuple[Tensor, Tensor]:
    """Indices (bags, length) and which of them are some: shorter bags are filled up."""
    if starts is None:
        return indices, ones(indices.shape, dtype="bool", device=indices.device)
    longest = reductions.max(lengths).item() if lengths.size else 0
    steps = arange(longest, device=indices.device)
    there = less(steps, expand_dims(lengths, axis=1))
    return take(indices, where(there, expand_dims(starts, axis=1) + steps, 0), axis=0), there


def _maxima(table: Tensor, indices: Tensor, there: Tensor, left_out: int) -> Tensor:
    """Of each bag (bags, length) and column, among the entries that are there."""
    indices = astype(indices, "int64", copy=False)
    if left_out >= 0:
        there = logical_and(there, not_equal(indices, left_out))
    rows = look_up(table.detach(), indices._array, -1, False)
    if not indices.shape[1]:
        return reductions.sum(look_up(table, indices._array, -1, False), axis=1)
    lowest = where(expand_dims(there, axis=2), rows, -math.inf)
    places = reductions.argmax(lowest, axis=1)  # (bags, columns)
    best = gather(table, 0, take_along_axis(indices, places, axis=1))
    best = where(take_along_axis(there, places, axis=1), best, -math.inf)
    return where(reductions.any(there, axis=1, keepdims=True), best, 0.0)
