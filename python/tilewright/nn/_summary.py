"""The table of a network's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_dtype
from .._engine.tape import OFF, state
from .._engine.tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .module import Module
    from .parameter import Parameter


def summary(self: Module, *input_shapes: tuple[int, ...], dtype: Any = "float32") -> str:
    """A table of the layers, the shapes of their results and their numbers of parameters.

    Runs the module once on zeros, in evaluation mode and without recording.

    Parameters
    ----------
    *input_shapes : tuple of int
        The shape of each input, the batch axis included.
    dtype : dtype-like
        Of the inputs.

    Returns
    -------
    str

    Examples
    --------
    >>> from tilewright import nn
    >>> print(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).summary((1, 64)))
    layer       output shape  parameters
    ------------------------------------
    Sequential  (1, 10)                -
      0 Linear  (1, 32)            2,080
      1 ReLU    (1, 32)                -
      2 Linear  (1, 10)              330
    ------------------------------------
    2,410 parameters, 2,410 of them trainable, 9.4 KiB
    """
    shapes = _trace_shapes(self, input_shapes, dtype)
    rows = [("layer", "output shape", "parameters")]
    for path, module in _layers(self):
        indent = "  " * (path.count(".") + 1) if path else ""
        name = f"{path.rpartition('.')[2]} {type(module).__name__}".strip()
        count = sum(p.size for p in _own_parameters(module))
        rows.append((indent + name, shapes.get(id(module), "not called"), f"{count:,}" if count else "-"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    rule = "-" * len(lines[0])
    parameters = list(self.parameters())
    total = sum(p.size for p in parameters)
    trainable = sum(p.size for p in parameters if p.requires_grad)
    size = _bytes(sum(p.nbytes for p in parameters))
    last = f"{total:,} parameters, {trainable:,} of them trainable, {size}"
    return "\n".join([lines[0], rule, *lines[1:], rule, last])


def _layers(root: Module) -> Iterator[tuple[str, Module]]:
    """The modules with their paths, without those that compute parameters of others."""
    hidden = {id(part) for module in root.modules() for part in _parametrizations(module)}
    return ((path, module) for path, module in root.named_modules() if id(module) not in hidden)


def _parametrizations(module: Module) -> Iterable[Module]:
    """The modules that compute parameters of this one: see `utils.parametrize`."""
    return module.parametrizations.modules() if hasattr(type(module), "_unparametrized") else ()  # type: ignore[attr-defined]


def _own_parameters(module: Module) -> Iterator[Parameter]:
    yield from module.parameters(recurse=False)
    for part in _parametrizations(module):
        yield from part.parameters(recurse=False)


def _trace_shapes(root: Module, input_shapes: Iterable[tuple[int, ...]], dtype: Any) -> dict[int, str]:
    """The shape of the result of every module that a forward pass calls, by its id."""
    shapes: dict[int, str] = {}
    wanted = as_dtype(dtype)
    inputs = [asarray(_core.full(arguments.shape("summary", s, "a shape"), 0, wanted)) for s in input_shapes]

    def note(module: Module, args: tuple[Any, ...], result: Any) -> None:
        results = result if isinstance(result, (tuple, list)) else (result,)
        shapes[id(module)] = ", ".join(str(r.shape) for r in results if isinstance(r, Tensor))

    modes = [(module, module.training) for module in root.modules()]
    removers = [module.register_forward_hook(note) for module, _ in modes]
    recording = state.mode
    state.mode = OFF
    try:
        root.eval()(*inputs)
    finally:
        state.mode = recording
        for remove in removers:
            remove()
        for module, mode in modes:
            module.training = mode
    return shapes


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count} B"
        count /= 1024
    return f"{count:.1f} GiB"
