"""Turning a kernel into an op that the tape knows.

`@primitive` on a function that has only a signature and a docstring makes it call the kernel of the same name in
`_core`. Its positional-only parameters are the arrays (they may carry gradients), the others are static. The vjp rules
come from the tables in `_vjps/`, by name. Python around a kernel is the cost of a small op, hence a call path in C,
`_core.Primitive`; `Plan` says what it saves for the vjp.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .. import _core
from . import registry
from .anomaly import note_forward
from .arguments import entries
from .registry import Signature, register_op
from .tape import ANOMALY, Node, OutputPlan, state
from .tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

F = TypeVar("F", bound="Callable[..., Any]")

_FOLDER = __file__.rpartition("/_engine/")[0]  # of the package: see `Node.origin`


# wrap(array, node=None, *operands): a tensor around a `_core.Array`, of the class that an op on the operands gives
wrap: Callable[..., Tensor] = _core.wrap
# is_number(v): whether v is a Python number, which is weak; NumPy's scalars, subclasses of them or not, are arrays
is_number: Callable[[Any], bool] = _core.is_number


def frozen(x: Any) -> Tensor:
    """An operand as a tensor that backward can rely on: NumPy's memory is copied, since writes to it go unnoticed."""
    return x if isinstance(x, Tensor) else asarray(x, copy=True)


def _placed(x: Tensor, device: str) -> Tensor:
    """What was made of an array-like, which has no device of its own, beside a tensor."""
    return x if device == "cpu" else x.to(device)


def beside(x: Any, other: Any) -> Tensor:
    """`other` as a tensor, for an op on it and x: one that backward can rely on where x is recorded."""
    if isinstance(other, Tensor):
        return other
    convert = frozen if state.mode and getattr(x, "_node", None) is not None else asarray
    made = _core.under_rules_of((x,), convert, other)
    return _placed(made, x.device) if isinstance(x, Tensor) else made


def frozen_key(key: Any) -> Any:
    """An index key that backward can rely on. Tensors in it stay: they are checked for writes like any saved value."""
    return tuple([_frozen_entry(entry) for entry in key]) if isinstance(key, tuple) else _frozen_entry(key)


def _frozen_entry(entry: Any) -> Any:
    if entry is None or entry is Ellipsis or isinstance(entry, (int, Tensor)):
        return entry
    if isinstance(entry, slice):
        if {type(entry.start), type(entry.stop), type(entry.step)} <= _PLAIN_ENDS:
            return entry
        return slice(*[end if end is None else operator.index(end) for end in (entry.start, entry.stop, entry.step)])
    if isinstance(entry, _SEQUENCES) or hasattr(entry, "ndim"):
        return positions(entry, frozen)
    return operator.index(entry)


_SEQUENCES = (list, tuple, range)
_PLAIN_ENDS = {int, type(None)}


def positions(x: Any, to_tensor: Callable[[Any], Tensor]) -> Tensor:
    """Positions, or a mask, as a tensor. An empty list, which has no dtype of its own, lists no positions."""
    tensor = to_tensor(x)
    return asarray(tensor, _core.DType.int64) if isinstance(x, _SEQUENCES) and not tensor.size else tensor


_VALUE, _SHAPE, _DTYPE, _KEY, _DEVICE = range(
    5
)  # what of an argument or result is saved; a key so that backward can rely on it


class Plan:
    """How one op, with a given set of inputs that want gradients, is saved and differentiated.

    Parameters
    ----------
    signature
        The op.
    mask
        For each input, whether it wants a gradient.
    complex
        Whether complex numbers are among them or the results: some rules conjugate then.

    Attributes
    ----------
    save
        What the rules name, as slots that the call path in C fills: for each a kind, and a place among inputs, static
        parameters, results and kept values. The last two are saved as bare arrays: a tensor around a result would close
        a cycle. (A plan of another class may have a function here, which is given all of them and returns a tuple.)
    backward
        `backward(node, g)`: the cotangents of the inputs that want one, from that of the result and `node.saved`. Of an
        op with several results, g is a list in their order, with None where nothing arrived.
    """

    __slots__ = ("backward", "name", "save")

    calls_user = False

    def __init__(self, signature: Signature, mask: tuple[bool, ...], complex: bool = False) -> None:
        self.name, inputs, statics, results, keeps = signature
        wanted = zip(inputs, registry.vjp_of(self.name, complex), mask, strict=True)
        rules = {x: rule for x, rule, wants in wanted if wants}
        for x, rule in rules.items():
            if rule is None:
                raise NotImplementedError(f"{self.name}: has no gradient with respect to {x}")
        takes = [rule.__code__.co_varnames[1 : rule.__code__.co_argcount] for rule in rules.values()]
        names = list(dict.fromkeys(name for taken in takes for name in taken))
        places = [*inputs, *statics, *results, *keeps]
        self.save = tuple([_slot(name, places) for name in names])
        # Some gradient kernels take the result of another op as input y.
        made = [(names.index(y), i) for i, y in enumerate(results) if y in names and y not in inputs]
        picks = tuple([tuple([names.index(name) for name in taken]) for taken in takes])
        self.backward: Callable[[Node, Tensor], Sequence[Tensor | None]] = _core.Backward(
            tuple(rules.values()), picks, tuple(made), len(results)
        )


def _slot(name: str, places: list[str]) -> tuple[int, int]:
    """Where what a rule names is found: an op's array or parameter, or the shape, dtype or device of an input."""
    if name in places:
        return _KEY if name == "key" else _VALUE, places.index(name)
    x, _, of = name.rpartition("_")
    return {"shape": _SHAPE, "dtype": _DTYPE, "device": _DEVICE}[of], places.index(x)


@overload
def primitive(function: F) -> F: ...
@overload
def primitive(
    *,
    promote: str = "all",
    conditions: tuple[str, ...] = (),
    results: tuple[str, ...] = ("y",),
    keeps: tuple[str, ...] = (),
    kernel: Any = None,
) -> Callable[[F], F]: ...
def primitive(
    function: F | None = None,
    *,
    promote: str = "all",
    conditions: tuple[str, ...] = (),
    results: tuple[str, ...] = ("y",),
    keeps: tuple[str, ...] = (),
    kernel: Any = None,
) -> Any:
    """Make the declared function an op: see the module's text.

    Where it has keyword-only parameters, its body is what a call with keywords runs.

    Parameters
    ----------
    promote : {"all", "none"}
        How the dtypes of the arrays meet: they are converted to the one that all of them promote to, or left as they
        are. Only an op without a gradient, whose kernel takes any dtypes, leaves them.
    conditions
        Names of arrays that do not take part.
    results
        Names of the results. A call of an op with several returns a tuple; its rules take a list of cotangents, with
        None for a result that nothing arrived at.
    keeps
        Names of arrays that the kernel leaves for the rules.
    kernel
        What is called with the bare arrays and the static parameters; by default that of the name in `_core`. It
        returns the results and then what it keeps, as a tuple where that is more than one array.
    """
    if function is None:
        options = {"promote": promote, "conditions": conditions, "results": results, "keeps": keeps, "kernel": kernel}
        return functools.partial(primitive, **options)
    code = function.__code__
    split = code.co_posonlyargcount
    names = code.co_varnames[: code.co_argcount]
    name = function.__name__.lstrip("_")
    signature = register_op(Signature(name, names[:split], names[split:], results, keeps), function.__module__)
    op: Any = _core.Primitive(
        name,
        kernel or getattr(_core, name),
        split,
        len(names) - split,
        len(results),
        len(keeps),
        function if code.co_kwonlyargcount else None,
        promote == "all",
        sum([1 << names.index(condition) for condition in conditions]),
    )
    op.signature = signature
    op.promote, op.conditions = promote, [names[i] in conditions for i in range(split)]
    return functools.update_wrapper(op, function)


def kernel_in_python(function: F) -> F:
    """`primitive` where the function's own body, working on bare arrays, is the kernel."""
    return primitive(kernel=function)(function)


def _plan_for(op: Any, mask: tuple[bool, ...], complex: bool) -> Any:
    """Called once per op, mask and kind of numbers.

    None for an op that cuts the tape: its result is piecewise constant, or no float.
    """
    name = op.signature.name
    if registry.cuts_tape(name):
        return None
    rules = registry.vjp_of(name)
    return rules(mask) if isinstance(rules, type) else Plan(op.signature, mask, complex)


def _convert(op: Any, operands: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Operands that the kernel of an op does not take, as it takes them; None where they are so already.

    Numbers stay numbers beside a tensor, whose dtype they take, and None stays None: an operand that is left out. A
    complex number makes floating tensors complex here, for that is an op: the way back takes the real part.
    """
    saved = None  # for each operand, whether a rule will need it; where nothing is recorded, none is
    if state.mode:
        for v in operands:
            if isinstance(v, Tensor) and v._node is not None:
                saved = _saved_inputs(op)
                break
    converted = list(operands)
    device = next((v._array.device for v in operands if isinstance(v, Tensor)), "cpu")
    tensors = changed = False
    for i, v in enumerate(operands):
        if isinstance(v, Tensor):
            tensors = True
        elif v is not None and not is_number(v):
            converted[i] = _placed(frozen(v) if saved and saved[i] else asarray(v), device)
            tensors = changed = True
    if not tensors and converted[0] is not None:
        converted[0] = asarray(converted[0])
        changed = True
    if op.promote == "all":
        meeting = [v for v, condition in zip(converted, op.conditions, strict=True) if not condition]
        dtype = _core.meeting_dtype(meeting)
        if dtype is not None:
            for i, v in enumerate(converted):
                if isinstance(v, Tensor) and not op.conditions[i]:
                    converted[i] = _of_dtype(v, dtype)
            changed = True
    return tuple(converted) if changed else None


def _of_dtype(x: Tensor, dtype: Any) -> Tensor:
    if state.mode and x._node is not None:
        return asarray(x, dtype)  # on the tape
    return wrap(_core.astype(x._array, dtype, False), None, x)


@functools.cache
def _saved_inputs(op: Any) -> list[bool]:
    """For each input of an op, whether some rule needs it in backward."""
    if registry.cuts_tape(op.signature.name):
        return [False] * len(op.signature.inputs)
    rules = registry.vjp_of(op.signature.name)
    if isinstance(rules, type):  # a plan of its own
        return [True] * len(op.signature.inputs)
    named = {name for rule in rules if rule is not None for name in rule.__code__.co_varnames}
    return [name in named for name in op.signature.inputs]


_core.set_python_hooks(Tensor, _convert, _plan_for, note_forward, OutputPlan, frozen_key, _FOLDER + "/")


class _VariadicPlan:
    """As `Plan`, for an op over a list of arrays: one rule gives the cotangents of all of them."""

    __slots__ = ("name", "rule", "wanted")

    calls_user = False

    def __init__(self, name: str, wanted: tuple[bool, ...]) -> None:
        self.name = name
        (self.rule,) = registry.vjp_of(name)
        self.wanted = wanted

    def backward(self, node: Node, g: Tensor) -> list[Tensor | None]:
        """The cotangents of the inputs that want one."""
        return [c for c, wants in zip(self.rule(g, *node.saved), self.wanted, strict=True) if wants]


def variadic(function: F) -> F:
    """`primitive` for an op on a sequence of arrays; its rule is given g, their shapes and the static parameters."""
    name = function.__name__.lstrip("_")
    kernel = getattr(_core, name)
    statics = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    register_op(Signature(name, ("arrays",), statics, keeps=("shapes",)), function.__module__)

    def op(arrays: Any, /, *params: Any) -> Tensor:
        tensors = [asarray(v) for v in entries(name, "arrays", arrays, "a sequence of arrays")]
        y = _core.under_rules_of(tensors, kernel, [v._array for v in tensors], *params)
        if not state.mode or all(v._node is None for v in tensors):
            return wrap(y, None, *tensors)
        # Where dtypes were promoted, the conversion is an op of its own, so that cotangents are converted back.
        tensors = [v if v._node is None else asarray(v, y.dtype) for v in tensors]
        plan = _VariadicPlan(name, tuple([v._node is not None for v in tensors]))
        parents = tuple([v._node for v in tensors if v._node is not None])
        node = Node(plan, parents, ([v.shape for v in tensors], *params), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return wrap(y, node, *tensors)

    return functools.update_wrapper(op, function)  # type: ignore[return-value]
