"""VectorOptimizer: optimisers that take all parameters as one vector and ask for the loss as often as they need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._functions.creation import zeros
from .._functions.manipulation import concatenate, reshape
from ..autograd import enable_grad, no_grad
from .optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._engine.tensor import Tensor

__all__ = ["VectorOptimizer"]


class VectorOptimizer(Optimizer):
    """One group of parameters of one dtype, as a vector of n elements."""

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add the one group of parameters.

        Parameters
        ----------
        group : dict
            The parameters under "params", and options that differ from the defaults.

        Raises
        ------
        ValueError
            For a second group, and for parameters of several dtypes; besides, where `Optimizer` raises.
        TypeError
            Where `Optimizer` raises.
        """
        if self.param_groups:
            raise ValueError(f"{self._name}: there is one group of parameters, with options for all of them")
        super().add_param_group(group)
        dtypes = {p.dtype.name for p in self._parameters()}
        if len(dtypes) > 1:
            self.param_groups.clear()
            raise ValueError(f"{self._name}: parameters have dtypes {sorted(dtypes)}, but must have one")

    def _options(self) -> dict[str, Any]:
        """The options of the group, checked."""
        (group,) = self.param_groups
        self._settle(group)
        return group

    def _require_closure(self, closure: Any) -> Callable[[], Any]:
        if closure is None:
            raise TypeError(f"{self._name}.step: takes a closure, a function that computes the loss")
        return enable_grad()(arguments.function(f"{self._name}.step", "closure", closure))

    def _vector(self, arrays: Sequence[Tensor | None]) -> Tensor:
        """One vector from arrays of the shapes of the parameters; zeros for None."""
        pairs = zip(arrays, self._parameters(), strict=True)
        flat = [zeros(p.size, dtype=p.dtype, device=p.device) if a is None else reshape(a, (-1,)) for a, p in pairs]
        return concatenate(flat)

    def _split(self, vector: Tensor) -> list[Tensor]:
        """Views of a vector in the shapes of the parameters."""
        parts, start = [], 0
        for p in self._parameters():
            parts.append(reshape(vector[start : start + p.size], p.shape))
            start += p.size
        return parts

    def _point(self) -> Tensor:
        """Where the parameters are, in new memory."""
        return self._vector([p.detach() for p in self._parameters()])

    def _move(self, point: Tensor) -> None:
        """Write a vector to the parameters."""
        with no_grad():
            for p, part in zip(self._parameters(), self._split(point), strict=True):
                p.copy_(part)

    def _restored_vector(self, op: str, name: str, p: Tensor, value: Any) -> Tensor:
        vector = arguments.array(op, name, value)
        count = sum(p.size for p in self._parameters())
        if vector.shape != (count,):
            raise ValueError(f"{op}: {name} has shape {vector.shape}, but there are {count} elements of parameters")
        return vector.detach().astype(p.dtype, copy=True).to(p.device)
