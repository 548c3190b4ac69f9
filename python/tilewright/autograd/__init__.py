"""Automatic differentiation: recording and not recording, derivatives of functions, ops of one's own.

Ops on tensors that require gradients are recorded; `Tensor.backward()` walks back over the record.
"""

from __future__ import annotations

import functools

from .._engine.arguments import shown
from .._engine.tape import ANOMALY, OFF, state
from ._checkpoint import checkpoint
from ._function import Context, Function
from ._functional import grad, gradients, hessian, hvp, jacobian, jvp, value_and_grad, vjp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ._trace import trace

    F = TypeVar("F", bound="Callable[..., Any]")

__all__ = [
    "Context",
    "Function",
    "anomaly_mode",
    "checkpoint",
    "enable_grad",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "no_grad",
    "trace",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    """Import `trace` when it is first used."""
    if name != "trace":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._trace import trace

    return trace


def is_grad_enabled() -> bool:
    """Whether ops are being recorded, in this thread.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.autograd.is_grad_enabled()
    True
    """
    return bool(state.mode != OFF)


class _Mode:
    """A context manager that sets how this thread records, and a decorator that runs a function in it."""

    __slots__ = ("_before",)

    _before: list[tuple[int, int]]

    def __new__(cls, function: Any = None) -> Any:
        self = super().__new__(cls)
        self._before = []
        return self if function is None else self(function)

    def _enter(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> None:
        self._before.append((state.mode, state.recording))
        self._enter()

    def __exit__(self, *error: object) -> None:
        state.mode, state.recording = self._before.pop()

    def __call__(self, function: F) -> F:
        import inspect  # here: it takes a tenth of the time of importing tilewright

        kinds = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)
        if any(is_one(function) for is_one in kinds):
            raise TypeError(
                f"{type(self).__name__}: cannot decorate {function.__name__}, which suspends; use `with` inside it"
            )
        if not callable(function):
            raise TypeError(f"{type(self).__name__}: decorates a function, not {shown(function)}")
        make = type(self)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with make():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class no_grad(_Mode):
    """Do not record: what is computed in it requires no gradient. For this thread; a context manager and a decorator.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.ones(2).requires_grad_()
    >>> with tw.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    __slots__ = ()

    def _enter(self) -> None:
        state.mode = OFF


class enable_grad(_Mode):
    """Record, where `no_grad` is in force around it. For this thread; a context manager and a decorator.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.ones(2).requires_grad_()
    >>> with tw.no_grad(), tw.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    __slots__ = ()

    def _enter(self) -> None:
        state.mode = state.recording


class anomaly_mode(_Mode):
    """Stop at the first NaN or inf, forward or backward, and say where it arose. A context manager and a decorator.

    FloatingPointError names the op, the path of the layer, the shapes and the line that called it. Only recorded ops
    are watched. Backward has to run inside as well. Slow: for finding errors.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 0.0], requires_grad=True)
    >>> with tw.autograd.anomaly_mode():  # doctest: +ELLIPSIS
    ...     y = tw.log(x)
    Traceback (most recent call last):
    FloatingPointError: anomaly: log gave NaN or inf in its result of shape (2,), at ...
    """

    __slots__ = ()

    def _enter(self) -> None:
        state.recording = ANOMALY
        if state.mode != OFF:
            state.mode = ANOMALY
