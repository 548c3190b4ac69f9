"""The table of a network's layers: shapes, parameters, and what a call costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_dtype
from .._engine.tables import aligned
from .._engine.tape import OFF, state
from .._engine.tensor import Tensor, asarray
from . import _costs
from ._fields import Fields
from ._sequences import PackedSequence
from ._traversal import evaluating

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .module import Module
    from .parameter import Parameter


class LayerSummary(NamedTuple):
    """A row of `summary`, for all calls of one layer. None: not known; for shape and field also: there is none.

    Attributes
    ----------
    path
        Where the layer is in the network, as in its state dict; "" for the network itself.
    kind
        Name of its class.
    output_shape
        Of the last call: "(1, 64, 32, 32)"; several results are separated by commas. None where it was not called.
    receptive_field
        "11" or "11 × 5" pixels of the input, "all" of them, "?" where it cannot be told.
    units
        Numbers in the results, as far as no layer in it or before it has made them.
    parameters
        Of the layer itself, without those in it.
    connections, multiply_adds
        Of the layer itself.
    activation_bytes, parameter_bytes
        Of the units and of the parameters.
    sequential_steps
        Of all calls: what has to be computed one after another. 0 for a layer that takes each position by itself.
    path_length
        Of the last call: the longest way from one position to another. 0 where none leads there.
    """

    path: str
    kind: str
    output_shape: str | None = None
    receptive_field: str | None = None
    units: int = 0
    parameters: int = 0
    connections: int | None = 0
    multiply_adds: int | None = 0
    activation_bytes: int = 0
    parameter_bytes: int = 0
    sequential_steps: int | None = 0
    path_length: int | None = 0


class Summary(str):
    """The table as text, which is what printing it shows, and its numbers.

    Attributes
    ----------
    layers
        A `LayerSummary` for each module, in the order of `named_modules`.
    total
        The sums, also a `LayerSummary`; what is not known of a layer is left out.
    """

    layers: tuple[LayerSummary, ...]
    total: LayerSummary


def summary(self: Module, *input_shapes: tuple[int, ...], dtype: Any = "float32", paths: bool = False) -> Summary:
    """A table of the layers: shapes, receptive fields, parameters, connections, multiply-adds and memory.

    Runs the module once on zeros, in evaluation mode. Numbers are those of the whole batch: for one image, give a batch
    of one. A column in which no layer has anything is left out.

    Parameters
    ----------
    *input_shapes : tuple of int
        The shape of each input, the batch axis included.
    dtype : dtype-like
        Of the inputs.
    paths : bool
        Whether there are two more columns, about layers that relate the positions of a sequence: how many steps have to
        be taken one after another, and how long the way from one position to another is.

    Returns
    -------
    Summary
        A str, with the numbers as attributes: `layers` and `total` (`summary(...).total.multiply_adds`).

    Notes
    -----
    - Units are the numbers in a layer's result, "activations" the memory that they take, "weights" that of the
      parameters. A result that is handed on from a layer inside, or is a view of the input, is not counted again; what
      functions give between the layers is not counted at all.
    - Connections are counted as in the paper of LeNet-5: each unit has one to each number that it sees, padding
      included, and one to its bias.
    - Multiply-adds are those of convolutions, linear layers, attention (of all queries with all keys) and the scaling
      of norms; no biases, sums and activations.
    - The receptive field ("field") is how many pixels of the input a unit sees, along each spatial axis, beyond its
      borders, too; of several paths, that of the longest. "all": a linear layer or a pooling has seen the whole image.
      "?": it passed a function that has windows or mixes pixels, a transposed convolution, or windows of several sizes;
      only layers are known. Normalisation counts as seeing its own pixel.
    - "?" of connections and multiply-adds: the layer has parameters, but is of a class that is not known. Such a one
      may have a method `costs(input, result)`, which gives both for a call; and, for the field, `kernel_size`, `stride`
      and `dilation`, numbers or tuples.
    - Steps and paths are those of recurrent layers, attention, convolutions and pooling, as in table 1 of Vaswani et
      al. For a sequence of length n, a recurrent layer takes n steps, and a signal as many from the first position to
      the last. Attention takes one, and one. A layer that looks through windows takes one; its path is how many such
      layers it takes until a unit sees all positions.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition, Proceedings of
    the IEEE 86 (11), 1998. A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Examples
    --------
    >>> from tilewright import nn
    >>> print(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).summary((1, 64)))
    layer       output shape  units  parameters  connections  multiply-adds  activations  weights
    ---------------------------------------------------------------------------------------------
    Sequential  (1, 10)           -           -            -              -            -        -
      0 Linear  (1, 32)          32       2,080        2,080          2,048        128 B  8.1 KiB
      1 ReLU    (1, 32)          32           -            -              -        128 B        -
      2 Linear  (1, 10)          10         330          330            320         40 B  1.3 KiB
    ---------------------------------------------------------------------------------------------
    total       -                74       2,410        2,410          2,368        296 B  9.4 KiB
    ---------------------------------------------------------------------------------------------
    2,410 parameters, 2,410 of them trainable, 9.4 KiB
    >>> nn.Conv2d(3, 16, 5).summary((1, 3, 32, 32)).total.multiply_adds
    940800
    >>> row = nn.GRU(8, 8).summary((100, 1, 8), paths=True).layers[0]
    >>> row.sequential_steps, row.path_length
    (100, 100)
    """
    paths = arguments.flag("summary", "paths", paths)
    calls = _Calls(self, input_shapes, dtype)
    layers = [calls.row(path, module) for path, module in _layers(self)]
    parameters = list(self.parameters())
    total = _total(layers, parameters)
    trainable = sum(p.size for p in parameters if p.requires_grad)
    size = _bytes(total.parameter_bytes)
    last = f"{total.parameters:,} parameters, {trainable:,} of them trainable, {size}"
    made = Summary(_table(layers, total, last, paths))
    made.layers, made.total = tuple(layers), total
    return made


# ---- the rows --------------------------------------------------------------------------------------------------------


class _Calls:
    """What the calls of a forward pass show of each module, by its id."""

    def __init__(self, root: Module, input_shapes: Iterable[tuple[int, ...]], dtype: Any) -> None:
        wanted = as_dtype(dtype)
        shapes = [arguments.shape("summary", s, "a shape") for s in input_shapes]
        inputs = [asarray(_core.full(shape, 0, wanted)) for shape in shapes]
        self.seen: dict[int, LayerSummary] = {}
        self.made = {_storage(x): x for x in inputs}  # kept, so that no other gets their memory
        self.fields: Fields | None = None
        modules = list(root.modules())
        follow = wanted.is_floating and any(map(_costs.looks_through_windows, modules))
        recording = state.mode
        state.mode = state.recording if follow else OFF
        try:
            if follow:
                inputs = self._follow(inputs)
            self._run(root, modules, inputs)
        finally:
            state.mode = recording

    def _follow(self, inputs: list[Tensor]) -> list[Tensor]:
        """The inputs on the tape, those that have pixels; not as leaves, so that a network may write to them."""
        images = [x.ndim > 2 for x in inputs]
        for x, is_image in zip(inputs, images, strict=True):
            x.requires_grad = is_image
        inputs = [x.copy() if is_image else x for x, is_image in zip(inputs, images, strict=True)]
        self.made |= {_storage(x): x for x in inputs}
        self.fields = Fields(x for x, is_image in zip(inputs, images, strict=True) if is_image)
        return inputs

    def _run(self, root: Module, modules: list[Module], inputs: list[Tensor]) -> None:
        removers = [module.register_forward_hook(self._note) for module in modules]
        try:
            with evaluating(root):
                root(*inputs)
        finally:
            for remove in removers:
                remove()

    def _note(self, module: Module, args: tuple[Any, ...], result: Any) -> None:
        results, tensors = _tensors(result), _tensors(args)
        new = [y for y in results if _storage(y) not in self.made]
        self.made |= {_storage(y): y for y in new}
        field = None
        if results and tensors and self.fields is not None:
            if _costs.looks_through_windows(module):
                self.fields.enter(module, tensors[0], results[0])
            field = str(self.fields.of(results[0]))
        connections: int | None = 0
        multiply_adds: int | None = 0
        steps: int | None = 0
        path: int | None = 0
        if results and tensors:
            known = _costs.costs(module, tensors, results[0])
            unknown = known is None and any(True for _ in _own_parameters(module))
            connections, multiply_adds = (None, None) if unknown else known or (0, 0)
            steps, path = _costs.paths(module, args[0], tensors, results[0])
        before = self.seen.get(id(module), LayerSummary("", ""))
        self.seen[id(module)] = before._replace(
            output_shape=", ".join(str(y.shape) for y in results),
            receptive_field=None if field == "-" else field,
            units=before.units + sum(y.size for y in new),
            connections=_sum([before.connections, connections]),
            multiply_adds=_sum([before.multiply_adds, multiply_adds]),
            activation_bytes=before.activation_bytes + sum(y.nbytes for y in new),
            sequential_steps=_sum([before.sequential_steps, steps]),
            path_length=path,
        )

    def row(self, path: str, module: Module) -> LayerSummary:
        own = list(_own_parameters(module))
        return self.seen.get(id(module), LayerSummary("", ""))._replace(
            path=path,
            kind=type(module).__name__,
            parameters=sum(p.size for p in own),
            parameter_bytes=sum(p.nbytes for p in own),
        )


def _tensors(tree: Any) -> list[Tensor]:
    """The tensors of a call's arguments or results: of packed sequences their data."""
    if isinstance(tree, PackedSequence):
        return [tree.data]
    if isinstance(tree, (tuple, list)):
        return [x for branch in tree for x in _tensors(branch)]
    return [tree] if isinstance(tree, Tensor) else []


def _storage(x: Tensor) -> int:
    return x._array.storage_ptr


def _sum(numbers: list[int | None]) -> int | None:
    return None if None in numbers else sum(numbers)  # type: ignore[arg-type]


def _total(layers: list[LayerSummary], parameters: list[Parameter]) -> LayerSummary:
    return LayerSummary(
        "",
        "total",
        units=sum(row.units for row in layers),
        parameters=sum(p.size for p in parameters),
        connections=sum(row.connections or 0 for row in layers),
        multiply_adds=sum(row.multiply_adds or 0 for row in layers),
        activation_bytes=sum(row.activation_bytes for row in layers),
        parameter_bytes=sum(p.nbytes for p in parameters),
        sequential_steps=sum(row.sequential_steps or 0 for row in layers),
    )


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


# ---- the table -------------------------------------------------------------------------------------------------------

_COLUMNS = (
    *("layer", "output shape", "field", "units", "parameters", "connections", "multiply-adds"),
    *("activations", "weights"),
)
_OF_PATHS = ("sequential steps", "path length")


def _table(layers: list[LayerSummary], total: LayerSummary, last: str, paths: bool) -> str:
    count = len(_COLUMNS) + (len(_OF_PATHS) if paths else 0)
    rows = [row[:count] for row in ((*_COLUMNS, *_OF_PATHS), *map(_cells, layers), _cells(total))]
    kept = [column for column in zip(*rows, strict=True) if any(cell != "-" for cell in column[1:])]
    lines = aligned(list(zip(*kept, strict=True)), [i for i, column in enumerate(kept) if column[0] in _COLUMNS[:2]])
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], rule, last])


def _cells(row: LayerSummary) -> tuple[str, ...]:
    indent = "  " * (row.path.count(".") + 1) if row.path else ""
    name = f"{indent}{row.path.rpartition('.')[2]}{' ' if row.path else ''}{row.kind}"
    shape = row.output_shape
    if shape is None:
        shape = "-" if row.kind == "total" else "not called"
    counts = _shown(row.units, row.parameters, row.connections, row.multiply_adds)
    sizes = [_bytes(size) if size else "-" for size in (row.activation_bytes, row.parameter_bytes)]
    return (name, shape, row.receptive_field or "-", *counts, *sizes, *_shown(row.sequential_steps, row.path_length))


def _shown(*counts: int | None) -> list[str]:
    return ["?" if count is None else f"{count:,}" if count else "-" for count in counts]


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count} B"
        count /= 1024
    return f"{count:.1f} GiB"
