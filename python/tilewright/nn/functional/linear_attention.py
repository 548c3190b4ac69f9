"""Attention whose memory does not grow with the number of scores: a product of feature maps in place of the softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._functions.creation import ones
from ..._functions.exponential import exp
from ..._functions.indexing import where
from ..._functions.manipulation import astype, concatenate, expand_dims, reshape
from ..._functions.scans import cumulative_sum
from ..._functions.triangular import tril
from ._checks import operand, operands
from .padding import pad

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._engine.tensor import Tensor

    State = tuple[Tensor, Tensor]

__all__ = ["linear_attention"]


def linear_attention(
    query: Any,
    key: Any,
    value: Any,
    causal: bool = False,
    feature_map: Callable[[Tensor], Tensor] | None = None,
    *,
    key_padding_mask: Any = None,
    chunk: int = 64,
    state: tuple[Any, Any] | None = None,
    return_state: bool = False,
) -> Any:
    """For each query the mean of the values, weighted by the products of feature maps of queries and keys.

    Time and memory grow with T + S, not with T x S: keys and values are summed up once, or step by step.

    Parameters
    ----------
    query : array-like, shape (B, .., T, D)
        Floating. Further axes, of heads, may stand between.
    key : array-like, shape (B, .., S, D)
    value : array-like, shape (B, .., S, V)
    causal : bool
        Whether query i sees keys 0 to i only; T and S must be equal.
    feature_map : callable, optional
        phi, of queries and keys: (.., D) to (.., F), without negative numbers. By default `elu(x) + 1`.
    key_padding_mask : array-like of bool, shape (B, S), optional
        True where a key is padding, which no query sees, whatever it holds.
    chunk : int
        With `causal`, so many positions at a time are computed as products of matrices, (chunk, chunk), and the state
        goes on from one chunk to the next. With 1 it is the recurrent form. The results are the same up to rounding.
    state : (Tensor, Tensor), optional
        What was returned for the keys before; all queries see these, too.
    return_state : bool
        Whether the sums over all keys are returned.

    Returns
    -------
    output : Tensor, shape (B, .., T, V)
        In the dtype of `query`. Zeros where a query sees nothing, or only features of 0.
    state : tuple of Tensor, shapes (B, .., F, V) and (B, .., F)
        With `return_state`: the sums of `phi(k) v^T` and of `phi(k)`. In float32, of float64 in float64.

    Raises
    ------
    ValueError
        Where the shapes do not fit, `chunk` is below 1, or `feature_map` gives other shapes.
    TypeError
        For operands that are not real, a mask that is not bool, a `feature_map` that cannot be called and a `state`
        that is no pair.

    Notes
    -----
    `output_i = phi(q_i)^T S / (phi(q_i)^T z)` with `S = sum_j phi(k_j) v_j^T` and `z = sum_j phi(k_j)`, over the keys j
    that query i sees.

    References
    ----------
    A. Katharopoulos, A. Vyas, N. Pappas, F. Fleuret, Transformers are RNNs: Fast Autoregressive Transformers with
    Linear Attention, ICML 2020. W. Hua, Z. Dai, H. Liu, Q. Le, Transformer Quality in Linear Time, ICML 2022 (chunks).

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.zeros((1, 3, 4))
    >>> v = tw.asarray([[[1.0], [2.0], [6.0]]])
    >>> tw.nn.functional.linear_attention(x, x, v).ravel().tolist()
    [3.0, 3.0, 3.0]
    >>> tw.nn.functional.linear_attention(x, x, v, causal=True).ravel().tolist()
    [1.0, 1.5, 3.0]
    """
    op = "linear_attention"
    q, k, v = operands(op, query=query, key=key, value=value)
    causal = arguments.flag(op, "causal", causal)
    return_state = arguments.flag(op, "return_state", return_state)
    chunk = arguments.integer(op, "chunk", chunk, at_least=1)
    phi = _elu_plus_one if feature_map is None else arguments.function(op, "feature_map", feature_map)
    _check_shapes(op, q, k, v, causal)
    padding = _padding(op, k, key_padding_mask)
    dtype = q.dtype
    if dtype.itemsize == 2:  # sums over a sequence
        q, k, v = (astype(x, "float32", copy=False) for x in (q, k, v))
    if padding is not None:  # selected away, not multiplied: 0 * NaN is NaN
        k, v = (where(padding, 0.0, x) for x in (k, v))
    q, k = _features(op, phi, q), _features(op, phi, k)
    if padding is not None:
        k = where(padding, 0.0, k)
    # With ones beside the values, S and z are one array, and so are numerator and denominator.
    v = concatenate([v, ones((*v.shape[:-1], 1), dtype=v.dtype, device=v.device)], -1)
    before = None if state is None else _joined(op, state, (*k.shape[:-2], k.shape[-1], v.shape[-1]), v)
    whole = None
    if causal:
        both, whole = _in_chunks(q, k, v, before, min(chunk, max(q.shape[-2], 1)))
    else:
        whole = k.mT @ v if before is None else k.mT @ v + before
        both = q @ whole
    total = both[..., -1:]
    output = astype(both[..., :-1] / where(total == 0, 1.0, total), dtype, copy=False)
    return (output, (whole[..., :-1], whole[..., -1])) if return_state else output


def _elu_plus_one(x: Tensor) -> Tensor:
    """As one function: `expm1(x) + 1` would lose the digits of exp(x)."""
    above = x > 0
    return where(above, x + 1, exp(where(above, 0.0, x)))


def _features(op: str, phi: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    features = arguments.array(op, "what feature_map gave", phi(x))
    if features.shape[:-1] != x.shape[:-1] or features.ndim != x.ndim:
        needed = f"{(*x.shape[:-1], 'F')} of {x.shape}"
        raise ValueError(f"{op}: feature_map gave shape {features.shape}, but must give {needed}")
    return features


def _in_chunks(q: Tensor, k: Tensor, v: Tensor, before: Tensor | None, chunk: int) -> tuple[Tensor, Tensor]:
    """Numerators and denominators (.., T, V + 1) of causal attention, and the last sums (.., F, V + 1)."""
    lead, length = q.shape[:-2], q.shape[-2]
    count = -(-length // chunk)
    q, k, v = (
        reshape(pad(x, (0, 0, 0, count * chunk - length)), (*lead, count, chunk, x.shape[-1])) for x in (q, k, v)
    )
    within = tril(q @ k.mT) @ v
    sums = cumulative_sum(k.mT @ v, axis=len(lead), include_initial=True)  # before each chunk, and at the end
    if before is not None:
        sums = sums + expand_dims(before, len(lead))
    at = (slice(None),) * len(lead)
    both = reshape(within + q @ sums[(*at, slice(None, -1))], (*lead, count * chunk, v.shape[-1]))
    return both[..., :length, :], sums[(*at, -1)]


# ---- arguments -------------------------------------------------------------------------------------------------------


def _check_shapes(op: str, q: Tensor, k: Tensor, v: Tensor, causal: bool) -> None:
    for name, x in {"query": q, "key": k, "value": v}.items():
        if x.ndim < 3 or x.ndim != q.ndim or x.shape[:-2] != q.shape[:-2]:
            lead = ", ".join(map(str, q.shape[:-2])) if q.ndim > 2 else "B, .."
            raise ValueError(f"{op}: {name} has shape {x.shape}, but must be ({lead}, length, size)")
    if k.shape[-1] != q.shape[-1]:
        raise ValueError(f"{op}: query {q.shape} has size {q.shape[-1]}, but key {k.shape} has {k.shape[-1]}")
    if v.shape[-2] != k.shape[-2]:
        needed = ", ".join(map(str, k.shape[:-1]))
        raise ValueError(f"{op}: key has shape {k.shape}, which needs value ({needed}, V), not {v.shape}")
    if causal and q.shape[-2] != k.shape[-2]:
        raise ValueError(f"{op}: query has shape {q.shape} and key {k.shape}, but causal=True needs as many keys")


def _padding(op: str, k: Tensor, mask: Any) -> Tensor | None:
    """Broadcasting to the keys."""
    if mask is None:
        return None
    mask = operand(op, "key_padding_mask", mask, k)
    if mask.dtype.name != "bool":
        raise TypeError(f"{op}: key_padding_mask is {mask.dtype.name}, but must be bool, True where a key is padding")
    if mask.shape != (k.shape[0], k.shape[-2]):
        needed = (k.shape[0], k.shape[-2])
        raise ValueError(f"{op}: key_padding_mask has shape {mask.shape}, but key {k.shape} needs {needed}")
    return reshape(mask, (k.shape[0], *(1,) * (k.ndim - 3), k.shape[-2], 1))


def _joined(op: str, state: Any, shape: tuple[int, ...], v: Tensor) -> Tensor:
    """S and z of a state side by side, (.., F, V + 1)."""
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        arguments.refuse(op, "state", state, "a pair of tensors")
    sums, norm = (operand(op, "state", part, v) for part in state)
    if sums.shape != (*shape[:-1], shape[-1] - 1) or norm.shape != shape[:-1]:
        needed = f"{(*shape[:-1], shape[-1] - 1)} and {shape[:-1]}"
        raise ValueError(f"{op}: state has shapes {sums.shape} and {norm.shape}, but needs {needed}")
    return astype(concatenate([sums, expand_dims(norm, -1)], -1), v.dtype, copy=False)
