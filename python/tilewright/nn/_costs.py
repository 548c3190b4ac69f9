"""What one call of a layer costs: connections, multiply-adds, steps in a row; its window, and how far signals go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ._sequences import PackedSequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from .module import Module

    Costs = tuple[int, int]
    Paths = tuple[int | None, int | None]


class Window(NamedTuple):
    """A number for each spatial axis, in each of the three."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]


def costs(module: Module, given: list[Tensor], y: Tensor) -> Costs | None:
    """Connections and multiply-adds of a call, by its arguments and first result; None for an unknown class."""
    if _counts_itself(module):
        return module.costs(given[0], y)  # type: ignore[attr-defined]
    known, attends = _entry(module, _COSTS), _entry(module, _ATTENTION)
    if attends:
        return attends.costs(module, given, y)
    return known(module, given[0], y) if known else None


def paths(module: Module, first: Any, given: list[Tensor], y: Tensor) -> Paths:
    """Steps one after another of a call with this first argument, and the longest way between two positions.

    (0, 0) for a layer that takes each position by itself; None for what cannot be told.
    """
    attends = _entry(module, _ATTENTION)
    if attends:
        return attends.steps(module, given[0]), 1
    if _entry(module, _COSTS) is _recurrent and hasattr(module, "num_layers"):
        return _recurrent_paths(module, first if isinstance(first, PackedSequence) else given[0])
    if looks_through_windows(module):
        seen = window(module, given[0], y)
        return 1, None if seen is None else _layers_to_see_all(seen, given[0].shape[-len(seen.kernel) :])
    return 0, 0


def looks_through_windows(module: Module) -> bool:
    return (_counts_itself(module) and hasattr(module, "kernel_size")) or _entry(module, _AXES) is not None


def _counts_itself(module: Module) -> bool:
    return callable(getattr(type(module), "costs", None))


def window(module: Module, x: Tensor, y: Tensor) -> Window | None:
    """The window of each result in a call, of a layer that looks through windows; None where they differ."""
    axes = _entry(module, _AXES) or x.ndim - 2
    if hasattr(module, "output_size"):
        pairs = list(zip(x.shape[-axes:], y.shape[-axes:], strict=True))
        if any(m == 0 or n % m for n, m in pairs):
            return None
        steps = tuple([n // m for n, m in pairs])
        return Window(steps, steps, (1,) * axes)
    sizes = [getattr(module, name, 1) for name in ("kernel_size", "stride", "dilation")]
    return Window(*((size,) * axes if isinstance(size, int) else tuple(size) for size in sizes))


def _entry(module: Module, table: dict[str, Any]) -> Any:
    """Of the module's class, or of the first of its bases that has one."""
    bases = (base.__name__ for base in type(module).__mro__ if base.__module__.startswith("tilewright.nn."))
    return next((table[name] for name in bases if name in table), None)


def _has(value: Any) -> int:
    return int(value is not None)


def _convolution(module: Any, x: Tensor, y: Tensor) -> Costs:
    each = module.weight.size // module.out_channels
    return y.size * (each + _has(module.bias)), y.size * each


def _transposed(module: Any, x: Tensor, y: Tensor) -> Costs:
    products = x.size * (module.weight.size // module.in_channels)
    return products + y.size * _has(module.bias), products


def _linear(module: Any, x: Tensor, y: Tensor) -> Costs:
    return y.size * (module.in_features + _has(module.bias)), y.size * module.in_features


def _normalization(module: Any, x: Tensor, y: Tensor) -> Costs:
    return y.size * (1 + _has(getattr(module, "bias", None))), y.size


def _response(module: Any, x: Tensor, y: Tensor) -> Costs:
    return y.size * module.size, y.size * module.size


def _slopes(module: Any, x: Tensor, y: Tensor) -> Costs:
    return y.size, y.size


def _added(module: Any, x: Tensor, y: Tensor) -> Costs:
    return y.size, 0


def _look_up(module: Any, x: Tensor, y: Tensor) -> Costs:
    return y.size, 0


def _bags(module: Any, x: Tensor, y: Tensor) -> Costs:
    return x.size * module.embedding_dim, 0


def _pooling(module: Any, x: Tensor, y: Tensor) -> Costs:
    seen = window(module, x, y)
    return (y.size * math.prod(seen.kernel) if seen else 0), 0


def _adaptive_pooling(module: Any, x: Tensor, y: Tensor) -> Costs:
    axes = _entry(module, _AXES)
    seen = math.prod(y.shape[:-axes])
    for n, m in zip(x.shape[-axes:], y.shape[-axes:], strict=True):
        seen *= sum(-(-(i + 1) * n // m) - i * n // m for i in range(m))
    return seen, 0


def _recurrent(module: Any, x: Tensor, y: Tensor) -> Costs:
    """Each row of x, a step of a sequence, sees each weight once."""
    rows = x.size // module.input_size
    sizes = {name: math.prod(shape) for name, shape in module._shapes().items()}
    return rows * sum(sizes.values()), rows * sum(size for name, size in sizes.items() if name.startswith("weight"))


def _recurrent_paths(module: Any, first: Any) -> Paths:
    """Each layer waits for the one before; the first step reaches the last result through all steps and layers."""
    if isinstance(first, PackedSequence):
        steps = len(first.batch_sizes)
    else:
        steps = first.shape[1 if module.batch_first and first.ndim == 3 else 0]
    return steps * module.num_layers, steps + module.num_layers - 1 if steps else 0


def _layers_to_see_all(window: Window, extents: tuple[int, ...]) -> int:
    """How many such layers it takes until a result depends on all elements along each axis; 0 where none does."""
    most = 0
    for extent, kernel, stride, dilation in zip(extents, *window, strict=True):
        seen = step = 1
        layers = 0
        while seen < extent and kernel > 1:
            seen += (kernel - 1) * dilation * step
            step *= stride
            layers += 1
        most = max(most, layers)
    return most


# ---- attention -------------------------------------------------------------------------------------------------------


def _keys(given: list[Tensor]) -> Tensor:
    return given[1] if len(given) > 1 else given[0]


def _scored(module: Any, given: list[Tensor], y: Tensor) -> Costs:
    """A product of each query with each key, and the mean of the values."""
    products = (given[0].size + y.size) * _keys(given).shape[-2]
    return products, products


def _averaged(module: Any, given: list[Tensor], y: Tensor) -> Costs:
    """The mean alone: the scores come from layers inside, which are counted by themselves."""
    products = y.size * _keys(given).shape[-2]
    return products, products


def _multihead(module: Any, given: list[Tensor], y: Tensor) -> Costs:
    """Of the projections into heads, all scores and the sums of values; `out_proj` is a layer of its own."""
    query, key, value = given[:3]
    _, width, _ = module._widths
    rows = query.size // module.embed_dim
    pairs = rows * (key.shape[-2 if module.batch_first else 0])
    projections = query.size * module.embed_dim + (key.size + value.size) * width
    products = projections + 2 * pairs * module.embed_dim
    biases = rows * module.embed_dim + 2 * (key.size // module.kdim) * width
    return products + biases * _has(module.in_proj_bias), products


def _linear_attention(module: Any, given: list[Tensor], y: Tensor) -> Costs | None:
    """Sums of products of features and values, read by each query; in chunks also the scores in each."""
    if module.feature_map is not None:
        return None
    query, keys = given[0], _keys(given)
    size = module.embed_dim // module.num_heads
    products = (query.size + keys.size) * (size + 1)
    if module.causal:
        products += 2 * query.size * min(module.chunk, max(query.shape[1], 1))
    return products, products


def _at_once(module: Any, query: Tensor) -> int:
    return 1


def _chunks(module: Any, query: Tensor) -> int:
    return -(-query.shape[1] // module.chunk) if module.causal else 1


class _Attends(NamedTuple):
    """Of a layer whose queries see keys, by default themselves."""

    costs: Callable[[Any, list[Tensor], Tensor], Costs | None]
    steps: Callable[[Any, Tensor], int]


_ATTENTION = {
    "Attention": _Attends(_scored, _at_once),
    **dict.fromkeys(("AdditiveAttention", "NetworkAttention"), _Attends(_averaged, _at_once)),
    "LinearAttention": _Attends(_linear_attention, _chunks),
    "MultiheadAttention": _Attends(_multihead, _at_once),
}


# ---- the table -------------------------------------------------------------------------------------------------------


_COSTS: dict[str, Callable[[Any, Tensor, Tensor], Costs]] = dict.fromkeys(
    ("Linear", "PackedLinear", "CompressedLinear"), _linear
)
_COSTS |= {
    "LocalResponseNorm": _response,
    "PReLU": _slopes,
    "LIF": _slopes,
    "LayerNorm": _normalization,
    "RMSNorm": _normalization,
}
_COSTS |= {"LearnedPositions": _added, "GroupNorm": _normalization, "Embedding": _look_up, "EmbeddingBag": _bags}
for _kind in ("RNN", "LSTM", "GRU"):
    _COSTS |= {_kind: _recurrent, f"{_kind}Cell": _recurrent}
_AXES: dict[str, int] = {}
for _n in (1, 2, 3):
    _COSTS |= {f"Conv{_n}d": _convolution, f"ConvTranspose{_n}d": _transposed}
    _COSTS |= {f"BatchNorm{_n}d": _normalization, f"InstanceNorm{_n}d": _normalization}
    _COSTS |= {f"{_kind}Pool{_n}d": _pooling for _kind in ("Avg", "Max", "LP")}
    _COSTS |= {f"Adaptive{_kind}Pool{_n}d": _adaptive_pooling for _kind in ("Avg", "Max")}
    _AXES |= {f"{_kind}Pool{_n}d": _n for _kind in ("Avg", "Max", "LP", "AdaptiveAvg", "AdaptiveMax")}
    _AXES[f"Conv{_n}d"] = _n
