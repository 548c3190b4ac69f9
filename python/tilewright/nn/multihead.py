"""Multi-head attention with its projections."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._functions.creation import ones, zeros
from .._functions.linear import linear
from .._functions.logical import logical_and, logical_not
from .._functions.manipulation import astype, broadcast_to, concatenate, permute_dims, reshape, split
from .._functions.statistics import mean
from .._functions.triangular import tri
from . import init
from .functional._checks import operand, operands
from .functional.attention import attention_weights, scaled_dot_product_attention, warn_of_zeros_and_ones
from .linear import Linear
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["MultiheadAttention"]

_NAMES = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "bias_k", "bias_v")


class MultiheadAttention(Module):
    """Several attentions side by side, each of its own projection of queries, keys and values.

    `attention(query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None)` gives the output and the
    weights: see `forward`.

    Parameters
    ----------
    embed_dim : int
        Length of queries and outputs, E.
    num_heads : int
        How many attentions, H; divides `embed_dim`.
    dropout : float
        In training, the probability with which weights become 0 and the others are scaled by `1 / (1 - dropout)`.
    bias : bool
        Whether the projections add biases.
    add_bias_kv : bool
        Whether one learned key and value stand behind the others, where every query sees them.
    add_zero_attn : bool
        Whether a key and a value of zeros do.
    kdim, vdim : int, optional
        Lengths of keys and values; by default `embed_dim`.
    batch_first : bool
        Whether batches are (N, L, E) rather than (L, N, E).
    num_kv_heads : int, optional
        How many heads keys and values have, K; divides `num_heads`. Neighbouring H / K query heads share each. By
        default `num_heads`.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights, and the masks of `dropout`, are drawn from; by default
        `tilewright.random.default_generator`.

    Attributes
    ----------
    in_proj_weight : Parameter, shape (E + 2 K E / H, E), or None
        The projections of queries, keys and values below each other.
    q_proj_weight, k_proj_weight, v_proj_weight : Parameter, or None
        In its place where `kdim` or `vdim` is not `embed_dim`: (E, E), (K E / H, kdim) and (K E / H, vdim).
    in_proj_bias : Parameter, shape (E + 2 K E / H,), or None
    bias_k, bias_v : Parameter, shape (1, 1, K E / H), or None
        With `add_bias_kv`.
    out_proj : Linear
        Of the heads' results behind each other.

    Raises
    ------
    ValueError
        For sizes below 1, heads that do not divide, or a `dropout` outside [0, 1]; when called, where the shapes do not
        fit.
    TypeError
        For options of another kind; when called, for a mask of integers, which could mean either kind.

    Notes
    -----
    `concat(head_1, .., head_H) Wo^T + bo`, where `head_h` is `nn.functional.scaled_dot_product_attention` of the parts
    of the projected queries, keys and values that belong to it.

    Weights start as in PyTorch: those of the input projections uniform (Glorot), that of `out_proj` uniform in
    `(-a, a)`, `a = 1 / sqrt(E)`, biases at zero. State dicts are PyTorch's. Two things differ in
    calls. `is_causal=True` is a causal mask, also alone; there it is a hint that needs `attn_mask`. A query that may
    see no key gets zeros from each head, so the bias of `out_proj`, and no gradient comes from it, with `need_weights`,
    too.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017. J. Ainslie et al., GQA, EMNLP 2023 (`num_kv_heads`).

    Examples
    --------
    >>> import tilewright as tw
    >>> attention = tw.nn.MultiheadAttention(16, 4, batch_first=True)
    >>> x = tw.ones((2, 5, 16))
    >>> output, weights = attention(x, x, x, is_causal=True)
    >>> output.shape, weights.shape
    ((2, 5, 16), (2, 5, 5))
    >>> weights[0, 1].tolist()
    [0.5, 0.5, 0.0, 0.0, 0.0]
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        num_kv_heads: int | None = None,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        op = type(self).__name__
        self._set_sizes(op, embed_dim, num_heads, num_kv_heads, kdim, vdim)
        self.dropout = arguments.probability(op, "dropout", dropout)
        self.add_zero_attn = arguments.flag(op, "add_zero_attn", add_zero_attn)
        self.batch_first = arguments.flag(op, "batch_first", batch_first)
        self.generator = None if generator is None else random.source(op, generator)
        has_bias = arguments.flag(op, "bias", bias)
        shapes = self._shapes(has_bias, arguments.flag(op, "add_bias_kv", add_bias_kv))
        kind = as_floating(op, dtype)
        for name in _NAMES:
            made = None
            if name in shapes:
                made = Parameter(_core.full(arguments.shape(op, shapes[name], name), 0, kind))
            setattr(self, name, made)
        self.out_proj = Linear(self.embed_dim, self.embed_dim, has_bias, dtype=kind, generator=self.generator)
        self.reset_parameters(self.generator)

    def _set_sizes(self, op: str, embed_dim: Any, num_heads: Any, num_kv_heads: Any, kdim: Any, vdim: Any) -> None:
        self.embed_dim = arguments.integer(op, "embed_dim", embed_dim, at_least=1)
        self.num_heads = arguments.integer(op, "num_heads", num_heads, at_least=1)
        if self.embed_dim % self.num_heads:
            raise ValueError(f"{op}: embed_dim is {self.embed_dim}, which {self.num_heads} heads do not divide")
        self.head_dim = self.embed_dim // self.num_heads
        self.num_kv_heads = self.num_heads
        if num_kv_heads is not None:
            self.num_kv_heads = arguments.integer(op, "num_kv_heads", num_kv_heads, at_least=1)
            if self.num_heads % self.num_kv_heads:
                raise ValueError(
                    f"{op}: num_heads is {self.num_heads}, which num_kv_heads={num_kv_heads} does not divide"
                )
        self.kdim = self.embed_dim if kdim is None else arguments.integer(op, "kdim", kdim, at_least=1)
        self.vdim = self.embed_dim if vdim is None else arguments.integer(op, "vdim", vdim, at_least=1)

    @property
    def _widths(self) -> tuple[int, int, int]:
        """Of the projected queries, keys and values."""
        return self.embed_dim, self.num_kv_heads * self.head_dim, self.num_kv_heads * self.head_dim

    def _shapes(self, bias: bool, add_bias_kv: bool) -> dict[str, tuple[int, ...]]:
        """Of the parameters but those of `out_proj`."""
        reads, widths = (self.embed_dim, self.kdim, self.vdim), self._widths
        shapes: dict[str, tuple[int, ...]] = {"in_proj_weight": (sum(widths), self.embed_dim)}
        if set(reads) != {self.embed_dim}:
            sizes = zip("qkv", widths, reads, strict=True)
            shapes = {f"{name}_proj_weight": (width, read) for name, width, read in sizes}
        if bias:
            shapes["in_proj_bias"] = (sum(widths),)
        if add_bias_kv:
            shapes |= {"bias_k": (1, 1, widths[1]), "bias_v": (1, 1, widths[2])}
        return shapes

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new starting weights, and set the biases to zero."""
        for name in _NAMES:
            parameter = getattr(self, name)
            if parameter is None:
                continue
            if name == "in_proj_bias":
                init.zeros_(parameter)
            else:
                draw = init.xavier_normal_ if name.startswith("bias") else init.xavier_uniform_
                draw(parameter, generator=generator)
        bound = 1 / math.sqrt(self.embed_dim)
        init.uniform_(self.out_proj.weight, -bound, bound, generator=generator)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """What each query sees of the values.

        Parameters
        ----------
        query : array-like, shape (L, N, E), with `batch_first` (N, L, E), or (L, E)
        key : array-like, shape (S, N, kdim), (N, S, kdim) or (S, kdim)
        value : array-like, shape (S, N, vdim), (N, S, vdim) or (S, vdim)
            Arguments that are the same object are projected by one product: `attention(x, x, x)`.
        key_padding_mask : array-like, shape (N, S) or (S,), optional
            Of bool: True for keys that no query may see. Floating: added to the scores of the key; -inf forbids.
        need_weights : bool
            Whether the weights are returned, for which they are kept in memory, all L x S of each head. False is
            faster.
        attn_mask : array-like, shape (L, S), (N H, L, S) or (H, L, S), optional
            Of bool: True where a query may not see a key. (In `nn.functional.scaled_dot_product_attention` it is True
            where it may.) Floating: added to the scores; -inf forbids.
        average_attn_weights : bool
            Whether the mean of the weights over the heads is returned, or those of each head.
        is_causal : bool
            Whether query i sees only keys 0 to i, besides what the masks forbid. Faster than a mask that says so.

        Returns
        -------
        output : Tensor, shape of `query`
        weights : Tensor, shape (N, L, S) or (N, H, L, S), or None
            With `need_weights`: what the values were multiplied by, so after dropout. Without a batch (L, S) or
            (H, L, S). `add_bias_kv` and `add_zero_attn` add a column each.

        Raises
        ------
        ValueError
            Where the shapes do not fit.
        TypeError
            For operands that are not real numbers, and for a mask of integers.

        Warns
        -----
        UserWarning
            For a floating mask of zeros and ones only: it is added, which is hardly meant.
        """
        op = type(self).__name__
        inputs = self._inputs(op, query, key, value)
        need_weights = arguments.flag(op, "need_weights", need_weights)
        average = arguments.flag(op, "average_attn_weights", average_attn_weights)
        is_causal = arguments.flag(op, "is_causal", is_causal)
        keep, bias = self._masks(op, inputs, key_padding_mask, attn_mask)
        heads = (self.num_heads, self.num_kv_heads, self.num_kv_heads)
        q, k, v = (self._to_heads(x, count) for x, count in zip(self._project(inputs), heads, strict=True))
        if self.bias_k is not None or self.add_zero_attn:
            k, v, keep, bias = self._with_more_keys(q, k, v, keep, bias, is_causal)
            is_causal = False
        p = self.dropout if self.training else 0.0
        grouped = self.num_kv_heads != self.num_heads
        given = q, k, v, keep, p, is_causal, None, grouped
        weights = None
        if need_weights:
            output, weights = attention_weights(*given, bias=bias, generator=self.generator)
            weights = mean(weights, axis=-3) if average else weights
        else:
            output = scaled_dot_product_attention(*given, bias=bias, generator=self.generator)
        return self.out_proj(self._from_heads(output)), weights

    # ---- arguments ---------------------------------------------------------------------------------------------------

    def _inputs(self, op: str, query: Any, key: Any, value: Any) -> list[Tensor]:
        """Checked; those that are the same object stay so."""
        given = {"query": query, "key": key, "value": value}
        first = {id(x): name for name, x in reversed(given.items())}
        names = [name for name, x in given.items() if first[id(x)] == name]
        read = dict(zip(names, operands(op, **{name: given[name] for name in names}), strict=True))
        inputs = [read[first[id(x)]] for x in given.values()]
        for name, x, size in zip(given, inputs, (self.embed_dim, self.kdim, self.vdim), strict=True):
            if x.ndim not in (2, 3) or x.shape[-1] != size:
                needed = f"(N, L, {size}) or (L, {size})" if self.batch_first else f"(L, N, {size}) or (L, {size})"
                raise ValueError(f"{op}: {name} has shape {x.shape}, but must be {needed}")
        q, k, v = inputs
        batch = 0 if self.batch_first else 1
        if q.ndim != k.ndim or (q.ndim == 3 and q.shape[batch] != k.shape[batch]):
            raise ValueError(f"{op}: query has shape {q.shape}, but key {k.shape}: their batches must agree")
        if k.shape[:-1] != v.shape[:-1]:
            fitting = (*k.shape[:-1], self.vdim)
            raise ValueError(f"{op}: key has shape {k.shape}, which needs value {fitting}, not {v.shape}")
        return inputs

    def _extents(self, inputs: list[Tensor]) -> tuple[tuple[int, ...], int, int]:
        """(N,) or (), L and S."""
        query, key, _ = inputs
        if query.ndim == 2:
            return (), query.shape[0], key.shape[0]
        lengths = 1 if self.batch_first else 0
        return (query.shape[1 - lengths],), query.shape[lengths], key.shape[lengths]

    def _masks(self, op: str, inputs: list[Tensor], padding: Any, mask: Any) -> tuple[Tensor | None, Tensor | None]:
        """What queries may see, and what is added to the scores: each broadcasts to (N, H, L, S) or (H, L, S)."""
        lead, queries, keys = self._extents(inputs)
        whole = (*lead, self.num_heads, queries, keys)
        keep: Tensor | None = None
        bias: Tensor | None = None
        for name, given in {"attn_mask": mask, "key_padding_mask": padding}.items():
            if given is None:
                continue
            read = _mask(op, name, given, inputs[0])
            shapes: dict[tuple[int, ...], tuple[int, ...]] = {(queries, keys): (queries, keys)}
            shapes[math.prod(whole[:-2]), queries, keys] = whole
            if name == "key_padding_mask":
                shapes = {(*lead, keys): (*lead, 1, 1, keys)}
            if read.shape not in shapes:
                needed = " or ".join(map(str, shapes))
                raise ValueError(f"{op}: {name} has shape {read.shape}, but must be {needed}")
            read = reshape(read, shapes[read.shape])
            if read.dtype.name == "bool":
                read = logical_not(read)
                keep = read if keep is None else logical_and(keep, read)
            else:
                bias = read if bias is None else bias + read
        return keep, bias

    # ---- projections and heads ---------------------------------------------------------------------------------------

    def _project(self, inputs: list[Tensor]) -> list[Tensor]:
        """Queries, keys and values: one product for neighbours that are the same object."""
        widths = self._widths
        if self.in_proj_weight is None:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
            biases = _pieces(self.in_proj_bias, widths)
            return [linear(*given, "none") for given in zip(inputs, weights, biases, strict=True)]
        runs: list[list[int]] = []
        for i, x in enumerate(inputs):
            if i and x is inputs[i - 1]:
                runs[-1].append(widths[i])
            else:
                runs.append([widths[i]])
        rows = [sum(run) for run in runs]
        given = [x for i, x in enumerate(inputs) if not i or x is not inputs[i - 1]]
        projected: list[Tensor] = []
        pieces = _pieces(self.in_proj_weight, rows), _pieces(self.in_proj_bias, rows)
        for x, weight, bias, run in zip(given, *pieces, runs, strict=True):
            projected += _pieces(linear(x, weight, bias, "none"), run, axis=-1)
        return projected

    def _to_heads(self, x: Tensor, count: int) -> Tensor:
        """Of (N, L, count D), (L, N, count D) or (L, count D): (N, count, L, D) or (count, L, D), a view."""
        parts = reshape(x, (*x.shape[:-1], count, self.head_dim))
        return permute_dims(parts, (1, 0, 2) if x.ndim == 2 else (0, 2, 1, 3) if self.batch_first else (1, 2, 0, 3))

    def _from_heads(self, x: Tensor) -> Tensor:
        parts = permute_dims(x, (1, 0, 2) if x.ndim == 3 else (0, 2, 1, 3) if self.batch_first else (2, 0, 1, 3))
        return reshape(parts, (*parts.shape[:-2], self.embed_dim))

    def _with_more_keys(
        self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor | None, bias: Tensor | None, is_causal: bool
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Keys and values with the learned one and the one of zeros, which no mask hides."""
        queries, keys = q.shape[-2], k.shape[-2]
        if is_causal:
            causal = tri(queries, keys, dtype="bool", device=q.device)
            keep = causal if keep is None else logical_and(keep, causal)
        shape = (*k.shape[:-2], 1, k.shape[-1])
        more: list[tuple[Tensor, Tensor]] = []
        if self.bias_k is not None:
            learned = (reshape(b, (self.num_kv_heads, 1, self.head_dim)) for b in (self.bias_k, self.bias_v))
            more.append(tuple([broadcast_to(b, shape) for b in learned]))  # type: ignore[arg-type]
        if self.add_zero_attn:
            nothing = zeros(shape, dtype=k.dtype, device=k.device)
            more.append((nothing, nothing))
        k, v = (concatenate([x, *(pair[i] for pair in more)], axis=-2) for i, x in enumerate((k, v)))
        if keep is not None:
            seen = ones((*keep.shape[:-1], len(more)), dtype="bool", device=keep.device)
            keep = concatenate([keep, seen], axis=-1)
        if bias is not None:
            bias = concatenate(
                [bias, zeros((*bias.shape[:-1], len(more)), dtype=bias.dtype, device=bias.device)], axis=-1
            )
        return k, v, keep, bias

    def extra_repr(self) -> str:
        text = f"embed_dim={self.embed_dim}, num_heads={self.num_heads}"
        usual = {"dropout": 0.0, "bias": True, "add_bias_kv": False, "add_zero_attn": False, "kdim": self.embed_dim}
        usual |= {"vdim": self.embed_dim, "batch_first": False, "num_kv_heads": self.num_heads}
        given = {"bias": self.in_proj_bias is not None, "add_bias_kv": self.bias_k is not None}
        for name, value in usual.items():
            own = given[name] if name in given else getattr(self, name)
            if own != value:
                text += f", {name}={own!r}"
        return text


def _pieces(x: Tensor | None, widths: Sequence[int], axis: int = 0) -> list[Any]:
    """Parts of these widths."""
    if x is None or len(widths) == 1:
        return [x] * len(widths)
    return split(x, [sum(widths[:i]) for i in range(1, len(widths))], axis=axis)


def _mask(op: str, name: str, mask: Any, query: Tensor) -> Tensor:
    """A mask of bool, or in the dtype of the query."""
    mask = operand(op, name, mask, query)
    if mask.dtype.name == "bool":
        return mask
    if not mask.dtype.is_floating:
        needed = "bool (True: may not attend) or floating (added to scores)"
        raise TypeError(f"{op}: {name} is {mask.dtype.name}, but must be {needed}")
    warn_of_zeros_and_ones(op, name, mask, "what may not be attended", stacklevel=6)
    return astype(mask, query.dtype, copy=False)
