"""THE table: op -> vjp.

For an op `f(x1, x2, ..; statics)` with result y there is one rule per array input, or None where there is no gradient.
A rule takes the cotangent g of y, then whatever it names: inputs (`x1`), their shapes and dtypes (`x1_shape`,
`x1_dtype`), static parameters, the result `y` (of an op with several, each by its name), and what the kernel keeps for
the rules. Only what the rules of the inputs that want gradients name is kept for backward. Of an op with several
results, g is a list in their order, with None where nothing arrived.

Over complex numbers the cotangent of y is dL/dRe(y) + i dL/dIm(y) for a real L, and a rule multiplies it by the
conjugate of the derivative: `COMPLEX_VJPS` has what differs for that. Real operands of complex ops were converted by an
op of their own, `astype`, which gives the real part back.

Where the gradients of several inputs share work, there is a class instead that makes the whole plan: `LinearPlan`.

Rules are written in ops, so that gradients can be differentiated. The engine undoes broadcasting: a rule may return a
cotangent of any shape that its input broadcasts to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import (
    _activations as act,
    _complex as cx,
    _core,
    _dropout as drop,
    _elementwise as ew,
    _indexing as ix,
    _manipulation as mp,
    _reductions as red,
    _softmax as sm,
    linalg,
)
from ._autograd import state
from ._creation import arange, ones
from ._linalg import _matmul_nt, _matmul_tn, matmul, product
from ._linear_vjp import LinearPlan
from ._op import is_number, wrap
from ._tensor import asarray

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._tensor import Tensor

    Rule = Callable[..., Any] | None


def _spread(g: Tensor, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Tensor:
    """The cotangent of a reduction, back over the reduced axes."""
    return mp.broadcast_to(_restore(g, shape, axis, keepdims), shape)


def _restore(g: Tensor, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Tensor:
    """A reduction's result with the reduced axes as length 1."""
    if keepdims or not shape:
        return g
    if axis is None:
        return mp.reshape(g, (1,) * len(shape))
    reduced = set(_reduced_axes(len(shape), axis))
    return mp.reshape(g, tuple(1 if i in reduced else extent for i, extent in enumerate(shape)))


def _reduced_axes(ndim: int, axis: Any) -> tuple[int, ...]:
    """The axes that a reduction of so many dimensions takes, counted from the front."""
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple([a % ndim for a in axes])


def _zeros(g: Tensor) -> Tensor:
    """The cotangent of an input that the result does not follow; not g * 0, which is NaN where g is infinite."""
    return wrap(_core.full(g.shape, 0, g.dtype))


def _extreme(g: Tensor, x: Tensor, y: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """max and min: equal extremes share the cotangent."""
    chosen = ew.equal(x.detach(), _restore(y.detach(), x.shape, axis, keepdims)).astype(g.dtype)
    return _restore(g, x.shape, axis, keepdims) * (chosen / red.sum(chosen, axis=axis, keepdims=True))


def _prod(g: Tensor, x: Tensor, y: Tensor, axis: Any, keepdims: bool) -> Tensor:
    return _restore(g, x.shape, axis, keepdims) * _all_others(x, y, axis, keepdims)


def _all_others(x: Tensor, y: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """For each element the product of the others along the axes: y / x where that exists, else without dividing."""
    y = _restore(y.detach(), x.shape, axis, keepdims)
    divisible = ew.logical_and(ew.isfinite(y), ew.not_equal(y, 0))
    filled = ew.where(divisible, x, 1.0)
    quotients = red.prod(filled, axis=axis, keepdims=True) / filled
    if red.all(divisible):
        return quotients
    # In double precision, where what overflows on the way to a finite product does not.
    wide = "complex128" if x.dtype.is_complex else "float64"
    others = _others(mp.astype(ew.where(divisible, 1.0, x), wide, copy=False), axis)
    return ew.where(divisible, quotients, mp.astype(others, x.dtype, copy=False))


def _others(x: Tensor, axis: Any) -> Tensor:
    """For each element the product of the others along the axes, by a tree.

    Products of pairs, of pairs of pairs and so on, up to one; on the way back each element takes that of all that its
    neighbour is not part of, times its neighbour. Nothing is divided, so zeros and their derivatives are right.
    """
    reduced = _reduced_axes(x.ndim, axis)
    kept = tuple([i for i in range(x.ndim) if i not in reduced])
    order = kept + reduced
    last = mp.permute_dims(x, order)
    rows = last.shape[: len(kept)]
    level = mp.reshape(last, (*rows, math.prod(last.shape[len(kept) :])))
    levels, count = [], level.shape[-1]
    while level.shape[-1] > 1:
        if level.shape[-1] % 2:
            level = mp.concatenate([level, ones((*rows, 1), dtype=x.dtype)], axis=-1)
        levels.append(level)
        level = level[..., 0::2] * level[..., 1::2]
    others = ones(level.shape, dtype=x.dtype)
    for level in reversed(levels):
        pairs = mp.reshape(level, (*rows, level.shape[-1] // 2, 2))
        others = mp.expand_dims(others[..., : pairs.shape[-2]], axis=-1)
        others = mp.reshape(mp.flip(pairs, axis=-1) * others, level.shape)
    return mp.permute_dims(mp.reshape(others[..., :count], last.shape), _inverse(order))


def _mean(g: Tensor, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Tensor:
    share = g.size / max(1, math.prod(x_shape))
    return _spread(g * share, x_shape, axis, keepdims)


def _matmul_x1(g: Tensor, x1_shape: tuple[int, ...], x2: Tensor) -> Tensor:
    if x2.ndim == 1:  # (.., m, k) @ (k,): g (.., m)
        return mp.expand_dims(g, axis=-1) * x2 if len(x1_shape) > 1 else g * x2
    if len(x1_shape) == 1:  # (k,) @ (.., k, n): g (.., n)
        return red.sum(mp.expand_dims(g, axis=-2) * x2, axis=-1)
    if x2.ndim == 2:
        return product(_matmul_nt, g, x2)
    return matmul(g, mp.matrix_transpose(x2))


def _matmul_x2(g: Tensor, x1: Tensor, x2_shape: tuple[int, ...]) -> Tensor:
    if len(x2_shape) == 1:
        if x1.ndim == 1:
            return g * x1
        return matmul(mp.reshape(g, (g.size,)), mp.reshape(x1, (g.size, x1.shape[-1])))
    if x1.ndim == 1:
        return mp.expand_dims(x1, axis=-1) * mp.expand_dims(g, axis=-2)
    if len(x2_shape) == 2:  # one product over all batches instead of one each, then a sum
        return product(_matmul_tn, x1, g)
    return matmul(mp.matrix_transpose(x1), g)


def _power_x1(g: Any, x1: Tensor, x2: Any) -> Tensor:
    """x2 x1^(x2 - 1), and 0 where x2 is 0: there the function is constant in x1, also at 0."""
    if is_number(x2):
        return g * (x2 * x1 ** (x2 - 1)) if x2 else _zeros(x1)
    # Only where the power is no number: elsewhere its own derivative in x2 counts.
    endless = ew.logical_not(ew.isfinite(ew.reciprocal(asarray(x1).detach())))
    constant = ew.logical_and(ew.equal(x2.detach(), 0), endless)
    return g * (x2 * x1 ** ew.where(constant, 0.0, x2 - 1))


def _power_x2(g: Any, x1: Tensor, x2: Tensor, y: Tensor) -> Tensor:
    """y log x1, and 0 where x1 is 0: there the function is constant in x2 > 0."""
    x1 = asarray(x1, dtype=y.dtype)
    zero = ew.equal(x1.detach(), 0)
    if not y.dtype.is_complex:
        zero = ew.logical_and(zero, ew.greater_equal(x2.detach(), 0))
    return g * y * ew.log(ew.where(zero, 1.0, x1))


def _arctan2(g: Tensor, x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """x2 / r^2 and x1 / r^2 with r^2 = x1^2 + x2^2, without overflow on the way; 0 at the origin and infinitely far."""
    x1, x2 = asarray(x1, g.dtype), asarray(x2, g.dtype)
    scale = ew.maximum(ew.abs(x1.detach()), ew.abs(x2.detach()))
    flat = ew.logical_or(ew.equal(scale, 0), ew.isinf(scale))
    scale = ew.where(flat, 1.0, scale)
    a, b = ew.where(flat, 0.0, x1) / scale, ew.where(flat, 0.0, x2) / scale
    square = ew.where(flat, 1.0, a * a + b * b) * scale
    return b / square, a / square


def _within(x: Any, min: Any, max: Any) -> Any:
    """Where clip leaves x as it is, on the bounds too."""
    above = True if min is None else ew.greater_equal(x, min)
    below = True if max is None else ew.less_equal(x, max)
    return ew.logical_and(above, below)


def _clip_min(g: Tensor, x: Tensor, min: Tensor, max: Any) -> Tensor:
    cut = ew.less(x, min) if max is None else ew.logical_and(ew.less(x, min), ew.less_equal(min, max))
    return ew.where(cut, g, 0.0)


def _clip_max(g: Tensor, x: Tensor, min: Any, max: Tensor) -> Tensor:
    cut = ew.greater(x, max) if min is None else ew.logical_or(ew.greater(x, max), ew.greater(min, max))
    return ew.where(cut, g, 0.0)


def _adjoint(x: Tensor) -> Tensor:
    """Conjugate and transposed."""
    return cx.conj(mp.matrix_transpose(x))


def _inv(g: Tensor, y: Tensor) -> Tensor:
    """From d(x^-1) = -x^-1 dx x^-1."""
    h = _adjoint(y)
    return -matmul(matmul(h, g), h)


def _slogdet(g: list[Any], x: Tensor, sign: Tensor) -> Tensor:
    """With d log det(x) = tr(x^-1 dx): its real part moves the logarithm, the imaginary one turns the sign."""
    of_sign, of_logarithm = g
    factor = 0.0 if of_logarithm is None else of_logarithm
    if x.dtype.is_complex and of_sign is not None:
        factor = factor - cx.imag(cx.conj(of_sign) * sign) * 1j
    elif of_logarithm is None:
        return _zeros(x)
    return mp.reshape(factor, (*x.shape[:-2], 1, 1)) * _adjoint(linalg.inv(x))


def _qr(g: list[Any], q: Tensor, r: Tensor) -> Tensor:
    """(dQ + Q (U + U^H, the diagonal once and real)) R^-H, where U is the upper triangle of R's cotangent times R^H
    minus Q^H dQ: Q stays orthonormal and R triangular."""
    of_q, of_r = g
    m: Any = 0.0 if of_r is None else matmul(of_r, _adjoint(r))
    if of_q is not None:
        m = m - matmul(_adjoint(q), of_q)
    rows = arange(r.shape[-1])
    above = ew.where(ew.less(mp.expand_dims(rows, axis=-1), rows), m, 0.0)
    diagonal = ew.where(ew.equal(mp.expand_dims(rows, axis=-1), rows), mp.astype(cx.real(m), m.dtype), 0.0)
    inner = matmul(q, above + _adjoint(above) + diagonal)
    return matmul(inner if of_q is None else inner + of_q, _adjoint(linalg.inv(r)))


def _concatenate(g: Tensor, shapes: list[tuple[int, ...]], axis: int) -> list[Tensor]:
    at, parts = 0, []
    before = (slice(None),) * (axis % g.ndim)
    for shape in shapes:
        parts.append(g[(*before, slice(at, at + shape[axis]))])
        at += shape[axis]
    return parts


def _stack(g: Tensor, shapes: list[tuple[int, ...]], axis: int) -> list[Tensor]:
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, i)] for i in range(len(shapes))]


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    count = len(axes)
    inverse = [0] * count
    for to, axis in enumerate(axes):
        inverse[axis % count] = to
    return tuple(inverse)


def _where_greater(g: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """maximum and minimum: all of g where x1 is the greater one, half of it where both are equal."""
    return ew.where(ew.greater(x1, x2), g, ew.where(ew.equal(x1, x2), g * 0.5, 0.0))


def _cross_entropy(
    g: Tensor,
    x: Tensor,
    saved: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Tensor:
    options = (ignore_index, label_smoothing, reduction)
    if not state.mode:
        return wrap(_core.cross_entropy_backward(g._array, x._array, target, saved, weight, *options))
    return _cross_entropy_composed(g, x, wrap(target), None if weight is None else wrap(weight), *options)


def _cross_entropy_composed(
    g: Tensor,
    x: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Tensor:
    """`softmax(x) sum(q) - q` with the target distribution q, in ops, for second derivatives."""
    axis = 1 if x.ndim > 1 else 0
    classes = x.shape[axis]
    per_class = (classes,) + (1,) * (x.ndim - axis - 1)
    w = mp.reshape(ones((classes,), dtype=x.dtype) if weight is None else weight, per_class)
    target = mp.expand_dims(mp.astype(target, "int64", copy=False), axis=axis)
    counts = ew.not_equal(target, ignore_index)
    chosen = ew.where(ew.logical_and(counts, ew.equal(target, mp.reshape(arange(classes), per_class))), w, 0.0)
    q = chosen * (1 - label_smoothing) + ew.where(counts, w, 0.0) * (label_smoothing / classes)
    if reduction == "mean":
        total = red.sum(chosen)
        q = q / ew.where(ew.equal(total, 0), 1.0, total)  # nothing counts: q is 0
    g = mp.expand_dims(g, axis=axis) if reduction == "none" else g
    return g * (sm.softmax(x, axis) * red.sum(q, axis=axis, keepdims=True) - q)


_INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)


def _gelu_curvature(x: Tensor) -> Tensor:
    """gelu'' = phi(x) (2 - x^2)."""
    return ew.exp(x * x * -0.5) * _INV_SQRT_2PI * (2 - x * x)


def _gelu_tanh_curvature(x: Tensor) -> Tensor:
    """Of x/2 (1 + tanh u) with u = c (x + 0.044715 x^3): t' + x/2 t'' with t = tanh u."""
    c = math.sqrt(2 / math.pi)
    t = ew.tanh(c * (x + 0.044715 * x * x * x))
    du = c * (1 + 3 * 0.044715 * x * x)
    slope = (1 - t * t) * du
    curvature = (1 - t * t) * (6 * 0.044715 * c * x) - 2 * t * slope * du
    return slope + 0.5 * x * curvature


def _silu_curvature(x: Tensor) -> Tensor:
    s = act.sigmoid(x)
    return s * (1 - s) * (2 + x * (1 - 2 * s))


def _sigmoid_slope(x: Tensor) -> Tensor:
    s = act.sigmoid(x)
    return s * (1 - s)


_LN2, _LN10 = math.log(2), math.log(10)

VJPS: dict[str, Any] = {
    # elementwise, one input
    "negative": lambda g: -g,
    "abs": lambda g, x: g * ew.sign(x),
    "real": lambda g, x_dtype: mp.astype(g, x_dtype),
    "imag": lambda g, x_dtype: mp.astype(g, x_dtype) * 1j,
    "conj": lambda g: cx.conj(g),
    "square": lambda g, x: g * (x * 2),
    "reciprocal": lambda g, y: -g * y * y,
    "sqrt": lambda g, y: g / (y * 2),
    "rsqrt": lambda g, y: g * (y * y * y) * -0.5,
    "exp": lambda g, y: g * y,
    "expm1": lambda g, y: g * (y + 1),
    "log": lambda g, x: g / x,
    "log1p": lambda g, x: g / (x + 1),
    "log2": lambda g, x: g / (x * _LN2),
    "log10": lambda g, x: g / (x * _LN10),
    "sin": lambda g, x: g * ew.cos(x),
    "cos": lambda g, x: -g * ew.sin(x),
    "tanh": lambda g, y: act.tanh_backward(g, y),
    "erf": lambda g, x: g * (ew.exp(-(x * x)) * (2 / math.sqrt(math.pi))),
    # piecewise constant: zeros, as in PyTorch
    **dict.fromkeys(("sign", "floor", "ceil", "trunc", "round"), lambda g: _zeros(g)),
    # elementwise, two inputs
    "add": (lambda g: g, lambda g: g),
    "subtract": (lambda g: g, lambda g: -g),
    "multiply": (lambda g, x2: g * x2, lambda g, x1: g * x1),
    "divide": (lambda g, x2: g / x2, lambda g, x2, y: -g * y / x2),
    "floor_divide": (lambda g: _zeros(g), lambda g: _zeros(g)),
    "remainder": (lambda g: g, lambda g, x1, x2: -g * ew.floor_divide(x1, x2)),
    "power": (_power_x1, _power_x2),
    "maximum": (lambda g, x1, x2: _where_greater(g, x1, x2), lambda g, x1, x2: _where_greater(g, x2, x1)),
    "minimum": (lambda g, x1, x2: _where_greater(g, x2, x1), lambda g, x1, x2: _where_greater(g, x1, x2)),
    "arctan2": (lambda g, x1, x2: g * _arctan2(g, x1, x2)[0], lambda g, x1, x2: -g * _arctan2(g, x1, x2)[1]),
    "clip": (lambda g, x, min, max: ew.where(_within(x, min, max), g, 0.0), _clip_min, _clip_max),
    "where": (
        None,
        lambda g, condition: ew.where(condition, g, 0.0),
        lambda g, condition: ew.where(condition, 0.0, g),
    ),
    # activations
    "relu": lambda g, y: act.relu_backward(g, y),
    "sigmoid": lambda g, y: act.sigmoid_backward(g, y),
    "silu": lambda g, x: act.silu_backward(g, x),
    "gelu": lambda g, x: act.gelu_backward(g, x),
    "gelu_tanh": lambda g, x: act.gelu_tanh_backward(g, x),
    "softplus": lambda g, x: act.softplus_backward(g, x),
    "leaky_relu": lambda g, x, negative_slope: act.leaky_relu_backward(g, x, negative_slope),
    "elu": lambda g, x, alpha: act.elu_backward(g, x, alpha),
    # their gradients: linear in g, and g times the second derivative in x
    "relu_backward": (lambda c, y: act.relu_backward(c, y), lambda c, g: _zeros(g)),
    "tanh_backward": (lambda c, y: act.tanh_backward(c, y), lambda c, g, y: c * g * y * -2),
    "sigmoid_backward": (lambda c, y: act.sigmoid_backward(c, y), lambda c, g, y: c * g * (1 - 2 * y)),
    "silu_backward": (lambda c, x: act.silu_backward(c, x), lambda c, g, x: c * g * _silu_curvature(x)),
    "gelu_backward": (lambda c, x: act.gelu_backward(c, x), lambda c, g, x: c * g * _gelu_curvature(x)),
    "gelu_tanh_backward": (lambda c, x: act.gelu_tanh_backward(c, x), lambda c, g, x: c * g * _gelu_tanh_curvature(x)),
    "softplus_backward": (lambda c, x: act.softplus_backward(c, x), lambda c, g, x: c * g * _sigmoid_slope(x)),
    "leaky_relu_backward": (
        lambda c, x, negative_slope: act.leaky_relu_backward(c, x, negative_slope),
        lambda c, g: _zeros(g),
    ),
    "elu_backward": (
        lambda c, x, alpha: act.elu_backward(c, x, alpha),
        lambda c, g, x, alpha: c * g * ew.where(ew.less_equal(x, 0), alpha * ew.exp(ew.minimum(x, 0)), 0.0),
    ),
    # softmax and cross-entropy
    "softmax": lambda g, y, axis: sm.softmax_backward(g, y, axis),
    "log_softmax": lambda g, y, axis: sm.log_softmax_backward(g, y, axis),
    "cross_entropy": _cross_entropy,
    "softmax_backward": (
        lambda c, y, axis: sm.softmax_backward(c, y, axis),
        lambda c, g, y, axis: (
            c * (g - red.sum(g * y, axis=axis, keepdims=True)) - g * red.sum(c * y, axis=axis, keepdims=True)
        ),
    ),
    "log_softmax_backward": (
        lambda c, y, axis: c - red.sum(c * ew.exp(y), axis=axis, keepdims=True),
        lambda c, g, y, axis: -c * ew.exp(y) * red.sum(g, axis=axis, keepdims=True),
    ),
    # dropout
    "dropout": lambda g, mask, p: drop.dropout_backward(g, mask, p),
    "dropout_backward": lambda c, mask, p: drop.dropout_backward(c, mask, p),
    # reductions
    "sum": lambda g, x_shape, axis, keepdims: _spread(g, x_shape, axis, keepdims),
    "mean": _mean,
    "prod": _prod,
    "max": _extreme,
    "min": _extreme,
    # products
    "matmul": (_matmul_x1, _matmul_x2),
    "matmul_nt": (lambda g, x2: product(matmul, g, x2), lambda g, x1: product(_matmul_tn, g, x1)),
    "matmul_tn": (lambda g, x2: _matmul_nt(x2, g), lambda g, x1: matmul(x1, g)),
    "linear": LinearPlan,
    # linear algebra
    "inv": _inv,
    "slogdet": _slogdet,
    "qr": _qr,
    # shape and layout
    "reshape": lambda g, x_shape: mp.reshape(g, x_shape),
    "transpose": lambda g, axes: mp.permute_dims(g, _inverse(axes)),
    "broadcast_to": lambda g: g,
    "expand_dims": lambda g, x_shape: mp.reshape(g, x_shape),
    "squeeze": lambda g, x_shape: mp.reshape(g, x_shape),
    "flip": lambda g, axes: mp.flip(g, axis=axes),
    "astype": lambda g, x_dtype: mp.astype(g, x_dtype),
    "concatenate": _concatenate,
    "stack": _stack,
    # parts
    "getitem": lambda g, key, x_shape: ix._getitem_backward(g, key, x_shape),
    "getitem_backward": lambda c, key: c[key],
    "setitem": (lambda g, key: ix._erase(g, key), lambda g, key: g[key]),
    "erase": lambda c, key: ix._erase(c, key),
    "take": lambda g, indices, axis, x_shape: ix._take_backward(g, indices, axis, x_shape),
    "take_backward": lambda c, indices, axis: ix._take(c, indices, axis),
    "take_along_axis": lambda g, indices, axis, x_shape: ix._take_along_axis_backward(g, indices, axis, x_shape),
    "take_along_axis_backward": lambda c, indices, axis: ix._take_along_axis(c, indices, axis),
}


def _conj(x: Any) -> Any:
    """Of a tensor or a Python number."""
    return x.conjugate()


def _matmul_x1_complex(g: Tensor, x1_shape: tuple[int, ...], x2: Tensor) -> Tensor:
    return _matmul_x1(g, x1_shape, _conj(x2))


def _matmul_x2_complex(g: Tensor, x1: Tensor, x2_shape: tuple[int, ...]) -> Tensor:
    return _matmul_x2(g, _conj(x1), x2_shape)


def _astype_complex(g: Tensor, x_dtype: Any) -> Tensor:
    return mp.astype(g if x_dtype.is_complex else cx.real(g), x_dtype)


def _abs_complex(g: Tensor, x: Tensor) -> Tensor:
    """Along x, and 0 where x is 0."""
    length = ew.abs(x)
    return g * (x / ew.where(ew.equal(length.detach(), 0), 1.0, length))


# What differs from VJPS where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "abs": _abs_complex,
    "square": lambda g, x: g * _conj(x * 2),
    "reciprocal": lambda g, y: -g * _conj(y * y),
    "sqrt": lambda g, y: g / _conj(y * 2),
    "exp": lambda g, y: g * _conj(y),
    "log": lambda g, x: g / _conj(x),
    "multiply": (lambda g, x2: g * _conj(x2), lambda g, x1: g * _conj(x1)),
    "divide": (lambda g, x2: g / _conj(x2), lambda g, x2, y: -g * _conj(y / x2)),
    "power": (
        lambda g, x1, x2: g * _conj(_power_x1(1.0, x1, x2)),
        lambda g, x1, x2, y: g * _conj(_power_x2(1.0, x1, x2, y)),
    ),
    "prod": lambda g, x, y, axis, keepdims: (
        _restore(g, x.shape, axis, keepdims) * _conj(_all_others(x, y, axis, keepdims))
    ),
    "matmul": (_matmul_x1_complex, _matmul_x2_complex),
    "matmul_nt": (lambda g, x2: product(matmul, g, _conj(x2)), lambda g, x1: product(_matmul_tn, g, _conj(x1))),
    "matmul_tn": (lambda g, x2: _matmul_nt(_conj(x2), g), lambda g, x1: matmul(_conj(x1), g)),
    "astype": _astype_complex,
}

# Boolean or integer results: they cut the tape.
NONDIFFERENTIABLE = frozenset(
    """bitwise_invert bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift logical_not logical_and
    logical_or logical_xor isnan isinf isfinite any all equal not_equal less less_equal greater greater_equal""".split()  # noqa: SIM905
)
