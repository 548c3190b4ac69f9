"""What one call of a layer costs: its connections and multiply-adds; and the window that it looks through."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._engine.tensor import Tensor
    from .module import Module

    Costs = tuple[int, int]


class Window(NamedTuple):
    """A number for each spatial axis, in each of the three."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]


def costs(module: Module, given: Sequence[Tensor], y: Tensor) -> Costs | None:
    """Connections and multiply-adds of a call, by its arguments and first result; None for an unknown class."""
    if _counts_itself(module):
        return module.costs(given[0], y)  # type: ignore[attr-defined]
    known, attends = _entry(module, _COSTS), _entry(module, _ATTENTION)
    if attends:
        return attends(module, given[0], given[1] if len(given) > 1 else given[0], y)
    return known(module, given[0], y) if known else None


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


def _multihead(module: Any, query: Tensor, keys: Tensor, y: Tensor) -> Costs:
    """The projections into heads, all scores and the means of values; `out_proj` is a layer of its own."""
    _, width, _ = module._widths
    queries, seen = query.size // module.embed_dim, keys.size // module.kdim
    projections = query.size * module.embed_dim + seen * width * (module.kdim + module.vdim)
    products = projections + 2 * query.size * keys.shape[-2 if module.batch_first else 0]
    return products + (queries * module.embed_dim + 2 * seen * width) * _has(module.in_proj_bias), products


_ATTENTION: dict[str, Callable[[Any, Tensor, Tensor, Tensor], Costs]] = {"MultiheadAttention": _multihead}
_COSTS: dict[str, Callable[[Any, Tensor, Tensor], Costs]] = {"Linear": _linear, "PackedLinear": _linear}
_COSTS |= {"LocalResponseNorm": _response, "PReLU": _slopes, "LayerNorm": _normalization, "RMSNorm": _normalization}
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
