"""Neurons that fire, and what stands in for their gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.op import wrap
from .._functions.arithmetic import abs, square
from .._functions.manipulation import astype, stack
from ..autograd import Function
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["LIF"]

# The derivative of a spike by what the potential is above the threshold.
_SURROGATES = {
    "fast_sigmoid": lambda u, slope: 1 / square(1 + slope * abs(u)),
    "arctan": lambda u, slope: 1 / (1 + square(slope * u)),
    "straight_through": lambda u, slope: u * 0 + 1,
}


class _Spike(Function):
    """1 where u > 0, else 0; backwards as if its derivative were that of a smooth function."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, surrogate: str, slope: float) -> Tensor:
        ctx.save_for_backward(u)
        ctx.surrogate, ctx.slope = _SURROGATES[surrogate], slope
        return astype(u > 0, u.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (u,) = ctx.saved_tensors
        return gradients[0] * ctx.surrogate(u, ctx.slope), None, None


class LIF(Module):
    """Leaky integrate-and-fire neurons: potentials that leak, sum what arrives, and fire above a threshold.

    Parameters
    ----------
    decay : float
        Share of the potential that is left after a step, in [0, 1]; `exp(-dt / tau)` for a time constant tau.
    threshold : float
        Positive. Above it a neuron fires.
    reset : {"soft", "hard"}
        What firing takes from the potential: the threshold, or all of it.
    surrogate : {"fast_sigmoid", "arctan", "straight_through"}
        What stands in for the derivative of a spike.
    slope : float
        Positive; how narrow that is around the threshold, k below.

    Raises
    ------
    ValueError
        For options out of range; when called, for an input without steps, or a state of another shape.
    TypeError
        For options of another kind; when called, for an input that is not floating.

    Notes
    -----
    Called as `neurons(input, state=None)`, with currents `input` of shape (T, ...) and `state`, shape (...), by default
    zeros, it gives the spikes, (T, ...), of 0 and 1, and the potential after the last step, for the next call. In each
    step

        v = decay * v + input_t;  s_t = 1 where v > threshold, else 0;  v = v - threshold * s_t, or v * (1 - s_t)

    The step function has no useful derivative. Backward passes take another by `u = v - threshold`: `1 / (1 + k
    |u|)^2`, `1 / (1 + (k u)^2)`, or 1, whatever k is. Through the reset no gradient flows, as is customary, since it
    would make up for the spike.

    References
    ----------
    F. Zenke, S. Ganguli, SuperSpike: Supervised Learning in Multilayer Spiking Neural Networks, Neural Computation 30
    (6), 2018 (fast sigmoid). W. Fang et al., Incorporating Learnable Membrane Time Constant to Enhance Learning of
    Spiking Neural Networks, ICCV 2021 (arctan). Y. Bengio, N. Léonard, A. Courville, Estimating or Propagating
    Gradients Through Stochastic Neurons for Conditional Computation, 2013 (straight-through).

    Examples
    --------
    >>> import tilewright as tw
    >>> spikes, state = tw.nn.LIF(decay=1.0)(tw.full((6,), 0.75))
    >>> spikes, state
    (tensor([0., 1., 1., 0., 1., 1.]), tensor(0.5))
    """

    def __init__(
        self,
        decay: float = 0.9,
        threshold: float = 1.0,
        reset: str = "soft",
        surrogate: str = "fast_sigmoid",
        slope: float = 5.0,
    ) -> None:
        self.decay = arguments.probability("LIF", "decay", decay)
        self.threshold = _positive("threshold", threshold)
        self.reset = arguments.option("LIF", "reset", reset, ("soft", "hard"))
        self.surrogate = arguments.option("LIF", "surrogate", surrogate, _SURROGATES)
        self.slope = _positive("slope", slope)

    def forward(self, input: Any, state: Any = None) -> tuple[Tensor, Tensor]:
        x = arguments.array("LIF", "input", input)
        if not x.dtype.is_floating:
            raise TypeError(f"LIF: input has dtype {x.dtype.name}, but must be floating")
        if x.ndim == 0 or x.shape[0] == 0:
            raise ValueError(f"LIF: input has shape {x.shape}, but must be (T, ...), with at least one step")
        if state is None:
            v: Tensor = wrap(_core.full(x.shape[1:], 0, x.dtype, x.device))
        else:
            v = arguments.array("LIF", "state", state)
            if v.shape != x.shape[1:]:
                raise ValueError(f"LIF: state has shape {v.shape}, but input {x.shape} needs {x.shape[1:]}")
        spikes = []
        for t in range(x.shape[0]):
            v = self.decay * v + x[t]
            spike = _Spike.apply(v - self.threshold, self.surrogate, self.slope)
            spikes.append(spike)
            fired = spike.detach()
            v = v - self.threshold * fired if self.reset == "soft" else v * (1 - fired)
        return stack(spikes), v

    def extra_repr(self) -> str:
        return (
            f"decay={self.decay}, threshold={self.threshold}, reset={self.reset!r}, "
            f"surrogate={self.surrogate!r}, slope={self.slope}"
        )


def _positive(name: str, value: Any) -> float:
    value = arguments.number("LIF", name, value)
    if not 0 < value < math.inf:
        raise ValueError(f"LIF: {name} is {value}, but must be positive and finite")
    return value
