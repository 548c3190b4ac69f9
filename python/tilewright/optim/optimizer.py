"""Optimizer: parameters in groups, each with its options, and the state that belongs to each parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._autograd import mark_written
from .._tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Iterable

    Params = Iterable[Tensor] | Iterable[dict[str, Any]]


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
        Each with "params" and every option; to change an option, a learning rate for instance, write it here.
    state : dict of Tensor to dict
        What the optimiser remembers of each parameter.

    Raises
    ------
    ValueError
        For no parameters, one that is there twice, one made by an op, or an option out of range.
    TypeError
        For parameters that are not floating tensors, or an unknown option.
    """

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        groups: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not groups:
            raise ValueError(f"{self._name}: got no parameters to optimise")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _check(self, group: dict[str, Any]) -> None:
        """Raise for options out of range."""

    def _update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Take the step of these parameters, all of which have gradients."""
        raise NotImplementedError

    def _require(self, group: dict[str, Any], option: str, in_range: bool, needed: str) -> None:
        if not in_range:
            raise ValueError(f"{self._name}: {option} is {group[option]!r}, but must be {needed}")

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
            For parameters that are not floating tensors, or an unknown option.
        """
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError(f"{self._name}: a parameter group must be a dict with the parameters under 'params'")
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        unknown = [name for name in group if name not in self.defaults and name != "params"]
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

    def step(self) -> None:
        """Update all parameters that have a gradient, in place.

        Raises
        ------
        TypeError
            For a gradient or a state of another dtype than its parameter.
        """
        for group in self.param_groups:
            params = [p for p in group["params"] if p._node is not None and p._node.grad is not None]
            if params:
                self._update(group, params)
                mark_written([p._array for p in params])

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
            Where groups, parameters or shapes differ, or an option is out of range.
        """
        groups, saved = self.param_groups, state_dict["param_groups"]
        sizes, needed = [len(g["params"]) for g in saved], [len(g["params"]) for g in groups]
        if sizes != needed:
            raise ValueError(f"{self._name}.load_state_dict: groups of {sizes} parameters, but there are {needed}")
        options = [
            {**old, **{name: value for name, value in new.items() if name in self.defaults}}
            for old, new in zip(groups, saved, strict=True)
        ]
        for group in options:
            self._check(group)
        order = [number for group in saved for number in group["params"]]
        by_number = dict(zip(order, self._parameters(), strict=True))
        state = {}
        for number, values in state_dict["state"].items():
            if number not in by_number:
                raise ValueError(f"{self._name}.load_state_dict: there is no parameter number {number!r}")
            p = by_number[number]
            restored = {name: self._restored(name, p, v) for name, v in values.items() if v is not None}
            if restored:
                state[p] = restored
        self.state = state
        for group, new in zip(groups, options, strict=True):
            group.update(new)

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _restored(self, name: str, p: Tensor, value: Any) -> Any:
        if name == "step":
            return int(value)
        tensor = asarray(value, dtype=p.dtype, copy=True)
        if tensor.shape != p.shape:
            raise ValueError(
                f"{self._name}.load_state_dict: {name} has shape {tensor.shape}, but its parameter has {p.shape}"
            )
        return tensor


def zeros_like(p: Tensor) -> Tensor:
    """A state of zeros for a parameter."""
    return asarray(_core.full(p.shape, 0, p.dtype))
