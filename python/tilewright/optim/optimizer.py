"""Optimizer: parameters in groups, each with its options, and the state that belongs to each parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from .. import _core
from .._engine import arguments
from .._engine.tape import mark_written
from .._engine.tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Params = Iterable[Tensor] | Iterable[dict[str, Any]]

__all__ = ["Optimizer"]

# What learning rate schedules keep in the groups, beside the options.
_SCHEDULED = ("initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr")


class Optimizer:
    """Base class: keeps the groups and the state; a subclass checks options and defines how a group takes a step.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters; or groups, each a dict with the parameters under "params" and options that differ from the
        defaults beside them.
    defaults : dict
        The options of groups that do not say otherwise.

    Attributes
    ----------
    param_groups : list of dict
        Each with "params" and every option; to change an option, a learning rate for instance, write it here. It is
        checked in the next step.
    state : dict of Tensor to dict
        What the optimiser remembers of each parameter.

    Raises
    ------
    ValueError
        For no parameters, one that is there twice, one made by an op, or an option out of range.
    TypeError
        For parameters that are not floating tensors, an unknown option, or one of another kind.
    """

    # What the state of a parameter has to have, and what else it may have; None: anything.
    _needed: ClassVar[tuple[str, ...] | None] = None
    _optional: ClassVar[tuple[str, ...]] = ()
    # All options, when `_settle` found them right, and the arrays of the parameters that `_check_arrays` found right.
    # Of the class at first: optimisers pickled by earlier versions have neither.
    _settled: Sequence[Any] = ()
    _checked: Sequence[Any] = ()

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        if not isinstance(defaults, dict):
            arguments.refuse(self._name, "defaults", defaults, "a dict of options")
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        groups = self._as_list("params", params)
        if not groups:
            raise ValueError(f"{self._name}: got no parameters to optimise")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_settled", "_checked")}

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _as_list(self, name: str, params: Any) -> list[Any]:
        if isinstance(params, Tensor):
            return [params]
        hint = "; give its parameters()" if hasattr(params, "parameters") else ""
        return arguments.entries(self._name, name, params, f"an iterable of Tensors or of dicts{hint}")

    def _check(self, group: dict[str, Any]) -> None:
        """Make the options Python's numbers and bools, in place; raise for those that are none or out of range."""

    def _update(self, group: dict[str, Any], params: list[Tensor], arrays: list[Any]) -> None:
        """Take the step of these parameters, all of which have gradients, by writing to their arrays."""
        raise NotImplementedError

    def _check_numbers(self, group: dict[str, Any], *options: str) -> None:
        """These must be finite numbers of at least 0."""
        for option in options:
            value = arguments.number(self._name, option, group[option])
            self._require(group, option, 0 <= value < math.inf, "at least 0 and finite")
            group[option] = value

    def _check_flags(self, group: dict[str, Any], *options: str) -> None:
        for option in options:
            group[option] = arguments.flag(self._name, option, group[option])

    def _require(self, group: dict[str, Any], option: str, in_range: bool, needed: str) -> None:
        if not in_range:
            raise ValueError(f"{self._name}: {option} is {group[option]}, but must be {needed}")

    def __repr__(self) -> str:
        parts = []
        for i, group in enumerate(self.param_groups):
            options = ", ".join(f"{name}={value}" for name, value in group.items() if name != "params")
            parts.append(f"  group {i}: {len(group['params'])} parameters, {options}")
        return f"{self._name}(\n" + "\n".join(parts) + "\n)"

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add parameters with options of their own.

        Parameters
        ----------
        group : dict
            The parameters under "params", and options that differ from the defaults.

        Raises
        ------
        ValueError
            For a parameter that is there already, one made by an op, or an option out of range.
        TypeError
            For parameters that are not floating tensors, an unknown option, or one of another kind.
        """
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError(f"{self._name}: a parameter group must be a dict with the parameters under 'params'")
        params = self._as_list("params", group["params"])
        known = ("params", *_SCHEDULED, *self.defaults)
        unknown = [name for name in group if name not in known]
        if unknown:
            raise TypeError(f"{self._name}: unknown options {unknown}; there are {list(self.defaults)}")
        taken = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(f"{self._name}: parameter {i} is a {type(p).__name__}, but must be a Tensor")
            if not p.is_leaf:
                raise ValueError(f"{self._name}: parameter {i} of shape {p.shape} was made by an op; optimise a leaf")
            if not p.dtype.is_floating:
                raise TypeError(f"{self._name}: parameter {i} has dtype {p.dtype.name}, but must be floating")
            if id(p) in taken:
                raise ValueError(f"{self._name}: parameter {i} of shape {p.shape} is there twice")
            taken.add(id(p))
        complete = {**self.defaults, **group, "params": params}
        self._check(complete)
        self.param_groups.append(complete)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each `.grad` becomes None."""
        for group in self.param_groups:
            for p in group["params"]:
                if p._node is not None:
                    p._node.grad = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient, in place: those of all groups, or on an error none.

        Parameters
        ----------
        closure : callable, optional
            Called first: computes the gradients, and gives the loss.

        Returns
        -------
        Any
            What the closure gave.

        Raises
        ------
        TypeError
            For a gradient or a state of another dtype than its parameter, an option of another kind, or a closure that
            cannot be called.
        ValueError
            For a parameter that is read-only or not contiguous, or an option out of range.
        """
        loss = None
        if closure is not None:
            arguments.function(f"{self._name}.step", "closure", closure)
            loss = closure()
        options: list[Any] = []
        work = []
        written: list[Any] = []
        settled = True
        for group in self.param_groups:
            options += group.values()
            if type(group.get("lr")) is not float:  # a tensor may be equal to one
                settled = False
            params = [p for p in group["params"] if p._node is not None and p._node.grad is not None]
            if params:
                work.append((group, params, [p._array for p in params]))
        try:
            settled = settled and options == self._settled
        except Exception:  # one is an array of several elements, of whatever library
            settled = False
        if not settled:
            for group in self.param_groups:
                self._settle(group)
            self._settled = [value for group in self.param_groups for value in group.values()]
        if len(work) > 1:  # a kernel checks its arguments, but comes too late where another has written before it
            self._check_all_arrays(work)
        try:
            for group, params, arrays in work:
                self._update(group, params, arrays)
                written += arrays
        finally:
            if written:
                mark_written(written)
        return loss

    def _settle(self, group: dict[str, Any]) -> None:
        """`_check` on a group that the user may have written to, all or none."""
        missing = [name for name in self.defaults if name not in group]
        if missing:
            raise ValueError(f"{self._name}: a group of param_groups lacks {', '.join(missing)}")
        checked = dict(group)
        self._check(checked)
        group.update(checked)

    def _check_all_arrays(self, work: list[tuple[dict[str, Any], list[Tensor], list[Any]]]) -> None:
        every = [array for _, _, arrays in work for array in arrays]
        if every != self._checked:
            for _, params, _ in work:
                self._check_arrays(params)
            self._checked = every

    def _check_arrays(self, params: list[Tensor]) -> None:
        """Raise where a kernel would refuse these parameters, their gradients or their state."""
        for p in params:
            where = f"{self._name}.step: the parameter of shape {p.shape}"
            array = p._array
            if array.dtype.name not in ("float32", "float64"):
                raise TypeError(f"{where} is {array.dtype.name}, but must be float32 or float64")
            state = [value._array for value in self.state.get(p, {}).values() if isinstance(value, Tensor)]
            for written in (array, *state):
                if written.readonly or not written.is_contiguous:
                    raise ValueError(f"{where}, or its state, is read-only or not contiguous; replace it by a copy")
            for like in (p._node.grad._array, *state):
                if like.dtype != array.dtype or like.shape != array.shape:
                    raise TypeError(
                        f"{where} is {array.dtype.name}, but its gradient or its state is {like.dtype.name} of shape "
                        f"{like.shape}"
                    )

    # ---- state -------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The options and the state, with parameters replaced by their numbers.

        Returns
        -------
        dict
            "state": number to dict of tensors and numbers, which share memory with the optimiser; "param_groups": list
            of dicts of options, with the numbers of the parameters under "params".
        """
        numbers = {id(p): i for i, p in enumerate(self._parameters())}
        groups = [{**group, "params": [numbers[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[id(p)]: dict(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over options and state: all of them, or on an error none.

        Parameters
        ----------
        state_dict : dict
            From the `state_dict` of an optimiser of the same class, over parameters of the same shapes; PyTorch's will
            do, options that do not exist here are passed over.

        Raises
        ------
        ValueError
            Where groups, parameters or shapes differ, an option is out of range, or the state is that of another class.
        TypeError
            For anything but such a dict, and for options and states of another kind.
        """
        groups, (saved, saved_state) = self.param_groups, self._read(state_dict)
        sizes, needed = [len(g["params"]) for g in saved], [len(g["params"]) for g in groups]
        if sizes != needed:
            raise ValueError(f"{self._name}.load_state_dict: groups of {sizes} parameters, but there are {needed}")
        options = [
            {**old, **{name: value for name, value in new.items() if name in self.defaults or name in _SCHEDULED}}
            for old, new in zip(groups, saved, strict=True)
        ]
        for group in options:
            self._check(group)
        op = f"{self._name}.load_state_dict"
        for group in options:
            group.update({name: arguments.number(op, name, group[name]) for name in _SCHEDULED if name in group})
        order = [arguments.integer(op, "the number of a parameter", n) for group in saved for n in group["params"]]
        by_number = dict(zip(order, self._parameters(), strict=True))
        if len(by_number) < len(order):
            raise ValueError(f"{op}: a parameter number is there twice in {order}")
        state = {}
        for number, values in saved_state.items():
            if number not in by_number:
                raise ValueError(f"{self._name}.load_state_dict: there is no parameter number {number!r}")
            p = by_number[number]
            present = {name: value for name, value in values.items() if value is not None}
            if present:
                self._check_names(number, present)
                state[p] = {name: self._restored(name, p, value) for name, value in present.items()}
        self.state = state
        self._checked = []
        for group, new in zip(groups, options, strict=True):
            group.update(new)

    def _read(self, state_dict: Any) -> tuple[list[Any], dict[Any, Any]]:
        """The two parts of what `state_dict` gave, as far as they have its form."""
        op = f"{self._name}.load_state_dict"
        if not isinstance(state_dict, dict):
            arguments.refuse(op, "state_dict", state_dict, 'a dict with "state" and "param_groups"')
        missing = [name for name in ("state", "param_groups") if name not in state_dict]
        if missing:
            raise ValueError(f"{op}: the state_dict lacks {' and '.join(missing)}")
        groups, state = state_dict["param_groups"], state_dict["state"]
        if not isinstance(groups, (list, tuple)):
            arguments.refuse(op, "param_groups", groups, "a list of dicts")
        for group in groups:
            if not isinstance(group, dict) or not isinstance(group.get("params"), (list, tuple)):
                arguments.refuse(op, "a group", group, 'a dict with a list of numbers under "params"')
        if not isinstance(state, dict) or not all(isinstance(values, dict) for values in state.values()):
            arguments.refuse(op, "state", state, "a dict of numbers to dicts")
        return list(groups), state

    def _check_names(self, number: Any, names: Iterable[str]) -> None:
        """Raise where a state is not what this class keeps."""
        if self._needed is None:
            return
        missing = [name for name in self._needed if name not in names]
        unknown = [str(name) for name in names if name not in (*self._needed, *self._optional)]
        if missing or unknown:
            problems = [f"lacks {', '.join(missing)}"] if missing else []
            problems += [f"has {', '.join(unknown)}, which {self._name} does not keep"] if unknown else []
            what = f"the state of parameter {number} {' and '.join(problems)}"
            raise ValueError(f"{self._name}.load_state_dict: {what}; is it another optimiser's?")

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _restored(self, name: str, p: Tensor, value: Any) -> Any:
        op = f"{self._name}.load_state_dict"
        if name == "step":
            steps = arguments.number(op, name, value)
            if not (steps >= 0 and steps.is_integer()):
                raise ValueError(f"{op}: step is {steps}, but must be a whole number of at least 0")
            return int(steps)
        tensor = arguments.array(op, name, value)
        if tensor.dtype.is_complex:
            raise TypeError(f"{op}: {name} is {tensor.dtype.name}, but its parameter is {p.dtype.name}")
        if tensor.shape != p.shape:
            raise ValueError(f"{op}: {name} has shape {tensor.shape}, but its parameter has {p.shape}")
        return asarray(tensor.detach(), dtype=p.dtype, device=p.device, copy=True)


def zeros_like(p: Tensor) -> Tensor:
    """A state of zeros for a parameter."""
    return asarray(_core.full_like(p._array, 0))
