"""Names of arguments, for functions that are mostly called without.

A call by position pays nothing for them: `_core.Function` hands it on.
"""

from __future__ import annotations

import functools

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound="Callable[..., Any]")


def named(by_position: Any = None, /, **synonyms: str) -> Callable[[F], F]:
    """Declare a function that is called by position and by name.

    Parameters
    ----------
    by_position
        What is called, in place of the function, where no argument has a name: an op, which takes none, of the same
        parameters. By default the function itself.
    **synonyms
        Other names of parameters: `axis="dim"` has `axis=` mean `dim=`. Both in one call are a TypeError.
    """

    def declare(function: F) -> F:
        parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
        places = [(synonym, name, parameters.index(name)) for synonym, name in synonyms.items()]
        declared: Any = functools.update_wrapper(
            _core.Function(by_position or function, function, tuple(places)), function
        )
        return declared

    return declare
