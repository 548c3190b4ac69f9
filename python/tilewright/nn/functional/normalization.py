"""Normalisation: of vectors, of layers, of channels over a batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine import arguments
from ..._engine.op import wrap
from ..._engine.tape import state
from ..._engine.tensor import Tensor
from ..._functions import normalization as ops
from ..._functions.arithmetic import abs, square
from ..._functions.creation import zeros
from ..._functions.extrema import maximum
from ..._functions.manipulation import astype, concatenate
from ._checks import held, operand, positive
from .distances import norm

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "add_layer_norm",
    "add_rms_norm",
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "normalize",
    "rms_norm",
]


def _array(op: str, name: str, value: Any, other: Any) -> Any:
    """A tensor, or None where there is none."""
    return value if value is None or isinstance(value, Tensor) else operand(op, name, value, other)


def _real(op: str, input: Any) -> Tensor:
    x: Tensor = input if isinstance(input, Tensor) else arguments.array(op, "input", input)
    if x.dtype.is_floating:
        return x
    if x.dtype.is_complex:
        raise TypeError(f"{op}: input has dtype {x.dtype.name}, but must be of real numbers")
    return astype(x, _core.default_float(x))


def _operands(op: str, input: Any, weight: Any, bias: Any) -> tuple[Tensor, Any, Any]:
    x = _real(op, input)
    return x, _array(op, "weight", weight, x), _array(op, "bias", bias, x)


def layer_norm(
    input: Any, normalized_shape: int | Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Normalise the last axes: subtract their mean, divide by their standard deviation.

    Parameters
    ----------
    input : array-like, shape (..., *normalized_shape)
        Real numbers; integers become floating.
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which mean and variance are taken.
    weight, bias : array-like, shape normalized_shape, optional
    eps : float
        Added to the variance; at least 0.

    Returns
    -------
    Tensor
        Shape of `input`; of the dtype to which input, weight and bias promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit, or for an `eps` that is negative or not finite.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    `(x - mean(x)) / sqrt(var(x) + eps) * weight + bias`, with the biased variance. Mean and variance are taken in two
    passes: a large common offset costs no digits, equal numbers give exactly 0, and squares do not overflow.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.layer_norm([[0.0, 2.0], [5.0, 5.0]], 2, eps=0.0, bias=[10.0, 10.0])[0]
    tensor([ 9., 11.])
    """
    x, weight, bias = _operands("layer_norm", input, weight, bias)
    shape = arguments.shape("layer_norm", normalized_shape, "normalized_shape")
    return ops.layer_norm(x, weight, bias, shape, arguments.number("layer_norm", "eps", eps))


def rms_norm(input: Any, normalized_shape: int | Sequence[int], weight: Any = None, eps: float | None = None) -> Tensor:
    """Divide the last axes by the root of the mean of their squares.

    Parameters
    ----------
    input : array-like, shape (..., *normalized_shape)
        Real numbers; integers become floating.
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which the mean is taken.
    weight : array-like, shape normalized_shape, optional
    eps : float, optional
        Added to the mean; at least 0. By default the distance from 1 to the next number of the dtype of `input`.

    Returns
    -------
    Tensor
        Shape of `input`; of the dtype to which input and weight promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit, or for an `eps` that is negative or not finite.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    `x / sqrt(mean(x^2) + eps) * weight`. No square overflows.

    References
    ----------
    B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.rms_norm([1.0, 7.0], 2)
    tensor([0.2, 1.4])
    """
    x, weight, _ = _operands("rms_norm", input, weight, None)
    shape = arguments.shape("rms_norm", normalized_shape, "normalized_shape")
    eps = _eps(x) if eps is None else arguments.number("rms_norm", "eps", eps)
    return ops.rms_norm(x, weight, shape, eps)


def add_layer_norm(
    input: Any,
    residual: Any,
    normalized_shape: int | Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor]:
    """`layer_norm` of a sum, and the sum: one kernel, for what comes after each layer of a transformer.

    Parameters
    ----------
    input : array-like, shape (..., *normalized_shape)
        Real numbers; integers become floating.
    residual : array-like, shape of `input`
        What is added to it.
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which mean and variance are taken.
    weight, bias : array-like, shape normalized_shape, optional
    eps : float
        Added to the variance; at least 0.

    Returns
    -------
    normalized : Tensor
        `layer_norm(input + residual, ...)`.
    sum : Tensor
        `input + residual`; both of the dtype to which all arrays promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit, those of `input` and `residual` must agree, or for an `eps` that is negative or not
        finite.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    Memory is what bounds it. A row is added up and normalised while it is in L1, so that the sum is written, but not
    read again; nor is the gradient of the sum on the way back. Of the operands the sum alone is kept for that.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, total = tw.nn.functional.add_layer_norm([[0.0, 1.0]], [[1.0, 2.0]], 2, eps=0.0)
    >>> y, total
    (tensor([[-1.,  1.]]), tensor([[1., 3.]]))
    """
    op = "add_layer_norm"
    x, weight, bias = _operands(op, input, weight, bias)
    added = _added(op, residual, x)
    shape = arguments.shape(op, normalized_shape, "normalized_shape")
    return ops.add_layer_norm(x, added, weight, bias, shape, arguments.number(op, "eps", eps))


def add_rms_norm(
    input: Any, residual: Any, normalized_shape: int | Sequence[int], weight: Any = None, eps: float | None = None
) -> tuple[Tensor, Tensor]:
    """`rms_norm` of a sum, and the sum: one kernel, see `add_layer_norm`.

    Parameters
    ----------
    input : array-like, shape (..., *normalized_shape)
        Real numbers; integers become floating.
    residual : array-like, shape of `input`
        What is added to it.
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which the mean is taken.
    weight : array-like, shape normalized_shape, optional
    eps : float, optional
        Added to the mean; at least 0. By default the distance from 1 to the next number of the dtype of `input`.

    Returns
    -------
    normalized : Tensor
        `rms_norm(input + residual, ...)`.
    sum : Tensor
        `input + residual`; both of the dtype to which all arrays promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit, those of `input` and `residual` must agree, or for an `eps` that is negative or not
        finite.
    TypeError
        For complex numbers, and for options of another kind.

    References
    ----------
    B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, total = tw.nn.functional.add_rms_norm([1.0, 3.0], [0.0, 4.0], 2)
    >>> y, total
    (tensor([0.2, 1.4]), tensor([1., 7.]))
    """
    op = "add_rms_norm"
    x, weight, _ = _operands(op, input, weight, None)
    added = _added(op, residual, x)
    shape = arguments.shape(op, normalized_shape, "normalized_shape")
    eps = _eps(x) if eps is None else arguments.number(op, "eps", eps)
    return ops.add_rms_norm(x, added, weight, shape, eps)


def _added(op: str, residual: Any, x: Tensor) -> Any:
    added = operand(op, "residual", residual, x)
    if added.shape != x.shape:
        raise ValueError(f"{op}: residual has shape {added.shape}, but input {x.shape}; they must agree")
    return added


_EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def _eps(x: Tensor) -> float:
    """The distance of 1 from the next number in the dtype that a norm is computed in."""
    return _EPS["float32" if state.casting and x.dtype.itemsize == 2 else x.dtype.name]


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """Normalise groups of channels in each sample: subtract their mean, divide by their standard deviation.

    Parameters
    ----------
    input : array-like, shape (N, C) or (N, C, ...)
        Real numbers; integers become floating.
    num_groups : int
        Of neighbouring channels; divides C.
    weight, bias : array-like, shape (C,), optional
    eps : float
        Added to the variance; at least 0.

    Returns
    -------
    Tensor
        Shape of `input`; of the dtype to which input, weight and bias promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit, for groups that do not divide the channels, or for an `eps` that is negative or not
        finite.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    `(x - mean(x)) / sqrt(var(x) + eps) * weight + bias` for each sample and group, with the biased variance.
    Rounding is as in `layer_norm`.

    References
    ----------
    Y. Wu, K. He, Group Normalization, ECCV 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.group_norm([[1.0, 3.0, 5.0, 9.0]], 2, eps=0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    x, weight, bias = _operands("group_norm", input, weight, bias)
    groups = arguments.integer("group_norm", "num_groups", num_groups, at_least=1, at_most=2**62)
    return ops.group_norm(x, weight, bias, groups, arguments.number("group_norm", "eps", eps))


def _running(op: str, running_mean: Any, running_var: Any) -> bool:
    """Whether there are running statistics."""
    if (running_mean is None) != (running_var is None):
        there, missing = ("running_var", "running_mean") if running_mean is None else ("running_mean", "running_var")
        raise ValueError(f"{op}: {there} is given, but {missing} is None; give both or neither")
    return running_mean is not None


def _given(op: str, x: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, eps: float) -> Tensor:
    mean, var = _array(op, "running_mean", running_mean, x), _array(op, "running_var", running_var, x)
    return ops.given_norm(x, weight, bias, mean, var, op, eps)


def _uncounted(x: Tensor) -> Tensor:
    return wrap(_core.full((), 0, _core.DType.int64, x._array.device))


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise channels by the mean and standard deviation of the batch, or by running statistics.

    Parameters
    ----------
    input : array-like, shape (N, C) or (N, C, ...)
        Real numbers; integers become floating.
    running_mean, running_var : Tensor, shape (C,), or None
        What is used where not in `training`. In training they are written, where they are not None, and so must be
        tensors.
    weight, bias : array-like, shape (C,), optional
    training : bool
        Whether mean and variance are those of the batch.
    momentum : float
        In [0, 1]: how far the running statistics move towards those of the batch.
    eps : float
        Added to the variance; at least 0.

    Returns
    -------
    Tensor
        Shape of `input`; of the dtype to which input, weight and bias promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit; where `input` has one value for each channel, in training; for options out of
        range; where there are no running statistics and it is not training. Nothing is written then.
    TypeError
        For complex numbers, and for options of another kind.
    RuntimeError
        In training, for running statistics that require a gradient.

    Notes
    -----
    `(x - mean) / sqrt(var + eps) * weight + bias`. The batch is divided by its biased variance; the running variance
    moves towards the unbiased one. A batch without elements moves nothing. Rounding is as in `layer_norm`.

    References
    ----------
    S. Ioffe, C. Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift,
    ICML 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> mean, var = tw.zeros(1), tw.ones(1)
    >>> tw.nn.functional.batch_norm([[1.0], [3.0]], mean, var, training=True, eps=0.0)
    tensor([[-1.],
            [ 1.]])
    >>> mean, var
    (tensor([0.2]), tensor([1.1]))
    """
    x, weight, bias = _operands("batch_norm", input, weight, bias)
    eps = arguments.number("batch_norm", "eps", eps)
    momentum = arguments.probability("batch_norm", "momentum", momentum)
    has_running = _running("batch_norm", running_mean, running_var)
    if not arguments.flag("batch_norm", "training", training):
        if not has_running:
            raise ValueError("batch_norm: running_mean and running_var are None, which only training can do without")
        return _given("batch_norm", x, running_mean, running_var, weight, bias, eps)
    if not has_running:
        return ops.untracked_batch_norm(x, weight, bias, eps)
    return ops.batch_norm(x, weight, bias, running_mean, running_var, _uncounted(x), momentum, eps)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of each sample: subtract its mean, divide by its standard deviation.

    Parameters
    ----------
    input : array-like, shape (N, C, ...)
        Real numbers; integers become floating.
    running_mean, running_var : Tensor, shape (C,), or None
        What is used without `use_input_stats`. With it they are written, where they are not None, and so must be
        tensors.
    weight, bias : array-like, shape (C,), optional
    use_input_stats : bool
        Whether mean and variance are those of each sample.
    momentum : float
        In [0, 1]: how far the running statistics move towards the mean of those of the samples.
    eps : float
        Added to the variance; at least 0.

    Returns
    -------
    Tensor
        Shape of `input`; of the dtype to which input, weight and bias promote.

    Raises
    ------
    ValueError
        Where the shapes do not fit; where a channel of a sample has one value, with `use_input_stats`; for options out
        of range; where there are no running statistics to use. Nothing is written then.
    TypeError
        For complex numbers, and for options of another kind.
    RuntimeError
        With `use_input_stats`, for running statistics that require a gradient.

    Notes
    -----
    As `batch_norm` of each sample; the running variance moves towards the mean of the samples' unbiased ones.

    References
    ----------
    D. Ulyanov, A. Vedaldi, V. Lempitsky, Instance Normalization: The Missing Ingredient for Fast Stylization, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.instance_norm([[[1.0, 3.0], [4.0, 8.0]]], eps=0.0)
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    x, weight, bias = _operands("instance_norm", input, weight, bias)
    eps = arguments.number("instance_norm", "eps", eps)
    momentum = arguments.probability("instance_norm", "momentum", momentum)
    has_running = _running("instance_norm", running_mean, running_var)
    if not arguments.flag("instance_norm", "use_input_stats", use_input_stats):
        if not has_running:
            raise ValueError("instance_norm: there are neither running_mean and running_var nor use_input_stats")
        return _given("instance_norm", x, running_mean, running_var, weight, bias, eps)
    if not has_running:
        return ops.untracked_instance_norm(x, weight, bias, eps)
    return ops.instance_norm(x, weight, bias, running_mean, running_var, _uncounted(x), momentum, eps)


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Divide each number by a power of the sum of squares in neighbouring channels.

    Parameters
    ----------
    input : array-like, shape (N, C, ...)
        Real numbers; integers become floating. At least 3-D.
    size : int
        How many channels are neighbours, at least 1: `size // 2` before a channel, itself, and `(size - 1) // 2` after
        it, as far as there are such.
    alpha, beta, k : float

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    ValueError
        For a `size` below 1, or an `input` of fewer than three axes.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    `x / (k + alpha / size * sum(x^2 over the neighbours))^beta`. As in PyTorch, Caffe and ONNX, and unlike in the
    paper, alpha is divided by the size. Windows of even size have one more channel before than after, as in PyTorch; in
    ONNX it is after.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS
    2012.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([[[1.0], [2.0], [3.0]]])
    >>> tw.nn.functional.local_response_norm(x, 1, alpha=1.0, beta=1.0)
    tensor([[[0.5],
             [0.4],
             [0.3]]])
    """
    x = _real("local_response_norm", input)
    size = arguments.integer("local_response_norm", "size", size, at_least=1)
    alpha, beta, k = (
        arguments.number("local_response_norm", name, value)
        for name, value in (("alpha", alpha), ("beta", beta), ("k", k))
    )
    if x.ndim < 3:
        raise ValueError(f"local_response_norm: input has shape {x.shape}, but needs (N, C, ...), at least 3-D")
    if not x.size:
        return x * 1.0
    channels = x.shape[1]
    before, after = min(size // 2, channels), min((size - 1) // 2, channels)
    squares = square(x)
    edge = (x.shape[0], before, *x.shape[2:]), (x.shape[0], after, *x.shape[2:])
    ends = [zeros(shape, dtype=x.dtype, device=x.device) for shape in edge]
    padded = concatenate([ends[0], squares, ends[1]], 1)
    total = padded[:, :channels]
    for i in range(1, before + after + 1):
        total = total + padded[:, i : i + channels]
    return x / (total * (alpha / size) + k) ** beta


def normalize(input: Any, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """Vectors divided by their lengths, `input / max(|input|_p, eps)`.

    Parameters
    ----------
    input : array-like
        Real numbers; integers are computed with in floating point.
    p : float
        Positive: 1 for the sum of the absolute values, 2 for the Euclidean length, `inf` for the largest of them.
    dim : int or tuple of int
        The axis of the vectors, or those over which the length is taken.
    eps : float
        At least 0: shorter vectors are divided by this instead. In float16, at least 2^-14 unless it is 0.

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    ValueError
        For a `p` that is not positive, or an `eps` that is not at least 0.
    AxisError
        For an axis that `input` does not have.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    A length overflows only where the dtype does not hold it. The gradient at zeros is that of `input / eps`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.normalize([[3.0, 4.0], [0.0, 0.0]])
    tensor([[0.6, 0.8],
            [0. , 0. ]])
    """
    x = arguments.array("normalize", "input", input)
    p, eps = positive("normalize", "p", p), arguments.number("normalize", "eps", eps)
    if not 0 <= eps < math.inf:
        raise ValueError(f"normalize: eps is {eps}, but must be finite and at least 0")
    if x.dtype.is_complex:
        raise TypeError(f"normalize: input is {x.dtype.name}, but must be real")
    axes = arguments.integers("normalize", "dim", dim)
    for axis in axes:
        if not -x.ndim <= axis < x.ndim:
            raise _core.AxisError(f"normalize: dim {axis} is out of bounds for input of shape {x.shape}")
    if len({axis % x.ndim for axis in axes}) != len(axes):
        raise ValueError(f"normalize: dim {axes} names an axis twice")
    if not x.dtype.is_floating:
        x = astype(x, "float32")
    if not x.size or not axes:
        return x / maximum(abs(x), held(eps, x))
    return x / maximum(norm(x, p, axes), held(eps, x))
