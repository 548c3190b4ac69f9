"""Mixed precision: which ops compute in bfloat16, and which in float32."""

from __future__ import annotations

from .arguments import flag, option
from .tape import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["autocast"]

TO_BFLOAT16, TO_FLOAT32 = 1, 2  # as `Cast` in csrc/bind/primitive.h

# Products: their kernels accumulate in float32.
_PRODUCTS = "matmul matmul_nt matmul_tn linear conv conv_transpose scaled_dot_product_attention"
# Exponentials and logarithms, sums, norms, losses: what they give has few of bfloat16's eight bits left.
_SENSITIVE = """
    exp exp2 expm1 log log1p log2 log10 logaddexp logaddexp2 power reciprocal rsqrt softplus log_sigmoid
    softmax log_softmax logsumexp cross_entropy ctc_loss
    sum prod mean cumsum cumprod
    layer_norm rms_norm add_layer_norm add_rms_norm group_norm instance_norm batch_norm given_norm
    untracked_batch_norm untracked_instance_norm
"""
CASTS = {
    **dict.fromkeys(_PRODUCTS.split(), TO_BFLOAT16),
    **dict.fromkeys(_SENSITIVE.split(), TO_FLOAT32),
}


class autocast:
    """Mixed precision: products take bfloat16 operands. For this thread.

    Parameters
    ----------
    dtype : str or DType
        "bfloat16".
    enabled : bool
        With False, ops are as outside of any `autocast`.

    Raises
    ------
    ValueError
        For another dtype.
    TypeError
        For what is none.

    Notes
    -----
    The rule, by op:

    - Products (`matmul`, `linear`, convolutions, scaled dot product attention) round float32 operands to bfloat16. They
      accumulate in float32, and their result is rounded to bfloat16.
    - Exponentials, logarithms, powers, sums, means and variances, softmax, norms and losses convert bfloat16 and
      float16 operands to float32, and give float32.
    - All others take what they are given: bfloat16 stays, beside float32 it becomes float32. Recurrent layers compute
      in float32. float64 and complex numbers are left alone.

    The conversions are recorded. So parameters stay float32 and have float32 gradients, in which the products' bfloat16
    gradients add up; the optimiser's steps are those of float32. bfloat16 has float32's range, and no loss needs to be
    scaled. Run the model and the loss inside, `backward` and the optimiser outside.

    References
    ----------
    P. Micikevicius et al., Mixed Precision Training, ICLR 2018.
    D. Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training, 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(3, 2)
    >>> with tw.autocast("bfloat16"):
    ...     y = layer(tw.ones((4, 3)))
    ...     loss = (y * y).mean()
    >>> y.dtype.name, loss.dtype.name
    ('bfloat16', 'float32')
    >>> loss.backward()
    >>> layer.weight.dtype.name, layer.weight.grad.dtype.name
    ('float32', 'float32')
    """

    __slots__ = ("_before", "enabled")

    def __init__(self, dtype: Any = "bfloat16", enabled: bool = True) -> None:
        option("autocast", "dtype", getattr(dtype, "name", dtype), ("bfloat16",))
        self.enabled = flag("autocast", "enabled", enabled)
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(state.casting)
        state.casting = self.enabled

    def __exit__(self, *exception: Any) -> None:
        state.casting = self._before.pop()
