"""FusedOptimizer: optimisers whose step is a rule of the kernel, one call for all parameters of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .. import _core
from .._engine import arguments
from .optimizer import Optimizer, zeros_like

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["FusedOptimizer"]


class FusedOptimizer(Optimizer):
    """A subclass names its rule and the states that it keeps, and gives the kernel's settings of a step.

    Rules and what their settings mean stand in csrc/backend/optim_problem.h.
    """

    _rule: ClassVar[str]
    _needed: ClassVar[tuple[str, ...]] = ("step",)

    def _kept(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The names of the states that the rule has with these options, in the kernel's order."""
        return self._needed[1:]

    def _settings(self, group: dict[str, Any], progress: Any) -> dict[str, Any]:
        """What the rule is to be told of a step."""
        raise NotImplementedError

    def _progress(self, group: dict[str, Any], params: list[Tensor], states: list[dict[str, Any]]) -> list[Any]:
        """How far each parameter will be after this step, as far as settings depend on it: its number of steps."""
        return [state["step"] + 1 for state in states]

    def _record(self, states: list[dict[str, Any]], progress: list[Any]) -> None:
        """Write down what `_progress` gave, after the step was taken."""
        for state, step in zip(states, progress, strict=True):
            state["step"] = step

    def _initial(self, group: dict[str, Any], name: str, p: Tensor) -> Any:
        """A state before the first step."""
        return 0 if name == "step" else zeros_like(p)

    def _update(self, group: dict[str, Any], params: list[Tensor], arrays: list[Any]) -> None:
        names, known = self._kept(group), self.state
        states: list[dict[str, Any]] = []
        settled = True
        if names:
            try:
                states = [known[p] for p in params]
                columns = [[state[name]._array for state in states] for name in names]
            except KeyError:  # first steps, or an option that was switched on
                settled = False
                states = [self._complete(group, p, names) for p in params]
                columns = [[state[name]._array for state in states] for name in names]
        else:
            columns = []
        progress = self._progress(group, params, states)
        first, which = progress[0], []
        if progress.count(first) == len(progress):
            settings = [self._settings(group, first)]
        else:
            distinct = list(dict.fromkeys(progress))
            settings = [self._settings(group, one) for one in distinct]
            numbers = {one: i for i, one in enumerate(distinct)}
            which = [numbers[one] for one in progress]
        grads = [p._node.grad._array for p in params]
        _core.optim_step(self._rule, arrays, grads, columns, settings, which)
        self._record(states, progress)
        if not settled:  # only now, so that a step that is refused leaves no trace
            known.update(zip(params, states, strict=True))

    def _complete(self, group: dict[str, Any], p: Tensor, names: tuple[str, ...]) -> dict[str, Any]:
        """The state of a parameter, with zeros for what it does not have yet."""
        state = dict(self.state.get(p, {}))
        for name in dict.fromkeys((*self._needed, *names)):
            if name not in state:
                state[name] = self._initial(group, name, p)
        return state

    def _check_betas(self, group: dict[str, Any]) -> None:
        group["betas"] = betas = arguments.numbers(self._name, "betas", group["betas"], 2)
        self._require(group, "betas", all(0 <= beta < 1 for beta in betas), "two numbers in [0, 1)")


def decay(group: dict[str, Any], decoupled: bool) -> dict[str, float]:
    """The settings of weight decay: added to the gradient, or shrinking the parameter."""
    amount = group["weight_decay"]
    return {"shrink": 1 - group["lr"] * amount} if decoupled else {"decay": amount}
