"""What the engine knows of the ops: their names, their gradients, and the few that it calls itself.

Families of ops stand above the engine, so it imports none: they enter here what they declare. The tables of gradients
are loaded when the first op of their family is recorded, so that importing the package stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Signature(NamedTuple):
    """What an op takes and gives: names, as its rules may use them."""

    name: str
    inputs: tuple[str, ...]
    statics: tuple[str, ...] = ()
    results: tuple[str, ...] = ("y",)
    keeps: tuple[str, ...] = ()


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


def register_op(signature: Signature, module: str) -> Signature:
    """Enter an op that a module declares; ValueError where there is one of its name."""
    if signature.name in OPS:
        raise ValueError(f"primitive: there is an op {signature.name} already, in {DECLARED_IN[signature.name]}")
    OPS[signature.name] = signature
    DECLARED_IN[signature.name] = module
    return signature


# For each op one rule, or a tuple with one for each input, or a class that makes its plans.
VJPS: dict[str, Any] = {}
COMPLEX_VJPS: dict[str, Any] = {}
NONDIFFERENTIABLE: set[str] = set()


def register_vjps(
    rules: Mapping[str, Any], *, complex: Mapping[str, Any] | None = None, nondifferentiable: Iterable[str] = ()
) -> None:
    """Enter a table of gradients.

    Parameters
    ----------
    rules
        Op -> vjp: see `_vjps/__init__.py`.
    complex
        What differs from it where complex numbers are among the op's operands or its result.
    nondifferentiable
        Ops whose results are boolean or integer: they cut the tape.

    Raises
    ------
    ValueError
        For a rule of an unknown op, a second one of an op, or one that names what the op does not have; nothing of the
        table is entered then.
    """
    nondifferentiable = frozenset(nondifferentiable)
    for name in (*rules, *nondifferentiable):
        if name not in OPS:
            raise ValueError(f"vjps: there is a rule for {name}, but no op of that name")
        if name in VJPS or name in NONDIFFERENTIABLE or (name in rules and name in nondifferentiable):
            raise ValueError(f"vjps: there are two entries for {name}")
    for name in complex or ():
        if name not in rules:
            raise ValueError(f"vjps: there is a rule for complex {name}, but none for real numbers beside it")
    for table in (rules, complex or {}):
        for name, entry in table.items():
            if not isinstance(entry, type):
                _check_rules(OPS[name], entry if isinstance(entry, tuple) else (entry,))
    VJPS.update(rules)
    COMPLEX_VJPS.update(complex or {})
    NONDIFFERENTIABLE.update(nondifferentiable)


def _check_rules(op: Signature, rules: tuple[Any, ...]) -> None:
    """ValueError where the rules of an op name what it does not have."""
    name, inputs, statics, results, keeps = op
    if len(rules) != len(inputs):
        raise ValueError(f"vjps: {name} has {len(rules)} rules, but the inputs {', '.join(inputs)}; give one for each")
    cotangent = "c" if "g" in inputs else "g"
    properties = [f"{x}_{of}" for x in inputs for of in ("shape", "dtype", "device")]
    allowed = [*inputs, *properties, *statics, *results, *keeps]
    for rule in rules:
        if rule is None:
            continue
        parameters = rule.__code__.co_varnames[: rule.__code__.co_argcount]
        if parameters[:1] != (cotangent,):
            raise ValueError(f"vjps: a rule of {name} takes {', '.join(parameters)}, but the first must be {cotangent}")
        for parameter in parameters[1:]:
            if parameter not in allowed:
                raise ValueError(f"vjps: a rule of {name} takes {parameter}, but may take {', '.join(allowed)}")


_load_table: Callable[[str], None] | None = None
_loaded: set[str] = set()  # modules whose tables were asked for


def set_table_loader(load: Callable[[str], None]) -> None:
    """Have `load(module)` called before the gradients of a module's ops are first looked up: it registers them."""
    global _load_table
    _load_table = load


def _load(name: str) -> None:
    module = DECLARED_IN.get(name)
    if module is not None and module not in _loaded and _load_table is not None:
        _loaded.add(module)
        _load_table(module)


def cuts_tape(name: str) -> bool:
    """Whether an op's results carry no gradient."""
    _load(name)
    return name in NONDIFFERENTIABLE


def vjp_of(name: str, complex: bool = False) -> Any:
    """An op's entry in the tables: a tuple of rules, or a class that makes its plans."""
    _load(name)
    if name not in VJPS:
        raise NotImplementedError(f"{name}: has no gradient; detach its input, or use no_grad()")
    entry = COMPLEX_VJPS[name] if complex and name in COMPLEX_VJPS else VJPS[name]
    return entry if isinstance(entry, (tuple, type)) else (entry,)
