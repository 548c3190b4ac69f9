"""Which algorithms a call takes, and why."""

from __future__ import annotations

from .. import _core
from .arguments import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["explain"]


def explain(fun: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function and print, for every op in it that has several algorithms, which was taken and why not others.

    Parameters
    ----------
    fun : callable
        Called once, as `fun(*args, **kwargs)`, in this thread.
    *args, **kwargs
        Its arguments.

    Returns
    -------
    object
        What `fun` returns.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.explain(tw.matmul, tw.ones(3), tw.ones((3, 5)))
    gemm: (1, 3) x (3, 5) float32 -> gemv
        not packed: x2 is not packed
        not slices: the depth is short
    """
    if not callable(fun):
        refuse("explain", "fun", fun, "callable")
    _core.start_explaining()
    try:
        result = fun(*args, **kwargs)
    finally:
        choices = _core.take_choices()
    for problem, taken, passed_over in choices:
        print(f"{problem} -> {taken}")
        for reason in passed_over:
            print(f"    not {reason}")
    if not choices:
        print("no op with a choice of algorithms was called")
    return result
