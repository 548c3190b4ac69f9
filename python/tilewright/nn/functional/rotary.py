"""Rotary position embedding as a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._functions.manipulation import astype, concatenate, reshape, stack
from ._checks import operands

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = ["rotary"]


def rotary(input: Any, cos: Any, sin: Any, interleaved: bool = False) -> Tensor:
    """Turns pairs of features by an angle of their own for each position: rotary position embedding.

    Parameters
    ----------
    input : array-like, shape (.., T, D)
        Queries or keys. Floating.
    cos, sin : array-like, shape broadcasting to (.., T, R)
        Of the angles. The first `2 R` features are turned, which must be at most D; the others stay.
    interleaved : bool
        Which features are a pair: 2 r and 2 r + 1, as in the paper and in GPT-J; or r and r + R, as in LLaMA and
        GPT-NeoX.

    Returns
    -------
    Tensor, shape (.., T, D)
        In the dtype of `input`.

    Raises
    ------
    ValueError
        Where the shapes do not fit.
    TypeError
        For complex numbers, and where `interleaved` is no flag.

    Notes
    -----
    A pair (a, b) becomes `(a cos - b sin, b cos + a sin)`. With angles `t theta_r` at position t the product of a query
    and a key depends on the distance of their positions only. `nn.RotaryPositions` has such tables.

    References
    ----------
    J. Su, Y. Lu, S. Pan, A. Murtadha, B. Wen, Y. Liu, RoFormer: Enhanced Transformer with Rotary Position Embedding,
    arXiv:2104.09864, 2021.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.rotary([[1.0, 2.0, 3.0, 4.0]], [[0.0]], [[1.0]])
    tensor([[-2.,  1.,  3.,  4.]])
    """
    op = "rotary"
    interleaved = arguments.flag(op, "interleaved", interleaved)
    x, cos, sin = operands(op, input=input, cos=cos, sin=sin)
    pairs = _pairs(op, x, cos, sin)
    dtype, rest = x.dtype, x[..., 2 * pairs :]
    turned = x[..., : 2 * pairs]
    wide = "float32" if dtype.itemsize == 2 else dtype  # halves are rounded once
    turned, cos, sin = (astype(part, wide, copy=False) for part in (turned, cos, sin))
    if interleaved:
        a, b = turned[..., 0::2], turned[..., 1::2]
        turned = reshape(stack([a * cos - b * sin, b * cos + a * sin], -1), turned.shape)
    else:
        a, b = turned[..., :pairs], turned[..., pairs:]
        turned = concatenate([a * cos - b * sin, b * cos + a * sin], -1)
    turned = astype(turned, dtype, copy=False)
    return concatenate([turned, rest], -1) if rest.shape[-1] else turned


def _pairs(op: str, x: Tensor, cos: Tensor, sin: Tensor) -> int:
    """How many pairs are turned."""
    if x.ndim < 2:
        raise ValueError(f"{op}: input has shape {x.shape}, but needs (.., T, D)")
    if cos.shape != sin.shape:
        raise ValueError(f"{op}: cos has shape {cos.shape}, but sin {sin.shape}; they must agree")
    if not cos.ndim or 2 * cos.shape[-1] > x.shape[-1]:
        raise ValueError(f"{op}: cos has shape {cos.shape}, but input {x.shape} needs a last axis of at most half of D")
    full = (*x.shape[:-1], cos.shape[-1])
    if cos.ndim > x.ndim or any(a not in (1, b) for a, b in zip(cos.shape[::-1], full[::-1], strict=False)):
        raise ValueError(f"{op}: cos has shape {cos.shape}, which does not broadcast to {full} of input {x.shape}")
    return cos.shape[-1]
