"""What the engine knows of the ops: their names, their gradients, and the few that it calls itself.

Families of ops stand above the engine, so it imports none: they enter here what they declare. The tables of gradients
are loaded when the first op of their family is recorded, so that importing the package stays fast.
"""

from __future__ import annotations

import os
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any


class Signature:
    """What an op takes and gives: names, as its rules may use them."""

    __slots__ = ("any_number", "inputs", "keeps", "mutates", "name", "results", "sequence", "statics")

    def __init__(
        self,
        name: str,
        inputs: tuple[str, ...],
        statics: tuple[str, ...] = (),
        results: tuple[str, ...] = ("y",),
        keeps: tuple[str, ...] = (),
        mutates: tuple[str, ...] = (),  # of the inputs, those that the kernel writes
        sequence: bool = False,  # the one input is a sequence of arrays
        any_number: bool = False,  # of results: the one name stands for all
    ) -> None:
        self.name, self.inputs, self.statics, self.results = name, inputs, statics, results
        self.keeps, self.mutates, self.sequence, self.any_number = keeps, mutates, sequence, any_number


class Needed:
    """The ops that the engine calls: see `_functions/__init__.py`, which sets them.

    Attributes
    ----------
    add
        `add(x1, x2)`
    sum
        `sum(x, axis, keepdims)`
    reshape
        `reshape(x, shape)`
    astype
        `astype(x, dtype)`
    copy
        `copy(x)`
    to_device
        `to_device(x, device)`
    setitem
        `setitem(x, key, value, op)`: what `x[key] = value` does, in errors under the name `op`
    """

    add: Any
    sum: Any
    reshape: Any
    astype: Any
    copy: Any
    to_device: Any
    setitem: Any


needed = Needed()

OPS: dict[str, Signature] = {}
DECLARED_IN: dict[str, str] = {}  # the module of each op


def register_op(signature: Signature, module: str, composed: Callable[..., Any] | None = None) -> Signature:
    """Enter an op that a module declares, and its definition.

    ValueError where there is one of its name, or where the definition takes other parameters.
    """
    if signature.name in OPS:
        raise ValueError(f"primitive: there is an op {signature.name} already, in {DECLARED_IN[signature.name]}")
    if composed is not None:
        takes, needs = parameters_of(composed), (*signature.inputs, *signature.statics)
        if takes != needs:
            raise ValueError(
                f"primitive: {signature.name} takes {', '.join(needs)}, but its composed= takes {', '.join(takes)}"
            )
        DEFINITIONS[signature.name] = composed
    OPS[signature.name] = signature
    DECLARED_IN[signature.name] = module
    return signature


# For each fused op what it computes, in other ops, as a function of the same parameters: see `primitive`.
DEFINITIONS: dict[str, Callable[..., Any]] = {}

# For each op one rule, or a tuple with one for each input, or a class that makes its plans.
VJPS: dict[str, Any] = {}
COMPLEX_VJPS: dict[str, Any] = {}
FUSED_VJPS: dict[str, Any] = {}
NONDIFFERENTIABLE: set[str] = set()


def register_vjps(
    rules: Mapping[str, Any],
    *,
    complex: Mapping[str, Any] | None = None,
    fused: Mapping[str, Any] | None = None,
    nondifferentiable: Iterable[str] = (),
) -> None:
    """Enter a table of gradients.

    Parameters
    ----------
    rules
        Op -> vjp: see `_vjps/__init__.py`.
    complex
        What differs from it where complex numbers are among the op's operands or its result.
    fused
        Rules for where the backward pass is not recorded; they need not be made of ops. Where it is, the op's rules in
        the first table are taken, or, where it has none, its definition is differentiated.
    nondifferentiable
        Ops whose results are boolean or integer: they cut the tape.

    Raises
    ------
    ValueError
        For a rule of an unknown op, a second one of an op, one that names what the op does not have, or a fused one of
        an op that cannot be differentiated otherwise; nothing of the table is entered then.
    """
    nondifferentiable = frozenset(nondifferentiable)
    complex, fused = complex or {}, fused or {}
    for name in (*rules, *fused, *nondifferentiable):
        if name not in OPS:
            raise ValueError(f"vjps: there is a rule for {name}, but no op of that name")
        known = name in VJPS or name in FUSED_VJPS or name in NONDIFFERENTIABLE
        if known or (name in nondifferentiable and (name in rules or name in fused)):
            raise ValueError(f"vjps: there are two entries for {name}")
    for name in complex:
        if name not in rules:
            raise ValueError(f"vjps: there is a rule for complex {name}, but none for real numbers beside it")
    for name in fused:
        if name not in rules and name not in DEFINITIONS:
            raise ValueError(
                f"vjps: there is a fused rule for {name}, but neither one in ops nor composed= to differentiate twice"
            )
    for table in (rules, complex, fused):
        for name, entry in table.items():
            if not isinstance(entry, type):
                _check_rules(OPS[name], entry if isinstance(entry, tuple) else (entry,))
    VJPS.update(rules)
    COMPLEX_VJPS.update(complex)
    FUSED_VJPS.update(fused)
    NONDIFFERENTIABLE.update(nondifferentiable)


def parameters_of(rule: Any) -> tuple[str, ...]:
    """What a rule takes: a function's parameters, or an op's."""
    signature = getattr(rule, "signature", None)
    if signature is not None:
        return (*signature.inputs, *signature.statics)
    parameters: tuple[str, ...] = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    return parameters


def _check_rules(op: Signature, rules: tuple[Any, ...]) -> None:
    """ValueError where the rules of an op name what it does not have."""
    name, inputs, mutates = op.name, op.inputs, op.mutates
    if len(rules) != len(inputs):
        raise ValueError(f"vjps: {name} has {len(rules)} rules, but the inputs {', '.join(inputs)}; give one for each")
    cotangent = "c" if "g" in inputs else "g"
    properties = [f"{x}_{of}" for x in inputs for of in ("shape", "dtype", "device")]
    allowed = [*inputs, *properties, *op.statics, *(() if op.any_number else op.results), *op.keeps]
    for of, rule in zip(inputs, rules, strict=True):
        if rule is None:
            continue
        if of in mutates:
            raise ValueError(f"vjps: {name} has a rule for {of}, but its kernel writes that; give None")
        parameters = parameters_of(rule)
        if parameters[:1] != (cotangent,):
            raise ValueError(f"vjps: a rule of {name} takes {', '.join(parameters)}, but the first must be {cotangent}")
        for parameter in parameters[1:]:
            if parameter in mutates:
                raise ValueError(
                    f"vjps: a rule of {name} takes {parameter}, which is not what it was: the kernel writes it; have "
                    "the kernel leave what the rule needs (keeps=)"
                )
            if parameter not in allowed:
                raise ValueError(f"vjps: a rule of {name} takes {parameter}, but may take {', '.join(allowed)}")


_load_table: Callable[[str], None] | None = None
_loaded: set[str] = set()  # modules whose tables are there
_loading = threading.RLock()


def _renew_lock() -> None:
    """In a forked child, where the thread that held it does not exist."""
    global _loading
    _loading = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock)


def set_table_loader(load: Callable[[str], None]) -> None:
    """Have `load(module)` called before the gradients of a module's ops are first looked up: it registers them."""
    global _load_table
    _load_table = load


def _load(name: str) -> None:
    module = DECLARED_IN.get(name)
    if module is not None and module not in _loaded and _load_table is not None:
        with _loading:  # another thread waits until the table is whole
            if module not in _loaded:
                _load_table(module)
                _loaded.add(module)


def cuts_tape(name: str) -> bool:
    """Whether an op's results carry no gradient."""
    _load(name)
    return name in NONDIFFERENTIABLE


def vjp_of(name: str, complex: bool = False) -> Any:
    """An op's entry in the tables: a tuple of rules, or a class that makes its plans; None where it has a definition
    instead."""
    _load(name)
    if name not in VJPS:
        if name in DEFINITIONS:
            return None
        raise NotImplementedError(f"{name}: has no gradient; detach its input, or use no_grad()")
    entry = COMPLEX_VJPS[name] if complex and name in COMPLEX_VJPS else VJPS[name]
    return entry if isinstance(entry, (tuple, type)) else (entry,)


def fused_vjp_of(name: str) -> tuple[Any, ...] | None:
    """An op's rules for where the backward pass is not recorded, if it has such."""
    _load(name)
    entry = FUSED_VJPS.get(name)
    return entry if entry is None or isinstance(entry, tuple) else (entry,)
