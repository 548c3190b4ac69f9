"""Linear attention as a layer; `nn.functional` has its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from . import functional
from ._heads import heads_of, joined
from .functional._checks import operands
from .linear import Linear
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from ..random import Generator

    State = tuple[Tensor, Tensor]

__all__ = ["LinearAttention"]


class LinearAttention(Module):
    """Attention of several heads without a softmax, in time and memory that grow with the length, not with its square.

    Parameters
    ----------
    embed_dim : int
        Length of queries and results; each head has `embed_dim / num_heads` features of it.
    num_heads : int
    bias : bool
        Whether the projections add one.
    causal : bool
        Whether a query sees the keys up to its own place only. Such a layer can go on step by step.
    feature_map : callable, optional
        See `nn.functional.linear_attention`; by default `elu(x) + 1`.
    chunk : int
        How many positions at a time are computed as products of matrices, where `causal`.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    q_proj, k_proj, v_proj, out_proj : Linear

    Raises
    ------
    ValueError
        For sizes below 1, and heads that do not divide `embed_dim`; when called, where the shapes do not fit.
    TypeError
        For arguments of another kind, or a dtype that is not floating; when called, for a mask that is not bool.

    References
    ----------
    A. Katharopoulos, A. Vyas, N. Pappas, F. Fleuret, Transformers are RNNs: Fast Autoregressive Transformers with
    Linear Attention, ICML 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> attention = tw.nn.LinearAttention(8, 2, causal=True)
    >>> x = tw.random.normal(size=(2, 5, 8))
    >>> whole = attention(x)
    >>> first, state = attention.step(x[:, :4])
    >>> last, state = attention.step(x[:, 4:], state)
    >>> tw.testing.assert_allclose(tw.concatenate([first, last], 1), whole, rtol=1e-4, atol=1e-5)
    """

    q_proj: Linear
    k_proj: Linear
    v_proj: Linear
    out_proj: Linear

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        bias: bool = True,
        *,
        causal: bool = False,
        feature_map: Callable[[Tensor], Tensor] | None = None,
        chunk: int = 64,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        name = "LinearAttention"
        self.embed_dim = arguments.integer(name, "embed_dim", embed_dim, at_least=1)
        self.num_heads = arguments.integer(name, "num_heads", num_heads, at_least=1)
        if self.embed_dim % self.num_heads:
            raise ValueError(f"{name}: embed_dim is {embed_dim}, which num_heads={num_heads} does not divide")
        self.causal = arguments.flag(name, "causal", causal)
        self.feature_map = None if feature_map is None else arguments.function(name, "feature_map", feature_map)
        self.chunk = arguments.integer(name, "chunk", chunk, at_least=1)
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, projection, Linear(embed_dim, embed_dim, bias, dtype=dtype, generator=generator))

    def forward(self, query: Any, key: Any = None, value: Any = None, key_padding_mask: Any = None) -> Tensor:
        """For each query the mean of the values.

        Parameters
        ----------
        query : array-like, shape (B, T, embed_dim)
        key : array-like, shape (B, S, embed_dim), optional
            By default the queries.
        value : array-like, shape (B, S, embed_dim), optional
            By default the keys.
        key_padding_mask : array-like of bool, shape (B, S), optional
            True where a key is padding.

        Returns
        -------
        Tensor, shape (B, T, embed_dim)

        Raises
        ------
        ValueError
            Where the shapes do not fit.
        TypeError
            For a mask that is not bool.
        """
        return self._attend(query, key, value, key_padding_mask=key_padding_mask)[0]

    def step(self, input: Any, state: State | None = None) -> tuple[Tensor, State]:
        """The next positions of sequences, given the sums over those before.

        Parameters
        ----------
        input : array-like, shape (B, T, embed_dim)
            One position or several.
        state : tuple of Tensor, optional
            What the step before returned; None at the beginning.

        Returns
        -------
        output : Tensor, shape (B, T, embed_dim)
            What a call with all positions gives for these.
        state : tuple of Tensor, shapes (B, num_heads, F, V) and (B, num_heads, F)
            As large after a thousand steps as after one.

        Raises
        ------
        ValueError
            For a layer that is not causal, and where the shapes do not fit.
        TypeError
            For a `state` that is no pair.
        """
        if not self.causal:
            raise ValueError("LinearAttention.step: the layer is not causal, so results depend on what is to come")
        return self._attend(input, None, None, state=state)

    def _attend(self, query: Any, key: Any, value: Any, **options: Any) -> tuple[Tensor, State]:
        key = query if key is None else key
        value = key if value is None else value
        q, k, v = operands("LinearAttention", query=query, key=key, value=value)
        for name, x in {"query": q, "key": k, "value": v}.items():
            if x.ndim != 3 or x.shape[0] != q.shape[0] or x.shape[2] != self.embed_dim:
                batch = q.shape[0] if q.ndim == 3 else "B"
                needed = f"({batch}, length, {self.embed_dim})"
                raise ValueError(f"LinearAttention: {name} has shape {x.shape}, but must be {needed}")
        projections = (self.q_proj, q), (self.k_proj, k), (self.v_proj, v)
        q, k, v = (heads_of(project(x), self.num_heads) for project, x in projections)
        options |= {"chunk": self.chunk, "return_state": True}
        output, state = functional.linear_attention(q, k, v, self.causal, self.feature_map, **options)
        return self.out_proj(joined(output)), state

    def extra_repr(self) -> str:
        shown = f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, causal={self.causal}, chunk={self.chunk}"
        return f"{shown}, bias={self.q_proj.bias is not None}"
