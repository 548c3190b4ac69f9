"""Turning a kernel into an op that the tape knows.

`@primitive` on a function that has only a signature and a docstring makes it call the kernel of the same name in
`_core`. Its positional-only parameters are the arrays (they may carry gradients), the others are static. The vjp rules
come from the tables in `_vjps/`, by name. Python around a kernel is the cost of a small op, hence a call path in C,
`_core.Primitive`; `Plan` says what it saves for the vjp.
"""

from __future__ import annotations

import copy
import functools
import operator

from .. import _core
from . import registry
from .anomaly import note_forward
from .arguments import entries
from .autocast import CASTS, TO_BFLOAT16
from .composed import Pullback
from .registry import Signature, register_op
from .tape import Node, mark_written, redirect, state
from .tensor import Tensor, asarray

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar, overload

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


# What of an argument or result is saved; a key so that backward can rely on it.
_VALUE, _SHAPE, _DTYPE, _KEY, _DEVICE = range(5)


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
        op with several results, g is a list in their order, with None where nothing arrived; rules get it as a tuple.
        By the fused rules where there are such, else as `recorded`.
    recorded
        The same where the backward pass is recorded: by the rules in ops, or, where there are none, by the definition.
    """

    __slots__ = ("backward", "name", "recorded", "save")

    calls_user = False

    def __init__(self, signature: Signature, mask: tuple[bool, ...], complex: bool = False) -> None:
        self.name, inputs, statics = signature.name, signature.inputs, signature.statics
        results, keeps = signature.results, signature.keeps
        single = len(results) == 1 and not signature.any_number
        rules = _wanted(registry.vjp_of(self.name, complex), mask)
        fused = None if complex else _wanted(registry.fused_vjp_of(self.name), mask)
        if rules is None and self.name not in registry.DEFINITIONS:
            wanted = zip(inputs, registry.vjp_of(self.name, complex), mask, strict=True)
            missing = next(x for x, rule, wants in wanted if wants and rule is None)
            raise NotImplementedError(f"{self.name}: has no gradient with respect to {missing}")
        named = [name for rule in (*(rules or ()), *(fused or ())) for name in registry.parameters_of(rule)[1:]]
        if rules is None:  # the definition takes all that the op does
            named += [*inputs, *statics]
        names = list(dict.fromkeys(named))
        places = [*inputs, *statics, *results, *keeps]
        self.save = tuple([_slot(name, places) for name in names])
        # Some gradient kernels take the result of another op as input y.
        made = tuple([(names.index(y), i) for i, y in enumerate(results) if y in names and y not in inputs])
        self.recorded: Callable[[Node, Tensor], Sequence[Tensor | None]]
        self.backward: Callable[[Node, Tensor], Sequence[Tensor | None]]
        if rules is None:
            of_inputs, of_statics = ([names.index(name) for name in of] for of in (inputs, statics))
            pullback = Pullback(self.name, mask, of_inputs, of_statics)
            self.recorded, self.backward = pullback.recorded, pullback.backward
        else:
            self.recorded = self.backward = _calls(rules, names, made, single)
        if fused is not None:
            self.backward = _calls(fused, names, made, single)

    def of_entries(self, wanted: tuple[bool, ...] | None) -> Plan:
        """Of an op on a sequence, whose rule gives the cotangents of all entries: one for those that want one."""

        def of_some(of_all: Callable[[Node, Tensor], Sequence[Any]]) -> Any:
            def backward(node: Node, g: Tensor) -> list[Tensor | None]:
                (cotangents,) = of_all(node, g)
                return [c for c, wants in zip(cotangents, wanted or node.parents, strict=True) if wants]

            return backward

        plan = copy.copy(self)
        plan.backward, plan.recorded = of_some(self.backward), of_some(self.recorded)
        return plan


def _wanted(rules: Any, mask: tuple[bool, ...]) -> list[Any] | None:
    """The rules of the inputs that want a gradient; None where one of them has none."""
    if rules is None:
        return None
    wanted = [rule for rule, wants in zip(rules, mask, strict=True) if wants]
    return None if None in wanted else wanted


def _calls(rules: list[Any], names: list[str], made: tuple[tuple[int, int], ...], single: bool) -> Any:
    """`backward(node, g)`: calls the rules with those that they name of the saved values `names`."""
    takes = [tuple([names.index(name) for name in registry.parameters_of(rule)[1:]]) for rule in rules]
    return _core.Backward(tuple(rules), tuple(takes), made, single)


def _slot(name: str, places: list[str]) -> tuple[int, int]:
    """Where what a rule names is found: an op's array or parameter, or the shape, dtype or device of an input."""
    if name in places:
        return _KEY if name == "key" else _VALUE, places.index(name)
    x, _, of = name.rpartition("_")
    return {"shape": _SHAPE, "dtype": _DTYPE, "device": _DEVICE}[of], places.index(x)


if TYPE_CHECKING:

    @overload
    def primitive(function: F) -> F: ...
    @overload
    def primitive(
        *,
        promote: str = "all",
        conditions: tuple[str, ...] = (),
        results: tuple[str, ...] | str = ("y",),
        keeps: tuple[str, ...] = (),
        mutates: tuple[str, ...] = (),
        overlap: bool = False,
        sequence: bool = False,
        composed: Callable[..., Any] | None = None,
        kernel: Any = None,
    ) -> Callable[[F], F]: ...


def primitive(
    function: F | None = None,
    *,
    promote: str = "all",
    conditions: tuple[str, ...] = (),
    results: tuple[str, ...] | str = ("y",),
    keeps: tuple[str, ...] = (),
    mutates: tuple[str, ...] = (),
    overlap: bool = False,
    sequence: bool = False,
    composed: Callable[..., Any] | None = None,
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
        Names of the results. A call of an op with several returns a tuple; its rules take a tuple of cotangents, with
        None for a result that nothing arrived at. One name, no tuple, stands for results of any number. An op without
        any, which only writes, returns the first tensor that it wrote.
    keeps
        Names of arrays that the kernel leaves for the rules.
    mutates
        Names of inputs that the kernel writes, once it has found nothing to refuse. They must be tensors, writable and
        apart from the other operands in memory, and while ops are recorded not on the tape. They keep their dtype,
        have no gradient, and rules cannot name them. The write is stamped as those of in-place operators are. Where
        `checkpoint` calls again, the kernel is given copies of what they held the first time.
    overlap
        Whether the inputs that are written may share memory with those that are read, for the kernel takes care of it.
    sequence
        The one input is a sequence of arrays of any length. The kernel takes a list, and the one rule gives the
        cotangents of all of them; `<input>_shape` and `<input>_dtype` are tuples of theirs.
    composed
        What the op computes, in other ops, as a function of the same parameters. Where the backward pass is recorded
        and the op has no rules in ops, this is differentiated in its place; so it is where the op has no rules at all.
    kernel
        What is called with the bare arrays and the static parameters; by default that of the name in `_core`. It
        returns the results and then what it keeps, as a tuple where that is more than one array.
    """
    if function is None:
        return functools.partial(
            primitive,
            promote=promote,
            conditions=conditions,
            results=results,
            keeps=keeps,
            mutates=mutates,
            overlap=overlap,
            sequence=sequence,
            composed=composed,
            kernel=kernel,
        )
    code = function.__code__
    split = code.co_posonlyargcount
    names = code.co_varnames[: code.co_argcount]
    name = function.__name__.lstrip("_")
    any_number = isinstance(results, str)
    results = (results,) if isinstance(results, str) else results
    signature = Signature(name, names[:split], names[split:], results, keeps, mutates, sequence, any_number)
    _check_signature(signature, composed)
    register_op(signature, function.__module__, composed)
    apart = [x in conditions or x in mutates for x in signature.inputs]
    op: Any = _core.Primitive(
        name,
        kernel or getattr(_core, name),
        signature.inputs,
        len(signature.statics),
        -1 if any_number else len(results),
        len(keeps),
        function if code.co_kwonlyargcount else None,
        promote == "all",
        _mask(apart),
        sequence,
        _mask([x in mutates for x in signature.inputs]),
        overlap,
        CASTS.get(name, 0),
    )
    op.signature = signature
    op.promote, op.apart = promote, apart
    return functools.update_wrapper(op, function)


def _mask(chosen: list[bool]) -> int:
    return sum([1 << i for i, is_chosen in enumerate(chosen) if is_chosen])


def _check_signature(op: Signature, composed: Any) -> None:
    unknown = [name for name in op.mutates if name not in op.inputs]
    if unknown:
        raise ValueError(f"primitive: {op.name} mutates {unknown[0]}, but its inputs are {', '.join(op.inputs)}")
    if op.sequence and (len(op.inputs) != 1 or op.mutates):
        raise ValueError(f"primitive: {op.name} takes a sequence, so it has one input, which it cannot write")
    if op.keeps and (op.any_number or not op.results):
        raise ValueError(f"primitive: {op.name} keeps {', '.join(op.keeps)} beside results of no declared number")
    if composed is not None and op.mutates:
        raise ValueError(f"primitive: {op.name} writes {op.mutates[0]}, which computing its definition again would too")
    if not op.results and not op.mutates:
        raise ValueError(f"primitive: {op.name} has no results and writes nothing")


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
    if isinstance(rules, type):
        return rules(mask)
    if op.signature.sequence:
        return _plan_for_entries(op, None if all(mask) else mask, complex)
    return Plan(op.signature, mask, complex)


@functools.lru_cache(256)
def _plan_for_entries(op: Any, wanted: tuple[bool, ...] | None, complex: bool) -> Plan:
    """As `_plan_for`, of an op on a sequence; `wanted` is None for all entries, of however many."""
    return _plan_for_sequence(op, complex).of_entries(wanted)


@functools.cache
def _plan_for_sequence(op: Any, complex: bool) -> Plan:
    return Plan(op.signature, (True,), complex)


def _entries(op: Any, sequence: Any) -> list[Any]:
    """Those of the operand of an op on a sequence."""
    return entries(op.signature.name, op.signature.inputs[0], sequence, "a sequence of arrays")


def _convert(op: Any, operands: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Operands that the kernel of an op does not take, as it takes them; None where they are so already.

    Numbers stay numbers beside a tensor, whose dtype they take, and None stays None: an operand that is left out. A
    complex number makes floating tensors complex here, for that is an op: the way back takes the real part. Entries of
    a sequence are arrays, all of them.
    """
    sequence = op.signature.sequence
    apart = [False] * len(operands) if sequence else op.apart
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
        elif sequence or (v is not None and not is_number(v)):
            made = frozen(v) if saved and saved[0 if sequence else i] else asarray(v)
            converted[i] = _placed(made, device)
            tensors = changed = True
    if not tensors and converted[0] is not None:
        converted[0] = asarray(converted[0])
        changed = True
    if op.promote == "all":
        meeting = [v for v, is_apart in zip(converted, apart, strict=True) if not is_apart]
        dtype = _core.meeting_dtype(meeting)
        if state.casting and op.signature.name in CASTS:
            dtype = _chosen_dtype(op.signature.name, meeting, dtype)
        if dtype is not None:
            for i, v in enumerate(converted):
                if isinstance(v, Tensor) and not apart[i]:
                    converted[i] = _of_dtype(v, dtype)
            changed = True
    return tuple(converted) if changed else None


def _chosen_dtype(name: str, meeting: list[Any], dtype: Any) -> Any:
    """What the operands of an op become under `autocast`, where they would meet in a dtype, or have one: None."""
    given = dtype or next((v._array.dtype for v in meeting if isinstance(v, Tensor)), None)
    if CASTS[name] == TO_BFLOAT16:
        return _core.DType.bfloat16 if given == _core.DType.float32 else dtype
    return _core.DType.float32 if given in (_core.DType.bfloat16, _core.DType.float16) else dtype


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
    if rules is None or isinstance(rules, type):  # a definition, or a plan of its own
        return [True] * len(op.signature.inputs)
    rules += registry.fused_vjp_of(op.signature.name) or ()
    named = {name for rule in rules if rule is not None for name in registry.parameters_of(rule)}
    return [name in named for name in op.signature.inputs]


_core.set_python_hooks(
    Tensor, _convert, _entries, _plan_for, note_forward, redirect, mark_written, frozen_key, _FOLDER + "/"
)
